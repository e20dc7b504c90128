"""SQL over results, read-only: over a database as it is, over journals through the same tables in memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import quote

import sqlalchemy
from sqlalchemy.engine import URL

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.destinations import check
from pytest_ttnn_sweeps.results.destinations.database import database_url, insert_missing
from pytest_ttnn_sweeps.results.destinations.tables import (
    metadata,
    metric_rows,
    metrics,
    result_id,
    result_row,
    results,
    run_row,
    runs,
)
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.secrets import scrubbed, secrets_of

_AT_ONCE = 500
_CONNECT_SECONDS = 10
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_TELLING_PRAGMAS = ("table_info", "table_list", "index_list")


class QueryError(SweepError):
    """A query that can't be answered, in the database's words."""


@dataclass(frozen=True)
class Answer:
    """What a query gave."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


def query_database(url: str, query: str) -> Answer:
    """The answer of the database at ``url``, which takes no other statement than one that reads.

    Raises ``QueryError`` in the database's words, and ``DestinationError`` for a URL that names no database.
    """
    check(url)
    parsed = database_url(url)
    if parsed.get_backend_name() != "sqlite":
        return _ask_postgres(parsed, url, query)
    path = Path(parsed.database or "")
    if not path.is_file():
        msg = f"{path}: there is no such database"
        raise QueryError(msg)
    with _plain_errors(url), closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        return _ask_sqlite(connection, query)


def query_runs(stored: Iterable[StoredRun], query: str) -> Answer:
    """The answer over these runs, with all attempts; about 2.5 KB of memory a record. Raises ``QueryError``."""
    with closing(sqlite3.connect(":memory:")) as connection:
        _load(connection, stored)
        with _plain_errors(""):
            return _ask_sqlite(connection, query)


def _load(connection: sqlite3.Connection, stored: Iterable[StoredRun]) -> None:
    engine = sqlalchemy.create_engine("sqlite://", creator=lambda: connection, poolclass=sqlalchemy.StaticPool)
    metadata.create_all(engine)
    with engine.begin() as rows:
        for run in stored:
            insert_missing(rows, runs, [run_row(run.run)])
            run_id = run.run.run_id
            records = run.records()
            while batch := [(result_id(run_id, record), record) for record in islice(records, _AT_ONCE)]:
                insert_missing(rows, results, [result_row(run_id, key, record) for key, record in batch])
                insert_missing(rows, metrics, [row for key, record in batch for row in metric_rows(key, record)])


def _ask_sqlite(connection: sqlite3.Connection, query: str) -> Answer:
    connection.set_authorizer(_authorize)
    cursor = connection.execute(query)
    return Answer([column[0] for column in cursor.description or ()], cursor.fetchall())


def _authorize(action: int, first: str | None, *_: str | None) -> int:
    reads = action in _READING or (action == sqlite3.SQLITE_PRAGMA and first in _TELLING_PRAGMAS)
    return sqlite3.SQLITE_OK if reads else sqlite3.SQLITE_DENY


def _ask_postgres(parsed: URL, url: str, query: str) -> Answer:
    # Imported where it is used: it is an extra, and most look at journals.
    import psycopg

    address = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, connect_timeout=_CONNECT_SECONDS) as connection:
            connection.read_only = True
            # Prepared: a text of several statements, which could end the read-only transaction, is refused.
            cursor = connection.execute(query.encode(), prepare=True)
            columns = [column.name for column in cursor.description or ()]
            return Answer(columns, cursor.fetchall() if cursor.description else [])
    except (psycopg.Error, UnicodeEncodeError) as error:
        raise QueryError(_words(error, url)) from None


@contextmanager
def _plain_errors(url: str) -> Iterator[None]:
    try:
        yield
    # Before Python 3.12 several statements at once are a Warning, which is no Error.
    except (sqlite3.Error, sqlite3.Warning, UnicodeEncodeError) as error:
        raise QueryError(_words(error, url)) from None


def _words(error: BaseException, url: str) -> str:
    words = " ".join(str(error).split())
    if words in ("not authorized", "authorization denied"):
        words = "only reading is allowed here"
    return f"the query failed: {scrubbed(words, secrets_of(url))}"
