"""Reproducible random numbers: one seed for Python's, numpy's and torch's global generators.

Importing neither numpy nor torch is a promise of this room; a library that a sweep module imports is seeded when it
appears.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

_METHODS = {
    "random": ("seed", "getstate", "setstate"),
    "numpy.random": ("seed", "get_state", "set_state"),
    "torch.random": ("manual_seed", "get_state", "set_state"),
}
"""The modules with a global generator: how it is seeded, read and restored."""


def seed_generators(seed: int) -> None:
    """Seed the global generators of Python and of numpy and torch where they are loaded; ``0 <= seed < 2**32``."""
    for name in _loaded():
        _seed(name, seed)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Run a block with freshly seeded generators and put their states back after it.

    Each module that the block imports runs with freshly seeded generators of its own, so that the block, and the
    module, see the same numbers whether or not somebody had imported the module before: a sweep module that draws its
    shapes after importing helpers that draw theirs, too.
    """
    states = {name: _state(name) for name in _loaded()}
    imports = _ImportsApart(seed)
    seed_generators(seed)
    sys.meta_path.insert(0, imports)
    try:
        yield
    finally:
        sys.meta_path.remove(imports)
        for name, state in {**states, **imports.newcomers}.items():
            _restore(name, state)


def _loaded() -> list[str]:
    return [name for name in _METHODS if sys.modules.get(name) is not None]


def _generator(name: str) -> Any:
    module: Any = sys.modules[name]
    # Not torch.manual_seed: for each accelerator that is not in use it formats the stack, half a millisecond a call.
    return module.default_generator if name == "torch.random" else module


def _seed(name: str, seed: int) -> None:
    getattr(_generator(name), _METHODS[name][0])(seed)


def _state(name: str) -> Any:
    return getattr(_generator(name), _METHODS[name][1])()


def _restore(name: str, state: Any) -> None:
    getattr(_generator(name), _METHODS[name][2])(state)


class _ImportsApart(MetaPathFinder):
    """Lets the finders behind it find what the block imports, and has that run with generators of its own."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._importing = False
        self.newcomers: dict[str, Any] = {}
        """The states that numpy and torch had when the block had imported them."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        # What an imported module imports in turn runs with that module's generators: numpy and torch, half imported,
        # have none that could be asked for.
        if self._importing:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find_spec: Any = getattr(finder, "find_spec", None)
            spec: ModuleSpec | None = find_spec(fullname, path, target) if find_spec is not None else None
            if spec is not None:
                if hasattr(spec.loader, "exec_module"):
                    spec.loader = _LoaderApart(spec.loader, self)
                return spec
        return None

    @contextmanager
    def apart(self, name: str) -> Iterator[None]:
        """Run the making of the module ``name`` with generators of its own; the block's own series goes on after it."""
        states = {generator: _state(generator) for generator in _loaded() if generator != name}
        self._importing = True
        for generator in states:
            _seed(generator, self._seed)
        try:
            yield
        finally:
            self._importing = False
            for generator, state in states.items():
                _restore(generator, state)
        for generator in _loaded():
            if generator not in states:
                self.newcomers.setdefault(generator, _state(generator))
                _seed(generator, self._seed)


class _LoaderApart(Loader):
    def __init__(self, loader: Any, imports: _ImportsApart) -> None:
        self._loader = loader
        self._imports = imports

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        with self._imports.apart(spec.name):
            module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # The module must see its own loader: it may ask it for data.
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        with self._imports.apart(module.__name__):
            self._loader.exec_module(module)
