"""The marks that a run knows: those of the ini file and of plugins."""

from __future__ import annotations

import pytest


def registered_marks(config: pytest.Config) -> list[str]:
    """Names of the marks that ini file and plugins have registered so far."""
    return [_mark_name(line) for line in config.getini("markers")]


class KnownMarks:
    """The names of registered marks, each line of the ini value read once: one mark a suite adds up."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._names: set[str] = set()
        self._read = 0

    def __contains__(self, name: str) -> bool:
        lines: list[str] = self._config.getini("markers")
        # It only ever grows.
        self._names.update(map(_mark_name, lines[self._read :]))
        self._read = len(lines)
        return name in self._names


def _mark_name(line: str) -> str:
    return line.partition(":")[0].partition("(")[0].strip()
