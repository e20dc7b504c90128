"""What the command line's paths and node ids ask of each sweep file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Wanted:
    """The part of one file that is wanted: everything, whole suites, or single vectors by their names."""

    everything: bool = False
    suites: set[str] = field(default_factory=set)
    vectors: dict[str, set[str]] = field(default_factory=dict)

    def any_of(self, suite: str) -> bool:
        return self.everything or suite in self.suites or suite in self.vectors

    def only(self, suite: str) -> set[str] | None:
        """The names of the suite's vectors that are wanted; None for all of them."""
        return None if self.everything or suite in self.suites else self.vectors.get(suite, set())

    def add(self, parts: list[str]) -> None:
        """Want what follows the path in a node id. What isn't ``suite`` or ``suite::vector`` wants everything."""
        if len(parts) == 1 and parts[0] and "[" not in parts[0]:
            self.suites.add(parts[0])
        elif len(parts) == 2 and all(parts) and "[" not in parts[1]:
            self.vectors.setdefault(parts[0], set()).add(parts[1])
        else:
            self.everything = True


class NodeIds:
    """Node ids, or paths, relative to a directory, as what they want of each file."""

    def __init__(self, ids: Iterable[str], base: Path) -> None:
        self.files: dict[Path, Wanted] = {}
        for text in ids:
            path, *parts = text.split("::")
            # As pytest does it: absolute, without following symbolic links.
            file = Path(os.path.abspath(base / path))
            self.files.setdefault(file, Wanted()).add(parts)

    def wanted(self, path: Path) -> Wanted:
        """What is wanted of ``path``: all of it where a directory above is named, or where no id speaks of it."""
        found = self.files.get(path)
        return Wanted(everything=True) if found is None or self._is_below(path) else found

    def cover(self, path: Path) -> bool:
        """Whether an id names ``path``, something in it, or a directory above it."""
        return path in self.files or self._is_below(path)

    def _is_below(self, path: Path) -> bool:
        return any(parent in self.files for parent in path.parents)
