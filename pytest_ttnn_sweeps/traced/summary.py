"""What tracing found, summed up over tests and processes, and the lines that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.draft import Added
from pytest_ttnn_sweeps.traced.encoding import encode_configuration
from pytest_ttnn_sweeps.traced.schemas import read_configuration

_MOST_NAMES = 8


@dataclass
class Findings:
    """Configurations with their executions, and counts of the calls that are none."""

    configurations: list[TracedConfiguration] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    """Calls of operations that aren't traced, by name."""
    unknown: Counter[str] = field(default_factory=Counter)
    """Calls of operations on neither list."""
    nested: Counter[str] = field(default_factory=Counter)
    """Calls that operations made inside."""
    host: int = 0
    """Traced calls on host tensors alone."""

    @classmethod
    def of(
        cls,
        configurations: Iterable[TracedConfiguration],
        *,
        excluded: Mapping[str, int],
        unknown: Mapping[str, int],
        nested: Mapping[str, int],
        host: int,
    ) -> Findings:
        return cls(list(configurations), Counter(excluded), Counter(unknown), Counter(nested), host)

    def add(self, other: Findings) -> None:
        """Add those of another test."""
        self.configurations += other.configurations
        self.excluded += other.excluded
        self.unknown += other.unknown
        self.nested += other.nested
        self.host += other.host

    @property
    def calls(self) -> int:
        """Calls of traced operations."""
        return sum(configuration.execution_count or 0 for configuration in self.configurations)

    def lines(self) -> list[str]:
        """Most executed operation first."""
        executed: Counter[str] = Counter()
        distinct: dict[str, set[str]] = {}
        for configuration in self.configurations:
            executed[configuration.operation] += configuration.execution_count or 0
            distinct.setdefault(configuration.operation, set()).add(configuration.content_hash)
        lines = [f"Captured: {_count(self.calls, 'operation')}, {_count(len(distinct), 'unique type')}"]
        for operation, count in sorted(executed.items(), key=lambda pair: (-pair[1], pair[0])):
            configs = _count(len(distinct[operation]), "unique config")
            lines.append(f"  ttnn.{operation}: {configs} ({count}x executed)")
        if self.host:
            lines.append(f"  {_count(self.host, 'call')} of them on host tensors alone: the preparation of weights")
        if self.nested:
            lines.append(f"  left to their callers: {_named(self.nested)}, called inside other operations")
        if self.excluded:
            lines.append(f"  not traced: {_named(self.excluded)}")
        if self.unknown:
            lines.append(f"  on no list: {_named(self.unknown)}; --sweep-trace-include NAME traces one")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Plain data, for another process."""
        return {
            "configurations": [[entry.operation, encode_configuration(entry)] for entry in self.configurations],
            "excluded": dict(self.excluded),
            "unknown": dict(self.unknown),
            "nested": dict(self.nested),
            "host": self.host,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Findings:
        """What ``to_json`` gave."""
        return cls.of(
            [read_configuration(operation, entry) for operation, entry in data["configurations"]],
            excluded=data["excluded"],
            unknown=data["unknown"],
            nested=data["nested"],
            host=data["host"],
        )


def added_lines(added: Added, master: str) -> list[str]:
    """What a master has gained, the seed's words first."""
    known = f"; {added.known} were known" if added.known else ""
    lines = [f"Added {_count(added.configurations, 'new unique configuration')} to {master}{known}"]
    if added.former is not None:
        lines.append(f"it had an older schema, and is kept as it was: {added.former}")
    return lines


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _named(counts: Counter[str]) -> str:
    names = [f"{name} {count}x" for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
