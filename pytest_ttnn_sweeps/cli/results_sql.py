"""``ttnn-sweeps results sql``: a read-only query over a database, or over journals as tables in memory."""

from __future__ import annotations

import argparse
from typing import Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.cli.runs import add_results_dir
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.runs import LAST


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "sql",
        help="A read-only query over a database or over runs",
        description="The tables are sweep_runs, sweep_results and sweep_metrics; docs/report.md has examples.",
    )
    parser.add_argument("query", metavar="QUERY", help="One SELECT")
    parser.add_argument(
        "sources",
        metavar="RUN",
        nargs="*",
        default=[LAST],
        help="Runs on disk or exported, which are read into memory (default: last), or one database: sqlite:///PATH or "
        "postgresql://..., all of its runs",
    )
    add_results_dir(parser)
    add_formats(parser, csv_rows="the rows")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the answer. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.analysis.query import query_database, query_runs
    from pytest_ttnn_sweeps.results.destinations import resolve
    from pytest_ttnn_sweeps.results.reading import open_run

    sources = [resolve(source) for source in options.sources]
    databases = [source for source in sources if "://" in source]
    if databases and (len(sources) > 1 or "#" in sources[0]):
        msg = "results sql: one database, whole, or runs that are files; a database's run is WHERE run_id = '...'"
        raise SweepError(msg)
    if databases:
        answer = query_database(databases[0], options.query)
    else:
        answer = query_runs([open_run(source, root=options.results_dir) for source in sources], options.query)
    rows = [[_plain(cell) for cell in row] for row in answer.rows]
    if options.format == "json":
        # As pairs of lists: two columns may have one name.
        print_json({"columns": answer.columns, "rows": rows})
    elif options.format == "csv":
        print_csv(answer.columns, rows)
    else:
        table = Table(f"{len(rows)} rows", answer.columns, list(rows))
        show_tables([] if rows else ["0 rows"], [table], limit=options.limit)
    return 0


def _plain(cell: object) -> object:
    if cell is None or isinstance(cell, (bool, int, float, str)):
        return cell
    return cell.hex() if isinstance(cell, bytes) else str(cell)
