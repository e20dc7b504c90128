"""The programs of one execution, parted by the sweep's own calls of ``start_measuring_time`` and its counterpart.

The profiler tells a program's operation and its order, never who launched it. So it is read where the region begins and
where it ends: before the sweep's clock is started, and after it was stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import wraps
from time import perf_counter_ns, process_time_ns
from types import FunctionType, ModuleType
from typing import Any

from pytest_ttnn_sweeps.devices.stand_ins import StandIns, imported_namespaces
from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program

START, STOP = "start_measuring_time", "stop_measuring_time"


@dataclass
class TimedRegion:
    """What the reads of one execution gave; ``read`` gives the programs since it was last called."""

    read: Callable[[], list[Program]]
    inside: list[Program] = field(default_factory=list)
    outside: list[Program] = field(default_factory=list)
    is_open: bool = False
    is_marked: bool = False
    unclear: str = ""
    """Why the programs of the region can't be told from others."""
    wall_ns: int = 0
    """What reading took inside of ``run``."""
    cpu_ns: int = 0
    _reads: int = 0

    def begin(self) -> None:
        if self.is_open:
            self.unclear = f"{START} is called again before {STOP}"
        self._read_inside_run()
        self.is_open = self.is_marked = True

    def end(self) -> None:
        if not self.is_open:
            self.unclear = f"{STOP} is called twice, or before {START}"
        self._read_inside_run()
        self.is_open = False
        self.is_marked = True

    def add(self, programs: list[Program]) -> None:
        """What has run since the last read."""
        # Launches without a number of their own are counted by each read, from 1.
        self._reads += 1
        of_region = self.inside if self.is_open else self.outside
        of_region += [replace(program, execution=(self._reads, *program.execution)) for program in programs]

    def finish(self) -> list[Program]:
        """The programs that count, once all are there: those of the region, of the whole execution if it has none."""
        if self.is_open:
            self.unclear = self.unclear or f"{STOP} isn't called"
        return self.inside if self.is_told else [*self.outside, *self.inside]

    @property
    def is_told(self) -> bool:
        """Whether the region is known."""
        return self.is_marked and not self.unclear

    def _read_inside_run(self) -> None:
        cpu, wall = process_time_ns(), perf_counter_ns()
        try:
            self.add(self.read())
        except NoDeviceTime as missing:
            self.unclear = str(missing)
        self.wall_ns += perf_counter_ns() - wall
        self.cpu_ns += process_time_ns() - cpu


@contextmanager
def followed(region: TimedRegion, module: ModuleType) -> Iterator[None]:
    """Tell ``region`` where it begins and ends, whichever imported module the sweep has the two functions from."""

    def started(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def start(*args: Any, **kwargs: Any) -> Any:
            region.begin()
            return original(*args, **kwargs)

        return start

    def stopped(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def stop(*args: Any, **kwargs: Any) -> Any:
            elapsed = original(*args, **kwargs)
            region.end()
            return elapsed

        return stop

    with StandIns() as stand_ins:
        for owner, names in imported_namespaces(module):
            for name, wrapped in ((START, started), (STOP, stopped)):
                function = names.get(name)
                if type(function) is FunctionType:
                    stand_ins.put(owner, name, wrapped(function))
        yield
