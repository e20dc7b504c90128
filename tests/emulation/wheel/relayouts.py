"""Cases: from one layout, place or format to another, and copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

BOARD = "n150"
NEEDS_DEVICE = True

_DTYPES = ("bfloat16", "float32", "bfloat8_b", "uint8", "uint16", "uint32", "int32")
_SHAPES: tuple[tuple[int, ...], ...] = ((64, 64), (5, 7), (7,), (64,), (2, 32, 64), (2, 3, 5, 40))
_H, _W, _B = "HEIGHT_SHARDED", "WIDTH_SHARDED", "BLOCK_SHARDED"


def _about(tensor: Any) -> Any:
    return [
        tensor.dtype, tensor.layout, tensor.shape, tensor.padded_shape, tensor.storage_type(), tensor.memory_config(),
    ]  # fmt: skip


def _shards(t: Any, layout: str = _H, shape: Any = (32, 64), cores: Any = (2, 1), buffer: str = "L1") -> Any:
    grid = t.CoreRangeSet([t.CoreRange((0, 0), (cores[0] - 1, cores[1] - 1))])
    spec = t.ShardSpec(grid, shape, t.ShardOrientation.ROW_MAJOR)
    return t.MemoryConfig(getattr(t.TensorMemoryLayout, layout), getattr(t.BufferType, buffer), spec)


_PLACES: dict[str, Callable[[Any], Any]] = {
    "DRAM": lambda t: t.DRAM_MEMORY_CONFIG,
    "L1": lambda t: t.L1_MEMORY_CONFIG,
    "height shards": _shards,
    "width shards": lambda t: _shards(t, _W, (64, 32)),
    "block shards": lambda t: _shards(t, _B, (32, 32), (2, 2)),
    "DRAM shards": lambda t: _shards(t, _W, (64, 32), (2, 1), "DRAM"),
    "short shards": lambda t: _shards(t, _H, (16, 64), (4, 1)),
    "no spec": lambda t: t.L1_HEIGHT_SHARDED_MEMORY_CONFIG,
}


def _tensor(
    t: Any, d: Any, shape: Any = (64, 64), dtype: str = "bfloat16", layout: str = "TILE", place: str = "DRAM"
) -> Any:
    return t.empty(
        shape, dtype=getattr(t, dtype), layout=getattr(t.Layout, layout), device=d, memory_config=_PLACES[place](t)
    )


def _host(t: Any, shape: Any = (64, 64), dtype: str = "bfloat16", layout: str = "TILE") -> Any:
    return t.from_torch(torch.ones(shape), dtype=getattr(t, dtype), layout=getattr(t.Layout, layout))


_JOINED: dict[str, Callable[[Any, int], Any]] = {
    "height shards": lambda t, dim: _shards(t, _H, (64, 64) if dim == 0 else (32, 128)),
    "width shards": lambda t, dim: _shards(t, _W, (128, 32) if dim == 0 else (64, 64)),
    "block shards": lambda t, dim: _shards(t, _B, (64, 32) if dim == 0 else (32, 64), (2, 2)),
    "shards elsewhere": lambda t, dim: (
        _shards(t, _H, (32, 64), (4, 1)) if dim == 0 else _shards(t, _H, (64, 128), (1, 1))
    ),
}
"""Where two tensors of 64x64 go that are joined along a dimension."""


def _and_the_first(move: Callable[[Any], Any], tensor: Any) -> Any:
    return [_about(move(tensor)), tensor.is_allocated()]


_RESHAPING: dict[str, Callable[[Any, Any], Any]] = {
    "tilize_with_zero_padding": lambda t, x: t.tilize_with_zero_padding(x),
    "tilize_with_val_padding": lambda t, x: t.tilize_with_val_padding(
        x, [*list(x.shape)[:-2], -(-x.shape[-2] // 32) * 32, -(-x.shape[-1] // 32) * 32], 0.0
    ),
    "to tiles": lambda t, x: t.to_layout(x, t.TILE_LAYOUT),
    "untilize_with_unpadding": lambda t, x: t.untilize_with_unpadding(x, [size - 1 for size in x.shape]),
    "untilize": lambda t, x: t.untilize(x),
    "to rows": lambda t, x: t.to_layout(x, t.ROW_MAJOR_LAYOUT),
}
CASES: dict[str, Callable[[Any, Any], Any]] = {
    **{
        f"to_layout {target} of {shape} {dtype} {layout}": (
            lambda t, d, target=target, shape=shape, dtype=dtype, layout=layout: _about(
                t.to_layout(_tensor(t, d, shape, dtype, layout), getattr(t.Layout, target))
            )
        )
        for shape in _SHAPES
        for dtype in _DTYPES
        for layout in ("TILE", "ROW_MAJOR")
        for target in ("TILE", "ROW_MAJOR")
    },
    **{
        f"to_layout {target} of {shape} {dtype} {layout} on the host": (
            lambda t, d, target=target, shape=shape, dtype=dtype, layout=layout: _about(
                t.to_layout(_host(t, shape, dtype, layout), getattr(t.Layout, target))
            )
        )
        for shape in _SHAPES[:3]
        for dtype in ("bfloat16", "float32", "uint32", "bfloat8_b")
        for layout in ("TILE", "ROW_MAJOR")
        for target in ("TILE", "ROW_MAJOR")
        if (dtype, layout) != ("bfloat8_b", "ROW_MAJOR")
    },
    **{
        f"to_layout {target} of {layout} as {dtype}": lambda t, d, target=target, layout=layout, dtype=dtype: _about(
            t.to_layout(_tensor(t, d, layout=layout), getattr(t.Layout, target), getattr(t, dtype))
        )
        for layout in ("TILE", "ROW_MAJOR")
        for target in ("TILE", "ROW_MAJOR")
        for dtype in ("bfloat8_b", "bfloat16", "float32")
    },
    "to_layout of block floats as bfloat16": lambda t, d: _about(
        t.to_layout(_tensor(t, d, dtype="bfloat8_b"), t.ROW_MAJOR_LAYOUT, t.bfloat16)
    ),
    "to_layout of small block floats": lambda t, d: t.to_layout(_tensor(t, d, dtype="bfloat4_b"), t.ROW_MAJOR_LAYOUT),
    **{
        f"to_layout {target} of {layout} in {place}{f' to {wish}' if wish else ''}": (
            lambda t, d, target=target, layout=layout, place=place, wish=wish: _about(
                t.to_layout(
                    _tensor(t, d, layout=layout, place=place),
                    getattr(t.Layout, target),
                    memory_config=None if wish is None else _PLACES[wish](t),
                )
            )
        )
        for place, wish in (
            ("DRAM", "L1"),
            ("L1", None),
            ("height shards", None),
            ("height shards", "L1"),
            ("L1", "DRAM"),
        )
        for layout in ("TILE", "ROW_MAJOR")
        for target in ("TILE", "ROW_MAJOR")
    },
    "to_layout of short shards": lambda t, d: t.to_layout(
        _tensor(t, d, layout="ROW_MAJOR", place="short shards"), t.TILE_LAYOUT
    ),
    **{
        f"to_memory_config {place} to {wish}": lambda t, d, place=place, wish=wish: _about(
            t.to_memory_config(_tensor(t, d, place=place), _PLACES[wish](t))
        )
        for place in ("DRAM", "L1", "height shards", "width shards", "block shards")
        for wish in _PLACES
    },
    **{
        f"to_memory_config of rows, DRAM to {wish}": lambda t, d, wish=wish: _about(
            t.to_memory_config(_tensor(t, d, layout="ROW_MAJOR"), _PLACES[wish](t))
        )
        for wish in ("L1", "height shards", "short shards")
    },
    **{
        f"to_memory_config {layout} {place} to {wish} as float32": lambda t, d, layout=layout, place=place, wish=wish: (
            _about(t.to_memory_config(_tensor(t, d, layout=layout, place=place), _PLACES[wish](t), t.float32))
        )
        for layout in ("TILE", "ROW_MAJOR")
        for place, wish in (
            ("DRAM", "DRAM"),
            ("DRAM", "L1"),
            ("DRAM", "height shards"),
            ("height shards", "DRAM"),
            ("height shards", "height shards"),
        )
    },
    "to_memory_config on the host": lambda t, d: t.to_memory_config(_host(t), t.L1_MEMORY_CONFIG),
    "to_memory_config to nothing": lambda t, d: t.to_memory_config(_tensor(t, d), None),
    **{
        f"interleaved_to_sharded {layout} {place} to {wish}": lambda t, d, layout=layout, place=place, wish=wish: (
            _about(t.interleaved_to_sharded(_tensor(t, d, layout=layout, place=place), _PLACES[wish](t)))
        )
        for layout in ("TILE", "ROW_MAJOR")
        for place, wish in (
            ("DRAM", "height shards"),
            ("L1", "block shards"),
            ("DRAM", "DRAM shards"),
            ("DRAM", "L1"),
            ("height shards", "height shards"),
            ("DRAM", "no spec"),
        )
    },
    **{
        f"interleaved_to_sharded of {shape} on {grid}: {scheme} {shard}": (
            lambda t, d, shape=shape, grid=grid, scheme=scheme, shard=shard: _about(
                t.interleaved_to_sharded(
                    _tensor(t, d, shape),
                    t.CoreCoord(*grid),
                    list(shard),
                    getattr(t.TensorMemoryLayout, scheme),
                    t.ShardOrientation.ROW_MAJOR,
                )
            )
        )
        for shape, grid, scheme, shard in (
            ((64, 64), (2, 1), _H, (32, 64)),
            ((96, 64), (8, 8), _H, (32, 64)),
            ((64, 256), (3, 3), _W, (64, 32)),
            ((64, 64), (2, 2), _B, (32, 32)),
            ((320, 64), (4, 4), _H, (32, 64)),
        )
    },
    "interleaved_to_sharded on ranges": lambda t, d: _about(
        t.interleaved_to_sharded(
            _tensor(t, d),
            t.CoreRangeSet([t.CoreRange((0, 0), (1, 0))]),
            [32, 64],
            t.TensorMemoryLayout.HEIGHT_SHARDED,
            t.ShardOrientation.ROW_MAJOR,
        )
    ),
    "interleaved_to_sharded as float32": lambda t, d: _about(
        t.interleaved_to_sharded(_tensor(t, d), _shards(t), t.float32)
    ),
    "interleaved_to_sharded of rows as float32": lambda t, d: t.interleaved_to_sharded(
        _tensor(t, d, layout="ROW_MAJOR"), _shards(t), t.float32
    ),
    "interleaved_to_sharded on the host": lambda t, d: t.interleaved_to_sharded(_host(t), _shards(t)),
    "sharded_to_interleaved": lambda t, d: [
        _about(t.sharded_to_interleaved(_tensor(t, d, place="height shards"), *rest))
        for rest in ((), (t.L1_MEMORY_CONFIG,), (t.L1_MEMORY_CONFIG, t.float32))
    ],
    "sharded_to_interleaved of interleaved": lambda t, d: [
        _about(t.sharded_to_interleaved(_tensor(t, d))),
        _about(t.sharded_to_interleaved(_host(t))),
    ],
    "sharded_to_interleaved to shards": lambda t, d: t.sharded_to_interleaved(
        _tensor(t, d, place="height shards"), _shards(t)
    ),
    "sharded_to_interleaved of rows as float32": lambda t, d: t.sharded_to_interleaved(
        _tensor(t, d, layout="ROW_MAJOR", place="height shards"), t.L1_MEMORY_CONFIG, output_dtype=t.float32
    ),
    "reshard": lambda t, d: _about(t.reshard(_tensor(t, d, place="height shards"), _PLACES["width shards"](t))),
    "reshard of interleaved": lambda t, d: t.reshard(_tensor(t, d), _shards(t)),
    "reshard to interleaved": lambda t, d: t.reshard(_tensor(t, d, place="height shards"), t.L1_MEMORY_CONFIG),
    "reshard on the host": lambda t, d: t.reshard(_host(t), _shards(t)),
    **{
        f"clone in {place}": lambda t, d, place=place: _about(t.clone(_tensor(t, d, place=place)))
        for place in ("DRAM", "L1", "height shards")
    },
    "clone to L1": lambda t, d: _about(t.clone(_tensor(t, d), memory_config=t.L1_MEMORY_CONFIG)),
    "clone as float32": lambda t, d: _about(t.clone(_tensor(t, d), dtype=t.float32)),
    "clone of rows as float32": lambda t, d: t.clone(_tensor(t, d, layout="ROW_MAJOR"), dtype=t.float32),
    "clone to shards": lambda t, d: t.clone(_tensor(t, d), memory_config=_shards(t)),
    "clone from shards": lambda t, d: t.clone(_tensor(t, d, place="height shards"), memory_config=t.DRAM_MEMORY_CONFIG),
    "copy": lambda t, d: _about(t.copy(_tensor(t, d), _tensor(t, d))),
    "assign": lambda t, d: _about(t.assign(_tensor(t, d), memory_config=t.L1_MEMORY_CONFIG, dtype=t.float32)),
    "move": lambda t, d: _and_the_first(t.move, _tensor(t, d)),
    "move to L1": lambda t, d: _and_the_first(lambda x: t.move(x, memory_config=t.L1_MEMORY_CONFIG), _tensor(t, d)),
    "move on the host": lambda t, d: t.move(_host(t)),
    "reallocate": lambda t, d: _and_the_first(t.reallocate, _tensor(t, d, place="height shards")),
    "reallocate to L1": lambda t, d: _and_the_first(lambda x: t.reallocate(x, t.L1_MEMORY_CONFIG), _tensor(t, d)),
    "reallocate on the host": lambda t, d: t.reallocate(_host(t)),
    **{
        f"{name} of {shape} {dtype} {layout} in {place}": (
            lambda t, d, name=name, shape=shape, dtype=dtype, layout=layout, place=place: _about(
                getattr(t, name)(_tensor(t, d, shape, dtype, layout, place))
            )
        )
        for name in ("tilize", "tilize_with_zero_padding", "untilize")
        for shape, dtype, layout, place in (
            ((64, 64), "bfloat16", "ROW_MAJOR", "DRAM"),
            ((5, 7), "bfloat16", "ROW_MAJOR", "DRAM"),
            ((64, 64), "bfloat16", "TILE", "DRAM"),
            ((5, 7), "bfloat16", "TILE", "DRAM"),
            ((64, 64), "bfloat8_b", "TILE", "L1"),
            ((64, 64), "float32", "ROW_MAJOR", "L1"),
            ((64, 64), "uint8", "ROW_MAJOR", "DRAM"),
            ((64, 64), "bfloat16", "ROW_MAJOR", "height shards"),
            ((64, 64), "bfloat16", "TILE", "height shards"),
            ((64,), "bfloat16", "ROW_MAJOR", "DRAM"),
            ((2, 32, 64), "bfloat16", "ROW_MAJOR", "DRAM"),
            ((2, 32, 64), "bfloat16", "TILE", "DRAM"),
        )
    },
    "tilize_with_zero_padding on the host": lambda t, d: _about(t.tilize_with_zero_padding(_host(t))),
    "tilize as bfloat8_b": lambda t, d: _about(t.tilize(_tensor(t, d, layout="ROW_MAJOR"), dtype=t.bfloat8_b)),
    "tilize to L1": lambda t, d: _about(t.tilize(_tensor(t, d, layout="ROW_MAJOR"), memory_config=t.L1_MEMORY_CONFIG)),
    "untilize to L1": lambda t, d: _about(
        t.untilize(_tensor(t, d, place="height shards"), memory_config=t.L1_MEMORY_CONFIG)
    ),
    "tilize_with_zero_padding as bfloat8_b": lambda t, d: _about(
        t.tilize_with_zero_padding(_tensor(t, d, (5, 7), layout="ROW_MAJOR"), output_dtype=t.bfloat8_b)
    ),
    **{
        f"tilize_with_val_padding of {shape} {layout} to {target}": (
            lambda t, d, shape=shape, layout=layout, target=target: _about(
                t.tilize_with_val_padding(_tensor(t, d, shape, layout=layout), target, 1.0)
            )
        )
        for layout in ("ROW_MAJOR", "TILE")
        for shape, target in (
            ((5, 7), [32, 64]),
            ((5, 7), [64, 64]),
            ((64, 64), [64, 64]),
            ((5, 70), [32, 64]),
            ((5, 7), [5, 64]),
            ((5, 7), [1, 1, 32, 64]),
            ((1, 1, 5, 7), [1, 1, 32, 64]),
            ((64,), [64, 64]),
            ((2, 32, 64), [64, 64]),
        )
    },
    **{
        f"untilize_with_unpadding of {shape} to {last}": lambda t, d, shape=shape, last=last: _about(
            t.untilize_with_unpadding(_tensor(t, d, shape), last)
        )
        for shape, last in (
            ((64, 64), [31, 31]),
            ((1, 1, 64, 64), [0, 0, 30, 40]),
            ((1, 1, 64, 64), [30, 40]),
            ((2, 32, 64), [31, 31]),
        )
    },
    **{
        f"{name} of {shape} {layout} in {scheme} {shard} on {cores}": (
            lambda t, d, name=name, shape=shape, layout=layout, scheme=scheme, shard=shard, cores=cores: _about(
                _RESHAPING[name](
                    t,
                    t.empty(
                        shape,
                        layout=getattr(t.Layout, layout),
                        device=d,
                        memory_config=_shards(t, scheme, shard, cores),
                    ),
                )
            )
        )
        for name, layout in (
            ("tilize_with_zero_padding", "ROW_MAJOR"),
            ("tilize_with_val_padding", "ROW_MAJOR"),
            ("to tiles", "ROW_MAJOR"),
            ("untilize_with_unpadding", "TILE"),
            ("untilize", "TILE"),
            ("to rows", "TILE"),
        )
        for shape, scheme, shard, cores in (
            (
                ((1, 1, 49, 1280), _W, (49, 32), (8, 5)),
                ((49, 64), _H, (7, 64), (7, 1)),
                ((64, 50), _H, (32, 50), (2, 1)),
                ((60, 60), _B, (30, 30), (2, 2)),
                ((64, 64), _H, (32, 64), (2, 1)),
            )
            if layout == "ROW_MAJOR"
            else (
                ((1, 1, 49, 1280), _W, (64, 32), (8, 5)),
                ((50, 64), _H, (32, 64), (2, 1)),
                ((64, 50), _H, (32, 64), (2, 1)),
                ((50, 50), _B, (32, 32), (2, 2)),
                ((64, 64), _H, (32, 64), (2, 1)),
            )
        )
    },
    "untilize_with_unpadding of rows": lambda t, d: t.untilize_with_unpadding(
        _tensor(t, d, layout="ROW_MAJOR"), [31, 31]
    ),
    **{
        f"concat of {place} along {dim} into {into}": lambda t, d, place=place, dim=dim, into=into: _about(
            t.concat([_tensor(t, d, place=place)] * 2, dim, memory_config=_JOINED[into](t, dim))
        )
        for place in ("height shards", "width shards", "block shards")
        for dim in (0, 1)
        for into in _JOINED
    },
    "concat of shards on other cores": lambda t, d: t.concat(
        [_tensor(t, d, place="height shards"), _tensor(t, d, place="block shards")],
        0,
        memory_config=_shards(t, _H, (64, 64)),
    ),
}
