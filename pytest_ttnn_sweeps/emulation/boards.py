"""The boards that can be emulated: grids, banks and the memory that ttnn leaves to tensors.

Grids are those of fast dispatch. Sizes and base addresses are what ttnn 0.81.1 reports for its own mock of n150 and
p150 (``get_memory_view`` and the first buffer's address); n300's two chips have n150's banks on a smaller grid.
"""

from __future__ import annotations

from typing import NamedTuple

from .coordinates import CoreGrid
from .enums import Arch


class Board(NamedTuple):
    """One kind of card. Sizes and addresses in bytes, per bank."""

    name: str
    arch: Arch
    chips: int
    columns: int
    rows: int
    dram_banks: int
    dram_base: int
    dram_bytes: int
    l1_base: int
    l1_end: int
    l1_unreserved: int
    dram_alignment: int

    @property
    def l1_bytes(self) -> int:
        """What a core's L1 has for tensors when nothing is set aside."""
        return self.l1_end - self.l1_base

    @property
    def core_grid(self) -> CoreGrid:
        """The cores that hold tensors and run kernels, per chip."""
        return CoreGrid(x=self.columns, y=self.rows)

    @property
    def arch_name(self) -> str:
        """ttnn's name of the architecture."""
        return self.arch.name.lower()


def _wormhole(name: str, chips: int, rows: int) -> Board:
    return Board(
        name=name,
        arch=Arch.WORMHOLE_B0,
        chips=chips,
        columns=8,
        rows=rows,
        dram_banks=12,
        dram_base=1_048_640,
        dram_bytes=1_072_693_184,
        l1_base=105_824,
        l1_end=1_499_136,
        l1_unreserved=1_463_968,
        dram_alignment=32,
    )


_P150 = Board(
    name="p150",
    arch=Arch.BLACKHOLE,
    chips=1,
    columns=13,
    rows=10,
    dram_banks=8,
    dram_base=1_048_704,
    dram_bytes=4_277_141_376,
    l1_base=111_744,
    l1_end=1_572_864,
    l1_unreserved=1_531_776,
    dram_alignment=64,
)
BOARDS = {board.name: board for board in (_wormhole("n150", 1, 8), _wormhole("n300", 2, 7), _P150)}
L1_ALIGNMENT = 16
_in_use = BOARDS["n150"]


def use_board(name: str) -> Board:
    """Make ``name`` (n150, n300 or p150) the board that devices opened from now on belong to; n150 until then."""
    global _in_use
    try:
        _in_use = BOARDS[name]
    except KeyError:
        raise ValueError(f"no board {name!r}; the emulation has {', '.join(BOARDS)}") from None
    return _in_use


def board_in_use() -> Board:
    """The board that ``use_board`` chose."""
    return _in_use
