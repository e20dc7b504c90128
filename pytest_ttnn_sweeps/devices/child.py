"""A child process that runs vectors, as pytest's process sees it: requests, deadlines, endings.

The child is forked from a process that has imported the sweeps and never opened a device. It is a session and a process
group of its own; it is asked one thing at a time, in frames of JSON, and watched while it answers: a reply, its end and
the deadline each wake the parent at once, and the parent stays open to Ctrl-C.
"""

from __future__ import annotations

import itertools
import os
import select
import signal
import socket
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pytest_ttnn_sweeps.devices.child_process import CLOSE, SO_FAR, STEP, Ends, Serve, live
from pytest_ttnn_sweeps.devices.framing import BrokenFrame, Frames, Message, frame
from pytest_ttnn_sweeps.devices.output import Output
from pytest_ttnn_sweeps.devices.postmortem import ending, out_of_memory_kills

TERM_SECONDS = 0.25
"""What a hanging process gets to end by itself, after it has written down where it hangs."""

_KILL_SECONDS = 10.0
"""How long a killed process may take to go: a driver's call can't be interrupted."""

_WITHOUT_PIDFD_SECONDS = 0.02
_MOST_TRACE_BYTES = 1 << 16


@dataclass(frozen=True)
class Fault:
    """Instead of a reply: the child hung, or ended; either way there is no child any more."""

    kind: Literal["hang", "crash"]
    reason: str
    stderr: str
    """The last lines that it wrote to standard error."""
    stack: str
    """Its Python frames, where faulthandler could write them."""


@dataclass
class Watched:
    """The text that a child has written to its standard streams while it served one request."""

    stdout: str = ""
    stderr: str = ""


@dataclass
class Steps:
    """What is to happen where a child says that it begins the next step of a request: the deadline begins again."""

    seconds: float | None
    """For each step."""
    begun: Callable[[Message], object] | None = None
    """Called at each, with what the one before gave."""


@dataclass
class _Served:
    deadline: float | None
    reply: Message | None = None
    ended: bool = False
    trouble: str = ""
    step: str = ""


class Child:
    """One forked process."""

    def __init__(
        self,
        serve: Serve,
        shorten: Callable[[Message], Message],
        live_output: Callable[[str, str], object] | None = None,
    ) -> None:
        """Fork. ``serve`` and ``shorten`` run in the child, see `child_process.live`.

        ``live_output`` gets stream and text as they come; without it the text waits in `output`.
        """
        self._channel, theirs = socket.socketpair()
        stdout, their_stdout = os.pipe()
        stderr, their_stderr = os.pipe()
        self._traces = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the child
        self._oom_kills = out_of_memory_kills()
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()
        with warnings.catch_warnings():
            # Python 3.12 warns of threads; which of them matter is looked after.
            warnings.simplefilter("ignore", DeprecationWarning)
            pool = _has_torch_pool()
            ends = Ends(theirs, their_stdout, their_stderr, self._traces.fileno(), os.getpid(), pool)
            self.pid = os.fork()
        if self.pid == 0:
            for fd in (stdout, stderr):
                os.close(fd)
            self._channel.close()
            live(ends, serve, shorten)
        theirs.close()
        os.close(their_stdout)
        os.close(their_stderr)
        self._pidfd = _pidfd(self.pid)
        self._frames = Frames()
        self._numbers = itertools.count()
        self._outputs = {}
        for name, fd in (("stdout", stdout), ("stderr", stderr)):
            os.set_blocking(fd, False)
            self._outputs[fd] = Output(fd, None if live_output is None else _named(live_output, name))
        self._stdout, self._stderr = self._outputs[stdout], self._outputs[stderr]
        self._channel.setblocking(False)
        self._poll = select.poll()
        for watched in (self._channel.fileno(), self._pidfd, stdout, stderr):
            if watched is not None:
                self._poll.register(watched, select.POLLIN)
        self._closed = False

    def request(
        self, message: Message, *, seconds: float | None, patience: str, steps: Steps | None = None
    ) -> Message | Fault:
        """The child's reply to ``message``, within ``seconds`` from now where given.

        ``patience`` tells whose deadline it is. Without ``steps`` the child has but one. A KeyboardInterrupt, or
        whatever else is raised while waiting, kills the child and passes through.
        """
        number = message["id"] = next(self._numbers)
        for output in self._outputs.values():
            output.begin()
        try:
            sent = self._send(frame(message))
            served = _Served(_after(seconds), ended=not sent)
            if sent:
                self._serve(number, served, steps)
            inside = f" in the {served.step}" if served.step else ""
            if served.reply is not None:
                self._read_outputs()
                return served.reply
            if served.ended:
                return self._fault("crash", f"crashed{inside}: ", grace=0)
            if served.trouble:
                return self._fault("crash", f"crashed{inside}: {served.trouble}", grace=0)
            most = steps.seconds if steps is not None and served.step else seconds
            return self._fault("hang", f"hung{inside}: no result within {most:g} s ({patience})", grace=TERM_SECONDS)
        except BaseException:
            self.kill()
            raise

    def output(self) -> Watched:
        """What the child has written since the last call; nothing where it goes out live."""
        return Watched(self._stdout.take(), self._stderr.take())

    def close(self, *, seconds: float) -> Message | Fault | None:
        """Have the child end by itself; its last reply."""
        if self._closed:
            return None
        reply = self.request({"do": CLOSE}, seconds=seconds, patience="to close the device")
        if not isinstance(reply, Fault):
            self._wait_end(2.0)
            self.kill()
        return reply

    def kill(self) -> None:
        """End the child and all that it has started, now."""
        if not self._closed:
            self._end(grace=0)

    def _send(self, data: bytes) -> bool:
        view = memoryview(data)
        deadline = time.monotonic() + 5
        while view:
            try:
                view = view[self._channel.send(view) :]
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return False
                select.select((), (self._channel,), (), 0.1)
            except OSError:
                return False
        return True

    def _serve(self, number: int, served: _Served, steps: Steps | None) -> None:
        """Watch the child until it has replied or ended, or the deadline has passed."""
        channel = self._channel.fileno()
        while True:
            for fd, _ in self._poll.poll(self._patience(served.deadline)):
                if fd == channel:
                    self._receive(number, served, steps)
                elif fd == self._pidfd:
                    served.ended = True
                elif not self._outputs[fd].read():
                    # At the end of the stream poll would report it for ever.
                    if _at_end(fd):
                        self._poll.unregister(fd)
            if self._pidfd is None and _has_ended(self.pid):
                served.ended = True
            if served.ended and served.reply is None:
                # The reply may have come just before the end.
                self._receive(number, served, steps)
            if served.reply is not None or served.ended or served.trouble:
                return
            if served.deadline is not None and time.monotonic() >= served.deadline:
                return

    def _patience(self, deadline: float | None) -> float | None:
        """Milliseconds that poll may take; at most half a second, after which Python looks for signals anyway."""
        seconds = 0.5 if self._pidfd is not None else _WITHOUT_PIDFD_SECONDS
        if deadline is not None:
            seconds = max(0.0, min(seconds, deadline - time.monotonic()))
        # Rounded up: a deadline of less than a millisecond must not become a busy loop.
        return seconds * 1000 + 1

    def _receive(self, number: int, served: _Served, steps: Steps | None) -> None:
        while True:
            try:
                piece = self._channel.recv(1 << 16)
            except BlockingIOError:
                return
            except OSError as error:
                served.trouble = served.trouble or f"its connection broke ({error})"
                return
            if not piece:
                served.trouble = served.trouble or "it closed its connection to pytest"
                # A process that ends closes it first.
                served.ended = self._wait_end(0.05)
                return
            try:
                for message in self._frames.feed(piece):
                    if message.get("to") != number:
                        continue
                    if STEP not in message:
                        served.reply = message
                    elif steps is not None:
                        served.step, served.deadline = str(message[STEP]), _after(steps.seconds)
                        if steps.begun is not None:
                            steps.begun(message[SO_FAR])
            except BrokenFrame as error:
                served.trouble = f"it sent what is no reply ({error})"
                return
            if served.reply is not None:
                return

    def _read_outputs(self, *, seconds: float = 1.0) -> None:
        """Take what lies in the pipes. A process that a vector has left running may write without end."""
        until = time.monotonic() + seconds
        for output in self._outputs.values():
            while output.read() and time.monotonic() < until:
                pass

    def _fault(self, kind: Literal["hang", "crash"], reason: str, *, grace: float) -> Fault:
        status = self._end(grace=grace)
        if reason.endswith(": "):
            oom = out_of_memory_kills() > self._oom_kills
            reason += "its end is unknown" if status is None else ending(status, out_of_memory=oom)
        elif status is None:
            reason += f"; process {self.pid} withstands SIGKILL"
        return Fault(kind, reason, self._stderr.last_lines(), self._trace)

    def _end(self, *, grace: float) -> int | None:
        """Kill the process group and what has left it; the wait status, or None for a process that doesn't go."""
        others = descendants(self.pid)
        if grace:
            _kill_group(self.pid, signal.SIGTERM)
            self._wait_end(grace)
        _kill_group(self.pid, signal.SIGKILL)
        for pid in others:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        status = None
        if self._wait_end(_KILL_SECONDS):
            # Until it is waited for, nobody else can have its number.
            _kill_group(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                _, status = os.waitpid(self.pid, 0)
        self._read_outputs(seconds=0.2)
        self._trace = self._read_trace()
        self._dispose()
        return status

    def _wait_end(self, seconds: float) -> bool:
        """Whether the process ends within ``seconds``; it is left unwaited for."""
        until = time.monotonic() + seconds
        while not _has_ended(self.pid):
            left = until - time.monotonic()
            if left <= 0:
                return False
            if self._pidfd is not None:
                # Its output is read on: it may wait for that.
                select.select((self._pidfd, self._stdout.fd, self._stderr.fd), (), (), min(left, 0.05))
                self._read_outputs(seconds=0.05)
            else:
                time.sleep(min(left, _WITHOUT_PIDFD_SECONDS))
        return True

    def _read_trace(self) -> str:
        self._traces.seek(0)
        return self._traces.read(_MOST_TRACE_BYTES).decode("utf-8", "replace")

    def _dispose(self) -> None:
        self._closed = True
        self._channel.close()
        self._traces.close()
        for fd in (*self._outputs, *(() if self._pidfd is None else (self._pidfd,))):
            os.close(fd)


def descendants(pid: int) -> list[int]:
    """The processes below ``pid``, whatever group or session they have put themselves in."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            # The name, in parentheses, may hold anything.
            after_name = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            children.setdefault(int(after_name[1]), []).append(int(entry.parent.name))
    found, todo = [], [pid]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def _after(seconds: float | None) -> float | None:
    return None if seconds is None else time.monotonic() + seconds


def _named(live_output: Callable[[str, str], object], name: str) -> Callable[[str], object]:
    return lambda text: live_output(name, text)


def _at_end(fd: int) -> bool:
    try:
        return os.read(fd, 0) == b"" and not select.select((fd,), (), (), 0)[0]
    except OSError:
        return True


def _has_ended(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _kill_group(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def _pidfd(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends; None where the kernel has none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _has_torch_pool() -> bool:
    """Whether torch has started its pool of threads in this process, as far as the number of threads tells.

    Other libraries, such as OpenBLAS, end theirs before a fork: what is left after one is torch's, or might be.
    """
    count = getattr(sys.modules.get("torch"), "get_num_threads", lambda: 1)()
    if count <= 1:
        return False
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    try:
        threads = len(os.listdir("/proc/self/task"))
    except OSError:
        return True
    return threads - threading.active_count() >= count - 1
