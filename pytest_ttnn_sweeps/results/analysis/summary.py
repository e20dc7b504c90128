"""Totals of a run: how many vectors, what became of them, how exact and how fast they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pytest_ttnn_sweeps.results.analysis.spread import Spread
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun


class Totals:
    """Counts and measurements of some vectors, one record each."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.not_judged = 0
        """Vectors that the machine kept from running; the rest of NOT_RUN don't apply where they ran."""
        self.not_reached = 0
        """Vectors that were to run and have no record: the session ended before."""
        self.pcc = Spread()
        self.time_ms = Spread()
        """What the sweep measured end to end, where it did."""
        self.duration_s = Spread()
        """Of the whole call, for every vector that ran."""

    def add(self, record: SweepResult) -> None:
        self.statuses[record.status] += 1
        if not record.final:
            self.not_judged += 1
        for metric in record.metrics:
            if metric.name == "pcc":
                self.pcc.add(metric.value)
            elif metric.name == "e2e_ms":
                self.time_ms.add(metric.value)
        if record.status != "NOT_RUN":
            self.duration_s.add(record.duration_s)

    def merge(self, other: Totals) -> None:
        self.statuses += other.statuses
        self.not_judged += other.not_judged
        self.not_reached += other.not_reached
        self.pcc.extend(other.pcc)
        self.time_ms.extend(other.time_ms)
        self.duration_s.extend(other.duration_s)

    @property
    def vectors(self) -> int:
        return sum(self.statuses.values())

    @property
    def passed(self) -> int:
        return self.statuses["PASS"]

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if is_failure(status))

    @property
    def skipped(self) -> int:
        return self.statuses["NOT_RUN"] - self.not_judged

    @property
    def pass_rate(self) -> float | None:
        """Passed of those that passed or failed: what was skipped, or expected to fail, is neither."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None

    def facts(self) -> dict[str, object]:
        """As plain data."""
        return {
            "vectors": self.vectors,
            "passed": self.passed,
            "failed": self.failed,
            "skipped": self.skipped,
            "not_judged": self.not_judged,
            "not_reached": self.not_reached,
            "pass_rate": self.pass_rate,
            "statuses": dict(sorted(self.statuses.items())),
            "pcc": self.pcc.facts(),
            "e2e_ms": self.time_ms.facts(),
            "duration_s": {**self.duration_s.facts(), "total": self.duration_s.total},
        }


def is_failure(status: str) -> bool:
    """Whether a status of that name is a failure; XPASS, which is good news, isn't."""
    return status.startswith("FAIL")


def totals_by_suite(records: Iterable[SweepResult]) -> dict[tuple[str, str], Totals]:
    """Totals by module and suite, in the order in which they come."""
    found: dict[tuple[str, str], Totals] = {}
    for record in records:
        place = (record.module, record.suite)
        totals = found.get(place)
        if totals is None:
            totals = found[place] = Totals()
        totals.add(record)
    return found


def not_reached(run: SweepRun, recorded: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """How many of the run's selected vectors have no record, by module and suite; ``recorded`` counts those that have.

    Suites that have all of theirs are left out; so are all where the run doesn't tell what was selected.
    """
    left = {
        (suite.module, suite.suite): suite.vectors - recorded.get((suite.module, suite.suite), 0)
        for suite in run.selection
    }
    return {place: count for place, count in left.items() if count > 0}


def sum_of(parts: Iterable[Totals]) -> Totals:
    """All of them together."""
    total = Totals()
    for part in parts:
        total.merge(part)
    return total
