"""``watcher.log`` as it grows: what the watcher has appended since a moment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytest_ttnn_sweeps.devices.watcher_findings import Finding, findings_in

_NAME = Path("generated", "watcher", "watcher.log")
_MOST_BYTES = 4 << 20
"""A dump of a whole Galaxy is a few hundred kilobytes; of more than this the end is read."""


def log_path(environ: Mapping[str, str] | None = None) -> Path:
    """Where the watcher of a process with this environment writes its log.

    That is below ``TT_METAL_LOGS_PATH``, else below the working directory. tt-metal before 2026 knew ``TT_METAL_HOME``
    alone: where only that has a log, it is the one.
    """
    environ = os.environ if environ is None else environ
    if given := environ.get("TT_METAL_LOGS_PATH"):
        return Path(given).absolute() / _NAME
    here, home = Path.cwd() / _NAME, environ.get("TT_METAL_HOME")
    return Path(home) / _NAME if home and not here.exists() and Path(home, _NAME).exists() else here


class WatcherLog:
    """Reads the log on from a mark."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._offset = 0
        self._inode = 0
        self._known: set[Finding] = set()

    @property
    def path(self) -> Path:
        return self._path or log_path()

    @property
    def exists(self) -> bool:
        return self.path.is_file()

    def read_on(self) -> str:
        """What was appended since the last call, or all of a log that was begun anew; the end of what is too much."""
        try:
            with self.path.open("rb") as log:
                status = os.fstat(log.fileno())
                if status.st_ino != self._inode or status.st_size < self._offset:
                    self._offset = 0
                self._inode = status.st_ino
                log.seek(max(self._offset, status.st_size - _MOST_BYTES))
                data = log.read(_MOST_BYTES)
        except OSError:
            self._offset = self._inode = 0
            return ""
        self._offset = status.st_size
        return data.decode("utf-8", "replace")

    def new_findings(self, text: str) -> list[Finding]:
        """The findings in ``text`` that this log hasn't told before.

        Some states stay, a stack that has overflowed for one: every later dump tells them again.
        """
        found = [finding for finding in findings_in(text) if finding not in self._known]
        self._known.update(found)
        return found
