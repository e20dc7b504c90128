"""Reader of the CSV files of tt-metal's profiler: ``ops_perf_results*.csv`` and ``cpp_device_perf_report.csv``.

A row is a program on a chip, an operation on the host alone, or a signpost. What a file holds can't be told apart by
vector: join it to one through its ``GLOBAL CALL COUNT``, which a graph capture's ``program_execution`` has as well.
"""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure.device_perf.programs import Program
from pytest_ttnn_sweeps.results.device_keys import CORES, metric_of

_CALL, _CHIP = "GLOBAL CALL COUNT", "DEVICE ID"
_TRACE = ("METAL TRACE ID", "METAL TRACE REPLAY SESSION ID")
_NAMES = ("OP CODE", "OP NAME")
_MOST = 1 << 63


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
    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._columns = self._header(text)
        self._rows = self._parse(text)

    def programs(self) -> list[Program]:
        names = {column: name for column in self._columns if (name := metric_of(column)) is not None}
        name_column = next((column for column in _NAMES if column in self._columns), None)
        first: dict[tuple[int, ...], int] = {}
        found = []
        for row in self._rows.to_dict("records"):
            line = int(row["line"])
            durations = {
                name: value for column, name in names.items() if (value := self._number(row, column)) is not None
            }
            if not durations:
                continue
            chip, call = self._needed(row, _CHIP), self._needed(row, _CALL)
            trace = [self._number(row, column) if column in self._columns else None for column in _TRACE]
            execution = (call, *(-1 if number is None else number for number in trace))
            before = first.setdefault((chip, *execution), line)
            if before != line:
                msg = f"{_CALL} {call} of device {chip} is in row {before} already; is the file two reports in one?"
                raise self._error(line, msg)
            cores = self._number(row, CORES) if CORES in self._columns else None
            name = str(row[name_column]).strip() if name_column is not None else ""
            found.append(Program(chip, execution, durations, cores, name))
        return found

    def _header(self, text: str) -> list[str]:
        columns = [column.strip() for column in next(csv.reader(StringIO(text)), [])]
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

    def _parse(self, text: str) -> Any:
        # Only here: no run of sweeps waits for its import.
        import pandas  # type: ignore[import-untyped,unused-ignore]

        wanted = {_CALL, _CHIP, CORES, *_TRACE, *_NAMES}
        used = [column for column in self._columns if column in wanted or metric_of(column) is not None]
        try:
            # Texts, and nothing is taken for NaN: what a number is, is judged row by row.
            rows = pandas.read_csv(
                StringIO(text),
                dtype=str,
                keep_default_na=False,
                skip_blank_lines=False,
                names=self._columns,
                header=0,
                index_col=False,
                on_bad_lines="error",
            )
        except pandas.errors.ParserError as error:
            raise ReportError(f"{self._path}: {str(error).strip()}") from error
        # The line of the file: the header is the first.
        rows["line"] = range(2, len(rows) + 2)
        rows = rows[rows[self._columns].notna().any(axis=1)]
        short = rows[rows[self._columns].isna().any(axis=1)]
        if len(short):
            raise self._error(int(short["line"].iloc[0]), "it has fewer values than there are columns; was it cut off?")
        return rows[[*used, "line"]]

    def _number(self, row: dict[Any, Any], column: str) -> int | None:
        text = str(row[column]).strip()
        if not text:
            return None
        try:
            number = int(text)
        except ValueError:
            number = self._whole(row, column, text)
        if not 0 <= number < _MOST:
            raise self._error(int(row["line"]), f"{column} is {text}, which is no number of the profiler's")
        return number

    def _whole(self, row: dict[Any, Any], column: str, text: str) -> int:
        """A number that pandas or a spreadsheet has written with a point."""
        try:
            number = float(text)
            if number == int(number):
                return int(number)
        except (ValueError, OverflowError):
            pass
        raise self._error(int(row["line"]), f"{column} is {text!r}; expected a whole number")

    def _needed(self, row: dict[Any, Any], column: str) -> int:
        number = self._number(row, column)
        if number is None:
            raise self._error(int(row["line"]), f"{column} is empty where there is a device duration")
        return number

    def _error(self, line: int, what: str) -> ReportError:
        return ReportError(f"{self._path}: row {line}: {what}")
