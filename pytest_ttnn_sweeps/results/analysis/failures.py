"""Failures of a run in groups of one error each, and the parameter values that they share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from pytest_ttnn_sweeps.results.analysis.error_text import ErrorGroup, error_group
from pytest_ttnn_sweeps.results.analysis.parameter_text import spelled_parameters, traits
from pytest_ttnn_sweeps.results.analysis.summary import is_failure
from pytest_ttnn_sweeps.results.records import SweepResult

EXAMPLES = 3


@dataclass
class FailureGroup:
    """Failures that have one error."""

    error: ErrorGroup
    count: int = 0
    suites: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By module and suite."""
    examples: list[SweepResult] = field(default_factory=list)
    """The first few of them."""


@dataclass(frozen=True)
class ValueRow:
    """How the vectors that have one value did, beside the others that have another one there."""

    name: str
    """Of the parameter, or of the enum whose member some parameter has."""
    value: str
    is_trait: bool
    vectors: int
    failed: int
    others: int
    others_failed: int

    @property
    def rate(self) -> float:
        return self.failed / self.vectors

    @property
    def rate_of_others(self) -> float | None:
        return self.others_failed / self.others if self.others else None

    @property
    def excess(self) -> float:
        """How many more failed than would have if the value made no difference."""
        share = (self.failed + self.others_failed) / (self.vectors + self.others)
        return self.failed - self.vectors * share


class FailureAnalysis:
    """Takes every record of a run, one a vector; values are judged by those that ran."""

    def __init__(self) -> None:
        self._groups: dict[ErrorGroup, FailureGroup] = {}
        self._not_run: dict[ErrorGroup, FailureGroup] = {}
        # Vectors that ran and those of them that failed, by (is a trait, name) and value.
        self._values: dict[tuple[bool, str], dict[str, tuple[int, int]]] = {}
        self._named: dict[tuple[bool, str], tuple[int, int]] = {}

    @classmethod
    def of(cls, records: Iterable[SweepResult]) -> FailureAnalysis:
        analysis = cls()
        for record in records:
            analysis.add(record)
        return analysis

    def add(self, record: SweepResult) -> None:
        if record.status == "NOT_RUN":
            _put(self._not_run, record)
            return
        failed = is_failure(record.status)
        if failed:
            _put(self._groups, record)
        shown = spelled_parameters(record.parameters)
        found = traits(record.parameters)
        for name, value in shown.items():
            self._count(False, name, value, failed)
        for name, value in found:
            self._count(True, name, value, failed)
        for key in [*((False, name) for name in shown), *{(True, name) for name, _ in found}]:
            vectors, failures = self._named.get(key, (0, 0))
            self._named[key] = (vectors + 1, failures + failed)

    def _count(self, is_trait: bool, name: str, value: str, failed: bool) -> None:
        values = self._values.setdefault((is_trait, name), {})
        vectors, failures = values.get(value, (0, 0))
        values[value] = (vectors + 1, failures + failed)

    def groups(self) -> list[FailureGroup]:
        """The largest first."""
        return _largest_first(self._groups)

    def not_run(self) -> list[FailureGroup]:
        """Vectors that didn't run, by their reason."""
        return _largest_first(self._not_run)

    def values(self) -> list[ValueRow]:
        """Values that failed more often than others in their place, those with the most failures too many first."""
        rows = [
            ValueRow(name, value, is_trait, vectors, failed, named - vectors, named_failed - failed)
            for (is_trait, name), values in self._values.items()
            for named, named_failed in [self._named[is_trait, name]]
            for value, (vectors, failed) in values.items()
            if failed
        ]
        telling = [row for row in rows if row.others and row.excess > 0]
        return sorted(telling, key=lambda row: (-row.excess, row.name, row.value))


def _put(groups: dict[ErrorGroup, FailureGroup], record: SweepResult) -> None:
    error = error_group(record)
    group = groups.get(error)
    if group is None:
        group = groups[error] = FailureGroup(error)
    group.count += 1
    group.suites[record.module, record.suite] += 1
    if len(group.examples) < EXAMPLES:
        group.examples.append(record)


def _largest_first(groups: dict[ErrorGroup, FailureGroup]) -> list[FailureGroup]:
    return sorted(groups.values(), key=lambda group: (-group.count, group.error.group_id))
