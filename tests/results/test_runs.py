"""Runs on disk: naming, finding, pruning."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from records import body, write_run

from pytest_ttnn_sweeps.results.journal import JournalWriter
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.runs import (
    RunDirectory,
    RunError,
    find_run,
    list_runs,
    plan_pruning,
    remove,
    write_json,
)


def test_a_run_is_found_by_its_id_the_beginning_of_it_its_path_and_as_the_last(tmp_path: Path) -> None:
    """And by the path of its journal."""
    first, second = (write_run(tmp_path, [body()]) for _ in range(2))

    assert list_runs(tmp_path) == [first, second]
    assert find_run(tmp_path, "last") == second
    assert find_run(tmp_path, first.run_id) == first
    assert find_run(tmp_path, first.run_id[:-1]) == first
    assert find_run(tmp_path, str(first.path)).run_id == first.run_id
    assert find_run(tmp_path / "elsewhere", str(first.journal)).path == first.path


@pytest.mark.parametrize(
    ("text", "complaint"), [("nothing", "'nothing' is no run in .*there is"), ("2", "beginning of several runs")]
)
def test_a_run_that_cannot_be_told_is_an_error(tmp_path: Path, text: str, complaint: str) -> None:
    """With the names that there are."""
    write_run(tmp_path, [body()])
    write_run(tmp_path, [body()])

    with pytest.raises(RunError, match=complaint):
        find_run(tmp_path, text)


def test_no_run_at_all_is_an_error(tmp_path: Path) -> None:
    """Not a traceback."""
    with pytest.raises(RunError, match="there is no run yet"):
        find_run(tmp_path, "last")


def test_the_directory_keeps_itself_out_of_repositories(tmp_path: Path) -> None:
    """As pytest's cache does."""
    write_run(tmp_path / ".ttnn_sweeps" / "runs", [body()])

    assert (tmp_path / ".ttnn_sweeps" / ".gitignore").read_text().splitlines()[-1] == "*"


def test_a_directory_of_the_users_own_gets_no_gitignore(tmp_path: Path) -> None:
    """What was there before isn't hidden from its repository."""
    write_run(tmp_path, [body()])

    assert not (tmp_path / ".gitignore").exists()


def test_pruning_keeps_what_is_new_pinned_unsealed_busy_or_undelivered(tmp_path: Path) -> None:
    """The rest goes, whole."""
    old, pinned, unsealed, busy, waiting, newest = (
        write_run(tmp_path, [body()], sealed=number != 2) for number in range(6)
    )
    pinned.pin.touch()
    write_json(waiting.delivery, {"sqlite:///x": {"complete": False}, "files:y": {"complete": True}})
    writer = JournalWriter(busy.journal)
    try:
        plan = plan_pruning(list_runs(tmp_path), keep=1, older_than_s=None)
    finally:
        writer.close()

    assert {entry.run: entry.spared for entry in plan} == {
        old: None,
        pinned: "pinned",
        unsealed: "unsealed",
        busy: "being written",
        waiting: "not delivered to sqlite:///x",
        newest: "among the newest",
    }
    unsparing = plan_pruning(list_runs(tmp_path), keep=1, older_than_s=None, spare_undelivered=False)
    assert [entry.run for entry in unsparing if entry.spared is None] == [old, busy, waiting]
    remove(old)
    assert not old.path.exists()


def test_pruning_by_age_looks_at_the_end_of_the_run(tmp_path: Path) -> None:
    """Alone, and as a condition beside the number."""
    runs = [write_run(tmp_path, [body()]) for _ in range(3)]
    now = time.time()

    def gone(**arguments: float | None) -> list[RunDirectory]:
        plan = plan_pruning(runs, keep=arguments.get("keep"), older_than_s=arguments["age"], now=now + 100)  # type: ignore[arg-type]
        return [entry.run for entry in plan if entry.spared is None]

    assert gone(age=50) == runs
    assert gone(age=150) == []
    assert gone(age=50, keep=1) == runs[:2]
    assert gone(age=None, keep=0) == runs


def test_a_directory_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """It names the option that helps."""
    (tmp_path / "file").write_text("")

    with pytest.raises(RunError, match="name a place with --sweep-results-dir"):
        write_run(tmp_path / "file" / "runs", [])


def test_final_records_are_the_last_attempts(tmp_path: Path) -> None:
    """Of each module, suite and vector."""
    directory = write_run(tmp_path, [body(0), body(1), body(0), body(0, suite="other")])

    found = [(record.index, record.suite, record.attempt) for record in open_run(directory).final_records()]

    assert found == [(1, "nightly", 1), (0, "nightly", 2), (0, "other", 1)]


def test_a_runs_record_is_replaced_and_never_half_written(tmp_path: Path) -> None:
    """No temporary file stays; texts that can't be stored are."""
    directory = write_run(tmp_path, [body()], git_branch="a\ud800\0b")

    assert sorted(path.name for path in directory.path.iterdir()) == ["journal.jsonl", "run.json"]
    assert json.loads(directory.record.read_text())["git_branch"] == "a\u241bd800;\u241b0;b"
    assert open_run(directory).run.is_sealed
