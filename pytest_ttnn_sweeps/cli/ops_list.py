"""``ttnn-sweeps ops list``: the traced operations, one a line."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import (
    add_formats,
    add_master,
    add_selection,
    open_master,
    print_rows,
    selected,
    selection,
    tell,
)
from pytest_ttnn_sweeps.traced.describe import list_counts

NAME = "list"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(NAME, help="List the traced operations")
    add_master(parser)
    add_selection(parser)
    add_formats(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print each operation with the number of its configurations: as recorded, or of those that are selected."""
    master = open_master(options)
    wanted = selection(options)
    counts = dict(master.operations)
    if not wanted.is_empty:
        counts = {operation: len(selected(master, operation, wanted)) for operation in counts}
        counts = {operation: count for operation, count in counts.items() if count}
    if options.format is None:
        tell(list_counts(counts))
    else:
        rows = [{"operation": operation, "configurations": count} for operation, count in sorted(counts.items())]
        print_rows(rows, ("operation", "configurations"), options.format)
    return 0
