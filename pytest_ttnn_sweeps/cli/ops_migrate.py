"""``ttnn-sweeps ops migrate``: rewrite masters of older schemas in the current one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import master_path
from pytest_ttnn_sweeps.traced import migrate, read_master
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION

NAME = "migrate"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(NAME, help="Rewrite masters in the current schema")
    parser.add_argument("masters", nargs="*", type=Path, metavar="MASTER", help="Default: the master as in pytest")
    parser.add_argument("--no-backup", action="store_true", help="Don't keep the files as they were")
    parser.set_defaults(run=run, master=None)


def run(options: argparse.Namespace) -> int:
    """Rewrite each and say what became of it. Raises ``SweepError`` at the first that can't be read or written."""
    for path in options.masters or [master_path(options)]:
        done = migrate(path, backup=not options.no_backup)
        if done is None:
            print(f"{path}: has schema {SCHEMA_VERSION} already")
            continue
        count = sum(read_master(path).operations.values())
        kept = f"; as it was: {done.former}" if done.former else ""
        print(f"{path}: {counted(count, 'distinct configuration')} in schema {SCHEMA_VERSION}{kept}")
    return 0
