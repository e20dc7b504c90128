"""``ttnn-sweeps ops``: the traced configurations, as text to read and to grep."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import (
    default_master_path,
    describe_operation,
    find_operation,
    list_operations,
    near_operations,
    read_master,
)


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "ops", help="List traced operations, or show an operation's configurations"
    )
    parser.add_argument("operation", nargs="?", help="add, ttnn.add or ttnn::add; without it every operation is listed")
    parser.add_argument("--master", metavar="PATH", help="The file of traced configurations (default: as in pytest)")
    parser.add_argument("--all", action="store_true", help="Show arguments that are None or couldn't be printed too")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the list or one operation. Raises ``SweepError`` for a master or an operation that isn't there."""
    path = options.master or default_master_path()
    if path is None:
        msg = "no traced_operations/ttnn_operations_master.json from here upwards; name one with --master"
        raise SweepError(msg)
    master = read_master(path)
    if options.operation is None:
        print(list_operations(master))
        return 0
    operation = find_operation(options.operation, master.operations)
    if operation is None:
        near = ", ".join(near_operations(options.operation, master.operations))
        msg = f"no configurations of {options.operation!r} in {path}" + (f"; near names: {near}" if near else "")
        raise SweepError(msg)
    print(describe_operation(master, operation, everything=options.all))
    return 0
