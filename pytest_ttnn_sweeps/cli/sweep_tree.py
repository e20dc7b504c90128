"""The sweeps that pytest would find from the working directory, for commands that run no test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.collection.debugging import breakpoints_ignored
from pytest_ttnn_sweeps.collection.session import SweepSession
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.display import folded


def with_sweeps(
    action: Callable[[SweepSession], int], *, device: str, root: Path | None = None, arguments: Sequence[str] = ()
) -> int:
    """What ``action`` returns for the sweeps below ``root``, by default those of pytest's own settings.

    pytest itself reads ini file, options and ``arguments``, and stops before it collects. The conftests aren't
    imported: they belong to a test run, and tt-metal's looks for a device.
    """
    # A name that is relative to the working directory; pytest would take it from the rootdir.
    roots = [] if root is None else [f"--override-ini=sweep_roots={root.absolute()}"]
    fixed = ["--noconftest", "--assert=plain", "--capture=no", "-p", "ttnn_sweeps", f"--sweep-device={device}"]
    return int(pytest.main([*fixed, *roots, *arguments], plugins=[_InsteadOfTests(action)]))


class _InsteadOfTests:
    """Takes pytest's place once the command line is read."""

    def __init__(self, action: Callable[[SweepSession], int]) -> None:
        self._action = action

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> int:
        sweeps = SweepSession(config)
        try:
            sweeps.check()
            # Nobody debugs from here.
            with breakpoints_ignored():
                return self._action(sweeps)
        finally:
            sweeps.close()


def reason(error: Exception) -> str:
    """Why a module can't be had, on one line."""
    return str(error) if isinstance(error, SweepError) else f"{type(error).__name__}: {folded(error)}"
