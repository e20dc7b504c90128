"""The host's clocks: what reading them costs, and having the device finish before they are read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from statistics import median
from time import get_clock_info, perf_counter_ns, process_time_ns

_READINGS = 101
_DEVICES = ("MeshDevice", "Device", "IDevice")
"""The names under which ttnn's bindings have had what ``synchronize_device`` takes."""


@dataclass(frozen=True)
class ClockCost:
    """What a measurement of a call that does nothing gives, in nanoseconds, and the coarser clock's resolution."""

    wall_ns: float
    cpu_ns: float
    resolution_ns: float


@cache
def clock_cost() -> ClockCost:
    """Measured once a process, as the median of 101 calls: about 50 microseconds."""
    walls, cpus = [], []
    nothing, arguments = _nothing, {"device": None}
    for _ in range(_READINGS):
        # As an execution is measured: the processor's clock, which is the slower to read, outside.
        cpu, wall = process_time_ns(), perf_counter_ns()
        nothing(**arguments)
        walls.append(perf_counter_ns() - wall)
        cpus.append(process_time_ns() - cpu)
    resolution = max(get_clock_info(name).resolution for name in ("perf_counter", "process_time"))
    return ClockCost(median(walls), median(cpus), resolution * 1e9)


def _nothing(*, device: object) -> None:
    pass


def synchroniser(device: object) -> Callable[[], object] | None:
    """What waits for the work that is queued on ``device``; None for what ttnn can't be asked to wait for.

    That is where a module yields no device, or its own bundle of them: it synchronises by itself or reads back.
    """
    synchronize = getattr(sys.modules.get("ttnn"), "synchronize_device", None)
    if synchronize is None or not any(kind.__name__ in _DEVICES for kind in type(device).__mro__):
        return None
    return lambda: synchronize(device)
