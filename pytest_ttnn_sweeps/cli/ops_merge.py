"""``ttnn-sweeps ops merge``: add what other masters hold to one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import tell
from pytest_ttnn_sweeps.traced import merge
from pytest_ttnn_sweeps.traced.describe import counted

NAME = "merge"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(NAME, help="Add what other masters hold to one")
    parser.add_argument("into", type=Path, metavar="INTO", help="The master that is written; made if it isn't there")
    parser.add_argument("masters", nargs="+", type=Path, metavar="MASTER", help="Masters of any schema, left alone")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Merge, and say what was new. Raises ``SweepError`` where a master is broken; then nothing is written."""
    added = merge(options.into, options.masters)
    for operation, count in sorted(added.by_operation.items()):
        tell(f"{operation}: {count} new")
    kept = f"; as it was: {added.former}" if added.former else ""
    print(
        f"{options.into}: {counted(added.configurations, 'new configuration')}, "
        f"{counted(added.operations, 'new operation')}, {counted(added.executions, 'new execution')} of "
        f"{counted(added.known, 'known configuration')}{kept}"
    )
    return 0
