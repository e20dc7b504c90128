"""Reproducible random numbers: one seed for Python's, numpy's and torch's global generators.

Importing neither numpy nor torch is a promise of this room; a library that a sweep module imports is seeded when it
appears.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

_LIBRARIES = ("numpy", "torch")


def seed_generators(seed: int) -> None:
    """Seed the global generators of Python and of numpy and torch where they are loaded; ``0 <= seed < 2**32``."""
    random.seed(seed)
    for library in _LIBRARIES:
        if library in sys.modules:
            _seed_library(library, seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with freshly seeded generators and put their states back after it.

    numpy and torch are seeded too when the block is the first to import them, so that the block sees the same numbers
    whether or not somebody had imported them before.
    """
    states = [(random.setstate, random.getstate())] + [_state_of(name) for name in _LIBRARIES if name in sys.modules]
    newcomers = _SeedOnImport(seed, [name for name in _LIBRARIES if name not in sys.modules])
    seed_generators(seed)
    sys.meta_path.insert(0, newcomers)
    try:
        yield
    finally:
        sys.meta_path.remove(newcomers)
        for restore, state in states:
            restore(state)


def _seed_library(library: str, seed: int) -> None:
    module: Any = sys.modules[library]
    if library == "numpy":
        module.random.seed(seed)
    else:
        module.manual_seed(seed)


def _state_of(library: str) -> tuple[Callable[[Any], object], Any]:
    module: Any = sys.modules[library]
    if library == "numpy":
        return module.random.set_state, module.random.get_state()
    return module.set_rng_state, module.get_rng_state()


class _SeedOnImport(MetaPathFinder):
    """Lets the ordinary finders find numpy or torch and seeds it right after its module has been executed."""

    def __init__(self, seed: int, libraries: list[str]) -> None:
        self._seed = seed
        self._waiting = libraries

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._waiting:
            return None
        self._waiting.remove(fullname)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _SeedingLoader(spec.loader, self._seed)
        return spec


class _SeedingLoader(Loader):
    def __init__(self, loader: Loader, seed: int) -> None:
        self._loader = loader
        self._seed = seed

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _seed_library(module.__name__, self._seed)
