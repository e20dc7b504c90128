"""``ttnn-sweeps results``: what a run came to, one action a module, over journals and databases alike."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_ttnn_sweeps.cli import (
    results_compare,
    results_device_perf,
    results_failures,
    results_perf,
    results_report,
    results_show,
    results_sql,
    results_summary,
)

_ACTIONS = (
    results_summary,
    results_failures,
    results_show,
    results_compare,
    results_perf,
    results_sql,
    results_report,
    results_device_perf,
)
"""A module each, with ``add_parser(actions)``, which sets ``run``."""


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "results",
        help="Look at results: totals, failures, differences, SQL, a report",
        description="RUN is a run's id or the beginning of one, last, its directory, an exported run, or a database: "
        "sqlite:///PATH or postgresql://..., with #ID for another run than its last.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    for action in _ACTIONS:
        action.add_parser(actions)
