"""``ttnn-sweeps results report``: a run as one HTML page."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.results_source import add_run, run_of


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser("report", help="Write a run as one HTML page")
    add_run(parser)
    parser.add_argument(
        "--output", type=Path, default=Path("sweep-report.html"), metavar="FILE", help="default: sweep-report.html"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.report import write_report

    write_report(run_of(options), options.output)
    print(options.output)
    return 0
