"""Padding: on the device, and of a host tensor, whose logical shape stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from ..coordinates import CoreRangeSet
from ..enums import Layout, StorageType, TensorMemoryLayout
from ..errors import fatal, incompatible, throw
from ..memory_config import MemoryConfig, ShardSpec
from ..operation import ANYWHERE, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .arrangement import Sizes
from .result import output, working

_RANK = 4


def _pairs(padding: Any, rank: int) -> list[tuple[int, int]]:
    pairs = [(int(front), int(back)) for front, back in padding]
    if len(pairs) > rank:
        raise fatal("ttnn.pad: padding len can't be larger than input tensor rank")
    return [(0, 0)] * (rank - len(pairs)) + pairs


def _pad(input_tensor: torch.Tensor, padding: Any, *rest: Any, value: float = 0.0) -> torch.Tensor:
    if len(rest) == 2 or not isinstance(padding[0], (tuple, list)):  # a shape and the start in it
        start = rest[0]
        padding = [(s, whole - s - n) for whole, s, n in zip(padding, start, input_tensor.shape, strict=True)]
    flat = [side for pair in reversed(_pairs(padding, input_tensor.dim())) for side in pair]
    return functional.pad(input_tensor, flat, value=rest[-1] if rest else value)


def _padded(tensor: Tensor, pairs: list[tuple[int, int]], value: float, memory_config: MemoryConfig | None) -> Tensor:
    if tensor.storage_type() is StorageType.HOST:
        return _padded_on_host(tensor, pairs, value)
    if tensor.layout is Layout.TILE and any(front for front, _ in pairs):
        raise fatal("ttnn.pad: on device tile padding does not support front padding")
    values = _pad(working(tensor), pairs, value)
    return output(values, tensor, memory_config=memory_config or _widened_placement(tensor, values))


def _padded_on_host(tensor: Tensor, pairs: list[tuple[int, int]], value: float) -> Tensor:
    """What ttnn makes of a host tensor: more is stored, and the logical shape, which stays, shows the front of it."""
    stored = [_pad(part, pairs, value) for part in tensor.parts]
    window = tuple(slice(size) for size in tensor.shape)
    return Tensor.distribute(
        [part[window] for part in stored],
        dtype=tensor.dtype,
        layout=tensor.layout,
        tile=tensor.tile,
        padded_to=stored[0].shape,
        # Elements that front padding pushes out of the logical shape are padding now, of no one value.
        padding=None if any(front for front, _ in pairs) else value,
    )


def _widened_placement(tensor: Tensor, values: torch.Tensor) -> MemoryConfig:
    """Where a padded tensor goes: ttnn makes shards by height wider, and leaves other shards as they are."""
    config = tensor.memory_config()
    spec = config.shard_spec
    if spec is None or config.memory_layout is not TensorMemoryLayout.HEIGHT_SHARDED:
        return config
    unit = TILE_SIZE if tensor.layout is Layout.TILE else 1
    width = -(-values.shape[-1] // unit) * unit
    return MemoryConfig(
        config.memory_layout, config.buffer_type, ShardSpec(spec.grid, [spec.shape[0], width], spec.orientation)
    )


def _pad_to_shape(
    input_tensor: Tensor,
    output_padded_shape: Sizes,
    input_tensor_start: Sizes,
    value: float,
    *,
    use_multicore: bool = True,
    memory_config: MemoryConfig | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    if len(output_padded_shape) != _RANK or len(input_tensor_start) != _RANK:  # ttnn takes four numbers of each
        raise incompatible("ttnn.pad", input_tensor, output_padded_shape, input_tensor_start)
    rank = len(input_tensor.shape)
    if rank < _RANK:
        raise throw(f"ShapeBase[] index out of range. {rank} not in [{-_RANK}, {rank})")
    sizes = zip(output_padded_shape, input_tensor_start, input_tensor.shape, strict=True)
    pairs = [(start, whole - start - size) for whole, start, size in sizes]
    if any(back < 0 for _, back in pairs):
        raise fatal("Output size cannot fit input with offset")
    return _padded(input_tensor, pairs, value, memory_config)


@operation("ttnn.pad", _pad, others=[_pad_to_shape], operands=ANYWHERE)
def pad(
    input_tensor: Tensor,
    padding: Sequence[Sequence[int]],
    value: float,
    *,
    use_multicore: bool = True,
    memory_config: MemoryConfig | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensor with ``value`` before and after it, for each of the last dimensions as many as ``padding`` says."""
    if any(side < 0 for pair in padding for side in pair):
        raise TypeError("ttnn.pad(): incompatible function arguments: 'padding' has a negative number.")
    return _padded(input_tensor, _pairs(padding, len(input_tensor.shape)), value, memory_config)
