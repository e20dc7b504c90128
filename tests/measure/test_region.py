"""Programs between a sweep's two calls for the time are told from others."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program, totals
from pytest_ttnn_sweeps.measure.device_perf.region import TimedRegion, followed
from pytest_ttnn_sweeps.testing import start_measuring_time, stop_measuring_time


class Profiler:
    """What was launched since it was last read; each read begins to number anew, as for launches without a number."""

    def __init__(self) -> None:
        self.pending: list[int] = []
        self.fails = False

    def launch(self, *durations: int) -> None:
        self.pending += durations

    def read(self) -> list[Program]:
        if self.fails:
            raise NoDeviceTime("reading raised RuntimeError: no DRAM buffer")
        programs = [Program(0, (-1, at), {"device_fw_ns": one}) for at, one in enumerate(self.pending)]
        self.pending = []
        return programs


def counted(region: TimedRegion) -> float:
    return totals(region.finish()).get("device_fw_ns", 0.0)


@pytest.fixture
def profiler() -> Profiler:
    return Profiler()


def test_only_programs_of_the_region_count(profiler: Profiler) -> None:
    """Those of all regions of a run, each launch by itself though reads number them alike."""
    region = TimedRegion(profiler.read)
    for setup, timed in ((1000, (1, 2)), (2000, (4,))):
        profiler.launch(setup)
        region.begin()
        profiler.launch(*timed)
        region.end()
    profiler.launch(4000)
    region.add(profiler.read())

    assert counted(region) == 7
    assert region.is_told
    assert len(region.outside) == 3


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        ((), ""),
        (("begin",), "stop_measuring_time isn't called"),
        (("end",), "stop_measuring_time is called twice, or before start_measuring_time"),
        (("begin", "begin", "end"), "start_measuring_time is called again before stop_measuring_time"),
        (("begin", "end", "end"), "stop_measuring_time is called twice, or before start_measuring_time"),
    ],
)
def test_where_the_region_is_unclear_everything_counts(profiler: Profiler, calls: tuple[str, ...], why: str) -> None:
    """Nothing is guessed: a region that can't be told is none, and why."""
    region = TimedRegion(profiler.read)
    profiler.launch(1)
    for call in calls:
        getattr(region, call)()
        profiler.launch(1)
    region.add(profiler.read())

    assert counted(region) == 1 + len(calls)
    assert (region.is_told, region.unclear) == (False, why)


def test_a_read_that_fails_leaves_the_region_unclear(profiler: Profiler) -> None:
    """What the next read gives could be of either side."""
    region = TimedRegion(profiler.read)
    profiler.launch(1)
    profiler.fails = True
    region.begin()
    profiler.fails = False
    profiler.launch(2)
    region.end()

    assert counted(region) == 3
    assert (region.is_told, region.unclear) == (False, "reading raised RuntimeError: no DRAM buffer")


def test_the_functions_are_followed_wherever_they_come_from(
    profiler: Profiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep's own names and a helper's; the sweep's clock runs without the reads, and names are put back."""
    sweep, helper = ModuleType("sweep"), ModuleType("helper")
    for module in (sweep, helper):
        module.__dict__.update(start_measuring_time=start_measuring_time, stop_measuring_time=stop_measuring_time)
    monkeypatch.setitem(sys.modules, "helper", helper)
    now: list[str] = []

    def read() -> list[Program]:
        now.append("read")
        return profiler.read()

    sweep.__dict__["start_measuring_time"] = _named("start_measuring_time", now)
    sweep.__dict__["stop_measuring_time"] = _named("stop_measuring_time", now)
    before = [dict(vars(module)) for module in (sweep, helper)]
    region = TimedRegion(read)
    with followed(region, sweep):
        sweep.__dict__["start_measuring_time"]()
        sweep.__dict__["stop_measuring_time"](0)
        assert helper.__dict__["stop_measuring_time"](helper.__dict__["start_measuring_time"]()) >= 0
    assert now == ["read", "start_measuring_time", "stop_measuring_time", "read", "read", "read"]
    assert region.is_told
    assert [dict(vars(module)) for module in (sweep, helper)] == before


def _named(name: str, now: list[str]) -> object:
    def clock(*_: object) -> int:
        now.append(name)
        return 0

    return clock
