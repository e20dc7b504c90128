"""Functions that are replaced for a while, by whatever names a sweep may call them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import ModuleType
from typing import Any


class StandIns(ExitStack):
    """What stands in for other functions inside of the block; at its end these are back."""

    def put(self, owner: Any, name: str, stand_in: Callable[..., Any]) -> None:
        """Have ``stand_in`` be what ``owner`` calls ``name``."""
        self.callback(setattr, owner, name, getattr(owner, name))
        setattr(owner, name, stand_in)


def names_in(module: ModuleType, function: object) -> list[str]:
    """The names by which ``module`` binds ``function``, which it may have imported as another."""
    return [name for name, value in vars(module).items() if value is function]


def imported_namespaces(module: ModuleType) -> Iterator[tuple[ModuleType, dict[str, Any]]]:
    """``module`` and every module that is imported, each once, with its global names."""
    for owner in {id(owner): owner for owner in (module, *sys.modules.values())}.values():
        names = getattr(owner, "__dict__", None)
        # Libraries put objects of their own there, which answer any name.
        if type(names) is dict:
            yield owner, names
