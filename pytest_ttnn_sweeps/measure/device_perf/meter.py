"""The meter of ``--sweep-device-perf``: reads the device's profiler after every execution."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

import pluggy

from pytest_ttnn_sweeps.measure.device_perf.profiler import read_programs
from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program, totals
from pytest_ttnn_sweeps.measure.execution import Execution, MeasuredVector, Measurements
from pytest_ttnn_sweeps.results.metrics import Better

hookimpl = pluggy.HookimplMarker("pytest")

_OWN_DEVICE = ("_CUR_DEVICE", "_CONV_DEV")
"""Where modules whose fixture yields no device keep the one that they open, as upstream's runner knows them."""
NOTE = "device_perf_missing"


class DeviceTime:
    """Sums what the programs of a vector's call took on the device; of timed executions the median.

    Every program of the call counts, those that bring its inputs into place too.
    """

    def __init__(self, read: Callable[[Any], list[Program]] | None = None) -> None:
        """``read`` gives the programs since it was last called, for a device; by default ttnn's profiler does."""
        self._read = read or _read
        self._samples: dict[str, list[dict[str, float]]] = {}
        self._missing: str | None = None

    @hookimpl(hookwrapper=True)
    def pytest_sweep_measure(self, item: Any, vector: MeasuredVector, device: Any, call: Execution) -> Any:
        if call.kind == "verdict" and call.number == 1:
            self._samples, self._missing = {}, None
            # What fixtures, or a vector that failed in the middle, have left is none of this one's.
            self._programs(_device(item, device))
            self._missing = None
        yield
        # Read in any case, so that nothing is left for the next.
        programs = self._programs(_device(item, device))
        if programs and call.kind in ("verdict", "timed"):
            self._samples.setdefault(call.kind, []).append(totals(programs))

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
        if self._missing is None:
            return
        if getattr(item.definition.module, "_SKIP_DEVICE_PERF", False):
            measurements.note(NOTE, "the module sets _SKIP_DEVICE_PERF")
        else:
            measurements.note(NOTE, self._missing)
            if measurements.has_passed:
                measurements.fault = ("no_device_perf", f"no device time: {self._missing}")

    def _programs(self, device: Any) -> list[Program]:
        try:
            if device is None:
                msg = f"the module has no device open after run(), and none in {' or '.join(_OWN_DEVICE)}"
                raise NoDeviceTime(msg)
            programs = self._read(device)
            if not any(program.durations for program in programs):
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


def _read(device: Any) -> list[Program]:
    import ttnn

    return read_programs(ttnn, device)
