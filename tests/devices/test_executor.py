"""What the child executor does about hangs, crashes and devices that don't come back; the children are real."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.devices.child import Child, Fault
from pytest_ttnn_sweeps.devices.executor import ChildExecutor, GaveUp
from pytest_ttnn_sweeps.devices.framing import Message


@dataclass(frozen=True)
class Report:
    ok: bool
    message: str = "reset failed with exit status 1: tt-smi -r 0"


@dataclass
class Board:
    """A device that stands in a directory: opening it is a line in a file, and can be made to fail."""

    directory: Path
    resets_work: bool = True
    resets: list[int] = field(default_factory=list)
    """At each reset, how many processes had the device open."""

    def reset(self) -> Report:
        self.resets.append(sum(Path(f"/proc/{pid}/fd").exists() for pid in self.openers))
        return Report(self.resets_work)

    @property
    def openers(self) -> list[str]:
        file = self.directory / "opened"
        return file.read_text().split() if file.exists() else []

    def breaks(self, how: str, times: int = 9) -> None:
        """Make opening fail so many times."""
        (self.directory / "broken").write_text("\n".join([how] * times))

    def serve(self, message: Message) -> Message:
        """Does what the message says, in the child."""
        do = message.get("how", message["do"])
        broken = self.directory / "broken"
        if message["do"] == "open" and broken.exists() and (left := broken.read_text().split()):
            do = left.pop()
            broken.write_text("\n".join(left))
        if do == "hang":
            time.sleep(60)
        if do == "crash":
            os.abort()
        if do == "raise":
            return {"raised": True, "text": "RuntimeError: no chips"}
        if do == "open":
            with (self.directory / "opened").open("a") as file:
                file.write(f"{os.getpid()}\n")
            return {"opened": True}
        return {"pid": os.getpid(), "device_fault": do == "device fault"}


@pytest.fixture
def board(tmp_path: Path) -> Board:
    return Board(tmp_path)


@pytest.fixture
def start(board: Board) -> Iterator[Callable[..., ChildExecutor]]:
    executors = []

    def make(recycle: int | None = None, open_seconds: float = 20) -> ChildExecutor:
        executor = ChildExecutor(
            lambda: Child(lambda message, begin_step: board.serve(message), dict),
            board.reset,
            recycle=recycle,
            open_seconds=open_seconds,
            recoveries=3,
        )
        executors.append(executor)
        return executor

    yield make
    for executor in executors:
        executor.kill()


def run(executor: ChildExecutor, how: str = "run", seconds: float | None = 20) -> Message | Fault:
    return executor.run({"do": "run", "how": how}, seconds=seconds, patience="the test")


def open_device(executor: ChildExecutor) -> Message | Fault:
    return executor.open({"do": "open"})


def test_vectors_share_a_child(board: Board, start: Callable[..., ChildExecutor]) -> None:
    """Without faults one child serves everything, and what raises in it changes nothing."""
    executor = start()
    open_device(executor)

    pids = {reply["pid"] for _ in range(5) if isinstance(reply := run(executor), dict)}
    run(executor, "raise")

    assert pids == {executor.pid}
    assert (executor.children, board.resets, len(board.openers)) == (1, [], 1)


@pytest.mark.parametrize(
    ("how", "seconds", "resets"), [("crash", None, []), ("hang", 0.2, [0]), ("device fault", 20, [0])]
)
def test_a_fault_costs_a_child(
    board: Board, start: Callable[..., ChildExecutor], how: str, seconds: float, resets: list[int]
) -> None:
    """A crash restarts and reopens; a hang or a fault of the device resets the board, too, while nobody has it open."""
    executor = start()
    open_device(executor)
    first = executor.pid

    fault = run(executor, how, seconds)
    after = run(executor)

    assert isinstance(fault, Fault) == (how != "device fault")
    assert isinstance(after, dict)
    assert after["pid"] == executor.pid != first
    assert (executor.children, board.resets, len(board.openers)) == (2, resets, 2)


def test_children_are_recycled(board: Board, start: Callable[..., ChildExecutor]) -> None:
    """After N vectors a new process takes over, on a device that is opened anew; no reset comes of it."""
    executor = start(recycle=2)
    open_device(executor)

    pids = [reply["pid"] for _ in range(5) if isinstance(reply := run(executor), dict)]

    assert [pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3], pids[3] == pids[4]] == [
        True,
        False,
        True,
        False,
    ]
    assert board.resets == []


@pytest.mark.parametrize("how", ["hang", "crash", "raise"])
def test_a_device_that_doesnt_come_back_is_given_up(
    board: Board, start: Callable[..., ChildExecutor], how: str
) -> None:
    """After three attempts in a row, with resets between them, all that follows is told why it doesn't run."""
    executor = start(open_seconds=0.3)
    open_device(executor)
    run(executor, "crash")
    board.breaks(how)

    for _ in range(2):
        with pytest.raises(GaveUp, match="the device did not come back in 3 attempts; the last one: ") as told:
            run(executor)

    assert {"hang": "hung", "crash": "SIGABRT", "raise": "no chips"}[how] in str(told.value)
    assert len(board.resets) == 2
    assert executor.pid is None


def test_a_reset_that_fails_is_tried_again(board: Board, start: Callable[..., ChildExecutor]) -> None:
    """A failed reset isn't followed by a vector: three in a row, and the executor gives up without opening anything."""
    executor = start()
    open_device(executor)
    board.resets_work = False

    assert isinstance(run(executor, "hang", 0.2), Fault)
    with pytest.raises(GaveUp, match="tt-smi -r 0"):
        run(executor)

    assert len(board.resets) == 3
    assert len(board.openers) == 1


def test_success_forgets_failures(board: Board, start: Callable[..., ChildExecutor]) -> None:
    """Only failures in a row count: twice two of them leave the executor at work."""
    executor = start()
    open_device(executor)

    for _ in range(2):
        run(executor, "crash")
        board.breaks("raise", times=2)
        assert isinstance(run(executor), dict)

    assert executor.gave_up is None
    assert len(board.resets) == 4
