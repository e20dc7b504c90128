"""``--ttnn-trace``: any test is traced, in any number of processes, and the run stays pytest's own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from sweep_tree import ADD, SweepTree

from pytest_ttnn_sweeps.traced import read_master

pytest.importorskip("torch")

MODEL = """
import pytest

@pytest.fixture
def device():
    import ttnn
    device = ttnn.open_device(device_id=0)
    yield device
    ttnn.close_device(device)

def states(device, rows):
    import torch, ttnn
    return ttnn.from_torch(torch.ones(1, 1, rows, 32), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)

@pytest.mark.parametrize("rows", [32, 64, 96])
def test_layer(device, rows):
    import ttnn
    given = states(device, rows)
    for _ in range(rows // 32):
        given = ttnn.relu(given)
    given + 1.0

def test_without_ttnn():
    print("a line of the test's own")
"""
FAILING = """
from test_model import *

def test_fails(device):
    import ttnn
    ttnn.exp(states(device, 32))
    assert 0

@pytest.mark.xfail
def test_fails_as_expected(device):
    import ttnn
    ttnn.tanh(states(device, 32))
    assert 0

@pytest.fixture
def teardown_fails():
    yield
    assert 0

def test_fails_late(device, teardown_fails):
    import ttnn
    ttnn.sqrt(states(device, 32))
"""


@pytest.fixture
def model(tree: SweepTree) -> SweepTree:
    tree.pytester.makepyfile(test_model=MODEL)
    return tree


def contents(path: Path) -> dict[str, set[tuple[str, str | None, int | None]]]:
    """The hashes of each operation's configurations, with where and how often they were executed."""
    master = read_master(path)
    return {
        operation: {
            (entry.content_hash, execution.source, execution.count)
            for entry in master.configurations(operation)
            for execution in entry.executions
        }
        for operation in master.operations
    }


def test_a_run_tells_what_it_traced_and_the_second_adds_nothing(model: SweepTree) -> None:
    """Output and outcomes are pytest's; a section sums up; the same run again finds everything known."""
    first = model.run("-s", "test_model.py", "--ttnn-trace")
    first.assert_outcomes(passed=4)
    first.stdout.fnmatch_lines(
        [
            "ttnn-trace: into traced_operations/ttnn_operations_master.json",
            "*a line of the test's own*",
            "*traced operations*",
            "Captured: 9 operations, 2 unique types",
            "  ttnn.relu: 3 unique configs (6x executed)",
            "  ttnn.add: 3 unique configs (3x executed)",
            "  not traced: from_torch 3x",
            "Added 6 new unique configurations to traced_operations/ttnn_operations_master.json",
        ]
    )
    model.run("test_model.py", "--ttnn-trace").stdout.fnmatch_lines(
        ["Added 0 new unique configurations to traced_operations/ttnn_operations_master.json; 6 were known"]
    )

    relu = read_master(model.pytester.path / "traced_operations" / "ttnn_operations_master.json").configurations("relu")
    executions = [execution for entry in relu for execution in entry.executions]
    assert sorted((execution.source, execution.count) for execution in executions) == [
        ("test_model.py::test_layer[32]", 1),
        ("test_model.py::test_layer[64]", 2),
        ("test_model.py::test_layer[96]", 3),
    ]
    assert {machine.device_series for entry in relu for machine in entry.machines} == {("n150",)}


def test_workers_and_one_process_find_the_same(model: SweepTree) -> None:
    """With xdist's workers the master has the same configurations, sources and counts."""
    model.run("test_model.py", "--ttnn-trace=one.json").assert_outcomes(passed=4)
    result = model.run_apart("test_model.py", "-n2", "--ttnn-trace=two.json")

    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["Captured: 9 operations, 2 unique types", "Added 6 new unique configurations*"])
    directory = model.pytester.path
    assert contents(directory / "one.json") == contents(directory / "two.json") != {}


def test_a_way_to_distribute_without_workers_is_one_process(model: SweepTree) -> None:
    """Projects have ``--dist`` in their ``addopts``; xdist does nothing until ``-n`` asks for workers."""
    model.run("test_model.py", "--dist=loadfile", "--ttnn-trace=m.json").stdout.fnmatch_lines(["Added 6 new *"])


def test_four_processes_at_once_lose_nothing(model: SweepTree) -> None:
    """Each traces a part into one master; together they have what one process has."""
    directory = model.pytester.path
    model.run("test_model.py", "--ttnn-trace=one.json")
    parts = ["test_layer[32]", "test_layer[64]", "test_layer[96]", "test_layer"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--ttnn-trace=many.json"]
    running = [
        subprocess.Popen(
            [*command, f"test_model.py::{part}"], cwd=directory, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        for part in parts
    ]
    for process in running:
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output.decode()

    assert contents(directory / "one.json") == contents(directory / "many.json")


def test_failed_and_skipped_tests_are_left_out_unless_asked_for(model: SweepTree) -> None:
    """A test that fails anywhere may have called nonsense; the summary says how many there are."""
    model.pytester.makepyfile(test_failing=FAILING)
    result = model.run("test_failing.py", "--tb=no", "--ttnn-trace=m.json")

    result.assert_outcomes(passed=5, failed=1, xfailed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "left out: the calls of 2 failed tests",
            "left out: the calls of 1 skipped or expectedly failed test",
            "--ttnn-trace-failed keeps those of failed tests too",
        ]
    )
    assert contents(model.pytester.path / "m.json").keys() == {"relu", "add"}

    model.run("test_failing.py", "--tb=no", "--ttnn-trace=m.json", "--ttnn-trace-failed")
    assert contents(model.pytester.path / "m.json").keys() == {"relu", "add", "exp", "tanh", "sqrt"}


SUBTESTS = """
import unittest

import pytest
from test_model import *

class TestLayers(unittest.TestCase):
    def check(self, operation, wrong):
        import ttnn
        device = ttnn.open_device(device_id=0)
        for rows in (32, 64):
            with self.subTest(rows=rows):
                getattr(ttnn, operation)(states(device, rows))
                assert rows != wrong
        ttnn.close_device(device)

    def test_all_pass(self):
        self.check("tanh", wrong=0)

    def test_one_fails(self):
        self.check("exp", wrong=64)

@pytest.mark.xfail
def test_passes_against_expectation(device):
    import ttnn
    ttnn.sqrt(states(device, 32))
"""


def test_subtests_and_unexpected_passes_are_of_tests_that_passed(model: SweepTree) -> None:
    """Where pytest reports subtests, by itself or by a plugin, they come between a test's set-up and its own report."""
    model.pytester.makepyfile(test_parts=SUBTESTS)
    result = model.run("test_parts.py", "-k", "TestLayers or against", "--tb=no", "--ttnn-trace=m.json")

    result.stdout.fnmatch_lines(["left out: the calls of 1 failed test", "Added 3 new unique configurations to m.json"])
    result.stdout.no_fnmatch_line("*skipped or expectedly failed*")
    assert contents(model.pytester.path / "m.json").keys() == {"tanh", "sqrt"}


def test_a_worker_that_dies_costs_the_calls_of_its_test_alone(model: SweepTree) -> None:
    model.pytester.makepyfile(
        test_dying=MODEL + "\ndef test_dies():\n    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    result = model.run_apart("test_dying.py", "-n1", "--tb=no", "--ttnn-trace=m.json")

    result.assert_outcomes(passed=4, failed=1)
    result.stdout.fnmatch_lines(["Added 6 new unique configurations to m.json"])


def test_lists_of_operations_are_the_users(model: SweepTree) -> None:
    result = model.run(
        *("test_model.py", "--ttnn-trace=m.json", "--sweep-trace-include=from_torch"),
        *("--sweep-trace-exclude=ttnn::add", "--sweep-trace-exclude=sigmod"),
    )

    result.stdout.fnmatch_lines(
        [
            "  not traced: add 3x",
            "  excluded in vain: sigmod, which is on no list and was not called; did you mean sigmoid?",
        ]
    )
    assert contents(model.pytester.path / "m.json").keys() == {"relu", "from_torch"}


def test_a_run_that_calls_nothing_says_so(model: SweepTree) -> None:
    result = model.run("test_model.py::test_without_ttnn", "--ttnn-trace=m.json")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["No operation was traced: the 1 test that passed called none that is to be. m.json is as it was"]
    )
    assert not (model.pytester.path / "m.json").exists()


def test_a_corrupt_master_ends_the_run_before_the_tests_and_is_not_touched(model: SweepTree) -> None:
    path = model.pytester.path / "m.json"
    path.write_text('{"operations": {', encoding="utf-8")

    result = model.run("test_model.py", "--ttnn-trace=m.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *m.json*"])
    assert path.read_text(encoding="utf-8") == '{"operations": {'


def test_what_the_master_refuses_is_kept_beside_it(model: SweepTree) -> None:
    """A master that is broken while tests run: the run fails, and nothing that was traced is lost."""
    model.pytester.makepyfile(
        test_breaking=MODEL + "\ndef test_breaks():\n    __import__('pathlib').Path('m.json').write_text('{')\n"
    )

    result = model.run("test_breaking.py", "--ttnn-trace=m.json")

    assert result.ret == 6
    result.stdout.fnmatch_lines(["ERROR: *m.json*", "ERROR: what was traced is in *ttnn-sweeps ops merge*"])
    (kept,) = model.pytester.path.glob("m.unsaved-*.json")
    assert contents(kept).keys() == {"relu", "add"}


def test_what_can_be_kept_nowhere_beside_the_master_is_kept_elsewhere(
    model: SweepTree, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    model.pytester.path.joinpath("file").write_text("no directory", encoding="utf-8")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    result = model.run("test_model.py", "--ttnn-trace=file/m.json")

    assert result.ret == 6
    (kept,) = tmp_path.glob("m.unsaved-*.json")
    result.stdout.fnmatch_lines([f"ERROR: what was traced is in {kept}*"])
    assert contents(kept).keys() == {"relu", "add"}


@pytest.mark.parametrize("arguments", [("--ttnn-trace", "test_model.py"), ("--ttnn-trace=test_model.py::test_layer",)])
def test_a_test_in_the_place_of_a_master_is_a_mistake(model: SweepTree, arguments: tuple[str, ...]) -> None:
    """The option's value is optional, so a path that follows it would be taken for the master."""
    result = model.run(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --ttnn-trace test_model.py*: that is no master*"])


def test_vectors_of_sweeps_and_collecting_are_not_traced(model: SweepTree) -> None:
    """Vectors come from masters, or from someone's head: they are no model."""
    model.write("add", ADD)
    result = model.run("sweeps", "--ttnn-trace=m.json", "--sweep-device=emulated")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not (model.pytester.path / "m.json").exists()

    model.run("test_model.py", "--collect-only", "--ttnn-trace=m.json").stdout.no_fnmatch_line("*traced operations*")
    assert not (model.pytester.path / "m.json").exists()


def test_the_command_runs_pytest_with_the_option(model: SweepTree) -> None:
    """``ttnn-sweeps trace`` takes patterns and a number of processes, and ends as pytest does."""
    command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "trace", "--master", "m.json"]
    done = subprocess.run(
        [*command, "test_mod*.py::test_layer", "--jobs=2", "--pytest=-p no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=model.pytester.path,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Added 6 new unique configurations to m.json" in done.stdout
    assert contents(model.pytester.path / "m.json").keys() == {"relu", "add"}

    for arguments, message in (
        (["none*.py"], "no file fits"),
        ([], "either tests"),
        (["--load", "none.json"], "can't read"),
        (["--script", "none.py"], "no such file"),
        (["test_model.py", "--jobs=-1"], "--jobs -1"),
    ):
        done = subprocess.run(
            [*command, *arguments], capture_output=True, text=True, cwd=model.pytester.path, check=False
        )
        assert (done.returncode, message in done.stderr) == (2, True), done.stderr


def test_the_command_runs_scripts_and_reads_captures(model: SweepTree) -> None:
    directory = model.pytester.path
    directory.joinpath("demo.py").write_text(
        "import sys, torch, ttnn\n"
        "device = ttnn.open_device(device_id=0)\n"
        "ttnn.exp(ttnn.from_torch(torch.ones(int(sys.argv[1]), 32), layout=ttnn.TILE_LAYOUT, device=device))\n",
        encoding="utf-8",
    )
    record = {"operation_name": "ttnn.tanh", "args": [{"position": 0, "value": 1}], "kwargs": {}}
    directory.joinpath("1_ttnn_tanh_0.json").write_text(json.dumps(record), encoding="utf-8")
    command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "trace", "--master", "m.json"]
    for arguments in (["--load", "1_ttnn_tanh_0.json", "--source", "demo"], ["--script", "demo.py", "64"]):
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, cwd=directory, check=False)
        assert done.returncode == 0, done.stderr
        assert "Added 1 new unique configuration to m.json" in done.stdout

    found = contents(directory / "m.json")
    assert {source for entries in found.values() for _, source, _ in entries} == {"demo", "demo.py"}
    assert found.keys() == {"tanh", "exp"}


def test_the_command_becomes_pytest(model: SweepTree) -> None:
    """Ctrl-C and a job's cancellation reach pytest, which ends in its own way and saves what was traced."""
    model.pytester.makepyfile(test_itself=MODEL + "\ndef test_process():\n    print('in', __import__('os').getpid())\n")
    command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "trace", "--master", "m.json", "test_itself.py"]
    process = subprocess.Popen(
        [*command, "--pytest=-s -p no:cacheprovider"], cwd=model.pytester.path, stdout=subprocess.PIPE, text=True
    )
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 0
    assert f"in {process.pid}\n" in output


def test_a_script_that_raises_shows_its_own_traceback(model: SweepTree) -> None:
    """What it called until then is kept where that is asked for, as a failed test's."""
    directory = model.pytester.path
    directory.joinpath("demo.py").write_text(
        "import torch, ttnn\n"
        "device = ttnn.open_device(device_id=0)\n"
        "ttnn.exp(ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, device=device))\n"
        "raise ValueError('no more')\n",
        encoding="utf-8",
    )
    for options, status in ((["--master=m.json"], 2), (["--master=m.json", "--failed"], 0)):
        command = [sys.executable, "-m", "pytest_ttnn_sweeps.cli", "trace", *options, "--script", "demo.py"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=directory, check=False)
        assert done.returncode == status, done.stderr
        assert "ValueError: no more" in done.stderr
        assert "runpy" not in done.stderr
        assert directory.joinpath("m.json").exists() is (status == 0)
        assert ("demo.py raised ValueError; nothing is added" in done.stderr) is (status == 2)
