"""Where records are delivered: small classes, each named by the scheme of its URLs.

A distribution adds its own through the entry point group ``pytest_ttnn_sweeps.destinations``: the entry point's name is
the scheme, its object a `Destination`. A conftest adds one through the hook ``pytest_ttnn_sweeps_destinations``.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.secrets import masked

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.reading import StoredRun
    from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun

GROUP = "pytest_ttnn_sweeps.destinations"

_ROOM = "pytest_ttnn_sweeps.results.destinations"
_BUILT_IN: dict[str, tuple[str, str | None, str]] = {
    # scheme: class, library that it needs, how to get that
    "files": (f"{_ROOM}.files:FilesDestination", None, ""),
    "sqlite": (f"{_ROOM}.database:DatabaseDestination", "sqlalchemy", "sqlalchemy alembic"),
    "postgresql": (f"{_ROOM}.database:DatabaseDestination", "psycopg", "'pytest-ttnn-sweeps[postgres]'"),
    "sftp": (f"{_ROOM}.sftp:SftpDestination", "paramiko", "'pytest-ttnn-sweeps[sftp]'"),
    "superset": (f"{_ROOM}.sftp:SupersetDestination", "paramiko", "'pytest-ttnn-sweeps[sftp]'"),
    "file": (f"{_ROOM}.objects:ObjectDestination", "fsspec", "fsspec"),
    "memory": (f"{_ROOM}.objects:ObjectDestination", "fsspec", "fsspec"),
    "s3": (f"{_ROOM}.objects:ObjectDestination", "s3fs", "'pytest-ttnn-sweeps[s3]'"),
    "gs": (f"{_ROOM}.objects:ObjectDestination", "gcsfs", "'pytest-ttnn-sweeps[gs]'"),
}
_ALIASES = {"postgres": "postgresql", "postgresql+psycopg": "postgresql"}


class DestinationError(SweepError):
    """A destination that can't be used as it is named."""


class Refused(DestinationError):
    """A destination's answer that no retry changes: denied, unknown host key, no such place."""


class Destination(ABC):
    """Takes the records of one run, in batches, and the run at its end.

    What raises is tried again with growing pauses, unless it is `Refused`; so is a batch whose fate isn't known, and
    whole runs: taking a record twice, by (run, module, suite, vector, attempt), must change nothing. Everything is
    called by one thread. Texts are in stored form (`stored_text`).
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def open(self, run: SweepRun) -> None:  # noqa: B027 - not every destination needs it
        """Get ready: called before the first batch, and again, after ``close``, when a batch failed."""

    @abstractmethod
    def deliver(self, run: SweepRun, records: Sequence[SweepResult]) -> None:
        """Take some records; they are the destination's when this returns."""

    def finish(self, stored: StoredRun) -> None:  # noqa: B027 - not every destination needs it
        """Take the run, which is over, and all of its records once more, for who wants them all at once."""

    def close(self) -> None:  # noqa: B027 - not every destination needs it
        """Let go of what ``open`` took, whatever state it is in."""


def resolve(url: str, *, environ: Mapping[str, str] = os.environ) -> str:
    """``url``, or where it is ``env:NAME`` the URL in that variable. Raises ``DestinationError``."""
    if not url.startswith("env:"):
        return url
    name = url.removeprefix("env:")
    if not environ.get(name):
        msg = f"--sweep-to {url}: the environment variable {name} isn't set"
        raise DestinationError(msg)
    return environ[name]


def scheme_of(url: str) -> str:
    """What comes before the colon, without aliases."""
    scheme = url.partition(":")[0].lower()
    return _ALIASES.get(scheme, scheme)


def check(url: str) -> None:
    """Raise ``DestinationError`` for a URL that nobody takes, or whose library isn't installed; connects nowhere."""
    scheme = scheme_of(url)
    if scheme in _BUILT_IN:
        _, library, install = _BUILT_IN[scheme]
        if library is not None and importlib.util.find_spec(library) is None:
            msg = f"--sweep-to {masked(url)}: needs {library}, which isn't installed; pip install {install}"
            raise DestinationError(msg)
    elif scheme not in _entry_points():
        known = ", ".join(sorted({*_BUILT_IN, *_entry_points()} - {"memory"}))
        msg = f"--sweep-to {masked(url)}: no destination is called {scheme!r}; there is {known}"
        raise DestinationError(msg)


def make(url: str) -> Destination:
    """The destination of ``url``. Raises ``DestinationError``."""
    check(url)
    scheme = scheme_of(url)
    if scheme in _BUILT_IN:
        module, _, name = _BUILT_IN[scheme][0].partition(":")
        kind = getattr(importlib.import_module(module), name)
    else:
        kind = _entry_points()[scheme].load()
    if not (isinstance(kind, type) and issubclass(kind, Destination)):
        msg = f"--sweep-to {masked(url)}: the entry point {scheme!r} is {kind!r}; expected a subclass of Destination"
        raise DestinationError(msg)
    return kind(url)


def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    return {entry.name: entry for entry in importlib.metadata.entry_points(group=GROUP)}
