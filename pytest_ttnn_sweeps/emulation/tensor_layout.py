"""From a shape, a data type, a layout and a memory configuration to padded sizes and pages, with all of ttnn's checks.

A page is a tile, or a row of a row-major tensor, or a row of one of its shards.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from .allocator import Footprint
from .coordinates import CoreRange, CoreRangeSet, cores_of, corners
from .enums import DataType, Layout, ShardOrientation, TensorMemoryLayout
from .errors import NotEmulated, fatal
from .memory_config import MemoryConfig, ShardSpec
from .shape import Tile, element_bytes
from .storage_format import BLOCK_FLOATS

Dimensions = tuple[int, ...]


class Placement(NamedTuple):
    """A tensor's dimensions with its padding, and what it asks of a memory."""

    padded: Dimensions
    footprint: Footprint


class _Shards(NamedTuple):
    """``sizes`` cut into parts of ``shard`` (as many dimensions) over the cores of ``grid``."""

    sizes: Dimensions
    shard: Dimensions
    grid: CoreRangeSet
    orientation: ShardOrientation


def place(
    dimensions: Dimensions, dtype: DataType, layout: Layout, tile: Tile, memory_config: MemoryConfig
) -> Placement:
    """Where a tensor of ``dimensions`` goes; raises ttnn's errors for a geometry that ttnn refuses."""
    _check_dtype(dtype, layout)
    tiled = layout is Layout.TILE
    padded = _padded_to_tiles(dimensions, tile) if tiled else dimensions or (1,)
    shards = None
    if memory_config.is_sharded():
        shape = _given_shard_shape(memory_config, tiled)
        if tiled:
            _check_tile_multiple(shape, tile, memory_config)
        elif shape[-1]:
            padded = (*padded[:-1], -(-padded[-1] // shape[-1]) * shape[-1])
        shards = _checked_shards(dimensions, padded, tiled, memory_config)
    row = padded[-1] if shards is None else shards.shard[-1]
    page_elements = math.prod(tile.tile_shape) if tiled else row
    page_bytes = tile.get_tile_size(dtype) if tiled else row * element_bytes(dtype)
    pages = math.prod(padded) // page_elements if page_elements else 0
    if shards is None:
        return Placement(padded, Footprint(page_bytes, pages))
    row_wise = shards.orientation is ShardOrientation.ROW_MAJOR
    return Placement(
        padded,
        Footprint(
            page_bytes,
            pages,
            pages_per_shard=math.prod(shards.shard) // page_elements,
            shards=math.prod(map(_parts, shards.sizes, shards.shard)),
            shard_cores=tuple(core for part in shards.grid.ranges() for core in cores_of(part, row_wise=row_wise)),
        ),
    )


def _check_dtype(dtype: DataType, layout: Layout) -> None:
    if dtype is DataType.INVALID:
        raise fatal(
            "Only UINT32, INT32, FLOAT32, UINT16, UINT8, INT8, BFLOAT16, BFLOAT8_B, BFLOAT4_B, or FP8_E4M3 dtypes are "
            "supported on device!"
        )
    if dtype is DataType.FP8_E4M3:
        raise NotEmulated(str(dtype))
    if dtype in BLOCK_FLOATS and layout is not Layout.TILE:
        # ttnn says so of both block floats.
        raise fatal("Only TILE layout is supported for BFLOAT8_B dtype!", "layout == Layout::TILE")


def _padded_to_tiles(dimensions: Dimensions, tile: Tile) -> Dimensions:
    *batch, height, width = (1, 1, *dimensions)[-max(len(dimensions), 2) :]
    tile_height, tile_width = tile.tile_shape
    return (*batch, -(-height // tile_height) * tile_height, -(-width // tile_width) * tile_width)


def _given_shard_shape(memory_config: MemoryConfig, tiled: bool) -> Dimensions:
    nd_spec, spec = memory_config.nd_shard_spec, memory_config.shard_spec
    if memory_config.created_with_nd_shard_spec and nd_spec is not None:
        return nd_spec.shard_shape.dimensions
    if spec is None and tiled:
        raise RuntimeError("bad optional access")
    if spec is None:
        raise fatal("MemoryConfig must have Shard Spec specified for sharded memory layout")
    return tuple(spec.shape)


def _check_tile_multiple(shard: Dimensions, tile: Tile, memory_config: MemoryConfig) -> None:
    height, width = tile.tile_shape
    if len(shard) < 2 or shard[-2] % height or shard[-1] % width:
        text = f"Shape({list(shard)})" if memory_config.created_with_nd_shard_spec else str(shard)
        raise fatal(
            f"Physical shard shape {text} must be tile {{{height}, {width}}} sized!",
            "!shard_align_error.has_value()",
        )


def _checked_shards(dimensions: Dimensions, padded: Dimensions, tiled: bool, memory_config: MemoryConfig) -> _Shards:
    nd_spec, spec = memory_config.nd_shard_spec, memory_config.shard_spec
    if memory_config.created_with_nd_shard_spec and nd_spec is not None:
        shard = nd_spec.shard_shape.dimensions
        if len(shard) > len(padded):
            raise fatal(
                f"Tensor shape rank ({len(padded)}) can't be less than shard shape rank ({len(shard)})!",
                "tensor_shape.rank() >= shard_shape.rank()",
            )
        if 0 in shard:
            raise fatal("Shard shape must have non zero volume!", "shard_shape_in_pages.volume() != 0")
        return _Shards(padded, (1,) * (len(padded) - len(shard)) + shard, nd_spec.grid, nd_spec.orientation)
    assert spec is not None  # _given_shard_shape refused it
    sizes = (math.prod(padded[:-1]), padded[-1])
    if complaint := _misfit(memory_config.memory_layout, spec, *sizes):
        raise fatal(complaint, "!shard_grid_fit_error.has_value()")
    height, width = spec.shape
    if not tiled and len(dimensions) < 2 and height != 1:
        raise fatal("Shard shape must be 1D for 1D tensor!", "shard_spec.shape[0] == 1")
    grid = spec.grid
    if memory_config.memory_layout is TensorMemoryLayout.BLOCK_SHARDED:
        grid = _used_cores(spec, _parts(sizes[0], height), _parts(sizes[1], width))
    return _Shards(sizes, (height, width), grid, spec.orientation)


def _used_cores(spec: ShardSpec, down: int, across: int) -> CoreRangeSet:
    """The rectangle that the blocks take of their grid: the rest may even lie outside of the device."""
    if not down or not across:
        return spec.grid
    columns, rows = (across, down) if spec.orientation is ShardOrientation.ROW_MAJOR else (down, across)
    left, top, _, _ = corners(spec.grid.bounding_box())
    return CoreRangeSet([CoreRange((left, top), (left + columns - 1, top + rows - 1))])


def _misfit(memory_layout: TensorMemoryLayout, spec: ShardSpec, height: int, width: int) -> str | None:
    """Why shards of ``spec`` can't hold ``height`` by ``width`` elements, in ttnn's words and order of checks."""
    (shard_height, shard_width), cores = spec.shape, spec.num_cores()
    by_height = memory_layout is TensorMemoryLayout.HEIGHT_SHARDED
    by_width = memory_layout is TensorMemoryLayout.WIDTH_SHARDED
    if memory_layout is TensorMemoryLayout.BLOCK_SHARDED and spec.grid.size() != 1:
        return "Shard grid must be one full rectangular grid for block sharded!"
    if (not shard_height and not by_width) or (not shard_width and not by_height):
        return f"Shard shape must be greater than 0 in each sharded dim, got {spec.shape}"
    if by_height and shard_width != width:
        return f"Shard width {shard_width} must match physical width {width} for height sharded"
    if by_width and shard_height != height:
        return f"Shard height {shard_height} must match physical height {height} for width sharded"
    down, across = _parts(height, shard_height), _parts(width, shard_width)
    if by_height and down > cores:
        return f"Number of shards along height {down} must not exceed number of cores {cores}"
    if by_width and across > cores:
        return f"Number of shards along width {across} must not exceed number of cores {cores}"
    if memory_layout is TensorMemoryLayout.BLOCK_SHARDED:
        return _block_misfit(spec, down, across)
    return None


def _parts(size: int, part: int) -> int:
    return -(-size // part) if part else 0


def _block_misfit(spec: ShardSpec, down: int, across: int) -> str | None:
    grid = spec.grid.bounding_box().grid_size()
    limits, order = (("rows", grid.y), ("columns", grid.x)), "row major"
    if spec.orientation is ShardOrientation.COL_MAJOR:
        limits, order = (limits[1], limits[0]), "column major"
    for side, shards, (lines, limit) in zip(("height", "width"), (down, across), limits, strict=True):
        if shards > limit:
            too_many = f"Number of shards along {side} {shards} must not exceed number of {lines} {limit}"
            return f"{too_many} for {order} orientation!"
    return None
