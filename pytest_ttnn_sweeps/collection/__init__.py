"""Sweep files as pytest nodes: selection, modules, suites, items.

This file is imported in every pytest run and keeps to four names; the rest of the room waits for the first sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession
    from pytest_ttnn_sweeps.collection.tally import Tally
    from pytest_ttnn_sweeps.devices.provider import Provider

TALLY: pytest.StashKey[Tally] = pytest.StashKey()
"""On ``config.stash`` where vectors are to be counted: suites tell them to it instead of making items."""
SESSION: pytest.StashKey[SweepSession] = pytest.StashKey()
"""On ``config.stash``: the sweeps of this pytest session, from the moment that it has any."""
PROVIDER: pytest.StashKey[Provider] = pytest.StashKey()
"""On ``config.stash`` where the command line asks for a mock device: what is in place from before conftest files on."""

AWAITED_RESET = "TTNN_SWEEPS_AWAITED_RESET"
"""The variable that names a file to one of xdist's workers: while that is there, the worker's device is being reset."""
