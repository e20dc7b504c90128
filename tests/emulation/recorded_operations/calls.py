"""The words in which the cases beside this file say what is called with what, for ttnn and the emulation alike."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from math import prod
from typing import Any

FLOATS = ("bfloat16", "float32", "bfloat8_b", "bfloat4_b")


@dataclass(frozen=True)
class T:
    """A tensor of fixed, irregular numbers between ``low`` and ``high``; whole ones for an integer type."""

    shape: tuple[int, ...]
    dtype: str = "bfloat16"
    layout: str = "TILE"
    memory: str = "DRAM"
    low: float = -2.0
    high: float = 2.0
    on_host: bool = False
    state: str = ""

    def numbers(self, position: int) -> list[float]:
        """The elements in row-major order; ``position`` tells a call's operands apart."""
        count = prod(self.shape)
        shares = [((index * 7919 + 104729 * (position + 1)) % 9973) / 9973 for index in range(count)]
        numbers = [self.low + (self.high - self.low) * share for share in shares]
        return numbers if self.dtype in FLOATS else [float(int(number)) for number in numbers]

    def plain(self) -> dict[str, Any]:
        """The tensor for JSON: its shape and what isn't as usual."""
        usual = T(self.shape)
        unusual = {name: plain(value) for name, value in vars(self).items() if value != getattr(usual, name)}
        return {"tensor": list(self.shape), **unusual}


@dataclass(frozen=True)
class N:
    """A name within ttnn: ``float32``, ``UnaryOpType.RELU``."""

    name: str


@dataclass(frozen=True)
class Made:
    """An object of ttnn's made by calling ``name``."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sharded:
    """A memory configuration in L1 with a shard specification over ``grid`` (columns, rows) cores."""

    scheme: str
    shard: tuple[int, int]
    grid: tuple[int, int]


@dataclass(frozen=True)
class Case:
    """A call of ``ttnn.<operation>``.

    ``golden``: whether the torch reference is called, too. ``differs``: what of the outcome the emulation can't
    or won't reproduce: "placement", "padding", or "skip" (it raises ``NotEmulated``).
    """

    operation: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    golden: bool
    differs: str

    @property
    def name(self) -> str:
        """A name that stays the same as long as the call does."""
        call = repr((self.args, sorted(self.kwargs.items())))
        return f"{self.operation}-{zlib.crc32(call.encode()):08x}"


def plain(value: Any) -> Any:
    """An argument for JSON: each kind of object under a key of its own, a tuple as such."""
    if isinstance(value, T):
        return value.plain()
    if isinstance(value, N):
        return {"name": value.name}
    if isinstance(value, Made):
        return {"make": value.name, "args": plain(list(value.args)), "kwargs": plain(value.kwargs)}
    if isinstance(value, Sharded):
        return {"scheme": value.scheme, "shard": list(value.shard), "grid": list(value.grid)}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if isinstance(value, tuple):
        return {"tuple": [plain(item) for item in value]}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


CASES: list[Case] = []


def call(operation: str, *args: Any, golden: bool = False, differs: str = "", **kwargs: Any) -> None:
    """Add a case."""
    CASES.append(Case(operation, args, kwargs, golden, differs))


HEIGHT = Sharded("HEIGHT", (32, 64), (2, 1))
BLOCK = Sharded("BLOCK", (32, 32), (2, 2))
WIDTH = Sharded("WIDTH", (64, 32), (2, 1))
L1 = N("L1_MEMORY_CONFIG")
DRAM = N("DRAM_MEMORY_CONFIG")
INTEGERS = ("int32", "uint32", "uint16", "uint8")
MATRIX = (1, 1, 64, 64)
RELU = Made("UnaryWithParam", (N("UnaryOpType.RELU"),))
