"""What a sweep module finds when it imports and opens files: ``sys.path`` and the working directory of its checkout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

_UPSTREAM_ROOT = Path("tests/sweep_framework/sweeps")
_SHARED_PACKAGES = ("tests", "models")
"""The checkout's directories that upstream's modules import their helpers from; they have no ``__init__.py``."""


class SweepImports:
    """The places that sweep modules import from; added when the first module needs one, taken back at the end."""

    def __init__(self, rootdir: Path) -> None:
        self._rootdir = rootdir
        self._added: list[str] = []
        self._finder = _CheckoutFinder()

    @contextmanager
    def of(self, root: Path) -> Iterator[None]:
        """Import below the sweeps root ``root``: from its parent and its checkout, with the checkout as directory.

        The checkout is the rootdir, or, for upstream's tree, what lies above ``tests/sweep_framework/sweeps``.
        """
        is_upstream = root.parts[-len(_UPSTREAM_ROOT.parts) :] == _UPSTREAM_ROOT.parts
        checkout = root.parents[len(_UPSTREAM_ROOT.parts) - 1] if is_upstream else self._rootdir
        for directory in map(str, (self._rootdir, checkout, root.parent)):
            if directory not in sys.path:
                sys.path.insert(0, directory)
                self._added.append(directory)
        if is_upstream:
            self._finder.add(str(checkout))
        with _working_directory(checkout):
            yield

    def withdraw(self) -> None:
        """Undo what was done to the process."""
        sys.path[:] = [directory for directory in sys.path if directory not in self._added]
        self._finder.withdraw()


class _CheckoutFinder(MetaPathFinder):
    """Finds the checkout's ``tests`` and ``models`` before packages of these names that some wheel has installed.

    Python prefers a package with an ``__init__.py`` anywhere on ``sys.path`` to one without.
    """

    def __init__(self) -> None:
        self._checkouts: list[str] = []

    def add(self, checkout: str) -> None:
        if not self._checkouts:
            sys.meta_path.insert(0, self)
        if checkout not in self._checkouts:
            self._checkouts.append(checkout)

    def withdraw(self) -> None:
        if self._checkouts:
            sys.meta_path.remove(self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        return PathFinder.find_spec(name, self._checkouts) if name in _SHARED_PACKAGES else None


@contextmanager
def _working_directory(directory: Path) -> Iterator[None]:
    before = Path.cwd()
    if before == directory:
        yield
        return
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)
