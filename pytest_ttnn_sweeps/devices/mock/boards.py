"""The boards that a mock device can be, as tt-metal's cluster descriptors say it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MockBoard:
    """One board: what the header says of it, what tt-metal is told of it, and how programs reach it."""

    facts: str
    descriptor: str
    """A cluster descriptor, YAML."""
    slow_dispatch: bool = False
    """Whether programs are written to the cores directly instead of through command queues."""


# A bit of `harvest_mask` is a row of Tensix cores that is fused off: one on an n150, two on each chip of an n300.
_N150 = """\
arch: {0: wormhole_b0}
chips: {}
chip_unique_ids: {0: 150}
ethernet_connections: []
chips_with_mmio: [{0: 0}]
harvesting:
  0: {noc_translation: true, harvest_mask: 0x20}
boards:
  - [{board_id: 0x0100018000000150}, {board_type: n150}, {chips: [0]}]
"""
_N300 = """\
arch: {0: wormhole_b0, 1: wormhole_b0}
chips: {0: [0, 0, 0, 0], 1: [1, 0, 0, 0]}
chip_unique_ids: {0: 300, 1: 301}
ethernet_connections:
  - [{chip: 0, chan: 8}, {chip: 1, chan: 0}]
  - [{chip: 0, chan: 9}, {chip: 1, chan: 1}]
chips_with_mmio: [{0: 0}]
harvesting:
  0: {noc_translation: true, harvest_mask: 0x21}
  1: {noc_translation: true, harvest_mask: 0x48}
boards:
  - [{board_id: 0x0100014000000300}, {board_type: n300}, {chips: [0, 1]}]
"""
_P150 = """\
arch: {0: blackhole}
chips: {}
chip_unique_ids: {0: 150}
ethernet_connections: []
chips_with_mmio: [{0: 0}]
harvesting:
  0:
    noc_translation: true
    harvest_mask: 0
    dram_harvesting_mask: 0
    eth_harvesting_mask: 0x120
    pcie_harvesting_mask: 2
boards:
  - [{board_id: 0x0000040000000150}, {board_type: p150}, {chips: [0]}]
"""

BOARDS = {
    "n150": MockBoard("wormhole_b0, grid 8x8, fast dispatch", _N150),
    # A card dispatches from its ethernet cores and computes on 8x8. ttnn 0.81.1 says 8x8 of a mock one too, but then
    # checks programs against 8x7 and refuses most of them; without command queues it takes them.
    "n300": MockBoard("2 x wormhole_b0, grid 8x8, slow dispatch", _N300, slow_dispatch=True),
    "p150": MockBoard("blackhole, grid 13x10, fast dispatch", _P150),
}
"""By name; the first is the default."""
