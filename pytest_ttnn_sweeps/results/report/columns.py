"""What was measured of the vectors, as the page takes it: a column for each metric, and every note once."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping

from pytest_ttnn_sweeps.results.analysis.visible import cut, visible_line
from pytest_ttnn_sweeps.results.records import MetricRecord

_MOST_METRICS = 80
"""Beyond that, names are no names of metrics, and the page would be all columns."""
_MOST_NOTES = 5000
_LONGEST_NOTE = 300
_LEFT_OUT = "(more notes: ttnn-sweeps results show)"


class MetricColumns:
    """Metrics by name and unit, of the vectors that have them; 12 bytes a number."""

    def __init__(self) -> None:
        self._columns: dict[tuple[str, str], tuple[array[int], array[float]]] = {}

    def add(self, row: int, metric: MetricRecord) -> bool:
        """Take a metric of the vector in ``row``; False where there is no place for it: one name too many, or twice."""
        key = (metric.name, metric.unit)
        column = self._columns.get(key)
        if column is None:
            if len(self._columns) >= _MOST_METRICS:
                return False
            column = self._columns[key] = (array("I"), array("d"))
        rows, values = column
        if rows and rows[-1] == row:
            return False
        rows.append(row)
        values.append(metric.value)
        return True

    def as_json(self) -> list[list[object]]:
        """Name, unit, values, and their rows; 0 for the rows where each row has one."""
        found: list[list[object]] = []
        for (name, unit), (rows, values) in self._columns.items():
            is_whole = list(rows) == list(range(len(rows)))
            # Each row's distance to the one before: mostly 1, which packs well.
            steps = [row - before for before, row in zip([0, *rows], rows)]
            numbers = [_short(value) for value in values]
            found.append([visible_line(name), visible_line(unit), numbers, 0 if is_whole else steps])
        return found


class NoteLists:
    """The notes of vectors: every list of them once, and every text of theirs."""

    def __init__(self, text: Callable[[str], int]) -> None:
        self._text = text
        self._lists: dict[tuple[int, ...], int] = {(): 0}
        self._known: set[str] = set()

    def add(self, notes: Mapping[str, str]) -> int:
        """The number of the list that a vector has."""
        found = []
        for name, note in notes.items():
            line = cut(visible_line(f"{name}: {note[: 2 * _LONGEST_NOTE]}"), _LONGEST_NOTE)
            if line not in self._known and len(self._known) >= _MOST_NOTES:
                line = _LEFT_OUT
            self._known.add(line)
            found.append(self._text(line))
        return self._lists.setdefault(tuple(dict.fromkeys(found)), len(self._lists))

    def as_json(self) -> list[tuple[int, ...]]:
        return list(self._lists)


def _short(value: float) -> float | int | str:
    """Whole numbers as they are, others to four digits; JSON has no NaN."""
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return int(value)
    return plain(value, 4)


def plain(value: float, digits: int) -> float | str:
    """A number to so many digits; what JSON has no number for is a text."""
    if not math.isfinite(value):
        return str(value)
    rounded = float(f"{value:.{digits}g}")
    # The largest number there is may be rounded beyond it.
    return rounded if math.isfinite(rounded) else value
