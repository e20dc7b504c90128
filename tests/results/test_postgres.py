"""A real PostgreSQL as a destination: happy path, every way to fail, and nothing lost."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import NUMBERS, TEXTS, alike
from postgres import PASSWORD, PostgresServer, free_port
from records import body, hostile_bodies, original_texts, samples, write_run
from replaying import deliver, ended, journal, replay, stored

from pytest_ttnn_sweeps.results import Outcome, Status
from pytest_ttnn_sweeps.results.delivery import Delivery, Progress
from pytest_ttnn_sweeps.results.destinations import make
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.runs import RunWriter
from pytest_ttnn_sweeps.results.stored_text import original_text


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    server.start()
    yield server
    server.close()


def test_a_run_is_there_as_it_was_and_a_second_delivery_changes_nothing(server: PostgresServer, tmp_path: Path) -> None:
    """Run and records read back equal, attempts included."""
    url = server.fresh("happy")
    directory = write_run(tmp_path, [*(body(number) for number in range(1200)), body(3), body(3)])

    assert deliver(directory, url).complete
    rows = server.execute("SELECT * FROM sweep_results ORDER BY result_id", database="happy")
    assert deliver(directory, url).complete

    assert server.execute("SELECT * FROM sweep_results ORDER BY result_id", database="happy") == rows
    assert stored(url, directory) == journal(directory)
    assert open_run(url).run == open_run(directory).run
    assert len(list(open_run(url).final_records())) == 1200
    assert server.execute("SELECT max(attempt), count(*) FROM sweep_results", database="happy") == [(3, 1202)]


def test_hostile_texts_and_numbers_come_back(server: PostgresServer, tmp_path: Path) -> None:
    """In every text field; also 10 MB, which no column cuts."""
    url = server.fresh("hostile")
    huge = "0123456\0é" * 1_000_000
    outcome = Outcome(False, huge)
    last = body(len(TEXTS), status=Status.FAIL_ASSERT_EXCEPTION, outcome=outcome)
    directory = write_run(tmp_path, [*hostile_bodies(TEXTS.values(), NUMBERS), last])

    report = deliver(directory, url)

    assert report.complete, report.error
    found = {record.index: record for record in open_run(url).records()}
    assert original_text(found[len(TEXTS)].message) == huge
    for number, text in enumerate(TEXTS.values()):
        assert set(original_texts(found[number])) == {text}
        assert alike([metric.value for metric in found[number].metrics][: len(NUMBERS)], list(NUMBERS))
        assert alike(samples(found[number]), list(NUMBERS))
    assert server.execute("SELECT count(*) FROM sweep_results", database="hostile") == [(len(TEXTS) + 1,)]


def test_four_jobs_start_at_once_on_an_empty_database(server: PostgresServer, tmp_path: Path) -> None:
    """Tables are made once; every run is whole; two of the jobs deliver the same run."""
    url = server.fresh("four")
    runs = [write_run(tmp_path, [body(number) for number in range(700)]) for _ in range(3)]

    jobs = [replay(directory, url) for directory in (*runs, runs[0])]
    ends = [ended(job) for job in jobs]

    assert [code for code, _ in ends] == [0] * 4, ends
    for directory in runs:
        assert stored(url, directory) == journal(directory)
    assert PASSWORD not in repr(ends)
    assert "Geheim" not in repr(ends)


def test_a_server_that_is_down_at_first_gets_everything_later(tmp_path: Path) -> None:
    """The delivery goes on trying while the run goes on."""
    server = PostgresServer()
    directory = write_run(tmp_path, [body(number) for number in range(600)])
    progress = Progress()
    delivery = Delivery(make(server.url()), directory, progress)
    thread = threading.Thread(target=delivery.run)
    thread.start()
    try:
        server.start()
        progress.end(sealed=True, within=60)
        thread.join()

        assert delivery.report.complete, delivery.report.error
        assert stored(server.url(), directory) == journal(directory)
    finally:
        progress.end(sealed=True, within=0)
        thread.join()
        server.close()


def test_a_server_that_crashes_between_batches_gets_everything_after_its_restart(tmp_path: Path) -> None:
    """Batches whose fate is unknown are sent again and are there once."""
    server = PostgresServer()
    server.start()
    try:
        directory = write_run(tmp_path, [body(number) for number in range(400)], sealed=False)
        progress = Progress()
        delivery = Delivery(make(server.url()), directory, progress)
        thread = threading.Thread(target=delivery.run)
        thread.start()
        while delivery.report.delivered < 400:
            thread.join(0.02)
        server.crash()
        writer = RunWriter.resume(directory, {"started_at": "2026-01-01T00:00:00.000000Z", "command": ()})
        for number in range(400, 900):
            writer.append(**body(number))
        while delivery.report.error is None:
            thread.join(0.02)
        server.start()
        writer.seal({"exit_code": 0}, {"status": "passed"})
        progress.end(sealed=True, within=60)
        thread.join()

        assert delivery.report.complete, delivery.report.error
        assert stored(server.url(), directory) == journal(directory)
    finally:
        server.close()


@pytest.mark.parametrize(
    ("user", "password", "words"),
    [("owner", "Wrong-Geheim", "password authentication failed"), ("guest", "Gast-Geheim", "permission denied")],
)
def test_what_is_denied_is_told_at_once_and_can_be_delivered_later(
    server: PostgresServer, tmp_path: Path, user: str, password: str, words: str
) -> None:
    """No retries, no secret in the words; the journal has everything."""
    url = server.fresh("denied")
    server.execute(
        "DROP ROLE IF EXISTS guest",
        "CREATE ROLE guest LOGIN PASSWORD 'Gast-Geheim'",
    )
    server.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC", database="denied")
    directory = write_run(tmp_path, [body(number) for number in range(3)])

    code, output = ended(replay(directory, server.url("denied", user=user, password=password)))

    assert code == 1
    assert words in output
    assert "Geheim" not in output + directory.delivery.read_text()
    assert deliver(directory, url).complete
    assert stored(url, directory) == journal(directory)


def test_a_server_that_never_answers_costs_the_time_limit_and_no_more(tmp_path: Path) -> None:
    """A port that accepts and says nothing."""
    directory = write_run(tmp_path, [body()])
    with socket.create_server(("127.0.0.1", 0)) as silent:
        job = subprocess.run(
            [
                *(sys.executable, "-m", "pytest_ttnn_sweeps.cli", "replay", str(directory.path), "--timeout", "1"),
                *("--to", f"postgresql://me:Geheim@127.0.0.1:{silent.getsockname()[1]}/x"),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )

    assert job.returncode == 1
    # A slow machine may need all of the time to get there.
    assert "still busy" in job.stderr or "the time for delivering was up" in job.stderr
    assert "Geheim" not in job.stdout + job.stderr


def test_nobody_listening_is_told_after_a_few_tries(tmp_path: Path) -> None:
    """In words of one line."""
    directory = write_run(tmp_path, [body()])

    report = deliver(directory, f"postgresql://me:Geheim@127.0.0.1:{free_port()}/x", within=60)

    assert not report.complete
    assert "Connection refused" in (report.error or "")
    assert "Geheim" not in f"{report}"


def test_a_newer_database_is_refused(server: PostgresServer, tmp_path: Path) -> None:
    """With what to do."""
    url = server.fresh("newer")
    directory = write_run(tmp_path, [body()])
    assert deliver(directory, url).complete
    server.execute("UPDATE sweep_schema_version SET version_num = '9999'", database="newer")

    report = deliver(directory, url)

    assert "schema 9999, newer than this package's" in (report.error or "")
    assert "update pytest-ttnn-sweeps" in (report.error or "")


def test_the_migrations_make_the_tables_that_the_code_has(server: PostgresServer, tmp_path: Path) -> None:
    """Alembic's own comparison finds no difference."""
    import sqlalchemy
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from pytest_ttnn_sweeps.results.destinations.database import database_url
    from pytest_ttnn_sweeps.results.destinations.migrations import VERSION_TABLE, upgrade
    from pytest_ttnn_sweeps.results.destinations.tables import metadata

    urls = [server.fresh("migrated"), f"sqlite:///{tmp_path}/x.db"]
    for url in urls:
        engine = sqlalchemy.create_engine(database_url(url), poolclass=sqlalchemy.NullPool)
        upgrade(engine)
        with engine.connect() as connection:
            options = {"version_table": VERSION_TABLE, "compare_type": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, metadata) == []
