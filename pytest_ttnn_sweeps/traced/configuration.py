"""One traced configuration: the arguments of a call that a real model made, where it was made, and its identity."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
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
    device_count: int | None = None
    device_ids: tuple[int, ...] = ()
    extra: str = ""
    """Other fields: a JSON object as text with sorted keys, or nothing."""

    @property
    def provider(self) -> str | None:
        """``emulated`` or ``mock`` where that was recorded; None of silicon, and of older tracers."""
        provider = json.loads(self.extra).get("provider") if self.extra else None
        return provider if isinstance(provider, str) else None


@dataclass(frozen=True)
class Execution:
    """Where a configuration was seen: test or script, machine, and how often in that run."""

    source: str | None = None
    machine: Machine | None = None
    count: int | None = None
    trace: str | None = None
    """What its tracer called the run."""
    ttnn_version: str | None = None
    timestamp: str | None = None
    """ISO 8601, UTC; texts of one form, so that they order as times."""
    extra: str = ""
    """As a machine's."""

    @property
    def origin(self) -> tuple[str | None, Machine | None, str | None, str]:
        """What tells it apart from others: not how often, nor when."""
        return self.source, self.machine, self.ttnn_version, self.extra


def merged_executions(executions: Iterable[Execution]) -> tuple[Execution, ...]:
    """One execution per source, machine and ttnn version, first seen first.

    Of runs that repeat each other the larger count and the later run are kept. So merging gives the same in any order,
    and the same again where something is merged twice.
    """
    merged: dict[object, Execution] = {}
    for execution in executions:
        known = merged.get(execution.origin)
        merged[execution.origin] = execution if known is None else _merged(known, execution)
    return tuple(merged.values())


def _merged(one: Execution, other: Execution) -> Execution:
    counts = [execution.count for execution in (one, other) if execution.count is not None]
    later = max(one, other, key=lambda execution: (execution.timestamp or "", execution.trace or ""))
    return replace(later, count=max(counts, default=None))


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
    former_hashes: tuple[str, ...] = ()
    """What older tracers identified it by: ``v1:<md5>``, ``v2:<config_hash>``; several where theirs told apart what is
    equal here."""
    extra: str = ""
    """Other fields of its entry, as a machine's."""

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

    def named_arguments(self) -> Iterator[tuple[str, Value]]:
        """The arguments by name, positional ones as ``arg<i>``."""
        yield from ((f"arg{index}", value) for index, value in enumerate(self.positional))
        yield from self.keywords.items()

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
        """This configuration with the executions and former hashes of an equal one added."""
        return replace(
            self,
            executions=merged_executions(self.executions + other.executions),
            former_hashes=tuple(dict.fromkeys(self.former_hashes + other.former_hashes)),
            extra=self.extra or other.extra,
        )
