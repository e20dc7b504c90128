"""Host times as metrics: which executions count, what is subtracted, what is left out."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.measure import Measurements
from pytest_ttnn_sweeps.measure import times as times_module
from pytest_ttnn_sweeps.measure.clocks import ClockCost, clock_cost, synchroniser
from pytest_ttnn_sweeps.measure.times import HostTimes, executions_asked
from pytest_ttnn_sweeps.results import Outcome


@pytest.fixture(autouse=True)
def known_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the clock takes 100 ns of wall and 300 ns of processor time."""
    monkeypatch.setattr(times_module, "clock_cost", lambda: ClockCost(100, 300, 1))


def executed(*calls: tuple[str, int, int, Outcome | None]) -> Measurements:
    """Measurements of executions: kind, wall and processor time in nanoseconds, outcome."""
    measurements = Measurements()
    for kind, wall, cpu, outcome in calls:
        call = measurements.begin(kind)  # type: ignore[arg-type]
        call.wall_ns, call.cpu_ns, call.outcome, call.has_run = wall, cpu, outcome, True
    return measurements


def passed(e2e_ms: float | None = None) -> Outcome:
    return Outcome(True, "", (), e2e_ms)


def summed_up(measurements: Measurements) -> dict[str, float]:
    HostTimes().pytest_sweep_measured(measurements)
    return {metric.name: metric.value for metric in measurements.applied(Outcome(True, "")).metrics}


def test_the_verdict_is_apart_and_warm_ups_dont_count() -> None:
    """The first call is told by itself; what is timed is a median with its samples."""
    measurements = executed(
        ("verdict", 9_000_100, 8_000_300, passed(7.0)),
        ("warmup", 5_000_100, 5_000_300, passed(5.0)),
        ("timed", 3_000_100, 2_000_300, passed(2.5)),
        ("timed", 4_000_100, 2_500_300, passed(3.0)),
        ("timed", 8_000_100, 3_000_300, passed(3.5)),
    )

    values = summed_up(measurements)

    assert values == {
        "first_run_ms": 9.0,
        "first_e2e_ms": 7.0,
        "run_ms": 4.0,
        "run_mad_ms": 1.0,
        "run_cpu_ms": 2.5,
        "e2e_ms": 3.0,
        "e2e_mad_ms": 0.5,
    }
    for name, samples in (("run_ms", (3, 4, 8)), ("run_cpu_ms", (2, 2.5, 3)), ("e2e_ms", (2.5, 3, 3.5))):
        metric = measurements.get(name)
        assert metric is not None
        assert (metric.samples, metric.unit, metric.better) == (samples, "ms", "lower")
    assert not measurements.notes


def test_spread_appears_with_enough_samples() -> None:
    """An interval from six on, two modes from twenty on; both of the run and of what it returned."""
    few = summed_up(executed(*[("timed", 1_000_100 * n, 1_000_000, passed(n)) for n in range(1, 7)]))
    many = summed_up(executed(*[("timed", 1_000_100 + 9_000_000 * (n % 2), 10, passed(1.0)) for n in range(20)]))

    assert few["e2e_low_ms"] <= 3.5 <= few["e2e_high_ms"]
    assert few["run_low_ms"] <= few["run_ms"] <= few["run_high_ms"]
    assert "run_bistable" not in few
    assert (many["run_bistable"], many["e2e_bistable"]) == (1.0, 0.0)


def test_executions_that_failed_are_no_samples() -> None:
    """Nor does a verdict that didn't pass have a time worth telling."""
    failed = Outcome(False, "no")

    values = summed_up(
        executed(("verdict", 5_000_000, 1, failed), ("timed", 1_000_100, 1_000_300, passed()), ("timed", 9, 9, failed))
    )

    assert values == {"run_ms": 1.0, "run_cpu_ms": 1.0}
    assert summed_up(executed(("verdict", 5_000_000, 1, None))) == {}


def test_what_takes_no_time_is_not_negative_and_says_so() -> None:
    """Where the clock is most of what was measured, a note tells what it costs."""
    measurements = executed(("timed", 90, 250, passed()))

    assert summed_up(measurements) == {"run_ms": 0.0, "run_cpu_ms": 0.0}
    assert measurements.notes == {
        "clock": "reading it takes 100 ns (processor time: 300 ns), which are subtracted; its resolution is 1 ns"
    }


def test_a_module_may_return_no_time_or_no_number() -> None:
    """Some executions without a time leave the others'; NaN is what the module said."""
    some = summed_up(executed(("timed", 10**7, 0, passed(2.0)), ("timed", 10**7, 0, passed())))
    broken = summed_up(executed(("timed", 10**7, 0, passed(2.0)), ("timed", 10**7, 0, passed(math.nan))))

    assert some["e2e_ms"] == 2.0
    assert math.isnan(broken["e2e_ms"])
    assert "e2e_mad_ms" not in broken


@pytest.mark.parametrize(
    ("perf", "repeat", "warmup", "expected"),
    [
        (False, None, None, (0, 0)),
        (True, None, None, (0, 1)),
        (True, None, 2, (2, 1)),
        (False, 5, None, (0, 5)),
        (True, 5, 1, (1, 5)),
    ],
)
def test_options_ask_for_executions(
    perf: bool, repeat: int | None, warmup: int | None, expected: tuple[int, int]
) -> None:
    """`--sweep-perf` alone is one timed execution after the verdict."""
    settings: Any = SimpleNamespace(perf=perf, repeat=repeat, warmup=warmup)

    assert executions_asked(settings) == expected


def test_the_clocks_cost_is_small_and_measured_once() -> None:
    """Microseconds at most; the same for the whole process."""
    cost = clock_cost()

    assert 0 <= cost.wall_ns < 100_000
    assert 0 <= cost.cpu_ns < 100_000
    assert 0 < cost.resolution_ns < 1e7
    assert clock_cost() is cost


class MeshDevice:
    """Named as ttnn's."""


def test_only_a_device_of_ttnns_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a module yields besides, or without ttnn, is left alone."""
    asked: list[object] = []
    monkeypatch.setitem(sys.modules, "ttnn", SimpleNamespace(synchronize_device=asked.append))
    device = type("Opened", (MeshDevice,), {})()

    wait = synchroniser(device)
    assert wait is not None
    wait()

    assert asked == [device]
    assert synchroniser(None) is None
    assert synchroniser((device, device)) is None
    monkeypatch.delitem(sys.modules, "ttnn")
    assert synchroniser(device) is None
