"""Random sharded tensors as plain values, the same for the same seed as those of tt-metal's sweep utilities.

A *sharding spec* describes a tensor and how it is cut over a core grid. It holds only strings, numbers and bools, so
that it can be a sweep parameter without ttnn; `parse_sharding_spec` turns it into ttnn's objects inside ``run``.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal, TypedDict

Layout = Literal["TILE_LAYOUT", "ROW_MAJOR_LAYOUT"]
Orientation = Literal["COL_MAJOR", "ROW_MAJOR"]

_GRID = 8  # cores along either side
_TILE = 32
_TILE_VOLUME = _TILE * _TILE
_POWERS_TO_1024 = tuple(2**exponent for exponent in range(11))


class ShardingSpec(TypedDict):
    """One random sharded tensor; `X` and `Y` are the columns and rows of its core grid."""

    input_shape: list[int]
    X: int
    Y: int
    sharding_strategy: Literal["BLOCK", "WIDTH", "HEIGHT"]
    shard_orientation: Orientation
    tensor_hw_as_shard_shape: bool
    input_layout: Layout
    shard_height_mul_of_32: bool


def gen_sharded_spec_unary(
    num_shapes: int,
    max_tensor_size_per_core: int = 62 * 1024,
    layouts: Sequence[Layout] = ("TILE_LAYOUT", "ROW_MAJOR_LAYOUT"),
) -> list[ShardingSpec]:
    """`num_shapes` random specs for each strategy, orientation, rank (4, 3, 2) and layout, in that order.

    The strategies are BLOCK, WIDTH, HEIGHT and once more BLOCK with `tensor_hw_as_shard_shape`: the last two dimensions
    of the tensor are one shard. A tensor has at most `max_tensor_size_per_core` elements per core of its grid, which is
    at most 8x8. Draws from Python's generator.
    """
    specs: list[ShardingSpec] = []
    strategies: tuple[tuple[Literal["BLOCK", "WIDTH", "HEIGHT"], bool], ...] = (
        ("BLOCK", False),
        ("WIDTH", False),
        ("HEIGHT", False),
        ("BLOCK", True),
    )
    orientations: tuple[Orientation, ...] = ("COL_MAJOR", "ROW_MAJOR")
    for (strategy, tensor_hw), orientation, rank, layout in itertools.product(
        strategies, orientations, (4, 3, 2), layouts
    ):
        for _ in range(num_shapes):
            x, y = random.randint(1, _GRID), random.randint(1, _GRID)
            volume = max_tensor_size_per_core * x * y
            if tensor_hw:
                shape = _shape_of_whole_shards(rank, layout, volume, cores=x * y)
            elif strategy == "BLOCK":
                shape = _shape_in_blocks(rank, orientation, volume, x=x, y=y)
            else:
                shape = _shape_in_strips(rank, layout, volume, cores=x * y, high=strategy == "HEIGHT")
            specs.append(
                {
                    "input_shape": shape,
                    "X": x,
                    "Y": y,
                    "sharding_strategy": strategy,
                    "shard_orientation": orientation,
                    "tensor_hw_as_shard_shape": tensor_hw,
                    "input_layout": layout,
                    "shard_height_mul_of_32": False,
                }
            )
    return specs


def _shape_of_whole_shards(rank: int, layout: Layout, volume: int, *, cores: int) -> list[int]:
    height = _TILE if layout == "TILE_LAYOUT" else random.choice(_POWERS_TO_1024)
    width = _TILE_VOLUME // height
    shape = _random_shape(random.randint(1, volume // (_TILE_VOLUME * cores)), rank)
    shape[-2] *= height
    shape[-1] *= width
    while shape[-1] % 16:  # a shard's rows are read from L1 in units of 16 elements
        shape[-1] *= 2
        shape[-2] //= 2
    return shape


def _shape_in_blocks(rank: int, orientation: Orientation, volume: int, *, x: int, y: int) -> list[int]:
    height, width = _random_shape(random.randint(1, volume // (_TILE * x * _TILE * y)), 2)
    height, width = height * _TILE * x, width * _TILE * y
    if orientation == "ROW_MAJOR":
        height, width = width, height
    return [*_random_shape(height, rank - 1), width]


def _shape_in_strips(rank: int, layout: Layout, volume: int, *, cores: int, high: bool) -> list[int]:
    length, breadth = _TILE, _TILE
    if layout == "ROW_MAJOR_LAYOUT":
        breadth = random.choice(_POWERS_TO_1024[4:])
        length = _TILE_VOLUME // breadth
        if high and length < 16:  # then `length` is the width of a shard, see above
            length, breadth = 16, _TILE_VOLUME // 16
    shape = _random_shape(random.randint(1, volume // (length * breadth * cores)), rank)
    shape[-2] *= length
    shape[-1] *= breadth * cores
    if high:
        shape[-2], shape[-1] = shape[-1], shape[-2]
    return shape


def _random_shape(volume: int, rank: int) -> list[int]:
    return list(random.choice(_shapes_of_volume(volume, rank)))


@lru_cache(maxsize=4096)
def _shapes_of_volume(volume: int, rank: int) -> tuple[tuple[int, ...], ...]:
    """Every shape of that rank and volume, ordered by the last dimension, then by the one before it, and so on."""
    if rank == 1:
        return ((volume,),)
    return tuple((*outer, last) for last in _divisors(volume) for outer in _shapes_of_volume(volume // last, rank - 1))


def _divisors(number: int) -> list[int]:
    small = [divisor for divisor in range(1, math.isqrt(number) + 1) if number % divisor == 0]
    return small + [number // divisor for divisor in reversed(small) if divisor * divisor != number]


def invalidate_vector_sharding(spec: ShardingSpec) -> tuple[bool, str | None]:
    """Whether no device takes the spec, and why: what ``invalidate_vector`` of a sharded sweep returns."""
    height, width = spec["input_shape"][-2:]
    if spec["tensor_hw_as_shard_shape"] and (height % _TILE or width % _TILE):
        return True, f"a shard of the tensor's {height}x{width} is not made of whole {_TILE}x{_TILE} tiles"
    row_major = spec["input_layout"] == "ROW_MAJOR_LAYOUT"
    if row_major and spec["shard_orientation"] == "COL_MAJOR" and width % height:
        return True, f"ROW_MAJOR rows of {width} are not a multiple of the height {height}, as COL_MAJOR shards need"
    return False, None


# ttnn's classes have no static types: the wheel ships none.
def parse_sharding_spec(spec: ShardingSpec) -> tuple[list[int], Any, Any, Any, bool, Any, bool]:
    """The arguments that ``ttnn.create_sharded_memory_config`` and ``ttnn.from_torch`` take.

    In order: shape, ``ttnn.CoreGrid``, ``ttnn.ShardStrategy``, ``ttnn.ShardOrientation``, tensor_hw_as_shard_shape,
    ``ttnn.Layout``, shard_height_mul_of_32.

    :raises AttributeError: for a strategy, orientation or layout that ttnn doesn't know.
    """
    import ttnn

    return (
        spec["input_shape"],
        ttnn.CoreGrid(y=spec["Y"], x=spec["X"]),
        getattr(ttnn.ShardStrategy, spec["sharding_strategy"]),
        getattr(ttnn.ShardOrientation, spec["shard_orientation"]),
        spec["tensor_hw_as_shard_shape"],
        getattr(ttnn, spec["input_layout"]),
        spec["shard_height_mul_of_32"],
    )
