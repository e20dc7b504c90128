"""The peak rates of a board, from the package's copy of the vendor's figures (``hardware_specs.json``).

Everything is of one ASIC. A figure's source, and where the vendor's documents disagree, stand beside it in the file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from pytest_ttnn_sweeps.measure.device_facts import DeviceFacts

_NOCS = 2


class UnknownBoard(Exception):
    """There are no figures for a board; the text says what is known."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """What one ASIC can do at most. A cycle takes ``1 / clock_ghz`` nanoseconds; 1 GB/s is a byte a nanosecond."""

    board: str
    grid: tuple[int, int]
    clock_ghz: float
    dram_gb_s: float
    noc_bytes_per_cycle: float
    """Of one core's links to both NoCs, in one direction."""
    l1_bytes_per_cycle: float
    """What one core's unpackers read of its own L1."""
    assumed: tuple[str, ...] = ()
    """What is the file's and not the device's own word."""

    @property
    def cores(self) -> int:
        return self.grid[0] * self.grid[1]

    def compute_ns(self, core_cycles: float) -> float:
        """The time of work that takes one core ``core_cycles``, spread over all of them."""
        return core_cycles / self.cores / self.clock_ghz

    def dram_ns(self, count: float) -> float:
        """The time to move ``count`` bytes to or from DRAM."""
        return count / self.dram_gb_s

    def noc_ns(self, count: float) -> float:
        """The time of ``count`` bytes on the NoC when every core's links are busy all the time."""
        return count / (self.noc_bytes_per_cycle * self.cores) / self.clock_ghz

    def l1_ns(self, bytes_per_core: float) -> float:
        """The time of a core to read ``bytes_per_core`` of its own L1."""
        return bytes_per_core / self.l1_bytes_per_cycle / self.clock_ghz

    def tflops(self, phases: int = 1) -> float:
        """The peak of the matrix unit, for the number of ``phases`` that a fidelity takes."""
        return flop_per_cycle() * self.cores * self.clock_ghz / phases / 1e3


def peaks_of(facts: DeviceFacts) -> Peaks:
    """The peaks of a device: its own grid and clock where it tells them, else the file's. Raises `UnknownBoard`."""
    specs = _specs()
    if facts.board is None:
        raise UnknownBoard(f"no figures for a device that ttnn calls {facts.named}")
    found = _board(facts.board)
    if found is None:
        raise UnknownBoard(f"no figures for the board {facts.board}")
    architecture = specs["architectures"][found["architecture"]]
    assumed = []
    grid = facts.grid
    if grid is None:
        columns, rows = found["compute_grid"]["values"]
        grid = (columns, rows)
        assumed.append(f"a grid of {columns}x{rows}")
    mhz = facts.clock_mhz
    if mhz is None:
        mhz = float(architecture["aiclk_mhz"]["value"])
        assumed.append(f"a clock of {mhz:g} MHz")
    return Peaks(
        board=facts.board,
        grid=grid,
        clock_ghz=mhz / 1e3,
        dram_gb_s=float(found["dram_gb_s"]["value"]),
        noc_bytes_per_cycle=float(architecture["noc_bytes_per_cycle_per_link"]["value"]) * _NOCS,
        l1_bytes_per_cycle=float(specs["tensix_core"]["l1_read_bytes_per_cycle_two_unpackers"]["value"]),
        assumed=tuple(assumed),
    )


def l1_bytes_per_core(board: str) -> int | None:
    """The size of a core's L1; None for a board without figures."""
    found = _board(board)
    if found is None:
        return None
    return int(_specs()["architectures"][found["architecture"]]["l1_bytes_per_core"]["value"])


def flop_per_cycle() -> int:
    """Of one core's matrix unit at LoFi; a multiply-add is 2."""
    return int(_specs()["tensix_core"]["matmul_flop_per_cycle"]["value"])


def core_rate(name: str) -> float:
    """A figure of one Tensix core by its name in the file, such as ``sfpu_lanes``."""
    return float(_specs()["tensix_core"][name]["value"])


def phases_of(fidelity: str) -> int:
    """How often the multiplier goes over its operands for a ``ttnn.MathFidelity`` of that name."""
    return int(_specs()["fidelity"][fidelity]["value"])


def tile_bytes() -> dict[str, int]:
    """The storage of a tile of 32 by 32, by the name of the dtype in lower case."""
    return {name: int(entry["value"]) for name, entry in _specs()["formats"].items() if name != "tile"}


def _board(name: str) -> Any:
    """The figures of the board; None where there are none."""
    return next((board for board in _specs()["boards"].values() if name in board["names"]), None)


@cache
def _specs() -> Any:
    text = (files(__package__) / "hardware_specs.json").read_text(encoding="utf-8")
    return json.loads(text)
