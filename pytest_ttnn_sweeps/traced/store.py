"""Writing masters: one writer at a time, on what is in the file then, all or nothing.

Whoever changes a master locks it, reads it anew, and puts a whole new file in its place, which is on the disk before it
is there. So any number of tracers lose nothing of each other's, and a process that is killed at any moment leaves the
master as it was or as it was to be. A master that can't be read is never written.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import os
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

from pytest_ttnn_sweeps.traced import index
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.draft import Added, Draft
from pytest_ttnn_sweeps.traced.errors import MasterError
from pytest_ttnn_sweeps.traced.master import Master, open_master
from pytest_ttnn_sweeps.traced.references import former_hashes
from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION, scan
from pytest_ttnn_sweeps.traced.schemas import read_configuration

__all__ = ["Added", "TraceContext", "change", "merge", "migrate", "record"]

LOCK_SECONDS = 600.0
"""How long a writer waits for the others; a large master is written in under 2 s."""


@dataclass(frozen=True)
class TraceContext:
    """What the calls of one traced test have in common; see ``Execution``."""

    source: str
    """The test's node id, or the script's path."""
    machine: Machine | None = None
    ttnn_version: str | None = None
    timestamp: str | None = None
    trace: str | None = None

    def execution(self, count: int) -> Execution:
        return Execution(self.source, self.machine, count, self.trace, self.ttnn_version, self.timestamp)


def record(
    master_path: str | os.PathLike[str],
    configurations: Iterable[TracedConfiguration],
    context: TraceContext | None = None,
    *,
    lock_seconds: float = LOCK_SECONDS,
) -> Added:
    """Add traced calls to a master, which is made if it isn't there::

        call = TracedConfiguration("add", (TensorSpec((1, 32), "BFLOAT16", "TILE", None), 1.0))
        added = record("traced_operations/ttnn_operations_master.json", [call, call], TraceContext("test_m.py::test_m"))

    Each configuration without executions is one call in ``context``: what occurs n times is one configuration that was
    executed n times there. Configurations with executions keep theirs. Recording the same again changes nothing but the
    time of the last run. Operations that no one calls in ``configurations`` aren't even parsed.

    A master of an older schema is converted, and kept beside as it was (``Added.former``). Raises ``MasterError`` for
    one that is corrupt, which stays as it is, where the lock isn't had within ``lock_seconds``, where the disk is full,
    and for a configuration that would not be read as it is.
    """
    calls = _counted(configurations, context)
    models = {seen.source: None for call in calls for seen in call.executions if seen.source is not None}

    def add(draft: Draft) -> None:
        for call in calls:
            draft.add(call)
        _add_models(draft, models)

    return change(master_path, add, lock_seconds=lock_seconds)


def _counted(
    configurations: Iterable[TracedConfiguration], context: TraceContext | None
) -> tuple[TracedConfiguration, ...]:
    if context is None:
        return tuple(configurations)
    counts: dict[tuple[str, str], int] = {}
    calls: dict[tuple[str, str], TracedConfiguration] = {}
    others: list[TracedConfiguration] = []
    for configuration in configurations:
        if configuration.executions:
            others.append(configuration)
            continue
        key = configuration.operation, configuration.content_hash
        calls.setdefault(key, configuration)
        counts[key] = counts.get(key, 0) + 1
    executed = [replace(call, executions=(context.execution(counts[key]),)) for key, call in calls.items()]
    return *executed, *others


def merge(
    into: str | os.PathLike[str], masters: Iterable[str | os.PathLike[str]], *, lock_seconds: float = LOCK_SECONDS
) -> Added:
    """Add everything that other masters hold, of any schema, to the one at ``into``. Raises ``MasterError``."""
    opened = [open_master(Path(path).resolve()) for path in masters]

    def add(draft: Draft) -> None:
        for master in opened:
            for operation in master.operations:
                for configuration in converted(master, operation):
                    draft.add(configuration)
            _add_models(draft, _models(master))

    return change(into, add, lock_seconds=lock_seconds)


def converted(master: Master, operation: str) -> Iterator[TracedConfiguration]:
    """Every recorded configuration of ``operation`` with the hashes by which its era knew it."""
    for raw in master.raw_configurations(operation):
        configuration = read_configuration(operation, raw)
        if not (isinstance(raw, dict) and "content_hash" in raw):
            configuration = replace(configuration, former_hashes=former_hashes(raw))
        yield configuration


def migrate(path: str | os.PathLike[str], *, backup: bool = True, lock_seconds: float = LOCK_SECONDS) -> Added | None:
    """Rewrite a master in the current schema; None where it has it. Raises ``MasterError``."""
    if open_master(Path(path).resolve()).contents.schema_version == SCHEMA_VERSION:
        return None

    def mark(draft: Draft) -> None:
        draft.is_changed = True

    return change(path, mark, backup=backup, lock_seconds=lock_seconds)


def _models(master: Master) -> Iterable[str]:
    recorded = master.metadata.get("models")
    return [model for model in recorded if isinstance(model, str)] if isinstance(recorded, list) else []


def _add_models(draft: Draft, models: Iterable[str]) -> None:
    recorded = draft.metadata.get("models")
    known = recorded if isinstance(recorded, list) else []
    draft.metadata["models"] = [*known, *(model for model in models if model not in known)]


def change(
    master_path: str | os.PathLike[str],
    edit: Callable[[Draft], None],
    *,
    backup: bool = True,
    lock_seconds: float = LOCK_SECONDS,
) -> Added:
    """Let ``edit`` change the master, alone, and write it if that changed anything. Raises ``MasterError``."""
    # Through links: the file that they lead to is replaced, not the link.
    path = Path(master_path).resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _lock(path, lock_seconds):
            _remove_leftovers(path)
            master = open_master(path) if path.exists() else None
            data = b"" if master is None else master.data()
            if master is not None and not master.contents.describes(data):
                # The index was for another file of that size and time.
                master.take(scan(path, data))
            draft = Draft(master, data)
            edit(draft)
            if not draft.is_changed and master is not None:
                return draft.added()
            former = _keep(path) if backup and not draft.is_current else None
            _replace(path, draft)
            return replace(draft.added(), former=former)
    except OSError as error:
        msg = f"{path}: the master can't be written: {error.strerror or error}; it is as it was"
        raise MasterError(msg) from None


@contextlib.contextmanager
def _lock(path: Path, seconds: float) -> Iterator[None]:
    # Imported by those who write alone.
    from filelock import FileLock, Timeout

    place = path.with_name(f".{path.name}.lock")
    lock = FileLock(str(place), timeout=seconds)
    try:
        lock.acquire()
    except Timeout:
        msg = f"{path}: another process has been writing the master for {seconds:g} s; its lock is {place}"
        raise MasterError(msg) from None
    except NotImplementedError:
        raise OSError(errno.ENOLCK, "its file system has no locks") from None
    try:
        yield
    finally:
        lock.release()


def _keep(path: Path) -> str:
    """Keep the file as it is under another name, which is returned; it costs no space until the file is replaced."""
    number = 1
    while True:
        place = path.with_name(f"{path.stem}.former{number}{path.suffix}")
        try:
            os.link(path, place)
        except FileExistsError:
            # A writer that was killed kept it already.
            if place.samefile(path):
                return str(place)
            number += 1
        except OSError:
            shutil.copy2(path, place)
            return str(place)
        else:
            return str(place)


def _temporary_prefix(path: Path) -> str:
    return f".{path.name}."


def _remove_leftovers(path: Path) -> None:
    """What writers that were killed left behind; who holds the lock is the only one who may be writing."""
    for leftover in path.parent.glob(f"{glob.escape(_temporary_prefix(path))}*.tmp"):
        leftover.unlink(missing_ok=True)


def _replace(path: Path, draft: Draft) -> None:
    name = path.with_name(f"{_temporary_prefix(path)}{os.getpid()}-{secrets.token_hex(4)}.tmp")
    # Not by tempfile, whose files are their owner's alone.
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.writelines(draft.pieces(datetime.now(timezone.utc).isoformat(timespec="seconds")))
            file.flush()
            if path.exists():
                os.fchmod(file.fileno(), path.stat().st_mode & 0o777)
            os.fsync(file.fileno())
            status = os.fstat(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    index.save(path, status, draft.contents)
