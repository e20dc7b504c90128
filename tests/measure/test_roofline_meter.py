"""The roofline in a vector's record: what is heard of its calls, and when there is a ratio."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.measure import Measurements
from pytest_ttnn_sweeps.measure.device_facts import DeviceFacts, device_facts
from pytest_ttnn_sweeps.measure.execution import DeviceCoverage
from pytest_ttnn_sweeps.measure.inspecting import cut_short
from pytest_ttnn_sweeps.measure.roofline import OperationCall, recorded_calls
from pytest_ttnn_sweeps.measure.roofline.calls import CallRecorder
from pytest_ttnn_sweeps.measure.roofline.meter import report
from pytest_ttnn_sweeps.testing import start_measuring_time, stop_measuring_time
from pytest_ttnn_sweeps.traced.values import MemoryConfig, TensorSpec

torch = pytest.importorskip("torch")

SILICON = DeviceFacts("silicon", "n150", "N150", (8, 8), 1000.0)
DRAM = MemoryConfig("INTERLEAVED", "DRAM")
SQUARE = TensorSpec((1024, 1024), "BFLOAT16", "TILE", DRAM, "DEVICE")
IN_L1 = TensorSpec((1024, 1024), "BFLOAT16", "TILE", MemoryConfig("INTERLEAVED", "L1"), "DEVICE")
IDEAL_NS = 2 * 2 * 1024 * 1024 / 288
"""Of ``RELU``, which reads and writes 2 MiB."""


def relu(*, is_timed: bool = True) -> OperationCall:
    return OperationCall("relu", (SQUARE,), (SQUARE,), is_timed=is_timed)


def reported(
    *calls: OperationCall, facts: DeviceFacts = SILICON, has_timed_region: bool = True, **metrics: float
) -> Measurements:
    recorder = CallRecorder()
    recorder.calls, recorder.has_timed_region = list(calls), has_timed_region
    measurements = Measurements()
    for name, value in metrics.items():
        measurements.add(name, value)
    report(recorder, facts, measurements)
    return measurements


def value(measurements: Measurements, name: str) -> float | None:
    metric = measurements.get(name)
    return None if metric is None else metric.value


@pytest.mark.parametrize(
    ("coverage", "operations"),
    [("timed", "relu"), ("run without set-up", "to_layout, relu"), ("run", "to_memory_config, to_layout, relu")],
)
def test_what_the_device_time_covers_is_counted(coverage: DeviceCoverage, operations: str) -> None:
    """What it is of: the region that the sweep times, or all, with or without what the host did for the measurement."""
    recorder, measurements = CallRecorder(), Measurements()
    setup = [OperationCall(name, (SQUARE,), (IN_L1,)) for name in ("to_memory_config", "to_layout")]
    recorder.calls, recorder.has_timed_region = [*setup, relu()], True
    measurements.add("device_kernel_ns", 1e9)
    measurements.device_coverage = coverage
    report(recorder, SILICON, measurements)
    assert measurements.notes["roofline_basis"].startswith(f"{operations}, the operations ")
    assert ("that the sweep times" in measurements.notes["roofline_basis"]) == (coverage == "timed")


def test_the_share_of_the_ideal_time() -> None:
    """Of the sweep's own time, in milliseconds, where no profiler was on."""
    found = reported(relu(), e2e_ms=2 * IDEAL_NS / 1e6)
    assert value(found, "ideal_ns") == pytest.approx(IDEAL_NS)
    assert value(found, "roofline_ratio") == pytest.approx(0.5)
    assert value(found, "byte_count") == 4 * 1024 * 1024
    assert value(found, "flop_count") == 1024 * 1024
    assert (value(found, "peak_tflops"), value(found, "peak_dram_gb_s")) == (pytest.approx(262.144), 288)
    assert found.notes["roofline_bound"] == "dram"
    assert found.notes["roofline_time"] == "e2e_ms"
    assert found.notes["roofline_basis"] == "relu, the operations that the sweep times"
    assert "roofline_missing" not in found.notes


def test_the_devices_time_goes_before_the_sweeps_and_is_of_all_calls() -> None:
    """The profiler sees what prepares the inputs, too; the sweep's clock doesn't."""
    calls = [relu(is_timed=False), relu()]
    times = {"e2e_ms": 1.0, "device_kernel_ns": 4 * IDEAL_NS}
    by_device = reported(*calls, **times)
    assert value(by_device, "ideal_ns") == pytest.approx(2 * IDEAL_NS)
    assert value(by_device, "roofline_ratio") == pytest.approx(0.5)
    assert by_device.notes["roofline_time"] == "device_kernel_ns"
    assert by_device.notes["roofline_basis"] == "relu x2, the operations of run"
    assert value(reported(*calls, e2e_ms=1.0), "ideal_ns") == pytest.approx(IDEAL_NS)


@given(st.floats(1, 1e6))
def test_a_ratio_is_never_above_1(time_ns: float) -> None:
    """What is faster than the board can be is an error of the measurement, and said to be one."""
    found = reported(relu(), device_kernel_ns=time_ns)
    ratio = value(found, "roofline_ratio")
    if time_ns >= IDEAL_NS:
        assert ratio is not None
        assert 0 < ratio <= 1
    else:
        assert ratio is None
        assert "the measurement is wrong" in found.notes["roofline_missing"]


@pytest.mark.parametrize(
    ("kind", "text"), [("emulated", "an emulated device"), ("mock", "a mock device"), ("simulator", "a simulator")]
)
def test_no_ratio_without_silicon(kind: Any, text: str) -> None:
    found = reported(relu(), facts=DeviceFacts(kind, "n150", "N150", (8, 8)), e2e_ms=1.0, device_kernel_ns=1e6)
    assert value(found, "ideal_ns") == pytest.approx(IDEAL_NS)
    assert found.notes["roofline_bound"] == "dram"
    assert value(found, "roofline_ratio") is None
    assert text in found.notes["roofline_missing"]
    assert "assumed: a clock of 1000 MHz" in found.notes["roofline_basis"]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (lambda: reported(relu(), facts=DeviceFacts("silicon", None, "GALAXY")), "a device that ttnn calls GALAXY"),
        (lambda: reported(relu()), "no time was measured"),
        (lambda: reported(), "no operation that takes a device's time"),
        (lambda: reported(relu(is_timed=False), e2e_ms=1.0), "no operation that takes a device's time"),
        (
            lambda: reported(OperationCall("reshape", (SQUARE,), (SQUARE,), is_timed=True)),
            "nothing has to be moved or computed for reshape",
        ),
        (lambda: reported(OperationCall("all_gather", (SQUARE,), (SQUARE,), is_timed=True)), "not counted are all_g"),
        (
            lambda: reported(relu(), OperationCall("scatter", (SQUARE,), (SQUARE,), is_timed=True), e2e_ms=1.0),
            "no ratio: not counted are scatter",
        ),
    ],
)
def test_why_there_is_none_is_told(found: Any, why: str) -> None:
    measurements = found()
    assert value(measurements, "roofline_ratio") is None
    assert why in measurements.notes["roofline_missing"]


def test_what_has_bytes_only_is_told() -> None:
    topk = OperationCall("topk", (SQUARE,), (SQUARE,), is_timed=True)
    found = reported(topk, e2e_ms=1.0)
    assert value(found, "flop_count") is None
    assert value(found, "roofline_ratio") is not None
    assert "of topk bytes only" in found.notes["roofline_basis"]


def test_a_failed_comparison_is_no_reason_to_hear_nothing() -> None:
    assert cut_short(None) == cut_short(AssertionError("0.0 is below 0.99")) == ""
    assert cut_short(RuntimeError("no room\nbacktrace")) == (
        "the execution that was inspected raised RuntimeError: no room"
    )


@pytest.fixture
def emulated() -> Iterator[tuple[Any, Any]]:
    finder = provide(choose("emulated:n300"))
    import ttnn

    device = ttnn.open_device(device_id=0)
    yield ttnn, device
    ttnn.close_device(device)
    withdraw(finder)


def test_calls_are_heard_with_their_results(emulated: tuple[Any, Any]) -> None:
    """What is read and written, which calls the sweep times, and nothing that operations do inside of others."""
    ttnn, device = emulated
    profile = sys.getprofile()
    with recorded_calls() as recorder:
        given = ttnn.from_torch(torch.ones(64, 96), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
        space = ttnn.from_torch(torch.zeros(64, 96), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
        start = start_measuring_time()
        ttnn.matmul(given, given, transpose_b=True)
        ttnn.add(given, given, output_tensor=space)
        ttnn.subtract(space, given, output_tensor=space)
        ttnn.relu_(space) if hasattr(ttnn, "relu_") else ttnn.multiply_(space, 2.0)
        given[:32, :]
        stop_measuring_time(start)
        ttnn.split(given, 32, 1)

    assert sys.getprofile() is profile
    assert recorder.has_timed_region
    timed = {call.operation: call for call in recorder.timed_calls}
    assert [call.operation for call in recorder.calls[:2]] == ["from_torch", "from_torch"]
    matmul, add = timed["matmul"], timed["add"]
    assert [spec.shape for spec in (*matmul.inputs, *matmul.outputs)] == [(64, 96), (64, 96), (64, 64)]
    assert len(add.inputs) == len(timed["subtract"].inputs) == 2
    assert not any(call.gives_back for name, call in timed.items() if not name.endswith("_"))
    in_place = next(call for name, call in timed.items() if name.endswith("_") and not name.endswith("__"))
    assert len(in_place.inputs) == len(in_place.outputs) == 1
    split = recorder.calls[-1]
    assert not split.is_timed
    assert [spec.shape for spec in split.outputs] == [(64, 32)] * 3


def test_an_asic_of_a_board_is_what_counts(emulated: tuple[Any, Any]) -> None:
    """n300: two ASICs, of which a device is one, by its own grid."""
    ttnn, device = emulated
    facts = device_facts(device)
    assert facts == DeviceFacts("emulated", "n300", "n300", (8, 7), l1_bytes_per_core=1_463_968)
    assert not facts.has_times
    assert device_facts(None) is None
    mesh = ttnn.open_mesh_device(ttnn.MeshShape(1, 2))
    assert device_facts(mesh) == facts
    ttnn.close_mesh_device(mesh)
