"""``--sweep-perf`` and ``--sweep-repeat``: how long a vector takes, by the host's clocks."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from statistics import median
from typing import TYPE_CHECKING

from pluggy import HookimplMarker

from pytest_ttnn_sweeps.measure.clocks import clock_cost
from pytest_ttnn_sweeps.measure.execution import Measurements
from pytest_ttnn_sweeps.measure.spread import is_bistable, median_deviation
from pytest_ttnn_sweeps.results.analysis.intervals import median_interval

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.settings import Settings

hookimpl = HookimplMarker("pytest")
_NS_PER_MS = 1e6
_WORTH_TELLING = 100
"""A time that is fewer times as long as reading the clock takes is told with what that takes."""


def executions_asked(settings: Settings) -> tuple[int, int]:
    """How many warm-ups and how many timed executions a vector gets that has passed.

    Upstream's ``--perf`` ran each vector twice and kept the second time: so does ``--sweep-perf`` alone.
    """
    if not (settings.perf or settings.repeat):
        return 0, 0
    return settings.warmup or 0, settings.repeat or 1


class HostTimes:
    """Adds the times of a vector's executions, which are measured in any case, to its record."""

    @hookimpl
    def pytest_sweep_measured(self, measurements: Measurements) -> None:
        cost = clock_cost()
        for first in measurements.of_kind("verdict")[:1]:
            if first.outcome is None or not first.outcome.ok or first.wall_ns is None:
                continue
            measurements.add("first_run_ms", _less(first.wall_ns, cost.wall_ns))
            if first.outcome.e2e_ms is not None:
                measurements.add("first_e2e_ms", first.outcome.e2e_ms)
        timed = [call for call in measurements.of_kind("timed") if call.outcome is not None and call.outcome.ok]
        walls = [_less(call.wall_ns, cost.wall_ns) for call in timed if call.wall_ns is not None]
        if not walls:
            return
        _add(measurements, "run_ms", walls)
        _add_spread(measurements, "run", walls)
        _add(measurements, "run_cpu_ms", [_less(call.cpu_ns, cost.cpu_ns) for call in timed if call.cpu_ns is not None])
        returned = [call.outcome.e2e_ms for call in timed if call.outcome is not None]
        times = [time for time in returned if time is not None]
        if times:
            _add(measurements, "e2e_ms", times)
            _add_spread(measurements, "e2e", times)
        if median(walls) * _NS_PER_MS < _WORTH_TELLING * (cost.wall_ns + cost.resolution_ns):
            measurements.note(
                "clock",
                f"reading it takes {cost.wall_ns:g} ns (processor time: {cost.cpu_ns:g} ns), which are subtracted; "
                f"its resolution is {cost.resolution_ns:g} ns",
            )


def _less(measured_ns: int, cost_ns: float) -> float:
    """Milliseconds without what the measurement itself took."""
    return max(0.0, measured_ns - cost_ns) / _NS_PER_MS


def _add(measurements: Measurements, name: str, samples: Sequence[float]) -> None:
    value = median(samples) if all(map(isfinite, samples)) else float("nan")
    measurements.add(name, value, samples=samples)


def _add_spread(measurements: Measurements, name: str, samples: Sequence[float]) -> None:
    if len(samples) < 2 or not all(map(isfinite, samples)):
        return
    measurements.add(f"{name}_mad_ms", median_deviation(samples))
    interval = median_interval(samples)
    if interval is not None:
        measurements.add(f"{name}_low_ms", interval[0])
        measurements.add(f"{name}_high_ms", interval[1])
    bistable = is_bistable(samples)
    if bistable is not None:
        measurements.add(f"{name}_bistable", float(bistable))
