"""``ttnn-sweeps replay``: deliver a run that is on disk, as what a session could not deliver."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from pytest_ttnn_sweeps.cli.runs import add_results_dir
from pytest_ttnn_sweeps.results.destinations import check, resolve
from pytest_ttnn_sweeps.results.runs import RunError, find_run


def add_parser(commands: Any) -> None:
    """Add the sub-command."""
    parser: argparse.ArgumentParser = commands.add_parser("replay", help="Deliver a run's records again, or at last")
    parser.add_argument("name", metavar="RUN", help="A run's id or the beginning of one, its directory, or last")
    parser.add_argument("--to", action="append", required=True, metavar="URL", help="As --sweep-to; repeatable")
    parser.add_argument("--timeout", type=float, default=3600.0, metavar="SECONDS", help="default: 3600")
    add_results_dir(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Deliver; 1 where a destination did not take all of it. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.delivery import Progress
    from pytest_ttnn_sweeps.results.delivery_process import deliver

    urls = [resolve(url) for url in options.to]
    for url in urls:
        check(url)
    directory = find_run(options.results_dir, options.name)
    if directory.is_being_written:
        msg = f"{directory.run_id} is being written; replay it when its session has ended"
        raise RunError(msg)
    progress = Progress()
    # An unsealed run is delivered as what it is: its record says that it did not finish.
    progress.end(sealed=True, within=options.timeout)
    reports = deliver(directory, urls, progress)
    for report in reports:
        if report.complete:
            print(f"{report.name}: {report.delivered} records")
        else:
            print(f"ttnn-sweeps: not delivered to {report.name}: {report.error}", file=sys.stderr)
    status = int(not all(report.complete for report in reports))
    if any("still busy" in (report.error or "") for report in reports):
        # A thread in a library that hangs must not keep the process.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
    return status
