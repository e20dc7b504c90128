"""The roofline of a vector in its record: the least time of its operations, what sets it, and how near it came."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import ExitStack
from typing import Any

from pluggy import HookimplMarker

from pytest_ttnn_sweeps.measure.device_facts import DeviceFacts, device_facts
from pytest_ttnn_sweeps.measure.execution import DeviceCoverage, Execution, Measurements
from pytest_ttnn_sweeps.measure.inspecting import INSPECTION, cut_short
from pytest_ttnn_sweeps.measure.roofline.calls import CallRecorder, OperationCall, recorded_calls
from pytest_ttnn_sweeps.measure.roofline.model import Roofline, roofline
from pytest_ttnn_sweeps.measure.roofline.peaks import Peaks, UnknownBoard, peaks_of
from pytest_ttnn_sweeps.traced.capture.calls import CaptureError

_hookimpl = HookimplMarker("pytest")
MISSING = "roofline_missing"
"""The note that says why there is no roofline, or no ratio to it."""


class RooflineMeter:
    """``--sweep-perf``: records the calls in an execution that nobody times, and holds the measured time to them."""

    def __init__(self) -> None:
        self._recorded: tuple[CallRecorder, DeviceFacts] | None = None

    @_hookimpl(hookwrapper=True)
    def pytest_sweep_measure(self, device: Any, call: Execution) -> Generator[None, Any, None]:
        if call.kind != "inspect" or call.purpose != INSPECTION:
            self._recorded = None
            call.request_inspection(INSPECTION)
            yield
            return
        recorder = None
        facts = device_facts(device)
        with ExitStack() as stack:
            if facts is None:
                call.note(MISSING, "the vector has no device of ttnn's")
            else:
                try:
                    recorder = stack.enter_context(recorded_calls())
                except CaptureError as error:
                    call.note(MISSING, str(error))
            yield
        reason = cut_short(call.error)
        if reason:
            call.note(MISSING, reason)
        elif recorder is not None and facts is not None:
            self._recorded = recorder, facts

    @_hookimpl(trylast=True)
    def pytest_sweep_measured(self, measurements: Measurements) -> None:
        # Last, for others add the times that it is about.
        recorded, self._recorded = self._recorded, None
        if recorded is not None:
            report(*recorded, measurements)


def report(recorder: CallRecorder, facts: DeviceFacts, measurements: Measurements) -> None:
    """Add the roofline of what was recorded to ``measurements``, and its ratio to the time that they have."""
    try:
        peaks = peaks_of(facts)
    except UnknownBoard as unknown:
        measurements.note(MISSING, str(unknown))
        return
    device_time = measurements.get("device_kernel_ns")
    coverage = measurements.device_coverage if device_time is not None else "timed"
    found = roofline(_covered(recorder, coverage), peaks)
    if found.bound is None:
        measurements.note(MISSING, _nothing_counted(found))
        return
    measurements.add("ideal_ns", found.ideal_ns)
    measurements.add("byte_count", found.byte_count)
    if found.flop_count is not None:
        measurements.add("flop_count", found.flop_count)
    measurements.add("peak_tflops", peaks.tflops())
    measurements.add("peak_dram_gb_s", peaks.dram_gb_s)
    measurements.note("roofline_bound", found.bound)
    measurements.note("roofline_basis", _basis(found, peaks, recorder, coverage))
    reason = _no_ratio(found, facts)
    if reason:
        measurements.note(MISSING, reason)
        return
    e2e = measurements.get("e2e_ms")
    if device_time is not None:
        name, time_ns = "device_kernel_ns", device_time.value
    elif e2e is not None:
        name, time_ns = "e2e_ms", e2e.value * 1e6
    else:
        measurements.note(MISSING, "no time was measured: the sweep returns none, and no device profiler was on")
        return
    measurements.note("roofline_time", name)
    if not time_ns >= found.ideal_ns:
        measurements.note(
            MISSING,
            f"{name} is {time_ns:g} ns, less than the {found.ideal_ns:g} ns that the board takes at least: the "
            "measurement is wrong, or an operation did less than it was counted for",
        )
        return
    measurements.add("roofline_ratio", found.ideal_ns / time_ns)


def _no_ratio(found: Roofline, facts: DeviceFacts) -> str:
    if not facts.has_times:
        return f"no ratio: times of {_named(facts)} device say nothing of silicon"
    if found.uncounted:
        return f"no ratio: not counted are {_listed(found.uncounted)}"
    return ""


def _nothing_counted(found: Roofline) -> str:
    if found.uncounted:
        return f"not counted are {_listed(found.uncounted)}"
    if found.calls:
        return f"nothing has to be moved or computed for {_listed_names(part.call.operation for part in found.calls)}"
    return "no operation that takes a device's time was seen"


def _covered(recorder: CallRecorder, coverage: DeviceCoverage) -> list[OperationCall]:
    """The calls that the time is of; without a region that the sweep times, all."""
    if coverage == "timed":
        return recorder.timed_calls
    # The execution that was recorded has the moves of tensors which the host made in those that were measured.
    return [call for call in recorder.calls if coverage == "run" or call.operation != "to_memory_config"]


def _basis(found: Roofline, peaks: Peaks, recorder: CallRecorder, coverage: DeviceCoverage) -> str:
    """What was counted, in words."""
    which = "that the sweep times" if recorder.has_timed_region and coverage == "timed" else "of run"
    parts = [f"{_listed_names(part.call.operation for part in found.calls)}, the operations {which}"]
    if found.bytes_only:
        parts.append(f"of {', '.join(found.bytes_only)} bytes only, for want of a rule for what they compute")
    if peaks.assumed:
        parts.append(f"assumed: {', '.join(peaks.assumed)}")
    return "; ".join(parts)


def _listed(uncounted: dict[str, str]) -> str:
    return ", ".join(f"{name} ({reason})" for name, reason in sorted(uncounted.items()))


def _listed_names(names: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(f"{name} x{count}" if count > 1 else name for name, count in counts.items())


def _named(facts: DeviceFacts) -> str:
    article = "an" if facts.kind == "emulated" else "a"
    return f"{article} {facts.kind}"
