"""Tracing a session's tests: what they pass to operations, from each worker to the process that writes the master.

Every process traces the tests that it runs and gives what a test called to the report of its teardown, which crosses
xdist as pytest's own facts do. The one that owns the terminal adds it to the master at the end, and now and then
before, so that little is lost where that process is killed.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import time
import uuid
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.item import SweepItem
from pytest_ttnn_sweeps.collection.recording import RESULTS_FAILED
from pytest_ttnn_sweeps.collection.session import SweepSession
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import OperationFilter, TracedConfiguration, default_master_path, record
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.draft import Added
from pytest_ttnn_sweeps.traced.master import open_master
from pytest_ttnn_sweeps.traced.registry import MASTER_LOCATION
from pytest_ttnn_sweeps.traced.summary import Findings, Tally, added_lines, unknown_exclusion_lines
from pytest_ttnn_sweeps.traced.tracer import Trace, import_ttnn, listening, operation_classes

ATTRIBUTE = "ttnn_trace"
"""Of the report of a test's teardown: a JSON text with the calls of a test that passed, with ``outcome`` of all."""
SAVE_SECONDS = 60.0


def register(config: pytest.Config, sweeps: SweepSession) -> None:
    """Trace the session's tests where it is to. Raises ``SweepError`` for a mistake in how it was asked for."""
    if sweeps.settings.trace is None or config.option.collectonly:
        return
    master = _master(config, sweeps)
    operations = OperationFilter.load(
        listing=sweeps.settings.trace_operations,
        include=sweeps.settings.trace_include,
        exclude=sweeps.settings.trace_exclude,
    )
    if not _compat.is_worker(config):
        if master.exists():
            # A master that can't be read can't be added to: better said before the tests than after.
            open_master(master)
        config.pluginmanager.register(TraceWriter(sweeps, master, operations), "ttnn_sweeps_trace_writer")
    if not _compat.is_controller(config):
        if "ttnn" not in sys.modules:
            sweeps.devices.offer_ttnn()
        tracer = TestTracer(operations, keep_failed=sweeps.settings.trace_failed)
        config.pluginmanager.register(tracer, "ttnn_sweeps_tracer")


def _master(config: pytest.Config, sweeps: SweepSession) -> Path:
    given = sweeps.settings.trace
    if given:
        path: Path = config.invocation_params.dir / given
        # argparse gives a following path to an option with an optional value.
        if "::" in given or path.is_dir() or path.suffix == ".py":
            msg = f"--ttnn-trace {given}: that is no master; write --ttnn-trace=FILE, or --ttnn-trace after the tests"
            raise SweepError(msg)
        return path
    return default_master_path() or config.rootpath / MASTER_LOCATION


class TestTracer:
    """Listens while tests run, in the process that runs them."""

    __test__ = False

    def __init__(self, operations: OperationFilter, *, keep_failed: bool) -> None:
        self._operations = operations
        self._keep_failed = keep_failed
        self._listening = contextlib.ExitStack()
        self._trace: Trace | None = None
        self._outcomes: dict[str, str] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        # Imported now, because a test may import ttnn while it runs.
        if getattr(session, "items", None):
            with _compat.usage_errors():
                operation_classes(import_ttnn())

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, None]:
        # Vectors of sweeps are no model.
        if isinstance(item, SweepItem):
            yield
            return
        with contextlib.ExitStack() as self._listening:
            yield
        self._trace = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        # Once for each try of a test that is run again.
        if isinstance(item, SweepItem):
            return
        self._listening.close()
        self._outcomes = {}
        self._trace = Trace(self._operations)
        self._listening.enter_context(listening(self._trace))

    # First of the wrappers, so that what others make of a failure (an expected one) is in the report.
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        outcome = yield
        if self._trace is None or isinstance(item, SweepItem):
            return
        report = outcome.get_result()
        # Subtests report as calls too, before the test itself does; one that failed makes the test a failed one.
        if self._outcomes.get(report.when) != "failed":
            self._outcomes[report.when] = report.outcome
        if report.when != "teardown":
            return
        data: dict[str, Any] = {"outcome": _verdict(self._outcomes)}
        if data["outcome"] == "passed" or self._keep_failed:
            data["findings"] = self._trace.findings(item.nodeid).to_json()
        else:
            data["lost"] = sum(self._trace.calls.values())
        setattr(report, ATTRIBUTE, json.dumps(data))


def _verdict(outcomes: dict[str, str]) -> str:
    """Of the outcomes of setup, call and teardown, as pytest has them: an expected failure is skipped."""
    if "failed" in outcomes.values():
        return "failed"
    # A test that isn't called was skipped.
    return "passed" if list(outcomes.values()) == ["passed"] * 3 else "skipped"


class TraceWriter:
    """Gathers what tests called, and adds it to the master; in the process that owns the terminal."""

    def __init__(self, sweeps: SweepSession, master: Path, operations: OperationFilter) -> None:
        self._sweeps = sweeps
        self._master = master
        self._operations = operations
        self._run = uuid.uuid4().hex
        self._tally = Tally()
        self._pending: list[TracedConfiguration] = []
        self._added = Added()
        self._tests = 0
        self._left_out: dict[str, int] = {}
        self._lost = 0
        self._saved_at = time.monotonic()
        self._trouble: list[str] = []

    def pytest_report_header(self) -> str:
        return f"ttnn-trace: into {self._sweeps.files.relative(self._master)}"

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        # Taken off: pytest keeps every report to the end.
        text = vars(report).pop(ATTRIBUTE, None)
        if text is None:
            return
        data = json.loads(text)
        if "findings" in data:
            self._tests += 1
            findings = Findings.from_json(data["findings"])
            self._tally.add(findings)
            self._pending += findings.configurations
        elif data["lost"]:
            self._left_out[data["outcome"]] = self._left_out.get(data["outcome"], 0) + 1
            self._lost += data["lost"]
        if time.monotonic() - self._saved_at > SAVE_SECONDS:
            self._save()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._save()
        if self._trouble and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = RESULTS_FAILED

    def _save(self) -> None:
        pending, self._pending = self._pending, []
        self._saved_at = time.monotonic()
        if not pending:
            return
        try:
            added = record(self._master, pending)
        except SweepError as error:
            self._rescue(pending, error)
            return
        self._added = self._added.plus(added)

    def _rescue(self, pending: list[TracedConfiguration], error: SweepError) -> None:
        """Keep what the master doesn't take beside it, or where nothing can be written there, among temporary files."""
        name = f"{self._master.stem}.unsaved-{self._run[:8]}.json"
        self._trouble.append(str(error))
        for place in (self._master.with_name(name), Path(tempfile.gettempdir(), name)):
            try:
                record(place, pending)
            except SweepError as second:
                self._trouble.append(str(second))
                continue
            self._trouble.append(f"what was traced is in {place}: ttnn-sweeps ops merge {self._master} {place}")
            break

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        terminalreporter.write_sep("=", "traced operations")
        for line in self._lines():
            terminalreporter.write_line(line)
        for line in self._trouble:
            terminalreporter.write_line(f"ERROR: {line}", red=True)

    def _lines(self) -> list[str]:
        lines = [] if self._quiet else self._tally.lines()
        lines += unknown_exclusion_lines(
            self._operations.unknown_exclusions(self._sweeps.settings.trace_exclude, self._tally.counts.excluded)
        )
        for outcome, count in sorted(self._left_out.items()):
            lines.append(f"left out: the calls of {count} {_WORDS[outcome]} test{'' if count == 1 else 's'}")
        if "failed" in self._left_out:
            lines.append("--ttnn-trace-failed keeps those of failed tests too")
        place = self._sweeps.files.relative(self._master)
        if not self._tally.executed:
            tests = counted(self._tests, "test")
            why = f"the {tests} that passed called none that is to be" if self._tests else "no test passed"
            return [*lines, f"No operation was traced: {why}. {place} is as it was"]
        return lines + (added_lines(self._added, place) if not self._trouble else [])

    @property
    def _quiet(self) -> bool:
        return bool(self._sweeps.config.option.verbose < 0)


_WORDS = {"failed": "failed", "skipped": "skipped or expectedly failed"}
