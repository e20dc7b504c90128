"""Which files of a session are sweep modules, and what can be said of them without importing any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.settings import Settings
from pytest_ttnn_sweeps.vectors.source import SweepSource, read_source

MASTER_SUFFIX = ".json"
MASTER_MODULE = "traced"
"""The module name of every master: a configuration is the same whichever file it comes from."""
_SUFFIXES = (".py", MASTER_SUFFIX)
_FALLBACK_ROOT = "sweeps"


class SweepFiles:
    """The sweep files of one session; each is read once."""

    def __init__(self, config: pytest.Config, settings: Settings) -> None:
        self._config = config
        self._settings = settings
        self._sources: dict[Path, SweepSource | SyntaxError | SweepError | None] = {}
        self._own_patterns: list[str] = []

    def source(self, path: Path) -> SweepSource | SyntaxError | SweepError | None:
        """The static facts of the sweep module, or master, in ``path``; None for another file, the error for a broken
        one.
        """
        if path not in self._sources:
            if path.suffix == MASTER_SUFFIX:
                from pytest_ttnn_sweeps.collection.masters import read_master_source

                self._sources[path] = read_master_source(path)
                return self._sources[path]
            try:
                source = read_source(path)
                if source is not None and self._settings.vectors is not None:
                    # The source doesn't tell which suites the files have.
                    source = replace(source, suites_are_complete=False)
                self._sources[path] = source
            except SyntaxError as error:
                self._sources[path] = error
            except (OSError, ValueError):
                self._sources[path] = None
        return self._sources[path]

    def root_of(self, path: Path) -> Path | None:
        """The configured sweeps root above ``path``."""
        return next((root for root in self._settings.roots if path.is_relative_to(root)), None)

    def import_root(self, path: Path) -> Path:
        """The directory that the dotted name of the sweep module in ``path`` counts from."""
        named = next((parent for parent in path.parents if parent.name == _FALLBACK_ROOT), path.parent)
        return self.root_of(path) or named

    def is_sweep(self, path: Path, *, named: bool) -> bool:
        """Whether pytest shall collect ``path`` as a sweep module; ``named`` on the command line or below a root."""
        if not (named or self.root_of(path)) or (self.is_ordinary_test_file(path) and not self.root_of(path)):
            return False
        source = self.source(path)
        return source is not None and (self.root_of(path) is not None or isinstance(source, SweepSource))

    def is_master(self, path: Path, *, named: bool) -> bool:
        """Whether pytest shall collect ``path`` as a master: it is ``named`` on the command line, or is the one that
        ``--sweep-master`` names. No other file is read.
        """
        if path.suffix != MASTER_SUFFIX or not (named or path == self._settings.master):
            return False
        return self.source(path) is not None

    def is_helper(self, path: Path) -> bool:
        """Whether ``path`` is Python below a sweeps root that neither is a sweep module nor looks like a test."""
        return (
            path.suffix == ".py"
            and path.name != "__init__.py"
            and self.root_of(path) is not None
            and not self.is_ordinary_test_file(path)
            and self.source(path) is None
        )

    def relative(self, path: Path) -> str:
        """``path`` as errors show it: from the rootdir on where it lies below."""
        root = self._config.rootpath
        return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)

    def claim_file_patterns(self) -> None:
        """Make pytest collect and rewrite the Python files of the sweeps roots: one way in, whatever is named."""
        self._own_patterns = [f"{_escaped(root)}/*.py" for root in self._settings.roots if root.is_dir()]
        for pattern in self._own_patterns:
            self._config.addinivalue_line("python_files", pattern)

    def is_ordinary_test_file(self, path: Path) -> bool:
        """Whether the project's own ``python_files`` ask for ``path``."""
        patterns = [pattern for pattern in self._config.getini("python_files") if pattern not in self._own_patterns]
        return any(path.match(pattern) for pattern in patterns)

    def any_sweep(self, ids: Iterable[str]) -> bool:
        """Whether any of the node ids is a vector's."""
        files = {self._config.rootpath / node_id.partition("::")[0] for node_id in ids}
        return any(isinstance(self.source(path), SweepSource) for path in files if path.suffix in _SUFFIXES)

    def is_outside(self, path: Path) -> bool:
        """Whether ``path`` is a sweep module outside the roots, or a master."""
        is_candidate = path.suffix in _SUFFIXES and not self.is_ordinary_test_file(path)
        return is_candidate and isinstance(self.source(path), SweepSource)


def _escaped(path: Path) -> str:
    return "".join(f"[{character}]" if character in "*?[" else character for character in str(path))
