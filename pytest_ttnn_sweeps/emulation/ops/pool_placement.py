"""Where a pool's output lies: in the shards that the input has, or that ttnn chooses by what they take of a core's L1.

The scheme with the smallest circular buffers wins. Their sizes, and the number of cores a scheme gets, are those of
ttnn 0.81.1; what they hold is told at ``Pool``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from ..coordinates import CoreCoord, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from ..enums import BufferType, DataType, Layout, ShardOrientation, TensorMemoryLayout
from ..errors import fatal
from ..memory_config import MemoryConfig, ShardSpec
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .core_counts import without_idle

_FACE = TILE_SIZE // 2
_BYTES = 2  # numbers are bfloat16 in the kernels, whatever they are stored as
_PAGE = TILE_SIZE * TILE_SIZE * _BYTES
_BUFFERS = 2  # each for two readers
_TILE_BYTES = {DataType.BFLOAT16: 2048, DataType.BFLOAT8_B: 1088, DataType.BFLOAT4_B: 576}
_ROW_ALIGNMENT = 8  # elements that a row in L1 is a multiple of
_SCHEMES = (TensorMemoryLayout.HEIGHT_SHARDED, TensorMemoryLayout.WIDTH_SHARDED, TensorMemoryLayout.BLOCK_SHARDED)


@dataclass(frozen=True)
class Cores:
    """The cores of a scheme: how many share the rows, how many the channels, and which they are."""

    scheme: TensorMemoryLayout
    down: int
    across: int
    grid: CoreRangeSet


@dataclass(frozen=True)
class Pool:
    """What decides on the shards of a pool's output of ``rows`` (batch * height * width) by ``channels`` elements.

    A core's L1 holds, besides its shard, the pool's scalar and what it clears windows with (a tile each, twice and
    once), and for each of two readers two windows of ``kernel`` rows, of at most eight tiles' width.
    """

    rows: int
    channels: int
    kernel: Sequence[int]
    layout: Layout
    dtype: DataType
    averages: bool = False
    several_scalars: bool = False
    """Windows at the border are divided by other numbers, so that both readers need a scalar."""
    with_indices: bool = False
    in_dram: bool = False
    """The positions that the readers take rows from are brought from DRAM."""

    def placed(self, tensor: Tensor, scheme: TensorMemoryLayout | None) -> MemoryConfig:
        """Where ttnn puts the output of a pool of ``tensor``. Raises its error for a scheme that it doesn't take."""
        own = tensor.memory_config()
        device = tensor.device()
        assert device is not None  # operands have been checked
        if own.shard_spec is not None:
            if scheme is not None:
                raise fatal("A sharding scheme should not be specified for a sharded input tensor.")
            if own.shard_spec.orientation is not ShardOrientation.ROW_MAJOR:
                raise fatal("Only row major orientation is supported.")
            return self._config(_cores_of(own, own.shard_spec), own.buffer_type)
        size, in_tiles = device.compute_with_storage_grid_size(), tensor.layout is Layout.TILE
        if scheme is not None:
            if scheme not in _SCHEMES:
                raise fatal("Only height, width, or block sharding strategies are supported.")
            return self._config(self._cores(scheme, size, in_tiles, TILE_SIZE if in_tiles else _ROW_ALIGNMENT))
        by_height, by_width, by_block = (self._cores(one, size, in_tiles, TILE_SIZE) for one in _SCHEMES)
        best = by_width if self._used(by_height) > self._used(by_width) else by_height
        return self._config(by_block if self._used(best) > self._used(by_block) else best)

    def _cores(self, scheme: TensorMemoryLayout, size: CoreCoord, in_tiles: bool, alignment: int) -> Cores:
        rows = ceil(self.rows / (TILE_SIZE if self.layout is Layout.TILE else 1))
        columns = ceil(self.channels / (TILE_SIZE if in_tiles or self.layout is Layout.TILE else _FACE))
        if scheme is TensorMemoryLayout.BLOCK_SHARDED:
            blocks = ceil(self.channels / alignment)
            down = without_idle(rows, size.y)
            across = next(count for count in range(size.x, 0, -1) if columns % count == blocks % count == 0)
            corners = CoreRange(CoreCoord(0, 0), CoreCoord(across - 1, down - 1))
            return Cores(scheme, down, across, CoreRangeSet({corners}))
        cores = size.x * size.y
        if scheme is TensorMemoryLayout.HEIGHT_SHARDED:
            down = without_idle(rows, cores)
            return Cores(scheme, down, 1, num_cores_to_corerangeset(down, size, row_wise=True))
        across = next(count for count in range(cores, 0, -1) if columns % count == 0)
        return Cores(scheme, 1, across, num_cores_to_corerangeset(across, size, row_wise=True))

    def _config(self, cores: Cores, buffer_type: BufferType = BufferType.L1) -> MemoryConfig:
        tiled = self.layout is Layout.TILE
        high = _share(self.rows, cores.down, TILE_SIZE if tiled else 1)
        wide = ceil(self.channels / cores.across)
        in_faces = not tiled and (wide < _FACE or wide % _FACE == 0)
        wide = _share(wide, 1, _FACE if in_faces else TILE_SIZE)
        return MemoryConfig(cores.scheme, buffer_type, ShardSpec(cores.grid, [high, wide], ShardOrientation.ROW_MAJOR))

    def _used(self, cores: Cores) -> int:
        """The bytes of L1 that ttnn reckons with on each core."""
        window = self.kernel[0] * self.kernel[1]
        share = self.channels / cores.across
        tiles = ceil(share / TILE_SIZE)
        most = 1 if self.with_indices else 4 if self.averages and window > TILE_SIZE else 8
        height = TILE_SIZE if self.with_indices or window > _FACE else window
        read = most if self.with_indices else min(tiles, most)
        used = (2 if self.several_scalars else 1) * _BUFFERS * _PAGE + _PAGE
        used += 2 * _BUFFERS * ceil(read * TILE_SIZE * height / (TILE_SIZE * TILE_SIZE)) * _PAGE
        if self.with_indices:
            used += 6 * _PAGE
        unit = 1 if cores.scheme is TensorMemoryLayout.WIDTH_SHARDED else TILE_SIZE
        high, wide = _share(self.rows, cores.down, unit), _share(self.channels, cores.across, _FACE)
        if self.layout is Layout.TILE:
            used += tiles * _PAGE + high * wide // (TILE_SIZE * TILE_SIZE) * _TILE_BYTES[self.dtype]
        else:
            used += high * ceil(share / _FACE) * min(_FACE, wide) * _BYTES * (2 if self.with_indices else 1)
        if self.in_dram:
            used += high * (12 if self.several_scalars else 6) + 2
        return used


def _share(count: int, cores: int, unit: int) -> int:
    """What each of ``cores`` gets of ``count``, in whole units."""
    return ceil(count / (cores * unit)) * unit


def _cores_of(config: MemoryConfig, spec: ShardSpec) -> Cores:
    box = spec.grid.bounding_box().grid_size()
    down, across = {
        TensorMemoryLayout.HEIGHT_SHARDED: (spec.num_cores(), 1),
        TensorMemoryLayout.WIDTH_SHARDED: (1, spec.num_cores()),
    }.get(config.memory_layout, (box.y, box.x))
    return Cores(config.memory_layout, down, across, spec.grid)
