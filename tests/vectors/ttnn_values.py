"""One value, or several, of every ttnn type that the codec stores, made from whichever ttnn is given.

Run as a script where the ttnn wheel can be imported, it prints ``tests/data/ttnn_canonical_texts.json``, and with the
argument ``upstream`` ``tests/data/ttnn_upstream_texts.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def _grid(ttnn: Any) -> Any:
    return ttnn.CoreRangeSet(
        [
            ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(7, 3)),
            ttnn.CoreRange(ttnn.CoreCoord(0, 4), ttnn.CoreCoord(2, 4)),
        ]
    )


def _shards(ttnn: Any) -> Any:
    return ttnn.ShardSpec(_grid(ttnn), [224, 32], ttnn.ShardOrientation.COL_MAJOR)


def _nd_shards(ttnn: Any) -> Any:
    return ttnn.NdShardSpec(
        ttnn.Shape([2, 32, 64]),
        _grid(ttnn),
        ttnn.ShardOrientation.COL_MAJOR,
        ttnn.ShardDistributionStrategy.CONTIGUOUS_1D,
    )


def _sharded(ttnn: Any, layout: str) -> Any:
    return ttnn.MemoryConfig(getattr(ttnn.TensorMemoryLayout, layout), ttnn.BufferType.L1, _shards(ttnn))


def _matmul(ttnn: Any) -> dict[str, Any]:
    return {
        "compute_with_storage_grid_size": ttnn.CoreCoord(8, 7),
        "in0_block_w": 2,
        "out_subblock_h": 1,
        "out_subblock_w": 4,
        "per_core_M": 3,
        "per_core_N": 5,
    }


VALUES: dict[str, Callable[[Any], Any]] = {
    "data type": lambda ttnn: ttnn.bfloat8_b,
    "layout": lambda ttnn: ttnn.TILE_LAYOUT,
    "shard strategy": lambda ttnn: ttnn.ShardStrategy.WIDTH,
    "math fidelity": lambda ttnn: ttnn.MathFidelity.HiFi4,
    "bcast math": lambda ttnn: ttnn.BcastOpMath.MUL,
    "unary operation type": lambda ttnn: ttnn.UnaryOpType.SILU,
    "nested enum": lambda ttnn: ttnn.Op2DSliceConfig.SliceTypeEnum.DRAMSliceWidth,
    "coordinate": lambda ttnn: ttnn.CoreCoord(1, 2),
    "range": lambda ttnn: ttnn.CoreRange(ttnn.CoreCoord(1, 2), ttnn.CoreCoord(3, 4)),
    "range set": _grid,
    "empty range set": lambda ttnn: ttnn.CoreRangeSet([]),
    "grid": lambda ttnn: ttnn.CoreGrid(x=7, y=5),
    "shape": lambda ttnn: ttnn.Shape([1, 1, 64, 0]),
    "empty shape": lambda ttnn: ttnn.Shape([]),
    "tile": lambda ttnn: ttnn.Tile([16, 32]),
    "transposed tile": lambda ttnn: ttnn.Tile([32, 32], True),
    "shard spec": _shards,
    "n-dimensional shard spec": _nd_shards,
    "dram": lambda ttnn: ttnn.DRAM_MEMORY_CONFIG,
    "l1": lambda ttnn: ttnn.L1_MEMORY_CONFIG,
    "height sharded without spec": lambda ttnn: ttnn.L1_HEIGHT_SHARDED_MEMORY_CONFIG,
    "height sharded": lambda ttnn: _sharded(ttnn, "HEIGHT_SHARDED"),
    "block sharded": lambda ttnn: _sharded(ttnn, "BLOCK_SHARDED"),
    "n-dimensional shards": lambda ttnn: ttnn.MemoryConfig(ttnn.BufferType.L1, _nd_shards(ttnn)),
    "fused activation": lambda ttnn: ttnn.UnaryWithParam(ttnn.UnaryOpType.RELU),
    "fused activation, one parameter": lambda ttnn: ttnn.UnaryWithParam(ttnn.UnaryOpType.LEAKY_RELU, 0.1),
    "fused activation, two parameters": lambda ttnn: ttnn.UnaryWithParam(ttnn.UnaryOpType.SOFTPLUS, 1.0, 20.0),
    "kernel, default": lambda ttnn: ttnn.WormholeComputeKernelConfig(),
    "kernel": lambda ttnn: ttnn.WormholeComputeKernelConfig(
        math_fidelity=ttnn.MathFidelity.HiFi2,
        math_approx_mode=False,
        fp32_dest_acc_en=True,
        packer_l1_acc=True,
        dst_full_sync_en=True,
        throttle_level=ttnn.ThrottleLevel.LEVEL_2,
    ),
    "matmul": lambda ttnn: ttnn.MatmulMultiCoreReuseProgramConfig(**_matmul(ttnn)),
    "matmul on some cores": lambda ttnn: ttnn.MatmulMultiCoreReuseProgramConfig(
        **_matmul(ttnn), allowed_worker_cores=_grid(ttnn)
    ),
    "matmul multicast": lambda ttnn: ttnn.MatmulMultiCoreReuseMultiCastProgramConfig(
        **_matmul(ttnn), transpose_mcast=True, fused_activation=ttnn.UnaryWithParam(ttnn.UnaryOpType.GELU, 1.0)
    ),
    "matmul multicast 1d": lambda ttnn: ttnn.MatmulMultiCoreReuseMultiCast1DProgramConfig(
        **_matmul(ttnn), fuse_batch=True, mcast_in0=False, gather_in0=True, hop_cores=_grid(ttnn), out_block_h=1
    ),
    "matmul dram sharded": lambda ttnn: ttnn.MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig(
        in0_block_w=1, per_core_M=2, per_core_N=3
    ),
    "layer norm": lambda ttnn: ttnn.LayerNormDefaultProgramConfig(use_welford=True),
    "layer norm sharded": lambda ttnn: ttnn.LayerNormShardedMultiCoreProgramConfig(
        compute_with_storage_grid_size=ttnn.CoreCoord(8, 8), subblock_w=1, block_h=2, block_w=3, inplace=False
    ),
    "softmax": lambda ttnn: ttnn.SoftmaxDefaultProgramConfig(),
    "softmax sharded": lambda ttnn: ttnn.SoftmaxShardedMultiCoreProgramConfig(
        compute_with_storage_grid_size=ttnn.CoreCoord(8, 8), subblock_w=1, block_h=2, block_w=3
    ),
    "attention": lambda ttnn: ttnn.SDPAProgramConfig(
        compute_with_storage_grid_size=ttnn.CoreCoord(8, 8), q_chunk_size=128, k_chunk_size=64, exp_approx_mode=False
    ),
    "convolution, default": lambda ttnn: ttnn.Conv2dConfig(),
    "convolution": lambda ttnn: ttnn.Conv2dConfig(
        weights_dtype=ttnn.bfloat16,
        activation=ttnn.UnaryWithParam(ttnn.UnaryOpType.RELU),
        shard_layout=ttnn.TensorMemoryLayout.HEIGHT_SHARDED,
        core_grid=_grid(ttnn),
        act_block_h_override=64,
        enable_kernel_stride_folding=False,
    ),
    "slices": lambda ttnn: ttnn.Op2DSliceConfig(
        slice_type=ttnn.Op2DSliceConfig.SliceTypeEnum.DRAMSliceHeight, num_slices=4
    ),
    "operation": lambda ttnn: ttnn.relu,
    "operation below": lambda ttnn: ttnn.transformer.scaled_dot_product_attention,
    "nested": lambda ttnn: {"memory": [_sharded(ttnn, "WIDTH_SHARDED"), None], "dtype": (ttnn.bfloat16, 1.5)},
}


def canonical_texts(ttnn: Any) -> dict[str, str]:
    """The texts that vector ids are made of; asserts that each value comes back the same."""
    from pytest_ttnn_sweeps.vectors.codec import canonical_text, decode, encode

    texts = {}
    for name, make in VALUES.items():
        value = make(ttnn)
        again = decode(encode(value))
        texts[name] = canonical_text(value)
        assert type(again) is type(value), name
        assert canonical_text(again) == texts[name], name
        assert "object at" in repr(value) or repr(again) == repr(value), name
    return texts


UNWRITABLE = ("n-dimensional shard spec", "n-dimensional shards", "operation", "operation below")
"""ttnn's to_json gives a text for them that it can't read back, or they have none but a memory address."""


def upstream_texts(ttnn: Any) -> dict[str, Any]:
    """What upstream's generator writes for each value, by flavour; None for a text that names a memory address."""
    from pytest_ttnn_sweeps.vectors.upstream import FLAVOURS, serialised

    texts: dict[str, Any] = {}
    for name, make in VALUES.items():
        if name not in UNWRITABLE:
            wires = {flavour: serialised(make(ttnn), flavour) for flavour in FLAVOURS}
            texts[name] = {flavour: None if " at 0x" in str(wire) else wire for flavour, wire in wires.items()}
    return texts


if __name__ == "__main__":
    import json
    import sys

    import ttnn

    print(json.dumps((upstream_texts if sys.argv[1:] == ["upstream"] else canonical_texts)(ttnn), indent=1))
