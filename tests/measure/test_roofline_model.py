"""The least time of calls on a board: the vendor's own table, which tier sets it, and what it can't be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure.device_facts import DeviceFacts
from pytest_ttnn_sweeps.measure.roofline import (
    LAUNCH_NS,
    OperationCall,
    Peaks,
    UnknownBoard,
    peaks_of,
    roofline,
)
from pytest_ttnn_sweeps.measure.roofline.model import Bound, Tier, _bound_of
from pytest_ttnn_sweeps.measure.roofline.peaks import l1_bytes_per_core, phases_of
from pytest_ttnn_sweeps.measure.roofline.products import product
from pytest_ttnn_sweeps.traced.values import Enumerator, MemoryConfig, Struct, TensorSpec

DATA = Path(__file__).parents[1] / "data" / "gemm_flops_sample.json"
SAMPLE: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
DRAM, L1 = MemoryConfig("INTERLEAVED", "DRAM"), MemoryConfig("INTERLEAVED", "L1")


def facts(board: str | None = "n150", **changes: Any) -> DeviceFacts:
    return replace(DeviceFacts("silicon", board, str(board)), **changes)


N150 = peaks_of(facts())


def tensor(*shape: int, memory: MemoryConfig = DRAM) -> TensorSpec:
    return TensorSpec(shape, "BFLOAT16", "TILE", memory, "DEVICE")


def matmul(m: int, k: int, n: int, memory: MemoryConfig = DRAM, fidelity: str = "LoFi") -> OperationCall:
    config = Struct("WormholeComputeKernelConfig", (("math_fidelity", Enumerator("MathFidelity", fidelity)),))
    left, right, result = tensor(m, k, memory=memory), tensor(k, n, memory=memory), tensor(m, n, memory=memory)
    return OperationCall("matmul", (left, right), (result,), keywords={"compute_kernel_config": config})


@pytest.mark.parametrize("row", SAMPLE["rows"], ids=lambda row: f"{row['architecture']} {row['dtype']} {row['mkn']}")
def test_products_are_the_vendors(row: dict[str, Any]) -> None:
    """The share of the peak that the vendor publishes is ours, to a hundredth of a percentage point."""
    peaks = peaks_of(facts("p100" if row["architecture"] == "blackhole" else "n150"))
    m, k, n = row["mkn"]
    work = product(m, k, n, phases_of(row["fidelity"]))
    measured_ns = work.flop / row["tflops"] / 1e3
    share = peaks.compute_ns(work.core_cycles) / measured_ns
    assert 100 * share == pytest.approx(100 * row["fraction_of_peak"], abs=0.01)


@pytest.mark.parametrize(
    ("board", "cores", "lofi", "dram"),
    [("n150", 64, 262.144, 288), ("n300", 56, 229.376, 288), ("p100", 110, 608.256, 448), ("p150", 110, 608.256, 512)],
)
def test_peaks_are_the_published_ones_of_one_asic(board: str, cores: int, lofi: float, dram: float) -> None:
    """An n300 is two ASICs of 288 GB/s and 8x7 cores each, not one of twice that."""
    peaks = peaks_of(facts(board))
    assert (peaks.cores, peaks.dram_gb_s) == (cores, dram)
    assert peaks.tflops(1) == pytest.approx(lofi)
    assert peaks.tflops(4) == pytest.approx(lofi / 4)
    assert len(peaks.assumed) == 2


def test_a_device_knows_better_than_a_table() -> None:
    """A harvested grid and a lower clock make a lower peak, and nothing is assumed any more."""
    peaks = peaks_of(facts("p150", grid=(13, 10), clock_mhz=1000.0))
    assert peaks.tflops(1) == pytest.approx(4096 * 130 / 1e3)
    assert peaks.assumed == ()


@pytest.mark.parametrize("board", [None, "galaxy"])
def test_an_unknown_board_has_no_peaks(board: str | None) -> None:
    with pytest.raises(UnknownBoard, match="no figures for"):
        peaks_of(facts(board))
    assert l1_bytes_per_core(str(board)) is None


def test_a_large_product_computes_and_a_thin_one_reads() -> None:
    """4096³ bfloat16 at LoFi: 2097152 tile products of 16 cycles over 64 cores, 96 MiB of DRAM traffic."""
    large = roofline([matmul(4096, 4096, 4096)], N150)
    assert large.bound == "compute"
    assert large.ideal_ns == 128**3 * 16 / 64
    assert large.byte_count == 3 * 4096 * 4096 * 2
    assert large.flop_count == 2 * 4096**3
    thin = roofline([matmul(32, 4096, 4096)], N150)
    assert thin.bound == "dram"
    assert thin.ideal_ns == pytest.approx((2 * 32 * 4096 + 4096 * 4096) * 2 / 288)


def test_l1_is_not_drams_bandwidth() -> None:
    """The same operands in L1 go over the NoC, at 64 bytes a cycle for each of 64 cores."""
    call = OperationCall("relu", (tensor(4096, 4096, memory=L1),), (tensor(4096, 4096, memory=L1),))
    (part,) = roofline([call], N150).calls
    assert part.times["dram"] == 0
    assert part.times["noc"] == 2 * 4096 * 4096 * 2 / 4096
    permuted = replace(call, operation="permute")
    assert roofline([permuted], N150).bound == "noc"


@pytest.mark.parametrize(
    ("times", "bound"),
    [
        ({"compute": 100.0, "dram": 80.0, "noc": 1.0, "l1": 0.0}, "compute"),
        ({"compute": 100.0, "dram": 90.0, "noc": 1.0, "l1": 0.0}, "ambiguous"),
        ({"compute": 80.0, "dram": 100.0, "noc": 100.0, "l1": 0.0}, "ambiguous"),
        ({"compute": 0.0, "dram": 0.0, "noc": 0.0, "l1": 5.0}, "l1"),
    ],
)
def test_two_tiers_as_slow_as_each_other_are_ambiguous(times: dict[Tier, float], bound: Bound) -> None:
    assert _bound_of(times) == bound


def test_what_launches_longer_than_it_works_is_bound_by_launching() -> None:
    small, large = roofline([matmul(32, 32, 32)], N150), roofline([matmul(4096, 4096, 4096)], N150)
    assert small.ideal_ns < LAUNCH_NS < large.ideal_ns
    assert (small.bound, large.bound) == ("launch", "compute")


def test_calls_add_up_and_the_longest_sets_the_bound() -> None:
    product_call, reading = matmul(4096, 4096, 4096), matmul(32, 4096, 4096)
    both = roofline([product_call, reading], N150)
    alone = [roofline([call], N150).ideal_ns for call in (product_call, reading)]
    assert both.ideal_ns == sum(alone)
    assert both.bound == "compute"
    assert roofline([product_call, *[reading] * 4], N150).bound == "ambiguous"


def test_what_is_not_known_is_told() -> None:
    """No rule: bytes only and no count of operations. Bytes that depend on values: not counted, with the reason."""
    topk = OperationCall("topk", (tensor(32, 64),), (tensor(32, 32), tensor(32, 32)))
    update = OperationCall("update_cache", (tensor(32, 64),), (tensor(32, 64),))
    found = roofline([topk, update], N150)
    assert found.bytes_only == ["topk"]
    assert found.flop_count is None
    assert found.byte_count == (2 + 1 + 1) * 2048
    assert "depends on values" in found.uncounted["update_cache"]
    assert roofline([], N150).bound is None
    assert roofline([update], N150).bound is None


side = st.integers(1, 4096)
boards = st.sampled_from(["n150", "n300", "p100", "p150"])


@given(side, side, side, st.integers(0, 2), st.integers(1, 512), boards)
def test_more_work_takes_no_less_time(m: int, k: int, n: int, axis: int, more: int, board: str) -> None:
    """Bytes, operations and the least time never fall when a side grows."""
    peaks = peaks_of(facts(board))
    sides = [m, k, n]
    sides[axis] += more
    before, after = roofline([matmul(m, k, n)], peaks), roofline([matmul(*sides)], peaks)
    assert before.ideal_ns <= after.ideal_ns
    assert before.byte_count <= after.byte_count
    assert before.flop_count is not None
    assert after.flop_count is not None
    assert before.flop_count < after.flop_count


@given(side, side, side, st.sampled_from(["LoFi", "HiFi2", "HiFi3", "HiFi4"]), boards)
def test_no_product_beats_the_peak(m: int, k: int, n: int, fidelity: str, board: str) -> None:
    """At its ideal time a product does no more than the vendor says the board does, nor moves more."""
    peaks: Peaks = peaks_of(facts(board))
    found = roofline([matmul(m, k, n, fidelity=fidelity)], peaks)
    assert found.flop_count is not None
    assert 0 < found.flop_count / found.ideal_ns / 1e3 <= peaks.tflops(phases_of(fidelity)) * (1 + 1e-9)
    assert found.byte_count / found.ideal_ns <= peaks.dram_gb_s * (1 + 1e-9)
