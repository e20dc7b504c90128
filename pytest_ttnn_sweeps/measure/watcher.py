"""The meter of ``--sweep-watcher``: what the watcher has found while a vector ran fails the vector."""

from __future__ import annotations

import sys
from typing import Any

import pluggy

from pytest_ttnn_sweeps.devices.watcher_findings import Finding
from pytest_ttnn_sweeps.devices.watcher_log import WatcherLog
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure.execution import Execution, MeasuredVector

hookimpl = pluggy.HookimplMarker("pytest")

_MOST_FINDINGS = 4


class WatcherMissing(SweepError):
    """The watcher that was asked for doesn't run."""


class Watcher:
    """Reads ``watcher.log`` on after every execution, in the process that has the device open.

    A finding that ends the process is found by whoever outlives it (`collection.isolation`).
    """

    def __init__(self, log: WatcherLog | None = None) -> None:
        self.log = log or WatcherLog()
        """A child has its own from the fork on, with what was known then."""

    @hookimpl(hookwrapper=True, trylast=True)
    def pytest_sweep_measure(self, item: Any, vector: MeasuredVector, device: Any, call: Execution) -> Any:
        if call.kind == "verdict" and call.number == 1:
            self._begin(device, call)
        yield
        found = self.log.new_findings(self.log.read_on())
        if found:
            words = told(found)
            # Shown with the failure, which may be another: an exception that the finding led to.
            print(f"watcher: {words}", file=sys.stderr)
            call.measurements.fault = ("watcher", words)

    def _begin(self, device: Any, call: Execution) -> None:
        if device is not None and not self.log.exists:
            msg = (
                f"--sweep-watcher: the watcher writes no log at {self.log.path}; ttnn was initialised before the "
                "option could ask for it, by a conftest or a plugin: set TT_METAL_WATCHER=10 in the environment"
            )
            raise WatcherMissing(msg)
        before = self.log.new_findings(self.log.read_on())
        if before:
            # The watcher looks every so often: whose it is can't be told, and it must not be lost.
            call.note("watcher_before", told(before))


def told(findings: list[Finding]) -> str:
    """The findings in one text, a line each."""
    lines = [str(finding) for finding in findings[:_MOST_FINDINGS]]
    rest = len(findings) - len(lines)
    return "\n".join([*lines, *([f"and {rest} more"] if rest else [])])
