"""The child executor: one child after another, with a device session that each of them opens again.

A hang costs the child, a reset of the board and a new child; a crash costs the child; an exception costs nothing. No
board is reset that hasn't hung or reported a fault of its own. Where that fails several times in a row, the executor
gives up, and what has not run is told so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from pytest_ttnn_sweeps.devices.child import Child, Fault, Steps, Watched
from pytest_ttnn_sweeps.devices.framing import Message
from pytest_ttnn_sweeps.errors import SweepError

_CLOSE_SECONDS = 30.0


class ResetResult(Protocol):
    """What a reset tells: `devices.reset.ResetReport`."""

    @property
    def ok(self) -> bool: ...
    @property
    def message(self) -> str: ...


class GaveUp(SweepError):
    """The device doesn't come back; its message says what was tried."""


class ChildExecutor:
    """Has requests answered by a child, whichever child that is at the time."""

    def __init__(
        self,
        fork: Callable[[], Child],
        reset: Callable[[], ResetResult | None],
        *,
        recycle: int | None,
        open_seconds: float,
        recoveries: int,
    ) -> None:
        """``reset`` is called when no child is there, and gives None where there is nothing to reset.

        A child serves ``recycle`` vectors; opening a device may take ``open_seconds``; after ``recoveries`` failed ones
        in a row no further is tried.
        """
        self._fork = fork
        self._reset = reset
        self._recycle = recycle
        self._open_seconds = open_seconds
        self._recoveries = recoveries
        self._child: Child | None = None
        self._written = Watched()
        self._opened: Message | None = None
        self._served = 0
        self._failures: list[str] = []
        self._awaits_reset = False
        self.gave_up: str | None = None
        """Why nothing runs any more."""
        self.children = 0

    @property
    def pid(self) -> int | None:
        """The present child's process id."""
        return self._child.pid if self._child is not None else None

    def open(self, message: Message) -> Message | Fault:
        """Open the device session that ``message`` asks for; it is opened again in each child that follows.

        Raises ``GaveUp``.
        """
        self._check()
        self._opened = None
        self._finish_reset()
        reply = self._ask(message, self._open_seconds, "--sweep-open-timeout")
        if isinstance(reply, Fault):
            self._failed(f"opening the device {reply.reason}", reset=reply.kind == "hang")
        else:
            self._opened = message
        return reply

    def run(
        self, message: Message, *, seconds: float | None, patience: str, steps: Steps | None = None
    ) -> Message | Fault:
        """Run the vector of ``message`` on the opened session, under a deadline that starts now. Raises ``GaveUp``."""
        self._check()
        if self._child is None:
            self._recover()
        reply = self._ask(message, seconds, patience, steps)
        if isinstance(reply, Fault):
            if reply.kind == "hang":
                self._do_reset()
        else:
            self._served += 1
            if reply.get("device_fault"):
                self._retire()
                self._do_reset()
            elif self._recycle is not None and self._served >= self._recycle:
                self._retire()
        return reply

    def release(self, message: Message) -> Message | Fault | None:
        """Have the session closed that ``message`` names; None where it is gone already."""
        self._opened = None
        if self._child is None:
            return None
        reply = self._ask(message, self._open_seconds, "to close the device")
        if isinstance(reply, Fault) and reply.kind == "hang":
            self._do_reset()
        return reply

    def stop(self) -> Message | Fault | None:
        """Let the child close what is open and end; a later request starts another."""
        child, self._child = self._child, None
        if child is None:
            return None
        reply = child.close(seconds=_CLOSE_SECONDS)
        self._take_output(child)
        if isinstance(reply, Fault) and reply.kind == "hang":
            self._awaits_reset = True
        return reply

    def require_reset(self) -> None:
        """Have the board reset before it is opened again: a crash alone is no reason to."""
        self._awaits_reset = True

    def kill(self) -> None:
        """End the child at once."""
        child, self._child = self._child, None
        if child is not None:
            child.kill()

    def output(self) -> Watched:
        """What children have written since the last call."""
        written, self._written = self._written, Watched()
        return written

    def _ask(
        self, message: Message, seconds: float | None, patience: str, steps: Steps | None = None
    ) -> Message | Fault:
        if self._child is None:
            self._child = self._fork()
            self._served = 0
            self.children += 1
        child = self._child
        try:
            reply = child.request(dict(message), seconds=seconds, patience=patience, steps=steps)
        except BaseException:
            self._child = None
            raise
        self._take_output(child)
        if isinstance(reply, Fault):
            self._child = None
        return reply

    def _take_output(self, child: Child) -> None:
        new, old = child.output(), self._written
        self._written = Watched(old.stdout + new.stdout, old.stderr + new.stderr)

    def _retire(self) -> None:
        """Let the child end where nobody asked it to; whether that went well is told on its standard error."""
        reply = self.stop()
        trouble = reply.reason if isinstance(reply, Fault) else (reply or {}).get("text")
        if trouble:
            old = self._written
            self._written = Watched(old.stdout, f"{old.stderr}closing the device in the child: {trouble}\n")

    def _recover(self) -> None:
        """A new child with the session that the last one had open."""
        if self._opened is None:
            self._finish_reset()
            return
        while True:
            self._finish_reset()
            reply = self._ask(self._opened, self._open_seconds, "--sweep-open-timeout")
            if not isinstance(reply, Fault) and reply.get("opened"):
                self._failures.clear()
                return
            if isinstance(reply, Fault):
                self._failed(f"opening the device {reply.reason}", reset=True)
            else:
                self._retire()
                self._failed(f"the device doesn't open: {reply.get('text', 'for no reason given')}", reset=True)
            self._check()

    def _finish_reset(self) -> None:
        """Reset as often as it takes. Raises ``GaveUp``."""
        while self._awaits_reset:
            self._do_reset()
            self._check()

    def _do_reset(self) -> None:
        self._awaits_reset = False
        report = self._reset()
        if report is not None and not report.ok:
            self._failed(report.message, reset=True)

    def _failed(self, why: str, *, reset: bool) -> None:
        self._failures.append(why)
        self._awaits_reset = self._awaits_reset or reset
        if len(self._failures) >= self._recoveries:
            last = self._failures[-1].splitlines()[0]
            self.gave_up = f"the device did not come back in {len(self._failures)} attempts; the last one: {last}"

    def _check(self) -> None:
        if self.gave_up is not None:
            raise GaveUp(self.gave_up)
