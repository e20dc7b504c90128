"""What the text of a Python file tells about the sweep module in it, without importing it.

Recognising, pruning and locating happen here, so that a file that nobody selected costs one parse and no import.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
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

    A sweep module binds ``parameters`` and ``run`` at its top level (conditional top-level blocks count, what only runs
    as a script doesn't). Raises ``SyntaxError`` for a file that Python can't parse, ``OSError`` for one it can't read.
    """
    text = path.read_bytes()
    # Parsing costs about a millisecond a file; a substring test spares it for the helpers that live beside sweeps.
    if b"parameters" not in text or b"run" not in text:
        return None
    tree = _parsed(text, path)
    on_import = list(_running_on_import(tree))
    runs = [node for node in on_import if "run" in _bound_names(node)]
    if not runs or not any("parameters" in _bound_names(node) for node in on_import):
        return None
    suite_lines, complete = _suite_names(tree, on_import)
    return SweepSource(
        path=path,
        run_line=runs[-1].lineno,
        suite_lines=suite_lines,
        suites_are_complete=complete,
        mentions_marks=b"pytestmark" in text,
    )


def _parsed(text: bytes, path: Path) -> ast.Module:
    with warnings.catch_warnings():
        # Importing the file warns of the same places, if it comes to that.
        warnings.simplefilter("ignore")
        try:
            return ast.parse(text, filename=str(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            if isinstance(error, SyntaxError) and error.lineno is not None:
                raise
            # Null bytes, and expressions that nest too deeply for the parser.
            raise SyntaxError(str(error) or "too deeply nested", (str(path), 1, 0, None)) from None


_LOCATED = (ast.stmt, ast.expr, ast.alias)
_OWN_SCOPES = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda),
    *(ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp),
)


def _running_on_import(tree: ast.Module) -> Iterator[ast.stmt | ast.expr | ast.alias]:
    """Statements, expressions and import names outside functions and classes, in the order of the text."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, _LOCATED):
            yield node
        if isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'":
            waiting.extend(reversed(node.orelse))
        elif not isinstance(node, _OWN_SCOPES) and not (isinstance(node, ast.AnnAssign) and node.value is None):
            waiting.extend(reversed(list(ast.iter_child_nodes(node))))


def _bound_names(node: ast.AST) -> tuple[str, ...]:
    """The names that the node itself binds, other than those that its children bind."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return (node.name,)
    if isinstance(node, ast.alias):
        return (node.asname or node.name.partition(".")[0],)
    return (node.id,) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) else ()


def _suite_names(tree: ast.Module, on_import: Sequence[ast.AST]) -> tuple[dict[str, int], bool]:
    """Suite names with their lines, and whether they are all there can be.

    They are all when ``parameters`` is bound by a dict display with constant text keys, and no other place in the file
    could add a key: everything else may only read ``parameters[...]`` or iterate over its views.
    """
    displays = [
        (targets, node.value)
        for node in on_import
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and isinstance(node.value, ast.Dict)
        for targets in [node.targets if isinstance(node, ast.Assign) else [node.target]]
        if any("parameters" in _bound_names(target) for target in targets)
    ]
    if not displays:
        return {}, False
    targets, display = displays[-1]
    lines = {
        key.value: key.lineno for key in display.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    return lines, len(targets) == 1 and len(lines) == len(display.keys) and _is_only_read(tree)


_REFLECTION = frozenset({"globals", "locals", "vars", "exec", "eval"})


def _is_only_read(tree: ast.Module) -> bool:
    """Whether ``parameters`` is spelled once, as the target of its binding, but for places that only read from it."""
    harmless: set[int] = set()
    mentions: list[ast.AST] = []
    for node, words in _with_words(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            harmless.add(id(node.value))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in ("items", "keys", "values", "get"):
                harmless.add(id(node.func.value))
        elif (isinstance(node, ast.Name) and node.id in _REFLECTION) or (
            isinstance(node, ast.alias) and node.name == "*"
        ):
            return False
        # Names, but also `import ... as`, `global`, `except ... as`, patterns, setattr(..., "parameters", ...).
        if "parameters" in words:
            mentions.append(node)
        if "__dict__" in words:
            return False
    return sum(1 for node in mentions if id(node) not in harmless) == 1


def _with_words(tree: ast.AST) -> Iterator[tuple[ast.AST, list[str]]]:
    """Every node with its own texts: identifiers, and a text constant whole. ``ast.walk`` alone takes longer."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        words = []
        for value in vars(node).values():
            for item in value if type(value) is list else (value,):
                if isinstance(item, ast.AST):
                    waiting.append(item)
                elif type(item) is str:
                    words.append(item)
        yield node, words
