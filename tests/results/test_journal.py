"""The journal: what was appended is there, whatever happens to the writer."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import body, read_journal, write_run

from pytest_ttnn_sweeps.results.attempts import Attempts, journal_data
from pytest_ttnn_sweeps.results.journal import (
    JournalBusy,
    JournalError,
    JournalReader,
    JournalWriter,
    RecordError,
    is_being_written,
)
from pytest_ttnn_sweeps.results.runs import RunDirectory, RunWriter

LINE = '{"vector_id":"%d","attempt":1}\n'


def test_appended_lines_are_read_in_order_and_as_they_come(tmp_path: Path) -> None:
    """A reader that began before the journal existed gets each line once."""
    path = tmp_path / "journal.jsonl"
    reader = JournalReader(path)
    assert list(reader.lines()) == []
    writer = JournalWriter(path)
    got: list[bytes] = []
    for number in range(5):
        writer.append(LINE % number)
        got += reader.lines()
    writer.close()

    assert got == [(LINE % number).encode() for number in range(5)]
    assert list(reader.lines()) == []


@given(st.integers(0, 200))
def test_a_torn_last_line_is_no_record_and_is_gone_when_writing_goes_on(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    """Cut at any byte: whole lines stay, the next session's lines follow them."""
    path = tmp_path_factory.mktemp("journal") / "journal.jsonl"
    whole = b"".join((LINE % number).encode() for number in range(6))
    path.write_bytes(whole[:cut])
    kept = whole[:cut].count(b"\n")

    assert len(list(JournalReader(path).lines())) == kept
    writer = JournalWriter(path)
    writer.append(LINE % 9)
    writer.close()

    assert path.read_bytes() == whole[: whole[:cut].rfind(b"\n") + 1] + (LINE % 9).encode()


def test_only_one_process_writes(tmp_path: Path) -> None:
    """A second writer is told so in one line; afterwards the journal is free."""
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    code = (
        "import sys, pathlib\nfrom pytest_ttnn_sweeps.results.journal import JournalWriter\n"
        "from pytest_ttnn_sweeps.errors import SweepError\n"
        "try: JournalWriter(pathlib.Path(sys.argv[1]))\nexcept SweepError as error: print(error)\nelse: print('free')"
    )

    def other() -> str:
        return subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True).stdout

    assert "another process is writing this run" in other()
    assert is_being_written(path)
    with pytest.raises(JournalBusy):
        JournalWriter(path)
    writer.close()
    assert not is_being_written(path)
    assert other() == "free\n"


def test_a_forked_child_does_not_keep_the_journal(tmp_path: Path) -> None:
    """A child that outlives the writer holds no lock: a run can be resumed while its last executor still dies."""
    path = tmp_path / "journal.jsonl"
    writer = JournalWriter(path)
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(tell, b"x")
        signal.pause()
        os._exit(0)
    try:
        os.read(ready, 1)
        writer.abandon()

        assert not is_being_written(path)
        JournalWriter(path).close()
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(ready)
        os.close(tell)


def test_a_full_disk_is_an_error_and_leaves_no_torn_line(tmp_path: Path) -> None:
    """The process's own limit on file sizes stands for the disk's."""
    path = tmp_path / "journal.jsonl"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    previous = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    writer = JournalWriter(path)
    try:
        writer.append(LINE % 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(LINE) + 10, hard))
        with pytest.raises(JournalError, match=r"journal.jsonl: results can't be written any more: File too large"):
            writer.append(LINE % 2)
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        writer.append(LINE % 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, previous)
        writer.close()

    assert path.read_text() == LINE % 1 + LINE % 3


def test_blocks_of_zeros_are_no_records(tmp_path: Path) -> None:
    """What some file systems show after a loss of power."""
    path = tmp_path / "journal.jsonl"
    path.write_bytes((LINE % 1).encode() + b"\0" * 100 + b"\n" + (LINE % 2).encode())

    assert len(list(JournalReader(path).lines())) == 2


def test_a_damaged_line_is_an_error_that_says_where(tmp_path: Path) -> None:
    """A line that someone has changed isn't passed over in silence."""
    directory = write_run(tmp_path, [body(0), body(1)])
    data = directory.journal.read_bytes()
    directory.journal.write_bytes(data.replace(b'"suite"', b'"suite', 1))

    with pytest.raises(RecordError, match="ends at byte"):
        list(journal_data(directory.journal))


def test_attempts_count_by_module_suite_and_vector(tmp_path: Path) -> None:
    """The last attempt is the one that counts; a journal read back gives the same."""
    from pytest_ttnn_sweeps.results import Outcome, Status

    failing = Outcome(False, "bad")
    bodies = [
        body(0),
        body(1, status=Status.FAIL_ASSERT_EXCEPTION, outcome=failing),
        body(1),
        body(1, suite="other", status=Status.FAIL_ASSERT_EXCEPTION, outcome=failing),
        body(2, status=Status.NOT_RUN, outcome=Outcome(False, "fabric down")),
        body(3, status=Status.NOT_RUN, outcome=Outcome(True, "why", skip_reason="why")),
    ]
    directory = write_run(tmp_path, bodies)
    attempts = Attempts.in_journal(directory.journal)

    assert attempts.counts == {"PASS": 2, "FAIL_ASSERT_EXCEPTION": 1, "NOT_RUN": 2}
    assert [record.attempt for record in read_journal(directory)] == [1, 1, 2, 1, 1, 1]
    final = attempts.ids("eltwise.unary.relu", "nightly", lambda status, is_final: is_final)
    assert final == {f"{number:032x}" for number in (0, 1, 3)}
    assert len(attempts) == 5
    assert attempts.last("eltwise.unary.relu", "nightly", f"{1:032x}") == 2
    assert attempts.last("eltwise.unary.relu", "nightly", f"{9:032x}") == 0


def test_100000_records_take_the_time_and_memory_that_are_stated(tmp_path: Path) -> None:
    """docs/results.md: under 30 us of processor time and under 300 bytes of memory a record."""
    code = (
        "import sys, time\nsys.path.insert(0, sys.argv[2])\nfrom pathlib import Path\n"
        "from records import body, T0\n"
        "from pytest_ttnn_sweeps.results.runs import RunWriter\n"
        "from pytest_ttnn_sweeps.results import lines\n"
        "writer = RunWriter.create(Path(sys.argv[1]), {'started_at': lines.utc(T0)})\n"
        "peak = lambda: int(next(l for l in open('/proc/self/status') if l.startswith('VmHWM')).split()[1])\n"
        "before, spent = peak(), 0.0\n"
        "for number in range(100_000):\n"
        "    written = body(number)\n"
        "    start = time.process_time()\n"
        "    writer.append(**written)\n"
        "    spent += time.process_time() - start\n"
        "writer.seal({}, {'status': 'passed'})\n"
        "print(spent, (peak() - before) * 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path, Path(__file__).parent], capture_output=True, text=True, check=True
    )
    seconds, grown = map(float, done.stdout.split())

    assert seconds < 100_000 * 30e-6
    assert grown < 100_000 * 300
    (run,) = tmp_path.glob("*/journal.jsonl")
    assert sum(1 for _ in JournalReader(run).lines()) == 100_000


def test_resuming_goes_on_where_the_journal_ends(tmp_path: Path) -> None:
    """One run, two sessions, attempts counted on."""
    directory = write_run(tmp_path, [body(0), body(1)], sealed=False)
    with directory.journal.open("ab") as file:
        file.write(b'{"vector_id":"torn')

    writer = RunWriter.resume(
        RunDirectory(directory.path), {"started_at": "2026-01-01T00:00:00.000000Z", "command": ()}
    )
    writer.append(**body(1))
    writer.append(**body(2))
    facts = writer.seal({"exit_code": 0}, {"status": "passed"})

    assert [(record.index, record.attempt) for record in read_journal(directory)] == [(0, 1), (1, 1), (1, 2), (2, 1)]
    assert facts["records"] == 4
    assert facts["counts"] == {"PASS": 3}
    assert len(facts["sessions"]) == 2
