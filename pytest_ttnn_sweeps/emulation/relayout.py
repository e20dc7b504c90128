"""Between rows and tiles: ``to_layout``, ``tilize`` and ``untilize`` and their padding forms."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import torch

from .conversion import DEVICE_ONLY, HOST_OR_DEVICE, unchanged
from .coordinates import CoreRangeSet
from .enums import DataType, Layout, StorageType, TensorMemoryLayout
from .errors import NotEmulated, fatal
from .memory_config import MemoryConfig, ShardSpec
from .operation import operation
from .shape import Shape, Tile
from .storage_format import BLOCK_FLOATS
from .tensor import Tensor

_PADDABLE = frozenset({DataType.BFLOAT16, DataType.FLOAT32, DataType.INT32, DataType.UINT32, DataType.UINT16})


@operation("ttnn.to_layout", unchanged, operands=HOST_OR_DEVICE)
def to_layout(
    tensor: Tensor,
    layout: Layout,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    sub_core_grids: CoreRangeSet | None = None,
    pad_value: float = 0.0,
) -> Tensor:
    """The tensor in another layout; one that has the layout already is returned as it is, whatever else is asked."""
    if tensor.layout is layout:
        return tensor.shared()
    if tensor.storage_type() is StorageType.HOST:
        return _laid_out_on_host(tensor, layout)
    if layout is Layout.TILE:
        return _tilized(tensor, dtype, memory_config, pad_value, refuses_bytes=_is_ragged(tensor))
    if dtype not in (None, tensor.dtype) and (tensor.dtype, dtype) != (DataType.BFLOAT8_B, DataType.BFLOAT16):
        raise fatal(
            "dtype cannot be different from tensor dtype when converting to ROW_MAJOR_LAYOUT on device (allowed "
            "exception: BFLOAT8_B -> BFLOAT16, which untilize handles natively)!"
        )
    if memory_config is None and tensor.is_padded:
        memory_config = _for_rows(tensor.memory_config(), tensor.shape)
    return _untilized(tensor, memory_config)


def _laid_out_on_host(tensor: Tensor, layout: Layout) -> Tensor:
    if tensor.dtype not in BLOCK_FLOATS:
        return tensor.placed(device=None, layout=layout)
    if tensor.shape != tensor.padded_shape:
        raise fatal("Tensor layout must be ROW_MAJOR for unpadding")
    return tensor.shared()  # still in tiles, which ttnn leaves unsaid


def _tiled_sizes(tensor: Tensor) -> tuple[int, ...]:
    *batch, height, width = (1, 1, *tensor.shape)
    tile = tensor.tile
    tile_height, tile_width = tile.tile_shape
    return (*batch, -(-height // tile_height) * tile_height, -(-width // tile_width) * tile_width)


def _is_ragged(tensor: Tensor) -> bool:
    return _tiled_sizes(tensor) != (1, 1, *tensor.padded_shape)


def _tilized(
    tensor: Tensor,
    dtype: DataType | None,
    memory_config: MemoryConfig | None,
    pad_value: float = 0.0,
    *,
    refuses_bytes: bool,
) -> Tensor:
    if tensor.layout is Layout.TILE:
        raise fatal("Can only tilize row major data")
    if refuses_bytes and tensor.dtype not in _PADDABLE:
        raise fatal("Can only tilize bfloat16/float32 or int32/uint32/uint16 or fp8_e4m3 tensors")
    return tensor.placed(
        device=tensor.device(), layout=Layout.TILE, dtype=dtype, memory_config=memory_config, padding=pad_value
    )


def _with_shards(config: MemoryConfig, *, height: int | None = None, width: int | None = None) -> MemoryConfig:
    """``config`` with shards of ``height`` where it cuts the width only, and of ``width`` where only the height."""
    spec, layout = config.shard_spec, config.memory_layout
    if spec is None:
        return config
    shape = spec.shape
    if height is not None and layout is TensorMemoryLayout.WIDTH_SHARDED:
        shape[0] = height
    if width is not None and layout is TensorMemoryLayout.HEIGHT_SHARDED:
        shape[1] = width
    return MemoryConfig(layout, config.buffer_type, ShardSpec(spec.grid, shape, spec.orientation))


def _for_rows(config: MemoryConfig, shape: Shape) -> MemoryConfig:
    *batch, width = shape
    return _with_shards(config, height=prod(batch), width=width)


def _dtype_of_rows(tensor: Tensor) -> DataType:
    if tensor.layout is not Layout.TILE:
        raise fatal("Can only untilize tile major data")
    return DataType.BFLOAT16 if tensor.dtype is DataType.BFLOAT8_B else tensor.dtype


def _untilized(tensor: Tensor, memory_config: MemoryConfig | None) -> Tensor:
    dtype = _dtype_of_rows(tensor)
    return tensor.placed(device=tensor.device(), layout=Layout.ROW_MAJOR, dtype=dtype, memory_config=memory_config)


@operation("ttnn.tilize", unchanged, operands=DEVICE_ONLY)
def tilize(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    use_multicore: bool = True,
    use_low_perf: bool = False,
    tile: Tile | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A row-major tensor of whole tiles in tiles."""
    if input_tensor.layout is Layout.ROW_MAJOR:
        height, width = (1, 1, *input_tensor.padded_shape)[-2:]
        tile_height, tile_width = input_tensor.tile.tile_shape
        sides = (("width", width, tile_width), ("height", height, tile_height))
        for name, size, of in sides:
            if size % of:
                raise fatal(f"Input tensor {name} ({size}) must be divisible by tile {name} ({of})")
    return _tilized(input_tensor, dtype, memory_config, refuses_bytes=False)


@operation("ttnn.tilize_with_zero_padding", unchanged, operands=HOST_OR_DEVICE)
def tilize_with_zero_padding(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    output_dtype: DataType | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A tensor in tiles, padded with zeros; a tiled tensor is returned as it is."""
    if input_tensor.layout is Layout.TILE:
        return input_tensor.shared()
    height = prod(_tiled_sizes(input_tensor)[:-1])
    target = _with_shards(memory_config or input_tensor.memory_config(), height=height)
    return _tilized(input_tensor, output_dtype, target, refuses_bytes=True)


@operation("ttnn.tilize_with_val_padding", unchanged, operands=HOST_OR_DEVICE)
def tilize_with_val_padding(
    input_tensor: Tensor,
    output_tensor_shape: Sequence[int] | Shape,
    pad_value: float,
    *,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A tensor in tiles, with ``output_tensor_shape`` as its padded shape; a tiled tensor is returned as it is."""
    if input_tensor.layout is Layout.TILE:
        return input_tensor.shared()
    padded, shape = Shape(output_tensor_shape), input_tensor.shape
    for dim in range(shape.rank):
        if padded[dim] < shape[dim]:
            raise fatal(
                f"Output tensor shape {padded} must be greater than or equal to input shape {shape} in each dimension, "
                f"but is smaller in dimension {dim}"
            )
    height, width = input_tensor.tile.tile_shape
    if padded[-2] % height or padded[-1] % width:
        size = f"({height}, {width})"
        raise fatal(f"To be tilizable output tensor shape {padded} must be divisible by tile size {size}")
    if input_tensor.dtype not in _PADDABLE:
        raise fatal("Can only tilize bfloat16/float32 or int32/uint32/uint16 or fp8_e4m3 tensors")
    return Tensor.distribute(
        input_tensor.parts,
        dtype=dtype or input_tensor.dtype,
        layout=Layout.TILE,
        device=input_tensor.device(),
        memory_config=_with_shards(memory_config or input_tensor.memory_config(), height=prod(list(padded)[:-1])),
        tile=input_tensor.tile,
        padded_to=padded.dimensions,
        padding=float(pad_value),
    )


@operation("ttnn.untilize", unchanged, operands=DEVICE_ONLY)
def untilize(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A tiled tensor in rows, without its padding; bfloat8_b becomes bfloat16."""
    return _untilized(input_tensor, memory_config)


def _cut(tensor: torch.Tensor, output_tensor_end: Sequence[int], **kwargs: Any) -> torch.Tensor:
    return tensor[tuple(slice(0, last + 1) for last in output_tensor_end)]


@operation("ttnn.untilize_with_unpadding", _cut, operands=DEVICE_ONLY)
def untilize_with_unpadding(
    input_tensor: Tensor,
    output_tensor_end: Sequence[int] | Shape,
    *,
    memory_config: MemoryConfig | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The part of a tiled tensor up to and with the indices of ``output_tensor_end``, in rows.

    Raises ``NotEmulated`` for a part that reaches into the padding, which has no values here.
    """
    last = Shape(output_tensor_end)
    shape = Shape([last[dim] + 1 for dim in range(input_tensor.shape.rank)])
    dtype = _dtype_of_rows(input_tensor)
    if any(size > own for size, own in zip(shape, input_tensor.shape, strict=True)):
        raise NotEmulated("ttnn.untilize_with_unpadding that keeps padding")
    return Tensor.distribute(
        [_cut(part, last.dimensions) for part in input_tensor.parts],
        dtype=dtype,
        layout=Layout.ROW_MAJOR,
        device=input_tensor.device(),
        memory_config=memory_config or _for_rows(input_tensor.memory_config(), shape),
    )
