"""Frames: which of them a failure shows, where ``--pdb`` stops, and where nothing should."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import clear_frames
from types import FrameType, TracebackType
from typing import Any

_PACKAGE = Path(__file__).parents[1]


def is_ours(path: object) -> bool:
    """Whether a frame's file belongs to the package: plugin, emulation or helpers, not the user's code."""
    return Path(str(path)).is_relative_to(_PACKAGE)


def _is_runner(path: object) -> bool:
    return Path(str(path)).is_relative_to(_PACKAGE / "collection")


def shown(traceback: Any) -> Any:
    """pytest's traceback from the call of ``run`` on, without the package's frames where it has others."""
    entries = list(traceback)
    calls = [at for at, entry in enumerate(entries) if _is_runner(entry.path)]
    kept = {id(entry) for entry in entries[calls[-1] + 1 if calls else 0 :] if not is_ours(entry.path)}
    others = traceback.filter(lambda entry: id(entry) in kept)
    return others if len(others) else traceback


def without_ours(traceback: TracebackType | None) -> TracebackType | None:
    """``traceback`` without the package's frames; unchanged where it has no others."""
    entries = [entry for entry in _entries(traceback) if not is_ours(entry.tb_frame.f_code.co_filename)]
    return _rebuilt(entries) if entries else traceback


def until_last_frame_of_others(traceback: TracebackType | None) -> TracebackType | None:
    """``traceback`` cut after the user's innermost frame, where a debugger should stop."""
    entries = _entries(traceback)
    while entries and is_ours(entries[-1].tb_frame.f_code.co_filename):
        entries.pop()
    return _rebuilt(entries)


def _entries(traceback: TracebackType | None) -> list[TracebackType]:
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    return entries


def _rebuilt(entries: list[TracebackType]) -> TracebackType | None:
    rebuilt: TracebackType | None = None
    for entry in reversed(entries):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt


def stack_of_others(dump: str) -> str:
    """faulthandler's dump, whose innermost frames come first, without what follows the call of ``run``."""
    kept, skipping = [], False
    for line in dump.splitlines():
        is_frame = line.startswith("  File ")
        skipping = is_frame and (skipping or str(_PACKAGE / "collection") in line)
        if not (skipping or line.startswith("Extension modules:")):
            kept.append(line)
    return "\n".join(kept).strip()


def forget_locals(error: BaseException | None) -> None:
    """Let go of what the frames of ``error`` and of what it came from hold: tensors, which fill a device's memory.

    Frames and exceptions refer to one another; without this they stay until the collector happens to find them.
    """
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        clear_frames(error.__traceback__)
        for entry in _entries(error.__traceback__):
            # Before Python 3.13 a frame keeps a dict of its locals for whoever asked; asking again empties that.
            _ = entry.tb_frame.f_locals
        error = error.__cause__ or error.__context__


class keep_frame:
    """``function``, with the frame of its last call kept, so that a debugger can stop in a call that returned."""

    def __init__(self, function: Callable[..., object]) -> None:
        self._function = function
        self.frame: FrameType | None = None

    def __call__(self, **arguments: object) -> object:
        code = getattr(self._function, "__code__", None)

        def note(frame: FrameType, event: str, argument: object) -> None:
            if event == "return" and frame.f_code is code:
                self.frame = frame

        previous = sys.getprofile()
        sys.setprofile(note)
        try:
            return self._function(**arguments)
        finally:
            sys.setprofile(previous)


def kept_frame(run: object) -> TracebackType | None:
    """A traceback that ends in the frame that ``run`` has kept; None where it has kept none."""
    frame = getattr(run, "frame", None)
    return TracebackType(None, frame, frame.f_lasti, frame.f_lineno) if frame is not None else None


@contextmanager
def breakpoints_ignored(*, silently: bool = False) -> Iterator[None]:
    """Pass over every ``breakpoint()``, with one warning for each place that has one unless ``silently``."""
    seen: set[tuple[str, int]] = set()

    def ignore(*args: object, **kwargs: object) -> None:
        frame = sys._getframe(1)
        place = frame.f_code.co_filename, frame.f_lineno
        if place not in seen and not silently:
            seen.add(place)
            warnings.warn("breakpoint() ignored while collecting: no terminal to debug at", stacklevel=2)

    before, sys.breakpointhook = sys.breakpointhook, ignore
    try:
        yield
    finally:
        sys.breakpointhook = before
