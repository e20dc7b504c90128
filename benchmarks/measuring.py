"""What a pytest run costs: processor time and peak memory of a process of its own, both sides of a ratio by turns."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Run:
    """``pytest *arguments`` in ``directory``, which must end with exit code ``status``."""

    directory: Path
    arguments: tuple[str, ...]
    status: int = 0


@dataclass(frozen=True)
class Cost:
    """User and system time in seconds, which other work moves less than the clock; peak memory in MiB."""

    seconds: float
    mebibytes: float


def compare(ours: Run, theirs: Run, *, repetitions: int) -> tuple[Cost, Cost]:
    """The medians of both sides over ``repetitions`` runs by turns, after one of each that warms the caches."""
    sides = (ours, theirs)
    for run in sides:
        _cost(run)
    costs = [[_cost(run) for run in sides] for _ in range(repetitions)]
    first, second = (
        Cost(median(cost.seconds for cost in side), median(cost.mebibytes for cost in side)) for side in zip(*costs)
    )
    return first, second


def _cost(run: Run) -> Cost:
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", *run.arguments],
            cwd=run.directory,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTEST_ADDOPTS": ""},
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != run.status:
            output.seek(0)
            tail = output.read()[-2000:].decode(errors="replace")
            raise SystemExit(f"pytest {' '.join(run.arguments)}: exit code {process.returncode}\n{tail}")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
