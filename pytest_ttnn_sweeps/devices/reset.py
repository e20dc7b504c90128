"""Bringing a board back after a hang or a crash, with a command from outside: tt-smi, or what the user names."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from threading import Thread
from typing import IO

from pytest_ttnn_sweeps.devices.lease import VISIBLE, DeviceBusy, Lease
from pytest_ttnn_sweeps.errors import SweepError

ENVIRONMENT = "TT_SMI_RESET_COMMAND"
"""What tt-metal's own tools read the command from."""
_TOOLS = ("tt-smi", "tt-smi-metal")
_GALAXY_DEVICES = 32
_MOST_OUTPUT = 16_384
_DEVICES = "{devices}"


class ResetCommandError(SweepError):
    """The reset command can't be read as one."""


@dataclass(frozen=True)
class ResetReport:
    """How a reset went."""

    ok: bool
    message: str
    """One line: the command, and its exit status or why it has none."""
    output: str
    """The end of what the command printed, both streams."""
    seconds: float


class BoardReset:
    """A command that resets boards, run without a shell, under a timeout, in a process group of its own.

    ``{devices}`` in a word of the command stands for the devices' names, separated by commas.
    """

    def __init__(self, command: Sequence[str], *, timeout_s: float, devices: Sequence[str] = ()) -> None:
        self.command = tuple(word.replace(_DEVICES, ",".join(devices)) for word in command)
        self.timeout_s = timeout_s

    def run(self, lease: Lease | None = None) -> ResetReport:
        """Reset while nobody has the board open: ``lease``'s devices are taken for the time. Never raises for failure.

        A board that is reset under a process that has it open leaves both hanging.
        """
        start = time.monotonic()
        try:
            if lease is not None:
                lease.acquire()
        except DeviceBusy as busy:
            return ResetReport(False, f"no reset: {busy}", "", time.monotonic() - start)
        try:
            return self._run()
        finally:
            if lease is not None:
                lease.release()

    def _run(self) -> ResetReport:
        shown = shlex.join(self.command)
        # tt-smi takes numbers of the host's devices, and a restricted view could renumber them.
        environment = {name: value for name, value in os.environ.items() if name != VISIBLE}
        start = time.monotonic()
        try:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            return ResetReport(False, f"reset failed: {shown}: {error}", "", time.monotonic() - start)
        tail = bytearray()
        assert process.stdout is not None
        reader = Thread(target=_keep_tail, args=(process.stdout, tail), daemon=True)
        reader.start()
        try:
            status: int | None = process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        # Something that the command left running may keep the pipe open; what has come by now is enough.
        reader.join(1)
        seconds = time.monotonic() - start
        output = bytes(tail[-_MOST_OUTPUT:]).decode(errors="replace")
        if status is None:
            return ResetReport(False, f"reset killed after {self.timeout_s:g} s: {shown}", output, seconds)
        if status:
            return ResetReport(False, f"reset failed with exit status {status}: {shown}", output, seconds)
        return ResetReport(True, f"reset in {seconds:.1f} s: {shown}", output, seconds)


def _keep_tail(stream: IO[bytes], tail: bytearray) -> None:
    with suppress(OSError, ValueError):
        while chunk := os.read(stream.fileno(), 65_536):
            tail += chunk
            del tail[:-_MOST_OUTPUT]
    stream.close()


def reset_command(
    asked: str | None,
    *,
    has_board: bool,
    devices: Sequence[str],
    boards: int = 0,
    environ: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
) -> tuple[str, ...] | None:
    """The command that resets ``devices``; None where nothing is to be reset.

    ``asked`` is the option's text, of which "none" means no reset. Without it, and on a machine that ``has_board``
    (neither emulation nor a mock device), it is what ``TT_SMI_RESET_COMMAND`` says, else tt-smi where that is found:
    for the devices alone, so that others' stay up. A host with 32 ``boards`` is a Galaxy, which can only be reset as a
    whole, so for a part of it there is no default. Raises ``ResetCommandError`` for a text with an open quotation.
    """
    text, source = asked, "--sweep-reset-command"
    if text is None and has_board and environ.get(ENVIRONMENT):
        text, source = environ[ENVIRONMENT], ENVIRONMENT
    if text is not None:
        if text.strip() in ("", "none"):
            return None
        try:
            return tuple(shlex.split(text))
        except ValueError as error:
            msg = f"{source} {text!r}: {error}"
            raise ResetCommandError(msg) from None
    if not has_board:
        return None
    tool = next((path for path in map(which, _TOOLS) if path is not None), None)
    if tool is None:
        return None
    if boards >= _GALAXY_DEVICES:
        return (tool, "-glx_reset_auto") if len(devices) >= boards else None
    return (tool, "-r", _DEVICES)
