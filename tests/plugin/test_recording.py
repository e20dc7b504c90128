"""What a session records: everything that was to run, whatever happened to it."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun, read_result, read_run


def records_of(tree: SweepTree) -> list[SweepResult]:
    """The records of the last run."""
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"))[-1]
    return [read_result(line, where="journal") for line in last.read_bytes().splitlines()]


def run_of(tree: SweepTree) -> SweepRun:
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/run.json"))[-1]
    return read_run(last.read_bytes(), where="run.json")


def test_every_vector_has_a_record_with_what_is_known_of_it(tree: SweepTree) -> None:
    """Identity, parameters, status, metrics, times, provider."""
    tree.write("eltwise.add", ADD)

    tree.run("--tb=no", "--sweep-device=emulated:p150")

    records = {(record.suite, record.index): record for record in records_of(tree)}
    assert len(records) == 8
    good, bad = records["nightly", 0], records["model_traced", 1]
    assert (good.module, good.status, good.message, good.parameters) == (
        *("eltwise.add", "PASS", "PCC 0.999", {"a": 1, "b": 10}),
    )
    assert good.values == {"pcc": 0.999, "e2e_ms": 2.0}
    assert [(metric.name, metric.unit, metric.better) for metric in good.metrics] == [
        ("pcc", "", "higher"),
        ("e2e_ms", "ms", "lower"),
    ]
    assert good.node_id == f"sweeps/eltwise/add.py::nightly::{good.vector_id[:12]}"
    assert (good.provider, good.card_type, good.worker) == ("emulated", "p150 (emulated)", "main")
    assert (bad.status, bad.message, bad.final, bad.exception_type) == (
        "FAIL_ASSERT_EXCEPTION",
        "PCC 0.995",
        True,
        None,
    )
    assert all(record.ended_at >= record.started_at and record.duration_s >= 0 for record in records.values())
    run = run_of(tree)
    assert (run.status, run.counts, run.records, run.selected) == (
        "fail",
        {"PASS": 7, "FAIL_ASSERT_EXCEPTION": 1},
        8,
        8,
    )
    assert run.sessions[0].exit_code == 1
    assert run.is_sealed


def test_records_have_the_ids_by_which_upstream_stores_results(tree: SweepTree) -> None:
    """Of both eras, with upstream's bookkeeping keys."""
    tree.write(
        "demo.add",
        """
        parameters = {"s": {"b": [None], "a": [7]}}

        def run(a, b, *, device):
            return True, ""
        """,
    )

    tree.run()

    (record,) = records_of(tree)
    facts = {"suite_name": "s", "validity": "VectorValidity.VALID", "invalid_reason": ""}
    facts |= {"status": "VectorStatus.CURRENT", "sweep_name": "demo.add"}
    texts = str({"b": "None", "a": "7", **facts})
    native = {"a": 7, "b": None, **facts, "validity": "VALID"}
    assert record.input_hash_2025 == hashlib.sha224(texts.encode()).hexdigest()
    canonical = json.dumps(native, sort_keys=True, separators=(",", ":"))
    assert record.input_hash == hashlib.sha224(canonical.encode()).hexdigest()


def test_failures_skips_and_expected_failures_say_why(tree: SweepTree) -> None:
    """Exceptions whole, reasons as given; set-up failures and skips of the module too."""
    tree.write(
        "kinds",
        """
        parameters = {"s": {"how": ["raise", "skip", "invalid"]}, "xfail": {"how": ["raise", "pass"]}}

        def invalidate_vector(vector):
            return vector["how"] == "invalid", "not here"

        def run(how, *, device):
            if how == "raise":
                raise ValueError("first" + chr(10) + "second")
            return {"skip": "no such op"} if how == "skip" else True
        """,
    )
    tree.write("unsuitable", "parameters = {'s': {'a': [1]}}\ndef run(a, *, device): pass\n", device=True)
    path = tree.pytester.path / "sweeps" / "unsuitable.py"
    path.write_text(path.read_text() + "def mesh_device_fixture():\n    assert False, 'needs a mesh'\n    yield 1, 2\n")

    tree.run("--tb=no", "--sweep-keep-invalid")

    found = {(record.module, record.suite, str(record.parameters.get("how"))): record for record in records_of(tree)}
    raised = found["kinds", "s", "raise"]
    assert (raised.status, raised.exception_type, raised.exception_text) == (
        *("FAIL_ASSERT_EXCEPTION", "ValueError", "first\nsecond"),
    )
    assert "ValueError: first" in (raised.traceback or "")
    assert found["kinds", "s", "skip"].skip_reason == "no such op"
    assert found["kinds", "s", "invalid"].skip_reason == "INVALID VECTOR: not here"
    assert (found["kinds", "xfail", "raise"].status, found["kinds", "xfail", "raise"].xfail_reason) == (
        *("XFAIL", "suite xfail"),
    )
    assert found["kinds", "xfail", "pass"].status == "XPASS"
    unsuitable = found["unsuitable", "s", "None"]
    assert unsuitable.status == "NOT_RUN"
    assert "needs a mesh" in (unsuitable.skip_reason or unsuitable.message)
    assert len(found) == 6


def test_workers_records_are_those_of_one_process(tree: SweepTree) -> None:
    """But for times and the worker's name."""
    tree.write("eltwise.add", ADD)

    def essence(record: SweepResult) -> dict[str, Any]:
        data = record.model_dump(mode="json")
        return {key: value for key, value in data.items() if key not in ("started_at", "ended_at", "worker")}

    def sorted_essences() -> list[str]:
        timeless = [{**essence(record), "duration_s": 0, "setup_s": 0} for record in records_of(tree)]
        return sorted(json.dumps(record, sort_keys=True) for record in timeless)

    tree.run_apart("--tb=no")
    alone = sorted_essences()
    tree.run_apart("--tb=no", "-n2")

    assert sorted_essences() == alone
    assert {record.worker for record in records_of(tree)} <= {"gw0", "gw1"}


@pytest.mark.parametrize("arguments", [(), ("-n1",)], ids=["alone", "xdist"])
def test_any_text_reaches_the_journal(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """Lone surrogates, NUL, escapes and 10 MB, in messages, exceptions and parameters, through xdist too."""
    tree.write(
        "texts",
        r"""
        TEXT = "\ud800 \0 \x1b[31m <b> ␛ '; DROP TABLE x; -- " + "é" * 1_000_000
        parameters = {"s": {"text": ["\ud800", "\0", "x" * 10_000], "how": ["message", "raise"]}}

        def run(text, how, *, device):
            if how == "raise":
                raise RuntimeError(TEXT)
            return False, TEXT
        """,
    )

    result = tree.run_apart("--tb=no", "-q", *arguments)

    from pytest_ttnn_sweeps.results.stored_text import original_json, original_text

    assert result.ret == 1
    records = records_of(tree)
    text = "\ud800 \0 \x1b[31m <b> ␛ '; DROP TABLE x; -- " + "é" * 1_000_000
    assert len(records) == 6
    assert {original_text(record.message) for record in records} == {text}
    assert {original_text(record.exception_text or "") for record in records} == {"", text}
    assert {original_json(record.parameters)["text"] for record in records} == {"\ud800", "\0", "x" * 10_000}


def test_a_worker_that_dies_costs_one_record_and_it_is_there(tree: SweepTree) -> None:
    """The vector that killed its worker is FAIL_CRASH_HANG under its whole id; the others ran."""
    tree.write(
        "deadly",
        """
        import os
        parameters = {"s": {"a": list(range(10))}}

        def run(a, *, device):
            if a == 4:
                os._exit(9)
        """,
    )

    result = tree.run_apart("--tb=no", "-n2", "--sweep-isolation=none")

    assert result.ret == 1
    records = {record.index: record for record in records_of(tree)}
    assert sorted(index for index in records if index is not None) == list(range(10))
    assert records[4].status == "FAIL_CRASH_HANG"
    assert (records[4].fault, len(records[4].vector_id)) == ("crash", 32)
    assert {record.status for index, record in records.items() if index != 4} == {"PASS"}


def test_what_ends_a_session_early_leaves_the_earlier_records(tree: SweepTree) -> None:
    """``-x``, an internal error, Ctrl-C: the run says how it ended, and resuming runs the rest."""
    tree.write(
        "ends",
        """
        import os, signal
        parameters = {"s": {"a": list(range(6))}}

        def run(a, *, device):
            if a == 3 and os.environ.get("END") == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            return a != 3 or "END" not in os.environ
        """,
    )
    (tree.pytester.path / "conftest.py").write_text(
        "import os\n"
        "def pytest_runtest_logfinish(nodeid):\n"
        "    seen = pytest_runtest_logfinish.__dict__\n"
        "    seen['n'] = seen.get('n', 0) + 1\n"
        "    if os.environ.get('END') == 'error' and seen['n'] == 4: raise RuntimeError('broken hook')\n"
    )
    ends = {
        "-x": (("-x",), "fail", 4),
        "error": ((), "exception", 4),
        "interrupt": ((), "did_not_finish", 3),
    }
    for end, (arguments, status, count) in ends.items():
        tree.pytester._monkeypatch.setenv("END", end)
        tree.run_apart("--tb=no", "-q", *arguments)
        assert (run_of(tree).status.value, len(records_of(tree))) == (status, count), end
        assert run_of(tree).is_sealed
        tree.pytester._monkeypatch.delenv("END")

        resumed = tree.run_apart("--tb=no", "-q", "--sweep-resume")

        whole = {record.index: record.status for record in records_of(tree)}
        assert sorted(index for index in whole if index is not None) == list(range(6)), end
        assert resumed.ret == (0 if end == "interrupt" else 1), end
        assert run_of(tree).counts == ({"PASS": 6} if end == "interrupt" else {"PASS": 5, "FAIL_ASSERT_EXCEPTION": 1})


def test_a_run_without_vectors_leaves_nothing_behind(tree: SweepTree) -> None:
    """Collecting, and running ordinary tests, makes no directory."""
    tree.write("add", ADD)
    tree.pytester.makepyfile(test_plain="def test_it(): pass")

    tree.run("--collect-only")
    tree.run("test_plain.py")

    assert not (tree.pytester.path / ".ttnn_sweeps").exists()


def test_a_results_directory_that_cannot_be_written_stops_the_session(tree: SweepTree) -> None:
    """One line, exit code 6: what ran on would be lost."""
    tree.write("add", ADD)
    (tree.pytester.path / "file").write_text("")

    result = tree.run("--sweep-results-dir=file/runs")

    assert result.ret == 6
    result.stdout.fnmatch_lines(["*file/runs: results can't be written there: Not a directory; name a place with*"])


def test_a_full_disk_stops_the_session_and_keeps_what_was_written(tree: SweepTree) -> None:
    """The limit on the process's files stands for the disk's."""
    tree.write("many", "parameters = {'s': {'a': list(range(500))}}\ndef run(a, *, device): return True, 'x' * 1000\n")
    command = [
        "bash",
        "-c",
        'ulimit -f 100 && exec "$@"',
        "bash",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "ttnn_sweeps",
    ]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], capture_output=True, text=True, cwd=tree.pytester.path, check=False
    )

    assert done.returncode == 6
    assert "results can't be written any more: File too large" in done.stdout + done.stderr
    kept = len(records_of(tree))
    assert 20 < kept < 100
    assert run_of(tree).counts == {"PASS": kept}
    assert run_of(tree).status == "did_not_finish"
    assert tree.run_apart("-q", "--sweep-resume").ret == 0
    assert len(records_of(tree)) == 500


def test_the_job_summary_is_appended_and_quotes_names(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Markdown for GitHub; free text is text there."""
    tree.write("odd", "parameters = {'a|b <i>': {'a': [1, 2]}}\ndef run(a, *, device): return a == 1\n")
    summary = tree.pytester.path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    tree.run("--tb=no")

    text = summary.read_text()
    assert text.startswith("before\n### TTNN sweeps: fail\n")
    assert "| odd::a&#124;b &lt;i&gt; | 1 | 1 | 0 |" in text


def test_secrets_are_nowhere(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on the terminal, not in any file that the session leaves."""
    tree.write("add", ADD)
    monkeypatch.setenv("TARGET", "postgresql://me:Geheim1@127.0.0.1:1/x")

    result = tree.run_apart(
        *("--tb=no", "--junitxml=out.xml", "--sweep-to=env:TARGET", "--sweep-delivery-timeout=20"),
        "--sweep-to=postgresql://me:Geheim2@127.0.0.1:1/x",
    )

    result.stdout.fnmatch_lines(["ERROR: not delivered to postgresql://me:***@127.0.0.1:1/x: *refused*"])
    assert result.ret == 1
    files = [
        path for path in Path(tree.pytester.path).rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")
    ]
    left = "".join(path.read_text(errors="replace") for path in files if path.name not in ("stdout", "stderr"))
    assert "Geheim" not in result.stdout.str() + result.stderr.str() + left


def test_an_interrupt_is_not_for_the_delivery(tree: SweepTree) -> None:
    """Ctrl-C at the terminal reaches the whole group of processes; what is recorded is delivered all the same."""
    tree.write(
        "stops",
        """
        import os, signal
        parameters = {"s": {"a": list(range(6))}}

        def run(a, *, device):
            if a == 3:
                os.killpg(os.getpgid(0), signal.SIGINT)
        """,
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-q", "-p", "ttnn_sweeps", "--sweep-to=sqlite://"],
        cwd=tree.pytester.path,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )

    assert process.wait(60) == 2
    from pytest_ttnn_sweeps.results.reading import open_run

    stored = open_run(f"sqlite:///{tree.pytester.path}/.ttnn_sweeps/results.sqlite")
    assert [record.index for record in stored.records()] == [0, 1, 2]
    assert stored.run.status == "did_not_finish"
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
