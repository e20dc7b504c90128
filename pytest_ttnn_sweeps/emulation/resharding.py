"""From one place in a device's memory to another: interleaved or sharded, DRAM or L1, and copies."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch

from .conversion import DEVICE_ONLY, unchanged
from .coordinates import CoreCoord, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from .enums import BufferType, DataType, Layout, ShardOrientation, StorageType, TensorMemoryLayout
from .errors import fatal, incompatible
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig, ShardSpec
from .operation import ANYWHERE, operation
from .tensor import Tensor
from .tensor_layout import place


def _moved(tensor: Tensor, memory_config: MemoryConfig, dtype: DataType | None, refusal: str) -> Tensor:
    if dtype not in (None, tensor.dtype) and tensor.layout is not Layout.TILE:
        raise fatal(refusal)
    return tensor.placed(device=tensor.device(), memory_config=memory_config, dtype=dtype)


@operation("ttnn.to_memory_config", unchanged, operands=DEVICE_ONLY)
def to_memory_config(
    tensor: Tensor,
    memory_config: MemoryConfig,
    dtype: DataType | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """The tensor in another place; one that is there already is returned as it is, whatever dtype is asked."""
    if not isinstance(memory_config, MemoryConfig):
        raise incompatible("ttnn.to_memory_config", tensor, memory_config)
    if output_tensor is not None:
        output_tensor.overwrite(tensor.values)
        return output_tensor
    if tensor.memory_config() == memory_config:
        return tensor.shared()
    return _moved(tensor, memory_config, dtype, "Only tile layout supports dtype conversion")


def _interleaved_to_sharded(
    input_tensor: Tensor,
    sharded_memory_config: MemoryConfig,
    output_dtype: DataType | None = None,
    *,
    keep_l1_aligned: bool | None = False,
    preallocated_output: Tensor | None = None,
) -> Tensor:
    dtype = output_dtype or input_tensor.dtype
    place(tuple(input_tensor.shape), dtype, input_tensor.layout, input_tensor.tile, sharded_memory_config)
    if input_tensor.is_sharded():
        layout = input_tensor.memory_config().memory_layout.name
        raise fatal(f"Input tensor memory layout must be INTERLEAVED, but got TensorMemoryLayout::{layout}")
    if not sharded_memory_config.is_sharded():
        raise fatal("Output memory config must be sharded")
    if preallocated_output is not None:
        preallocated_output.overwrite(input_tensor.values)
        return preallocated_output
    refusal = "Input tensor layout must be TILE when dtype conversion is needed"
    return _moved(input_tensor, sharded_memory_config, output_dtype, refusal)


@operation("ttnn.interleaved_to_sharded", unchanged, operands=DEVICE_ONLY, others=[_interleaved_to_sharded])
def interleaved_to_sharded(
    input_tensor: Tensor,
    grid: CoreCoord | CoreRangeSet,
    shard_shape: Sequence[int],
    shard_scheme: TensorMemoryLayout,
    shard_orientation: ShardOrientation,
    output_dtype: DataType | None = None,
    *,
    keep_l1_aligned: bool | None = False,
) -> Tensor:
    """An interleaved tensor in L1 shards of ``shard_shape``, on as many cores of ``grid`` as there are shards."""
    cores = grid if isinstance(grid, CoreRangeSet) else _cores_for(input_tensor, grid, shard_shape, shard_scheme)
    spec = ShardSpec(cores, shard_shape, shard_orientation)
    return _interleaved_to_sharded(input_tensor, MemoryConfig(shard_scheme, BufferType.L1, spec), output_dtype)


def _cores_for(
    tensor: Tensor, grid: CoreCoord, shard_shape: Sequence[int], shard_scheme: TensorMemoryLayout
) -> CoreRangeSet:
    *batch, width = tensor.padded_shape
    if shard_scheme is TensorMemoryLayout.BLOCK_SHARDED:
        return CoreRangeSet([CoreRange((0, 0), (grid.x - 1, grid.y - 1))])
    by_height = shard_scheme is TensorMemoryLayout.HEIGHT_SHARDED
    shards = -(-prod(batch) // shard_shape[0]) if by_height else -(-width // shard_shape[1])
    return num_cores_to_corerangeset(shards, grid, row_wise=True)


@operation("ttnn.sharded_to_interleaved", unchanged, operands=ANYWHERE)
def sharded_to_interleaved(
    input_tensor: Tensor, memory_config: MemoryConfig | None = None, output_dtype: DataType | None = None
) -> Tensor:
    """A sharded tensor with its pages round all banks, by default of DRAM; any other is returned as it is."""
    if not input_tensor.is_sharded():
        return input_tensor.shared()
    target = memory_config or DRAM_MEMORY_CONFIG
    if target.is_sharded():
        raise fatal("Output memory config must be Interleaved")
    return _moved(input_tensor, target, output_dtype, "If diff output type, tensor must be TILED")


@operation("ttnn.reshard", unchanged, operands=DEVICE_ONLY)
def reshard(input_tensor: Tensor, output_memory_config: MemoryConfig, output_tensor: Tensor | None = None) -> Tensor:
    """A sharded tensor in other shards."""
    if not input_tensor.is_sharded():
        raise fatal("input must be sharded")
    if not output_memory_config.is_sharded():
        raise fatal("output must be sharded")
    if output_tensor is not None:
        output_tensor.overwrite(input_tensor.values)
        return output_tensor
    return input_tensor.placed(device=input_tensor.device(), memory_config=output_memory_config)


def _reallocated(tensor: Tensor, memory_config: MemoryConfig | None) -> Tensor:
    if tensor.storage_type() is StorageType.HOST:
        raise fatal("Expected Tensor with DeviceStorage, got StorageType::HOST")
    if memory_config is not None and memory_config.is_sharded():
        placed = memory_config
        own = tensor.memory_config().shard_spec
        if placed.shard_spec is None and placed.nd_shard_spec is None and own is not None:
            placed = MemoryConfig(placed.memory_layout, placed.buffer_type, own)
        place(tuple(tensor.shape), tensor.dtype, tensor.layout, tensor.tile, placed)
    elif memory_config is not None and tensor.is_sharded():
        raise fatal("Expected output tensor memory config to be sharded")
    on_host, device = tensor.cpu(), tensor.device()
    tensor.deallocate(force=True)
    return on_host.placed(device=device, memory_config=memory_config)


@operation("ttnn.move", unchanged, operands=ANYWHERE)
def move(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The tensor in newly allocated memory; the old memory is given back first, so that the new may overlap it."""
    return _reallocated(input_tensor, memory_config)


@operation("ttnn.reallocate", unchanged, operands=ANYWHERE)
def reallocate(tensor: Tensor, memory_config: MemoryConfig | None = None) -> Tensor:
    """``ttnn.move`` under its newer name."""
    return _reallocated(tensor, memory_config)


def _through_dtype(input: torch.Tensor, dtype: DataType | None = None) -> torch.Tensor:
    return input.clone() if dtype is None else Tensor(input, dtype).to_torch()


@operation("ttnn.clone", _through_dtype, operands=DEVICE_ONLY)
def clone(
    input: Tensor,
    *,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
) -> Tensor:
    """A copy with memory of its own."""
    target, own = memory_config or input.memory_config(), input.memory_config()
    if target.is_sharded():
        place(tuple(input.shape), dtype or input.dtype, input.layout, input.tile, target)
    if target.is_sharded() and own.is_sharded() and target.memory_layout is not own.memory_layout:
        raise fatal("Clone: input and output must have the same memory layout when both are sharded")
    if target.memory_layout is not input.memory_config().memory_layout:
        raise fatal(
            "Clone: mixed sharded/interleaved layout not currently supported. Both input and output must have the "
            "same layout."
        )
    return _moved(input, target, dtype, "Clone: data type conversion is only supported with tile layout")


@operation("ttnn.copy", unchanged, operands=DEVICE_ONLY)
def copy(input_a: Tensor, input_b: Tensor) -> Tensor:
    """Put the values of ``input_a`` into ``input_b``."""
    if tuple(input_a.shape) != tuple(input_b.shape):
        raise fatal(f"Input tensor shape {input_a.shape} does not match output tensor shape {input_b.shape}")
    input_b.overwrite(input_a.values)
    return input_b


@operation("ttnn.assign", unchanged, operands=DEVICE_ONLY, others=[copy])
def assign(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig,
    dtype: DataType | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """A copy in ``memory_config``, or the values put into ``output_tensor``."""
    if output_tensor is not None:
        output_tensor.overwrite(input_tensor.values)
        return output_tensor
    return _moved(input_tensor, memory_config, dtype, "Only tile layout supports dtype conversion")
