"""Runs on disk: one directory each, with the journal, the run's record and what was delivered where.

    .ttnn_sweeps/runs/20260102-030405-678901-3fa9/
        journal.jsonl    the records, appended as they come
        run.json         the run's record (`SweepRun`), replaced atomically; sealed when the run ends
        selection.jsonl  which vectors are to run
        delivery.json    what destinations have taken
        pinned           exists where the run is kept for good

Written as plain data: the plugin needs no pydantic for a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import journal, selection
from pytest_ttnn_sweeps.results.attempts import Attempts
from pytest_ttnn_sweeps.results.journal import JournalError, JournalWriter
from pytest_ttnn_sweeps.results.lines import line, utc
from pytest_ttnn_sweeps.results.selection import SelectedSuite, Selection
from pytest_ttnn_sweeps.results.stored_text import stored_json

SCHEMA_VERSION = 1
DEFAULT_ROOT = Path(".ttnn_sweeps", "runs")
LAST = "last"


class RunError(SweepError):
    """A run that isn't there, or a directory that can't hold one."""


@dataclass(frozen=True)
class RunDirectory:
    """The directory of one run."""

    path: Path

    @property
    def run_id(self) -> str:
        return self.path.name

    @property
    def journal(self) -> Path:
        return self.path / journal.NAME

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def selection(self) -> Path:
        return self.path / selection.NAME

    @property
    def delivery(self) -> Path:
        return self.path / "delivery.json"

    @property
    def pin(self) -> Path:
        return self.path / "pinned"

    @property
    def is_pinned(self) -> bool:
        return self.pin.exists()

    @property
    def is_being_written(self) -> bool:
        return journal.is_being_written(self.journal)

    def read(self) -> dict[str, Any]:
        """The run's record as plain data. Raises ``RunError``."""
        return read_json(self.record)

    @property
    def undelivered(self) -> list[str]:
        """Destinations, masked, that have not taken all of the run."""
        if not self.delivery.exists():
            return []
        return [name for name, facts in read_json(self.delivery).items() if not facts.get("complete")]


class RunWriter:
    """Writes one run: records as they come, the run's record at the start and at the end."""

    def __init__(self, directory: RunDirectory, writer: JournalWriter, attempts: Attempts, facts: dict[str, Any]):
        self.directory = directory
        self.attempts = attempts
        """What the run has of each vector, earlier sessions included."""
        self._journal = writer
        self._facts = facts
        self._records = sum(1 for _ in journal.JournalReader(directory.journal).lines()) if writer.size else 0

    @classmethod
    def create(cls, root: Path, facts: Mapping[str, object]) -> RunWriter:
        """A new run below ``root``; ``facts`` are fields of `SweepRun`. Raises ``RunError``."""
        try:
            make_root(root)
            directory = RunDirectory(root / _new_run_id())
            directory.path.mkdir()
            writer = JournalWriter(directory.journal)
        except OSError as error:
            msg = f"{root}: results can't be written there: {error.strerror}; name a place with --sweep-results-dir"
            raise RunError(msg) from None
        run = cls(directory, writer, Attempts(), {"schema_version": SCHEMA_VERSION, "run_id": directory.run_id})
        run._begin(facts)
        return run

    @classmethod
    def resume(cls, directory: RunDirectory, facts: Mapping[str, object]) -> RunWriter:
        """Go on with a run: it is unsealed and has one session more. Raises ``RunError`` or ``JournalBusy``."""
        before = directory.read()
        try:
            writer = JournalWriter(directory.journal)
        except OSError as error:
            msg = f"{directory.journal}: the run can't be resumed: {error.strerror}"
            raise RunError(msg) from None
        run = cls(directory, writer, Attempts.in_journal(directory.journal), before)
        run._begin(facts)
        return run

    def append(self, body: str, *, module: str, suite: str, vector_id: str, status: str, final: bool) -> None:
        """Make a record durable. Raises ``JournalError``."""
        attempt = self.attempts.add(module, suite, vector_id, status, final)
        try:
            self._journal.append(line(body, attempt=attempt))
        except JournalError:
            # Resuming reads from the journal what there is; so do the counts of this session.
            self.attempts = Attempts.in_journal(self.directory.journal)
            raise
        self._records += 1

    def select(self, suites: Iterable[SelectedSuite]) -> None:
        """Make durable what is to run, beside what was to run before. Raises ``JournalError``.

        Nothing for a run that earlier sessions have begun without: it would tell of the rest alone.
        """
        path = self.directory.selection
        known = Selection.read(path)
        if known is None:
            if len(self._facts["sessions"]) > 1:
                return
            known = Selection()
        found = {(entry["module"], entry["node"]): entry for entry in self._facts.get("selection", ())}
        try:
            with path.open("a", encoding="ascii") as file:
                for suite in suites:
                    new = known.add(suite)
                    if suite.vectors is None:
                        file.write(suite.line(None))
                    elif new:
                        file.write(suite.line(new))
                        place = {"module": suite.module, "suite": suite.suite, "node": suite.node}
                        entry = found.setdefault((suite.module, suite.node), {**place, "vectors": 0})
                        entry["vectors"] += len(new)
        except OSError as error:
            raise _unwritable(path, error) from None
        self._facts["selection"] = list(found.values())
        self._facts["selected"] = sum(entry["vectors"] for entry in found.values())
        self._write()

    def name_suite(self, module: str, node: str, suite: str) -> None:
        """Say what the suite is called that node ids call ``node``: a worker's ids don't tell where they differ."""
        for entry in self._facts.get("selection", ()):
            if (entry["module"], entry["node"]) == (module, node) and entry["suite"] != suite:
                entry["suite"] = suite
                self._write()

    @property
    def not_reached(self) -> int:
        """How many selected vectors have no record."""
        counts = [
            entry["vectors"] - sum(self.attempts.suite_counts(entry["module"], entry["suite"]).values())
            for entry in self._facts.get("selection", ())
        ]
        return sum(count for count in counts if count > 0)

    def seal(self, session: Mapping[str, object], facts: Mapping[str, object]) -> dict[str, Any]:
        """End the run: ``session`` are fields of its last `RunSession`, ``facts`` of the run. The run's record."""
        now = utc(time.time())
        self._facts["sessions"][-1].update(session, ended_at=now)
        self._facts.update(facts, sealed_at=now, records=self._records, counts=self.attempts.counts)
        self._journal.close()
        self._write()
        return self._facts

    def abandon(self) -> None:
        """Leave the run unsealed."""
        self._journal.close()

    @property
    def facts(self) -> dict[str, Any]:
        """The run's record as plain data."""
        return self._facts

    def _begin(self, facts: Mapping[str, object]) -> None:
        started = {key: value for key, value in facts.items() if key in ("started_at", "command")}
        rest = {key: value for key, value in facts.items() if key not in started}
        self._facts.update(rest, sealed_at=None, status="did_not_finish")
        self._facts["sessions"] = [*self._facts.get("sessions", []), started]
        self._write()

    def _write(self) -> None:
        try:
            write_json(self.directory.record, stored_json(self._facts))
        except OSError as error:
            raise _unwritable(self.directory.record, error) from None


def _unwritable(path: Path, error: OSError) -> JournalError:
    return JournalError(f"{path}: results can't be written any more: {error.strerror}")


def find_run(root: Path, text: str) -> RunDirectory:
    """The run that ``text`` names: ``last``, an id, the beginning of one, or a path. Raises ``RunError``."""
    runs = list_runs(root)
    if text == LAST:
        if not runs:
            msg = f"{root}: there is no run yet"
            raise RunError(msg)
        return runs[-1]
    path = Path(text)
    if path.name in (journal.NAME, "run.json"):
        path = path.parent
    if (path / "run.json").is_file():
        return RunDirectory(path)
    found = [run for run in runs if run.run_id.startswith(text)]
    exact = [run for run in found if run.run_id == text]
    if len(exact or found) != 1:
        known = ", ".join(run.run_id for run in (found or runs)[-3:])
        what = "is the beginning of several runs" if found else "is no run"
        msg = f"{text!r} {what} in {root}" + (f"; there is {known}" if known else "")
        raise RunError(msg)
    return (exact or found)[0]


def list_runs(root: Path) -> list[RunDirectory]:
    """The runs below ``root``, the oldest first."""
    if not root.is_dir():
        return []
    return [RunDirectory(path) for path in sorted(root.iterdir()) if (path / "run.json").is_file()]


@dataclass(frozen=True)
class Pruning:
    """What pruning would do with a run, and why."""

    run: RunDirectory
    spared: str | None
    """Why the run stays; None where it goes."""


def plan_pruning(
    runs: Iterable[RunDirectory],
    *,
    keep: int | None,
    older_than_s: float | None,
    spare_undelivered: bool = True,
    now: float | None = None,
) -> list[Pruning]:
    """Which runs go: those beyond the newest ``keep`` and, where both are given, older than that many seconds too.

    Never one that is unsealed, being written or pinned, nor, where that is asked for, one that a destination has not
    wholly taken.
    """
    now = time.time() if now is None else now
    ordered = sorted(runs, key=lambda run: run.run_id)
    newest = set(ordered[len(ordered) - keep :] if keep else ()) if keep is not None else set()
    plan = [Pruning(run, _spared(run, run in newest, older_than_s, now)) for run in ordered]
    if not spare_undelivered:
        return plan
    return [
        Pruning(entry.run, f"not delivered to {', '.join(entry.run.undelivered)}")
        if entry.spared is None and entry.run.undelivered
        else entry
        for entry in plan
    ]


def _spared(run: RunDirectory, is_new: bool, older_than_s: float | None, now: float) -> str | None:
    if is_new:
        return "among the newest"
    if run.is_pinned:
        return "pinned"
    if run.is_being_written:
        return "being written"
    facts = run.read()
    if facts.get("sealed_at") is None:
        return "unsealed"
    if older_than_s is not None:
        ended = datetime.fromisoformat(facts["sealed_at"].replace("Z", "+00:00")).timestamp()
        if now - ended < older_than_s:
            return "not old enough"
    return None


def remove(run: RunDirectory) -> None:
    """Delete a run; first its record, so that what an interruption leaves isn't taken for a run."""
    run.record.unlink(missing_ok=True)
    shutil.rmtree(run.path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises ``RunError``."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"{path}: can't be read: {getattr(error, 'strerror', None) or error}"
        raise RunError(msg) from None
    if not isinstance(data, dict):
        msg = f"{path}: holds no JSON object"
        raise RunError(msg)
    return data


def write_json(path: Path, data: Mapping[str, object]) -> None:
    """Replace a file by a JSON object: readers see the old or the new one, also after a loss of power."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="ascii") as file:
            json.dump(data, file, indent=1)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        # What of it is there takes room on a disk that may have none.
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def make_root(root: Path) -> None:
    """Make the directory of runs, and what is ours above it."""
    home = root.parent if root.parent.name == DEFAULT_ROOT.parts[0] else root
    is_new = not home.exists()
    root.mkdir(parents=True, exist_ok=True)
    # Results are no sources: as pytest's cache does it, a directory of our own keeps itself out of repositories.
    if is_new or home.name == DEFAULT_ROOT.parts[0]:
        ignore = home / ".gitignore"
        if not ignore.exists():
            ignore.write_text("# Written by pytest-ttnn-sweeps.\n*\n", encoding="ascii")


def _new_run_id() -> str:
    now = datetime.now(timezone.utc)
    return f"{now:%Y%m%d-%H%M%S}-{now.microsecond:06d}-{secrets.token_hex(2)}"
