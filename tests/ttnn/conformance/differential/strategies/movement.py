"""Calls of operations that make tensors, move them, and change their shape, layout or place."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from hypothesis import strategies as st

from ..forms import Case, Form, a_tuple, call, make, name
from .tensors import (
    ANY,
    SCHEMES,
    Draw,
    Strategy,
    a_tensor,
    dim_of,
    dtype_keyword,
    memory_config,
    often,
    rare,
    shape,
    sharding,
    some,
)

_FEW = ("bfloat16", "bfloat16", "float32", "bfloat8_b", "int32", "uint16")


def _permute(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    if operation == "transpose":
        args: list[Form] = [dim_of(draw, len(dims)), dim_of(draw, len(dims))]
    else:
        order = draw(st.permutations(range(len(dims))))
        args = [often(draw, a_tuple(order), a_tuple(order[1:]), a_tuple([0] * len(dims)), of=10)]
    return call(operation, a_tensor(draw, dims, _FEW), *args, golden=True, **memory_config(draw, dims, of=6))


def _reshape(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    count, target = prod(dims), []
    for _ in range(draw(st.integers(0, 3))):
        side = draw(st.sampled_from([side for side in (1, 2, 3, 4, 8, 31, 32, 64) if count % side == 0]))
        target.append(side)
        count //= side
    target.append(often(draw, count, -1, count + 1, of=6))
    target = draw(st.permutations(target))
    operand = a_tensor(draw, dims, _FEW)
    if operation == "reshape_on_device":
        return call(operation, operand, *([1] * (4 - len(target)) + list(target))[-4:])
    where = memory_config(draw, target, of=8) if operation == "reshape" else {}
    return call(operation, operand, a_tuple(target), golden=operation == "reshape", **where)


def _squeeze(draw: Draw, operation: str) -> Case:
    dims = shape(draw, ranks=(1, 2, 3, 4, 4), sides=(1, 1, 2, 32, 33))
    operand = a_tensor(draw, dims, _FEW)
    if operation == "unsqueeze_to_4D":
        return call(operation, operand)
    none = operation == "squeeze" and draw(st.booleans())
    return call(operation, operand, *([] if none else [dim_of(draw, len(dims) + (operation == "unsqueeze"))]))


def _expand(draw: Draw, operation: str) -> Case:
    dims = shape(draw, sides=(1, 1, 2, 32, 33))
    target = [draw(st.sampled_from((2, 3))) if side == 1 and draw(st.booleans()) else side for side in dims]
    target = [often(draw, side, -1, side + 1, of=10) for side in target]
    leading = draw(st.sampled_from(((), (), (2,))))
    return call(operation, a_tensor(draw, dims, _FEW), [*leading, *target], **memory_config(draw, dims, of=8))


def _several(draw: Draw, operation: str) -> Case:
    """concat and stack."""
    dims = shape(draw)
    dim = dim_of(draw, len(dims))
    dtype = draw(st.sampled_from(_FEW))
    layout = "TILE" if dtype == "bfloat8_b" else draw(st.sampled_from(("TILE", "TILE", "ROW_MAJOR")))
    operands = []
    for _ in range(draw(st.sampled_from((1, 2, 2, 3)))):
        other = list(dims)
        if operation == "concat" and -len(dims) <= dim < len(dims):
            other[dim] = often(draw, other[dim], 1, 32, 40, of=2)
        if rare(draw, 15):
            other[draw(st.integers(0, len(other) - 1))] += 1
        used = often(draw, layout, "TILE", of=10) if dtype != "bfloat8_b" else layout
        operands.append(a_tensor(draw, other, [often(draw, dtype, "float32", of=12)], layout=used))
    where = memory_config(draw, dims, layout, of=5) if operation == "concat" else {}
    return call(operation, operands, dim, golden=True, **where)


def _slice(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    starts = [draw(st.integers(0, side - 1)) for side in dims]
    ends = [draw(st.integers(start + 1, side)) for start, side in zip(starts, dims)]
    if draw(st.booleans()):  # whole tiles
        starts = [start // 32 * 32 for start in starts]
        ends = [min(side, -(-end // 32) * 32) for end, side in zip(ends, dims)]
    steps = [often(draw, 1, 2, of=8) for _ in dims]
    wrong = 16 - draw(st.integers(1, 15))
    if wrong == 1:
        ends[-1] = dims[-1] + 64
    elif wrong == 2:
        starts[-1], ends[-1] = ends[-1], starts[-1]
    elif wrong == 3:
        starts = starts[1:]
    elif wrong == 4:
        ends[-1] = -1
    operand = a_tensor(draw, dims, _FEW)
    if operation == "Tensor.__getitem__":
        index: list[Form] = [{"slice": [start, end, 1]} for start, end in zip(starts, ends)]
        index = [often(draw, part, 0, -1, {"slice": [None, None, None]}, of=6) for part in index]
        return call(operation, operand, a_tuple(index))
    further = [steps] if any(step > 1 for step in steps) else []
    return call(operation, operand, starts, ends, *further, **memory_config(draw, dims, of=5))


def _split(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    dim = dim_of(draw, len(dims))
    side = dims[dim] if -len(dims) <= dim < len(dims) else 2
    sizes: Any = draw(st.sampled_from((1, 2, 32, max(side // 2, 1), side)))
    if operation == "split" and draw(st.booleans()):
        first = max(side // 3, 1)
        sizes = [first, often(draw, side - first, side, of=8)]
    return call(operation, a_tensor(draw, dims, _FEW), sizes if operation == "split" else min(side, 4), dim)


def _repeat(draw: Draw, operation: str) -> Case:
    dims = shape(draw, sides=(1, 2, 31, 32, 33))
    operand = a_tensor(draw, dims, _FEW)
    where = memory_config(draw, dims, operand["layout"], of=6)
    if operation == "repeat":
        times = [draw(st.sampled_from((1, 1, 2, 3))) for _ in dims]
        times = often(draw, times, [2, *times], times[1:], of=10)
        return call(operation, operand, often(draw, a_tuple(times), make("Shape", times), of=3), golden=True, **where)
    if operation == "roll":
        dim: Form = dim_of(draw, len(dims))
        return call(operation, operand, draw(st.sampled_from((1, -2, 40))), *often(draw, [dim], [], of=3), golden=True)
    return call(operation, operand, draw(st.sampled_from((1, 2, 3))), dim_of(draw, len(dims)), golden=True, **where)


def _pad(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    operand = a_tensor(draw, dims, _FEW)
    where = memory_config(draw, dims, operand["layout"], of=6)
    value = draw(st.sampled_from((0.0, 1.5, 0)))
    unit = draw(st.sampled_from((1, 32)))
    if rare(draw, 5):
        target = [side + unit * draw(st.integers(0, 1)) for side in dims]
        return call(operation, operand, target, [0] * len(dims), value, **where)
    sides = [a_tuple((often(draw, 0, 1, of=8), unit * draw(st.integers(0, 1)))) for _ in dims]
    sides = often(draw, sides, sides[1:], [*sides, a_tuple((0, 0))], of=8)
    return call(operation, operand, sides, value, golden=True, **where)


def _indexed(draw: Draw, operation: str) -> Case:
    """gather, scatter and embedding."""
    if operation == "embedding":
        rows, width = draw(st.sampled_from((32, 40, 64))), draw(st.sampled_from((32, 64, 33)))
        batch, length = draw(st.sampled_from((1, 2))), draw(st.sampled_from((1, 8, 31, 32, 64)))
        dtype = draw(st.sampled_from(("uint32", "uint32", "uint32", "bfloat16", "int32")))
        layout = draw(st.sampled_from(("ROW_MAJOR", "ROW_MAJOR", "TILE")))
        index = a_tensor(draw, draw(st.sampled_from(([batch, length], [batch, 1, 1, length], [length]))), [dtype],
                         layout=layout, place="DRAM", low=0, high=rows)  # fmt: skip
        table = a_tensor(draw, often(draw, [rows, width], [1, 1, rows, width], [2, rows, width], of=4),
                         ("bfloat16", "bfloat16", "float32", "bfloat8_b"), place="DRAM")  # fmt: skip
        kwargs = some(draw, {"layout": name("Layout.TILE")}, {"layout": name("Layout.ROW_MAJOR")})
        kwargs |= some(draw, {}, {"padding_idx": 3}) | dtype_keyword(draw, of=8)
        return call(operation, index, table, **kwargs, **memory_config(draw, [batch, length, width], of=4))
    dims = shape(draw, ranks=(4, 2, 3, 1))
    dim = dim_of(draw, len(dims))
    other = list(dims)
    if -len(dims) <= dim < len(dims):
        other[dim] = max(1, other[dim] // 2)
    dtypes = ("bfloat16", "float32", "int32")
    operand = a_tensor(draw, dims, dtypes, layout=draw(st.sampled_from(("TILE", "TILE", "ROW_MAJOR"))))
    layout = operand["layout"]
    high = dims[dim] if -len(dims) <= dim < len(dims) else 1
    kinds = ("uint32", "uint16") if operation == "gather" else ("int32", "uint32", "uint16")
    index = a_tensor(draw, other, kinds, layout=layout, place="DRAM", low=0, high=high)
    if operation == "gather":
        return call(operation, operand, dim, index, golden=True, **memory_config(draw, dims, of=6))
    source = a_tensor(draw, other, [operand["dtype"]], layout=layout, place="DRAM")
    return call(operation, operand, dim, index, source, **memory_config(draw, dims, of=6))


def _nonzero(draw: Draw, operation: str) -> Case:
    dims = often(draw, [1, 1, 1, draw(st.sampled_from((5, 32, 64)))], shape(draw), of=3)
    return call(operation, a_tensor(draw, dims, ("bfloat16", "uint32"), layout="ROW_MAJOR"))


def _relayout(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    wanted = "ROW_MAJOR" if operation.startswith("tilize") else "TILE"
    layout = often(draw, wanted, "ROW_MAJOR", "TILE", of=4)
    dtypes = ("bfloat16", "bfloat16", "float32", "int32", "uint32", "uint16")
    operand = a_tensor(draw, dims, (*dtypes, "bfloat8_b") if layout == "TILE" else dtypes, layout=layout)
    kwargs = memory_config(draw, dims, "TILE" if operation.startswith("tilize") else "ROW_MAJOR", of=4)
    if operation == "to_layout":
        target = draw(st.sampled_from(("TILE", "ROW_MAJOR")))
        kwargs |= dtype_keyword(draw, of=5)
        return call(operation, operand, name(f"Layout.{target}"), **kwargs)
    if operation == "tilize_with_val_padding":
        padded = [*dims[:-2], *(-(-side // 32) * 32 for side in dims[-2:])]
        return call(operation, operand, padded, draw(st.sampled_from((0.0, 1.5))), **kwargs)
    if operation == "untilize_with_unpadding":
        return call(operation, operand, [often(draw, side - 1, side // 2, side + 2, of=4) for side in dims], **kwargs)
    if operation == "tilize":
        kwargs |= dtype_keyword(draw, of=5)
    return call(operation, operand, **kwargs)


def _placed(draw: Draw, operation: str) -> Case:
    """Moving to another memory configuration, by all the names there are for it."""
    dims = shape(draw, ranks=(4, 4, 2, 3))
    operand = a_tensor(draw, dims, _FEW)
    layout = operand["layout"]
    target = often(draw, sharding(draw, dims, layout), name("L1_MEMORY_CONFIG"), name("DRAM_MEMORY_CONFIG"), of=3)
    if operation in ("clone", "move", "reallocate"):
        return call(operation, operand, **memory_config(draw, dims, layout, of=2))
    if operation == "copy":
        return call(operation, operand, a_tensor(draw, often(draw, dims, [*dims[:-1], 7], of=6), [operand["dtype"]]))
    if operation == "assign":
        return call(operation, operand, memory_config=target, **dtype_keyword(draw))
    if operation == "sharded_to_interleaved":
        operand["memory"] = often(draw, sharding(draw, dims, layout, faults=False), "DRAM", of=6)
        return call(operation, operand, *often(draw, [], [name("DRAM_MEMORY_CONFIG")], [target], of=2))
    if operation == "reshard":
        operand["memory"] = often(draw, sharding(draw, dims, layout, faults=False), "DRAM", of=8)
    if operation == "to_memory_config":
        return call(operation, operand, target, **dtype_keyword(draw))
    return call(operation, operand, target, *often(draw, [], [name("bfloat8_b")], of=6))


def _from_host(draw: Draw, operation: str) -> Case:
    """Tensors made of torch's and back: where they come to lie, and what is refused on the way."""
    dims = shape(draw, ranks=(4, 2, 3, 1, 0))
    layout = draw(st.sampled_from(("TILE", "TILE", "ROW_MAJOR")))
    if operation in ("from_torch", "as_tensor"):
        kwargs: dict[str, Form] = {"dtype": name(draw(st.sampled_from(ANY))), "layout": name(f"Layout.{layout}")}
        kwargs |= some(draw, {}, {"tile": make("Tile", a_tuple((16, 32)))}) if operation == "from_torch" else {}
        if not rare(draw, 5):
            kwargs |= {"device": name("device")} | memory_config(draw, dims, layout, of=2)
        values = {"torch": dims, "dtype": draw(st.sampled_from(("float32", "bfloat16", "int32", "uint8", "int64")))}
        return call(operation, values, **kwargs)
    operand = a_tensor(draw, dims, ANY, layout=None)
    if operation == "to_torch":
        return call(
            operation, operand, **some(draw, {}, {"dtype": name("float32")}, {"torch_rank": 5}, {"torch_rank": 2})
        )
    if operation == "to_device":
        host = {key: value for key, value in operand.items() if key not in ("memory", "state")} | {"on_host": True}
        return call(operation, host, name("device"), **memory_config(draw, dims, operand["layout"], of=2))
    if operation == "to_dtype":
        host = {key: value for key, value in operand.items() if key not in ("memory", "state")} | {"on_host": True}
        return call(operation, host, name(draw(st.sampled_from(ANY))))
    return call(operation, operand)


def _created(draw: Draw, operation: str) -> Case:
    layout = draw(st.sampled_from(("TILE", "TILE", "ROW_MAJOR")))
    dims = shape(draw)
    kwargs = {"device": name("device")} | some(draw, *({"dtype": name(dtype)} for dtype in ANY))
    if operation == "arange":
        args = draw(st.sampled_from(((5,), (0, 64), (0, 64, 3), (5, 0, -1), (0.5, 4.0), (3, 3))))
        return call(operation, *args, **kwargs, **some(draw, {"layout": name("Layout.TILE")}))
    kwargs |= some(draw, {"layout": name(f"Layout.{layout}")}, {"layout": name(f"Layout.{layout}")})
    kwargs |= memory_config(draw, dims, layout)
    value = [draw(st.sampled_from((0, 1.5, -2, 300)))] if operation.startswith("full") else []
    if operation.endswith("_like"):
        if draw(st.booleans()):
            kwargs.pop("device")
        return call(operation, a_tensor(draw, dims, ANY), *value, golden=operation != "empty_like", **kwargs)
    if operation == "rand":
        kwargs.pop("device")
        return call(operation, a_tuple(dims), name("device"), **kwargs)
    if rare(draw, 6):
        kwargs.pop("device")
        kwargs.pop("memory_config", None)
    return call(operation, often(draw, a_tuple(dims), make("Shape", dims), dims, of=2), *value, **kwargs)


_OPERATIONS: dict[str, Callable[[Draw, str], Case]] = {
    **dict.fromkeys(("permute", "transpose"), _permute),
    **dict.fromkeys(("reshape", "view", "reshape_on_device"), _reshape),
    **dict.fromkeys(("squeeze", "unsqueeze", "unsqueeze_to_4D"), _squeeze),
    "expand": _expand,
    **dict.fromkeys(("concat", "stack"), _several),
    **dict.fromkeys(("slice", "Tensor.__getitem__"), _slice),
    **dict.fromkeys(("split", "chunk"), _split),
    **dict.fromkeys(("repeat", "repeat_interleave", "roll"), _repeat),
    "pad": _pad,
    **dict.fromkeys(("gather", "scatter", "embedding"), _indexed),
    "nonzero": _nonzero,
    **dict.fromkeys(
        [
            "to_layout",
            "tilize",
            "tilize_with_zero_padding",
            "tilize_with_val_padding",
            "untilize",
            "untilize_with_unpadding",
        ],
        _relayout,
    ),
    **dict.fromkeys(
        [
            "to_memory_config",
            "interleaved_to_sharded",
            "sharded_to_interleaved",
            "reshard",
            "move",
            "reallocate",
            "clone",
            "copy",
            "assign",
        ],
        _placed,
    ),
    **dict.fromkeys(
        ["from_torch", "as_tensor", "to_torch", "to_dtype", "to_device", "from_device", "deallocate"], _from_host
    ),
    **dict.fromkeys(
        ["full", "full_like", "zeros", "zeros_like", "ones", "ones_like", "empty", "empty_like", "rand", "arange"],
        _created,
    ),
}


@st.composite
def _drawn(draw: Draw, operation: str) -> Case:
    return _OPERATIONS[operation](draw, operation)


@st.composite
def sharded_config(draw: Draw, function: str) -> Case:
    """create_sharded_memory_config and its sibling."""
    dims = shape(draw, ranks=(4, 4, 2, 3))
    grid = often(
        draw,
        make("CoreGrid", x=draw(st.sampled_from((1, 2, 4, 8))), y=draw(st.sampled_from((1, 2, 4, 8)))),
        make("CoreRangeSet", [make("CoreRange", make("CoreCoord", 0, 0), make("CoreCoord", 3, 1))]),
        make(
            "CoreRangeSet",
            [
                make("CoreRange", make("CoreCoord", 0, 0), make("CoreCoord", 7, 0)),
                make("CoreRange", make("CoreCoord", 0, 1), make("CoreCoord", 2, 1)),
            ],
        ),
        of=3,
    )
    strategy = draw(st.sampled_from(SCHEMES))
    args = [dims, grid, name(f"ShardStrategy.{strategy}")]
    orientation = draw(st.sampled_from((None, "ROW_MAJOR", "COL_MAJOR")))
    if function == "create_sharded_memory_config_":
        args.append(name(f"ShardOrientation.{orientation or 'ROW_MAJOR'}"))
        return call(function, *args, draw(st.booleans()), draw(st.booleans()))
    kwargs = {"orientation": name(f"ShardOrientation.{orientation}")} if orientation else {}
    return call(function, *args, **kwargs, **some(draw, {"use_height_and_width_as_shard_shape": True}))


def strategies() -> dict[str, Strategy]:
    """By operation or function."""
    functions = ("create_sharded_memory_config", "create_sharded_memory_config_")
    return {operation: _drawn(operation) for operation in _OPERATIONS} | {
        function: sharded_config(function) for function in functions
    }
