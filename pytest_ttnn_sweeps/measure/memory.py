"""Memory that a vector takes: on ttnn's devices from a captured graph, on the emulation's from its own accounts.

The graph is captured without dispatch (``RunMode.NO_DISPATCH``), in an execution of its own: nothing reaches the
device, and every buffer has address 0. A program from the program cache would be given these addresses, and the small
tensors that it keeps for itself wouldn't be in the graph, so the cache is emptied first, and behind it where need be.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from pluggy import HookimplMarker

from pytest_ttnn_sweeps.measure.device_facts import DeviceFacts, device_facts
from pytest_ttnn_sweeps.measure.execution import Execution, MeasuringError
from pytest_ttnn_sweeps.measure.graph_memory import UnreadableGraph, memory_peaks
from pytest_ttnn_sweeps.measure.inspecting import INSPECTION, cut_short
from pytest_ttnn_sweeps.measure.roofline.peaks import l1_bytes_per_core

_hookimpl = HookimplMarker("pytest")
MISSING = "memory_missing"
"""The note that says why there are no figures, or not all."""


class MemoryMeter:
    """``--sweep-memory``: peaks of L1 and DRAM, and the share of the board's L1."""

    @_hookimpl(hookwrapper=True)
    def pytest_sweep_measure(self, device: Any, call: Execution) -> Generator[None, Any, None]:
        if call.kind != "inspect" or call.purpose != INSPECTION:
            call.request_inspection(INSPECTION)
            yield
            return
        facts = device_facts(device)
        if facts is None:
            call.note(MISSING, "the vector has no device of ttnn's")
            yield
        elif facts.kind == "emulated":
            with device.memory.watched() as usage:
                yield
            if not _is_noted_short(call):
                call.add("peak_l1_buffer_bytes_per_core", usage.peak_l1_bytes_per_bank)
                call.add("peak_dram_bytes", usage.peak_dram_bytes)
                call.note(MISSING, "the emulation has no programs, so no circular buffers: tensors alone are counted")
        else:
            with _captured(device) as capture:
                yield
            if not _is_noted_short(call):
                _report(call, capture, facts)


@dataclass
class _Capture:
    ttnn: Any
    graph: list[dict[str, Any]] | None = None
    problem: str = ""


@contextmanager
def _captured(device: Any) -> Iterator[_Capture]:
    """Capture the block's graph; what keeps ttnn from it is told, not raised.

    Raises `MeasuringError` where the program cache can't be emptied: programs of vectors to come would read and write
    at address 0.
    """
    _empty_program_cache(device)
    ttnn = sys.modules["ttnn"]
    capture = _Capture(ttnn)
    with ExitStack() as stack:
        try:
            stack.enter_context(_quiet())
            stack.enter_context(_without_golden_values())
            ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NO_DISPATCH)
        except Exception as error:  # noqa: BLE001 - any fault of ttnn's
            capture.problem = _first_line(error)
            yield capture
            return
        try:
            yield capture
        finally:
            try:
                capture.graph = ttnn.graph.end_graph_capture()
            except Exception as error:  # noqa: BLE001 - any fault of ttnn's
                capture.problem = _first_line(error)
            _empty_program_cache(device)


def _empty_program_cache(device: Any) -> None:
    if device.num_program_cache_entries() == 0:
        return
    try:
        device.clear_program_cache()
    except Exception as error:
        msg = f"--sweep-memory: the program cache can't be emptied for a captured graph: {_first_line(error)}"
        raise MeasuringError(msg) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """ttnn warns at each capture that its Python records are short, which nobody reads here."""
    from loguru import logger

    logger.disable("ttnn.graph")
    try:
        yield
    finally:
        logger.enable("ttnn.graph")


def _without_golden_values() -> AbstractContextManager[None]:
    """The mock device's values are kept by address, and in a capture every address is 0."""
    following = sys.modules.get("pytest_ttnn_sweeps.devices.mock.following")
    values = following.installed() if following is not None else None
    return nullcontext() if values is None else values.unfollowed()


def _is_noted_short(call: Execution) -> bool:
    reason = cut_short(call.error)
    if reason:
        call.note(MISSING, reason)
    return bool(reason)


def _report(call: Execution, capture: _Capture, facts: DeviceFacts) -> None:
    if capture.graph is None:
        call.note(MISSING, f"ttnn captures no graph: {capture.problem}")
        return
    try:
        peaks = memory_peaks(capture.graph)
    except UnreadableGraph as reason:
        call.note(MISSING, str(reason))
        return
    l1_per_core, buffers_per_core = peaks.l1_per_core, peaks.buffers_per_core
    whole = getattr(capture.ttnn.graph, "extract_peak_L1_memory_usage", None)
    if whole is not None:
        call.add("peak_l1_bytes", whole(capture.graph))
    own = _by_ttnn(capture)
    if own is not None and own != (l1_per_core, buffers_per_core):
        # A later ttnn may capture what this package doesn't know of.
        call.note(
            "memory_difference",
            f"ttnn counts {own[0]} B a core, {own[1]} B of them for tensors; the package "
            f"{l1_per_core} B and {buffers_per_core} B",
        )
        l1_per_core, buffers_per_core = own
    call.add("peak_l1_bytes_per_core", l1_per_core)
    call.add("peak_cb_bytes_per_core", peaks.program_per_core)
    call.add("peak_l1_buffer_bytes_per_core", buffers_per_core)
    call.add("peak_dram_bytes", peaks.dram)
    capacity = facts.l1_bytes_per_core or (l1_bytes_per_core(facts.board) if facts.board else None)
    if capacity is None:
        call.note(MISSING, f"the size of L1 of a device that ttnn calls {facts.named} isn't known, so no l1_share")
    else:
        call.add("l1_share", l1_per_core / capacity)


def _by_ttnn(capture: _Capture) -> tuple[int, int] | None:
    """Total and tensors by ttnn's own account; None where this ttnn has none, or one that wants other arguments."""
    extract = getattr(capture.ttnn.graph, "extract_resource_usage_per_core", None)
    if extract is None:
        return None
    try:
        usage = extract(capture.graph)
    except TypeError:
        return None
    return usage.peak_total, usage.peak_l1


def _first_line(error: Exception) -> str:
    from pytest_ttnn_sweeps.results.outcome import ttnn_error_message

    text = str(error)
    return (ttnn_error_message(text) or text).strip().partition("\n")[0] or type(error).__name__
