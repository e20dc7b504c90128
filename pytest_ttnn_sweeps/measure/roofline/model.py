"""The roofline of one call and of several: the least time that a board could take, and what sets it.

A call takes at least as long as its slowest part: computing, moving through DRAM, over the NoC, or out of the cores'
own L1. Calls follow one another, so their times add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted
from pytest_ttnn_sweeps.measure.roofline.peaks import Peaks
from pytest_ttnn_sweeps.measure.roofline.pools import POOLS
from pytest_ttnn_sweeps.measure.roofline.products import PRODUCTS
from pytest_ttnn_sweeps.measure.roofline.steps import STEPS
from pytest_ttnn_sweeps.measure.roofline.traffic import MOVEMENTS, Traffic, is_idle, traffic
from pytest_ttnn_sweeps.measure.roofline.workload import NOTHING, Workload

Tier = Literal["compute", "dram", "noc", "l1"]
Bound = Literal["compute", "dram", "noc", "l1", "launch", "ambiguous"]

TOLERANCE = 0.125
"""Two tiers that differ by less set the time together: the vendor's own figures for the DRAM of a Wormhole lie so far
apart (256 to 288 GB/s)."""
LAUNCH_NS = 2489.0
"""A program takes no less from one launch to the next: the fastest of the vendor's dispatch benchmark, replayed from a
trace on a Wormhole (``pgm_dispatch_golden.json``, ``brisc_only_trace/256``). It is no part of the ideal time, for a
kernel's own time has no launch in it; it says which operations are too small for a roofline to mean much."""


@dataclass(frozen=True)
class CallRoofline:
    """The least time of one call. ``work`` is None where the package has no rule for the operation's arithmetic."""

    call: OperationCall
    work: Workload | None
    traffic: Traffic
    times: dict[Tier, float]
    """In nanoseconds."""

    @property
    def ideal_ns(self) -> float:
        return max(self.times.values())


@dataclass(frozen=True)
class Roofline:
    """The least time of several calls, one after another."""

    calls: Sequence[CallRoofline]
    uncounted: dict[str, str]
    """Operations whose least time isn't known, with the reason; they count as nothing."""

    @property
    def ideal_ns(self) -> float:
        return sum(part.ideal_ns for part in self.calls)

    @property
    def byte_count(self) -> int:
        """Bytes to and from DRAM."""
        return sum(part.traffic.dram for part in self.calls)

    @property
    def flop_count(self) -> float | None:
        """None where a part of it isn't known."""
        if self.uncounted or any(part.work is None for part in self.calls):
            return None
        return sum(part.work.flop for part in self.calls if part.work is not None)

    @property
    def bytes_only(self) -> list[str]:
        """The operations without a rule for what they compute."""
        return sorted({part.call.operation for part in self.calls if part.work is None})

    @property
    def bound(self) -> Bound | None:
        """What sets the ideal time; None where there is none.

        Of several calls it is what sets the largest part of it. ``launch`` where the calls together take less than
        launching them does, ``ambiguous`` where another tier is within `TOLERANCE`.
        """
        if not self.ideal_ns:
            return None
        working = [part for part in self.calls if part.ideal_ns]
        if self.ideal_ns < LAUNCH_NS * len(working):
            return "launch"
        shares: Counter[Bound] = Counter()
        for part in working:
            shares[_bound_of(part.times)] += part.ideal_ns  # type: ignore[assignment]
        (first, most), *rest = shares.most_common()
        return "ambiguous" if rest and rest[0][1] > most * (1 - TOLERANCE) else first


def roofline(calls: Iterable[OperationCall], peaks: Peaks) -> Roofline:
    """The roofline of ``calls``, which one device makes one after another."""
    counted: list[CallRoofline] = []
    uncounted: dict[str, str] = {}
    for call in calls:
        if is_idle(call):
            continue
        try:
            counted.append(call_roofline(call, peaks))
        except Uncounted as reason:
            uncounted[call.operation] = str(reason)
    return Roofline(counted, uncounted)


def call_roofline(call: OperationCall, peaks: Peaks) -> CallRoofline:
    """The roofline of one call. Raises `Uncounted` where what it moves isn't known."""
    moved = traffic(call)
    work = workload(call)
    times: dict[Tier, float] = {
        "compute": peaks.compute_ns(work.core_cycles) if work is not None else 0.0,
        "dram": peaks.dram_ns(moved.dram),
        "noc": peaks.noc_ns(moved.noc),
        "l1": peaks.l1_ns(moved.l1_local),
    }
    return CallRoofline(call, work, moved, times)


def workload(call: OperationCall) -> Workload | None:
    """What ``call`` computes; None where there is no rule for it, or the rule doesn't know enough of the call."""
    rule = PRODUCTS.get(call.family) or STEPS.get(call.family) or POOLS.get(call.family)
    if rule is None:
        return NOTHING if call.family in MOVEMENTS else None
    try:
        return rule(call)
    except Uncounted:
        return None


def _bound_of(times: dict[Tier, float]) -> Bound:
    (first, most), (_, second) = Counter(times).most_common(2)
    return "ambiguous" if second > most * (1 - TOLERANCE) else first
