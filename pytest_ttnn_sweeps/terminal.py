"""What the terminal says of sweeps: a header, and a table of suites at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import SESSION
from pytest_ttnn_sweeps.collection.reports import data_of
from pytest_ttnn_sweeps.collection.validating import Refusals
from pytest_ttnn_sweeps.devices.health import preflight
from pytest_ttnn_sweeps.devices.lease import host_devices
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Status
from pytest_ttnn_sweeps.results.analysis.visible import visible_line
from pytest_ttnn_sweeps.traced import default_master_path, master_in_use

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession

_MOST_ROWS = 40
_MOST_REASONS = 10


@dataclass
class SuiteRow:
    """A row of the table."""

    vectors: int = 0
    hidden: int = 0
    others: int = 0
    selected: int = 0
    duplicates: int = 0
    invalid: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    worst_pcc: float | None = None

    @property
    def ran(self) -> int:
        return sum(self.statuses.values())

    @property
    def failed(self) -> int:
        return sum(count for status, count in self.statuses.items() if status.startswith("FAIL"))

    def add(self, data: dict[str, Any]) -> None:
        """Count one vector's report."""
        if data["status"] == "NOT_RUN" and not data.get("kept_from_running"):
            self.skipped += 1
            return
        self.statuses[data["status"]] += 1
        pcc = data["metrics"].get("pcc")
        # A PCC of NaN is the worst there is, and every comparison with it is false.
        if pcc is not None and (self.worst_pcc is None or not pcc >= self.worst_pcc):
            self.worst_pcc = pcc

    def merge(self, other: SuiteRow) -> None:
        self.vectors += other.vectors
        self.others += other.others
        self.selected += other.selected
        self.skipped += other.skipped
        self.invalid += other.invalid
        self.statuses += other.statuses
        known = [pcc for pcc in (self.worst_pcc, other.worst_pcc) if pcc is not None]
        self.worst_pcc = next((pcc for pcc in known if pcc != pcc), min(known, default=None))


class SweepReporter:
    """Gathers reports in the process that owns the terminal."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._rows: dict[tuple[str, str], SuiteRow] = {}
        self._complaints: list[str] = []
        self._told: set[str] = set()
        self._others_named = 0
        self._refusals = Refusals()

    @property
    def _session(self) -> SweepSession:
        return self._config.stash[SESSION]

    def pytest_report_header(self) -> list[str] | None:
        if self._config.option.verbose < 0:
            return None
        try:
            provider = self._session.devices.provider
            lines = [f"sweeps: {provider.describe()}"]
            devices = host_devices() if provider.has_board else ()
            lines += [f"sweeps: {name} {fact}" for name, fact in preflight(provider, devices=devices)]
        except SweepError as error:
            lines = [f"sweeps: {error}"]
        if self._session.settings.shard is not None:
            lines.append(f"sweeps: shard {self._session.settings.shard} of the vectors, by their ids")
        master = default_master_path()
        return [*lines, f"traced master: {self._session.files.relative(master)}"] if master is not None else lines

    def pytest_report_collectionfinish(self) -> str | None:
        counts = self._session.counts
        if self._config.option.verbose < 0:
            return None
        if not counts:
            resumes = self._session.settings.resume is not None
            return f"sweeps: nothing that is left of run {self._earlier_id} is selected here" if resumes else None
        items = sum(count.items for count in counts)
        modules = len({count.module for count in counts})
        parts = [f"sweeps: {_count(items, 'vector')} in {_count(len(counts), 'suite')} of {_count(modules, 'module')}"]
        invalid = sum(sum(count.invalid.values()) for count in counts)
        duplicates, hidden = sum(count.duplicates for count in counts), sum(count.hidden for count in counts)
        others = sum(count.others for count in counts) + self._session.others_named
        parts += [f"{invalid} invalid"] if invalid else []
        parts += [_count(duplicates, "duplicate")] if duplicates else []
        parts += [f"{hidden} hidden by --sweep-ide"] if hidden else []
        parts += [f"{others} left to other shards"] if others else []
        recorded = sum(count.recorded for count in counts)
        parts += [f"{recorded} left out by the records of run {self._earlier_id}"] if recorded else []
        strange = sum(count.strange for count in counts)
        parts += [f"{strange} that run {self._earlier_id} did not select"] if strange else []
        master = master_in_use()
        if master is not None:
            configurations = _count(sum(master.operations.values()), "configuration")
            parts += [f"the traced master has {configurations} of {_count(len(master.operations), 'operation')}"]
        return "; ".join(parts)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = data_of(report)
        if data is not None:
            self._row(data["module"], data["suite"]).add(data)
            if self._session.settings.validate_only and data["status"] != Status.NOT_RUN.name:
                self._refusals.add(data["status"], data["message"], report.nodeid)
        elif report.passed and report.when != "call" and not report.sections and not self._shows_durations:
            reporter = self._config.pluginmanager.get_plugin("terminalreporter")
            _compat.forget_passed_phase(reporter, report)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        findings = getattr(node, "workeroutput", {}).get("ttnn_sweeps")
        if findings is not None:
            self._add(findings)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if not self._told:
            self._add(self._session.findings())
        if self._others and session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            # Of few vectors a shard may have none; together the shards have them all.
            session.exitstatus = pytest.ExitCode.OK
        if self._complaints and session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for complaint in self._complaints:
            terminalreporter.write_line(f"ERROR: {complaint}", red=True)
        if (
            self._rows
            and self._config.option.verbose >= 0
            and any(row.ran or row.skipped for row in self._rows.values())
        ):
            terminalreporter.section("sweeps")
            for line in self._table():
                terminalreporter.write_line(line)
        if self._session.settings.validate_only:
            for line in self._refusals.lines(all_of_them=self._config.option.verbose > 0):
                terminalreporter.write_line(line)
        # Without workers it was said when collecting ended.
        if self._others and not self._session.counts and self._config.option.verbose >= 0:
            left = _count(self._others, "vector")
            terminalreporter.write_line(f"shard {self._session.settings.shard}: {left} left to other shards")

    @property
    def _earlier_id(self) -> str:
        earlier = self._session.earlier_run
        return earlier.directory.run_id if earlier is not None else ""

    def add_earlier(self, data: dict[str, Any]) -> None:
        """Count the record of a vector that this session did not run, of the run that it resumes."""
        metrics = {metric["name"]: metric["value"] for metric in data.get("metrics", ())}
        self._row(data["module"], data["suite"]).add(
            {"status": data["status"], "metrics": {"pcc": float(metrics["pcc"])} if "pcc" in metrics else {}}
        )

    def selection_facts(self) -> dict[str, object]:
        """How many vectors were to run, those that are recorded already included, and the invalid ones by reason."""
        total = SuiteRow()
        for row in self._rows.values():
            total.merge(row)
        return {"selected": total.selected, "invalid": dict(total.invalid)}

    @property
    def _shows_durations(self) -> bool:
        return self._config.option.durations is not None

    def _row(self, module: str, suite: str) -> SuiteRow:
        return self._rows.setdefault((module, suite), SuiteRow())

    def _add(self, findings: dict[str, Any]) -> None:
        """Add what one process collected: workers that collect the same are one, parts of their own add up."""
        if findings["part"] in self._told:
            return
        # What no option of the first has matched, none has: what is selected is known before it is parted.
        self._complaints = self._complaints if self._told else findings["complaints"]
        self._told.add(findings["part"])
        self._others_named = max(self._others_named, findings["others_named"])
        for count in findings["counts"]:
            row = self._row(count["module"], count["suite"])
            row.vectors, row.others = count["vectors"], count["others"]
            row.selected += count["items"] + count["recorded"]
            row.invalid += Counter(count["invalid"])

    @property
    def _others(self) -> int:
        """How many vectors were left to other shards."""
        return self._others_named + sum(row.others for row in self._rows.values())

    def _table(self) -> list[str]:
        named = {f"{module}::{suite}": row for (module, suite), row in self._rows.items() if row.ran or row.skipped}
        order = sorted(named, key=lambda name: (-named[name].failed, name))
        shown = order if self._config.option.verbose > 0 else order[:_MOST_ROWS]
        total = SuiteRow()
        for row in self._rows.values():
            total.merge(row)
        # A suite of a master has whatever name the file gives to an operation.
        rows = [_cells(visible_line(name), named[name]) for name in shown]
        rows += [_cells("total", total)] if len(named) > 1 else []
        lines = _aligned([["suite", "vectors", "invalid", "skipped", "passed", "failed", "worst PCC", ""], *rows])
        if len(shown) < len(order):
            lines.append(f"... and {len(order) - len(shown)} more suites with fewer failures (-v shows them)")
        for reason, count in _most_first(total.invalid)[:_MOST_REASONS]:
            lines.append(f"invalid {count}x: {visible_line(reason)}")
        if len(total.invalid) > _MOST_REASONS:
            lines.append(f"... and {len(total.invalid) - _MOST_REASONS} more reasons")
        return lines


def _cells(name: str, row: SuiteRow) -> list[str]:
    passed = row.statuses.get("PASS", 0)
    others = ", ".join(f"{status} {count}" for status, count in _most_first(row.statuses) if status != "PASS")
    invalid = sum(row.invalid.values())
    pcc = "" if row.worst_pcc is None else f"{row.worst_pcc:.6f}"
    # Workers that were interrupted, or died, have not told how many vectors the suite has.
    known = (str(row.vectors), str(invalid)) if row.vectors else ("", "")
    return [name, *known, *(str(number) for number in (row.skipped, passed, row.failed)), pcc, others]


def _most_first(counts: Counter[str]) -> list[tuple[str, int]]:
    # By name where counts are equal: workers report in any order.
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]
