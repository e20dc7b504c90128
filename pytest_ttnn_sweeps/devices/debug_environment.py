"""Environment variables that a run has tt-metal read: to be set before ttnn is initialised.

The runtime reads them once a process, when a device, or so much as the architecture's name, is first asked for.
Imported in runs that ask for it, before conftests are: standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

DEVICE_PERF = {
    "TT_METAL_DEVICE_PROFILER": "1",
    "TT_METAL_PROFILER_MID_RUN_DUMP": "1",
    "TT_METAL_PROFILER_CPP_POST_PROCESS": "1",
}
"""What makes ttnn's profiler hand out its data in process, after every read."""

WATCHER_SECONDS = 10
"""Between two looks, where nobody says. tt-metal's tools say 120, which is longer than a vector may take: one that
trips an assert would be killed for hanging before the watcher looks."""


def watching(seconds: int, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables for a watcher that looks every ``seconds``; with 0 as ``environ`` has it, else `WATCHER_SECONDS`.

    The log is appended to: every child process that opens the device would begin it anew.
    """
    interval = str(seconds) if seconds else environ.get("TT_METAL_WATCHER", str(WATCHER_SECONDS))
    return {"TT_METAL_WATCHER": interval, "TT_METAL_WATCHER_APPEND": environ.get("TT_METAL_WATCHER_APPEND", "1")}


def wanted(*, device_perf: bool, watcher: int | None) -> dict[str, str]:
    """The variables for a run's options, in this process.

    Workers of xdist share a working directory: each has a directory of logs of its own, named after it.
    """
    variables = dict(DEVICE_PERF) if device_perf else {}
    if watcher is not None:
        variables |= watching(watcher, os.environ)
        worker = os.environ.get("PYTEST_XDIST_WORKER")
        if worker is not None:
            logs = Path(os.environ.get("TT_METAL_LOGS_PATH") or ".").absolute()
            variables["TT_METAL_LOGS_PATH"] = str(logs if logs.name == worker else logs / worker)
    return variables
