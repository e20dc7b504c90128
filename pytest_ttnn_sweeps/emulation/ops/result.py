"""From an operation's torch result to its output tensor: storage format, layout and place in memory.

Operations compute in float32, or in int64 for integers; the output's format rounds once, at the end. An integer
output wraps modulo 2**bits there, as ttnn's integer kernels do.
"""

from __future__ import annotations

from math import ceil, prod

import torch

from ..coordinates import CoreCoord, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from ..enums import DataType, Layout, ShardOrientation, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig, ShardSpec
from ..shape import TILE_SIZE
from ..storage_format import quantise, torch_dtype
from ..tensor import Tensor

BLOCK_FLOATS = frozenset({DataType.BFLOAT8_B, DataType.BFLOAT4_B})
FLOATS = frozenset({DataType.BFLOAT16, DataType.FLOAT32}) | BLOCK_FLOATS


def is_float(tensor: Tensor) -> bool:
    """Whether ``tensor`` holds floating-point numbers."""
    return tensor.dtype in FLOATS


def working(tensor: Tensor) -> torch.Tensor:
    """The tensor's values as operations compute on them: float32, or int64 for an integer tensor."""
    return tensor.values.float() if is_float(tensor) else tensor.values.long()


def optional_working(tensor: Tensor | None) -> torch.Tensor | None:
    """``working`` of a tensor that may be absent."""
    return None if tensor is None else working(tensor)


def untilized_type(dtype: DataType) -> DataType:
    """The type that numbers have where ttnn brings tiles into rows to work on them, and leaves them so afterwards."""
    if dtype is DataType.BFLOAT4_B:
        raise fatal("Only TILE layout is supported for BFLOAT8_B dtype!")
    return DataType.BFLOAT16 if dtype is DataType.BFLOAT8_B else dtype


def cpp(member: DataType | Layout | TensorMemoryLayout) -> str:
    """An enumeration's member as ttnn's messages write it: ``DataType::BFLOAT16``."""
    return f"{type(member).__name__}::{member.name}"


def output(
    values: torch.Tensor,
    like: Tensor,
    *,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    memory_config: MemoryConfig | None = None,
    into: Tensor | None = None,
    reshards: bool = False,
) -> Tensor:
    """The output tensor of an operation: ``values`` stored as ``like`` is, save for what is said otherwise.

    ``into`` is a preallocated output: it takes the values, and keeps its own format and place. ``reshards`` says that
    the operation fits the sharding of ``like`` to an output of another shape. Raises ttnn's error when a block float
    isn't tiled, and ``NotEmulated`` when ttnn would have to choose a sharding for a new shape.
    """
    if values.dtype is torch.bool:
        values = values.to(torch.float32)
    if into is not None:
        into.overwrite(values)
        return into
    dtype = dtype or like.dtype
    layout = layout or like.layout
    if dtype in BLOCK_FLOATS and layout is Layout.ROW_MAJOR:
        raise fatal(f"Only TILE layout is supported for {dtype.name} dtype!")
    return Tensor.create(
        values,
        dtype=dtype,
        layout=layout,
        device=like.device(),
        memory_config=placement(memory_config, like, tuple(values.shape), layout, reshards=reshards),
        tile=like.tile,
    )


def is_without_shards(config: MemoryConfig | None) -> bool:
    """Whether ``config`` names a sharding and leaves its shards open."""
    return config is not None and config.is_sharded() and config.shard_spec is None and config.nd_shard_spec is None


def placement(
    wanted: MemoryConfig | None, like: Tensor, shape: tuple[int, ...], layout: Layout, *, reshards: bool = False
) -> MemoryConfig:
    """Where the output of shape ``shape`` goes: where the caller wants it, else where ``like`` is.

    A sharding without a shard specification takes that of ``like``, else one spread evenly over the device's cores.
    """
    config = wanted or like.memory_config()
    if not config.is_sharded():
        return config
    if wanted is None and shape != tuple(like.shape):
        if not reshards:
            raise NotEmulated("an output of another shape than its sharded input, without memory_config=")
        return refitted(config, like, shape, layout)
    if config.shard_spec is not None or config.nd_shard_spec is not None:
        return config
    inherited = like.memory_config().shard_spec  # as ttnn does, even under another scheme
    device = like.device()
    if inherited is None and device is not None:
        inherited = even_shards(config.memory_layout, shape, layout, device.compute_with_storage_grid_size())
    return MemoryConfig(config.memory_layout, config.buffer_type, inherited)


def _rows_and_columns(shape: tuple[int, ...], layout: Layout) -> tuple[int, int]:
    """The height and width in elements that a tensor has in memory, all dimensions but the last taken together."""
    unit = TILE_SIZE if layout is Layout.TILE else 1
    height, width = (1, 1, *shape)[-2:]
    return ceil(height / unit) * unit * prod(shape[:-2]), ceil(width / unit) * unit


def refitted(config: MemoryConfig, like: Tensor, shape: tuple[int, ...], layout: Layout) -> MemoryConfig:
    """The sharding of ``like`` for an output of another shape: as many shards on the same cores, as large as it takes.

    Measured on ttnn 0.81.1.
    """
    spec, scheme = config.shard_spec, config.memory_layout
    if spec is None:
        raise NotEmulated("an output of another shape than its input in n-dimensional shards, without memory_config=")
    unit = TILE_SIZE if layout is Layout.TILE else 1
    (old_rows, old_columns), (rows, columns) = (
        _rows_and_columns(tuple(like.shape), like.layout),
        _rows_and_columns(shape, layout),
    )
    down, across = ceil(old_rows / spec.shape[0]), ceil(old_columns / spec.shape[1])
    high = rows if scheme is TensorMemoryLayout.WIDTH_SHARDED else ceil(rows / down / unit) * unit
    wide = columns if scheme is TensorMemoryLayout.HEIGHT_SHARDED else ceil(columns / across / unit) * unit
    return MemoryConfig(scheme, config.buffer_type, ShardSpec(spec.grid, [high, wide], spec.orientation))


def even_shards(scheme: TensorMemoryLayout, shape: tuple[int, ...], layout: Layout, grid: CoreCoord) -> ShardSpec:
    """The shard specification ttnn chooses for a sharding that has none: whole tiles (or rows), spread evenly.

    Measured on ttnn 0.81.1: each core gets ceil(units / cores) units, and cores that would get none are left out.
    """
    unit = TILE_SIZE if layout is Layout.TILE else 1
    height, width = (1, 1, *shape)[-2:]
    rows, columns = ceil(height / unit) * prod(shape[:-2]), ceil(width / unit)
    cores = grid.x * grid.y
    if scheme is TensorMemoryLayout.BLOCK_SHARDED:
        high, wide = ceil(rows / grid.y), ceil(columns / grid.x)
        corner = CoreCoord(ceil(columns / wide) - 1, ceil(rows / high) - 1)
        ranges = CoreRangeSet({CoreRange(CoreCoord(0, 0), corner)})
    elif scheme is TensorMemoryLayout.HEIGHT_SHARDED:
        high, wide = ceil(rows / cores), columns
        ranges = num_cores_to_corerangeset(ceil(rows / high), grid, row_wise=True)
    else:
        high, wide = rows, ceil(columns / cores)
        ranges = num_cores_to_corerangeset(ceil(columns / wide), grid, row_wise=True)
    return ShardSpec(ranges, [high * unit, wide * unit], ShardOrientation.ROW_MAJOR)


def as_stored(values: torch.Tensor, dtype: DataType) -> torch.Tensor:
    """``values`` as reading them back from a tensor of type ``dtype`` would give them."""
    return quantise(values, dtype).to(torch_dtype(dtype))
