"""What gives ttnn its golden values as soon as it is imported, and what takes out again what validating put into it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

from pytest_ttnn_sweeps.devices.mock.environment import MockEnvironment


class GoldenImport(MetaPathFinder):
    """On ``sys.meta_path`` until `withdraw`: whoever imports ttnn gets it with golden values, in ``environment``."""

    def __init__(self, environment: MockEnvironment) -> None:
        self._environment = environment
        if "ttnn" in sys.modules:
            _install(sys.modules["ttnn"])
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(fullname, path, target) if fullname == "ttnn" else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _install(module)

        # The loader is this spec's alone; all else about it stays what it is.
        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec

    def withdraw(self) -> None:
        """Undo it: tensors of ttnn, where it is imported, are zeros again."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
        if "pytest_ttnn_sweeps.devices.mock.following" in sys.modules:
            from pytest_ttnn_sweeps.devices.mock.following import uninstall

            uninstall()
        self._environment.withdraw()


class ValuesLeftOut:
    """In force until `withdraw`: ttnn as it is, in ``environment``; vectors that are validated replace parts of it."""

    def __init__(self, environment: MockEnvironment) -> None:
        self._environment = environment

    def withdraw(self) -> None:
        """Undo it: ttnn, where a vector has been validated, converts again."""
        if "pytest_ttnn_sweeps.devices.mock.validation" in sys.modules:
            from pytest_ttnn_sweeps.devices.mock.validation import restore

            restore()
        self._environment.withdraw()


def _install(ttnn: ModuleType) -> None:
    from pytest_ttnn_sweeps.devices.mock.following import install

    install(ttnn)
