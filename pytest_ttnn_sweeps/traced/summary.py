"""What tracing found, summed up over tests and processes, and the lines that say it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.describe import counted
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

    def lines(self) -> list[str]:
        """As ``Tally.lines``."""
        tally = Tally()
        tally.add(self)
        return tally.lines()

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


@dataclass
class Tally:
    """The counts of findings without their configurations, of which a long run has too many to keep."""

    counts: Findings = field(default_factory=Findings)
    executed: Counter[str] = field(default_factory=Counter)
    distinct: dict[str, set[str]] = field(default_factory=dict)
    """Hashes of configurations by operation."""

    def add(self, findings: Findings) -> None:
        """Count those of another test."""
        for configuration in findings.configurations:
            self.executed[configuration.operation] += configuration.execution_count or 0
            self.distinct.setdefault(configuration.operation, set()).add(configuration.content_hash)
        self.counts.add(replace(findings, configurations=[]))

    def lines(self) -> list[str]:
        """Most executed operation first."""
        calls, types = sum(self.executed.values()), len(self.distinct)
        lines = [f"Captured: {counted(calls, 'operation')}, {counted(types, 'unique type')}"]
        for operation, count in _ordered(self.executed):
            configs = counted(len(self.distinct[operation]), "unique config")
            lines.append(f"  ttnn.{operation}: {configs} ({count}x executed)")
        if self.counts.host:
            lines.append(
                f"  {counted(self.counts.host, 'call')} of them on host tensors alone: the preparation of weights"
            )
        if self.counts.nested:
            lines.append(f"  left to their callers: {_named(self.counts.nested)}, called inside other operations")
        if self.counts.excluded:
            lines.append(f"  not traced: {_named(self.counts.excluded)}")
        if self.counts.unknown:
            lines.append(f"  on no list: {_named(self.counts.unknown)}; --sweep-trace-include NAME traces one")
        return lines


def unknown_exclusion_lines(unknown: Mapping[str, Sequence[str]]) -> list[str]:
    """What is to be said of names to exclude that are on no list and weren't called: most likely, they are misspelt."""
    lines = []
    for name, near in unknown.items():
        meant = f"; did you mean {near[0]}?" if near else ""
        lines.append(f"  excluded in vain: {name}, which is on no list and was not called{meant}")
    return lines


def added_lines(added: Added, master: str) -> list[str]:
    """What a master has gained, the seed's words first."""
    known = f"; {added.known} were known" if added.known else ""
    lines = [f"Added {counted(added.configurations, 'new unique configuration')} to {master}{known}"]
    if added.former is not None:
        lines.append(f"it had an older schema, and is kept as it was: {added.former}")
    return lines


def _ordered(counts: Counter[str]) -> list[tuple[str, int]]:
    """Most frequent first."""
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _named(counts: Counter[str]) -> str:
    names = [f"{name} {count}x" for name, count in _ordered(counts)]
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
