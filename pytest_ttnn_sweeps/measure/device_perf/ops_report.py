"""Reader of the CSV files of tt-metal's profiler: ``ops_perf_results*.csv`` and ``cpp_device_perf_report.csv``.

A row is a program on a chip, an operation on the host alone, or a signpost. What a file holds can't be told apart by
vector: join it to one through its ``GLOBAL CALL COUNT``, which a graph capture's ``program_execution`` has as well.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure.device_perf.programs import Program
from pytest_ttnn_sweeps.results.device_keys import CORES, metric_of

_CALL, _CHIP = "GLOBAL CALL COUNT", "DEVICE ID"
_TRACE = ("METAL TRACE ID", "METAL TRACE REPLAY SESSION ID")
_NAMES = ("OP CODE", "OP NAME")
_MOST = 1 << 63
_WHOLE = re.compile(r"[0-9]{1,20}(?:\.0*)?")


class ReportError(SweepError):
    """A report can't be read; its message names the file and the row."""


def newest_report(directory: Path) -> Path:
    """The newest ``ops_perf_results*.csv`` at or below ``directory``. Raises ``ReportError`` where there is none."""
    reports = [path for path in directory.rglob("ops_perf_results*.csv") if path.is_file()]
    if not reports:
        msg = f"{directory}: no ops_perf_results*.csv in it; run the Tracy tools' report, or name the file"
        raise ReportError(msg)
    return max(reports, key=lambda path: (path.stat().st_mtime_ns, path.name))


def read_report(path: Path) -> list[Program]:
    """The programs of a report, in its order. Rows without a device time, of the host and signposts, aren't among them.

    Raises ``ReportError`` with file and row for what is no such report: a missing or doubled column, a value that is no
    number, a launch that is there twice on one chip, a row that ends early.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read()
    except OSError as error:
        msg = f"{path}: {error.strerror or error}"
        raise ReportError(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: byte {error.start} is no UTF-8; it is no report of the profiler's"
        raise ReportError(msg) from error
    return _Report(path, text).programs()


class _Report:
    """The rows of one file; the standard library's reader tells the line of each, which pandas does not."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = csv.reader(StringIO(text))
        self._columns = self._header()

    def programs(self) -> list[Program]:
        durations_of = {column: name for column in self._columns if (name := metric_of(column)) is not None}
        name_column = next((column for column in _NAMES if column in self._columns), None)
        first: dict[tuple[int, ...], int] = {}
        found = []
        for line, row in self._rows():
            durations = {
                name: value
                for column, name in durations_of.items()
                if (value := self._number(line, row, column)) is not None
            }
            if not durations:
                continue
            chip, call = self._needed(line, row, _CHIP), self._needed(line, row, _CALL)
            trace = [self._number(line, row, column) for column in _TRACE]
            execution = (call, *(-1 if number is None else number for number in trace))
            before = first.setdefault((chip, *execution), line)
            if before != line:
                msg = f"{_CALL} {call} of device {chip} is in row {before} already; is the file two reports in one?"
                raise self._error(line, msg)
            name = row[name_column].strip() if name_column is not None else ""
            found.append(Program(chip, execution, durations, self._number(line, row, CORES), name))
        return found

    def _header(self) -> list[str]:
        columns = [column.strip() for column in self._next() or []]
        if not columns:
            raise ReportError(f"{self._path}: the file is empty")
        if double := next((column for at, column in enumerate(columns) if column in columns[:at]), None):
            raise self._error(1, f"the column {double!r} is there twice")
        for column in (_CALL, _CHIP):
            if column not in columns:
                raise self._error(1, f"no column {column!r}; it is no report of the profiler's")
        if not any(metric_of(column) for column in columns):
            raise self._error(1, "no column of a device duration, such as 'DEVICE FW DURATION [ns]'")
        return columns

    def _rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Line numbers and rows; empty lines are none."""
        while (values := self._next()) is not None:
            line = self._lines.line_num
            if not values:
                continue
            if len(values) != len(self._columns):
                cut = "; was the file cut off?" if len(values) < len(self._columns) else ""
                raise self._error(line, f"{len(values)} values for {len(self._columns)} columns{cut}")
            yield line, dict(zip(self._columns, values))

    def _next(self) -> list[str] | None:
        try:
            return next(self._lines, None)
        except csv.Error as error:
            raise self._error(self._lines.line_num, str(error)) from error

    def _number(self, line: int, row: dict[str, str], column: str) -> int | None:
        """The number in a column; None where it is empty or the file has no such column."""
        text = row.get(column, "").strip()
        if not text:
            return None
        # pandas and spreadsheets write whole numbers with a point.
        if not _WHOLE.fullmatch(text):
            raise self._error(line, f"{column} is {text[:40]!r}; expected a whole number")
        number = int(text.partition(".")[0])
        if number >= _MOST:
            raise self._error(line, f"{column} is {number}, which no clock of the device says")
        return number

    def _needed(self, line: int, row: dict[str, str], column: str) -> int:
        number = self._number(line, row, column)
        if number is None:
            raise self._error(line, f"{column} is empty where there is a device duration")
        return number

    def _error(self, line: int, what: str) -> ReportError:
        return ReportError(f"{self._path}: row {line}: {what}")
