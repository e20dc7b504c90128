"""A run as a few lines of Markdown, for the page that a CI job shows (``GITHUB_STEP_SUMMARY``)."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_MOST_SUITES = 50
_MOST_BYTES = 900_000
"""GitHub takes 1 MiB from a step."""


def write_job_summary(
    path: Path, run: Mapping[str, Any], suites: Mapping[str, Mapping[str, int]], *, not_reached: int = 0
) -> None:
    """Append the summary of ``run`` (plain data of `SweepRun`) to ``path``.

    ``suites`` are counts by status for each suite; ``not_reached`` is how many selected vectors have no record.
    What would make the page too long is left out.
    """
    text = "\n".join(_lines(run, suites, not_reached)) + "\n"
    with path.open("a", encoding="utf-8") as file:
        if file.tell() + len(text.encode()) <= _MOST_BYTES:
            file.write(text)


def _lines(run: Mapping[str, Any], suites: Mapping[str, Mapping[str, int]], not_reached: int) -> Iterable[str]:
    yield f"### TTNN sweeps: {run['status'].replace('_', ' ')}"
    yield ""
    counts = ", ".join(f"{count} {status}" for status, count in run.get("counts", {}).items())
    yield f"{counts or 'No vector ran'}. Run `{run['run_id']}` on {_text(run.get('card_type') or 'an unknown card')}."
    invalid = sum(run.get("invalid", {}).values())
    if invalid:
        yield f"{invalid} invalid vectors did not run."
    if not_reached:
        yield f"{not_reached} selected vectors were not reached."
    yield ""
    order = sorted(suites, key=lambda name: (-_failures(suites[name]), name))
    yield "| suite | passed | failed | other |"
    yield "|---|---:|---:|---:|"
    for name in order[:_MOST_SUITES]:
        statuses = suites[name]
        passed, failed = statuses.get("PASS", 0), _failures(statuses)
        yield f"| {_text(name)} | {passed} | {failed} | {sum(statuses.values()) - passed - failed} |"
    if len(order) > _MOST_SUITES:
        yield ""
        yield f"... and {len(order) - _MOST_SUITES} more suites with fewer failures."


def _failures(statuses: Mapping[str, int]) -> int:
    return sum(count for status, count in statuses.items() if status.startswith("FAIL"))


def _text(text: str) -> str:
    # Suite names are free text: neither markup nor a new cell.
    return html.escape(" ".join(text.split())).replace("|", "&#124;").replace("`", "&#96;")
