"""``ttnn-sweeps results show``: everything that a run has of one vector."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.cli.results_output import print_csv, show_tables
from pytest_ttnn_sweeps.cli.results_source import add_run, run_of
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.stored_text import original_text

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.reading import StoredRun
    from pytest_ttnn_sweeps.results.records import SweepResult

_MOST = 20


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser("show", help="Everything about one vector, its attempts too")
    parser.add_argument("vector", metavar="VECTOR", help="The beginning of a vector id, or a node id")
    add_run(parser)
    formats = parser.add_mutually_exclusive_group()
    formats.add_argument("--json", action="store_const", const="json", dest="format", help="Print the records as JSON")
    formats.add_argument("--csv", action="store_const", const="csv", dest="format", help="Print field and value")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the vector's records. Raises ``SweepError`` where there is none or the text fits too many."""
    stored = run_of(options)
    found = [record for record in stored.records() if _is_meant(record, options.vector)]
    vectors = {record.identity for record in found}
    if not found:
        missed = _not_reached(stored, options.vector)
        if missed is not None:
            raise SweepError(missed)
        msg = f"{options.vector!r}: {stored.source} has no such vector"
        raise SweepError(msg)
    if len(vectors) > _MOST:
        msg = f"{options.vector!r} fits {len(vectors)} vectors of {stored.source}; write more of the id, or the node id"
        raise SweepError(msg)
    if options.format == "json":
        print(json.dumps([json.loads(record.to_json()) for record in found], indent=2))
    elif options.format == "csv":
        rows = [[record.vector_id, record.attempt, *pair] for record in found for pair in _fields(record, stored)]
        print_csv(("vector", "attempt", "field", "value"), rows)
    else:
        lines: list[str] = []
        for record in found:
            for name, value in _fields(record, stored):
                text = str(value)
                lines.append(f"{name}: {text}" if "\n" not in text else f"{name}:\n{_indented(text)}")
            lines.append("")
        show_tables(lines[:-1], (), limit=0)
    return 0


def _is_meant(record: SweepResult, text: str) -> bool:
    return record.vector_id.startswith(text) or text in (record.node_id, original_text(record.node_id))


def _not_reached(stored: StoredRun, text: str) -> str | None:
    """What is to be said of a vector that was to run and has no record; None for any other."""
    from pytest_ttnn_sweeps.results.runs import RunDirectory
    from pytest_ttnn_sweeps.results.selection import Selection

    # Exported runs and databases tell how many were to run, not which.
    selection = Selection.read(RunDirectory(Path(stored.source)).selection) if Path(stored.source).is_dir() else None
    node, _, beginning = text.rpartition("::")
    found = list(selection.beginning_with(beginning)) if selection is not None and beginning else []
    found = [(module, suite, name) for module, suite, name in found if not node or node.endswith(f"::{suite}")]
    if not found:
        return None
    module, suite, name = found[0]
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    run = f"pytest --sweep-resume={stored.run.run_id}"
    return f"{text!r}: {module}::{suite} {name}{more} was to run and was not reached; {run} runs it"


def _fields(record: SweepResult, stored: StoredRun) -> Iterator[tuple[str, object]]:
    from pytest_ttnn_sweeps.results.analysis.error_text import error_group
    from pytest_ttnn_sweeps.results.analysis.parameter_text import spelled_parameters
    from pytest_ttnn_sweeps.results.analysis.rerun import rerun_command
    from pytest_ttnn_sweeps.results.analysis.summary import is_failure

    yield "vector", f"{record.module}::{record.suite} {record.vector_id}"
    yield "attempt", record.attempt
    yield "status", record.status
    if is_failure(record.status):
        yield "group", f"{error_group(record).group_id} {error_group(record).text}"
    for name, value in spelled_parameters(record.parameters).items():
        yield f"parameter {name}", value
    for metric in record.metrics:
        samples = f" of {', '.join(map(repr, metric.samples))}" if metric.samples else ""
        yield metric.name, f"{metric.value!r} {metric.unit}".rstrip() + samples
    for name, note in record.notes.items():
        yield f"note {name}", note
    shown = {"vector_id", "module", "suite", "attempt", "status", "parameters", "metrics", "notes"}
    for name in type(record).model_fields:
        value = getattr(record, name)
        if name not in shown and value not in (None, ""):
            yield name, value.isoformat() if hasattr(value, "isoformat") else value
    for name, value in (record.model_extra or {}).items():
        yield name, value
    yield "rerun", rerun_command(record, stored.run)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())
