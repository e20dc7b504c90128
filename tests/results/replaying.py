"""Delivering runs in tests: in this process, or by the command in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from pytest_ttnn_sweeps.results.delivery import Delivery, Progress, Report
from pytest_ttnn_sweeps.results.destinations import make
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.runs import RunDirectory


def deliver(directory: RunDirectory, url: str, *, within: float = 30.0) -> Report:
    """Deliver a run that is over."""
    progress = Progress()
    progress.end(sealed=True, within=within)
    delivery = Delivery(make(url), directory, progress)
    delivery.run()
    return delivery.report


def replay(
    directory: RunDirectory, url: str, *, environ: Mapping[str, str] | None = None, file_blocks: int | None = None
) -> subprocess.Popen[str]:
    """``ttnn-sweeps replay``; with ``file_blocks`` no file may grow beyond that many blocks of 1024 bytes."""
    command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "replay", str(directory.path), "--to", "env:TARGET"]
    if file_blocks is not None:
        command = ["bash", "-c", f'ulimit -f {file_blocks} && exec "$@"', "bash", *command]
    env = {**os.environ, **(environ or {}), "TARGET": url}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)


def ended(job: subprocess.Popen[str]) -> tuple[int, str]:
    """The job's exit code and all that it said."""
    output, errors = job.communicate(timeout=120)
    return job.returncode, output + errors


def stored(url: str, directory: RunDirectory) -> list[str]:
    """The run's records in the database."""
    return sorted(record.to_json() for record in open_run(f"{url}#{directory.run_id}").records())


def journal(directory: RunDirectory) -> list[str]:
    """The run's records in its journal."""
    return sorted(record.to_json() for record in open_run(directory).records())
