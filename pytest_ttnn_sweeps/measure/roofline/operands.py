"""How large a tensor is where it lies: tiles that are filled up, block floats with their exponents."""

from __future__ import annotations

from functools import cache
from math import ceil, prod

from pytest_ttnn_sweeps.measure.roofline.peaks import tile_bytes
from pytest_ttnn_sweeps.traced.values import TensorSpec

TILE = 32
_IN_L1 = ("L1", "L1_SMALL")


class Uncounted(Exception):
    """A number can't be told from what is known of a call; the text says why."""


def padded(spec: TensorSpec) -> tuple[int, ...]:
    """The shape as it is stored. In tiles the last two dimensions are multiples of 32, missing ones being 1."""
    if spec.layout != "TILE":
        return spec.padded_shape or spec.shape
    shape = spec.padded_shape or spec.shape
    shape = (1,) * (2 - len(shape)) + shape
    return (*shape[:-2], _whole(shape[-2]), _whole(shape[-1]))


def size_bytes(spec: TensorSpec) -> int:
    """The bytes of a tensor: those of its tiles, or of its elements in rows. Raises `Uncounted` for unknown dtypes."""
    known = _tile_bytes().get(spec.dtype)
    if known is None:
        raise Uncounted(f"the size of {spec.dtype} is unknown")
    if spec.layout is None:
        raise Uncounted("the layout of a tensor is unknown")
    elements = prod(padded(spec))
    return elements // (TILE * TILE) * known if spec.layout == "TILE" else elements * known // (TILE * TILE)


def elements(spec: TensorSpec) -> int:
    """The elements that an operation has to go through: those of whole tiles, or of the rows."""
    return prod(padded(spec))


def is_on_device(spec: TensorSpec) -> bool:
    return spec.storage == "DEVICE"


def is_in_l1(spec: TensorSpec) -> bool:
    return spec.memory_config is not None and spec.memory_config.buffer_type in _IN_L1


def is_sharded_in_l1(spec: TensorSpec) -> bool:
    return is_in_l1(spec) and spec.memory_config is not None and spec.memory_config.is_sharded


def shard_cores(spec: TensorSpec) -> int:
    """The cores that hold shards of a sharded tensor. Raises `Uncounted` where that isn't recorded."""
    shards = spec.memory_config.defining_spec if spec.memory_config is not None else None
    if shards is None:
        raise Uncounted("a sharded tensor has no shard specification")
    return sum((part.end.x - part.start.x + 1) * (part.end.y - part.start.y + 1) for part in shards.grid)


def tiles_along(length: int) -> int:
    """How many tiles cover ``length`` elements."""
    return ceil(length / TILE)


def _whole(length: int) -> int:
    return tiles_along(length) * TILE


@cache
def _tile_bytes() -> dict[str, int]:
    return {name.upper(): size for name, size in tile_bytes().items()}
