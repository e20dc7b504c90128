"""``ttnn-sweeps ops validate``: whether masters are what they say."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import master_path, tell
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import read_master
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.validation import Finding, validate

NAME = "validate"


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME, help="Check schema, hashes, counts and names; the exit status is 1 where one has errors"
    )
    parser.add_argument("masters", nargs="*", type=Path, metavar="MASTER", help="Default: the master as in pytest")
    parser.add_argument("--strict", action="store_true", help="Take what is only worth knowing for an error too")
    parser.set_defaults(run=run, master=None)


def run(options: argparse.Namespace) -> int:
    """Print the findings of each master."""
    status = 0
    for path in options.masters or [master_path(options)]:
        try:
            findings = list(validate(read_master(path)))
        except SweepError as error:
            findings = [Finding(str(error), is_error=True)]
        errors = sum(finding.is_error for finding in findings)
        for finding in findings:
            tell(f"{'error' if finding.is_error else 'note'}: {finding.text}")
        print(
            f"{path}: {counted(errors, 'error') if errors else 'no errors'}, {counted(len(findings) - errors, 'note')}"
        )
        if errors or (options.strict and findings):
            status = 1
    return status
