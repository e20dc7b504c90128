"""What a forked child makes of itself, and how it serves: nothing here runs in pytest's process."""

from __future__ import annotations

import ctypes
import faulthandler
import io
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from pytest_ttnn_sweeps.devices.framing import Frames, Message, TooLong, frame
from pytest_ttnn_sweeps.devices.postmortem import LOST_PARENT_STATUS, OUT_OF_MEMORY_STATUS

CLOSE = "close"
"""``do`` of the message that ends a child."""

STEP = "step"
"""Of a message that is no reply yet: what the child does next."""

SO_FAR = "so_far"
"""Of such a message: what the step before gave."""

BeginStep = Callable[[str, Message], object]
Serve = Callable[[Message, BeginStep], Message]
"""Answers a message; calls its second argument with the name of each step that begins, and what the last one gave."""

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


@dataclass(frozen=True)
class Ends:
    """The child's ends of what joins it to its parent: file descriptors, and the parent's process id."""

    channel: socket.socket
    stdout: int
    stderr: int
    traces: int
    """Where faulthandler writes."""
    parent: int
    has_torch_pool: bool
    """Whether the parent has started torch's pool of threads."""


def live(ends: Ends, serve: Serve, shorten: Callable[[Message], Message]) -> NoReturn:
    """The whole life of a child after the fork: serve until told to close, or until nobody is there any more.

    ``serve`` answers a message; what it raises ends the child, so it had better not. ``shorten`` makes an answer that
    is too long for a frame fit.
    """
    status = LOST_PARENT_STATUS
    try:
        streams = _become_child(ends)
        status = _serve(ends.channel, streams, serve, shorten)
    except MemoryError:
        status = OUT_OF_MEMORY_STATUS
    except (BrokenPipeError, ConnectionError):
        pass
    except BaseException:  # noqa: BLE001 - nothing may climb the stack that the fork has copied
        status = 1
        with suppress(BaseException):
            sys.excepthook(*sys.exc_info())
    finally:
        # Neither pytest's cleanups nor its buffers are this process's.
        os._exit(status)


def _serve(
    channel: socket.socket,
    streams: _Streams,
    serve: Serve,
    shorten: Callable[[Message], Message],
) -> int:
    frames, me = Frames(), os.getpid()
    while True:
        piece = channel.recv(1 << 16)
        if not piece:
            return LOST_PARENT_STATUS
        for message in frames.feed(piece):
            streams.restore()
            answer = serve(message, _teller(channel, message["id"], me))
            # A vector that forks and returns in both processes brings its offspring here.
            if os.getpid() != me:
                return 0
            answer["to"] = message["id"]
            try:
                data = frame(answer)
            except TooLong:
                data = frame({**shorten(answer), "to": message["id"]})
            streams.flush()
            channel.sendall(data)
            if message["do"] == CLOSE:
                return 0


def _teller(channel: socket.socket, number: int, me: int) -> BeginStep:
    def tell(step: str, so_far: Message) -> None:
        if os.getpid() != me:
            return
        try:
            data = frame({"to": number, STEP: step, SO_FAR: so_far})
        except TooLong:
            data = frame({"to": number, STEP: step, SO_FAR: {}})
        channel.sendall(data)

    return tell


def _become_child(ends: Ends) -> _Streams:
    # A session of its own: Ctrl-C and the terminal's stop signals are the parent's, and one kill reaches all of it.
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != ends.parent:
        os._exit(LOST_PARENT_STATUS)
    # Processes that its own children leave behind stay below it, where they can be found.
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    faulthandler.cancel_dump_traceback_later()
    faulthandler.enable(ends.traces)
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Where a vector hangs is told by faulthandler's C code, which needs no interpreter that still answers.
    faulthandler.register(signal.SIGTERM, ends.traces, all_threads=True, chain=True)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
    threading.excepthook = threading.__excepthook__
    os.register_at_fork(after_in_child=ends.channel.close)
    if ends.has_torch_pool:
        # The pool, libgomp's, isn't there after a fork, and whoever calls on it waits for ever; one thread needs none.
        sys.modules["torch"].set_num_threads(1)
    return _Streams(ends.stdout, ends.stderr)


class _Streams:
    """Standard streams that lead to the parent, and do so again for the next vector whatever a vector did to them."""

    def __init__(self, stdout: int, stderr: int) -> None:
        self._pipes = {1: stdout, 2: stderr}
        self._identities = {fd: _identity(pipe) for fd, pipe in self._pipes.items()}
        self._texts: dict[int, io.TextIOWrapper] = {}
        self.restore()

    def restore(self) -> None:
        """Lead file descriptors 0, 1 and 2 and Python's streams to where they belong."""
        if _identity(0) != _NULL:
            null = os.open(os.devnull, os.O_RDONLY)
            if null != 0:
                os.dup2(null, 0)
                os.close(null)
        for fd, pipe in self._pipes.items():
            if _identity(fd) != self._identities[fd]:
                os.dup2(pipe, fd)
            if fd not in self._texts or self._texts[fd].closed:
                # Not buffered: what a vector has printed must be out when it crashes.
                raw: Any = io.FileIO(fd, "wb", closefd=False)
                self._texts[fd] = io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)
                name = {1: "stdout", 2: "stderr"}[fd]
                setattr(sys, name, self._texts[fd])
                setattr(sys, f"__{name}__", self._texts[fd])
        # What pytest 7 puts in its place can't be asked whether it is closed.
        if sys.stdin is None or getattr(sys.stdin, "closed", False) or sys.stdin is not self._texts.get(0):
            self._texts[0] = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it lives as long as the process
            sys.stdin = self._texts[0]

    def flush(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with suppress(Exception):
                stream.flush()


def _identity(fd: int) -> tuple[int, int] | None:
    """Device and inode of an open file; None where it isn't open."""
    try:
        stat = os.fstat(fd)
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _prctl(option: int, value: int) -> None:
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _null_identity() -> tuple[int, int]:
    stat = os.stat(os.devnull)
    return stat.st_dev, stat.st_ino


_NULL = _null_identity()
