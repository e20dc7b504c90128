"""Cases: where tensors go in a device's memory, what they take there, and every refusal on the way."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

BOARD = "n150"
NEEDS_DEVICE = True

_DTYPES = ("bfloat16", "bfloat8_b", "bfloat4_b", "float32", "uint8", "uint16", "int32", "uint32")
_SHAPES = [(32, 32), (64, 96), (1024, 1024), (5, 7), (100, 33), (1,), (7,), (3, 1, 1), (0, 32), (2, 3, 4, 5), ()]
_H, _W, _B = "HEIGHT_SHARDED", "WIDTH_SHARDED", "BLOCK_SHARDED"
_FITS = [
    (_H, (32, 64), (2, 1)), (_H, (32, 64), (4, 1)), (_W, (64, 32), (2, 1)), (_B, (32, 32), (2, 2)),
    (_B, (64, 32), (2, 1)), (_H, (64, 64), (2, 1)), (_H, (16, 64), (4, 1)), (_H, (32, 32), (2, 1)),
    (_H, (32, 96), (2, 1)), (_W, (32, 32), (2, 1)), (_W, (96, 32), (2, 1)), (_W, (64, 64), (2, 1)),
    (_H, (32, 64), (1, 1)), (_B, (32, 32), (1, 2)), (_B, (32, 32), (2, 1)), (_H, (32, 64), (9, 1)),
    (_H, (32, 64), (1, 9)), (_H, (0, 0), (2, 1)), (_H, (32, 0), (2, 1)), (_B, (0, 32), (2, 1)),
    (_W, (0, 32), (2, 1)), (_W, (64, 16), (4, 1)), (_W, (64, 32), (1, 1)), (_H, (16, 32), (1, 1)),
    (_H, (32, 32), (9, 9)), (_B, (32, 32), (1, 1)), ("INTERLEAVED", (32, 64), (2, 1)),
    ("ND_SHARDED", (32, 64), (2, 1)),
]  # fmt: skip
_ODD_SHARDS = [
    ((100, 50), _H, (64, 64), (2, 1)), ((100, 50), _H, (50, 50), (2, 1)), ((100, 50), _H, (64, 50), (2, 1)),
    ((100, 50), _W, (100, 25), (2, 1)), ((100, 50), _W, (128, 32), (2, 1)), ((100, 50), _B, (64, 32), (2, 2)),
    ((100, 50), _B, (50, 25), (2, 2)), ((2, 3, 32, 64), _H, (32, 64), (6, 1)), ((2, 3, 5, 64), _H, (5, 64), (6, 1)),
    ((1, 1, 1, 7), _H, (1, 7), (1, 1)), ((7,), _H, (1, 7), (1, 1)), ((7,), _H, (32, 32), (1, 1)),
    ((7,), _W, (32, 4), (2, 1)), ((7,), _B, (32, 4), (2, 1)), ((8,), _W, (1, 4), (2, 1)), ((), _H, (32, 32), (1, 1)),
    ((), _H, (1, 1), (1, 1)), ((0, 64), _H, (32, 64), (1, 1)), ((128, 64), _H, (96, 64), (2, 1)),
]  # fmt: skip
_TOO_LARGE = [
    ((8192, 16384), "bfloat16", "TILE", None), ((8192, 16384), "bfloat8_b", "TILE", None),
    ((100000, 1001), "bfloat16", "ROW_MAJOR", None), ((300000, 3, 4), "bfloat16", "TILE", None),
    ((3 * 1024, 1024), "bfloat16", "TILE", (_H, (1024, 1024), (8, 1))),
    ((1024 + 32, 1024), "bfloat16", "TILE", (_H, (1024, 1024), (2, 1))),
    ((1024, 3 * 1024), "bfloat16", "TILE", (_B, (1024, 1024), (4, 4))),
    ((1500, 2000), "bfloat16", "TILE", (_B, (1024, 1024), (2, 2))),
    ((1024, 1000), "bfloat16", "TILE", (_W, (1024, 992), (8, 1))),
    ((1500, 1001), "bfloat16", "ROW_MAJOR", (_H, (1000, 1001), (2, 1))),
    ((1500, 1001), "bfloat16", "ROW_MAJOR", (_W, (1500, 505), (2, 1))),
]  # fmt: skip
_ND_SHARDS = [
    [1, 32, 64],
    [32, 64],
    [2, 64, 64],
    [2, 3, 32, 32],
    [1, 16, 64],
    [64],
    [1, 32, 48],
    [0, 32, 64],
    [1, 5, 10],
]


def _sharded(t: Any, layout: str, shape: Any, cores: Any, buffer: str = "L1", orientation: str = "ROW_MAJOR") -> Any:
    grid = t.CoreRangeSet([t.CoreRange((0, 0), (cores[0] - 1, cores[1] - 1))])
    spec = t.ShardSpec(grid, shape, getattr(t.ShardOrientation, orientation))
    return t.MemoryConfig(getattr(t.TensorMemoryLayout, layout), getattr(t.BufferType, buffer), spec)


def _placed(t: Any, device: Any, shape: Any, dtype: str, layout: str, config: Any) -> Any:
    tensor = t.empty(
        shape, dtype=getattr(t, dtype), layout=getattr(t.Layout, layout), device=device, memory_config=config
    )
    view = t.get_memory_view(device, config.buffer_type)
    pages = (tensor.buffer_page_size(), tensor.buffer_num_pages()) if 0 not in tuple(shape) else ()
    return [
        tensor.shape, tensor.padded_shape, tensor.buffer_address(), view.total_bytes_allocated_per_bank, *pages,
        tensor.volume(), tensor.logical_volume(), tensor.is_sharded(), tensor.memory_config(),
    ]  # fmt: skip


def _view(t: Any, device: Any, buffer: str) -> Any:
    view = t.get_memory_view(device, getattr(t.BufferType, buffer))
    return [
        view.num_banks, view.total_bytes_per_bank, view.total_bytes_allocated_per_bank, view.total_bytes_free_per_bank,
        view.largest_contiguous_bytes_free_per_bank,
    ]  # fmt: skip


def _comings_and_goings(t: Any, device: Any, config: Any, largest: int) -> Any:
    """The addresses of 300 buffers, allocated and deallocated in a random but fixed order."""
    draw, live, addresses = random.Random(5), {}, []
    for step in range(300):
        if live and draw.random() < 0.47:
            t.deallocate(live.pop(draw.choice(sorted(live))))
            continue
        width = draw.choice([16, 32, 48, 512, 1024, 1040, 2048, draw.randint(8, largest)])
        live[step] = t.empty((1, width), device=device, memory_config=config)
        addresses.append(live[step].buffer_address())
    view = t.get_memory_view(device, config.buffer_type)
    return [addresses, view.total_bytes_allocated_per_bank, view.largest_contiguous_bytes_free_per_bank]


def _freed(t: Any, device: Any, share: Callable[[Any], Any], free: Callable[[Any, Any, Any], Any]) -> Any:
    """Whether two tensors of one memory are allocated, and the memory taken, after one was deallocated."""
    tensor = t.empty((64, 64), layout=t.TILE_LAYOUT, device=device)
    other = share(tensor)
    same = other.buffer_address() == tensor.buffer_address()
    free(t, tensor, other)
    states = [same, tensor.is_allocated(), other.is_allocated(), _view(t, device, "DRAM")[2]]
    del tensor
    return [*states, other.is_allocated(), _view(t, device, "DRAM")[2]]


_SHARERS: dict[str, Callable[[Any, Any], Any]] = {
    "a reshape": lambda t, tensor: t.reshape(tensor, (1, 1, 64, 64)),
    "its own layout": lambda t, tensor: t.to_layout(tensor, t.TILE_LAYOUT),
    "its own place": lambda t, tensor: t.to_memory_config(tensor, t.DRAM_MEMORY_CONFIG),
    "its own device": lambda t, tensor: t.to_device(tensor, tensor.device()),
}
_FREEINGS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "ttnn.deallocate": lambda t, tensor, other: t.deallocate(tensor),
    "ttnn.deallocate without force": lambda t, tensor, other: t.deallocate(tensor, False),
    "tensor.deallocate": lambda t, tensor, other: tensor.deallocate(),
    "tensor.deallocate by force": lambda t, tensor, other: tensor.deallocate(True),
    "ttnn.deallocate of the other": lambda t, tensor, other: t.deallocate(other),
    "tensor.deallocate of the other": lambda t, tensor, other: other.deallocate(),
    "nothing": lambda t, tensor, other: None,
}
_BROKEN_GRID = [((0, 0), (1, 0)), ((0, 1), (0, 1))]
_TWO_ROWS = [((0, 0), (1, 0)), ((0, 1), (1, 1))]


def _on_ranges(t: Any, layout: str, shape: Any, ranges: Any) -> Any:
    grid = t.CoreRangeSet([t.CoreRange(*corners) for corners in ranges])
    return t.MemoryConfig(
        getattr(t.TensorMemoryLayout, layout),
        t.BufferType.L1,
        t.ShardSpec(grid, shape, t.ShardOrientation.ROW_MAJOR),
    )


CASES: dict[str, Callable[[Any, Any], Any]] = {
    **{
        f"{shape} {dtype} {layout} in {memory}": (
            lambda t, d, shape=shape, dtype=dtype, layout=layout, memory=memory: _placed(
                t, d, shape, dtype, layout, getattr(t, f"{memory}_MEMORY_CONFIG")
            )
        )
        for shape in _SHAPES
        for dtype in _DTYPES
        for layout in ("TILE", "ROW_MAJOR")
        for memory in ("L1", "DRAM")
        if shape in _SHAPES[:5] or dtype == "bfloat16"
    },
    **{
        f"(64, 64) {dtype} {layout} {' '.join(map(str, shards))}": (
            lambda t, d, dtype=dtype, layout=layout, shards=shards: _placed(
                t, d, (64, 64), dtype, layout, _sharded(t, *shards)
            )
        )
        for shards in _FITS
        for dtype, layout in (("bfloat16", "TILE"), ("bfloat8_b", "TILE"), ("bfloat16", "ROW_MAJOR"))
    },
    **{
        f"{shape} {dtype} {layout} {' '.join(map(str, shards))}": (
            lambda t, d, shape=shape, dtype=dtype, layout=layout, shards=shards: _placed(
                t, d, shape, dtype, layout, _sharded(t, *shards)
            )
        )
        for shape, *shards in _ODD_SHARDS
        for dtype, layout in (
            ("bfloat16", "TILE"),
            ("bfloat16", "ROW_MAJOR"),
            ("uint8", "ROW_MAJOR"),
            ("float32", "ROW_MAJOR"),
        )
    },
    **{
        f"(64, 64) in DRAM {' '.join(map(str, shards))}": (
            lambda t, d, shards=shards: _placed(t, d, (64, 64), "bfloat16", "TILE", _sharded(t, *shards, "DRAM"))
        )
        for shards in ((_H, (32, 64), (2, 1)), (_H, (32, 64), (13, 1)), (_H, (32, 64), (2, 2)), (_B, (32, 32), (2, 2)))
    },
    **{
        f"(64, {width}) column-major {' '.join(map(str, shards))}": (
            lambda t, d, width=width, shards=shards: _placed(
                t, d, (64, width), "bfloat16", "TILE", _sharded(t, *shards, orientation="COL_MAJOR")
            )
        )
        for width, *shards in (
            (64, _B, (64, 32), (1, 2)),
            (64, _B, (64, 32), (2, 1)),
            (64, _B, (32, 32), (1, 1)),
            (32, _B, (32, 32), (1, 2)),
            (64, _H, (32, 64), (9, 9)),
            (64, _H, (32, 64), (1, 2)),
        )
    },
    "block shards on a broken grid": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _on_ranges(t, _B, (32, 32), _BROKEN_GRID)
    ),
    "block shards on two rows": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _on_ranges(t, _B, (32, 32), _TWO_ROWS)
    ),
    "shards on a core outside": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _on_ranges(t, _H, (32, 64), [((0, 0), (0, 0)), ((7, 7), (9, 9))])
    ),
    **{
        f"sharded without a spec, {layout}": lambda t, d, layout=layout: _placed(
            t, d, (64, 64), "bfloat16", "TILE", t.MemoryConfig(getattr(t.TensorMemoryLayout, layout), t.BufferType.L1)
        )
        for layout in (_H, _W, _B)
    },
    **{
        f"n-dimensional shards {shape} {layout}": lambda t, d, shape=shape, layout=layout: _placed(
            t,
            d,
            (4, 64, 64),
            "bfloat16",
            layout,
            t.MemoryConfig(t.BufferType.L1, t.NdShardSpec(shape, t.CoreRangeSet([t.CoreRange((0, 0), (3, 0))]))),
        )[:6]
        for shape in _ND_SHARDS
        for layout in ("TILE", "ROW_MAJOR")
    },
    **{
        f"too large: {shape} {dtype} {layout} {shards}": (
            lambda t, d, shape=shape, dtype=dtype, layout=layout, shards=shards: _placed(
                t, d, shape, dtype, layout, t.L1_MEMORY_CONFIG if shards is None else _sharded(t, *shards)
            )
        )
        for shape, dtype, layout, shards in _TOO_LARGE
    },
    "too large for DRAM": lambda t, d: _placed(t, d, (8, 65536, 16384), "bfloat16", "TILE", t.DRAM_MEMORY_CONFIG),
    "too large for a DRAM bank": lambda t, d: _placed(
        t, d, (8192 * 64, 16384), "bfloat16", "TILE", _sharded(t, _H, (8192 * 32, 16384), (2, 1), "DRAM")
    ),
    "too large for what is left": lambda t, d: [
        t.empty((1024, 1024), layout=t.TILE_LAYOUT, device=d, memory_config=t.L1_MEMORY_CONFIG),
        _placed(t, d, (8192, 16384), "bfloat16", "TILE", t.L1_MEMORY_CONFIG),
    ],
    "interleaved in L1_SMALL": lambda t, d: _placed(
        t, d, (32, 32), "bfloat16", "TILE", t.MemoryConfig(t.TensorMemoryLayout.INTERLEAVED, t.BufferType.L1_SMALL)
    ),
    "sharded in L1_SMALL": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _sharded(t, _H, (32, 64), (2, 1), "L1_SMALL")
    ),
    "sharded in TRACE": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _sharded(t, _H, (32, 64), (2, 1), "TRACE")
    ),
    "block floats in rows": lambda t, d: [_placed(t, d, (64, 64), "bfloat8_b", "ROW_MAJOR", t.DRAM_MEMORY_CONFIG)],
    "small block floats in rows": lambda t, d: [
        _placed(t, d, (64, 64), "bfloat4_b", "ROW_MAJOR", t.DRAM_MEMORY_CONFIG)
    ],
    "no dtype": lambda t, d: t.empty((64, 64), dtype=t.DataType.INVALID, device=d),
    **{
        f"element size of {dtype}": lambda t, d, dtype=dtype: t.empty(
            (32, 32), dtype=getattr(t, dtype), layout=t.TILE_LAYOUT, device=d
        ).element_size()
        for dtype in _DTYPES
    },
    "300 buffers in L1": lambda t, d: _comings_and_goings(t, d, t.L1_MEMORY_CONFIG, 10_000),
    "300 buffers in DRAM": lambda t, d: _comings_and_goings(t, d, t.DRAM_MEMORY_CONFIG, 200_000),
    **{
        f"{freeing}, shared with {sharer}": lambda t, d, sharer=sharer, freeing=freeing: _freed(
            t, d, lambda tensor: _SHARERS[sharer](t, tensor), _FREEINGS[freeing]
        )
        for sharer in _SHARERS
        for freeing in _FREEINGS
    },
}
