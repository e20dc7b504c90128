"""SQL over results, and nothing but reading."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from postgres import PostgresServer
from records import body, write_run
from replaying import deliver

from pytest_ttnn_sweeps.results import Outcome, Status
from pytest_ttnn_sweeps.results.analysis.query import QueryError, query_database, query_runs
from pytest_ttnn_sweeps.results.reading import open_run

COUNTS = "SELECT status, count(*) AS vectors FROM sweep_results GROUP BY status ORDER BY status"
WRITES = (
    "DELETE FROM sweep_results",
    "INSERT INTO sweep_runs SELECT * FROM sweep_runs",
    "CREATE TABLE x (a int)",
    "DROP TABLE sweep_metrics",
    "UPDATE sweep_results SET message = ''",
)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.close()


def bodies() -> Iterator[dict[str, object]]:
    yield from (body(number) for number in range(3))
    yield body(3, status=Status.FAIL_ASSERT_EXCEPTION, outcome=Outcome(False, "no"))
    yield body(3)


def test_runs_are_tables_in_memory(tmp_path: Path) -> None:
    """All attempts of all runs that are named, with their metrics; as many as the journals have."""
    runs = [open_run(write_run(tmp_path, bodies())) for _ in range(2)]  # type: ignore[arg-type]

    answer = query_runs(runs, COUNTS)

    assert list(answer.columns) == ["status", "vectors"]
    assert list(answer.rows) == [("FAIL_ASSERT_EXCEPTION", 2), ("PASS", 8)]
    joined = "SELECT count(*), min(value) FROM sweep_metrics JOIN sweep_results USING (result_id) WHERE name = 'pcc'"
    assert list(query_runs(runs, joined).rows) == [(8, 0.99)]
    # A run that is named twice is there once.
    assert list(query_runs([runs[0], runs[0]], "SELECT count(*) FROM sweep_results").rows) == [(5,)]


@pytest.mark.parametrize("statement", [*WRITES, "ATTACH 'x.sqlite' AS x", "PRAGMA writable_schema = 1", "VACUUM"])
def test_nothing_but_reading_is_allowed(tmp_path: Path, statement: str) -> None:
    """Neither in memory nor in a file, which stays as it was."""
    directory = write_run(tmp_path / "runs", bodies())  # type: ignore[arg-type]
    database = tmp_path / "results.sqlite"
    deliver(directory, f"sqlite:///{database}")
    before = dump(database)

    with pytest.raises(QueryError, match="only reading is allowed here"):
        query_runs([open_run(directory)], statement)
    with pytest.raises(QueryError, match="only reading is allowed here"):
        query_database(f"sqlite:///{database}", statement)

    assert dump(database) == before
    assert not Path("x.sqlite").exists()


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("query", "words"),
    [("SELEKT", "syntax error"), ("SELECT 1; SELECT 2", "one statement"), ("SELECT colour", "no such column")],
)
def test_a_wrong_query_is_one_line(tmp_path: Path, query: str, words: str) -> None:
    """In the database's words."""
    with pytest.raises(QueryError, match=words) as caught:
        query_runs([open_run(write_run(tmp_path, [body()]))], query)
    assert "\n" not in str(caught.value)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Its path may be wrong."""
    with pytest.raises(QueryError, match="no such database"):
        query_database(f"sqlite:///{tmp_path}/none.sqlite", COUNTS)
    assert list(tmp_path.iterdir()) == []


def test_postgres_answers_and_lets_nothing_be_written(server: PostgresServer, tmp_path: Path) -> None:
    """Also not behind the end of the transaction, nor by functions; and errors show no password."""
    url = server.fresh("queries")
    deliver(write_run(tmp_path, bodies()), url)  # type: ignore[arg-type]

    answer = query_database(url, COUNTS)
    assert (list(answer.columns), list(answer.rows)) == (
        ["status", "vectors"],
        [("FAIL_ASSERT_EXCEPTION", 1), ("PASS", 4)],
    )
    assert list(query_database(url, "SELECT '50 %', 1 % 2").rows) == [("50 %", 1)]
    for statement in [
        *WRITES,
        "COMMIT; DELETE FROM sweep_results",
        "WITH gone AS (DELETE FROM sweep_results RETURNING *) SELECT * FROM gone",
        "SELECT set_config('transaction_read_only', 'off', false); DELETE FROM sweep_results",
    ]:
        with pytest.raises(QueryError):
            query_database(url, statement)
    assert server.execute(COUNTS, database="queries") == [("FAIL_ASSERT_EXCEPTION", 1), ("PASS", 4)]
    with pytest.raises(QueryError) as caught:
        query_database(url.replace("Geheim", "Falsch"), COUNTS)
    assert "tresor" not in str(caught.value)
