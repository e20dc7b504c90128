"""The unit in which computing is counted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Workload:
    """What a call has to compute, whatever the board.

    ``flop`` is what the mathematics asks for: logical shapes, a multiply-add being 2. ``core_cycles`` is what the
    hardware goes through: the cycles that it takes one core's unit, with tiles filled up and a product repeated for
    each phase of its fidelity.
    """

    flop: float
    core_cycles: float


NOTHING = Workload(0.0, 0.0)
