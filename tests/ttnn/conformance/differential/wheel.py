"""The wheel's side as its client sees it: a process that is asked, and started again should it hang."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.mock.environment import variables
from pytest_ttnn_sweeps.devices.mock.preparing import prepare
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel

from .forms import Case
from .server import receive, send
from .side import Outcome

_DEADLINE = 60.0
"""Seconds that a case may take on the wheel, the import and a cold cache of kernels included."""


def environment() -> dict[str, str]:
    """The variables of a process in which ttnn runs on a mock n150. Raises ``MockError`` where there is no wheel."""
    settings = variables("n150", prepare(find_wheel()), traceable=False)
    kept = {name: value for name, value in os.environ.items() if name not in settings}
    return kept | {name: value for name, value in settings.items() if value is not None}


class Wheel:
    """Answers cases. ``ask`` and ``answer`` are apart so that the emulation can work in the meantime."""

    def __init__(self) -> None:
        self.crashes = 0
        self._start()

    def _start(self) -> None:
        self._channel, theirs = socket.socketpair()
        self._channel.settimeout(_DEADLINE)
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        own = {"PYTHONPATH": str(Path(__file__).parents[1]), "OMP_NUM_THREADS": "1", "LOGURU_LEVEL": "WARNING"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "differential.server", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=environment() | own,
            stdin=subprocess.DEVNULL,
            stdout=self._stderr,
            stderr=self._stderr,
            start_new_session=True,
        )
        theirs.close()

    def ask(self, case: Case) -> None:
        """Set the wheel to work on a case."""
        send(self._channel, case.text.encode())

    def answer(self) -> tuple[Outcome, list[torch.Tensor] | None]:
        """What came of the case that was asked last."""
        try:
            reply = receive(self._channel)
        except TimeoutError:
            self._kill()
            self._start()
            return {"crashed": f"no answer in {_DEADLINE:g} s"}, None
        except ConnectionError:
            reply = None
        if reply is None:
            self._stderr.seek(0)
            raise RuntimeError(f"the wheel's process ended: {self._stderr.read().decode(errors='replace')[-2000:]}")
        # Written by our own process at the other end of a socket that nobody else has.
        outcome, arrays = pickle.loads(reply)  # noqa: S301
        self.crashes += "crashed" in outcome
        return outcome, None if arrays is None else [torch.from_numpy(array) for array in arrays]

    def __enter__(self) -> Wheel:
        return self

    def __exit__(self, *_: Any) -> None:
        self._channel.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._kill()
        self._stderr.close()

    def _kill(self) -> None:
        os.killpg(self._process.pid, 9)
        self._process.wait()
        self._channel.close()
