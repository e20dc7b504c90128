"""Runs as a database holds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy
from sqlalchemy import ColumnElement, Engine, Table, and_, func, null, select
from sqlalchemy.exc import DBAPIError

from pytest_ttnn_sweeps.results.destinations.database import database_url, make_engine
from pytest_ttnn_sweeps.results.destinations.tables import metrics, record_of, results, runs
from pytest_ttnn_sweeps.results.journal import RecordError
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun, read_run
from pytest_ttnn_sweeps.results.runs import LAST
from pytest_ttnn_sweeps.results.secrets import masked

_AT_ONCE = 1000


def open_stored_run(url: str, run_id: str = LAST) -> StoredRun:
    """A run of the database at ``url``: its id, or ``last``. Raises ``RecordError`` where it isn't there."""
    engine = _reader(url)
    where = masked(url)
    query = select(runs.c.run_id, runs.c.record).order_by(runs.c.started_at.desc()).limit(1)
    if run_id != LAST:
        query = query.where(runs.c.run_id == run_id)
    try:
        with engine.connect() as connection:
            row = connection.execute(query).first()
    except DBAPIError as error:
        msg = f"{where}: holds no results that can be read: {' '.join(str(error.orig).split())}"
        raise RecordError(msg) from None
    if row is None:
        msg = f"{where}: holds no run" if run_id == LAST else f"{where}: holds no run {run_id!r}"
        raise RecordError(msg)
    return _stored(engine, read_run(row.record, where=f"{where}, run {row.run_id}"), where)


def _stored(engine: Engine, run: SweepRun, where: str) -> StoredRun:
    return StoredRun(
        run,
        f"{where}#{run.run_id}",
        lambda: _records(engine, run.run_id, only_final=False),
        lambda: _records(engine, run.run_id, only_final=True),
    )


def _reader(url: str) -> Engine:
    parsed = database_url(url)
    if parsed.get_backend_name() == "sqlite":
        # Reading must not make a database where there is none.
        path = parsed.database or ""
        return sqlalchemy.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    return make_engine(parsed)


def _records(engine: Engine, run_id: str, *, only_final: bool) -> Iterator[SweepResult]:
    """The run's records in the order of their ends; those of one suite by their place in it where ends are equal."""
    result_columns, metric_columns = (_columns(engine, table) for table in (results, metrics))
    query = select(*result_columns).where(results.c.run_id == run_id)
    if only_final:
        last = (
            select(
                results.c.module.label("m"),
                results.c.suite.label("s"),
                results.c.vector_id.label("v"),
                func.max(results.c.attempt).label("a"),
            )
            .where(results.c.run_id == run_id)
            .group_by(results.c.module, results.c.suite, results.c.vector_id)
            .subquery()
        )
        query = query.join(
            last,
            and_(
                results.c.module == last.c.m,
                results.c.suite == last.c.s,
                results.c.vector_id == last.c.v,
                results.c.attempt == last.c.a,
            ),
        )
    query = query.order_by(results.c.ended_at, results.c.module, results.c.suite, results.c.index, results.c.attempt)
    with engine.connect() as connection:
        found = connection.execution_options(stream_results=True, max_row_buffer=_AT_ONCE).execute(query)
        while rows := found.fetchmany(_AT_ONCE):
            keys = [row.result_id for row in rows]
            measured: dict[str, list[object]] = {key: [] for key in keys}
            with engine.connect() as second:
                of_these = select(*metric_columns).where(metrics.c.result_id.in_(keys)).order_by(metrics.c.position)
                for metric in second.execute(of_these):
                    measured[metric.result_id].append(metric)
            for row in rows:
                yield record_of(row, measured[row.result_id])


def _columns(engine: Engine, table: Table) -> list[ColumnElement[Any]]:
    """The table's columns; empty those that a database of an older schema hasn't got: reading changes nothing."""
    there = {column["name"] for column in sqlalchemy.inspect(engine).get_columns(table.name)}
    return [column if column.name in there else null().label(column.name) for column in table.columns]
