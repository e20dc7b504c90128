"""What two masters have of each other, by content: spelling, schema and order don't count."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_ttnn_sweeps.traced.configuration import Execution, TracedConfiguration, merged_executions
from pytest_ttnn_sweeps.traced.master import Master


@dataclass(frozen=True)
class Seen:
    """A configuration of both masters with the executions whose source, machine or version only one of them knows."""

    configuration: TracedConfiguration
    only_in_first: tuple[Execution, ...]
    only_in_second: tuple[Execution, ...]


@dataclass(frozen=True)
class Difference:
    """What ``compare`` found, each in the order of its master."""

    only_in_first: tuple[TracedConfiguration, ...]
    only_in_second: tuple[TracedConfiguration, ...]
    seen_elsewhere: tuple[Seen, ...]
    common: int
    """Configurations in both, whoever saw them where."""

    @property
    def same_configurations(self) -> bool:
        return not (self.only_in_first or self.only_in_second)


def compare(first: Master, second: Master) -> Difference:
    """Compare configurations by content hash, and the executions of common ones. Raises ``MasterError``."""
    only_first: list[TracedConfiguration] = []
    only_second: list[TracedConfiguration] = []
    seen: list[Seen] = []
    common = 0
    for operation in dict.fromkeys([*first.operations, *second.operations]):
        ours = {found.content_hash: found for found in first.configurations(operation)}
        theirs = {found.content_hash: found for found in second.configurations(operation)}
        only_first += [found for key, found in ours.items() if key not in theirs]
        only_second += [found for key, found in theirs.items() if key not in ours]
        for key, found in ours.items():
            if key in theirs:
                common += 1
                here = merged_executions(found.executions)
                there = merged_executions(theirs[key].executions)
                gone, new = _without(here, there), _without(there, here)
                if gone or new:
                    seen.append(Seen(found, gone, new))
    return Difference(tuple(only_first), tuple(only_second), tuple(seen), common)


def _without(some: tuple[Execution, ...], others: tuple[Execution, ...]) -> tuple[Execution, ...]:
    known = {execution.origin for execution in others}
    return tuple(execution for execution in some if execution.origin not in known)
