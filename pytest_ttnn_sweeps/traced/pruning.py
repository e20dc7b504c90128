"""Dropping from a master what is no longer wanted: operations, or what some models or machines called."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import Execution
from pytest_ttnn_sweeps.traced.draft import Draft
from pytest_ttnn_sweeps.traced.encoding import encode_execution
from pytest_ttnn_sweeps.traced.master import Master
from pytest_ttnn_sweeps.traced.schemas import read_executions
from pytest_ttnn_sweeps.traced.selection import Selection, source_matches
from pytest_ttnn_sweeps.traced.store import LOCK_SECONDS, change


@dataclass(frozen=True)
class Pruning:
    """What goes. Executions that meet every condition, and with its last execution a configuration; of whole operations
    everything, where no condition is on executions.
    """

    operations: Collection[str] | None = None
    """Canonical names; None for all."""
    selection: Selection = field(default_factory=Selection)
    """On executions: models and boards."""
    before: str | None = None
    """ISO 8601: executions whose time is before it; those without a time stay."""

    @property
    def concerns_executions(self) -> bool:
        return bool(self.selection.models or self.selection.boards or self.before)

    def drops(self, execution: Execution) -> bool:
        """Whether an execution meets the conditions on executions."""
        is_old = self.before is None or (execution.timestamp is not None and execution.timestamp < self.before)
        return is_old and self.selection.matches_execution(execution)


@dataclass
class Pruned:
    """What was dropped, or would be."""

    configurations: dict[str, int] = field(default_factory=dict)
    """By operation."""
    executions: int = 0


def prune(path: str | os.PathLike[str], pruning: Pruning, *, lock_seconds: float = LOCK_SECONDS) -> Pruned:
    """Drop from the master at ``path`` what ``pruning`` says. Raises ``MasterError``."""
    pruned = Pruned()

    def edit(draft: Draft) -> None:
        _edit(draft, pruning, pruned)

    change(path, edit, lock_seconds=lock_seconds)
    return pruned


def rehearse(master: Master, pruning: Pruning) -> Pruned:
    """What ``prune`` would drop; nothing is written."""
    pruned = Pruned()
    _edit(Draft(master, master.data()), pruning, pruned)
    return pruned


def _edit(draft: Draft, pruning: Pruning, pruned: Pruned) -> None:
    def wanted(_: str, entry: dict[str, Any]) -> dict[str, Any] | None:
        if not pruning.concerns_executions:
            return None
        executions = list(read_executions(entry))
        left = [execution for execution in executions if not pruning.drops(execution)]
        if len(left) == len(executions):
            return entry
        pruned.executions += len(executions) - len(left)
        return {**entry, "executions": [encode_execution(execution) for execution in left]} if left else None

    for operation in draft.operations:
        if pruning.operations is None or operation in pruning.operations:
            dropped = draft.keep(operation, wanted)
            if dropped:
                pruned.configurations[operation] = dropped
    models = draft.metadata.get("models")
    if pruned.executions and pruning.operations is None and pruning.selection.models and isinstance(models, list):
        if not pruning.selection.boards and pruning.before is None:
            gone = pruning.selection.models
            draft.metadata["models"] = [model for model in models if not source_matches(str(model), gone)]
