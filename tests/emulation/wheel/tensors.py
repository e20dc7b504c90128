"""Cases: tensors made from torch tensors and read back, their texts, attributes and indices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

BOARD = "n150"
NEEDS_DEVICE = True

_TORCH_DTYPES = (
    "float32", "bfloat16", "float16", "int64", "int32", "int16", "int8", "uint8", "uint16", "uint32", "bool",
)  # fmt: skip
_DTYPES = ("bfloat16", "float32", "bfloat8_b", "bfloat4_b", "uint8", "uint16", "uint32", "int8", "int32")
_SHAPES: list[tuple[int, ...]] = [(2, 3), (), (5,), (0, 5), (2, 1, 3), (33, 65)]
_PRINTED: dict[str, Callable[[], torch.Tensor]] = {
    "small": lambda: torch.arange(6.0).reshape(2, 3),
    "integers": lambda: torch.arange(-3, 3).int(),
    "large integers": lambda: torch.tensor([1, 100000, -7], dtype=torch.int32),
    "bytes": lambda: torch.arange(4, dtype=torch.uint8),
    "wide": lambda: torch.linspace(-1, 1, 24).reshape(3, 8),
    "long": lambda: torch.arange(40.0).reshape(5, 8),
    "three dimensions": lambda: torch.arange(200000.0).reshape(1, 2000, 100),
    "blocks": lambda: torch.ones(2, 1, 2, 1, 2),
    "many blocks": lambda: torch.ones(6, 2, 1, 2),
    "four dimensions": lambda: torch.ones(2, 1, 6, 2).bfloat16(),
    "tiny": lambda: torch.tensor([1e-5, 1.0]),
    "huge": lambda: torch.tensor([1e8, 1.0]),
    "just too huge": lambda: torch.tensor([2e8]),
    "wide range": lambda: torch.tensor([1000.5, 1.0]),
    "narrow range": lambda: torch.tensor([[1000.5, 2.0], [3, 4]]),
    "not finite": lambda: torch.tensor([float("nan"), float("inf"), -1.0, float("-inf")]),
    "nothing finite": lambda: torch.tensor([float("nan")]),
    "zeros": lambda: torch.zeros(3),
    "a number": lambda: torch.tensor(3.5),
    "no rows": lambda: torch.zeros(0, 3),
    "five": lambda: torch.arange(5.0),
    "a large number that isn't shown": lambda: torch.tensor([1.0, 2, 3e6, 4, 5]),
    "a small number": lambda: torch.tensor([1e-4, 1e-3]),
    "negative": lambda: torch.tensor([-1.5, -1000.25]),
}
_INDICES: dict[str, Any] = {
    "0": 0,
    "-1": -1,
    "5": 5,
    "-5": -5,
    "...,0": (..., 0),
    ":,0:2": (slice(None), slice(0, 2)),
    "0:-1": (slice(0, -1),),
    "-1:": (slice(-1, None),),
    "five": (0, 0, 0, 0, 0),
    "four": (0, 1, 2, 3),
    "two ellipses": (..., ...),
    "0:9": (slice(0, 9),),
    "1:1": (slice(1, 1),),
    "2:1": (slice(2, 1),),
    "...,0:5": (..., slice(0, 5)),
    "every second": (slice(None), slice(None), slice(0, 64, 2)),
    "list": [0, 1],
    "text": "a",
    "None": None,
    "True": True,
}
# The wheel reads beyond the end of a host tensor, refuses to count from its end and to drop a tiled height; the
# emulation does as on the device.
_ON_HOST = set(_INDICES) - {"0:9", "0:-1", "-1:", "2:1", "...,0"}


def _about(tensor: Any) -> Any:
    return [
        tensor.dtype, tensor.layout, tensor.shape, tensor.padded_shape, tensor.storage_type(), tensor.memory_config(),
        tensor.tile, tensor.is_allocated(), tensor.is_sharded(), tensor.volume(), tensor.logical_volume(),
    ]  # fmt: skip


def _ones(*shape: int, dtype: str = "float32") -> torch.Tensor:
    return torch.ones(shape).to(getattr(torch, dtype))


def _height_shards(t: Any, shape: Any = (32, 64), cores: int = 2) -> Any:
    spec = t.ShardSpec(t.CoreRangeSet([t.CoreRange((0, 0), (cores - 1, 0))]), shape, t.ShardOrientation.ROW_MAJOR)
    return t.MemoryConfig(t.TensorMemoryLayout.HEIGHT_SHARDED, t.BufferType.L1, spec)


def _converted(t: Any, dtype: str, values: torch.Tensor, layout: str | None = None) -> Any:
    tensor = t.from_torch(values, dtype=getattr(t, dtype), layout=None if layout is None else getattr(t.Layout, layout))
    return [tensor.dtype, tensor.layout, t.to_torch(tensor)]


def _tensor(t: Any, device: Any, *shape: int, layout: str = "TILE", config: Any = None) -> Any:
    return t.empty(shape, layout=getattr(t.Layout, layout), device=device, memory_config=config or t.DRAM_MEMORY_CONFIG)


def _deallocated(t: Any, device: Any, use: Callable[[Any], Any]) -> Any:
    tensor = _tensor(t, device, 64, 64)
    t.deallocate(tensor)
    return use(tensor)


_COUNTED = torch.arange(6.0).reshape(2, 3) + 1
_PADDED: dict[str, Callable[[Any], dict[str, Any]]] = {
    "rows": lambda t: {},
    "tiles": lambda t: {"layout": t.TILE_LAYOUT},
    "tiles with a value": lambda t: {"layout": t.TILE_LAYOUT, "pad_value": 5.0},
    "block floats": lambda t: {"layout": t.TILE_LAYOUT, "pad_value": 500.0, "dtype": t.bfloat8_b},
    "integers": lambda t: {"layout": t.TILE_LAYOUT, "pad_value": 5.0, "dtype": t.uint16},
    "row shards": lambda t: {"memory_config": _height_shards(t, (1, 5))},
}
_WHOLE = torch.arange(2 * 3 * 64 * 64).reshape(2, 3, 64, 64).remainder(251).float()
CASES: dict[str, Callable[[Any, Any], Any]] = {
    **{
        f"from torch.{dtype}{' ' + layout if layout else ''}": lambda t, d, dtype=dtype, layout=layout: _about(
            t.from_torch(_ones(2, 3, dtype=dtype), layout=None if layout is None else getattr(t.Layout, layout))
        )
        for dtype in _TORCH_DTYPES
        for layout in (None, "TILE")
    },
    **{
        f"torch.{given} to {dtype} {layout}": lambda t, d, given=given, dtype=dtype, layout=layout: _converted(
            t, dtype, torch.tensor([[0, 1, 2], [3, 5, 7]]).to(getattr(torch, given)), layout
        )
        for given in _TORCH_DTYPES
        for dtype in _DTYPES
        for layout in ("TILE", "ROW_MAJOR")
    },
    **{
        f"of shape {shape} {layout} {place}": lambda t, d, shape=shape, layout=layout, place=place: (
            lambda tensor: [_about(tensor), list(t.to_torch(tensor).shape)]
        )(
            t.from_torch(
                torch.ones(shape), layout=getattr(t.Layout, layout), device=d if place == "on the device" else None
            )
        )
        for shape in _SHAPES
        for layout in ("TILE", "ROW_MAJOR")
        for place in ("on the host", "on the device")
    },
    "complex numbers": lambda t, d: t.from_torch(torch.ones(2, dtype=torch.complex64)),
    "int64 beyond 32 bits": lambda t, d: [
        _converted(t, dtype, torch.tensor([2**40 + 5, -3, 2**24 + 1]))
        for dtype in ("int32", "uint32", "float32", "bfloat16")
    ],
    "float64": lambda t, d: [
        _converted(t, dtype, torch.tensor([1e300, 1.1, -2.7], dtype=torch.float64)) for dtype in ("float32", "bfloat16")
    ],
    "fractions to integers": lambda t, d: [
        _converted(t, dtype, torch.tensor([0.5, 1.5, -0.5, 99.9]))
        for dtype in ("uint8", "uint16", "uint32", "int32", "int8")
    ],
    "nothing": lambda t, d: t.from_torch(None),
    "a numpy array": lambda t, d: _about(t.from_torch(torch.ones(2, 2).numpy())),
    "a list": lambda t, d: t.from_torch([1, 2]),
    "a transposed tensor": lambda t, d: t.to_torch(t.from_torch(torch.arange(6.0).reshape(2, 3).t())),
    "a tensor with a gradient": lambda t, d: t.to_torch(t.from_torch(torch.ones(2, requires_grad=True).detach())),
    "by the class": lambda t, d: _about(t.Tensor(torch.ones(2, 3), t.bfloat16)),
    "block floats in rows": lambda t, d: t.from_torch(torch.ones(2, 3), dtype=t.bfloat8_b, layout=t.ROW_MAJOR_LAYOUT),
    "sharded without a spec": lambda t, d: t.from_torch(
        torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=t.L1_HEIGHT_SHARDED_MEMORY_CONFIG
    ),
    "on the host, meant for L1": lambda t, d: _about(
        t.from_torch(torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=t.L1_MEMORY_CONFIG)
    ),
    "on the host, meant for shards": lambda t, d: _about(
        t.from_torch(torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=_height_shards(t))
    ),
    "on the host, meant for shards in rows": lambda t, d: _about(
        t.from_torch(torch.ones(64, 50), memory_config=_height_shards(t))
    ),
    "on the host, meant for a core outside": lambda t, d: _about(
        t.from_torch(torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=_height_shards(t, cores=9))
    ),
    "on the host, meant for bad shards": lambda t, d: t.from_torch(
        torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=_height_shards(t, (16, 64), 4)
    ),
    "padded block floats": lambda t, d: [
        t.to_torch(
            t.from_torch(torch.linspace(-3, 3, 10).reshape(2, 5), dtype=dtype, layout=t.TILE_LAYOUT, pad_value=value)
        )
        for dtype in (t.bfloat8_b, t.bfloat4_b, t.bfloat16)
        for value in (0.0, 7.0, 1000.0)
    ],
    "transposed block floats": lambda t, d: (lambda tensor: [_about(tensor), t.to_torch(tensor)])(
        t.from_torch(torch.linspace(-3, 3, 40).reshape(8, 5), dtype=t.bfloat8_b, col_tilize=True)
    ),
    "a small tile": lambda t, d: [
        _about(t.from_torch(torch.ones(2, 5), layout=t.TILE_LAYOUT, tile=t.Tile([16, 32]))),
        _about(t.from_torch(torch.ones(2, 5), dtype=t.bfloat8_b, layout=t.TILE_LAYOUT, tile=t.Tile([4, 16]), device=d)),
    ],
    **{f"text: {name}": lambda t, d, make=make: repr(t.from_torch(make())) for name, make in _PRINTED.items()},
    "text: tiles": lambda t, d: repr(t.from_torch(torch.arange(4.0), layout=t.TILE_LAYOUT, dtype=t.bfloat8_b)),
    "text: deallocated": lambda t, d: _deallocated(t, d, repr),
    **{
        f"read with padding: {name}": lambda t, d, make=make: t.from_torch(
            _COUNTED, **make(t)
        ).to_torch_with_padded_shape()
        for name, make in _PADDED.items()
    },
    "read with padding: laid out": lambda t, d: t.to_layout(
        t.from_torch(_COUNTED), t.TILE_LAYOUT
    ).to_torch_with_padded_shape(),
    "read with padding: a number": lambda t, d: [
        t.from_torch(torch.tensor(3.0)).to_torch_with_padded_shape(),
        t.from_torch(torch.tensor(3.0), layout=t.TILE_LAYOUT).to_torch_with_padded_shape().shape,
    ],
    "read with another dtype": lambda t, d: t.to_torch(t.from_torch(torch.ones(2, 3)), dtype=torch.int32),
    "read at a lower rank": lambda t, d: t.to_torch(t.from_torch(torch.ones(1, 1, 3)), torch_rank=1),
    "read at too low a rank": lambda t, d: t.to_torch(t.from_torch(torch.ones(1, 2, 3)), torch_rank=1),
    "one number": lambda t, d: [
        t.from_torch(torch.tensor([[3.5]])).item(),
        t.from_torch(torch.tensor([[3]], dtype=torch.int32)).item(),
    ],
    "one number of several": lambda t, d: t.from_torch(torch.ones(5, 7)).item(),
    "as lists": lambda t, d: [
        t.from_torch(torch.ones(2, 1)).to_list(),
        t.from_torch(torch.ones(2)).to_numpy().tolist(),
    ],
    "host tensor's address": lambda t, d: t.from_torch(torch.ones(2)).buffer_address(),
    "host tensor's device": lambda t, d: t.from_torch(torch.ones(2)).device(),
    "host tensor deallocated": lambda t, d: (lambda x: [t.deallocate(x), x.is_allocated(), t.to_torch(x)])(
        t.from_torch(torch.ones(2))
    ),
    "device tensor": lambda t, d: (lambda x: [_about(x), x.device() == d, x.get_dtype(), x.get_layout(), x.get_tile()])(
        _tensor(t, d, 5, 7)
    ),
    "device tensor on the host": lambda t, d: [
        _about(_tensor(t, d, 5, 7, config=t.L1_MEMORY_CONFIG).cpu()),
        _about(t.from_device(_tensor(t, d, 64, 64, config=_height_shards(t)))),
        _about(t.from_device(t.from_torch(torch.ones(2)))),
    ],
    "host tensor on the device": lambda t, d: [
        _about(t.from_torch(torch.ones(5, 7)).to(d)),
        _about(t.from_torch(torch.ones(5, 7)).to(d, t.L1_MEMORY_CONFIG)),
        _about(t.to_device(t.from_torch(torch.ones(5, 7)), d)),
        _about(t.to_device(t.from_torch(torch.ones(5, 7)), d, memory_config=t.L1_MEMORY_CONFIG)),
        _about(t.to_device(t.from_torch(torch.ones(64, 64), layout=t.TILE_LAYOUT, memory_config=_height_shards(t)), d)),
        _about(t.to_device(_tensor(t, d, 5, 7), d, memory_config=t.L1_MEMORY_CONFIG)),
    ],
    "host tensor to shards without a spec": lambda t, d: t.to_device(
        t.from_torch(torch.ones(64, 64)), d, memory_config=t.L1_HEIGHT_SHARDED_MEMORY_CONFIG
    ),
    "host tensor meant for L1 on the device": lambda t, d: (lambda x: [_about(t.to_device(x, d)), _about(x.to(d))])(
        t.from_torch(torch.ones(5, 7), memory_config=t.L1_MEMORY_CONFIG)
    ),
    "host tensor in block floats": lambda t, d: [
        _about(t.to_dtype(t.from_torch(torch.ones(*shape), layout=layout), t.bfloat8_b))
        for shape, layout in (
            ((64, 32), t.ROW_MAJOR_LAYOUT),
            ((5, 7), t.TILE_LAYOUT),
            ((2, 32, 32), t.ROW_MAJOR_LAYOUT),
        )
    ],
    "to no device": lambda t, d: t.to_device(t.from_torch(torch.ones(2)), None),
    "tensor in another layout": lambda t, d: [
        _about(t.from_torch(torch.ones(5, 7)).to(t.TILE_LAYOUT)),
        _about(_tensor(t, d, 5, 7).to(t.ROW_MAJOR_LAYOUT)),
    ],
    "host tensor in another dtype": lambda t, d: [
        _about(t.to_dtype(t.from_torch(torch.ones(5, 7)), getattr(t, dtype))) for dtype in _DTYPES if "_b" not in dtype
    ],
    "host tensor of odd sizes in block floats": lambda t, d: t.to_dtype(t.from_torch(torch.ones(5, 7)), t.bfloat8_b),
    "device tensor in another dtype": lambda t, d: t.to_dtype(_tensor(t, d, 5, 7), t.float32),
    "a tensor of a tensor": lambda t, d: _about(t.as_tensor(torch.ones(3, 5), dtype=t.bfloat16)),
    "a tensor of a tensor on a device": lambda t, d: t.as_tensor(torch.ones(3, 5), device=d),
    "a tensor of a tensor in a place": lambda t, d: _about(
        t.as_tensor(torch.ones(3, 5), layout=t.TILE_LAYOUT, device=d, memory_config=t.L1_MEMORY_CONFIG)
    ),
    "a tensor of a tensor in block floats": lambda t, d: t.as_tensor(torch.ones(3, 5), dtype=t.bfloat8_b),
    "memory configuration of a tensor": lambda t, d: (
        lambda config: [
            config == _height_shards(t),
            hash(config) == hash(_height_shards(t)),
            config,
            config.to_json(),
        ]
    )(_tensor(t, d, 64, 64, config=_height_shards(t)).memory_config()),
    "deallocated": lambda t, d: _deallocated(
        t,
        d,
        lambda x: [x.shape, x.padded_shape, x.dtype, x.is_allocated(), x.device(), x.storage_type(), x.is_sharded()],
    ),
    "deallocated, address": lambda t, d: _deallocated(t, d, lambda x: x.buffer_address()),
    "deallocated again": lambda t, d: _deallocated(t, d, lambda x: t.deallocate(x)),
    "deallocated, moved": lambda t, d: _deallocated(t, d, lambda x: t.to_memory_config(x, t.L1_MEMORY_CONFIG)),
    "truth, length, attributes": lambda t, d: (lambda x: [bool(x), hash(x) == hash(x), x in [x], hasattr(x, "colour")])(
        t.from_torch(torch.ones(2))
    ),
    "length": lambda t, d: len(t.from_torch(torch.ones(2))),
    "an attribute assigned": lambda t, d: setattr(t.from_torch(torch.ones(2)), "colour", 1),
    **{
        f"device tensor [{name}] {layout}": lambda t, d, name=name, layout=layout: _about(
            _tensor(t, d, 2, 3, 64, 64, layout=layout)[_INDICES[name]]
        )
        for name in _INDICES
        for layout in ("TILE", "ROW_MAJOR")
    },
    **{
        f"host tensor [{name}] {layout}": lambda t, d, name=name, layout=layout: (
            lambda part: [part.dtype, part.layout, part.shape, t.to_torch(part).double().sum().item()]
        )(t.from_torch(_WHOLE, dtype=t.bfloat16, layout=getattr(t.Layout, layout))[_INDICES[name]])
        for name in sorted(_ON_HOST)
        for layout in ("TILE", "ROW_MAJOR")
    },
}
