"""Environment variables of this process, and of those that it starts: set, and given back their former values.

Imported before conftests are, in runs that ask for it: standard library only.
"""

from __future__ import annotations

import os
from collections.abc import Mapping


def set_variables(values: Mapping[str, str | None]) -> None:
    """Give each variable its value; None unsets it."""
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


class EnvironmentChange:
    """Variables that are set, or unset where the value is None, until `undo`."""

    def __init__(self, values: Mapping[str, str | None]) -> None:
        self._former = {name: os.environ.get(name) for name in values}
        set_variables(values)

    def undo(self) -> None:
        """Give the variables their former values, once."""
        set_variables(self._former)
        self._former = {}
