"""Delivering one run's journal to one destination, while it is written and after.

The journal is the queue: what waits is on disk, and at most one batch of it in memory.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from pytest_ttnn_sweeps.results.destinations import Destination, Refused
from pytest_ttnn_sweeps.results.journal import JournalReader
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun, read_result, read_run
from pytest_ttnn_sweeps.results.runs import RunDirectory, read_json, write_json
from pytest_ttnn_sweeps.results.secrets import masked, scrubbed, secrets_of

BATCH_RECORDS = 500
BATCH_BYTES = 4 << 20
POLL_SECONDS = 0.2
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
TRIES_AT_THE_END = 5
"""How often in a row a destination may fail once the run is over."""


class Progress:
    """What deliveries know of the run that they deliver: whether it goes on, and until when they may."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self.is_sealed = False

    def end(self, *, sealed: bool, within: float) -> None:
        """Tell that no record will come any more; deliveries have ``within`` seconds for the rest."""
        with self._changed:
            self.is_sealed = sealed
            self._deadline = time.monotonic() + within
            self._changed.notify_all()

    @property
    def has_ended(self) -> bool:
        return self._deadline is not None

    @property
    def is_over(self) -> bool:
        """Whether the time for deliveries is up."""
        return self._deadline is not None and time.monotonic() >= self._deadline

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline; None while the run goes on."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def wait(self, seconds: float) -> None:
        """Wait, but not beyond the end of the run or of the time."""
        with self._changed:
            before = self.has_ended
            left = self.remaining
            self._changed.wait_for(lambda: self.has_ended != before, seconds if left is None else min(seconds, left))


@dataclass
class Report:
    """How far a delivery came."""

    name: str
    """The destination's URL, masked."""
    delivered: int = 0
    complete: bool = False
    error: str | None = None
    """Why it is not complete, without secrets."""

    @property
    def facts(self) -> dict[str, Any]:
        return {"delivered": self.delivered, "complete": self.complete, "error": self.error}


class Delivery:
    """Takes a run's records to one destination, with retries, until the run is over and all is delivered."""

    def __init__(self, destination: Destination, directory: RunDirectory, progress: Progress) -> None:
        self._destination = destination
        self._directory = directory
        self._progress = progress
        self._reader = JournalReader(directory.journal)
        self._secrets = secrets_of(destination.url)
        self._is_open = False
        self.report = Report(masked(destination.url))

    def run(self) -> None:
        """Deliver; returns when everything is, or can't be. Raises nothing."""
        try:
            self.report.complete = self._deliver_all()
        except BaseException as error:  # noqa: BLE001 - reported, and the journal has everything
            self.report.error = self._words(error)
        finally:
            self._close()
        if not self.report.complete and self.report.error is None:
            self.report.error = "the time for delivering was up"

    def _deliver_all(self) -> bool:
        while True:
            # Asked before reading: what is appended after that is read in the next round.
            was_over = self._progress.has_ended
            start = self._reader.offset
            records = self._batch()
            if records:
                if not self._try(lambda: self._destination.deliver(self._run(), records)):  # noqa: B023 - called now
                    self._reader.offset = start
                    return False
                self.report.delivered += len(records)
            elif was_over:
                break
            else:
                self._progress.wait(POLL_SECONDS)
        if not self._progress.is_sealed:
            self.report.error = "the session was killed before the run's end"
            return False
        return self._try(lambda: self._destination.finish(open_run(self._directory)))

    def _batch(self) -> list[SweepResult]:
        records: list[SweepResult] = []
        start = self._reader.offset
        where = str(self._reader.path)
        for line in self._reader.lines():
            records.append(read_result(line, where=where))
            if len(records) == BATCH_RECORDS or self._reader.offset - start >= BATCH_BYTES:
                break
        return records

    def _run(self) -> SweepRun:
        return read_run(self._directory.record.read_bytes(), where=str(self._directory.record))

    def _try(self, action: Callable[[], None]) -> bool:
        """Do it until it is done, refused, or given up; whether it is done."""
        pause = FIRST_PAUSE
        failures_at_the_end = 0
        while not self._progress.is_over:
            try:
                if not self._is_open:
                    self._destination.open(self._run())
                    self._is_open = True
                action()
            except Refused as error:
                self.report.error = self._words(error)
                return False
            except Exception as error:  # noqa: BLE001 - whatever a library raises, the next try may do better
                self.report.error = self._words(error)
                self._close()
                if self._progress.has_ended:
                    failures_at_the_end += 1
                    # What was a long pause while vectors ran begins anew with short ones.
                    pause = FIRST_PAUSE if failures_at_the_end == 1 else pause
                if failures_at_the_end >= TRIES_AT_THE_END:
                    return False
                self._progress.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                self.report.error = None
                return True
        return False

    def _close(self) -> None:
        self._is_open = False
        try:
            self._destination.close()
        except Exception:  # noqa: BLE001 - what it did not take has been told already
            return

    def _words(self, error: BaseException) -> str:
        text = " ".join(str(error).split()) or type(error).__name__
        return scrubbed(text if len(text) <= 500 else f"{text[:500]} ...", self._secrets)


def note(directory: RunDirectory, reports: Iterable[Report]) -> None:
    """Remember beside the journal what was delivered where."""
    before = read_json(directory.delivery) if directory.delivery.exists() else {}
    write_json(directory.delivery, before | {report.name: report.facts for report in reports})
