"""The installed ttnn: which it is, and what it says when it is asked in a process of its own.

It isn't imported here: a look from this process would keep the cluster open in the parent of whoever runs ops.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Mapping

from pytest_ttnn_sweeps.devices.debug_environment import DEVICE_PERF

NOT_INSTALLED = "the ttnn wheel isn't installed; pip install 'pytest-ttnn-sweeps[ttnn]'"
SIMULATOR = "TT_METAL_SIMULATOR"
"""tt-metal's variable that names a simulator to run on."""
_LOOK = "import ttnn; print('found:', ttnn.get_arch_name(), ttnn.get_num_devices(), flush=True)"
# tt-metal writes lines of its log to the same stream, before and after.
_FOUND = re.compile(r"^found: (\S+) (\d+)$", re.MULTILINE)
_INITIALISE = "import ttnn; ttnn.get_arch_name()"
_REFUSAL = re.compile(r"^TT_METAL_DEVICE_PROFILER .*$", re.MULTILINE)
_SECONDS = 60
_SIMULATOR_SECONDS = 300


def installed_wheel() -> importlib.metadata.Distribution | None:
    """The distribution of ttnn; None where there is none."""
    try:
        return importlib.metadata.distribution("ttnn")
    except importlib.metadata.PackageNotFoundError:
        return None


def find_devices() -> tuple[str, str]:
    """What the wheel finds, and why it finds nothing. A simulator is started for it, as for any other process."""
    # A build without the profiler refuses everything where it is asked for; that isn't the question here.
    environ = {name: value for name, value in os.environ.items() if name != "TT_METAL_DEVICE_PROFILER"}
    seconds = _SIMULATOR_SECONDS if os.environ.get(SIMULATOR) else _SECONDS
    try:
        done = _asked(_LOOK, environ, seconds)
    except subprocess.TimeoutExpired:
        return "", f"looking for one took more than {seconds} s"
    found = _FOUND.search(done.stdout)
    if done.returncode == 0 and found and int(found[2]) > 0:
        return f"{found[1]} ({found[2]} device{'s' if found[2] != '1' else ''})", ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    text = next(
        (line for line in lines if "No chips" in line), lines[-1] if lines else f"exit status {done.returncode}"
    )
    return "", text.strip()


def profiler_refusal() -> str | None:
    """The line with which the wheel refuses the device profiler; None where it doesn't."""
    try:
        done = _asked(_INITIALISE, {**os.environ, **DEVICE_PERF}, _SECONDS)
    except subprocess.TimeoutExpired:
        # The device's opening has a limit of its own, and says more.
        return None
    refusal = _REFUSAL.search(done.stderr)
    return refusal[0] if done.returncode and refusal is not None else None


def _asked(question: str, environ: Mapping[str, str], seconds: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", question]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False, env=environ)
