"""``ttnn-sweeps results summary``: totals of a run, by suite or by module."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.cli.results_source import add_run, add_selection, is_place_selected, run_of, selected

_COLUMNS = (
    *("vectors", "passed", "failed", "skipped", "not judged", "not reached", "pass rate"),
    *("PCC min", "PCC mean", "PCC max", "PCC NaN", "e2e ms mean", "e2e ms max", "seconds"),
)


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "summary", help="Totals: vectors, pass rate, PCC, times", description="Totals of a run, suites one a row."
    )
    add_run(parser)
    parser.add_argument("--by", choices=("suite", "module"), default="suite", help="A row for each (default: suite)")
    add_selection(parser)
    add_formats(parser, csv_rows="the rows")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the totals. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.analysis.run_lines import not_reached_line, run_lines
    from pytest_ttnn_sweeps.results.analysis.summary import Totals, not_reached, sum_of, totals_by_suite

    stored = run_of(options)
    parts = totals_by_suite(selected(stored, options))
    # What has no record has no status either.
    left = {} if options.status else not_reached(stored.run, {place: part.vectors for place, part in parts.items()})
    for place, count in left.items():
        if is_place_selected(*place, options):
            parts.setdefault(place, Totals()).not_reached = count
    total = sum_of(parts.values())
    by_name: dict[tuple[str, ...], Totals] = {}
    for (module, suite), totals in parts.items():
        name = (module, suite) if options.by == "suite" else (module,)
        by_name.setdefault(name, Totals()).merge(totals)
    order = sorted(by_name, key=lambda name: (-by_name[name].failed, name))
    if options.format == "json":
        names = ("module", "suite")
        groups = [{**dict(zip(names, name)), **by_name[name].facts()} for name in order]
        record = stored.run.model_dump(mode="json")
        print_json({"run": record, "source": stored.source, "totals": total.facts(), f"{options.by}s": groups})
        return 0
    if options.format == "csv":
        rows = [[*name, *_cells(by_name[name])] for name in order]
        print_csv([*(("module", "suite") if options.by == "suite" else ("module",)), *_COLUMNS], rows)
        return 0
    table = Table(f"{options.by}s", (options.by, *_COLUMNS), quantities=("pass rate",))
    table.rows = [["::".join(name), *_cells(by_name[name], _percent)] for name in order]
    table.footer = ["total", *_cells(total, _percent)]
    statuses = Table("statuses", ("status", "vectors"), [list(pair) for pair in total.statuses.most_common()])
    lines = run_lines(stored.run)
    if total.not_reached:
        lines.append(f"note: {not_reached_line(stored.run, total.not_reached)}")
    if not table.rows:
        narrowed = options.module or options.suite or options.status
        lines.append("note: no vector of the run is selected" if narrowed else "note: the run has no records")
    show_tables(lines, [table, statuses], limit=options.limit)
    return 0


def _share(rate: float) -> object:
    return round(rate, 6)


def _percent(rate: float) -> object:
    return f"{100 * rate:.1f} %"


def _cells(totals: Any, shown: Callable[[float], object] = _share) -> list[object]:
    return [
        *(totals.vectors, totals.passed, totals.failed, totals.skipped, totals.not_judged, totals.not_reached),
        None if totals.pass_rate is None else shown(totals.pass_rate),
        *(totals.pcc.least, totals.pcc.mean, totals.pcc.most, totals.pcc.not_finite or None),
        *(totals.time_ms.mean, totals.time_ms.most, totals.duration_s.total),
    ]
