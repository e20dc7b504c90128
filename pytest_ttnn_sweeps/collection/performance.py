"""The terminal's tables of what was measured: the slowest vectors, the furthest from the roofline, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.reports import data_of
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.analysis.performance import Aspect, Figures, Performance, RankedTable

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession
    from pytest_ttnn_sweeps.settings import Settings

_ROWS = 10
_ROWS_VERBOSE = 40
_LONGEST_NAME = 100


def aspects_asked(settings: Settings) -> list[Aspect]:
    """The tables that the options ask for."""
    times: list[Aspect] = ["time", "spread"] if settings.perf or settings.repeat else []
    asked: list[tuple[Aspect, bool]] = [
        ("device", settings.device_perf),
        ("roofline", settings.perf),
        ("memory", settings.memory),
    ]
    return times + [aspect for aspect, is_asked in asked if is_asked]


class PerformanceReporter:
    """Gathers what vectors' reports tell, in the process that owns the terminal."""

    def __init__(self, config: pytest.Config, session: SweepSession, aspects: list[Aspect]) -> None:
        self._config = config
        self._session = session
        rows = _ROWS_VERBOSE if config.option.verbose > 0 else _ROWS
        self._performance = Performance(aspects, most=rows)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = data_of(report)
        # A worker that died tells of no measurement.
        if data is None or not data["metrics"]:
            return
        vector = report.nodeid.rpartition("::")[2]
        name = f"{data['module']}::{data['suite']}::{vector}"
        self._performance.add(Figures(name, data["metrics"], data["notes"], data["status"] in ("PASS", "XPASS")))

    # Below the table of suites, whose plugin was registered first.
    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        tables = list(self._performance.tables())
        if not tables or self._config.option.verbose < 0:
            return
        terminalreporter.section("sweep measurements")
        for line in self._lines(tables):
            terminalreporter.write_line(line)

    def _lines(self, tables: list[RankedTable]) -> Iterator[str]:
        for table in tables:
            left = table.total - len(table.rows)
            yield f"{table.title}{f', {len(table.rows)} of {table.total}' if left else ''}:"
            yield from _aligned([table.columns, *table.rows])
            yield ""
        yield from self._performance.remarks([self._provider])
        if any(table.total > len(table.rows) for table in tables):
            more = "" if self._config.option.verbose > 0 else f"-v shows {_ROWS_VERBOSE} rows, "
            yield f"{more}ttnn-sweeps results perf any number"

    @property
    def _provider(self) -> str | None:
        try:
            return self._session.devices.provider.name
        except SweepError:
            return None


def _aligned(rows: list[Any]) -> Iterator[str]:
    """Columns to the right, names to the left."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row, widths)]
        yield "  ".join(["", *cells, _shortened(row[-1])])


def _shortened(name: str) -> str:
    """The end of a long name says more than its beginning."""
    return name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"


def register(config: pytest.Config, session: SweepSession) -> None:
    """Show the tables that the options ask for, where this process owns the terminal."""
    aspects = aspects_asked(session.settings)
    if aspects and not _compat.is_worker(config):
        config.pluginmanager.register(PerformanceReporter(config, session, aspects), "ttnn_sweeps_performance")
