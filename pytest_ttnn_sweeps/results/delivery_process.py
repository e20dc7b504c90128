"""The delivering process: one thread for each destination, until the run is over or its session is gone."""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import delivery
from pytest_ttnn_sweeps.results.courier import SEALED
from pytest_ttnn_sweeps.results.delivery import Delivery, Progress, Report
from pytest_ttnn_sweeps.results.destinations import make, resolve
from pytest_ttnn_sweeps.results.runs import RunDirectory
from pytest_ttnn_sweeps.results.secrets import masked


def main() -> int:
    """Read the task from stdin, deliver, write the report to stdout."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    task = json.loads(sys.stdin.buffer.readline())
    os.chdir(task["base"])
    directory = RunDirectory(Path(task["directory"]))
    progress = Progress()
    listener = threading.Thread(target=_listen, args=(progress, task["seconds"]), daemon=True)
    listener.start()
    reports = deliver(directory, task["urls"], progress)
    print(json.dumps({report.name: report.facts for report in reports}), flush=True)
    # A thread in a library that hangs must not keep the process.
    os._exit(0)


def deliver(directory: RunDirectory, urls: list[str], progress: Progress) -> list[Report]:
    """Deliver a run to all of ``urls`` at once, and remember it beside the journal; how far each came."""
    reports: list[Report] = []
    deliveries: list[tuple[Delivery, threading.Thread]] = []
    for url in urls:
        try:
            work = Delivery(make(resolve(url)), directory, progress)
        except SweepError as error:
            reports.append(Report(masked(url), error=str(error)))
            continue
        thread = threading.Thread(target=work.run, daemon=True)
        deliveries.append((work, thread))
        reports.append(work.report)
    # Noted as incomplete first: what is killed stays undelivered.
    delivery.note(directory, reports)
    for _, thread in deliveries:
        thread.start()
    for work, thread in deliveries:
        while thread.is_alive() and not progress.is_over:
            thread.join(0.2)
        # Who is over time has a moment to say so.
        thread.join(2.0)
        if thread.is_alive():
            work.report.error = work.report.error or "it was still busy when the time for delivering was up"
    delivery.note(directory, reports)
    return reports


def _listen(progress: Progress, seconds: float) -> None:
    # Either the word that the run is sealed, or the end of the pipe: the session is gone. A child that it forked may
    # hold the pipe open after its end, so it is asked for as well.
    parent = os.getppid()
    word = b""
    while os.getppid() == parent:
        if select.select([sys.stdin], [], [], 1.0)[0]:
            word = sys.stdin.buffer.readline()
            break
    progress.end(sealed=word == SEALED, within=seconds)
