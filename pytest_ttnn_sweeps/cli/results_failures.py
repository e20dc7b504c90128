"""``ttnn-sweeps results failures``: failures by error, and the parameter values that fail more often than others."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.cli.results_source import add_run, add_selection, run_of, selected
from pytest_ttnn_sweeps.errors import SweepError

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.analysis.failures import FailureGroup, ValueRow
    from pytest_ttnn_sweeps.results.reading import StoredRun
    from pytest_ttnn_sweeps.results.records import SweepResult

_VALUES = ("parameter", "value", "vectors", "failed", "rate", "rate of other values", "failures beyond its share")


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "failures",
        help="Failures by error, by suite and by parameter value",
        description="Failures with one error, whatever numbers, addresses and paths it names, are one group.",
    )
    add_run(parser)
    parser.add_argument("--group", metavar="ID", help="The vectors of this group, with the commands that rerun them")
    add_selection(parser)
    add_formats(parser, csv_rows="the groups, or the vectors of --group,")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the failures; 1 where there are some. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.analysis.failures import FailureAnalysis
    from pytest_ttnn_sweeps.results.analysis.run_lines import run_lines

    stored = run_of(options)
    records = selected(stored, options)
    if options.group is not None:
        return _show_group(stored, records, options)
    analysis = FailureAnalysis.of(records)
    groups, values = analysis.groups(), analysis.values()
    if options.format == "json":
        facts = {"groups": groups, "not_run": analysis.not_run()}
        shown = {name: list(map(_group_facts, some)) for name, some in facts.items()}
        print_json({**shown, "values": list(map(_value_facts, values))})
    elif options.format == "csv":
        rows = [[*_group_cells(group), _places(group)] for group in groups]
        print_csv(("group", "vectors", "status", "exception", "error", "suites"), rows)
    else:
        by_error = Table("by error", ("group", "vectors", "status", "exception", "error", "suites"))
        by_error.rows = [[*_group_cells(group), _few_places(group)] for group in groups]
        not_run = Table("not run, by reason", ("group", "vectors", "status", "exception", "reason", "suites"))
        not_run.rows = [[*_group_cells(group), _few_places(group)] for group in analysis.not_run()]
        lines = run_lines(stored.run) if groups else [*run_lines(stored.run), "no failures"]
        by_value = [Table("by parameter", _VALUES, [_value_cells(row) for row in values if not row.is_trait])]
        by_trait = [Table("by kind of value, whichever parameter has it", ("kind", *_VALUES[1:]))]
        by_trait[0].rows = [_value_cells(row) for row in values if row.is_trait]
        show_tables(lines, [by_error, not_run, *by_trait, *by_value], limit=options.limit)
    return int(bool(groups))


def _show_group(stored: StoredRun, records: Iterable[SweepResult], options: argparse.Namespace) -> int:
    from pytest_ttnn_sweeps.results.analysis.error_text import error_group
    from pytest_ttnn_sweeps.results.analysis.parameter_text import spelled_parameters
    from pytest_ttnn_sweeps.results.analysis.rerun import rerun_command
    from pytest_ttnn_sweeps.results.analysis.summary import is_failure

    found = [
        record
        for record in records
        if (is_failure(record.status) or record.status == "NOT_RUN")
        and error_group(record).group_id.startswith(options.group)
    ]
    if not found:
        msg = f"--group {options.group!r}: {stored.source} has no such group; results failures lists them"
        raise SweepError(msg)
    columns = ("vector", "module", "suite", "message", "parameters", "rerun")
    rows = [
        [
            *(record.vector_id, record.module, record.suite, record.message),
            ", ".join(f"{name}={value}" for name, value in spelled_parameters(record.parameters).items()),
            rerun_command(record, stored.run),
        ]
        for record in found
    ]
    if options.format == "json":
        print_json([dict(zip(columns, row)) for row in rows])
    elif options.format == "csv":
        print_csv(columns, rows)
    else:
        error = error_group(found[0])
        lines = [f"{len(found)} vectors: {error.status}: {error.text}"]
        for row in rows[: options.limit] if options.limit else rows:
            lines += ["", f"{row[1]}::{row[2]} {row[0]}", f"  {row[3]}"[:600], f"  {row[4]}", f"  {row[5]}"]
        if options.limit and len(rows) > options.limit:
            lines += ["", f"... and {len(rows) - options.limit} more (--limit 0 shows them)"]
        show_tables(lines, (), limit=0)
    return int(is_failure(found[0].status))


def _group_cells(group: FailureGroup) -> list[object]:
    error = group.error
    return [error.group_id, group.count, error.status, error.exception_type, error.text]


def _places(group: FailureGroup) -> str:
    return ", ".join(f"{module}::{suite} ({count})" for (module, suite), count in group.suites.most_common())


def _few_places(group: FailureGroup) -> str:
    shown = [f"{module}::{suite} ({count})" for (module, suite), count in group.suites.most_common(3)]
    more = len(group.suites) - len(shown)
    return ", ".join([*shown, f"{more} more suites"] if more else shown)


def _group_facts(group: FailureGroup) -> dict[str, object]:
    error = group.error
    return {
        "group": error.group_id,
        "vectors": group.count,
        "status": error.status,
        "exception_type": error.exception_type,
        "error": error.text,
        "suites": [{"module": m, "suite": s, "vectors": count} for (m, s), count in group.suites.most_common()],
        "examples": [record.vector_id for record in group.examples],
    }


def _value_cells(row: ValueRow) -> list[object]:
    others = row.rate_of_others
    return [
        *(row.name, row.value, row.vectors, row.failed, f"{100 * row.rate:.1f} %"),
        None if others is None else f"{100 * others:.1f} %",
        round(row.excess, 1),
    ]


def _value_facts(row: ValueRow) -> dict[str, object]:
    return {
        "name": row.name,
        "value": row.value,
        "of": "any parameter" if row.is_trait else "parameter",
        "vectors": row.vectors,
        "failed": row.failed,
        "others": row.others,
        "others_failed": row.others_failed,
    }
