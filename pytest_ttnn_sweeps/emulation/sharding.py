"""Memory configurations from a shape, a grid and a strategy: ``create_sharded_memory_config`` and its successor."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from .coordinates import CoreCoord, CoreGrid, CoreRange, CoreRangeSet
from .enums import BufferType, ShardOrientation, ShardStrategy, TensorMemoryLayout
from .memory_config import MemoryConfig, ShardSpec
from .shape import TILE_SIZE, Shape

_LAYOUTS = {
    ShardStrategy.HEIGHT: TensorMemoryLayout.HEIGHT_SHARDED,
    ShardStrategy.WIDTH: TensorMemoryLayout.WIDTH_SHARDED,
    ShardStrategy.BLOCK: TensorMemoryLayout.BLOCK_SHARDED,
}
_Grid = CoreGrid | CoreRangeSet | Sequence[CoreGrid]


def create_sharded_memory_config(
    shape: Shape | Sequence[int],
    core_grid: _Grid,
    strategy: ShardStrategy,
    orientation: ShardOrientation | None = None,
    use_height_and_width_as_shard_shape: bool = False,
) -> MemoryConfig:
    """An L1 configuration that cuts a tensor of ``shape`` evenly over ``core_grid``.

    With ``use_height_and_width_as_shard_shape`` the last two sizes of ``shape`` are the shard's, swapped in
    column-major orientation. Raises ``RuntimeError`` with ttnn's text when the tensor doesn't divide evenly.
    """
    sizes = _checked_shape(shape)
    grid = _core_ranges(core_grid)
    if strategy not in _LAYOUTS:
        raise RuntimeError("Invalid sharding strategy")
    if orientation is None:
        orientation = ShardOrientation.ROW_MAJOR
    if not isinstance(orientation, ShardOrientation):
        raise RuntimeError("Invalid shard orientation")
    if isinstance(core_grid, CoreRangeSet) and not use_height_and_width_as_shard_shape:
        raise RuntimeError("height and width must be shard shape with CoreRangeSet")
    *batch, height, width = sizes
    if use_height_and_width_as_shard_shape:
        shard = _oriented((height, width), orientation)
    else:
        if not isinstance(core_grid, CoreGrid):
            raise AttributeError(f"{type(core_grid).__name__!r} object has no attribute 'x'")
        down, across = _cuts(strategy, orientation, core_grid)
        rows = prod(batch) * height
        if rows % down or width % across:
            raise RuntimeError("Invalid sharding core_grid")
        shard = rows // down, width // across
    return MemoryConfig(_LAYOUTS[strategy], BufferType.L1, ShardSpec(grid, shard, orientation))


def create_sharded_memory_config_(
    shape: Shape | Sequence[int],
    core_grid: _Grid,
    strategy: ShardStrategy | TensorMemoryLayout,
    orientation: ShardOrientation,
    use_height_and_width_as_shard_shape: bool = False,
    tile_layout: bool = False,
) -> MemoryConfig:
    """Like ``create_sharded_memory_config``, but a tensor that doesn't divide evenly gets larger shards.

    With ``tile_layout`` the height is first rounded up to whole tiles on each core of a block sharding, and a shard of
    which neither side is a whole number of tiles is refused.
    """
    sizes = _checked_shape(shape)
    grid = _core_ranges(core_grid)
    if isinstance(strategy, ShardStrategy):
        memory_layout = _LAYOUTS[strategy]
    elif isinstance(strategy, TensorMemoryLayout):
        memory_layout = strategy
    else:
        raise RuntimeError("Invalid type of sharding strategy")
    if not isinstance(orientation, ShardOrientation):
        raise RuntimeError("Invalid type of shard orientation")
    *batch, height, width = sizes
    if use_height_and_width_as_shard_shape:
        shard = _oriented((height, width), orientation)
    else:
        shard = _rounded_shard(prod(batch) * height, width, grid, memory_layout, orientation, tile_layout)
    if tile_layout and shard[0] % TILE_SIZE and shard[1] % TILE_SIZE:
        raise RuntimeError("Incorrect tensor shape")
    return MemoryConfig(memory_layout, BufferType.L1, ShardSpec(grid, shard, orientation))


def _checked_shape(shape: Shape | Sequence[int]) -> tuple[int, ...]:
    if not isinstance(shape, (list, tuple, Shape)):
        raise RuntimeError("Invalid input shape")
    return tuple(shape)


def _core_ranges(core_grid: _Grid) -> CoreRangeSet:
    if isinstance(core_grid, CoreRangeSet):
        return core_grid
    if isinstance(core_grid, CoreGrid):
        return CoreRangeSet({_from_origin(core_grid, top=0, rows=core_grid.y)})
    if not isinstance(core_grid, (list, tuple)):
        raise RuntimeError("Invalid core_grid type")
    if len(core_grid) != 2:
        raise RuntimeError("Invalid core_grid")
    whole, rest = core_grid
    if not isinstance(whole, CoreGrid) or not isinstance(rest, CoreGrid):
        raise RuntimeError("Invalid core_grid type")
    # Whole rows, and one more row that may be shorter: the second grid's number of rows doesn't matter to ttnn.
    return CoreRangeSet({_from_origin(whole, top=0, rows=whole.y), _from_origin(rest, top=whole.y, rows=1)})


def _from_origin(grid: CoreGrid, *, top: int, rows: int) -> CoreRange:
    return CoreRange(CoreCoord(0, top), CoreCoord(grid.x - 1, top + rows - 1))


def _oriented(sizes: tuple[int, int], orientation: ShardOrientation) -> tuple[int, int]:
    return sizes if orientation is ShardOrientation.ROW_MAJOR else (sizes[1], sizes[0])


def _cuts(strategy: ShardStrategy, orientation: ShardOrientation, grid: CoreGrid) -> tuple[int, int]:
    """Into how many parts height and width are cut."""
    if strategy is ShardStrategy.BLOCK:
        return _oriented((grid.y, grid.x), orientation)
    return (grid.num_cores, 1) if strategy is ShardStrategy.HEIGHT else (1, grid.num_cores)


def _rounded_shard(
    height: int,
    width: int,
    grid: CoreRangeSet,
    memory_layout: TensorMemoryLayout,
    orientation: ShardOrientation,
    tile_layout: bool,
) -> tuple[int, int]:
    cores, box = grid.num_cores(), grid.bounding_box().grid_size()
    if memory_layout is TensorMemoryLayout.BLOCK_SHARDED:
        if box.x * box.y != cores:
            raise RuntimeError("Invalid CoreRangeSet for block sharding strategy")
        down, across = _oriented((box.y, box.x), orientation)
        rounded = _up_to_multiple(height, down * TILE_SIZE) if tile_layout else height
        return -(-rounded // down), -(-width // across)
    if memory_layout is TensorMemoryLayout.HEIGHT_SHARDED:
        return -(-height // cores), width
    if memory_layout is TensorMemoryLayout.WIDTH_SHARDED:
        return height, -(-width // cores)
    raise RuntimeError("Invalid sharding scheme")


def _up_to_multiple(size: int, of: int) -> int:
    return -(-size // of) * of
