"""The emulation as a side: its names put together as ``import ttnn`` would give them, without installing it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pytest_ttnn_sweeps import emulation
from pytest_ttnn_sweeps.emulation.errors import NotEmulated
from pytest_ttnn_sweeps.emulation.namespace import dotted_names

from .side import L1_SMALL_SIZE, Side


class _Module(SimpleNamespace):
    """A module of the emulation. What it hasn't got is said to be not emulated, as where it is installed."""

    def __getattr__(self, name: str) -> Any:
        raise NotEmulated(f"ttnn.{name}")


def namespace() -> Any:
    """The emulation's ``ttnn``. It isn't in ``sys.modules``: where the wheel is, that name is the wheel's."""
    root = _Module()
    for dotted, value in dotted_names():
        first, *parents, name = dotted.split(".")
        home: Any = root
        for parent in parents:
            home = home.__dict__.setdefault(parent, _Module()) if isinstance(home, _Module) else None
        if first == "ttnn" and isinstance(home, _Module):
            setattr(home, name, value)
    return root


def emulated_side() -> Side:
    """The emulation with an n150 open, as the wheel's mock device is one."""
    emulation.use_board("n150")
    ttnn = namespace()
    return Side(ttnn, ttnn.open_device(device_id=0, l1_small_size=L1_SMALL_SIZE), golden=False)
