"""``ttnn-sweeps results compare``: what became different from one run to another."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.cli.results_output import Table, add_formats, print_csv, print_json, show_tables
from pytest_ttnn_sweeps.cli.results_source import add_run, run_of

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.comparison import Change, Comparison, Side

_COLUMNS = (
    *("change", "module", "suite", "vector", "status before", "status after", "PCC before", "PCC after"),
    *("ms before", "ms after", "time ratio", "ms interval before", "ms interval after"),
    *("device ns before", "device ns after", "device ratio", "L1 B before", "L1 B after", "message"),
)
_OF_ONE_KIND = {
    **dict.fromkeys(("ms interval before", "ms interval after"), "time"),
    **dict.fromkeys(("device ns before", "device ns after", "device ratio"), "device"),
    **dict.fromkeys(("L1 B before", "L1 B after"), "memory"),
}
"""Columns that the tables in the terminal have for that kind of change alone."""


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "compare",
        help="New failures, fixes, missing and new vectors, changes of PCC, times and memory",
        description="The exit code is 1 where the second run has failures that the first one hasn't. Times that were "
        "measured often enough differ where the 95 % intervals of their medians don't overlap, too.",
    )
    add_run(parser, "before", optional=False)
    add_run(parser, "after", optional=False)
    parser.add_argument(
        "--pcc-change", type=_number, default=0.001, metavar="X", help="Changes beyond it count (default: 0.001)"
    )
    parser.add_argument(
        "--time-change", type=_number, default=20.0, metavar="PERCENT", help="Changes beyond it count (default: 20)"
    )
    parser.add_argument(
        "--time-change-ms", type=_number, default=0.5, metavar="MS", help="... and beyond this, too (default: 0.5)"
    )
    parser.add_argument(
        "--memory-change", type=_number, default=1.0, metavar="PERCENT", help="Changes beyond it count (default: 1)"
    )
    add_formats(parser, csv_rows="the changes")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the differences. Raises ``SweepError``."""
    from pytest_ttnn_sweeps.results.comparison import KINDS, Limits, compare

    limits = Limits(options.pcc_change, options.time_change / 100, options.time_change_ms, options.memory_change / 100)
    comparison = compare(run_of(options, "before"), run_of(options, "after"), limits=limits)
    status = int(comparison.has_new_failures)
    if options.format == "json":
        print_json(_facts(comparison))
    elif options.format == "csv":
        print_csv(_COLUMNS, [_cells(change) for kind in KINDS for change in comparison.changes[kind]])
    else:
        counts = ", ".join(f"{len(comparison.changes[kind])} {words}" for kind, words in KINDS.items())
        lines = [
            f"{comparison.before.run_id} -> {comparison.after.run_id}: {comparison.common} vectors in both",
            counts,
            *(f"note: {note}" for note in comparison.notes),
        ]
        tables = []
        for kind, words in KINDS.items():
            rows = [_cells(change)[1:] for change in comparison.changes[kind]]
            kept = [
                at
                for at, column in enumerate(_COLUMNS[1:])
                if _OF_ONE_KIND.get(column, kind) == kind and any(row[at] not in (None, "") for row in rows)
            ]
            columns = [_COLUMNS[at + 1] for at in kept]
            tables.append(Table(f"{words}: {len(rows)}", columns, [[row[at] for at in kept] for row in rows]))
        show_tables(lines, tables, limit=options.limit)
    return status


def _cells(change: Change) -> list[object]:
    before, after = change.before, change.after
    either = after or before
    assert either is not None
    return [
        *(change.kind, change.module, change.suite, change.vector_id),
        *(before and before.status, after and after.status),
        *(before and before.pcc, after and after.pcc),
        *(before and before.time_ms, after and after.time_ms, change.time_ratio),
        *(_interval(before), _interval(after)),
        *(before and before.device_ns, after and after.device_ns, change.device_ratio),
        *(before and before.peak_l1, after and after.peak_l1),
        (after.message if after is not None else "") or (before.message if before is not None else ""),
    ]


def _interval(side: Side | None) -> str | None:
    interval = side.time_interval if side is not None else None
    return None if interval is None else f"{interval[0]:.6g} to {interval[1]:.6g}"


def _facts(comparison: Comparison) -> dict[str, object]:
    return {
        "before": comparison.before.run_id,
        "after": comparison.after.run_id,
        "common": comparison.common,
        "notes": comparison.notes,
        "counts": {kind: len(changes) for kind, changes in comparison.changes.items()},
        "changes": [
            {
                "kind": change.kind,
                "module": change.module,
                "suite": change.suite,
                "vector_id": change.vector_id,
                "before": _side(change.before),
                "after": _side(change.after),
            }
            for changes in comparison.changes.values()
            for change in changes
        ],
    }


def _side(side: Side | None) -> dict[str, object] | None:
    if side is None:
        return None
    measured = {
        "pcc": side.pcc,
        "time_ms": side.time_ms,
        "time_is": side.clock,
        "time_interval_ms": side.time_interval,
        "device_ns": side.device_ns,
        "peak_l1_bytes_per_core": side.peak_l1,
    }
    return {"status": side.status, "group": side.group_id, "message": side.message, **measured}


def _number(text: str) -> float:
    value = float(text)
    if not value >= 0:
        raise ValueError(text)
    return value
