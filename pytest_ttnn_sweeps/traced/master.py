"""Master files: scanned once, and read operation by operation when asked."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from pathlib import Path

from pytest_ttnn_sweeps.traced import index
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import MasterError
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.scan import REMEDY, Contents, Span, scan
from pytest_ttnn_sweeps.traced.schemas import read_configuration


class Master:
    """The configurations of one master file, any schema.

    Operations have canonical names; several spellings of one (``ttnn::add``, ``ttnn.add``) are one operation. Opening
    a master finds out where each operation stands; one is parsed when it is asked for and its arguments are converted
    at the first call that asks for them. The file stays open, so that a master that is replaced meanwhile is read as it
    was.
    """

    def __init__(self, path: Path, descriptor: int, status: os.stat_result) -> None:
        self.path = path
        self._descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)
        known = index.load(path, status, descriptor) if status.st_size >= index.LARGE else None
        if known is None:
            known = scan(path, self.data())
            index.save(path, status, known)
        self.take(known)
        self._configurations: dict[str, tuple[TracedConfiguration, ...]] = {}

    def take(self, contents: Contents) -> None:
        """Let ``contents`` be those of the file."""
        self.contents = contents
        self._spans: dict[str, list[Span]] = {}
        for span in contents.spans:
            self._spans.setdefault(canonical_operation(span.name), []).append(span)

    @property
    def metadata(self) -> Mapping[str, object]:
        """The file's ``metadata``, as it is there."""
        return self.contents.metadata

    @property
    def operations(self) -> Mapping[str, int]:
        """How many configurations are recorded for each operation, in the file's order; repeats count."""
        return {operation: sum(span.count for span in spans) for operation, spans in self._spans.items()}

    def data(self) -> bytes:
        """The whole file. Raises ``MasterError`` where it can't be read."""
        return self._read(0, os.fstat(self._descriptor).st_size)

    def spans(self, operation: str) -> list[Span]:
        """Where the entries of ``operation`` (canonical name) stand."""
        return self._spans.get(operation, [])

    def raw_configurations(self, operation: str) -> list[object]:
        """The JSON of every configuration of ``operation`` (canonical name), as it is in the file."""
        try:
            return [raw for span in self.spans(operation) for raw in self._parsed(span)]
        except _Changed:
            # Written in place since it was scanned, or the index was for another file of that size and time.
            data = self.data()
            self.take(scan(self.path, data))
            try:
                return [raw for span in self.spans(operation) for raw in self._parsed(span)]
            except _Changed:
                msg = f"{self.path}: the master is being written in place by another program; try again when it is done"
                raise MasterError(msg) from None

    def configurations(self, operation: str) -> tuple[TracedConfiguration, ...]:
        """The distinct configurations of ``operation`` (canonical name), first seen first; empty for an unknown one.

        What occurs more than once, in whatever spelling, is one configuration with the executions of all.
        """
        if operation not in self._configurations:
            distinct: dict[str, TracedConfiguration] = {}
            for raw in self.raw_configurations(operation):
                configuration = read_configuration(operation, raw)
                known = distinct.get(configuration.content_hash)
                distinct[configuration.content_hash] = known.also_seen_in(configuration) if known else configuration
            self._configurations[operation] = tuple(distinct.values())
        return self._configurations[operation]

    def _parsed(self, span: Span) -> list[object]:
        data = self._read(span.start, span.end)
        if not span.is_of(data):
            raise _Changed
        return parse_entry(self.path, span, data)

    def _read(self, start: int, end: int) -> bytes:
        try:
            pieces = []
            while start < end:
                piece = os.pread(self._descriptor, end - start, start)
                if not piece:
                    break
                pieces.append(piece)
                start += len(piece)
        except OSError as error:
            msg = f"{self.path}: can't read the master: {error.strerror}; name another one or trace a model to make it"
            raise MasterError(msg) from None
        return b"".join(pieces)


class _Changed(Exception):
    """The bytes are no longer those that were scanned."""


def parse_entry(path: Path, span: Span, data: bytes) -> list[object]:
    """The configurations in ``data``, the bytes of ``span``. Raises ``MasterError``: it is stricter than the scan."""
    # It takes 0.6 of json's time. Imported here because most runs read no master.
    from pydantic_core import from_json

    try:
        entry = from_json(data)
    except ValueError as error:
        msg = (
            f"{path}: the master is not valid JSON: operation {span.name!r}, which begins at byte {span.start}: {error}"
        )
        raise MasterError(f"{msg}; {REMEDY}") from None
    if isinstance(entry, dict) and isinstance(entry.get("operation"), str) and "configurations" not in entry:
        return [entry]
    configurations: list[object] = entry["configurations"] if isinstance(entry, dict) else entry
    return configurations


_read: dict[Path, tuple[tuple[int, int, int], Master]] = {}


def read_master(path: str | os.PathLike[str]) -> Master:
    """The master at ``path``, scanned once per process for as long as the file's time and size stay.

    Raises ``MasterError``, one line with the path, the position and a remedy, where it is missing, truncated or holds
    something else. A scan takes a third of ``json.load``'s time; large masters are scanned by the first process alone
    (see ``index``).
    """
    resolved = Path(path).resolve()
    try:
        status = resolved.stat()
    except OSError as error:
        raise _unreadable(resolved, error) from None
    known = _read.get(resolved)
    if known is None or known[0] != _stamp(status):
        master, status = _open(resolved)
        known = _read[resolved] = (_stamp(status), master)
    return known[1]


def open_master(path: Path) -> Master:
    """The master at ``path`` (resolved) as it is now. Raises ``MasterError``."""
    return _open(path)[0]


def _open(path: Path) -> tuple[Master, os.stat_result]:
    descriptor = -1
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(descriptor)
        # Reading tells a directory from a file.
        os.pread(descriptor, 1, 0)
    except OSError as error:
        if descriptor >= 0:
            os.close(descriptor)
        raise _unreadable(path, error) from None
    return Master(path, descriptor, status), status


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _unreadable(path: Path, error: OSError) -> MasterError:
    msg = f"{path}: can't read the master: {error.strerror}; name another one or trace a model to make it"
    return MasterError(msg)
