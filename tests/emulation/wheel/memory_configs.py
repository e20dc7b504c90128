"""Cases: shard specifications, memory configurations and the functions that make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BOARD = "n150"
NEEDS_DEVICE = False

_ORIENTATIONS = ("ROW_MAJOR", "COL_MAJOR")
_LAYOUTS = ("HEIGHT_SHARDED", "WIDTH_SHARDED", "BLOCK_SHARDED")


def _grid(t: Any) -> Any:
    return t.CoreRangeSet([t.CoreRange((0, 0), (7, 6)), t.CoreRange((0, 7), (3, 7))])


def _spec(t: Any, shape: Any = (224, 32), orientation: str = "ROW_MAJOR") -> Any:
    return t.ShardSpec(_grid(t), shape, getattr(t.ShardOrientation, orientation))


def _config(t: Any, layout: str, buffer: str, spec: Any = None) -> Any:
    return t.MemoryConfig(getattr(t.TensorMemoryLayout, layout), getattr(t.BufferType, buffer), spec)


def _parts(config: Any) -> Any:
    attributes = [config.memory_layout, config.buffer_type, config.shard_spec, config.nd_shard_spec]
    return [repr(config), str(config), *attributes, config.is_sharded(), config.interleaved]


def _round_trip(t: Any, config: Any) -> Any:
    text = config.to_json()
    again = t.MemoryConfig.from_json(text)
    return [text, again == config, hash(again) == hash(config), repr(again)]


def _changed_spec(t: Any) -> Any:
    spec = _spec(t)
    spec.shape = [1, 2]
    spec.grid = t.CoreRangeSet([t.CoreRange((0, 0), (0, 0))])
    spec.orientation = t.ShardOrientation.COL_MAJOR
    return [spec, spec.shape, spec.num_cores()]


def _create(t: Any, shape: Any, grid: Any, strategy: str, orientation: str | None, as_shard: bool) -> Any:
    cores = t.CoreGrid(x=grid[0], y=grid[1]) if isinstance(grid, tuple) else grid(t)
    return t.create_sharded_memory_config(
        shape,
        cores,
        getattr(t.ShardStrategy, strategy),
        None if orientation is None else getattr(t.ShardOrientation, orientation),
        as_shard,
    )


def _create_(t: Any, shape: Any, grid: Any, strategy: Any, orientation: str, as_shard: bool, tiled: bool) -> Any:
    cores = t.CoreGrid(x=grid[0], y=grid[1]) if isinstance(grid, tuple) else grid(t)
    enumeration = t.ShardStrategy if hasattr(t.ShardStrategy, strategy) else t.TensorMemoryLayout
    return t.create_sharded_memory_config_(
        shape, cores, getattr(enumeration, strategy), getattr(t.ShardOrientation, orientation), as_shard, tiled
    )


def _two_grids(t: Any) -> Any:
    return (t.CoreGrid(x=8, y=2), t.CoreGrid(x=3, y=1))


_EVEN = [
    (shape, grid, strategy, orientation, as_shard)
    for shape in ((1, 1, 256, 512), [2, 64, 128], (96, 96))
    for grid in ((8, 4), (2, 2), (3, 1))
    for strategy in ("HEIGHT", "WIDTH", "BLOCK")
    for orientation in (None, "COL_MAJOR")
    for as_shard in (False, True)
]
_ROUNDED = [
    (shape, grid, strategy, orientation, False, tiled)
    for shape in ((1, 1, 250, 512), [2, 33, 100], (96, 96), (1, 5, 7))
    for grid in ((8, 4), (3, 2), _grid)
    for strategy in ("HEIGHT", "WIDTH", "BLOCK", "HEIGHT_SHARDED")
    for orientation in _ORIENTATIONS
    for tiled in (False, True)
]
CASES: dict[str, Callable[[Any], Any]] = {
    "shard spec text": lambda t: [_spec(t), str(_spec(t, [64, 64], "COL_MAJOR"))],
    "shard spec parts": lambda t: [_spec(t).shape, _spec(t).grid, _spec(t).orientation, _spec(t).num_cores()],
    "shard spec json": lambda t: [_spec(t).to_json(), t.ShardSpec.from_json(_spec(t).to_json()) == _spec(t)],
    "shard spec equality": lambda t: [_spec(t) == _spec(t), _spec(t) != _spec(t, (32, 32)), _spec(t) == 1],
    "shard spec changed": _changed_spec,
    "shard spec of three sizes": lambda t: _spec(t, [1, 2, 3]),
    "shard spec below zero": lambda t: _spec(t, [-1, 2]),
    "shard spec without orientation": lambda t: t.ShardSpec(_grid(t), [1, 2]),
    "shard spec without cores": lambda t: t.ShardSpec(t.CoreRangeSet([]), [1, 1], t.ShardOrientation.ROW_MAJOR),
    "n-dimensional shard spec": lambda t: (
        lambda n: [n, n.shard_shape, n.grid, n.orientation, n.shard_distribution_strategy, n.num_cores()]
    )(t.NdShardSpec(t.Shape([1, 32, 64]), _grid(t))),
    "n-dimensional shard spec equality": lambda t: (
        t.NdShardSpec([1, 32, 64], _grid(t)) == t.NdShardSpec(t.Shape([1, 32, 64]), _grid(t))
    ),
    **{
        f"{name}": lambda t, name=name: [_parts(getattr(t, name)), _round_trip(t, getattr(t, name))]
        for name in (
            "DRAM_MEMORY_CONFIG",
            "L1_MEMORY_CONFIG",
            "L1_HEIGHT_SHARDED_MEMORY_CONFIG",
            "L1_WIDTH_SHARDED_MEMORY_CONFIG",
            "L1_BLOCK_SHARDED_MEMORY_CONFIG",
        )
    },
    **{
        f"{layout} in {buffer}{', no spec' if shape is None else f' of {shape}'}": (
            lambda t, layout=layout, buffer=buffer, shape=shape: (
                lambda config: [_parts(config), _round_trip(t, config)]
            )(_config(t, layout, buffer, None if shape is None else _spec(t, shape)))
        )
        for layout in (*_LAYOUTS, "INTERLEAVED", "ND_SHARDED")
        for buffer in ("L1", "DRAM", "L1_SMALL")
        for shape in (None, (32, 64))
    },
    "default memory configuration": lambda t: [_parts(t.MemoryConfig()), t.MemoryConfig() == t.DRAM_MEMORY_CONFIG],
    "memory configuration by names": lambda t: t.MemoryConfig(
        memory_layout=t.TensorMemoryLayout.HEIGHT_SHARDED, buffer_type=t.BufferType.L1, shard_spec=_spec(t)
    ),
    "memory configuration of n-dimensional shards": lambda t: _parts(
        t.MemoryConfig(t.BufferType.L1, t.NdShardSpec([1, 32, 64], _grid(t)))
    ),
    "memory configuration of n-dimensional shards by name": lambda t: t.MemoryConfig(
        buffer_type=t.BufferType.L1, nd_shard_spec=t.NdShardSpec([32, 64], _grid(t))
    ),
    "memory configuration of a buffer type only": lambda t: t.MemoryConfig(t.BufferType.L1),
    "memory configuration of numbers": lambda t: t.MemoryConfig(1, 2),
    "memory configuration assigned": lambda t: setattr(t.MemoryConfig(), "buffer_type", t.BufferType.L1),
    "memory configurations equal by value": lambda t: [
        _config(t, "HEIGHT_SHARDED", "L1", _spec(t)) == _config(t, "HEIGHT_SHARDED", "L1", _spec(t)),
        hash(_config(t, "HEIGHT_SHARDED", "L1", _spec(t))) == hash(_config(t, "HEIGHT_SHARDED", "L1", _spec(t))),
        _config(t, "HEIGHT_SHARDED", "L1", _spec(t)) == _config(t, "HEIGHT_SHARDED", "L1"),
        t.DRAM_MEMORY_CONFIG == t.L1_MEMORY_CONFIG,
        t.DRAM_MEMORY_CONFIG == 1,
    ],
    **{f"sharded config {' '.join(map(str, case))}": lambda t, case=case: _create(t, *case) for case in _EVEN},
    "sharded config on two grids": lambda t: _create(t, (64, 64), _two_grids, "HEIGHT", None, True),
    "sharded config on ranges": lambda t: _create(t, (64, 64), _grid, "HEIGHT", None, True),
    "sharded config on ranges, evenly": lambda t: _create(t, (64, 64), _grid, "HEIGHT", None, False),
    "sharded config of a number": lambda t: _create(t, 64, (2, 2), "HEIGHT", None, True),
    "sharded config on a number": lambda t: _create(t, (64, 64), lambda t: 5, "HEIGHT", None, True),
    **{
        f"rounded sharded config {' '.join(map(str, [s, g if isinstance(g, tuple) else 'ranges', *rest]))}": (
            lambda t, case=(s, g, *rest): _create_(t, *case)
        )
        for s, g, *rest in _ROUNDED
    },
}
