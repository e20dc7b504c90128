"""Which names of ttnn a Python file uses, read from its text: ``ttnn.transformer.concatenate_heads`` and the like.

Only what is spelled out is seen. A name that the file computes, ``getattr(ttnn, op)``, isn't.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

_LIBRARY = "ttnn"


def used_names(path: Path) -> set[str]:
    """The dotted names below ``ttnn`` that ``path`` reads, as long as they are spelled there.

    Other names for ttnn (``import ttnn as tt``, ``from ttnn import relu``) are followed where the file imports them.
    Raises ``SyntaxError`` for a file that Python can't parse, ``OSError`` for one it can't read.
    """
    with warnings.catch_warnings():
        # Importing the file warns of the same places, if it comes to that.
        warnings.simplefilter("ignore")
        tree = ast.parse(path.read_bytes(), filename=str(path))
    meaning = dict(_imports(tree))
    found: set[str] = set()
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        parts = _chain(node)
        if parts and parts[0] in meaning:
            found.add(".".join([meaning[parts[0]], *parts[1:]]))
        elif not parts:
            waiting.extend(ast.iter_child_nodes(node))
    return {name for name in found if name.startswith(f"{_LIBRARY}.")}


def _imports(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What the file calls ttnn and parts of it, with what they are."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.partition(".")[0] == _LIBRARY:
                    yield (alias.asname, alias.name) if alias.asname else (_LIBRARY, _LIBRARY)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module is not None:
            if node.module.partition(".")[0] == _LIBRARY:
                for alias in node.names:
                    yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _chain(node: ast.AST) -> list[str]:
    """The names of ``a.b.c`` that is read; nothing for any other node."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return []
    return [node.id, *reversed(parts)]
