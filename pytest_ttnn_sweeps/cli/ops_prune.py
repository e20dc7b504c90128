"""``ttnn-sweeps ops prune``: drop from a master what is no longer wanted."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import add_master, master_path, operation_of, tell
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import OperationFilter, read_master
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.pruning import Pruning, prune, rehearse
from pytest_ttnn_sweeps.traced.selection import Selection

NAME = "prune"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME,
        help="Drop operations, or what some models or machines called",
        description="Conditions narrow each other down. A configuration goes with the last of its executions.",
    )
    add_master(parser)
    parser.add_argument("--operation", metavar="NAME", action="append", default=[], help="Only this operation's")
    parser.add_argument("--excluded", action="store_true", help="Only operations that tracing leaves out")
    parser.add_argument("--model", metavar="TEXT", action="append", default=[], help="Executions by this model's test")
    parser.add_argument("--board", metavar="NAME", action="append", default=[], help="Executions on this board")
    parser.add_argument("--before", metavar="TIME", help="Executions last traced before this (2026-01-31)")
    parser.add_argument("--dry-run", action="store_true", help="Say what would go, and change nothing")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Drop, and say what went. Raises ``SweepError`` where no condition is given, or one names nothing."""
    if not (options.operation or options.excluded or options.model or options.board or options.before):
        raise SweepError("nothing is said to go; give --operation, --excluded, --model, --board or --before")
    if options.before is not None:
        _check_time(options.before)
    path = master_path(options)
    master = read_master(path)
    operations: set[str] | None = None
    if options.operation or options.excluded:
        operations = {operation_of(master, name) for name in options.operation}
        if options.excluded:
            operations |= OperationFilter.load().excluded & master.operations.keys()
    selection = Selection(models=options.model, boards=options.board)
    pruning = Pruning(operations, selection, options.before)
    pruned = rehearse(master, pruning) if options.dry_run else prune(path, pruning)
    for operation, count in sorted(pruned.configurations.items()):
        tell(f"{operation}: {count}")
    would = "would be dropped" if options.dry_run else "dropped"
    executions = f", {counted(pruned.executions, 'execution')}" if pruned.executions else ""
    print(f"{path}: {counted(sum(pruned.configurations.values()), 'configuration')}{executions} {would}")
    return 0


def _check_time(text: str) -> None:
    # Python 3.10 doesn't know the Z of UTC. Times are compared as texts, as they are stored.
    try:
        datetime.fromisoformat(text.removesuffix("Z"))
    except ValueError:
        msg = f"--before {text!r} is no time; write 2026-01-31 or 2026-01-31T12:00:00Z"
        raise SweepError(msg) from None
