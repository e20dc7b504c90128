"""Comparing a tree's suites with recorded figures of upstream's generator: counts, and hashes of the ids.

The record is a CSV with a row a suite. An empty cell isn't compared, so a row may give counts alone.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.module import SweepDefinition
from pytest_ttnn_sweeps.vectors.suite import Suite, SuiteError
from pytest_ttnn_sweeps.vectors.upstream import Flavour, UpstreamIds, summary_hash

_COUNTS = ("vectors", "invalid")
_DUMP_FILE = ("hash_of_sorted_ids", "unique_ids", "first_id", "last_id")
_ELASTICSEARCH = ("hash_of_sorted_ids_es",)
COLUMNS = ("module", "suite", *_COUNTS, *_DUMP_FILE, *_ELASTICSEARCH, "status")

Row = dict[str, str]


@dataclass(frozen=True)
class Record:
    """The recorded rows of one sweep module, by suite."""

    module: str
    suites: dict[str, Row]
    trouble: str | None
    """What kept upstream's generator from importing the module."""


def read_records(path: Path) -> list[Record]:
    """The rows of the CSV at ``path`` by module, in its order. Raises ``SweepError`` for anything but such a table."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        msg = f"{path}: {getattr(error, 'strerror', None) or error}"
        raise SweepError(msg) from None
    missing = [column for column in COLUMNS if column not in (reader.fieldnames or ())]
    if missing:
        msg = f"{path}: there is no column {missing[0]!r}; expected {', '.join(COLUMNS)}"
        raise SweepError(msg)
    modules: dict[str, list[Row]] = {}
    for row in rows:
        modules.setdefault(row["module"], []).append({key: value or "" for key, value in row.items() if key})
    return [_record(module, group) for module, group in modules.items()]


def _record(module: str, rows: list[Row]) -> Record:
    trouble = next((row["status"] for row in rows if not row["status"].startswith("ok")), None)
    return Record(module, {row["suite"]: row for row in rows if row["suite"]}, trouble)


def differences(record: Record, definition: SweepDefinition) -> Iterator[str]:
    """One line for each figure that differs from the record, and for each suite that only one side has."""
    if record.trouble is not None:
        # Nothing was recorded that could be compared; that the module can be imported here is no fault.
        return
    for name, row in record.suites.items():
        suite = definition.suites.get(name)
        if not isinstance(suite, Suite):
            why = str(suite) if isinstance(suite, SuiteError) else "the module has no such suite"
            yield f"{record.module}::{name}: {why}"
            continue
        try:
            yield from _different_figures(definition, suite, row)
        except SweepError as error:
            yield f"{record.module}::{name}: {error}"
    for name in definition.suites:
        if name not in record.suites:
            yield f"{record.module}::{name}: the record has no such suite"


def _different_figures(definition: SweepDefinition, suite: Suite, row: Row) -> Iterator[str]:
    found = figures(definition, suite, wanted=lambda column: bool(row[column]))
    for column, figure in found.items():
        if row[column] and row[column] != figure:
            yield f"{definition.name}::{suite.name}: {column} is {figure or 'empty'}, recorded is {row[column]}"


def figures(definition: SweepDefinition, suite: Suite, *, wanted: Callable[[str], bool]) -> Row:
    """The columns of the record for ``suite``; ids are computed only for columns that are wanted."""
    verdicts = [definition.verdict(suite, index) for index in range(suite.size)]
    found = {"vectors": str(suite.size), "invalid": str(sum(is_invalid for is_invalid, _ in verdicts))}

    def ids(flavour: Flavour) -> list[str]:
        return list(UpstreamIds(definition.name, suite, flavour, place=definition.place).each(verdicts))

    if any(map(wanted, _DUMP_FILE)):
        dumped = ids("dump-file")
        found["unique_ids"] = str(len(set(dumped)))
        if dumped:
            found |= {"hash_of_sorted_ids": summary_hash(dumped), "first_id": dumped[0], "last_id": dumped[-1]}
    if any(map(wanted, _ELASTICSEARCH)):
        found["hash_of_sorted_ids_es"] = summary_hash(ids("elasticsearch"))
    return found
