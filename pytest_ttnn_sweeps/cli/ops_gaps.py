"""``ttnn-sweeps ops gaps``: what is traced but not tested."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import (
    add_formats,
    add_master,
    add_roots,
    add_selection,
    open_master,
    print_rows,
    roots_here,
    selected,
    selection,
    tell,
)
from pytest_ttnn_sweeps.results.attempts import journal_data
from pytest_ttnn_sweeps.results.runs import DEFAULT_ROOT, RunDirectory, find_run, list_runs
from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.names import find_operation
from pytest_ttnn_sweeps.traced.suites import loaded_operations

NAME = "gaps"
_COLUMNS = ("operation", "configuration", "gap", "detail")
_FINE = ("PASS", "XFAIL")
_EXPLANATION = """\
no sweep module   configurations that were never run, of an operation that no file below the sweeps roots loads by
                  name; pytest runs them when it is given the master itself
never run         the results have no vector of the configuration, from a sweep module or from a master; of those that
                  unpack to the same values in the classic suites only the first is a vector
not run           skipped, or the machine was not in order
any other status  how its last vector failed

The exit status is 1 where there are gaps."""


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        NAME,
        help="Traced configurations never run or failing, operations without a sweep module",
        description=_EXPLANATION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_master(parser)
    add_selection(parser)
    add_roots(parser)
    parser.add_argument("--results-dir", type=Path, default=DEFAULT_ROOT, metavar="DIR", help="Where the runs are")
    parser.add_argument(
        "--run",
        dest="run_name",
        metavar="RUN",
        help="The run to look at: an id, its beginning or a path (default: last)",
    )
    parser.add_argument("--all-runs", action="store_true", help="Look at every run, the newest word on each vector")
    add_formats(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the gaps by operation; 1 where there are some."""
    master = open_master(options)
    wanted = selection(options)
    # A master may be tested without any sweep module.
    modules = modules_by_operation(options.root or roots_here(), master.operations)
    statuses = last_statuses(_runs(options))
    rows: list[dict[str, object]] = []
    for operation in master.operations:
        without_module = 0
        for configuration in selected(master, operation, wanted):
            status, detail = statuses.get(configuration.name, ("never run", ""))
            if status == "never run" and operation not in modules:
                without_module += 1
            elif status not in _FINE:
                gap = "not run" if status == "NOT_RUN" else status
                rows.append({"operation": operation, "configuration": configuration.name, "gap": gap, "detail": detail})
        if without_module:
            detail = f"{counted(without_module, 'configuration')} never run; try pytest {master.path}"
            rows.append({"operation": operation, "gap": "no sweep module", "detail": detail})
    _print(rows, options.format)
    return 1 if rows else 0


def modules_by_operation(roots: Iterable[Path], traced: Iterable[str]) -> dict[str, list[Path]]:
    """For each traced operation the sweep files that load its configurations; a broken file is named on stderr."""
    known = list(traced)
    found: dict[str, list[Path]] = {}
    for root in roots:
        for path in sorted(root.rglob("*.py")):
            try:
                for name in loaded_operations(path):
                    operation = find_operation(name, known)
                    if operation is not None:
                        found.setdefault(operation, []).append(path)
            except (SyntaxError, ValueError, OSError) as error:
                print(f"ttnn-sweeps: {path} can't be read: {error}", file=sys.stderr)
    return found


def last_statuses(runs: Iterable[RunDirectory]) -> dict[str, tuple[str, str]]:
    """Status and message of the last vector of each traced configuration in ``runs``, by the configuration's name."""
    statuses: dict[str, tuple[str, str]] = {}
    for run in runs:
        for record in journal_data(run.journal):
            name = record.get("parameters", {}).get("traced_config_name")
            if isinstance(name, str):
                statuses[name] = record["status"], _detail(record)
    return statuses


def _detail(record: Mapping[str, Any]) -> str:
    text = record.get("skip_reason") or record.get("exception_text") or record.get("message") or ""
    return str(text).strip().partition("\n")[0]


def _runs(options: argparse.Namespace) -> list[RunDirectory]:
    if options.all_runs:
        return list_runs(options.results_dir)
    if options.run_name is None and not list_runs(options.results_dir):
        print(f"ttnn-sweeps: no results below {options.results_dir} yet; run pytest", file=sys.stderr)
        return []
    return [find_run(options.results_dir, options.run_name or "last")]


def _print(rows: list[dict[str, object]], format: str | None) -> None:
    if format is not None:
        print_rows(rows, _COLUMNS, format)
        return
    for line in _lines(rows):
        tell(line)
    print(f"{len(rows) or 'no'} gap{'' if len(rows) == 1 else 's'}")


def _lines(rows: list[dict[str, object]]) -> Iterator[str]:
    for row in rows:
        detail = f" ({row['detail']})" if row["detail"] else ""
        yield f"{row.get('configuration', row['operation'])}: {row['gap']}{detail}"
