"""SQLite as a destination: the embedded default."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hostile import NUMBERS, TEXTS, alike
from records import body, hostile_bodies, original_parameters, original_texts, samples, write_run
from replaying import deliver, ended, journal, replay, stored

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.delivery import Progress
from pytest_ttnn_sweeps.results.delivery_process import deliver as deliver_to_all
from pytest_ttnn_sweeps.results.destinations import check
from pytest_ttnn_sweeps.results.journal import RecordError
from pytest_ttnn_sweeps.results.reading import open_run


def rows(path: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_run_is_there_as_it_was_and_a_second_delivery_changes_nothing(tmp_path: Path) -> None:
    """Run and records read back equal, attempts included."""
    path = tmp_path / "results.sqlite"
    directory = write_run(tmp_path / "runs", [*(body(number) for number in range(1200)), body(3), body(3)])

    assert deliver(directory, f"sqlite:///{path}").complete
    dump = rows(path, "SELECT * FROM sweep_results ORDER BY result_id")
    measured = rows(path, "SELECT * FROM sweep_metrics ORDER BY result_id, position")
    assert deliver(directory, f"sqlite:///{path}").complete

    assert rows(path, "SELECT * FROM sweep_results ORDER BY result_id") == dump
    assert rows(path, "SELECT * FROM sweep_metrics ORDER BY result_id, position") == measured
    assert len(dump) == 1202
    assert stored(f"sqlite:///{path}", directory) == journal(directory)
    assert open_run(f"sqlite:///{path}").run == open_run(directory).run
    finals = {(record.index, record.attempt) for record in open_run(f"sqlite:///{path}").final_records()}
    assert finals == {(number, 3 if number == 3 else 1) for number in range(1200)}


def test_hostile_texts_and_numbers_come_back(tmp_path: Path) -> None:
    """In every text field, 10 MB too; the tables are all still there."""
    url = f"sqlite:///{tmp_path}/results.sqlite"
    huge = "0123456\0é" * 1_000_000
    last = body(len(TEXTS), status=Status.FAIL_ASSERT_EXCEPTION, outcome=Outcome(False, huge, exception_text=huge))
    directory = write_run(tmp_path / "runs", [*hostile_bodies(TEXTS.values(), NUMBERS), last])

    report = deliver(directory, url)

    assert report.complete, report.error
    found = {record.index: record for record in open_run(url).records()}
    assert len(found) == len(TEXTS) + 1
    for number, text in enumerate(TEXTS.values()):
        assert set(original_texts(found[number])) == {text}
        assert original_parameters(found[number])
        assert alike([metric.value for metric in found[number].metrics][: len(NUMBERS)], list(NUMBERS))
        assert alike(samples(found[number]), list(NUMBERS))
    assert stored(url, directory) == journal(directory)


def test_four_jobs_write_one_new_database_at_once(tmp_path: Path) -> None:
    """Every run is whole; two of the jobs deliver the same one."""
    url = f"sqlite:///{tmp_path}/results.sqlite"
    runs = [write_run(tmp_path / "runs", [body(number) for number in range(700)]) for _ in range(3)]

    ends = [ended(job) for job in [replay(directory, url) for directory in (*runs, runs[0])]]

    assert [code for code, _ in ends] == [0] * 4, ends
    for directory in runs:
        assert stored(url, directory) == journal(directory)


def test_a_full_disk_is_told_and_the_rest_is_delivered_later(tmp_path: Path) -> None:
    """The limit on the process's files stands for the disk's; the file that it leaves is a sound database."""
    path = tmp_path / "results.sqlite"
    bodies = [body(number, outcome=Outcome(True, "x" * 2000)) for number in range(2000)]
    directory = write_run(tmp_path / "runs", bodies)

    code, output = ended(replay(directory, f"sqlite:///{path}", file_blocks=800))

    assert code == 1
    assert "disk" in output
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert ended(replay(directory, f"sqlite:///{path}"))[0] == 0
    assert stored(f"sqlite:///{path}", directory) == journal(directory)


def test_a_database_that_is_locked_for_a_while_is_waited_for(tmp_path: Path) -> None:
    """Another program's transaction costs patience, not records."""
    path = tmp_path / "results.sqlite"
    first, second = (write_run(tmp_path / "runs", [body()]) for _ in range(2))
    assert deliver(first, f"sqlite:///{path}").complete
    other = sqlite3.connect(path, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(1.0, other.rollback)
    release.start()

    report = deliver(second, f"sqlite:///{path}")

    release.join()
    other.close()
    assert report.complete, report.error


@pytest.mark.parametrize(
    ("make", "words"), [("text", "file is not a database"), ("directory", "unable to open database file")]
)
def test_what_is_no_database_is_told(tmp_path: Path, make: str, words: str) -> None:
    """And left as it is."""
    path = tmp_path / "results.sqlite"
    if make == "text":
        path.write_text("my diary, which is long enough to be no empty file" * 30)
    else:
        path.mkdir()
    before = path.read_text() if make == "text" else None

    report = deliver(write_run(tmp_path / "runs", [body()]), f"sqlite:///{path}")

    assert not report.complete
    assert words in (report.error or "")
    assert before is None or path.read_text() == before


def test_reading_makes_no_database(tmp_path: Path) -> None:
    """A wrong path is an error, not an empty file."""
    with pytest.raises(RecordError, match="unable to open database file"):
        open_run(f"sqlite:///{tmp_path}/none.sqlite")

    assert not (tmp_path / "none.sqlite").exists()
    directory = write_run(tmp_path / "runs", [body()])
    assert deliver(directory, f"sqlite:///{tmp_path}/some.sqlite").complete
    with pytest.raises(RecordError, match="holds no run 'other'"):
        open_run(f"sqlite:///{tmp_path}/some.sqlite#other")


def test_a_killed_delivery_is_completed_by_the_next(tmp_path: Path) -> None:
    """kill -9 in the middle of writing: a batch is there whole or not at all."""
    path = tmp_path / "results.sqlite"
    directory = write_run(tmp_path / "runs", [body(number) for number in range(5000)])
    job = replay(directory, f"sqlite:///{path}")
    count = 0
    while not 0 < count < 5000 and job.poll() is None:
        try:
            ((count,),) = rows(path, "SELECT count(*) FROM sweep_results")  # type: ignore[assignment]
        except sqlite3.Error:
            continue
    job.kill()
    job.communicate()

    ((left,),) = rows(path, "SELECT count(*) FROM sweep_results")
    assert isinstance(left, int)
    assert left % 500 == 0
    assert deliver(directory, f"sqlite:///{path}").complete
    assert stored(f"sqlite:///{path}", directory) == journal(directory)


def test_the_default_database_needs_no_path(tmp_path: Path) -> None:
    """``sqlite://`` is .ttnn_sweeps/results.sqlite below the working directory."""
    directory = write_run(tmp_path / "runs", [body()])
    check("sqlite://")

    done = subprocess.run(
        [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "replay", str(directory.path), "--to", "sqlite://"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".ttnn_sweeps" / "results.sqlite").is_file()


def test_100000_records_take_the_time_and_memory_that_are_stated(tmp_path: Path) -> None:
    """docs/results.md: under 250 us of processor time a record, and under 150 MiB whatever the number."""
    directory = write_run(tmp_path / "runs", (body(number) for number in range(100_000)))
    code = (
        "import sys, time\nsys.path.insert(0, sys.argv[3])\nfrom pathlib import Path\n"
        "from pytest_ttnn_sweeps.results.runs import RunDirectory\nfrom replaying import deliver\n"
        "start = time.process_time()\nreport = deliver(RunDirectory(Path(sys.argv[1])), sys.argv[2], within=600)\n"
        "(peak,) = [line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')]\n"
        "print(time.process_time() - start, int(peak) / 1024, report.complete)\n"
    )
    url = f"sqlite:///{tmp_path}/results.sqlite"
    done = subprocess.run(
        [sys.executable, "-c", code, directory.path, url, Path(__file__).parent],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, mebibytes, complete = done.stdout.split()

    assert complete == "True"
    assert float(seconds) < 25
    assert float(mebibytes) < 150
    assert rows(tmp_path / "results.sqlite", "SELECT count(*) FROM sweep_results") == [(100_000,)]


def test_a_database_of_the_first_schema_is_read_and_brought_to_this_one(tmp_path: Path) -> None:
    """What it holds is read as it is, without samples and notes; what is delivered to it now has them."""
    url, schema = f"sqlite:///{tmp_path}/old.sqlite", "SELECT version_num FROM sweep_schema_version"
    old = write_run(tmp_path / "old", [body(0), body(1)])
    assert deliver(old, url).complete
    back_to_first_schema(url)
    assert rows(tmp_path / "old.sqlite", schema) == [("0001",)]
    assert stored(url, old) == journal(old)

    measured = Outcome(True, "", (Metric("m", 1.5, "", "none", (1.0, 2.0)),), notes={"why": "because"})
    new = write_run(tmp_path / "new", [body(0, outcome=measured)])
    assert deliver(new, url).complete

    assert rows(tmp_path / "old.sqlite", schema) == [("0002",)]
    assert stored(url, old) == journal(old)
    assert stored(url, new) == journal(new)
    assert '"samples":[1.0,2.0]' in stored(url, new)[0]
    assert '"notes":{"why":"because"}' in stored(url, new)[0]


def back_to_first_schema(url: str) -> None:
    """Take from a database what came after its first schema."""
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine

    from pytest_ttnn_sweeps.results.destinations import migrations

    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0001")
    engine.dispose()


def test_many_new_databases_are_made_at_once(tmp_path: Path) -> None:
    """One process, a thread for each: no migration gets into another's database."""
    directory = write_run(tmp_path / "runs", [body(number) for number in range(5)])
    progress = Progress()
    progress.end(sealed=True, within=60)
    urls = [f"sqlite:///{tmp_path}/{number}.sqlite" for number in range(12)]

    reports = deliver_to_all(directory, urls, progress)

    assert [report.error for report in reports] == [None] * 12
    for url in urls:
        assert stored(url, directory) == journal(directory)
