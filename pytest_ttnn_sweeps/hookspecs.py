"""Hooks of pytest-ttnn-sweeps, for conftests and other plugins. Imported in every pytest run: nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from pytest_ttnn_sweeps.results.destinations import Destination


def pytest_ttnn_sweeps_destinations(config: pytest.Config) -> Sequence[Destination]:  # type: ignore[empty-body]
    """Return destinations of your own, which take this session's records beside those of ``--sweep-to``.

    Called once, before the first record is written, in the process that owns the terminal. Each destination works in a
    thread of its own there; what raises is tried again, and reported once at the end.
    """
