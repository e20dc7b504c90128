"""What every capture is read into: calls of operations, in order, with typed arguments."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.store import TraceContext
from pytest_ttnn_sweeps.traced.values import Struct, TensorSpec, Value

QUEUE_KEYWORDS = ("queue_id", "cq_id")
"""Which command queue an operation runs on: ttnn takes them away before it calls the operation."""


class CaptureError(SweepError):
    """A file of captured calls can't be read; the message says where in the file."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of ``operation`` (canonical name). Equal calls are one configuration."""

    operation: str
    positional: tuple[Value, ...] = ()
    keywords: tuple[tuple[str, Value], ...] = ()
    """Sorted by name. A keyword that wasn't passed isn't here; one that was passed as None is."""
    depth: int = 0
    """The number of operations that it was made inside of: 0 for the calls that the model makes itself."""

    @classmethod
    def of(cls, operation: str, positional: Iterable[Value], keywords: Mapping[str, Value], depth: int = 0) -> Call:
        """The call of ``operation``, in any spelling."""
        named = sorted((name, value) for name, value in keywords.items() if name not in QUEUE_KEYWORDS)
        return cls(canonical_operation(operation), tuple(positional), tuple(named), depth)

    @property
    def is_on_host(self) -> bool:
        """Whether it has tensors and all of them are on the host: the preparation of weights, not a model's step."""
        return is_on_host((*self.positional, *(value for _, value in self.keywords)))

    def configuration(self, executions: tuple[Execution, ...] = ()) -> TracedConfiguration:
        """Its arguments as a configuration of a master."""
        return TracedConfiguration(self.operation, self.positional, dict(self.keywords), executions)


def is_on_host(arguments: Iterable[Value]) -> bool:
    """Whether ``arguments`` hold tensors of ttnn's, and none on a device."""
    storages = {spec.storage for spec in _tensors(arguments)}
    return storages == {"HOST"}


def _tensors(values: Iterable[Value]) -> Iterator[TensorSpec]:
    for value in values:
        if isinstance(value, TensorSpec):
            yield value
        elif isinstance(value, tuple):
            yield from _tensors(value)
        elif isinstance(value, Struct):
            yield from _tensors(item for _, item in value.fields)


@dataclass(frozen=True)
class Capture:
    """The calls of one test or script, and what was recorded about it."""

    calls: tuple[Call, ...]
    source: str | None = None
    """The test's node id, or the script's path."""
    status: str | None = None
    """``passed``, ``failed`` or ``skipped``, where the tracer says so."""
    machine: Machine | None = None
    ttnn_version: str | None = None
    timestamp: str | None = None
    trace: str | None = None
    troubles: tuple[str, ...] = field(default=())
    """What of it could not be read, a line each."""

    def context(self, source: str) -> TraceContext:
        """For ``record``; ``source`` stands in where the capture doesn't say whose it is."""
        return TraceContext(self.source or source, self.machine, self.ttnn_version, self.timestamp, self.trace)


def device_of(shape: tuple[int, ...]) -> Struct:
    """A device as an argument: which one it was says nothing to another run, its shape does."""
    return Struct("MeshDevice", (("shape", shape),))


def core_grid(x: int, y: int) -> Struct:
    """``ttnn.CoreGrid``."""
    return Struct("CoreGrid", (("x", x), ("y", y)))
