"""Two runs beside one another: what fails now, what was mended, what is gone or new, and what got slower or less exact.

Vectors are the same where module, suite and vector id are; their last attempts are compared. The first run is held in
memory, about 300 bytes a vector and 32 a sample of its device time, and the second is read past it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from pytest_ttnn_sweeps.results.analysis.error_text import error_group
from pytest_ttnn_sweeps.results.analysis.intervals import Interval, are_apart, median_interval
from pytest_ttnn_sweeps.results.analysis.summary import is_failure
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun

Kind = Literal["new_failure", "new_vector", "missing", "status_change", "fixed", "pcc", "time", "device", "memory"]

Clock = Literal["e2e", "run", "call"]
"""What a time is of: the sweep's own measurement, ``run`` in timed executions, or the whole call, which compiles."""

KINDS: dict[Kind, str] = {
    "new_failure": "new failures",
    "missing": "missing",
    "status_change": "other changes of status",
    "pcc": "changes of the PCC",
    "time": "changes of the time",
    "device": "changes of the device's time",
    "memory": "changes of the memory",
    "fixed": "fixed",
    "new_vector": "new vectors",
}
"""In the order in which they matter; each vector that differs is of one kind, but for measurements."""


@dataclass(frozen=True)
class Limits:
    """How large a change of a measurement must be to count: of a time, by share and in milliseconds.

    Of the device's time the share alone counts, as of the memory: neither has the host's noise in it.
    """

    pcc: float = 0.001
    time_share: float = 0.2
    time_ms: float = 0.5
    memory_share: float = 0.01


@dataclass(frozen=True, slots=True)
class Side:
    """What is compared of a vector in one run."""

    status: str
    group_id: str | None
    """Of the error, where it failed."""
    message: str
    pcc: float | None
    time_ms: float | None
    clock: Clock
    time_interval: Interval | None = None
    """Of the median, where it was measured often enough."""
    device_ns: float | None = None
    device_samples: tuple[float, ...] = ()
    peak_l1: float | None = None
    """Bytes a core."""


@dataclass(frozen=True, slots=True)
class Change:
    """A vector that is not as it was."""

    kind: Kind
    module: str
    suite: str
    vector_id: str
    before: Side | None
    after: Side | None

    @property
    def fails(self) -> bool:
        return self.after is not None and is_failure(self.after.status)

    @property
    def pcc_delta(self) -> float | None:
        """NaN where one of them is; None where there is no pair."""
        if self.before is None or self.after is None or self.before.pcc is None or self.after.pcc is None:
            return None
        return self.after.pcc - self.before.pcc

    @property
    def time_ratio(self) -> float | None:
        """After by before; None where they aren't times of one sort."""
        before, after = self.before, self.after
        if before is None or after is None or before.clock != after.clock:
            return None
        return _ratio(before.time_ms, after.time_ms)

    @property
    def device_ratio(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return _ratio(self.before.device_ns, self.after.device_ns)

    @property
    def memory_ratio(self) -> float | None:
        if self.before is None or self.after is None:
            return None
        return _ratio(self.before.peak_l1, self.after.peak_l1)


@dataclass
class Comparison:
    """The differences of two runs."""

    before: SweepRun
    after: SweepRun
    changes: dict[Kind, list[Change]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    common: int = 0
    """Vectors that both runs have."""
    notes: list[str] = field(default_factory=list)
    """What stands in the way of the comparison."""

    @property
    def has_new_failures(self) -> bool:
        return bool(self.changes["new_failure"]) or any(change.fails for change in self.changes["new_vector"])


def compare(before: StoredRun, after: StoredRun, *, limits: Limits = Limits()) -> Comparison:
    """What became different from one run to the other. Raises ``RecordError`` for records that can't be read."""
    return compare_records(before.run, before.final_records(), after.run, after.final_records(), limits=limits)


def compare_records(
    before: SweepRun,
    records_before: Iterable[SweepResult],
    after: SweepRun,
    records_after: Iterable[SweepResult],
    *,
    limits: Limits = Limits(),
) -> Comparison:
    """`compare`, of records that are one for each vector."""
    comparison = Comparison(before, after)
    alike = _note_differences(comparison)
    known = {record.identity: _side(record) for record in records_before}
    seen: set[tuple[str, str]] = set()
    for record in records_after:
        seen.add((record.module, record.suite))
        new, old = _side(record), known.pop(record.identity, None)
        if old is None:
            comparison.changes["new_vector"].append(Change("new_vector", *record.identity, None, new))
            continue
        comparison.common += 1
        kind = _kind_of_status(old, new)
        if kind is not None:
            comparison.changes[kind].append(Change(kind, *record.identity, old, new))
            continue
        if _differs_in_pcc(old, new, limits):
            comparison.changes["pcc"].append(Change("pcc", *record.identity, old, new))
        if alike:
            for measured in _measured_kinds(old, new, limits):
                comparison.changes[measured].append(Change(measured, *record.identity, old, new))
    comparison.changes["missing"] = [Change("missing", *identity, side, None) for identity, side in known.items()]
    whole = {identity[:2] for identity in known} - seen
    if whole:
        comparison.notes.append(f"{len(whole)} suites of the first run have no vector in the second")
    # The worst first.
    comparison.changes["new_vector"].sort(key=lambda change: not change.fails)
    comparison.changes["pcc"].sort(key=_loss)
    comparison.changes["time"].sort(key=lambda change: -(change.time_ratio or 0.0))
    comparison.changes["device"].sort(key=lambda change: -(change.device_ratio or 0.0))
    comparison.changes["memory"].sort(key=lambda change: -(change.memory_ratio or 0.0))
    return comparison


def _note_differences(comparison: Comparison) -> bool:
    """Note what makes the runs unlike; whether their times and their memory can be compared."""
    before, after = comparison.before, comparison.after
    alike = True
    for what, old, new in (
        ("provider", before.provider, after.provider),
        ("card", before.card_type, after.card_type),
        ("host", before.host, after.host),
    ):
        if old != new:
            comparison.notes.append(f"{what}: {old or 'unknown'} before, {new or 'unknown'} after")
            alike = alike and what == "host"
    if not alike:
        comparison.notes.append("times and memory of different devices aren't compared")
    for name, run in (("before", before), ("after", after)):
        if not run.is_sealed:
            comparison.notes.append(f"run {run.run_id} ({name}) has not ended: vectors may be missing for that alone")
    return alike


def _side(record: SweepResult) -> Side:
    measured = {metric.name: metric for metric in record.metrics}
    values = {name: metric.value for name, metric in measured.items()}
    group_id = error_group(record).group_id if is_failure(record.status) else None
    message = "" if record.status == "PASS" else record.message[:500]
    clock: Clock = "e2e" if "e2e_ms" in values else "run" if "run_ms" in values else "call"
    low, high = values.get(f"{clock}_low_ms"), values.get(f"{clock}_high_ms")
    device = measured.get("device_kernel_ns")
    return Side(
        record.status,
        group_id,
        message,
        values.get("pcc"),
        values.get(f"{clock}_ms", record.duration_s * 1000),
        clock,
        None if low is None or high is None else (low, high),
        None if device is None else device.value,
        () if device is None else device.samples,
        values.get("peak_l1_bytes_per_core", values.get("peak_l1_buffer_bytes_per_core")),
    )


def _kind_of_status(old: Side, new: Side) -> Kind | None:
    if old.status == new.status and old.group_id == new.group_id:
        return None
    was_failure, fails = is_failure(old.status), is_failure(new.status)
    if fails and not was_failure:
        return "new_failure"
    if was_failure and new.status == "PASS":
        return "fixed"
    # Another failure than before, a failure that isn't run any more, a pass that is skipped.
    return "status_change"


def _differs_in_pcc(old: Side, new: Side, limits: Limits) -> bool:
    if old.pcc is None or new.pcc is None:
        return (old.pcc is None) != (new.pcc is None)
    if math.isnan(old.pcc) or math.isnan(new.pcc):
        return math.isnan(old.pcc) != math.isnan(new.pcc)
    return old.pcc != new.pcc and not abs(new.pcc - old.pcc) <= limits.pcc


def _measured_kinds(old: Side, new: Side, limits: Limits) -> Iterator[Kind]:
    if _differs_in_time(old, new, limits):
        yield "time"
    if _differs_in_device_time(old, new, limits):
        yield "device"
    if _is_beyond(old.peak_l1, new.peak_l1, limits.memory_share):
        yield "memory"


def _differs_in_time(old: Side, new: Side, limits: Limits) -> bool:
    if old.clock != new.clock or not old.time_ms or new.time_ms is None:
        return False
    delta = abs(new.time_ms - old.time_ms)
    is_large = delta > limits.time_ms and delta > limits.time_share * old.time_ms
    return is_large and are_apart(old.time_ms, old.time_interval, new.time_ms, new.time_interval)


def _differs_in_device_time(old: Side, new: Side, limits: Limits) -> bool:
    if (
        old.device_ns is None
        or new.device_ns is None
        or not _is_beyond(old.device_ns, new.device_ns, limits.time_share)
    ):
        return False
    intervals = median_interval(old.device_samples), median_interval(new.device_samples)
    return are_apart(old.device_ns, intervals[0], new.device_ns, intervals[1])


def _is_beyond(old: float | None, new: float | None, share: float) -> bool:
    return old is not None and new is not None and abs(new - old) > share * old


def _ratio(old: float | None, new: float | None) -> float | None:
    return new / old if old and new is not None else None


def _loss(change: Change) -> float:
    """The PCC's change, for sorting: one that was lost or became NaN is before all others."""
    delta = change.pcc_delta
    return float("-inf") if delta is None or math.isnan(delta) else delta
