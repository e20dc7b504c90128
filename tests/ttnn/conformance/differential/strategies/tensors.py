"""Strategies for what every operation takes: tensors with their shapes, types, layouts and places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod
from typing import Any

from hypothesis import strategies as st

from ..forms import Case, Form, make, name, tensor

Draw = Callable[[st.SearchStrategy[Any]], Any]
Strategy = st.SearchStrategy[Case]

SIDES = (1, 2, 3, 5, 8, 16, 31, 32, 33, 64, 65, 96, 128)
FLOATS = ("bfloat16", "bfloat16", "bfloat16", "float32", "float32", "bfloat8_b", "bfloat4_b")
INTEGERS = ("int32", "uint32", "uint16", "uint8")
ANY = (*FLOATS, *FLOATS, *INTEGERS)
SCHEMES = ("HEIGHT", "WIDTH", "BLOCK")
_LARGEST = 1 << 15


def rare(draw: Draw, of: int) -> bool:
    """True in one case of ``of``, and never in the simplest one."""
    return bool(draw(st.integers(1, of)) == of)


def often(draw: Draw, usual: Any, *others: Any, of: int = 4) -> Any:
    """``usual``, or in one case of ``of`` one of the others."""
    return draw(st.sampled_from(others)) if rare(draw, of) else usual


def shape(draw: Draw, ranks: Sequence[int] = (4, 4, 2, 3, 1), sides: Sequence[int] = SIDES) -> list[int]:
    """A shape of at most 32,768 elements; further dimensions from the right are small ones."""
    rank = draw(st.sampled_from(ranks))
    dims = [draw(st.sampled_from(sides)) for _ in range(min(rank, 2))]
    dims = [draw(st.sampled_from((1, 1, 2, 3))) for _ in range(rank - len(dims))] + dims
    while prod(dims) > _LARGEST:
        dims[dims.index(max(dims))] //= 2
    return dims


def sharding(draw: Draw, dims: Sequence[int], layout: str = "TILE", *, faults: bool = True) -> Form:
    """A sharding of a tensor of shape ``dims`` that fits; if there may be ``faults``, one in four needn't."""
    unit = 32 if layout == "TILE" else 1
    height, width = (1, 1, *dims)[-2:]
    rows, columns = ceil(height / unit) * unit * prod(dims[:-2]), ceil(width / unit) * unit
    scheme = draw(st.sampled_from(SCHEMES))
    down = draw(st.sampled_from((1, 2, 3, 4, 8))) if scheme != "WIDTH" else 1
    across = draw(st.sampled_from((1, 2, 4))) if scheme != "HEIGHT" else 1
    shard = [ceil(rows / down / unit) * unit, ceil(columns / across / unit) * unit]
    grid = [across, down] if scheme == "BLOCK" else [min(8, down * across), ceil(down * across / 8)]
    form = {"scheme": scheme, "shard": shard, "grid": grid}
    if rare(draw, 4):
        form["orientation"] = "COL_MAJOR"
        if scheme == "BLOCK":
            form["grid"] = grid[::-1]
    if faults and rare(draw, 4):
        fault = draw(st.sampled_from(("shard", "shard", "grid", "grid", "buffer")))
        if fault == "shard":
            side = draw(st.integers(0, 1))
            shard[side] = draw(st.sampled_from((16, 32, 64, shard[side] + 32, shard[side] + 1)))
        elif fault == "grid":
            form["grid"] = [draw(st.sampled_from((1, 2, 8, 9))), draw(st.sampled_from((1, 2, 8)))]
        else:
            form["buffer"] = "DRAM"
    return form


def memory(draw: Draw, dims: Sequence[int], layout: str = "TILE", *, faults: bool = False) -> Form:
    """Where a tensor lies: mostly in DRAM."""
    kind = draw(st.sampled_from(("DRAM",) * 5 + ("L1", "sharded", "sharded")))
    return sharding(draw, dims, layout, faults=faults) if kind == "sharded" else kind


def a_tensor(
    draw: Draw,
    dims: Sequence[int] | None = None,
    dtypes: Sequence[str] = ANY,
    *,
    layout: str | None = None,
    place: Form | None = None,
    healthy: bool = False,
    **unusual: Form,
) -> Form:
    """A tensor on the device; rarely a row-major one and, unless it is ``healthy``, a host or deallocated one."""
    dims = shape(draw) if dims is None else dims
    dtype = draw(st.sampled_from(dtypes))
    if layout is None:
        layout = often(draw, "TILE", "ROW_MAJOR", of=5) if not dtype.endswith("_b") else "TILE"
    place = memory(draw, dims, layout) if place is None else place
    form = tensor(dims, dtype, layout=layout, memory=place, **unusual)
    if healthy:
        return form
    if rare(draw, 60):
        form["state"] = "deallocated"
    elif rare(draw, 60):
        form.pop("memory")
        form["on_host"] = True
    return form


def in_dtype(dtype: str, low: float, high: float) -> dict[str, float]:
    """The range of numbers for a tensor; integers that are unsigned have none below zero."""
    return {"low": max(low, 0.0), "high": max(high, 9.0)} if dtype.startswith("uint") else {"low": low, "high": high}


def memory_config(draw: Draw, dims: Sequence[int], layout: str = "TILE", of: int = 3) -> dict[str, Form]:
    """``memory_config=``, mostly not given at all."""
    if not rare(draw, of):
        return {}
    kind = draw(st.sampled_from(("L1", "DRAM", "named", "sharded", "sharded")))
    if kind == "sharded":
        return {"memory_config": sharding(draw, dims, layout)}
    if kind == "named":
        kind = f"L1_{draw(st.sampled_from(SCHEMES))}_SHARDED"
    return {"memory_config": name(f"{kind}_MEMORY_CONFIG")}


def output_tensor(
    draw: Draw, dims: Sequence[int], dtype: str, keyword: str = "output_tensor", of: int = 8
) -> dict[str, Form]:
    """A preallocated output, mostly not given; sometimes of a wrong shape, type or layout."""
    if not rare(draw, of):
        return {}
    dims = often(draw, list(dims), [*dims[:-1], dims[-1] + 1] if dims else [2], of=4)
    dtype = often(draw, dtype, "float32", "bfloat16", "bfloat8_b", "int32", of=3)
    layout = "TILE" if dtype.endswith("_b") else often(draw, "TILE", "ROW_MAJOR", of=6)
    return {keyword: tensor(dims, dtype, layout=layout)}


def dtype_keyword(draw: Draw, of: int = 6) -> dict[str, Form]:
    """``dtype=``, mostly not given."""
    if not rare(draw, of):
        return {}
    return {"dtype": name(draw(st.sampled_from(("bfloat16", "float32", "bfloat8_b", "int32", "uint16"))))}


def some(draw: Draw, *choices: dict[str, Form]) -> dict[str, Form]:
    """One of several sets of keywords, or none."""
    return dict(draw(st.sampled_from(({}, *choices))))


def kernel_config(draw: Draw, of: int = 8) -> dict[str, Form]:
    """``compute_kernel_config=``, mostly not given."""
    if not rare(draw, of):
        return {}
    settings = {"math_fidelity": name(f"MathFidelity.{draw(st.sampled_from(('LoFi', 'HiFi2', 'HiFi4')))}")}
    settings |= some(draw, {"fp32_dest_acc_en": True}, {"packer_l1_acc": True}, {"math_approx_mode": False})
    return {"compute_kernel_config": make("WormholeComputeKernelConfig", **settings)}


def dim_of(draw: Draw, rank: int) -> int:
    """A dimension, from either end; rarely one that isn't there."""
    if rare(draw, 12):
        return draw(st.sampled_from((rank, -rank - 1, 7)))
    return draw(st.integers(-rank, rank - 1)) if rank else 0
