"""The cyclic garbage collector while items are made and when they go."""

from __future__ import annotations

import gc
from contextlib import ExitStack

import pytest

from pytest_ttnn_sweeps import _compat


class PausedCollector:
    """Stops the collector while pytest collects."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_paused = False
        self._at_last = ExitStack()
        config.add_cleanup(self._at_last.close)

    def pause(self) -> None:
        """Stop the cyclic collector: while many items are made it takes 60 % of the time and finds nothing."""
        if gc.isenabled():
            gc.disable()
            self._is_paused = True

    def resume(self, session: pytest.Session) -> None:
        if self._is_paused:
            # Frozen, the items aren't searched again and again for the rest of the session.
            gc.freeze()
            gc.enable()
            self._is_paused = False
            # What stays frozen would miss the last collections before the interpreter exits. pytest's own last ones,
            # though, which look for unraisable exceptions, take seconds with all items: cleanups run in reverse order.
            self._at_last.callback(gc.unfreeze)
            # Nor need they search the items: without cycles these go when nobody holds them any more.
            self._at_last.callback(_compat.break_cycles, session)
