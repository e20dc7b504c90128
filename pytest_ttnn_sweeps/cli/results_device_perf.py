"""``ttnn-sweeps results device-perf``: device times in a report of tt-metal's profiler, by operation."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.measure.device_perf.ops_report import newest_report, read_report
from pytest_ttnn_sweeps.measure.device_perf.programs import Program, merged, totals


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "device-perf",
        help="Device times in a report of the Tracy tools, by operation",
        description="Sums of the device times in an ops_perf_results*.csv or cpp_device_perf_report.csv; of a "
        "directory, in the newest ops_perf_results*.csv at or below it. A launch on several chips counts once, with "
        "the longest time.",
    )
    parser.add_argument("report", type=Path, metavar="CSV", help="The report, or a directory that has one")
    parser.add_argument("--each", action="store_true", help="A row for each launch, in order, instead of sums")
    add_formats(parser, csv_rows="the rows")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the times. Raises ``SweepError``."""
    path: Path = options.report
    path = newest_report(path) if path.is_dir() else path
    launches = merged(read_report(path))
    total = totals(launches)
    times = [name for name in total if name.endswith("_ns")]
    groups: dict[object, list[Program]] = {}
    for launch in launches:
        groups.setdefault(launch.execution if options.each else launch.operation, []).append(launch)
    rows: list[Sequence[Any]] = [_row(programs, times, each=options.each) for programs in groups.values()]
    if not options.each and times:
        rows.sort(key=lambda row: -row[3])
    columns = ["operation", "call" if options.each else "launches", "cores", *times]
    if options.format == "json":
        print_json({"report": str(path), "totals": total, "operations": [dict(zip(columns, row)) for row in rows]})
    elif options.format == "csv":
        print_csv(columns, rows)
    else:
        footer = ["total", int(total.get("device_ops", 0)), total.get("device_cores"), *(total[name] for name in times)]
        title = "launches" if options.each else "operations"
        show_tables([f"report {path}"], [Table(title, columns, rows, footer)], limit=options.limit)
    return 0


def _row(launches: list[Program], times: list[str], *, each: bool) -> list[Any]:
    sums = totals(launches)
    count = launches[0].execution[0] if each else len(launches)
    return [launches[0].operation, count, sums.get("device_cores"), *(sums.get(name, 0.0) for name in times)]
