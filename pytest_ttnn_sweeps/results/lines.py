"""Records as journal lines, written by hand: this runs beside every vector, and `records` says what it writes.

A line is made in two places. The process that ran the vector makes its body, which crosses xdist as one text; the
controller, which alone knows how often it has seen the vector, completes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from typing import Any

from pytest_ttnn_sweeps.results.metrics import Metric
from pytest_ttnn_sweeps.results.outcome import Outcome
from pytest_ttnn_sweeps.results.status import Status
from pytest_ttnn_sweeps.results.stored_text import stored_json, stored_text

_quoted = json.encoder.encode_basestring_ascii
_MAY_NEED_STORED_FORM = re.compile(r"\\u(?:d[89a-f]|0000|241b)", re.IGNORECASE)


def fields(**values: str | None) -> str:
    """Texts as fields of a body, each behind a comma; what is None is left out."""
    return "".join(f',"{name}":{text(value)}' for name, value in values.items() if value is not None)


def text(value: str) -> str:
    """``value``, in stored form, as JSON."""
    return _quoted(stored_text(value))


def parameter(name: str, canonical: str) -> str:
    """A parameter as a field of ``parameters``; ``canonical`` is the canonical text of its value."""
    if _MAY_NEED_STORED_FORM.search(canonical):
        canonical = json.dumps(stored_json(json.loads(canonical)), separators=(",", ":"))
    return f"{text(name)}:{canonical}"


def body(
    *,
    vector_id: str,
    index: int,
    node_id: str,
    place: str,
    parameters: Iterable[str],
    status: Status,
    outcome: Outcome,
    xfail_reason: str | None,
    started: float,
    ended: float,
    duration_s: float,
    setup_s: float,
    circumstances: str,
) -> str:
    """The body of a record: the fields that the process that ran the vector knows.

    ``place`` and ``circumstances`` are made by `fields` once for many records: the module and suite; the worker,
    provider and card. ``parameters`` are made by `parameter`. ``started`` and ``ended`` are seconds since the epoch.
    """
    parts = [
        f'{{"vector_id":"{vector_id}"{place},"index":{index},"node_id":{text(node_id)},"status":"{status.name}"',
        # A machine that isn't in order said nothing about the vector: a resumed run tries it again.
        ',"final":false' if status is Status.NOT_RUN and outcome.skip_reason is None else "",
        f',"message":{text(outcome.message)}' if outcome.message else "",
    ]
    if not outcome.ok:
        parts.append(
            fields(
                exception_type=outcome.exception_type,
                exception_text=outcome.exception_text,
                traceback=outcome.traceback,
                fault=outcome.fault,
            )
        )
    if outcome.skip_reason is not None or xfail_reason is not None:
        parts.append(fields(skip_reason=outcome.skip_reason, xfail_reason=xfail_reason))
    metrics = [_metric(metric) for metric in outcome.metrics]
    if outcome.e2e_ms is not None and all(metric.name != "e2e_ms" for metric in outcome.metrics):
        metrics.append(_metric(Metric("e2e_ms", outcome.e2e_ms, "ms", "lower")))
    if metrics:
        parts.append(f',"metrics":[{",".join(metrics)}]')
    if outcome.notes:
        parts.append(f',"notes":{{{",".join(f"{text(name)}:{text(note)}" for name, note in outcome.notes.items())}}}')
    parts.append(
        f',"started_at":"{utc(started)}","ended_at":"{utc(ended)}","duration_s":{duration_s:.9g}'
        f',"setup_s":{setup_s:.9g}{circumstances},"parameters":{{{",".join(parameters)}}}'
    )
    return "".join(parts)


def line(body: str, *, attempt: int) -> str:
    """The journal's line of a record, with its newline."""
    return f'{body},"attempt":{attempt}}}\n'


def utc(seconds: float) -> str:
    """Seconds since the epoch as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="microseconds")[:26] + "Z"


def _metric(metric: Metric) -> str:
    unit = f',"unit":{text(metric.unit)}' if metric.unit else ""
    better = f',"better":"{metric.better}"' if metric.better != "none" else ""
    samples = f',"samples":[{",".join(map(_number, metric.samples))}]' if metric.samples else ""
    return f'{{"name":{text(metric.name)},"value":{_number(metric.value)}{unit}{better}{samples}}}'


def _number(value: float) -> str:
    if value - value == 0:
        return repr(value)
    return '"NaN"' if value != value else '"Infinity"' if value > 0 else '"-Infinity"'


def parsed(body: str) -> dict[str, Any]:
    """The fields of a body."""
    data: dict[str, Any] = json.loads(body + "}")
    return data
