"""``import ttnn`` made to give the emulation: module objects named as ttnn's, filled from the rooms of this package.

Any name that isn't there raises ``NotEmulated``: ``hasattr`` says no, and a sweep that needs it is skipped by name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec
from types import ModuleType
from typing import Any

from .errors import NotEmulated

# Modules that upstream imports or looks for operations in, whether or not something lies in them.
_EMPTY_MODULES = (
    "ttnn.operations.matmul",
    "ttnn.operations.reduction",
    "ttnn._ttnn.operations.matmul",
    "ttnn.experimental",
    "ttnn.kv_cache",
    "ttnn.transformer",
)
_CLASS_MEMBERS = ("Tensor",)
_installed: dict[str, ModuleType] = {}


def install() -> ModuleType:
    """Make ``ttnn``, its submodules and ``tt_lib`` importable from the emulation; returns ``ttnn``.

    Doing it again gives the same modules. Raises ``RuntimeError`` when another ttnn has been imported already.
    """
    if _installed:
        return _installed["ttnn"]
    if "ttnn" in sys.modules:
        raise RuntimeError("ttnn has been imported already; install the emulation before anything imports it")
    # The rooms are many and import torch: whoever only asks what install is needn't wait for them.
    from .namespace import dotted_names

    for module in _EMPTY_MODULES:
        _module(module)
    for dotted, value in dotted_names():
        home, _, name = dotted.rpartition(".")
        if home.rpartition(".")[2] not in _CLASS_MEMBERS:
            setattr(_module(home), name, value)
    return _installed["ttnn"]


def uninstall() -> None:
    """Take the modules out of ``sys.modules`` again, for tests. Whoever has imported them keeps them."""
    for name in _installed:
        sys.modules.pop(name, None)
    _installed.clear()


def _module(name: str) -> ModuleType:
    module = _installed.get(name)
    if module is None:
        module = module_from_spec(ModuleSpec(name, None, origin="the emulation of ttnn", is_package=True))
        module.__doc__ = f"The emulation's stand-in for {name}."
        setattr(module, "__getattr__", _refusal(name))  # noqa: B010  # mypy knows no such attribute of a module
        _installed[name] = sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(_module(parent), child, module)
    return module


def _refusal(module: str) -> Callable[[str], Any]:
    def refuse(name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        raise NotEmulated(f"{module}.{name}")

    return refuse
