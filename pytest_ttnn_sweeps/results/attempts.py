"""What a run has of each vector: how many attempts, and how the last one ended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.journal import JournalReader, RecordError
from pytest_ttnn_sweeps.results.status import Status

_STATUSES = 32
_IS_FINAL = 16


class Attempts:
    """Counts attempts by (module, suite, vector id); about 150 bytes a vector."""

    def __init__(self) -> None:
        # One small number a vector: 32 * attempts + 16 if final + status.
        self._suites: dict[tuple[str, str], dict[bytes, int]] = {}

    @classmethod
    def in_journal(cls, path: Path, *, until: int | None = None) -> Attempts:
        """The attempts that a journal holds, up to byte ``until``. Raises ``RecordError``."""
        attempts = cls()
        for data in journal_data(path, until=until):
            attempts.add(data["module"], data["suite"], data["vector_id"], data["status"], data.get("final", True))
        return attempts

    def add(self, module: str, suite: str, vector_id: str, status: str, final: bool = True) -> int:
        """Count an attempt; its number, from 1."""
        vectors = self._suites.setdefault((module, suite), {})
        key = _key(vector_id)
        attempt = vectors.get(key, 0) // _STATUSES + 1
        vectors[key] = attempt * _STATUSES + (_IS_FINAL if final else 0) + Status[status].value
        return attempt

    def last(self, module: str, suite: str, vector_id: str) -> int:
        """The number of the vector's last attempt; 0 where it has none."""
        return self._suites.get((module, suite), {}).get(_key(vector_id), 0) // _STATUSES

    def suites(self) -> Iterator[tuple[str, str]]:
        """Modules and suites that have attempts."""
        yield from self._suites

    def ids(self, module: str, suite: str, wanted: Callable[[Status, bool], bool]) -> set[str]:
        """The ids of a suite's vectors whose last attempt ended so: by status, and whether it is final."""
        return {
            _vector_id(key)
            for key, value in self._suites.get((module, suite), {}).items()
            if wanted(Status(value % _IS_FINAL), bool(value % _STATUSES // _IS_FINAL))
        }

    def suite_counts(self, module: str, suite: str) -> dict[str, int]:
        """Numbers of a suite's vectors by the status of their last attempt."""
        found = Counter(value % _IS_FINAL for value in self._suites.get((module, suite), {}).values())
        return {status.name: found[status.value] for status in Status if found[status.value]}

    @property
    def counts(self) -> dict[str, int]:
        """Numbers of vectors by the status of their last attempt."""
        found = Counter(value % _IS_FINAL for vectors in self._suites.values() for value in vectors.values())
        return {status.name: found[status.value] for status in Status if found[status.value]}

    def __len__(self) -> int:
        return sum(len(vectors) for vectors in self._suites.values())


def journal_data(path: Path, *, until: int | None = None) -> Iterator[dict[str, Any]]:
    """The records of a journal as plain data. Raises ``RecordError`` for a line that isn't one."""
    reader = JournalReader(path)
    for line in reader.lines(until=until):
        try:
            yield json.loads(line)
        except ValueError:
            msg = f"{path}: the line that ends at byte {reader.offset} is no record; the file was changed or damaged"
            raise RecordError(msg) from None


def status_selector(patterns: Iterable[str]) -> Callable[[Status, bool], bool]:
    """What ``--sweep-only-status`` asks for: statuses in any case, or the beginning of several (``fail``).

    Raises ``SweepError`` for a word that fits none.
    """
    wanted: set[Status] = set()
    for pattern in patterns:
        word = pattern.strip().upper().replace("-", "_")
        word = "NOT_RUN" if word == "SKIPPED" else word
        exact = {status for status in Status if status.name == word}
        found = exact or {status for status in Status if status.name.startswith(f"{word}_")}
        if not found:
            names = ", ".join(status.name.lower() for status in Status)
            msg = f"--sweep-only-status {pattern!r}: no such status; there is {names}, and fail for all that begin so"
            raise SweepError(msg)
        wanted |= found
    return lambda status, final: status in wanted


def _key(vector_id: str) -> bytes:
    try:
        return bytes.fromhex(vector_id)
    except ValueError:
        # Not an id: what is known of a vector whose worker died before it told.
        return b"?" + vector_id.encode("utf-8", "surrogatepass")


def _vector_id(key: bytes) -> str:
    return key[1:].decode("utf-8", "surrogatepass") if key[:1] == b"?" and len(key) != 16 else key.hex()
