"""Recording a session: every vector's report to the journal before anything else is done with it.

Lives in the process that owns the terminal: with xdist that is the controller, and workers only attach what they know
to their reports.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol, cast

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.bodies import provider_facts
from pytest_ttnn_sweeps.collection.delivering import SessionDelivery
from pytest_ttnn_sweeps.collection.due import DUE, DueVectors
from pytest_ttnn_sweeps.collection.reporting import SessionReport
from pytest_ttnn_sweeps.collection.reports import ATTRIBUTE, data_of
from pytest_ttnn_sweeps.collection.resuming import KEY
from pytest_ttnn_sweeps.collection.session import SweepSession, node_names
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Status, lines, outcome_of_fault
from pytest_ttnn_sweeps.results.attempts import journal_data
from pytest_ttnn_sweeps.results.courier import Undelivered
from pytest_ttnn_sweeps.results.environment import describe_environment, sha256_of
from pytest_ttnn_sweeps.results.job_summary import write_job_summary
from pytest_ttnn_sweeps.results.journal import JournalError
from pytest_ttnn_sweeps.results.runs import RunWriter
from pytest_ttnn_sweeps.results.secrets import masked_arguments
from pytest_ttnn_sweeps.results.selection import SelectedSuite, node_of
from pytest_ttnn_sweeps.traced import default_master_path
from pytest_ttnn_sweeps.vectors.module import module_name
from pytest_ttnn_sweeps.vectors.suite import Suite

RESULTS_FAILED = 6
"""The exit code of a session whose vectors did well and whose results could not be kept or delivered."""

_MOST_ERRORS = 100
_PHASES = ("setup", "call", "teardown")
_ENDS = {0: "passed", 1: "fail", 2: "did_not_finish", 3: "exception", 4: "exception", 5: "passed"}


class Summary(Protocol):
    """What the terminal's summary takes and tells."""

    def add_earlier(self, data: dict[str, Any]) -> None: ...

    def selection_facts(self) -> dict[str, object]: ...


class Recorder:
    """Writes the run of this session."""

    def __init__(self, config: pytest.Config, session: SweepSession) -> None:
        self._config = config
        self._session = session
        self._started = time.time()
        self._selected: list[SelectedSuite] | None = None
        self._run: RunWriter | None = None
        self._suites: set[tuple[str, str]] = set()
        self._errors: list[str] = []
        self._failed: str | None = None
        self._unsealed: str | None = None
        self._delivery: SessionDelivery | None = None
        self._undelivered: list[Undelivered] = []
        page = session.settings.report
        self._report = SessionReport(page) if page is not None else None

    @property
    def _reporter(self) -> Summary:
        reporter: Any = self._config.pluginmanager.get_plugin("ttnn_sweeps_terminal")
        return cast("Summary", reporter)

    @property
    def run(self) -> RunWriter | None:
        """The run, once there is a record."""
        return self._run

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        earlier = self._session.earlier_run
        if earlier is not None:
            node.workerinput[KEY] = earlier.workerinput

    # Before xdist tells its workers the arguments.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        with _compat.usage_errors():
            self._session.find_what_is_resumed()

    # The run is there before its first vector, so that a kill leaves one that can be resumed.
    def pytest_runtest_logstart(self) -> None:
        if self._selected is None:
            due: Any = self._config.pluginmanager.get_plugin(DUE)
            self._selected = cast("DueVectors", due).suites()
            if self._selected and self._run is None and not self._config.option.setuponly:
                self._begin_or_stop()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self._note(f"{report.nodeid}: not collected")

    def pytest_internalerror(self, excrepr: object) -> None:
        self._note(f"internal error: {str(excrepr).strip().splitlines()[-1]}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = data_of(report)
        if data is None and report.when not in _PHASES:
            data = self._data_of_crash(report)
            if data is not None:
                setattr(report, ATTRIBUTE, data)
                report.user_properties += [("vector_id", data["vector_id"]), ("status", data["status"])]
        if data is not None:
            self._append(data, report.nodeid)
        elif report.when == "teardown" and report.failed:
            self._note(f"{report.nodeid}: teardown failed")

    # Last, so that the exit status is what other plugins have made of it; the terminal's summary comes after.
    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        resumes = self._session.settings.resume is not None
        finished = _did_well(session)
        if self._run is None and resumes and finished and not self._config.option.collectonly:
            # Nothing was left to run; the whole still has a verdict.
            self._begin_or_stop()
        if self._run is None:
            return
        for data in self._earlier():
            self._reporter.add_earlier(data)
        if resumes:
            self._agree_with_last_failed()
            counts = self._run.attempts.counts
            if finished:
                has_failure = any(status.startswith("FAIL") for status in counts)
                session.exitstatus = pytest.ExitCode.TESTS_FAILED if has_failure else pytest.ExitCode.OK
        self._seal(session)
        self._deliver(session)
        if self._report is not None:
            self._report.write(self._run.directory)
            if self._report.error is not None and _did_well(session):
                session.exitstatus = RESULTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        self._tell_of_report(terminalreporter)
        if self._run is None:
            return
        if self._unsealed is not None and self._failed is None:
            terminalreporter.write_line(f"ERROR: {self._unsealed}; the journal has every record", red=True)
        is_warning = self._session.settings.delivery_warns
        for destination in self._undelivered:
            colour = {"yellow": True} if is_warning else {"red": True}
            word = "WARNING" if is_warning else "ERROR"
            terminalreporter.write_line(f"{word}: not delivered to {destination.name}: {destination.error}", **colour)
        if self._undelivered:
            run_id = self._run.directory.run_id
            terminalreporter.write_line(f"the journal has everything: ttnn-sweeps replay {run_id} --to URL delivers it")
        if self._config.option.verbose < 0:
            return
        counts, left = sum(self._run.attempts.counts.values()), self._run.not_reached
        place = self._session.files.relative(self._run.directory.journal)
        rest = f"; {left} more were selected and not reached: --sweep-resume runs them" if left else ""
        terminalreporter.write_line(f"sweep records: {place} ({counts} vector{'' if counts == 1 else 's'}{rest})")

    def pytest_unconfigure(self) -> None:
        # A session that came to no end, as where another plugin's hook raised before ours.
        if self._delivery is not None:
            self._delivery.abandon()
        if self._run is not None:
            self._run.abandon()

    def _tell_of_report(self, terminalreporter: Any) -> None:
        report = self._report
        if report is None or self._config.option.collectonly:
            return
        if report.error is not None:
            terminalreporter.write_line(f"ERROR: {report.error}", red=True)
        elif not report.is_written:
            terminalreporter.write_line(f"WARNING: no vector ran, so {report.path} was not written", yellow=True)
        elif self._config.option.verbose >= 0:
            terminalreporter.write_line(f"sweep report: {self._session.files.relative(report.path)}")

    def _append(self, data: dict[str, Any], node_id: str) -> None:
        if self._run is None:
            self._begin_or_stop()
        assert self._run is not None
        place = (data["module"], data["suite"])
        try:
            if place not in self._suites:
                self._suites.add(place)
                self._run.name_suite(data["module"], node_of(node_id), data["suite"])
            self._run.append(
                data["body"],
                module=data["module"],
                suite=data["suite"],
                vector_id=data["vector_id"],
                status=data["status"],
                final=data["final"],
            )
        except JournalError as error:
            self._stop(error)

    def _begin_or_stop(self) -> None:
        try:
            self._run = self._begin()
            if self._selected:
                self._run.select(self._selected)
                self._selected = []
            self._delivery = SessionDelivery(self._config, self._session.settings, self._run.directory)
        except SweepError as error:
            self._stop(error)

    def _stop(self, error: SweepError) -> None:
        """End the session: what ran on would be lost."""
        if self._failed is None:
            self._failed = str(error)
        pytest.exit(str(error), returncode=RESULTS_FAILED)

    def _begin(self) -> RunWriter:
        config, session = self._config, self._session
        facts: dict[str, object] = {
            "started_at": lines.utc(self._started),
            "command": masked_arguments(["pytest", *map(str, config.invocation_params.args)]),
            **describe_environment(config.rootpath),
        }
        # Where there is none, every module that asks for ttnn says so.
        with contextlib.suppress(SweepError):
            facts.update(provider_facts(session.devices.provider))
        master = default_master_path()
        if master is not None:
            facts.update(master=session.files.relative(master), master_sha256=sha256_of(master))
        earlier = session.earlier_run
        if earlier is not None and session.settings.resume is not None:
            return RunWriter.resume(earlier.directory, facts)
        return RunWriter.create(session.settings.results_dir, facts)

    def _seal(self, session: pytest.Session) -> None:
        assert self._run is not None
        code = int(session.exitstatus)
        stopped = self._failed or getattr(session, "shouldfail", None) or getattr(session, "shouldstop", None)
        failed = any(status.startswith("FAIL") for status in self._run.attempts.counts)
        end = _ENDS.get(code, "did_not_finish" if self._failed else "fail")
        if end == "passed" and not failed and self._run.not_reached:
            # All that this session was asked for, and not all of the run that it resumes.
            end = "did_not_finish"
        try:
            facts = self._run.seal(
                {"exit_code": code, "errors": self._errors, "stop_reason": str(stopped) if stopped else None},
                {"status": "fail" if failed and end == "passed" else end, **self._selection_facts()},
            )
        except JournalError as error:
            self._unsealed = str(error)
            if _did_well(session):
                session.exitstatus = RESULTS_FAILED
            return

        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            attempts = self._run.attempts
            suites = {"::".join(place): attempts.suite_counts(*place) for place in attempts.suites()}
            try:
                write_job_summary(Path(summary), facts, suites, not_reached=self._run.not_reached)
            except OSError as error:
                self._undelivered.append(Undelivered("the job's summary", error.strerror or str(error)))

    def _selection_facts(self) -> dict[str, object]:
        assert self._run is not None
        facts: dict[str, Any] = self._reporter.selection_facts()
        if "selection" in self._run.facts:
            # What was told when the run began knows what else was deselected, and of earlier sessions.
            del facts["selected"]
        elif facts["selected"] < len(self._run.attempts):
            # Workers that were stopped have not told.
            facts["selected"] = None
        if self._session.settings.resume is not None and self._run.facts.get("invalid"):
            # The session that selected has counted them.
            del facts["invalid"]
        return facts

    def _deliver(self, session: pytest.Session) -> None:
        """Let destinations take the rest; a session that did well ends with an exit code that tells if they don't."""
        delivery, self._delivery = self._delivery, None
        if delivery is None:
            return
        self._undelivered += delivery.finish()
        if self._undelivered and _did_well(session) and not self._session.settings.delivery_warns:
            session.exitstatus = RESULTS_FAILED

    def _earlier(self) -> Iterator[dict[str, Any]]:
        """The last records of the vectors that this session did not run, of the run that it resumes."""
        earlier = self._session.earlier_run
        if earlier is None or self._run is None or self._run.directory != earlier.directory:
            return
        for data in journal_data(earlier.directory.journal, until=earlier.until):
            if self._run.attempts.last(data["module"], data["suite"], data["vector_id"]) == data["attempt"]:
                yield data

    def _agree_with_last_failed(self) -> None:
        """Tell ``--lf`` of the resumed run's failures: a session that was killed did not."""
        if not self._config.pluginmanager.has_plugin("cacheprovider") or self._config.cache is None:
            return
        key = "cache/lastfailed"
        before: dict[str, bool] = self._config.cache.get(key, {})
        after = dict(before)
        for data in self._earlier():
            if data["status"].startswith("FAIL"):
                after[data["node_id"]] = True
            else:
                after.pop(data["node_id"], None)
        if after != before:
            self._config.cache.set(key, after)

    def _note(self, error: str) -> None:
        if len(self._errors) < _MOST_ERRORS:
            self._errors.append(error)

    def _data_of_crash(self, report: pytest.TestReport) -> dict[str, Any] | None:
        """The data of a vector whose worker died while it ran it; None for what is no sweep's."""
        path, _, rest = report.nodeid.partition("::")
        node, _, name = rest.partition("::")
        file = Path(self._config.rootpath, path)
        if not name or not self._session.files.is_sweep(file, named=True):
            return None
        module, suite, index, vector_id = self._identify(file, node, name)
        now = time.time()
        reason = str(report.longrepr or "the worker died")
        outcome = outcome_of_fault("crash", reason.strip().splitlines()[0], details=reason)
        worker = getattr(getattr(getattr(report, "node", None), "gateway", None), "id", "main")
        body = lines.body(
            vector_id=vector_id,
            index=index,
            node_id=report.nodeid,
            place=lines.fields(module=module, suite=suite),
            parameters=(),
            status=Status.FAIL_CRASH_HANG,
            outcome=outcome,
            xfail_reason=None,
            started=now,
            ended=now,
            duration_s=0.0,
            setup_s=0.0,
            circumstances=lines.fields(worker=str(worker)),
        )
        identity = {"module": module, "suite": suite, "vector_id": vector_id}
        status = Status.FAIL_CRASH_HANG.name
        return {**identity, "status": status, "final": True, "metrics": {}, "device_failure": True, "body": body}

    def _identify(self, file: Path, node: str, name: str) -> tuple[str, str, int, str]:
        """Module, suite, index and id of the vector of a node id, which shows only a part of the id."""
        try:
            definition = self._session.definition(file)
            names = {shown: name for name, shown in node_names(definition.suites).items()}
            suite = definition.suites[names[node]]
            if isinstance(suite, Suite):
                ids = definition.ids(suite)
                for index in ids.find(name):
                    return definition.name, suite.name, index, ids.of(index)
        except Exception:  # noqa: BLE001 - the record of the crash must not be lost to what may be its very cause
            pass
        return module_name(file, self._session.files.import_root(file)), node, -1, name


def _did_well(session: pytest.Session) -> bool:
    return session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED)


def register(config: pytest.Config, session: SweepSession) -> None:
    """Record the session, where this process is the one that does."""
    if not _compat.is_worker(config):
        config.pluginmanager.register(Recorder(config, session), "ttnn_sweeps_recorder")
