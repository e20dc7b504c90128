"""Reading a run back, wherever it is stored: its record and its vectors' records, in the order in which they came."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_ttnn_sweeps.results.attempts import Attempts
from pytest_ttnn_sweeps.results.journal import JournalReader, RecordError
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun, read_result, read_run
from pytest_ttnn_sweeps.results.runs import DEFAULT_ROOT, LAST, RunDirectory, find_run

BUNDLE_SUFFIX = ".jsonl"
"""A run in one file: its record in the first line, then its journal."""


@dataclass(frozen=True)
class StoredRun:
    """A run and its records, which are read when they are asked for and never held all at once."""

    run: SweepRun
    source: str
    _records: Callable[[], Iterator[SweepResult]]
    _final: Callable[[], Iterator[SweepResult]] | None = None

    def records(self) -> Iterator[SweepResult]:
        """Every record, each attempt of a vector; can be called again. Raises ``RecordError``."""
        return self._records()

    def final_records(self) -> Iterator[SweepResult]:
        """The last record of each vector. Raises ``RecordError``."""
        if self._final is not None:
            yield from self._final()
            return
        attempts = Attempts()
        for record in self._records():
            attempts.add(*record.identity, record.status)
        for record in self._records():
            if attempts.last(*record.identity) == record.attempt:
                yield record


def open_run(source: str | Path | RunDirectory, *, root: Path = DEFAULT_ROOT) -> StoredRun:
    """The run that ``source`` names.

    * ``last``, a run's id or the beginning of one: in ``root``;
    * the path of a run's directory, of its journal, or of an exported run (``runs export``);
    * ``sqlite:///path`` or ``postgresql://...``, with ``#RUN`` for another run than the last one.

    Raises ``SweepError`` where there is no such run or it can't be read.
    """
    if isinstance(source, RunDirectory):
        return _in_directory(source)
    text = str(source)
    if "://" in text:
        from pytest_ttnn_sweeps.results.destinations.stored_runs import open_stored_run

        url, _, run_id = text.partition("#")
        return open_stored_run(url, run_id or LAST)
    path = Path(text)
    if path.suffix == BUNDLE_SUFFIX and path.is_file() and not path.with_name("run.json").exists():
        return _in_bundle(path)
    return _in_directory(find_run(root, text))


def _in_directory(directory: RunDirectory) -> StoredRun:
    try:
        run = read_run(directory.record.read_bytes(), where=str(directory.record))
    except OSError as error:
        msg = f"{directory.record}: can't be read: {error.strerror}"
        raise RecordError(msg) from None
    # As many records as vectors are one each, the last of its vector; nobody appends to a sealed journal.
    has_one_each = run.is_sealed and run.records == sum(run.counts.values())

    def records() -> Iterator[SweepResult]:
        return _lines(directory.journal, 0)

    return StoredRun(run, str(directory.path), records, records if has_one_each else None)


def _in_bundle(path: Path) -> StoredRun:
    with path.open("rb") as file:
        first = file.readline()
    return StoredRun(read_run(first, where=f"{path}:1"), str(path), lambda: _lines(path, len(first)))


def _lines(path: Path, start: int) -> Iterator[SweepResult]:
    reader, where = JournalReader(path, start=start), str(path)
    for line in reader.lines():
        try:
            yield read_result(line, where=where)
        except RecordError as error:
            msg = f"{error}, in the line that ends at byte {reader.offset}"
            raise RecordError(msg) from None


def bundle_lines(run: StoredRun) -> Iterator[str]:
    """The lines of a run in one file, without their newlines."""
    yield run.run.to_json()
    for record in run.records():
        yield record.to_json()


def write_bundle(run: StoredRun, path: Path) -> None:
    """Write a run as one file: what destinations for files upload, and `open_run` reads."""
    with path.open("w", encoding="ascii") as file:
        file.writelines(f"{line}\n" for line in bundle_lines(run))
