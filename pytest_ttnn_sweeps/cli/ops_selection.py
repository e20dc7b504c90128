"""What the actions of ``ttnn-sweeps ops`` share: which master and sweeps, which configurations, in which format."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_ttnn_sweeps.cli.results_output import csv_cell
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.options import OPTIONS
from pytest_ttnn_sweeps.results.analysis.visible import visible
from pytest_ttnn_sweeps.traced import default_master_path, find_operation, near_operations, read_master
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.master import Master
from pytest_ttnn_sweeps.traced.selection import Selection


def add_master(parser: argparse.ArgumentParser) -> None:
    """Add ``--master``."""
    parser.add_argument("--master", metavar="PATH", help="The file of traced configurations (default: as in pytest)")


def add_roots(parser: argparse.ArgumentParser) -> None:
    """Add ``--root``."""
    parser.add_argument(
        "--root",
        type=Path,
        action="append",
        metavar="DIR",
        help="A sweeps root to read; repeat it for more (default: the default of the ini key sweep_roots, from here)",
    )


def roots_here() -> list[Path]:
    """The sweeps roots that are here, of the ini key's default."""
    return [Path(name) for name in _default_root_names() if Path(name).is_dir()]


def default_roots() -> list[Path]:
    """The same. Raises ``SweepError`` where there is none."""
    found = roots_here()
    if not found:
        msg = f"no sweeps root here (looked for {', '.join(_default_root_names())}); name one with --root"
        raise SweepError(msg)
    return found


def _default_root_names() -> tuple[str, ...]:
    (option,) = [option for option in OPTIONS if option.name == "roots"]
    return option.default if isinstance(option.default, tuple) else ()


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add the conditions on configurations; each may be repeated, and then one of its values is enough."""
    group = parser.add_argument_group("only configurations")

    def add(flag: str, metavar: str, help: str) -> None:
        group.add_argument(flag, metavar=metavar, action="append", default=[], help=help)

    add("--model", "TEXT", "Traced from a test whose path holds this text or fits this pattern")
    add("--dtype", "NAME", "With a tensor of this dtype (BFLOAT16)")
    add("--memory", "NAME", "With this memory layout, buffer or both (SHARDED, L1, L1_BLOCK_SHARDED)")
    add("--board", "NAME", "Traced on this board type or device series (Wormhole, n300)")


def add_formats(parser: argparse.ArgumentParser) -> None:
    """Add ``--json`` and ``--csv``."""
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_const", const="json", dest="format", help="Print JSON")
    formats.add_argument("--csv", action="store_const", const="csv", dest="format", help="Print comma-separated values")


def selection(options: argparse.Namespace) -> Selection:
    """The conditions that were given."""
    return Selection(options.model, options.dtype, options.memory, options.board)


def master_path(options: argparse.Namespace) -> Path:
    """The master that is meant. Raises ``SweepError`` where there is none."""
    path = options.master or default_master_path()
    if path is None:
        msg = "no traced_operations/ttnn_operations_master.json from here upwards; name one with --master"
        raise SweepError(msg)
    return Path(path)


def open_master(options: argparse.Namespace) -> Master:
    """The master that is meant, read."""
    return read_master(master_path(options))


def operation_of(master: Master, name: str) -> str:
    """The canonical name of the traced operation that ``name`` means. Raises ``SweepError`` with near names."""
    operation = find_operation(name, master.operations)
    if operation is None:
        near = ", ".join(near_operations(name, master.operations))
        msg = f"no configurations of {name!r} in {master.path}" + (f"; near names: {near}" if near else "")
        raise SweepError(msg)
    return operation


def selected(master: Master, operation: str, wanted: Selection) -> list[TracedConfiguration]:
    """The distinct configurations of ``operation`` that meet the conditions."""
    return [configuration for configuration in master.configurations(operation) if wanted.matches(configuration)]


def print_rows(rows: Sequence[Mapping[str, object]], columns: Sequence[str], format: str) -> None:
    """Rows as a JSON list of objects, or as CSV with a header; lists become texts there, None nothing.

    Texts that a spreadsheet would calculate get a ``'`` before them, as in ``results --csv``.
    """
    if format == "json":
        print(json.dumps(list(rows), indent=2))
        return
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([csv_cell(row.get(column)) for column in columns])


def tell(text: str) -> None:
    """Print a text of a master's, which anybody may have written: without what moves a terminal's cursor."""
    print(visible(text))
