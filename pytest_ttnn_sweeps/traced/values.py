"""Arguments of traced calls as plain typed values: what a trace says, without ttnn.

Everything here is frozen, hashable and comparable, keeps what was recorded exactly (shard shapes, the order of core
ranges) and has one canonical JSON form, on which the identity of a configuration rests. Readers make these values from
any trace or master; ``native`` turns them into ttnn objects.
"""

from __future__ import annotations

import enum
import json
import math
from dataclasses import dataclass
from hashlib import sha256
from typing import Union


class Absent(enum.Enum):
    """An argument that the call did not pass, unlike ``None``, which it did."""

    ABSENT = "__ABSENT__"


ABSENT = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Enumerator:
    """An enumerator by the name of its type and its own: ``DataType``, ``BFLOAT16``."""

    type: str
    name: str

    def __str__(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True, slots=True)
class Core:
    """The position of a core, counted from 0."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class CoreRange:
    """A rectangle of cores, both corners included."""

    start: Core
    end: Core


@dataclass(frozen=True, slots=True)
class ShardSpec:
    """How a sharded tensor lies on cores. ``grid`` keeps the recorded order, which decides which core holds what."""

    grid: tuple[CoreRange, ...]
    shape: tuple[int, int]
    """Height and width of one shard, in elements."""
    orientation: str
    """``ROW_MAJOR`` or ``COL_MAJOR``."""


@dataclass(frozen=True, slots=True)
class NdShardSpec:
    """The n-dimensional form of ``ShardSpec``."""

    grid: tuple[CoreRange, ...]
    shape: tuple[int, ...]
    orientation: str
    strategy: str
    """``ROUND_ROBIN_1D`` or ``GRID_2D``."""


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """Where a tensor lives: ``memory_layout`` and ``buffer_type`` by name, and its shards if it has some.

    ttnn fills in ``nd_shard_spec`` for tensors that were made with a ``shard_spec``; it counts only where
    ``created_with_nd_shard_spec`` is set or there is nothing else.
    """

    memory_layout: str
    buffer_type: str
    shard_spec: ShardSpec | None = None
    nd_shard_spec: NdShardSpec | None = None
    created_with_nd_shard_spec: bool = False

    @property
    def is_sharded(self) -> bool:
        return self.memory_layout != "INTERLEAVED"

    @property
    def defining_spec(self) -> ShardSpec | NdShardSpec | None:
        """The shard specification that the configuration was made with."""
        if self.nd_shard_spec is not None and (self.created_with_nd_shard_spec or self.shard_spec is None):
            return self.nd_shard_spec
        return self.shard_spec


@dataclass(frozen=True, slots=True)
class Placement:
    """How a tensor was spread over a mesh of devices, as texts of the trace."""

    mesh_shape: tuple[int, ...]
    placements: tuple[str, ...] = ()

    @property
    def device_count(self) -> int:
        return math.prod(self.mesh_shape)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A tensor argument without its values."""

    shape: tuple[int, ...]
    """Logical shape."""
    dtype: str
    """Name of the ``ttnn.DataType``, known to this ttnn or not."""
    layout: str | None
    """``TILE`` or ``ROW_MAJOR``; None where the trace doesn't tell."""
    memory_config: MemoryConfig | None
    storage: str | None = None
    """``DEVICE`` or ``HOST``; None where the trace doesn't tell, as in all masters before December 2025."""
    alignment: tuple[int, ...] | None = None
    placement: Placement | None = None
    padded_shape: tuple[int, ...] | None = None
    """Where it was recorded and isn't ``shape``."""


@dataclass(frozen=True, slots=True)
class Struct:
    """A C++ or Python object by type name: a program configuration, a kernel configuration, a grid."""

    name: str
    """Without namespaces; empty where the trace doesn't tell."""
    fields: tuple[tuple[str, Value], ...]
    items: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Queue:
    """The number of the command queue that an older ttnn passed as an argument."""

    number: int


UNPRINTED = "ttnn printed no value for it"
"""The reason of an ``Opaque`` that no reader could do anything about."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """An argument that can't be read, kept verbatim; ``reason`` says why and isn't part of its identity."""

    text: str
    reason: str


Value = Union[
    None,
    bool,
    int,
    float,
    str,
    Absent,
    Enumerator,
    Core,
    CoreRange,
    MemoryConfig,
    TensorSpec,
    Struct,
    Queue,
    Opaque,
    "tuple[Value, ...]",
]


def canonical(value: Value | ShardSpec | NdShardSpec | Placement) -> object:
    """``value`` as JSON data in which equal meaning has equal form, whatever the trace's spelling.

    Numbers are compared by value, because C++ prints ``True`` and ``1.0`` as ``1``. What ttnn derives by itself is left
    out (alignment, padding, the filled-in ``nd_shard_spec``), and storage that no one recorded counts as the device's.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (bool, int, float)):
        return _canonical_number(value)
    if isinstance(value, tuple):
        return [canonical(item) for item in value]
    if isinstance(value, Absent):
        return {"absent": True}
    if isinstance(value, Enumerator):
        return {"enumerator": str(value)}
    if isinstance(value, Core):
        return {"core": [value.x, value.y]}
    if isinstance(value, CoreRange):
        return {"cores": [value.start.x, value.start.y, value.end.x, value.end.y]}
    if isinstance(value, ShardSpec):
        return {"grid": canonical(value.grid), "shape": list(value.shape), "orientation": value.orientation}
    if isinstance(value, NdShardSpec):
        return {
            "grid": canonical(value.grid),
            "nd_shape": list(value.shape),
            "orientation": value.orientation,
            "strategy": value.strategy,
        }
    if isinstance(value, MemoryConfig):
        return {"memory": [value.memory_layout, value.buffer_type, canonical(value.defining_spec)]}
    if isinstance(value, Placement):
        return [list(value.mesh_shape), list(value.placements)]
    if isinstance(value, TensorSpec):
        placement = value.placement if value.placement and value.placement.device_count > 1 else None
        where = [value.storage or "DEVICE", canonical(value.memory_config), placement and canonical(placement)]
        return {"tensor": [list(value.shape), value.dtype, value.layout, *where]}
    if isinstance(value, Struct):
        fields = {name: canonical(item) for name, item in value.fields}
        return {"struct": value.name, "fields": fields, "items": canonical(value.items)}
    if isinstance(value, Queue):
        return {"queue": value.number}
    return {"opaque": value.text}


def _canonical_number(value: float) -> object:
    if isinstance(value, float):
        if not math.isfinite(value):
            return {"float": str(value)}
        if not value.is_integer():
            return value
    return int(value)


def content_hash(data: object) -> str:
    """The hexadecimal SHA-256 of JSON data; equal data have equal hashes in every process and on every platform."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode("ascii")).hexdigest()
