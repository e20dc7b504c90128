"""``ttnn-sweeps ops coverage``: which operations are emulated, used by sweeps, swept themselves, and traced."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import add_formats, add_master, add_roots, default_roots, print_rows
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import default_master_path, read_master
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.vectors.module import module_name
from pytest_ttnn_sweeps.vectors.source import read_source
from pytest_ttnn_sweeps.vectors.usage import used_names

NAME = "coverage"
_COLUMNS = ("operation", "emulated", "used", "swept", "traced")
_EXPLANATION = """\
emulated  the emulation has it
used      sweep modules whose text spells it, as ttnn.NAME; what they compute, as in getattr(ttnn, name), isn't seen
swept     those of them that are named for it: a part of their dotted name is the operation's, or begins with it and "_"
traced    configurations in the master of traced operations

Rows are the operations that are any of these. Functions and constants that aren't operations are left out where the
emulation has them; a lower-case name that it hasn't is taken for an operation."""


@dataclass
class Coverage:
    """A row: whether the operation is emulated, and how many modules and configurations there are of it."""

    operation: str
    emulated: bool = False
    used: int = 0
    swept: int = 0
    traced: int = 0
    modules: list[str] = field(default_factory=list)
    """Dotted names of the modules that use it."""

    @property
    def is_missing(self) -> bool:
        return bool(self.used) and not self.emulated


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME,
        help="Which operations are emulated, used by sweeps and traced",
        description=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_master(parser)
    add_formats(parser)
    add_roots(parser)
    parser.add_argument("--missing", action="store_true", help="Only operations that are used but not emulated")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the table. Raises ``SweepError`` where there is no sweeps root, or no torch to emulate with."""
    path = Path(options.master) if options.master else default_master_path()
    rows = coverage(used_by_modules(options.root or default_roots()), read_master(path).operations if path else {})
    if options.missing:
        rows = [row for row in rows if row.is_missing]
    if options.format is not None:
        print_rows([asdict(row) for row in rows], (*_COLUMNS, "modules"), options.format)
    else:
        _print_table(rows)
    if path is None:
        print("no master of traced operations from here upwards; name one with --master", file=sys.stderr)
    return 0


def used_by_modules(roots: Iterable[Path]) -> dict[str, set[str]]:
    """For each sweep module below ``roots``, by dotted name, the names of ttnn that it uses.

    A file that Python can't parse is named on standard error. Raises ``SweepError`` for a root that isn't there.
    """
    used: dict[str, set[str]] = {}
    for root in roots:
        if not root.is_dir():
            msg = f"--root {root}: no such directory"
            raise SweepError(msg)
        for path in sorted(root.rglob("*.py")):
            try:
                if read_source(path) is not None:
                    used[module_name(path, root)] = used_names(path)
            except (SyntaxError, OSError, ValueError) as error:
                print(f"ttnn-sweeps: {path} can't be read: {error}", file=sys.stderr)
    return used


def coverage(used: Mapping[str, Iterable[str]], traced: Mapping[str, int]) -> list[Coverage]:
    """A row for each operation, by name, from what each module uses and how often each operation is traced."""
    emulated, others, namespaces = _emulated()
    rows = {name: Coverage(name, emulated=True) for name in map(canonical_operation, emulated)}
    for name, count in traced.items():
        rows.setdefault(name, Coverage(name)).traced = count
    for module, names in used.items():
        operations = {operation for name in names if (operation := _operation(name, emulated, others, namespaces))}
        for operation in operations:
            row = rows.setdefault(operation, Coverage(operation))
            row.used += 1
            row.modules.append(module)
        for operation in _subjects(module, operations):
            rows[operation].swept += 1
    return [row for _, row in sorted(rows.items())]


def _emulated() -> tuple[set[str], set[str], set[str]]:
    """Dotted names of the emulation: operations, everything else, and modules."""
    try:
        from pytest_ttnn_sweeps.emulation.namespace import dotted_names
        from pytest_ttnn_sweeps.emulation.operation import OPERATIONS
    except ImportError as error:
        msg = f"what is emulated can't be told without torch: pip install torch ({error})"
        raise SweepError(msg) from None
    names = {name for name, _ in dotted_names()}
    modules = {name.rpartition(".")[0] for name in names}
    return set(OPERATIONS), names - set(OPERATIONS), modules | {"ttnn.operations", "ttnn.experimental"}


def _operation(name: str, emulated: set[str], others: set[str], namespaces: set[str]) -> str | None:
    """The operation that a dotted name in a file means: all of it, or what stands before an attribute of it."""
    parts = name.split(".")
    for end in range(2, len(parts) + 1):
        prefix = ".".join(parts[:end])
        if prefix in emulated:
            return canonical_operation(prefix)
        # Types and constants: ttnn.ShardSpec, ttnn.TILE_LAYOUT.
        if prefix in others or not parts[end - 1][:1].islower():
            return None
        if prefix not in namespaces:
            return canonical_operation(prefix)
    return None


def _subjects(module: str, operations: set[str]) -> set[str]:
    """Those of ``operations`` that the module is named for; of two that its file's name begins with, the longer."""
    parts = module.split(".")
    subjects = {operation for operation in operations if operation.rpartition(".")[2] in parts}
    longest = max(
        (operation for operation in operations if parts[-1].startswith(f"{operation.rpartition('.')[2]}_")),
        key=lambda operation: len(operation.rpartition(".")[2]),
        default=None,
    )
    return subjects or ({longest} if longest else set())


def _print_table(rows: list[Coverage]) -> None:
    emulated, missing = sum(row.emulated for row in rows), sum(row.is_missing for row in rows)
    cells = [[row.operation, "yes" if row.emulated else "no", row.used, row.swept, row.traced] for row in rows]
    totals = [sum(bool(row.used) for row in rows), sum(bool(row.swept) for row in rows)]
    cells.append([f"{len(rows)} operations", emulated, *totals, sum(bool(row.traced) for row in rows)])
    texts = [list(_COLUMNS), *([str(cell) for cell in line] for line in cells)]
    widths = [max(len(line[column]) for line in texts) for column in range(len(_COLUMNS))]
    for line in texts:
        first, *others = (cell.ljust(w) if at == 0 else cell.rjust(w) for at, (cell, w) in enumerate(zip(line, widths)))
        print("  ".join([first, *others]))
    print(f"{missing} used but not emulated")
