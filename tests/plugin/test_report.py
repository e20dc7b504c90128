"""``--sweep-report``: the page of a session, and the command that it tells to run a vector again."""

from __future__ import annotations

import base64
import gzip
import json
import shlex
from typing import Any

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps.results.analysis.rerun import rerun_command
from pytest_ttnn_sweeps.results.reading import open_run


def data_of(page: str) -> dict[str, Any]:
    packed = page.partition('id="data">')[2].partition("<")[0]
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(packed)))
    return data


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_a_session_writes_the_page_of_its_run(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """Once, from the process that records, and says where it is."""
    tree.write("eltwise.add", ADD)

    result = tree.run_apart("--sweep-report=out/page.html", "-q", "-q", "--tb=no", *workers)
    quiet = result.stdout.str()
    result = tree.run_apart("--sweep-report=out/page.html", "--tb=no", *workers)

    result.stdout.fnmatch_lines(["sweep report: out/page.html"])
    assert "sweep report" not in quiet
    page = (tree.pytester.path / "out" / "page.html").read_text(encoding="utf-8")
    data = data_of(page)
    assert len(data["columns"]["id"]) == 8
    assert sorted(tuple(suite) for suite in data["suites"]) == [
        ("eltwise.add", "model_traced"),
        ("eltwise.add", "nightly"),
    ]
    assert "8 vectors, 7 passed, 1 failed" in page


def test_the_command_of_a_vector_runs_it_and_nothing_else(tree: SweepTree) -> None:
    """Whatever characters its path and its suite have; pytest itself takes no path with a bracket."""
    tree.write("odd dir.it's $x", ADD.replace('"nightly"', '"night ly: $(id) [x]"'))
    tree.run("--tb=no", "--sweep-device", "emulated", "-k", "night", "--sweep-seed=3")
    stored = open_run("last", root=tree.pytester.path / ".ttnn_sweeps" / "runs")

    records = list(stored.records())
    assert len(records) == 6
    for record in records[::2]:
        program, *arguments = shlex.split(rerun_command(record, stored.run))
        result = tree.run("--collect-only", "-q", *arguments)

        assert program == "pytest"
        assert "--sweep-seed=3" in arguments
        assert [line for line in result.outlines if "::" in line] == [record.node_id]


def test_a_page_that_cannot_be_written_is_told_by_the_exit_code(tree: SweepTree) -> None:
    """One line; the records are there all the same. A session that failed by itself keeps its own code."""
    tree.write("add", ADD)
    tree.pytester.path.joinpath("file").write_text("")

    result = tree.run("--sweep-report=file/page.html", "-k", "model_traced", "--tb=no", "--deselect", "nothing")
    passing = tree.run("--sweep-report=file/page.html", "--sweep-where", "a=1", "--tb=no")

    result.stdout.fnmatch_lines(["ERROR: *file/page.html: the report can't be written: *"])
    assert result.ret == 1
    assert passing.ret == 6
    passing.stdout.fnmatch_lines(["sweep records: *"])


def test_a_session_that_ran_nothing_leaves_the_page_of_another_and_says_so(tree: SweepTree) -> None:
    """An old page must not be taken for this session's; collecting alone is no such session."""
    tree.write("add", ADD)
    page = tree.pytester.path / "page.html"
    page.write_text("old")
    tree.pytester.makepyfile("def test_it(): pass")

    result = tree.run(
        "--sweep-report=page.html", "test_a_session_that_ran_nothing_leaves_the_page_of_another_and_says_so.py"
    )
    collected = tree.run("--sweep-report=page.html", "--collect-only")

    result.stdout.fnmatch_lines(["WARNING: no vector ran, so *page.html was not written"])
    collected.stdout.no_fnmatch_line("*was not written*")
    assert page.read_text() == "old"


def test_a_resumed_run_has_all_of_its_vectors_on_the_page(tree: SweepTree) -> None:
    """Those of earlier sessions too."""
    tree.write("some", "parameters = {'s': {'a': list(range(8))}}\ndef run(a, *, device): return a != 2\n")
    tree.run("-x", "--tb=no", "--sweep-report=page.html")
    page = tree.pytester.path / "page.html"
    before = page.read_text(encoding="utf-8")

    tree.run("--sweep-resume", "--sweep-report=page.html", "--tb=no")

    assert "3 vectors, 2 passed, 1 failed, 5 not reached" in before
    assert "<li>5 of 8 selected vectors were not reached: pytest --sweep-resume=" in before
    whole = page.read_text(encoding="utf-8")
    assert len(data_of(whole)["columns"]["id"]) == 8
    assert "not reached" not in whole
