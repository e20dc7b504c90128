"""What an operation computes and moves, against numbers worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure.roofline import OperationCall, Uncounted
from pytest_ttnn_sweeps.measure.roofline.fidelity import fidelity_of
from pytest_ttnn_sweeps.measure.roofline.model import workload
from pytest_ttnn_sweeps.measure.roofline.operands import padded, size_bytes
from pytest_ttnn_sweeps.measure.roofline.products import product
from pytest_ttnn_sweeps.measure.roofline.traffic import Traffic, is_idle, traffic
from pytest_ttnn_sweeps.measure.roofline.workload import Workload
from pytest_ttnn_sweeps.traced.values import (
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    ShardSpec,
    Struct,
    TensorSpec,
    Value,
)

DRAM = MemoryConfig("INTERLEAVED", "DRAM")
L1 = MemoryConfig("INTERLEAVED", "L1")
SHARDS = ShardSpec((CoreRange(Core(0, 0), Core(7, 1)),), (32, 64), "ROW_MAJOR")
SHARDED = MemoryConfig("HEIGHT_SHARDED", "L1", SHARDS)
LOFI = Struct("WormholeComputeKernelConfig", (("math_fidelity", Enumerator("MathFidelity", "LoFi")),))


def tensor(*shape: int, dtype: str = "BFLOAT16", layout: str = "TILE", memory: MemoryConfig = DRAM) -> TensorSpec:
    return TensorSpec(shape, dtype, layout, memory, "DEVICE")


def call(operation: str, *inputs: TensorSpec, result: TensorSpec | None = None, **keywords: Any) -> OperationCall:
    values: dict[str, Value] = keywords
    outputs = () if result is None else (result,)
    return OperationCall(operation, inputs, outputs, positional=inputs, keywords=values)


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        (tensor(1, 1, 32, 32), 2048),
        (tensor(1, 3, 33, 64), 3 * 2 * 2 * 2048),
        (tensor(100, 100, dtype="BFLOAT8_B"), 16 * 1088),
        (tensor(100, 100, dtype="BFLOAT4_B"), 16 * 576),
        (tensor(31, 1, dtype="FLOAT32"), 4096),
        (tensor(5), 2048),
        (tensor(), 2048),
        (tensor(1, 50, 50, layout="ROW_MAJOR"), 5000),
        (tensor(7, dtype="UINT32", layout="ROW_MAJOR"), 28),
        (tensor(0, 32), 0),
    ],
)
def test_sizes_are_those_of_whole_tiles(spec: TensorSpec, size: int) -> None:
    assert size_bytes(spec) == size


def test_padding_that_was_recorded_counts() -> None:
    spec = TensorSpec((1, 1, 32, 32), "BFLOAT16", "TILE", DRAM, "DEVICE", padded_shape=(1, 1, 64, 32))
    assert padded(spec) == (1, 1, 64, 32)
    assert size_bytes(spec) == 4096


def test_an_unknown_dtype_or_layout_is_no_size() -> None:
    with pytest.raises(Uncounted, match="FP8_E4M3"):
        size_bytes(tensor(32, 32, dtype="FP8_E4M3"))
    with pytest.raises(Uncounted, match="layout"):
        size_bytes(TensorSpec((32, 32), "BFLOAT16", None, DRAM, "DEVICE"))


def test_a_product_is_counted_by_tiles_and_phases() -> None:
    """512 x 1024 x 2048 is 16 x 32 x 64 tiles of 16 cycles a phase; 33 rows are two tiles of them."""
    work = product(512, 1024, 2048, 2)
    assert (work.flop, work.core_cycles) == (2 * 512 * 1024 * 2048, 16 * 32 * 64 * 16 * 2)
    narrow = product(33, 64, 1, 4, batch=3)
    assert (narrow.flop, narrow.core_cycles) == (2 * 3 * 33 * 64, 3 * 2 * 2 * 1 * 16 * 4)


@pytest.mark.parametrize(
    ("left", "right", "keywords", "flop"),
    [
        ((64, 32), (32, 96), {}, 2 * 64 * 32 * 96),
        ((2, 3, 64, 32), (32, 96), {}, 6 * 2 * 64 * 32 * 96),
        ((1, 3, 64, 32), (2, 1, 32, 96), {}, 6 * 2 * 64 * 32 * 96),
        ((32, 64), (96, 32), {"transpose_a": True, "transpose_b": True}, 2 * 64 * 32 * 96),
        ((32,), (32, 96), {}, 2 * 32 * 96),
        ((64, 32), (32,), {}, 2 * 64 * 32),
    ],
)
def test_products_broadcast_and_transpose(
    left: tuple[int, ...], right: tuple[int, ...], keywords: dict[str, Any], flop: int
) -> None:
    work = workload(call("matmul", tensor(*left), tensor(*right), **keywords))
    assert work is not None
    assert work.flop == flop


@pytest.mark.parametrize(
    ("dtypes", "keywords", "fidelity"),
    [
        (("BFLOAT16", "BFLOAT16"), {}, "HiFi2"),
        (("BFLOAT8_B", "BFLOAT4_B"), {}, "LoFi"),
        (("BFLOAT16", "BFLOAT8_B"), {}, "HiFi2"),
        (("FLOAT32", "FLOAT32"), {"core_grid": Struct("CoreGrid", ())}, "HiFi4"),
        (("BFLOAT16", "BFLOAT16"), {"core_grid": Struct("CoreGrid", ())}, "LoFi"),
        (("BFLOAT16", "BFLOAT16"), {"compute_kernel_config": LOFI}, "LoFi"),
    ],
)
def test_fidelity_is_the_calls_or_ttnns_default(
    dtypes: tuple[str, str], keywords: dict[str, Any], fidelity: str
) -> None:
    left, right = (tensor(64, 64, dtype=dtype) for dtype in dtypes)
    assert fidelity_of(call("matmul", left, right, **keywords)) == fidelity


def test_a_convolution_is_a_product_of_patches() -> None:
    """ResNet's first layer: 112 x 112 patches of 7 x 7 x 3 by 64 kernels, LoFi."""
    keywords: dict[str, Any] = {
        "input_tensor": tensor(1, 224, 224, 3, layout="ROW_MAJOR"),
        "weight_tensor": tensor(64, 3, 7, 7, layout="ROW_MAJOR"),
        "in_channels": 3,
        "out_channels": 64,
        "batch_size": 1,
        "input_height": 224,
        "input_width": 224,
        "kernel_size": (7, 7),
        "stride": (2, 2),
        "padding": (3, 3),
        "compute_config": LOFI,
        "device": Struct("MeshDevice", (("shape", (1, 1)),)),
    }
    conv = OperationCall("conv2d", (), (), keywords=keywords)
    work = workload(conv)
    assert work is not None
    assert work.flop == 2 * 112 * 112 * 147 * 64
    assert work.core_cycles == 392 * 5 * 2 * 16

    grouped = OperationCall("conv2d", (), (), keywords={**keywords, "in_channels": 64, "groups": 64})
    depthwise = workload(grouped)
    assert depthwise is not None
    assert depthwise.flop == 2 * 112 * 112 * 49 * 64
    four_sided = OperationCall("conv2d", (), (), keywords={**keywords, "padding": (3, 3, 3, 3)})
    assert workload(four_sided) == work


def test_attention_counts_what_the_mask_leaves() -> None:
    """b=1, 2 heads, 128 queries and keys of width 64: 4·2·128²·64 operations, and 128·129/2 pairs under the mask."""
    q = tensor(1, 2, 128, 64)
    full = workload(call("transformer.scaled_dot_product_attention", q, q, q, is_causal=False))
    causal = workload(call("transformer.scaled_dot_product_attention", q, q, q))
    assert full is not None
    assert causal is not None
    assert full.flop == 4 * 2 * 128 * 128 * 64
    assert full.core_cycles == full.flop / 4096 * 2  # HiFi2, ttnn's default
    assert causal.flop == 4 * 2 * (128 * 129 // 2) * 64
    windowed = call("transformer.scaled_dot_product_attention", q, q, q, sliding_window_size=32)
    assert workload(windowed) is None


@pytest.mark.parametrize(
    ("operation", "dtype", "flop", "cycles"),
    [
        ("add", "BFLOAT16", 10_000, 16 * 1024 / 128),
        ("add", "FLOAT32", 10_000, 16 * 1024 / 32),
        ("multiply", "BFLOAT16", 10_000, 16 * 1024 / 128 * 4),
        ("exp", "BFLOAT16", 10_000, 16 * 1024 / 32),
        ("relu_", "BFLOAT16", 10_000, 16 * 1024 / 32),
        ("sum", "BFLOAT16", 10_000, 16 * 1024 * 2 / 2048 * 4),
        ("max", "BFLOAT16", 10_000, 16 * 1024 / 256),
        ("softmax", "BFLOAT16", 50_000, 16 * 1024 / 32),
        ("layer_norm", "BFLOAT16", 50_000, 16 * 1024 / 128),
        ("rms_norm", "BFLOAT16", 30_000, 16 * 1024 / 128),
        ("permute", "BFLOAT16", 0, 0),
        ("to_memory_config", "BFLOAT16", 0, 0),
    ],
)
def test_steps_are_counted_by_element(operation: str, dtype: str, flop: int, cycles: float) -> None:
    """100 x 100 elements are 16 tiles."""
    given = tensor(100, 100, dtype=dtype)
    work = workload(call(operation, given, result=given))
    assert work is not None
    assert (work.flop, work.core_cycles) == (flop, cycles)


@pytest.mark.parametrize("operation", ["topk", "moreh_adam", "an.operation.of.tomorrow"])
def test_no_rule_is_no_work(operation: str) -> None:
    assert workload(call(operation, tensor(64, 64), result=tensor(64, 64))) is None


def test_operands_count_where_they_lie() -> None:
    """Tiles of DRAM, of L1 over all banks, and of a core's own shard: 64 KiB over 16 cores."""
    square, kept = tensor(512, 64), tensor(512, 64, memory=L1)
    assert traffic(call("add", square, kept, result=kept)) == Traffic(dram=65536, l1_interleaved=131072)
    shards = tensor(512, 64, memory=SHARDED)
    assert traffic(call("relu", shards, result=shards)) == Traffic(l1_local=4096.0)
    assert traffic(call("sharded_to_interleaved", shards, result=square)) == Traffic(dram=65536, l1_local=4096.0)


def test_what_is_chosen_is_what_is_read() -> None:
    """A slice reads as much as it writes, an embedding its indices and the rows that it takes."""
    whole, part = tensor(1024, 1024), tensor(1024, 32)
    assert traffic(call("slice", whole, result=part)).dram == 2 * 65536
    indices = tensor(1, 32, dtype="UINT32", layout="ROW_MAJOR")
    weights, rows = tensor(1000, 64, layout="ROW_MAJOR"), tensor(1, 32, 64, layout="ROW_MAJOR")
    assert traffic(call("embedding", indices, weights, result=rows)).dram == 128 + 2 * 4096


def test_what_may_be_free_counts_as_nothing() -> None:
    given, there = tensor(64, 64), tensor(64, 64, memory=L1)
    assert traffic(call("reshape", given, result=tensor(32, 128))) == Traffic()
    assert traffic(call("to_memory_config", given, result=given)) == Traffic()
    assert traffic(call("to_memory_config", given, result=there)) == Traffic(dram=8192, l1_interleaved=8192)
    same = OperationCall("permute", (given,), (given,), gives_back=True)
    assert traffic(same) == Traffic()
    assert traffic(call("zeros_like", given, result=given)) == Traffic(dram=8192)


@pytest.mark.parametrize(
    "operation",
    [
        "transformer.scaled_dot_product_attention_decode",
        "transformer.paged_scaled_dot_product_attention_decode",
        "update_cache",
        "all_gather",
        "experimental.paged_update_cache",
    ],
)
def test_what_depends_on_values_or_other_devices_is_not_counted(operation: str) -> None:
    with pytest.raises(Uncounted):
        traffic(call(operation, tensor(64, 64), result=tensor(64, 64)))


@pytest.mark.parametrize("operation", ["fill_cache", "kv_cache.fill_cache_for_user_"])
def test_filling_a_cache_moves_what_is_filled_in(operation: str) -> None:
    """64 x 64 of bfloat16 are read and written as bfloat8_b, however large the cache is."""
    cache = tensor(8, 1, 4096, 64, dtype="BFLOAT8_B")
    filling = OperationCall(operation, (cache, tensor(1, 1, 64, 64)), (cache,), gives_back=True)
    assert traffic(filling).dram == 4 * 2048 + 4 * 1088
    assert workload(filling) == Workload(0.0, 0.0)


def test_the_hosts_work_is_not_the_devices() -> None:
    host = TensorSpec((64, 64), "BFLOAT16", "ROW_MAJOR", None, "HOST")
    assert is_idle(call("from_torch", result=tensor(64, 64)))
    assert is_idle(call("pad", host, result=host))
    assert not is_idle(call("full", result=tensor(64, 64)))


shapes = st.tuples(st.integers(1, 200), st.integers(1, 200), st.integers(1, 200))


@given(shapes, shapes, st.integers(1, 4))
def test_products_grow_with_their_shapes(small: tuple[int, ...], more: tuple[int, ...], phase_count: int) -> None:
    """No side can grow and leave less to do; what the hardware does is never less than the mathematics."""
    large = tuple(one + other for one, other in zip(small, more))
    before, after = product(*small, phase_count), product(*large, phase_count)
    assert before.flop < after.flop
    assert before.core_cycles <= after.core_cycles
    assert before.flop * phase_count <= before.core_cycles * 4096


@given(
    st.lists(st.integers(1, 100), min_size=1, max_size=4),
    st.integers(0, 3),
    st.sampled_from(["BFLOAT16", "BFLOAT8_B", "BFLOAT4_B", "FLOAT32", "UINT8"]),
    st.sampled_from(["TILE", "ROW_MAJOR"]),
    st.integers(1, 50),
)
def test_bytes_grow_with_shapes(shape: list[int], axis: int, dtype: str, layout: str, more: int) -> None:
    """And never fall below those of the elements."""
    larger = list(shape)
    larger[axis % len(shape)] += more
    before, after = (size_bytes(tensor(*sizes, dtype=dtype, layout=layout)) for sizes in (shape, larger))
    assert before <= after
    count = 1
    for length in shape:
        count *= length
    assert before >= count * {"BFLOAT4_B": 0.5, "BFLOAT8_B": 1, "UINT8": 1, "FLOAT32": 4}.get(dtype, 2) - 1
