"""One traced configuration: the arguments of a call that a real model made, where it was made, and its identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from pytest_ttnn_sweeps.traced.names import ID_DIGITS, SEPARATOR
from pytest_ttnn_sweeps.traced.values import Value, canonical, content_hash

_IDENTITY_FORMAT = "ttnn-traced-1"
"""Goes into every content hash; changes with the canonical form, so that ids of two forms can't be confused."""


@dataclass(frozen=True)
class Machine:
    """The machine of a traced run, as far as it was recorded."""

    board_type: str | None = None
    device_series: tuple[str, ...] = ()
    card_count: int | None = None
    mesh_shape: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Execution:
    """Where a configuration was seen: test or script, machine, and how often in that run."""

    source: str | None = None
    machine: Machine | None = None
    count: int | None = None
    trace: str | None = None


@dataclass(frozen=True)
class TracedConfiguration:
    """The distinct arguments of a call to ``operation`` (canonical name).

    ``positional`` holds ``ABSENT`` for a position that the trace skipped. Two configurations with equal arguments are
    the same one, whatever schema, order or file they come from: they have one ``id``.
    """

    operation: str
    positional: tuple[Value, ...]
    keywords: Mapping[str, Value] = field(default_factory=dict)
    executions: tuple[Execution, ...] = ()

    @cached_property
    def content_hash(self) -> str:
        """Hexadecimal SHA-256 of format version, operation and arguments; stable while masters grow."""
        keywords = {name: canonical(value) for name, value in self.keywords.items()}
        return content_hash([_IDENTITY_FORMAT, self.operation, canonical(self.positional), keywords])

    @property
    def id(self) -> str:
        return self.content_hash[:ID_DIGITS]

    @property
    def name(self) -> str:
        """``<operation>_traced_<id>``, by which sweeps and users call it."""
        return f"{self.operation}{SEPARATOR}{self.id}"

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(execution.source for execution in self.executions if execution.source is not None))

    @property
    def machines(self) -> tuple[Machine, ...]:
        return tuple(dict.fromkeys(seen.machine for seen in self.executions if seen.machine is not None))

    @property
    def execution_count(self) -> int | None:
        """How often it was executed in all recorded runs; None where no run counted."""
        counts = [execution.count for execution in self.executions if execution.count is not None]
        return sum(counts) if counts else None

    def also_seen_in(self, other: TracedConfiguration) -> TracedConfiguration:
        """This configuration with the executions of an equal one added."""
        return replace(self, executions=tuple(dict.fromkeys(self.executions + other.executions)))
