"""The journal: an append-only file of one JSON record a line, which every other place of results derives from.

A line is handed to the operating system in one write before the next report is handled, so that a process that is
killed, at whatever moment, loses no record that it was given; it is forced to the disk at most once a second, which
is what a machine that loses power may lose. Only the controller of a run writes. A last line that is torn is no record.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError

NAME = "journal.jsonl"
SYNC_SECONDS = 1.0
_BLOCK = 1 << 20
_READ_AHEAD = 1 << 16


class JournalError(SweepError):
    """The journal can't be written."""


class JournalBusy(JournalError):
    """Another process is writing the journal."""


class JournalWriter:
    """Appends lines to a journal, alone. Raises ``JournalBusy`` where another process writes it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Through a descriptor, unbuffered: what a buffer holds dies with the process.
        self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            msg = f"{path}: another process is writing this run; wait for its end or start a new run"
            raise JournalBusy(msg) from None
        self._size = _end_of_last_line(self._descriptor)
        # What a kill tore is no record, and the next one must not be glued to it.
        os.ftruncate(self._descriptor, self._size)
        self._synced = time.monotonic()
        self._is_open = True
        _OPEN.add(self)

    def append(self, line: str) -> None:
        """Write ``line``, which ends with a newline. Raises ``JournalError`` where the disk takes it no more."""
        data = line.encode("ascii")
        written = 0
        try:
            while written < len(data):
                written += os.write(self._descriptor, data[written:])
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, self._size)
            msg = f"{self.path}: results can't be written any more: {error.strerror}"
            raise JournalError(msg) from None
        self._size += len(data)
        now = time.monotonic()
        if now - self._synced >= SYNC_SECONDS:
            self._sync()
            self._synced = now

    @property
    def size(self) -> int:
        """Bytes in the journal."""
        return self._size

    def close(self) -> None:
        """Force everything to the disk and let others write."""
        if self._is_open:
            self._sync()
            self.abandon()

    def abandon(self) -> None:
        """Close the descriptor alone, as a forked child must: its copy would hold the lock after the parent's end."""
        if self._is_open:
            self._is_open = False
            os.close(self._descriptor)

    def _sync(self) -> None:
        # Some network file systems have no sync; the data is where it can be.
        with contextlib.suppress(OSError):
            os.fdatasync(self._descriptor)


def _end_of_last_line(descriptor: int) -> int:
    """How many bytes there are up to and with the last newline."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - _BLOCK)
        at = os.pread(descriptor, end - start, start).rfind(b"\n")
        if at >= 0:
            return start + at + 1
        end = start
    return 0


_OPEN: weakref.WeakSet[JournalWriter] = weakref.WeakSet()


def _abandon_all() -> None:
    for writer in list(_OPEN):
        writer.abandon()


os.register_at_fork(after_in_child=_abandon_all)


def is_being_written(path: Path) -> bool:
    """Whether a process writes the journal now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


class RecordError(SweepError):
    """Stored data that is no record, or one of a version that this package doesn't know."""


class JournalReader:
    """Reads a journal from a byte on, also while it is being written: each call gives what has come since."""

    def __init__(self, path: Path, *, start: int = 0) -> None:
        self.path = path
        self.offset = start
        """Where the next line begins."""

    def lines(self, *, until: int | None = None) -> Iterator[bytes]:
        """Complete lines from here on, up to byte ``until``; a last one that is torn, or not yet whole, is left.

        A journal that isn't there is empty.
        """
        try:
            file = self.path.open("rb", buffering=_READ_AHEAD)
        except FileNotFoundError:
            return
        with file:
            file.seek(self.offset)
            for line in file:
                if not line.endswith(b"\n") or (until is not None and self.offset + len(line) > until):
                    return
                self.offset += len(line)
                # After a loss of power file systems may show blocks that were never written, as zeros.
                if line.startswith(b'{"vector_id":'):
                    yield line
