"""Cases: tensors made on the spot, of a number, of a range, or like another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

BOARD = "n150"
NEEDS_DEVICE = True


def _about(tensor: Any) -> Any:
    return [
        tensor.dtype, tensor.layout, tensor.shape, tensor.padded_shape, tensor.storage_type(), tensor.memory_config(),
    ]  # fmt: skip


def _values(t: Any, tensor: Any) -> Any:
    return [tensor.dtype, tensor.layout, tensor.shape, t.to_torch(tensor)]


def _shards(t: Any) -> Any:
    grid = t.CoreRangeSet([t.CoreRange((0, 0), (1, 0))])
    spec = t.ShardSpec(grid, (32, 64), t.ShardOrientation.ROW_MAJOR)
    return t.MemoryConfig(t.TensorMemoryLayout.HEIGHT_SHARDED, t.BufferType.L1, spec)


def _tensor(t: Any, d: Any, dtype: str = "bfloat16", place: str = "DRAM") -> Any:
    where = _shards(t) if place == "height shards" else t.DRAM_MEMORY_CONFIG
    return t.empty((64, 64), dtype=getattr(t, dtype), layout=t.TILE_LAYOUT, device=d, memory_config=where)


def _host(t: Any, shape: Any = (64, 64)) -> Any:
    return t.from_torch(torch.ones(shape), dtype=t.bfloat16, layout=t.ROW_MAJOR_LAYOUT)


CASES: dict[str, Callable[[Any, Any], Any]] = {
    **{
        f"{name}{arguments} as {dtype} {layout} {place}": (
            lambda t, d, name=name, arguments=arguments, dtype=dtype, layout=layout, place=place: _about(
                getattr(t, name)(
                    (3, 5),
                    *arguments,
                    dtype=None if dtype is None else getattr(t, dtype),
                    layout=None if layout is None else getattr(t.Layout, layout),
                    device=None if place is None else d,
                    memory_config=t.L1_MEMORY_CONFIG if place == "L1" else None,
                )
            )
        )
        for name, arguments in (("zeros", ()), ("ones", ()), ("full", (2.5,)), ("full", (2,)))
        for dtype, layout in (
            (None, None),
            ("bfloat8_b", None),
            ("int32", "TILE"),
            ("uint8", "ROW_MAJOR"),
            ("bfloat8_b", "ROW_MAJOR"),
        )
        for place in (None, "DRAM", "L1")
    },
    "full, values": lambda t, d: [
        _values(t, t.full((2,), value, dtype=getattr(t, dtype)))
        for value, dtype in (
            (2.7, "int32"),
            (-3.0, "uint8"),
            (1.003, "bfloat16"),
            (-1, "uint32"),
            (300, "uint8"),
            (0.1, "float32"),
        )
    ],
    "full by names": lambda t, d: _about(t.full(shape=t.Shape([2, 3]), fill_value=1, device=d, layout=t.TILE_LAYOUT)),
    "ones in shards": lambda t, d: _about(t.ones((64, 64), layout=t.TILE_LAYOUT, device=d, memory_config=_shards(t))),
    "empty": lambda t, d: [
        _about(t.empty((3, 5), device=d)),
        _about(t.empty((3, 5), t.float32, t.TILE_LAYOUT, d, t.L1_MEMORY_CONFIG)),
    ],
    "empty without a device": lambda t, d: t.empty((3, 5)),
    "empty block floats": lambda t, d: t.empty((3, 5), t.bfloat8_b, device=d),
    **{
        f"{name} of {place}{' as float32 in tiles in L1' if other else ''}": (
            lambda t, d, name=name, place=place, other=other: _about(
                getattr(t, name)(
                    _tensor(t, d, place=place),
                    *((7,) if name == "full_like" else ()),
                    **(
                        {"dtype": t.float32, "layout": t.TILE_LAYOUT, "memory_config": t.L1_MEMORY_CONFIG}
                        if other
                        else {}
                    ),
                )
            )
        )
        for name in ("zeros_like", "ones_like", "full_like", "empty_like")
        for place in ("DRAM", "height shards")
        for other in (False, True)
    },
    "zeros_like of a host tensor": lambda t, d: [
        _about(t.zeros_like(_host(t))),
        _about(t.zeros_like(_host(t), device=d)),
    ],
    "full_like, values": lambda t, d: _values(t, t.full_like(_host(t, (2,)), 3.5)),
    "zeros_like of block floats": lambda t, d: _about(t.zeros_like(_tensor(t, d, dtype="bfloat8_b"))),
    "zeros_like of block floats in rows": lambda t, d: t.zeros_like(
        _tensor(t, d, dtype="bfloat8_b"), layout=t.ROW_MAJOR_LAYOUT
    ),
    **{
        f"arange{arguments} {dtype}": lambda t, d, arguments=arguments, dtype=dtype: _values(
            t, t.arange(*arguments, dtype=getattr(t, dtype))
        )
        for arguments in ((5,), (2, 9, 3), (9, 2, -3), (0, 0), (0, 4, 0), (5, 2), (250, 260), (0, 4.5, 1))
        for dtype in ("bfloat16", "float32", "int32", "uint32", "uint16", "bfloat8_b")
    },
    "arange on a device": lambda t, d: [
        _about(t.arange(0, 5, device=d)),
        _about(t.arange(0, 5, 1, dtype=t.int32, device=d, layout=t.TILE_LAYOUT)),
        _about(t.arange(5, memory_config=t.L1_MEMORY_CONFIG)),
    ],
    "arange by names": lambda t, d: _values(t, t.arange(start=0, end=4, step=2, dtype=t.float32)),
}
