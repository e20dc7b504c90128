"""Which vectors a run is to run, told before the first of them: so what nobody came to is known, however the run ended.

``selection.jsonl`` beside the journal has a line for each suite: its module, the path and the name that node ids give
it, and the names of its vectors there, which begin their ids. 300,000 vectors take 4 MB. A line without vectors is a
module, or a suite, that could not be collected: nobody knows what it has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_ttnn_sweeps.results.journal import RecordError
from pytest_ttnn_sweeps.vectors.identity import NAME_DIGITS

NAME = "selection.jsonl"


@dataclass(frozen=True)
class SelectedSuite:
    """What is to run of one suite."""

    module: str
    node: str
    """The suite's name in node ids; empty for a whole module that could not be collected."""
    path: str
    """Of the file, as node ids begin."""
    suite: str = ""
    vectors: Sequence[str] | None = None
    """Names of vectors: 12 digits or more of their ids. None where they aren't known."""

    def line(self, vectors: Sequence[str] | None) -> str:
        """The suite as a line of the file, with these of its vectors."""
        data = {"module": self.module, "node": self.node, "path": self.path}
        known = {} if vectors is None else {"vectors": " ".join(vectors)}
        return json.dumps({**data, **known}) + "\n"


@dataclass
class _Names:
    names: set[str] = field(default_factory=set)
    lengths: set[int] = field(default_factory=set)

    def has(self, text: str) -> bool:
        return any(text[:length] in self.names for length in self.lengths)


class Selection:
    """The selected vectors by module and the suite's name in node ids; about 100 bytes a vector."""

    def __init__(self) -> None:
        self._suites: dict[tuple[str, str], _Names] = {}
        self._unknown: set[tuple[str, str]] = set()
        self.paths: dict[str, None] = {}
        """Of the files that have some, as node ids begin, in order."""

    @classmethod
    def read(cls, path: Path) -> Selection | None:
        """What a file says; None where there is none. Raises ``RecordError`` for a line that says nothing."""
        try:
            lines = path.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{path}: can't be read: {error.strerror}"
            raise RecordError(msg) from None
        selection = cls()
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                break  # Torn by a kill, before the first vector ran.
            try:
                data = json.loads(line)
                vectors = data["vectors"].split() if "vectors" in data else None
                selection.add(SelectedSuite(data["module"], data["node"], data["path"], vectors=vectors))
            except (ValueError, KeyError, TypeError, AttributeError):
                msg = f"{path}:{number}: no suite of a selection; the file was changed or damaged"
                raise RecordError(msg) from None
        return selection

    def add(self, suite: SelectedSuite) -> list[str]:
        """Select the suite's vectors; the names of those that weren't selected before."""
        self.paths.setdefault(suite.path)
        key = (suite.module, suite.node)
        if suite.vectors is None:
            self._unknown.add(key)
            return []
        known = self._suites.setdefault(key, _Names())
        new = [name for name in _short(suite.vectors) if not known.has(name)]
        known.names.update(new)
        known.lengths.update(map(len, new))
        return new

    def may_have(self, module: str, node: str | None = None) -> bool:
        """Whether a vector of the module, or of that suite of it, could be selected."""
        if node is not None:
            return (module, node) in self._suites or not self._unknown.isdisjoint({(module, node), (module, "")})
        return any(name == module for name, _ in (*self._suites, *self._unknown))

    def has(self, module: str, node: str, vector_id: str) -> bool:
        """Whether the vector is selected, or in what could not be collected."""
        if (module, node) in self._unknown or (module, "") in self._unknown:
            return True
        known = self._suites.get((module, node))
        return known is not None and known.has(vector_id)

    def beginning_with(self, text: str) -> Iterator[tuple[str, str, str]]:
        """Module, suite's name in node ids, and name of the vectors whose id begins, or could begin, with ``text``."""
        for (module, node), known in self._suites.items():
            for name in sorted(known.names):
                if name.startswith(text) or text.startswith(name):
                    yield module, node, name


def _short(names: Sequence[str]) -> list[str]:
    """The names, in order and each once, cut to the length that is enough."""
    distinct = list(dict.fromkeys(names))
    cut = [name[:NAME_DIGITS] for name in distinct]
    return cut if len(set(cut)) == len(cut) else distinct


def node_of(node_id: str) -> str:
    """The name of the suite in a vector's node id."""
    return node_id.rpartition("::")[0].rpartition("::")[2]
