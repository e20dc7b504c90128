"""Watching a session's reports: for devices that are out of order, and for the vectors that nobody came to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.due import DUE, DueVectors
from pytest_ttnn_sweeps.collection.reports import data_of
from pytest_ttnn_sweeps.collection.workers import Controller
from pytest_ttnn_sweeps.devices.health import CircuitBreaker
from pytest_ttnn_sweeps.devices.reset import reset_command

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession


class DeviceWatch:
    """Stops the session when the circuit breaker says so; sees all reports, with xdist in the controller."""

    def __init__(self, sweeps: SweepSession) -> None:
        self._settings = sweeps.settings
        self._breaker = CircuitBreaker(0, 1)
        self._has_stopped = False
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        with _compat.usage_errors():
            self._breaker = CircuitBreaker.parse(self._settings.max_device_failures)
            # Not at the first hang, hours later.
            reset_command(self._settings.reset_command, has_board=False, devices=())

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data: dict[str, Any] | None = data_of(report)
        if data is None or (data["status"] == "NOT_RUN" and not data["device_failure"]):
            return
        reason = self._breaker.add(failed=data["device_failure"], last=f"{report.nodeid}: {data['status']}")
        if reason is not None and self._session is not None and not self._has_stopped:
            self._has_stopped = True
            controller = self._session.config.pluginmanager.get_plugin("ttnn_sweeps_controller")
            if isinstance(controller, Controller):
                controller.stop_workers(reason)
            _compat.stop(self._session, reason)


class Unrun:
    """Counts the vectors that were to run and have no report, and tells why."""

    def __init__(self, due: DueVectors) -> None:
        self._due = due
        self._reported = 0
        self._reason = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._reported += data_of(report) is not None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        stopped = session.shouldfail or session.shouldstop
        if not stopped and session.exitstatus == pytest.ExitCode.INTERRUPTED:
            stopped = "the session was interrupted"
        self._reason = str(stopped or "")

    # Comes below the table of suites.
    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        left = self._due.count - self._reported
        if self._reported and self._reason and left > 0 and config.option.verbose >= 0:
            terminalreporter.write_line(f"not reached {left}x: {self._reason}")


def register(config: pytest.Config, sweeps: SweepSession) -> None:
    """Watch, in the process that sees all reports."""
    if not _compat.is_worker(config):
        due = DueVectors(sweeps)
        config.pluginmanager.register(due, DUE)
        config.pluginmanager.register(DeviceWatch(sweeps), "ttnn_sweeps_watch")
        config.pluginmanager.register(Unrun(due), "ttnn_sweeps_unrun")
