"""The ttnn objects that can be stored, by class name, and what their constructors need to make them again.

ttnn's own ``to_json`` isn't used: its text changes from release to release, which would give every vector another id;
some classes lack it, and reading ``NdShardSpec``'s back ends the process.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

POSITIONAL: dict[str, Callable[[Any], tuple[Any, ...]]] = {
    "CoreCoord": lambda core: (core.x, core.y),
    "CoreRange": lambda cores: (cores.start, cores.end),
    "CoreRangeSet": lambda cores: (cores.ranges(),),
    "MemoryConfig": lambda config: (
        (config.buffer_type, config.nd_shard_spec)
        if config.shard_spec is None and config.nd_shard_spec is not None
        else (config.memory_layout, config.buffer_type, config.shard_spec)
    ),
    "NdShardSpec": lambda spec: (spec.shard_shape, spec.grid, spec.orientation, spec.shard_distribution_strategy),
    "Shape": lambda shape: (list(shape),),
    "ShardSpec": lambda spec: (spec.grid, list(spec.shape), spec.orientation),
    "Tile": lambda tile: (list(tile.tile_shape), bool(tile.transpose_within_face)),
    "UnaryWithParam": lambda operation: (operation.op_type, *operation.params),
}
"""The positional arguments that make an equal object."""

_MATMUL = "compute_with_storage_grid_size in0_block_w out_subblock_h out_subblock_w per_core_M per_core_N"
_MATMUL_MULTICAST = f"{_MATMUL} out_block_h out_block_w fuse_batch fused_activation allowed_worker_cores"
_MATMUL_DRAM = "in0_block_w per_core_M per_core_N fused_activation"
_SHARDED_GRID = "compute_with_storage_grid_size subblock_w block_h block_w"
_LAYER_NORM = "legacy_reduction legacy_rsqrt use_welford"

KEYWORDS: dict[str, str] = {
    "Conv2dConfig": (
        "weights_dtype activation deallocate_activation reallocate_halo_output config_tensors_in_dram "
        "act_block_h_override act_block_w_div reshard_if_not_optimal override_sharding_config shard_layout core_grid "
        "transpose_shards output_layout enable_act_double_buffer enable_weights_double_buffer full_inner_dim "
        "enable_kernel_stride_folding enable_activation_reuse force_split_reader override_output_sharding_config "
        "padding_mode"
    ),
    "CoreGrid": "x y",
    "LayerNormDefaultProgramConfig": _LAYER_NORM,
    "LayerNormShardedMultiCoreProgramConfig": f"{_SHARDED_GRID} inplace {_LAYER_NORM}",
    "MatmulMultiCoreReuseMultiCast1DProgramConfig": (
        f"{_MATMUL_MULTICAST} mcast_in0 gather_in0 hop_cores num_global_cb_receivers untilize_out stream_in1"
    ),
    "MatmulMultiCoreReuseMultiCastBatchedDRAMShardedProgramConfig": _MATMUL_DRAM,
    "MatmulMultiCoreReuseMultiCastDRAMShardedProgramConfig": f"{_MATMUL_DRAM} num_workers_per_dram_bank",
    "MatmulMultiCoreReuseMultiCastProgramConfig": f"{_MATMUL_MULTICAST} transpose_mcast",
    "MatmulMultiCoreReuseProgramConfig": f"{_MATMUL} allowed_worker_cores",
    "Op2DSliceConfig": "slice_type num_slices",
    "SDPAProgramConfig": (
        "compute_with_storage_grid_size sub_core_grids q_chunk_size k_chunk_size exp_approx_mode "
        "max_cores_per_head_batch max_k_splits matmul_math_fidelity segmented_accumulation"
    ),
    "SoftmaxDefaultProgramConfig": "",
    "SoftmaxShardedMultiCoreProgramConfig": _SHARDED_GRID,
    "WormholeComputeKernelConfig": (
        "math_fidelity math_approx_mode fp32_dest_acc_en packer_l1_acc dst_full_sync_en throttle_level"
    ),
}
"""The keywords, separated by spaces, that make a like object; attributes of the same names hold their values."""


def arguments_of(value: Any) -> list[Any] | dict[str, Any] | None:
    """The positional or keyword arguments that make ``value`` again; None where its class isn't in the tables.

    A keyword is left out where the value is None, the default wherever None is allowed, and where this release of ttnn
    lacks it. Raises ``ValueError`` for an object that holds more than its constructor takes.
    """
    name = type(value).__name__
    if name in KEYWORDS:
        given = {keyword: getattr(value, keyword, None) for keyword in KEYWORDS[name].split()}
        return {keyword: item for keyword, item in given.items() if item is not None}
    if name not in POSITIONAL:
        return None
    arguments = POSITIONAL[name](value)
    # Experimental flags, and what a tensor adds to its own memory config, have no place in the constructor.
    if name == "MemoryConfig" and type(value)(*arguments) != value:
        raise ValueError(value)
    return list(arguments)
