"""What a device says of itself: its board, its grid, its clock, and whether its times mean anything.

Imports no ttnn: a device that is open has imported it.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Any, Literal

from pytest_ttnn_sweeps.devices.mock.environment import DESCRIPTOR

_BOARDS = {
    "N150": "n150",
    "N300": "n300",
    "T3K": "n300",
    "P100": "p100",
    "P150": "p150",
    "P150_X2": "p150",
    "P150_X4": "p150",
    "P150_X8": "p150",
}
"""ttnn's cluster types whose ASICs are those of one board: a T3000 is four n300."""

Kind = Literal["silicon", "mock", "simulator", "emulated"]


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Of one ASIC, which is what ttnn calls a device."""

    kind: Kind
    board: str | None
    """The name of the board; None where there is no name for it."""
    named: str
    """What ttnn calls the cluster."""
    grid: tuple[int, int] | None = None
    """Columns and rows of the compute grid, as the open device has it."""
    clock_mhz: float | None = None
    """Where this ttnn tells it."""
    l1_bytes_per_core: int | None = None
    """What a core's L1 has for buffers of tensors and of programs together."""

    @property
    def has_times(self) -> bool:
        """Whether a time that was measured is the time of silicon."""
        return self.kind == "silicon"


def device_facts(device: Any) -> DeviceFacts | None:
    """The facts of an open device of the ttnn that this process has imported; None where there is no device."""
    ttnn = sys.modules.get("ttnn")
    if ttnn is None or not hasattr(type(device), "compute_with_storage_grid_size"):
        return None
    size = device.compute_with_storage_grid_size()
    grid = (size.x, size.y)
    unreserved = getattr(ttnn, "get_max_worker_l1_unreserved_size", None)
    l1_bytes = unreserved() if unreserved is not None else None
    if "emulated" in getattr(ttnn, "__version__", ""):
        name = device.board.name
        return DeviceFacts("emulated", name, name, grid, l1_bytes_per_core=l1_bytes)
    named = _cluster(ttnn)
    kind: Kind = "mock" if DESCRIPTOR in os.environ else "simulator" if named.startswith("SIMULATOR") else "silicon"
    return DeviceFacts(kind, _BOARDS.get(named), named, grid, _clock_mhz(device), l1_bytes)


def _cluster(ttnn: Any) -> str:
    """The name of the cluster's type; older wheels don't tell."""
    cluster: Any = getattr(ttnn, "cluster", None)
    kind = cluster.get_cluster_type() if hasattr(cluster, "get_cluster_type") else None
    return str(getattr(kind, "name", "unknown"))


def _clock_mhz(device: Any) -> float | None:
    # tt-metal's devices have it in C++; ttnn 0.81.1 binds it not yet.
    clock = getattr(device, "get_clock_rate_mhz", None)
    return float(clock()) if callable(clock) else None
