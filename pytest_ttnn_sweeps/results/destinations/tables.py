"""The tables of results in a database, the same in SQLite and PostgreSQL."""

from __future__ import annotations

import hashlib
import json
import math
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

from pytest_ttnn_sweeps.results.records import MetricRecord, SweepResult, SweepRun

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(column_0_label)s",
    }
)


class UtcTime(TypeDecorator[datetime]):
    """A time in UTC; SQLite, which has no time zones, keeps it without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(timezone.utc)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=timezone.utc) if value.tzinfo is None else value.astimezone(timezone.utc)


def as_sqlite_text(value: datetime) -> str:
    """A time as SQLAlchemy's SQLite stores a `UtcTime`: several times as fast as by its own way."""
    if value.utcoffset():
        value = value.astimezone(timezone.utc)
    return value.isoformat(" ", "microseconds")[:26]


runs = Table(
    "sweep_runs",
    metadata,
    Column("run_id", String(64), primary_key=True),
    Column("schema_version", Integer, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime),
    Column("sealed_at", UtcTime),
    Column("status", String(20), nullable=False),
    Column("host", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("git_sha", String(64)),
    Column("git_branch", Text),
    Column("git_author", Text),
    Column("git_dirty", Boolean),
    Column("ci_provider", String(20)),
    Column("ci_pipeline_id", Text),
    Column("ci_job_id", Text),
    Column("provider", String(20)),
    Column("provider_version", Text),
    Column("card_type", Text),
    # The whole record; what is asked for often has columns of its own.
    Column("record", Text, nullable=False),
    Index("ix_sweep_runs_started_at", "started_at"),
)

results = Table(
    "sweep_results",
    metadata,
    # A hash of (run, module, suite, vector, attempt): what is delivered twice has one row, without a wide key.
    Column("result_id", String(32), primary_key=True),
    Column("run_id", String(64), ForeignKey("sweep_runs.run_id", ondelete="CASCADE"), nullable=False),
    Column("module", Text, nullable=False),
    Column("suite", Text, nullable=False),
    Column("vector_id", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("index", BigInteger),
    Column("node_id", Text, nullable=False),
    Column("input_hash", Text),
    Column("input_hash_2025", Text),
    # JSON as text: jsonb refuses some texts and reorders the keys of others.
    Column("parameters", Text, nullable=False),
    Column("status", String(32), nullable=False),
    Column("final", Boolean, nullable=False),
    Column("message", Text, nullable=False),
    Column("exception_type", Text),
    Column("exception_text", Text),
    Column("traceback", Text),
    Column("fault", String(20)),
    Column("skip_reason", Text),
    Column("xfail_reason", Text),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("duration_s", Float, nullable=False),
    Column("setup_s", Float, nullable=False),
    Column("worker", Text, nullable=False),
    Column("retries", Integer, nullable=False),
    Column("provider", String(20)),
    Column("provider_version", Text),
    Column("card_type", Text),
    Column("device_session", Text),
    Column("firmware", Text),
    Column("driver", Text),
    # A JSON object of texts, where there are any.
    Column("notes", Text),
    # Fields of a newer minor version of the schema.
    Column("extra", Text),
    Index("ix_sweep_results_run_id", "run_id"),
    Index("ix_sweep_results_vector_id", "vector_id"),
)

metrics = Table(
    "sweep_metrics",
    metadata,
    Column("result_id", String(32), ForeignKey("sweep_results.result_id", ondelete="CASCADE"), primary_key=True),
    # Not the name: PostgreSQL's indexes refuse long ones.
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    # Empty for NaN, infinities and -0.0, which not every database keeps; `special` spells them.
    Column("value", Float),
    Column("special", String(9)),
    Column("unit", Text, nullable=False),
    Column("better", String(6), nullable=False),
    # A JSON array of numbers, where the value sums up several; those that JSON hasn't are the texts of `special`.
    Column("samples", Text),
)

_RESULT_FIELDS = tuple(
    column.name
    for column in results.columns
    if column.name not in ("result_id", "run_id", "parameters", "notes", "extra")
)
_RUN_FIELDS = tuple(column.name for column in runs.columns if column.name not in ("record", "status"))


def result_id(run_id: str, record: SweepResult) -> str:
    """The key of a record's row."""
    identity = "\0".join((run_id, record.module, record.suite, record.vector_id, str(record.attempt)))
    return hashlib.blake2b(identity.encode("utf-8"), digest_size=16).hexdigest()


def run_row(run: SweepRun) -> dict[str, Any]:
    """The row of a run."""
    return {name: getattr(run, name) for name in _RUN_FIELDS} | {"status": run.status.value, "record": run.to_json()}


def result_row(run_id: str, key: str, record: SweepResult) -> dict[str, Any]:
    """The row of a record, without its metrics."""
    fields = record.__dict__
    row = {name: fields[name] for name in _RESULT_FIELDS}
    row["result_id"], row["run_id"] = key, run_id
    row["parameters"] = _compact(record.parameters)
    row["notes"] = _compact(record.notes) if record.notes else None
    row["extra"] = json.dumps(record.model_extra) if record.model_extra else None
    return row


_compact = json.JSONEncoder(separators=(",", ":")).encode


def metric_rows(key: str, record: SweepResult) -> list[dict[str, Any]]:
    """The rows of a record's metrics."""
    rows = []
    for position, metric in enumerate(record.metrics):
        value = metric.value
        special = None if value and value - value == 0 else _special(value)
        rows.append(
            {
                "result_id": key,
                "position": position,
                "name": metric.name,
                "value": value if special is None else None,
                "special": special,
                "unit": metric.unit,
                "better": metric.better,
                "samples": _compact([_json_number(sample) for sample in metric.samples]) if metric.samples else None,
            }
        )
    return rows


def record_of(row: Any, metric_rows: list[Any]) -> SweepResult:
    """The record that a row and its metrics' rows hold."""
    data = {name: getattr(row, name) for name in _RESULT_FIELDS}
    extra = json.loads(row.extra) if row.extra else {}
    found = [
        MetricRecord(
            name=metric.name,
            value=float(metric.special) if metric.special else metric.value,
            unit=metric.unit,
            better=metric.better,
            samples=tuple(map(float, json.loads(metric.samples))) if metric.samples else (),
        )
        for metric in metric_rows
    ]
    notes = json.loads(row.notes) if row.notes else {}
    return SweepResult(**extra, **data, parameters=json.loads(row.parameters), metrics=tuple(found), notes=notes)


def _json_number(value: float) -> float | str:
    return value if math.isfinite(value) else _special(value) or value


def _special(value: float) -> str | None:
    """The text of a number that SQLite would turn into another or into none."""
    if value == 0:
        return "-0.0" if math.copysign(1, value) < 0 else None
    if math.isfinite(value):
        return None
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
