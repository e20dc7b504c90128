"""The meter of ``--sweep-device-perf``: reads the device's profiler after every execution."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from statistics import median
from types import ModuleType
from typing import Any

import pluggy

from pytest_ttnn_sweeps.measure.device_perf.host_setup import NEEDED, inputs_built_on_host
from pytest_ttnn_sweeps.measure.device_perf.profiler import read_programs
from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program, totals
from pytest_ttnn_sweeps.measure.device_perf.region import START, STOP, TimedRegion, followed
from pytest_ttnn_sweeps.measure.execution import DeviceCoverage, Execution, MeasuredVector, Measurements
from pytest_ttnn_sweeps.results.metrics import Better

hookimpl = pluggy.HookimplMarker("pytest")

_OWN_DEVICE = ("_CUR_DEVICE", "_CONV_DEV")
"""Where modules whose fixture yields no device keep the one that they open, as upstream's runner knows them."""
NOTE = "device_perf_missing"
COUNTED = "device_perf_programs"
"""The note that says which programs of the call were counted."""
DEVICE_SIDE_SETUP = "TTNN_SWEEP_DEVICE_SIDE_SETUP"
"""tt-metal's own variable for the option, 1 where it is on."""


def wants_device_side_setup(is_option_given: bool) -> bool:
    """Whether the run, by its option or its environment, has inputs built as the modules say."""
    return is_option_given or os.environ.get(DEVICE_SIDE_SETUP) == "1"


class DeviceTime:
    """Sums what the programs of a vector's call took on the device; of timed executions the median.

    Only programs between the sweep's calls of ``start_measuring_time`` and ``stop_measuring_time`` count, and inputs
    are built on the host, so that no program of the set-up is among those of a sweep that marks no such region. With
    ``device_side_setup``, or in a module that sets ``_DEVICE_SIDE_SETUP``, inputs are built as the module says and
    every program of the call counts.
    """

    def __init__(self, read: Callable[[Any], list[Program]] | None = None, *, device_side_setup: bool = False) -> None:
        """``read`` gives the programs since it was last called, for a device; by default ttnn's profiler does."""
        self._read = read or _read
        self._device_side_setup = device_side_setup
        self._samples: dict[str, list[dict[str, float]]] = {}
        self._missing: str | None = None
        self._counted = ""
        self._coverage: DeviceCoverage = "run"

    @hookimpl(hookwrapper=True)
    def pytest_sweep_measure(self, item: Any, vector: MeasuredVector, device: Any, call: Execution) -> Any:
        if call.kind == "verdict" and call.number == 1:
            self._samples, self._missing = {}, None
            # What fixtures, or a vector that failed in the middle, have left is none of this one's.
            self._programs(_device(item, device))
            self._missing = None
        if call.kind == "inspect":
            yield
            # Read in any case, so that nothing is left for the next.
            self._programs(_device(item, device))
            return
        module = item.definition.module
        region = TimedRegion(lambda: self._read(_needed(item, device)))
        opted_out = self._opted_out(module)
        left: Counter[str] = Counter()
        with ExitStack() as stack:
            if not opted_out:
                stack.enter_context(followed(region, module))
                ttnn = sys.modules.get("ttnn")
                if all(hasattr(ttnn, name) for name in NEEDED):
                    left = stack.enter_context(inputs_built_on_host(ttnn, module, lambda: region.is_open))
            yield
        if call.wall_ns is not None and call.cpu_ns is not None:
            call.wall_ns -= region.wall_ns
            call.cpu_ns -= region.cpu_ns
        programs = self._counted_programs(_device(item, device), region)
        if programs and call.kind in ("verdict", "timed"):
            self._samples.setdefault(call.kind, []).append(totals(programs))
            self._coverage = "timed" if region.is_told else "run" if opted_out else "run without set-up"
            self._counted = opted_out or _words(region, left)

    @hookimpl
    def pytest_sweep_measured(self, item: Any, measurements: Measurements) -> None:
        samples = self._samples.get("timed") or self._samples.get("verdict") or []
        names = dict.fromkeys(name for sample in samples for name in sample)
        for name in names:
            unit: str
            better: Better
            values = tuple(sample[name] for sample in samples if name in sample)
            unit, better = ("ns", "lower") if name.endswith("_ns") else ("", "none")
            measurements.add(name, median(values), unit, better, samples=values if len(values) > 1 else ())
        if samples:
            measurements.note(COUNTED, self._counted)
            measurements.device_coverage = self._coverage
        if self._missing is None:
            return
        if getattr(item.definition.module, "_SKIP_DEVICE_PERF", False):
            measurements.note(NOTE, "the module sets _SKIP_DEVICE_PERF")
        else:
            measurements.note(NOTE, self._missing)
            if measurements.has_passed:
                measurements.fault = ("no_device_perf", f"no device time: {self._missing}")

    def _opted_out(self, module: ModuleType) -> str:
        """Why every program counts and nothing is built on the host; empty where that isn't so."""
        if getattr(module, "_DEVICE_SIDE_SETUP", False):
            return "all of run, set-up included: the module sets _DEVICE_SIDE_SETUP"
        if self._device_side_setup:
            return f"all of run, set-up included, as --sweep-device-side-setup or {DEVICE_SIDE_SETUP}=1 asks"
        return ""

    def _counted_programs(self, device: Any, region: TimedRegion) -> list[Program]:
        """Of all programs of an execution those that count."""
        rest = self._programs(device, before=[*region.outside, *region.inside])
        region.add(rest)
        programs = region.finish()
        if region.is_told and (region.outside or rest) and not programs:
            self._missing = self._missing or (
                f"no program ran between {START} and {STOP}, while others did; a module that measures how its inputs "
                "come to the device sets _DEVICE_SIDE_SETUP = True"
            )
        return programs

    def _programs(self, device: Any, *, before: Sequence[Program] = ()) -> list[Program]:
        """The programs since the last read; that there is none, nor was one ``before``, is told as what is missing."""
        try:
            if device is None:
                msg = f"the module has no device open after run(), and none in {' or '.join(_OWN_DEVICE)}"
                raise NoDeviceTime(msg)
            programs = self._read(device)
            if not any(program.durations for program in (*before, *programs)):
                msg = (
                    "the profiler has no program of this call: it launched none, or ttnn was initialised before the "
                    "profiler's variables were set (by a conftest?)"
                )
                raise NoDeviceTime(msg)
        except NoDeviceTime as missing:
            self._missing = self._missing or str(missing)
            return []
        return programs


def _device(item: Any, device: Any) -> Any:
    if device is not None:
        return device
    module = item.definition.module
    return next((found for name in _OWN_DEVICE if (found := getattr(module, name, None)) is not None), None)


def _needed(item: Any, device: Any) -> Any:
    found = _device(item, device)
    if found is None:
        msg = f"no device was open where {START} or {STOP} was called"
        raise NoDeviceTime(msg)
    return found


def _words(region: TimedRegion, left: Counter[str]) -> str:
    """Which programs of ``run`` are counted, for a reader of the record."""
    if region.is_told:
        others = f"; {len(region.outside)} ran outside" if region.outside else ""
        return f"those between {START} and {STOP}{others}"
    why = region.unclear or f"{START} isn't called"
    setup = ", ".join(f"{name} x{count}" if count > 1 else name for name, count in left.items())
    return f"all of run: {why}{f'; the device did {setup} of it, which the host could not' if setup else ''}"


def _read(device: Any) -> list[Program]:
    import ttnn

    return read_programs(ttnn, device)
