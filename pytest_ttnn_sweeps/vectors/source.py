"""What the text of a Python file tells about the sweep module in it, without importing it.

Recognising, pruning and locating happen here, so that a file that nobody selected costs one parse and no import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class SweepSource:
    """Static facts of a sweep module; lines count from 1."""

    path: Path
    run_line: int
    suite_lines: dict[str, int] = field(default_factory=dict)
    suites_are_complete: bool = False
    """True where ``suite_lines`` provably names every suite, so that a suite it lacks needs no import."""
    mentions_marks: bool = False
    """True where importing the module may add marks (``pytestmark``) that a mark expression could select."""

    def line_of(self, suite: str) -> int:
        return self.suite_lines.get(suite, self.run_line)


def read_source(path: Path) -> SweepSource | None:
    """The facts of the sweep module in ``path``, or None where the file is none.

    A sweep module binds ``parameters`` and ``run`` at its top level (conditional top-level blocks count). Raises
    ``SyntaxError`` for a file that Python can't parse and ``OSError``/``UnicodeDecodeError`` for one it can't read.
    """
    text = path.read_bytes()
    # Parsing costs about a millisecond a file; a substring test spares it for the helpers that live beside sweeps.
    if b"parameters" not in text or b"run" not in text:
        return None
    tree = ast.parse(text, filename=str(path))
    bindings: dict[str, list[ast.stmt]] = {"parameters": [], "run": []}
    for statement in _top_level(tree.body):
        for name in _bound_names(statement):
            if name in bindings:
                bindings[name].append(statement)
    if not bindings["parameters"] or not bindings["run"]:
        return None
    suite_lines, complete = _suite_names(tree, bindings["parameters"])
    return SweepSource(
        path=path,
        run_line=bindings["run"][-1].lineno,
        suite_lines=suite_lines,
        suites_are_complete=complete,
        mentions_marks=b"pytestmark" in text,
    )


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements that run on import, including those in top-level ``if``, ``try``, ``with`` and loops."""
    for statement in body:
        yield statement
        for block in ("body", "orelse", "finalbody"):
            nested = getattr(statement, block, None)
            if nested and not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                yield from _top_level(nested)
        for handler in getattr(statement, "handlers", ()):
            yield from _top_level(handler.body)


def _bound_names(statement: ast.stmt) -> Iterator[str]:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        yield statement.name
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        for alias in statement.names:
            yield alias.asname or alias.name.partition(".")[0]
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            for node in ast.walk(target):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id
    elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)) and statement.value is not None:
        if isinstance(statement.target, ast.Name):
            yield statement.target.id


def _suite_names(tree: ast.Module, bindings: list[ast.stmt]) -> tuple[dict[str, int], bool]:
    """Suite names with their lines, and whether they are all there can be.

    They are all when ``parameters`` is bound once, by a dict display with constant text keys, and no other place in the
    file could add a key: everything else may only read ``parameters[...]`` or iterate over its views.
    """
    binding = bindings[-1]
    value = binding.value if isinstance(binding, (ast.Assign, ast.AnnAssign)) else None
    if not isinstance(value, ast.Dict):
        return {}, False
    lines = {
        key.value: key.lineno for key in value.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    complete = len(bindings) == 1 and len(lines) == len(value.keys)
    return lines, complete and _is_only_read(tree)


def _is_only_read(tree: ast.Module) -> bool:
    harmless: set[int] = set()
    mentions: list[ast.Name] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "parameters":
            mentions.append(node)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            harmless.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("items", "keys", "values", "get"):
                harmless.add(id(node.func.value))
    return sum(1 for node in mentions if id(node) not in harmless) == 1
