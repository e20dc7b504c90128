"""``ttnn-sweeps results perf``: the slowest vectors, the furthest from the roofline, the least steady, the largest."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.cli.results_source import add_selection, runs_of, selected
from pytest_ttnn_sweeps.cli.runs import add_results_dir
from pytest_ttnn_sweeps.results.analysis.performance import ASPECTS, Figures, Performance, RankedTable
from pytest_ttnn_sweeps.results.runs import LAST

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.reading import StoredRun
    from pytest_ttnn_sweeps.results.records import SweepResult

_SAMPLES = ("run", "module", "suite", "vector", "status", "metric", "unit", "better", "sample", "value")
_COUNTED = re.compile(r"[\w.:]+")


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "perf",
        help="Times, device times, rooflines, spreads and memory: the vectors to look at first",
        description="Tables of what --sweep-perf, --sweep-repeat, --sweep-device-perf and --sweep-memory measured, of "
        "one run or of several together.",
    )
    parser.add_argument(
        "names",
        metavar="RUN",
        nargs="*",
        default=[LAST],
        help="A run's id or the beginning of one, its directory, an exported run, sqlite:///PATH, postgresql://..., or "
        "last (the default)",
    )
    add_results_dir(parser)
    parser.add_argument("--sort", choices=ASPECTS, help="This table alone (default: all that have rows)")
    add_selection(parser)
    parser.add_argument(
        "--op",
        metavar="NAME",
        action="append",
        default=[],
        help="Of the operation of this name or glob pattern: the module's last name, a traced configuration's "
        "operation, or one that the roofline counted",
    )
    add_formats(parser, csv_rows="every metric and each of its samples", limit=("--top", 10))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the tables. Raises ``SweepError``."""
    stored = runs_of(options)
    if options.format == "csv":
        print_csv(
            _SAMPLES, (row for one in stored for record in _chosen(one, options) for row in _samples(one, record))
        )
        return 0
    performance = Performance([options.sort] if options.sort else ASPECTS, most=options.top)
    for one in stored:
        for record in _chosen(one, options):
            performance.add(_figures(one, record, is_alone=len(stored) == 1))
    tables = list(performance.tables())
    remarks = list(performance.remarks([one.run.provider for one in stored]))
    if options.format == "json":
        print_json({"runs": [one.run.run_id for one in stored], "tables": _facts(tables), "remarks": remarks})
        return 0
    from pytest_ttnn_sweeps.results.analysis.run_lines import run_lines

    lines = [line for one in stored for line in run_lines(one.run)]
    if not tables:
        what = f"--sort {options.sort}: nothing of it" if options.sort else "nothing"
        lines.append(f"{what} was measured of the chosen vectors; docs/measuring.md tells what measures")
    shown = [
        Table(
            f"{table.title}: {len(table.rows)} of {table.total}",
            table.columns,
            list(table.rows),
            quantities=[column for column in table.columns if column not in ("run", "vector")],
        )
        for table in tables
    ]
    show_tables(lines, shown, limit=0)
    if remarks:
        show_tables(remarks, (), limit=0)
    return 0


def _chosen(stored: StoredRun, options: argparse.Namespace) -> Iterator[SweepResult]:
    for record in selected(stored, options):
        if not options.op or any(fnmatchcase(name, given) for given in options.op for name in _operations(record)):
            yield record


def _operations(record: SweepResult) -> set[str]:
    """Names of what the vector is about."""
    from pytest_ttnn_sweeps.collection.sweep_files import MASTER_MODULE

    names = {record.suite if record.module == MASTER_MODULE else record.module.rpartition(".")[2]}
    counted, comma, _ = record.notes.get("roofline_basis", "").partition(", the operations ")
    if comma:
        names |= {word for entry in counted.split(", ") for word in _COUNTED.findall(entry)[:1]}
    return names


def _figures(stored: StoredRun, record: SweepResult, *, is_alone: bool) -> Figures:
    name = f"{record.module}::{record.suite}::{record.node_id.rpartition('::')[2] or record.vector_id}"
    passed = record.status in ("PASS", "XPASS")
    run_id = "" if is_alone else stored.run.run_id
    return Figures(name, record.values, record.notes, passed, run=run_id, identity=record.identity)


def _samples(stored: StoredRun, record: SweepResult) -> Iterator[Sequence[object]]:
    """A row for each metric, without a sample's number, and one for each of its samples."""
    place = (stored.run.run_id, record.module, record.suite, record.vector_id, record.status)
    for metric in record.metrics:
        facts = (metric.name, metric.unit, metric.better)
        yield *place, *facts, None, metric.value
        for number, value in enumerate(metric.samples, 1):
            yield *place, *facts, number, value


def _facts(tables: Sequence[RankedTable]) -> list[dict[str, object]]:
    return [
        {
            "sort": table.aspect,
            "title": table.title,
            "vectors": table.total,
            "rows": [
                {
                    **({"run": figures.run} if figures.run else {}),
                    **dict(zip(("module", "suite", "vector_id"), figures.identity)),
                    "metrics": figures.metrics,
                    "notes": figures.notes,
                }
                for figures in table.figures
            ],
        }
        for table in tables
    ]
