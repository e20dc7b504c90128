"""Results in a database: SQLite, the embedded default, or PostgreSQL, through one schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Engine, Table, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError

from pytest_ttnn_sweeps.results.destinations import Destination, DestinationError, Refused
from pytest_ttnn_sweeps.results.destinations.tables import (
    UtcTime,
    as_sqlite_text,
    metric_rows,
    metrics,
    result_id,
    result_row,
    results,
    run_row,
    runs,
)
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun
from pytest_ttnn_sweeps.results.runs import DEFAULT_ROOT, make_root
from pytest_ttnn_sweeps.results.secrets import masked

DEFAULT_DATABASE = Path(".ttnn_sweeps", "results.sqlite")
"""What ``sqlite://`` without a path is."""

_CONNECT_SECONDS = 10
_BUSY_SECONDS = 30


class DatabaseDestination(Destination):
    """Rows by (run, module, suite, vector, attempt): what is there already stays as it is.

    One transaction a batch, so that a batch is there or not, and concurrent runs write one database.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._url = database_url(url)
        self._engine: Engine | None = None

    def open(self, run: SweepRun) -> None:
        # Inside a package that projects may vendor: what only databases need is imported with the first one.
        from pytest_ttnn_sweeps.results.destinations.migrations import upgrade

        if self._url.database == str(DEFAULT_DATABASE):
            make_root(DEFAULT_ROOT)
        self._engine = make_engine(self._url)
        with _plain_errors():
            upgrade(self._engine)
            with self._engine.begin() as connection:
                _put_run(connection, run)

    def deliver(self, run: SweepRun, records: Sequence[SweepResult]) -> None:
        assert self._engine is not None, "open() comes first"
        keys = [result_id(run.run_id, record) for record in records]
        rows = [result_row(run.run_id, key, record) for key, record in zip(keys, records)]
        measured = [row for key, record in zip(keys, records) for row in metric_rows(key, record)]
        with _plain_errors(), self._engine.begin() as connection:
            insert_missing(connection, results, rows)
            insert_missing(connection, metrics, measured)

    def finish(self, stored: StoredRun) -> None:
        assert self._engine is not None, "open() comes first"
        with _plain_errors(), self._engine.begin() as connection:
            _put_run(connection, stored.run)

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None


def database_url(url: str) -> URL:
    """``url`` with the driver that we use and a path for the default database. Raises ``DestinationError``."""
    if url.startswith(("postgres:", "postgresql:")):
        url = f"postgresql+psycopg:{url.partition(':')[2]}"
    try:
        parsed = make_url(url)
    except ArgumentError:
        msg = f"--sweep-to {masked(url)}: no URL of a database; write sqlite:///path or postgresql://user@host/name"
        raise DestinationError(msg) from None
    if parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:"):
        parsed = parsed.set(database=str(DEFAULT_DATABASE))
    return parsed


def make_engine(url: URL) -> Engine:
    """An engine with one connection, whose writers wait for one another."""
    if url.get_backend_name() != "sqlite":
        return sqlalchemy.create_engine(
            url, poolclass=sqlalchemy.NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS}
        )
    engine = sqlalchemy.create_engine(
        url, poolclass=sqlalchemy.StaticPool, connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        # sqlite3 would begin a transaction only at the first write, and fail where another has written since.
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys = ON")
        # Readers don't stop writers; some file systems can't, and keep the journal that they have.
        with suppress(Exception):
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def insert_missing(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, and leave those alone that are there."""
    if not rows:
        return
    if connection.dialect.name != "sqlite":
        connection.execute(postgresql.insert(table).on_conflict_do_nothing(), rows)
        return
    # Past SQLAlchemy's handling of each row's parameters, which takes as long as SQLite takes to insert it.
    sql, values_of, converters = _sqlite_insert(table)
    for name, convert in converters:
        for row in rows:
            row[name] = convert(row[name])
    connection.exec_driver_sql(sql, list(map(values_of, rows)))


@cache
def _sqlite_insert(
    table: Table,
) -> tuple[str, Callable[[dict[str, Any]], Any], tuple[tuple[str, Callable[[Any], Any]], ...]]:
    """The statement, what gives a row's values in its order, and how those of some columns are converted before."""
    dialect = sqlite.dialect()
    compiled = sqlite.insert(table).on_conflict_do_nothing().compile(dialect=dialect)
    names = tuple(compiled.positiontup or ())
    converters = []
    for name in names:
        kind = table.c[name].type
        convert = as_sqlite_text if isinstance(kind, UtcTime) else kind.dialect_impl(dialect).bind_processor(dialect)
        if convert is not None:
            converters.append((name, convert))
    return str(compiled), itemgetter(*names), tuple(converters)


def _put_run(connection: Connection, run: SweepRun) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    row = run_row(run)
    statement = dialect.insert(runs).values(row)
    changed = {name: statement.excluded[name] for name in row if name != "run_id"}
    connection.execute(statement.on_conflict_do_update(index_elements=["run_id"], set_=changed))


_PERMANENT = ("permission denied", "readonly database", "password authentication failed", "file is not a database")


@contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn a driver's error into its own words, without the statement and the rows that SQLAlchemy adds."""
    try:
        yield
    except DBAPIError as error:
        words = str(error.orig)
        if isinstance(error, (DataError, IntegrityError)) or any(text in words for text in _PERMANENT):
            raise Refused(words) from None
        raise ConnectionError(f"{type(error.orig).__name__}: {words}") from None
