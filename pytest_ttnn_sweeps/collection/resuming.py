"""Which vectors an earlier run leaves to this one: ``--sweep-resume`` and ``--sweep-only-status``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.results.attempts import Attempts, status_selector
from pytest_ttnn_sweeps.results.runs import LAST, RunDirectory, find_run
from pytest_ttnn_sweeps.results.selection import Selection

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.choice import Choice
    from pytest_ttnn_sweeps.results import Status
    from pytest_ttnn_sweeps.settings import Settings
    from pytest_ttnn_sweeps.vectors.identity import VectorIds

KEY = "ttnn_sweeps_earlier"
"""In ``workerinput``: path of the earlier run and size of its journal, the same for workers that start later."""


@dataclass(frozen=True)
class EarlierRun:
    """A run as it was when this session began."""

    directory: RunDirectory
    until: int
    """Bytes of its journal; what this session appends is beyond them."""

    @classmethod
    def of(cls, config: pytest.Config, settings: Settings) -> EarlierRun | None:
        """The run that the options name, where they name one. Raises ``SweepError`` where there is none."""
        if settings.resume is None and not settings.only_status:
            return None
        known = _compat.worker_input(config).get(KEY)
        if known is not None:
            return cls(RunDirectory(Path(known[0])), known[1])
        directory = find_run(settings.results_dir, settings.resume or LAST)
        return cls(directory, directory.journal.stat().st_size if directory.journal.exists() else 0)

    @cached_property
    def selection(self) -> Selection | None:
        """Which vectors it was to run; None where it doesn't tell. Raises ``RecordError``."""
        return Selection.read(self.directory.selection)

    @property
    def workerinput(self) -> tuple[str, int]:
        return str(self.directory.path), self.until


class Narrowed(NamedTuple):
    """How many vectors an earlier run takes out of what is selected."""

    recorded: int
    """By their records."""
    strange: int
    """Because it did not select them."""


class EarlierRecords:
    """Narrows what is selected by the records of an earlier run. Raises ``SweepError`` for unreadable ones."""

    def __init__(self, run: EarlierRun, settings: Settings) -> None:
        self._attempts = Attempts.in_journal(run.directory.journal, until=run.until)
        self._only: Callable[[Status, bool], bool] | None = None
        self._selection = run.selection if settings.resume is not None else None
        if settings.only_status:
            self._only = status_selector(settings.only_status)

    def wants_module(self, name: str) -> bool:
        """Whether a vector of the module could be left; only what has a record can have a status."""
        if self._only is not None:
            return any(module == name for module, _ in self._attempts.suites())
        return self._selection is None or self._selection.may_have(name)

    def wants_suite(self, module: str, node: str) -> bool:
        """Whether a vector of the suite that is ``node`` in node ids could be left."""
        return self._only is not None or self._selection is None or self._selection.may_have(module, node)

    def narrow(self, choice: Choice, *, module: str, suite: str, node: str, ids: VectorIds) -> Narrowed:
        """Leave in ``choice`` what shall run: of suite ``suite``, which is ``node`` in node ids."""
        strange = 0
        if self._only is not None:
            wanted = self._attempts.ids(module, suite, self._only)
            left = [at for at, index in enumerate(choice.indexes) if ids.of(index) in wanted]
        else:
            done = self._attempts.ids(module, suite, lambda status, final: final)
            unrecorded = [(at, ids.of(index)) for at, index in enumerate(choice.indexes)]
            unrecorded = [(at, vector_id) for at, vector_id in unrecorded if vector_id not in done]
            selection = self._selection
            left = [at for at, name in unrecorded if selection is None or selection.has(module, node, name)]
            strange = len(unrecorded) - len(left)
        taken = len(choice.indexes) - len(left)
        choice.indexes = [choice.indexes[at] for at in left]
        choice.names = [choice.names[at] for at in left]
        return Narrowed(taken - strange, strange)
