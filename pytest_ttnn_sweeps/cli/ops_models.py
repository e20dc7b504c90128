"""``ttnn-sweeps ops models``: which models call which operations."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import (
    add_formats,
    add_master,
    add_selection,
    open_master,
    print_rows,
    selection,
    tell,
)
from pytest_ttnn_sweeps.traced.describe import counted

NAME = "models"
_UNKNOWN = "(no source was recorded)"
_COLUMNS = ("model", "operation", "configurations", "executed")


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(NAME, help="Say which models call which operations")
    parser.add_argument("--by-operation", action="store_true", help="Group by operation instead of by model")
    add_master(parser)
    add_selection(parser)
    add_formats(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print for each traced test its operations with the number of its configurations, or the other way round."""
    master = open_master(options)
    wanted = selection(options)
    counts: dict[tuple[str, str], int] = {}
    executed: dict[tuple[str, str], int] = {}
    for operation in master.operations:
        for configuration in master.configurations(operation):
            if not wanted.matches(configuration):
                continue
            seen = [execution for execution in configuration.executions if wanted.matches_execution(execution)]
            for source in {execution.source or _UNKNOWN for execution in seen} or {_UNKNOWN}:
                counts[source, operation] = counts.get((source, operation), 0) + 1
            for execution in seen:
                key = execution.source or _UNKNOWN, operation
                executed[key] = executed.get(key, 0) + (execution.count or 0)
    if options.format is not None:
        rows = [
            dict(zip(_COLUMNS, (source, operation, count, executed.get((source, operation)) or None)))
            for (source, operation), count in sorted(counts.items())
        ]
        print_rows(rows, _COLUMNS, options.format)
        return 0
    groups: dict[str, list[tuple[str, int]]] = {}
    for (source, operation), count in sorted(counts.items()):
        group, member = (operation, source) if options.by_operation else (source, operation)
        groups.setdefault(group, []).append((member, count))
    for group, members in sorted(groups.items()):
        tell(group)
        for member, count in members:
            tell(f"  {member}: {counted(count, 'configuration')}")
    return 0
