"""What the device's clocks say of programs, one operation's launch on one chip each, and the sums over a call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_ttnn_sweeps.errors import SweepError


class NoDeviceTime(SweepError):
    """There is no device time, and why."""


@dataclass(frozen=True)
class Program:
    """One program on one chip."""

    chip: int
    execution: tuple[int, ...]
    """Which launch it is, the same on every chip of a mesh: call count, and trace and replay where it was traced."""
    durations: Mapping[str, int]
    """Nanoseconds by name: ``device_fw_ns``, ``device_kernel_ns``, ``device_brisc_ns``, ..."""
    cores: int | None = None
    operation: str = ""
    """The operation's name, where it is known."""


def merged(programs: Iterable[Program]) -> list[Program]:
    """One program for each launch, in their order: of the chips that ran it, the longest time each, the most cores.

    Chips run a program side by side, so what it takes is what the slowest takes; sums over chips would grow with the
    mesh. Upstream does the same.
    """
    launches: dict[tuple[int, ...], Program] = {}
    for program in programs:
        known = launches.get(program.execution)
        if known is not None:
            names = [*known.durations, *(name for name in program.durations if name not in known.durations)]
            durations = {name: max(known.durations.get(name, 0), program.durations.get(name, 0)) for name in names}
            cores = [count for count in (known.cores, program.cores) if count is not None]
            program = Program(
                known.chip, known.execution, durations, max(cores, default=None), known.operation or program.operation
            )
        launches[program.execution] = program
    return list(launches.values())


def totals(programs: Iterable[Program]) -> dict[str, float]:
    """Metrics of a call: durations summed over its launches, ``device_ops`` launches, ``device_cores`` at most.

    A composite operation launches several programs, which count as one call's.
    """
    launches = merged(programs)
    sums: dict[str, float] = {}
    for launch in launches:
        for name, duration in launch.durations.items():
            sums[name] = sums.get(name, 0.0) + duration
    cores = [launch.cores for launch in launches if launch.cores is not None]
    if launches:
        sums["device_ops"] = float(len(launches))
    if cores:
        sums["device_cores"] = float(max(cores))
    return sums
