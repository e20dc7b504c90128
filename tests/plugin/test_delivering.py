"""Destinations of a session: they get everything, or the session says so and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps.results.reading import open_run

DOCUMENT = Path(__file__).parents[2] / "docs" / "results.md"


def example() -> str:
    """The destination that docs/results.md shows."""
    blocks = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if block.startswith("# conftest.py")]
    return str(code)


def last_run(tree: SweepTree) -> Path:
    return sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*"))[-1]


def stored_ids(url: str) -> list[str]:
    return sorted(record.vector_id for record in open_run(url).records())


def recorded_ids(tree: SweepTree) -> list[str]:
    return sorted(record.vector_id for record in open_run(last_run(tree)).records())


def test_several_destinations_get_everything(tree: SweepTree) -> None:
    """From the command line and the ini file; relative paths count from the rootdir."""
    tree.write("add", ADD)
    tree.pytester.makeini("[pytest]\nsweep_to =\n    sqlite:///a.db\n    files:out\n")

    result = tree.run_apart("--tb=no", "--sweep-to=sqlite:///b.db", "--sweep-to=sqlite://")
    ini = tree.run_apart("--tb=no")

    root = tree.pytester.path
    for name in ("b.db", ".ttnn_sweeps/results.sqlite"):
        assert len(stored_ids(f"sqlite:///{root}/{name}")) == 8
    assert result.ret == ini.ret == 1
    assert stored_ids(f"sqlite:///{root}/a.db") == recorded_ids(tree)
    assert len(list((root / "out").glob("oprun_*.json"))) == 1
    assert open_run(f"sqlite:///{root}/a.db").run.status == "fail"


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_the_example_of_the_documents_works_as_a_hook(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """In at most 25 lines; with xdist it is the controller's alone."""
    tree.write("add", ADD)
    tree.pytester.makeconftest(example())
    assert len(example().splitlines()) <= 25

    assert tree.run_apart("--tb=no", *arguments).ret == 1

    lines = [json.loads(line) for line in (tree.pytester.path / "spool.jsonl").read_text().splitlines()]
    assert sorted(line[1] for line in lines[:-1]) == recorded_ids(tree)
    assert lines[-1] == [last_run(tree).name, "end", "fail"]


def test_the_example_of_the_documents_works_as_an_entry_point(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that names the class is all that it takes."""
    tree.write("add", ADD)
    site = tree.pytester.mkdir("site")
    (site / "spool_destination.py").write_text(example())
    info = site / "spool-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: spool\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[pytest_ttnn_sweeps.destinations]\nspool = spool_destination:Spool\n")
    monkeypatch.setenv("PYTHONPATH", str(site))

    result = tree.run_apart("--tb=no", "--sweep-to=spool:got.jsonl")

    assert result.ret == 1
    assert len((tree.pytester.path / "got.jsonl").read_text().splitlines()) == 9


def test_a_destination_that_fails_is_told_once_and_the_exit_code_says_so(tree: SweepTree) -> None:
    """6 where the vectors did well, 1 where they did not, 0 where it is to be a warning; replaying delivers it."""
    tree.write("good", "parameters = {'s': {'a': [1, 2, 3]}}\ndef run(a, *, device): pass\n")
    to = "--sweep-to=sqlite:////proc/none/x.db"

    result = tree.run_apart(to, "--sweep-to=sqlite:///fine.db")

    assert result.ret == 6
    assert result.outlines.count("ERROR: not delivered to sqlite:////proc/none/x.db: OperationalError: unable to open database file") == 1  # fmt: skip  # noqa: E501
    result.stdout.fnmatch_lines(["*ttnn-sweeps replay 2*"])
    assert stored_ids(f"sqlite:///{tree.pytester.path}/fine.db") == recorded_ids(tree)
    warned = tree.run_apart(to, "--sweep-delivery-warns")
    assert warned.ret == 0
    warned.stdout.fnmatch_lines(["WARNING: not delivered to sqlite:////proc/none/x.db: *"])
    assert json.loads((last_run(tree) / "run.json").read_text())["status"] == "passed"

    command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli"]
    subprocess.run([*command, "replay", "last", "--to", "sqlite:///later.db"], cwd=tree.pytester.path, check=True)
    assert stored_ids(f"sqlite:///{tree.pytester.path}/later.db") == recorded_ids(tree)


def test_a_hooks_destination_that_fails_or_hangs_is_told_too(tree: SweepTree) -> None:
    """Within the time limit."""
    tree.write("good", "parameters = {'s': {'a': [1, 2, 3]}}\ndef run(a, *, device): pass\n")
    tree.pytester.makeconftest(
        textwrap.dedent("""
        import threading
        from pytest_ttnn_sweeps.results.destinations import Destination, Refused

        class Refuses(Destination):
            def deliver(self, run, records):
                raise Refused("no, thanks")

        class Hangs(Destination):
            def deliver(self, run, records):
                threading.Event().wait()

        def pytest_ttnn_sweeps_destinations(config):
            return [Refuses("refuses:"), Hangs("hangs:")]
        """)
    )

    result = tree.run_apart("--sweep-delivery-timeout=5")

    assert result.ret == 6
    result.stdout.fnmatch_lines(["ERROR: not delivered to refuses:: no, thanks"])
    result.stdout.fnmatch_lines(
        ["ERROR: not delivered to hangs:: it was still busy when the time for delivering was up"]
    )


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ftp://me:Geheim@x", "no destination is called 'ftp'"),
        ("env:NOT_SET_ANYWHERE", "environment variable NOT_SET_ANYWHERE isn't set"),
    ],
)
def test_a_url_that_nobody_takes_is_an_error_before_anything_runs(tree: SweepTree, url: str, words: str) -> None:
    """Exit code 4, one line, no secret."""
    tree.write("add", ADD)

    result = tree.run_apart(f"--sweep-to={url}")

    assert result.ret == 4
    assert words in result.stderr.str()
    assert "Geheim" not in result.stderr.str() + result.stdout.str()
    assert not (tree.pytester.path / ".ttnn_sweeps").exists()


def test_four_sessions_write_one_database_at_once(tree: SweepTree) -> None:
    """Each of them whole, and the vectors of all."""
    tree.write("some", "parameters = {'s': {'a': list(range(100))}}\ndef run(a, *, device): pass\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ttnn_sweeps", "--sweep-to=sqlite:///all.db"]
    sessions = [
        subprocess.Popen(command, cwd=tree.pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]
    ends = [(session.communicate()[0], session.returncode) for session in sessions]

    assert [code for _, code in ends] == [0] * 4, ends
    url = f"sqlite:///{tree.pytester.path}/all.db"
    runs = [path.name for path in tree.pytester.path.glob(".ttnn_sweeps/runs/*")]
    assert len(runs) == 4
    for run in runs:
        assert len(stored_ids(f"{url}#{run}")) == 100
        assert open_run(f"{url}#{run}").run.status == "passed"


def test_what_a_killed_session_recorded_is_delivered_all_the_same(tree: SweepTree) -> None:
    """By the process beside it, which sees its end and then ends itself; the run is not taken for a finished one."""
    tree.write(
        "stuck",
        """
        import time
        parameters = {"s": {"a": list(range(30))}}

        def run(a, *, device):
            if a == 29:
                time.sleep(600)
        """,
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ttnn_sweeps", "--sweep-to=sqlite:///x.db"]
    session = subprocess.Popen([*command, "--sweep-delivery-timeout=20"], cwd=tree.pytester.path)
    journal = None
    while journal is None or journal.read_bytes().count(b"\n") < 29:
        assert session.poll() is None
        journal = next(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"), None)
        time.sleep(0.01)
    os.kill(session.pid, signal.SIGKILL)
    session.wait()

    noted = journal.with_name("delivery.json")
    deadline = time.monotonic() + 60
    while "killed" not in (noted.read_text() if noted.exists() else ""):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    stored = open_run(f"sqlite:///{tree.pytester.path}/x.db")
    assert sorted(record.index or 0 for record in stored.records()) == list(range(29))
    assert not stored.run.is_sealed
    assert stored.run.status == "did_not_finish"
