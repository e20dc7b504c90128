"""Which sweep modules take an operation's traced configurations: read from their source, nothing is imported."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from pytest_ttnn_sweeps.traced.names import canonical_operation

_LOADERS = frozenset({"get_suite_parameters", "traced_parameters", "load_unary_op_configs", "get_operation_configs"})
"""Functions and methods whose first argument is an operation's name."""


def loaded_operations(path: Path) -> Iterator[str]:
    """The operations, by canonical name, whose configurations the file at ``path`` loads by name.

    Names that are computed aren't seen. Raises ``SyntaxError``, ``ValueError`` and ``OSError``.
    """
    text = path.read_bytes()
    # Parsing a thousand files that load nothing would take seconds.
    if not any(loader.encode("ascii") in text for loader in _LOADERS):
        return
    for node in ast.walk(ast.parse(text, filename=str(path))):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", None)
        named = [keyword.value for keyword in node.keywords if keyword.arg == "operation_name"]
        first = (node.args or named)[:1]
        if called in _LOADERS and first and isinstance(first[0], ast.Constant) and isinstance(first[0].value, str):
            yield canonical_operation(first[0].value)
