"""What scans of large masters found, kept between processes below pytest's cache directory.

An index is only ever a shortcut. It is taken for the file whose size and time it names, or whose every byte it digests;
each operation's bytes are compared with their digest when they are read. Whatever doesn't fit, or isn't an index at
all, is as if it weren't there, and the next scan writes it anew.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION, Contents, Span

LARGE = 4_000_000
"""Bytes from which a master has an index: smaller ones are scanned in some 20 ms."""
_FORMAT = 1
_CACHE = ".pytest_cache"
_DIRECTORY = Path("d", "ttnn-sweeps-masters")
"""``d`` is where pytest's cache keeps directories of plugins."""


def load(path: Path, status: os.stat_result, descriptor: int) -> Contents | None:
    """The contents of the master that is open as ``descriptor``, if an index knows them."""
    for place in _places(path):
        try:
            recorded = json.loads(place.read_bytes())
            contents = _contents(recorded, status.st_size)
            if recorded["mtime_ns"] == status.st_mtime_ns:
                return contents
            # A checkout or a copy changes the time alone; comparing costs a twentieth of a scan.
            if recorded["size"] == status.st_size and contents.describes(os.pread(descriptor, status.st_size, 0)):
                save(path, status, contents)
                return contents
        except (OSError, ValueError, TypeError, KeyError, RecursionError):
            continue
    return None


def save(path: Path, status: os.stat_result, contents: Contents) -> None:
    """Write the index of a large master, where there is a pytest cache that takes it."""
    if status.st_size < LARGE:
        return
    facts = {
        "format": _FORMAT,
        "path": str(path),
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "schema_version": contents.schema_version,
        "metadata": contents.metadata,
        "rest": contents.rest,
        "spans": [[span.name, span.start, span.end, span.count, span.digest] for span in contents.spans],
    }
    text = json.dumps({**facts, "check": _check(facts)})
    for place in _places(path):
        # A cache that can't be written costs time, nothing else.
        with contextlib.suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            descriptor, name = tempfile.mkstemp(dir=place.parent)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
            os.replace(name, place)
            return


def _check(facts: dict[str, object]) -> str:
    return sha256(json.dumps(facts, sort_keys=True).encode("ascii")).hexdigest()


def _contents(recorded: dict[str, object], size: int) -> Contents:
    """Raises ``ValueError``, ``TypeError`` or ``KeyError`` for what isn't an index of a file of ``size`` bytes."""
    check = recorded.pop("check")
    if check != _check(recorded) or recorded["format"] != _FORMAT or recorded["size"] != size:
        raise ValueError("not an index of this file")
    version, metadata, spans = recorded["schema_version"], recorded["metadata"], recorded["spans"]
    if version not in (None, *range(1, SCHEMA_VERSION + 1)) or not isinstance(metadata, dict):
        raise ValueError("of another version")
    if not isinstance(spans, list):
        raise TypeError("no spans")
    return Contents(version, tuple(Span(*span) for span in spans), metadata, str(recorded["rest"]))  # type: ignore[arg-type]


def _places(path: Path) -> Iterator[Path]:
    """The index's file below the nearest pytest cache: from the working directory upwards, then from the master."""
    name = sha256(os.fsencode(path)).hexdigest()[:32] + ".json"
    start = Path.cwd()
    for directory in (start, *start.parents, *path.parents):
        if (directory / _CACHE).is_dir():
            yield directory / _CACHE / _DIRECTORY / name
            return
