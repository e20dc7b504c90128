"""Child processes: what they answer, how they end, what they leave behind. All of them are real."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_ttnn_sweeps.devices.child import Child, Fault, descendants
from pytest_ttnn_sweeps.devices.framing import MOST_BYTES, Message
from pytest_ttnn_sweeps.devices.output import KEPT_BYTES

Serve = Callable[[Message], Message]


@pytest.fixture
def fork() -> Iterator[Callable[[Serve], Child]]:
    """Forks children, and kills those that a test leaves; nothing that it opened may be open afterwards."""
    before, children = open_files(), []

    def make(serve: Serve) -> Child:
        children.append(Child(lambda message, begin_step: serve(message), lambda answer: {"short": True}))
        return children[-1]

    yield make
    for child in children:
        child.kill()
        assert not is_alive(child.pid)
    assert open_files() == before
    assert not descendants(os.getpid())


def open_files() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def ask(child: Child, seconds: float | None = 20, **message: Any) -> Message | Fault:
    return child.request({"do": "test", **message}, seconds=seconds, patience="the test")


def crash_of(child: Child, seconds: float | None = 20) -> Fault:
    reply = ask(child, seconds)
    assert isinstance(reply, Fault)
    return reply


def test_a_child_answers_from_a_process_group_of_its_own(fork: Callable[[Serve], Child]) -> None:
    """It has what was imported before the fork, its own session, and an answer for each request."""
    child = fork(lambda message: {"pid": os.getpid(), "group": os.getpgrp(), "twice": 2 * message.get("n", 0)})

    first, second = ask(child, n=1), ask(child, n=21)

    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["twice"], second["twice"]) == (2, 42)
    assert first["pid"] == first["group"] == second["pid"] == child.pid != os.getpid()


ENDS = {
    "reads a null pointer": (lambda: ctypes.string_at(0), "killed by SIGSEGV (Segmentation fault)"),
    "aborts": (os.abort, "killed by SIGABRT (Aborted)"),
    "exits": (lambda: os._exit(3), "exited with status 3"),
    "ends well, without an answer": (lambda: os._exit(0), "exited with status 0"),
    "is killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), "killed by SIGKILL (Killed), which pytest didn't send"),
    "is terminated": (lambda: os.kill(os.getpid(), signal.SIGTERM), "killed by SIGTERM (Terminated)"),
    "has a real-time signal": (lambda: os.kill(os.getpid(), 40), "killed by signal 40"),
}


@pytest.mark.parametrize("how", ENDS)
def test_an_end_is_seen_at_once_and_told(fork: Callable[[Serve], Child], how: str) -> None:
    """No deadline is waited for; the reason names the signal or the status, and has the last words and the frames."""

    def serve(message: Message) -> Message:
        print("last words", file=sys.stderr)
        ENDS[how][0]()
        return {}

    start = time.monotonic()
    fault = crash_of(fork(serve), seconds=None)

    assert time.monotonic() - start < 5
    assert fault.kind == "crash"
    assert fault.reason.startswith(f"crashed: {ENDS[how][1]}")
    assert fault.stderr == "last words"
    assert ("in serve" in fault.stack) == (how in ("reads a null pointer", "aborts", "is terminated"))


def spin_with_signals_blocked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    # In C, holding the interpreter's lock: PyDLL doesn't let go of it.
    ctypes.PyDLL(None).usleep(60_000_000)


def deadlock() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


HANGS = {"sleeps": lambda: time.sleep(60), "deadlocks": deadlock, "ignores signals": spin_with_signals_blocked}


@pytest.mark.parametrize("how", HANGS)
def test_a_hang_ends_with_its_deadline(fork: Callable[[Serve], Child], how: str) -> None:
    """A process that never answers is gone soon after its time; where it answers a signal, it tells where it hung."""

    def serve(message: Message) -> Message:
        HANGS[how]()
        return {}

    child = fork(serve)
    start = time.monotonic()
    fault = crash_of(child, seconds=0.3)

    assert time.monotonic() - start < 5
    assert fault.kind == "hang"
    assert fault.reason == "hung: no result within 0.3 s (the test)"
    assert ("in serve" in fault.stack) == (how != "ignores signals")
    assert not is_alive(child.pid)


def test_what_a_child_has_started_dies_with_it(fork: Callable[[Serve], Child], tmp_path: Path) -> None:
    """Grandchildren die with a hanging child, and so does one that has put itself in a session of its own."""
    pids = tmp_path / "pids"

    def serve(message: Message) -> Message:
        for detached in (False, True):
            if os.fork() == 0:
                if detached:
                    os.setsid()
                with pids.open("a") as file:
                    file.write(f"{os.getpid()}\n")
                time.sleep(60)
                os._exit(0)
        while len(pids.read_text().split() if pids.exists() else ()) < 2:
            time.sleep(0.001)
        time.sleep(60)
        return {}

    fault = crash_of(fork(serve), seconds=2)

    assert fault.kind == "hang"
    grandchildren = [int(pid) for pid in pids.read_text().split()]
    assert len(grandchildren) == 2
    deadline = time.monotonic() + 10
    while any(map(is_alive, grandchildren)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not any(map(is_alive, grandchildren))


def test_a_grandchild_that_returns_doesnt_answer(fork: Callable[[Serve], Child]) -> None:
    """A vector that forks and returns in both processes has one answer, the child's."""

    def serve(message: Message) -> Message:
        os.fork()
        return {"pid": os.getpid()}

    child = fork(serve)

    for _ in range(3):
        reply = ask(child)
        assert isinstance(reply, dict)
        assert reply["pid"] == child.pid


def test_output_is_kept_apart_and_bounded(fork: Callable[[Serve], Child]) -> None:
    """Both streams arrive, from Python, C and programs; of a hundred megabytes, the beginning and the end."""

    def serve(message: Message) -> Message:
        if message["much"]:
            os.write(2, b"first\n")
            for _ in range(100):
                os.write(2, b"x" * (1 << 20))
            os.write(2, b"\nlast")
        else:
            print("from Python")
            os.write(1, b"from C\n")
            os.system("echo from a program >&2")
        return {}

    child = fork(serve)
    ask(child, much=False)
    little = child.output()
    ask(child, much=True)
    much = child.output()

    assert little.stdout == "from Python\nfrom C\n"
    assert little.stderr == "from a program\n"
    assert much.stdout == ""
    assert much.stderr.startswith("first\nxxx")
    assert much.stderr.endswith("xxx\nlast")
    assert "bytes left out" in much.stderr
    assert KEPT_BYTES < len(much.stderr) < 3 * KEPT_BYTES
    assert child.output().stderr == ""


def test_a_child_gets_its_streams_back(fork: Callable[[Serve], Child]) -> None:
    """Closed or replaced by one vector, the standard streams work for the next."""

    def serve(message: Message) -> Message:
        if message["closes"]:
            for stream in (sys.stdin, sys.stdout, sys.stderr):
                stream.close()
            for fd in (0, 1, 2):
                os.close(fd)
        else:
            print(f"read {sys.stdin.read()!r}")
            print("fine", file=sys.stderr)
        return {}

    child = fork(serve)

    for closes in (True, False, True, False):
        assert ask(child, closes=closes) is not None
        written = child.output()
        assert (written.stdout, written.stderr) == (("", "") if closes else ("read ''\n", "fine\n"))


def test_a_child_that_cuts_its_connection_is_a_crash(fork: Callable[[Serve], Child]) -> None:
    """Closing every file is no hang, though the process lives on."""

    def serve(message: Message) -> Message:
        os.closerange(3, 256)
        time.sleep(60)
        return {}

    assert crash_of(fork(serve)).reason == "crashed: it closed its connection to pytest"


def test_garbage_on_the_connection_is_a_crash(fork: Callable[[Serve], Child]) -> None:
    """A vector that writes into the sockets it finds ends its child and nothing else."""

    def serve(message: Message) -> Message:
        for entry in Path("/proc/self/fd").iterdir():
            if entry.is_socket():
                os.write(int(entry.name), b"\xff" * 64)
        time.sleep(60)
        return {}

    assert crash_of(fork(serve)).reason.startswith("crashed: it sent what is no reply (a frame claims")


def test_an_answer_that_is_too_long_is_shortened(fork: Callable[[Serve], Child]) -> None:
    """The bound of a frame costs an answer its length, not its vector."""
    reply = ask(fork(lambda message: {"text": "x" * (MOST_BYTES + 1)}))

    assert isinstance(reply, dict)
    assert reply["short"] is True


def test_no_memory_is_told_from_other_ends(fork: Callable[[Serve], Child]) -> None:
    """A child that can't even answer for want of memory says so by its exit status."""

    def serve(message: Message) -> Message:
        raise MemoryError

    assert crash_of(fork(serve)).reason == "crashed: ran out of memory"


def test_an_interrupted_request_kills_the_child(fork: Callable[[Serve], Child]) -> None:
    """Ctrl-C gets through at once while a child hangs, and leaves no process."""

    def serve(message: Message) -> Message:
        spin_with_signals_blocked()
        return {}

    child = fork(serve)
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        ask(child, seconds=None)
    timer.join()

    assert time.monotonic() - start < 3
    assert not is_alive(child.pid)


def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    """Killed as pytest may be, a parent leaves no child, not even a hanging one."""
    read, write = os.pipe()
    parent = os.fork()
    if parent == 0:
        try:
            child = Child(lambda message: {"never": time.sleep(60)}, dict)
            os.write(write, child.pid.to_bytes(4, "big"))
            ask(child, seconds=None)
        finally:
            os._exit(1)
    os.close(write)
    pid = int.from_bytes(os.read(read, 4), "big")
    os.close(read)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)

    deadline = time.monotonic() + 10
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_closing_lets_a_child_finish(fork: Callable[[Serve], Child]) -> None:
    """The last message is answered, and the process ends by itself."""
    child = fork(lambda message: {"closed": message["do"]})

    reply = child.close(seconds=20)

    assert isinstance(reply, dict)
    assert reply["closed"] == "close"
    assert not is_alive(child.pid)
