"""What a run selected and did not come to: told in numbers, and what resuming goes on with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest
from sweep_tree import ADD, SweepTree

MANY = """
import os
parameters = {"nightly": {"a": list(range(6)), "b": [1, 2]}, "odd name": {"a": [10, 11, 12], "b": [1]}}

def run(a, b, *, device):
    return a != 2 or "ALL" in os.environ
"""

STUCK = """
import os, time
parameters = {"s": {"a": list(range(40))}}

def run(a, *, device):
    if "STUCK" in os.environ:
        time.sleep(600)
"""

ORDINARY = """
def test_ordinary():
    pass
"""


def run_of(tree: SweepTree) -> dict[str, Any]:
    """The record of the last run."""
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/run.json"))[-1]
    data: dict[str, Any] = json.loads(last.read_text())
    return data


def recorded(tree: SweepTree) -> list[str]:
    """The suites and vectors that the last run's journal holds, once for each record."""
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"))[-1]
    return sorted(json.loads(line)["node_id"].partition("::")[2] for line in last.read_text().splitlines())


def selection_of(run: dict[str, Any]) -> dict[tuple[str, str], int]:
    return {(suite["module"], suite["suite"]): suite["vectors"] for suite in run["selection"]}


@pytest.mark.parametrize("arguments", [(), ("-n2",), ("-n2", "--sweep-dist=shard")], ids=["alone", "xdist", "parts"])
def test_an_early_end_tells_how_many_were_left_and_resuming_runs_those(
    tree: SweepTree, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``-x``: by suite in the run's record, in the terminal; the resumed run has everything once."""
    tree.write("many", MANY)
    tree.write("other", ADD)

    stopped = tree.run_apart("-x", "--tb=no", "sweeps/many.py", *arguments)

    assert stopped.ret in (1, 2)
    run = run_of(tree)
    left = 15 - len(recorded(tree))
    assert selection_of(run) == {("many", "nightly"): 12, ("many", "odd name"): 3}
    assert run["selected"] == 15
    assert left > 0
    stopped.stdout.fnmatch_lines(
        [f"sweep records: * vectors; {left} more were selected and not reached: --sweep-resume runs them)"]
    )
    monkeypatch.setenv("ALL", "yes")

    resumed = tree.run_apart("--sweep-resume", "--tb=no", *arguments)

    assert len(recorded(tree)) == len(set(recorded(tree))) == 15
    assert run_of(tree)["selected"] == 15
    assert "not reached" not in resumed.stdout.str()
    assert resumed.ret == run_of(tree)["sessions"][-1]["exit_code"] == 1


def test_what_pytest_deselects_was_not_selected(tree: SweepTree) -> None:
    """By a part of an id, or by a conftest: it isn't missed either."""
    tree.write("add", ADD)
    tree.pytester.makeconftest("def pytest_collection_modifyitems(items):\n    del items[5:]\n")

    result = tree.run("--tb=no")

    assert run_of(tree)["selected"] == len(recorded(tree)) == 5
    result.stdout.fnmatch_lines(["sweep records: * (5 vectors)"])


@pytest.mark.timeout(0)
@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_run_that_is_killed_in_its_first_vector_can_be_resumed(
    tree: SweepTree, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there, with what was to run, before there is any record; what was resumed is not the run before."""
    tree.write("stuck", STUCK)
    tree.write("add", ADD)
    tree.run_apart("sweeps/add.py", "--tb=no")
    monkeypatch.setenv("STUCK", "yes")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "ttnn_sweeps", "sweeps/stuck.py", *arguments]
    session = subprocess.Popen(command, cwd=tree.pytester.path, start_new_session=True, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while run_of(tree)["sealed_at"] or "selected" not in run_of(tree):
            assert session.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        os.killpg(session.pid, signal.SIGKILL)
        session.wait()
    monkeypatch.delenv("STUCK")
    run = run_of(tree)
    assert (run["selected"], run["sealed_at"], recorded(tree)) == (40, None, [])

    resumed = tree.run_apart("--sweep-resume", "-q", *arguments)

    assert resumed.ret == 0
    assert len(recorded(tree)) == 40
    assert run_of(tree)["status"] == "passed"
    assert run_of(tree)["run_id"] == run["run_id"]


def test_resuming_goes_on_with_what_was_selected(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with everything that there is: neither other vectors nor ordinary tests; narrower where that is asked for."""
    tree.write("many", MANY)
    tree.write("other", ADD)
    tree.pytester.makepyfile(test_ordinary=ORDINARY)
    tree.run("sweeps/many.py", "-k", "nightly", "-x", "--tb=no", "--sweep-where", "b=1")
    assert (run_of(tree)["selected"], len(recorded(tree))) == (6, 3)
    monkeypatch.setenv("ALL", "yes")

    other = tree.run("sweeps/other.py", "--sweep-resume", "--tb=no")
    one = tree.run("--sweep-resume", "--sweep-where", "a=4", "--tb=no")

    other.assert_outcomes()
    assert other.ret == 1
    other.stdout.fnmatch_lines(["sweeps: nothing that is left of run * is selected here"])
    other.stdout.fnmatch_lines(["sweep records: * (3 vectors; 3 more were selected and not reached*"])
    one.assert_outcomes(passed=1)
    one.stdout.fnmatch_lines(
        ["sweeps: 1 vector in *; 1 that run * did not select", "sweep records: * (4 vectors; 2 more*"]
    )
    assert run_of(tree)["status"] == "fail"

    rest = tree.run("--sweep-resume", "--tb=no")

    rest.assert_outcomes(passed=2)
    # Neither the other module nor the other suite was expanded for it.
    rest.stdout.fnmatch_lines(["sweeps: 2 vectors in 1 suite of 1 module; 4 left out by the records of run *"])
    assert len(recorded(tree)) == 6
    assert all(name.startswith("nightly::") for name in recorded(tree))
    again = tree.run("--sweep-resume", "--tb=no")
    again.assert_outcomes()
    assert again.ret == 1


def test_a_narrower_session_does_not_make_a_run_whole(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that it was asked for passed; the run has vectors that nobody came to, and says so."""
    tree.write("stops", "import os\nparameters = {'s': {'a': list(range(6))}}\ndef run(a, *, device):\n"
               "    if a == 2 and 'END' in os.environ: raise KeyboardInterrupt\n")  # fmt: skip
    monkeypatch.setenv("END", "yes")
    assert tree.run_apart("--tb=no").ret == 2
    monkeypatch.delenv("END")

    narrow = tree.run("--sweep-resume", "--sweep-where", "a=5")

    assert narrow.ret == 0
    assert run_of(tree)["status"] == "did_not_finish"
    assert tree.run("--sweep-resume").ret == 0
    assert run_of(tree)["status"] == "passed"


def test_a_module_that_could_not_be_collected_is_resumed_when_it_can(tree: SweepTree) -> None:
    """Nobody knew what it had."""
    tree.write("add", ADD)
    broken = tree.write(
        "broken", "import does_not_exist\nparameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device): pass\n"
    )
    tree.run("--tb=no", "-k", "nightly or s")
    before = len(recorded(tree))
    broken.write_text(broken.read_text().replace("import does_not_exist", ""))

    resumed = tree.run("--sweep-resume", "--tb=no")

    resumed.assert_outcomes(passed=2)
    assert len(recorded(tree)) == before + 2


def test_files_that_are_gone_are_not_reached(tree: SweepTree) -> None:
    """And no reason to refuse the rest."""
    first, second = (
        tree.write(name, "parameters = {'s': {'a': [1, 2, 3]}}\ndef run(a, *, device): return a != 1\n")
        for name in "ab"
    )
    tree.run("-x", "--tb=no")
    second.unlink()

    resumed = tree.run("--sweep-resume", "--tb=no")

    resumed.assert_outcomes(passed=2)
    resumed.stdout.fnmatch_lines(["sweep records: * (3 vectors; 3 more were selected and not reached*"])
    assert first.exists()


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_sweep_outside_the_rootdir_is_resumed_too(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """Of which node ids may not tell the path: then workers' ids don't tell what was selected, and nobody says so."""
    tree.write("far", MANY, root="far/sweeps")
    project = tree.pytester.mkdir("project")
    (project / "pytest.ini").write_text("[pytest]\nsweep_roots = ../far/sweeps\n")
    start = ("-c", str(project / "pytest.ini"), f"--rootdir={project}", "--tb=no", *arguments)
    tree.run_apart("far/sweeps/far.py", "-x", *start)
    (record,) = project.glob(".ttnn_sweeps/runs/*/run.json")
    before = json.loads(record.read_text())

    tree.run_apart(*(() if before.get("selection") else ("far/sweeps/far.py",)), "--sweep-resume", *start)

    assert before["selected"] in ((15,) if not arguments else (None, 15))
    assert bool(before.get("selection")) or arguments
    assert len(record.with_name("journal.jsonl").read_text().splitlines()) == 15


@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_a_sweep_that_is_named_is_recorded_where_nothing_else_tells_of_sweeps(
    tree: SweepTree, arguments: tuple[str, ...]
) -> None:
    """No root, no option: the controller sees no more than the name."""
    tree.write("lonely", MANY, root="elsewhere")

    tree.run_apart("elsewhere/lonely.py", "--tb=no", *arguments)

    assert len(recorded(tree)) == run_of(tree)["selected"] == 15


def test_a_resumed_sample_is_the_sample(tree: SweepTree) -> None:
    """What is left of it is listed, and its invalid vectors are those that it met."""
    tree.write(
        "drawn",
        """
        parameters = {"s": {"a": list(range(1000))}}

        def invalidate_vector(vector):
            return vector["a"] % 2 == 1, "odd"

        def run(a, *, device):
            return False
        """,
    )
    tree.run("--sweep-sample=20", "-x", "--tb=no")
    first = run_of(tree)

    left = [
        line for line in tree.run("--sweep-resume", "--collect-only", "-q").outlines if "::" in line and " " not in line
    ]
    tree.run("--sweep-resume", "--tb=no")

    assert sum(first["invalid"].values()) < 200
    assert run_of(tree)["invalid"] == first["invalid"]
    assert len(recorded(tree)) == first["selected"] == 20
    assert {name.partition("::")[2] for name in left} < set(recorded(tree))
    assert len(left) == 19
