"""Devices and workers: who gets which, what a kill costs, and when a run stops."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fake_board import FakeBoards
from sweep_tree import SweepTree

COUNT = """
parameters = {"s": {"a": list(range(20))}}

def run(a, *, device):
    import os
    assert device is None or device.name == os.environ["TT_VISIBLE_DEVICES"]
    return True, ""
"""

KILLED = """
import os, pathlib, signal
parameters = {"s": {"a": list(range(20))}}

def run(a, *, device):
    try:
        pathlib.Path("was_killed").touch(exist_ok=False)
    except FileExistsError:
        return True, "PCC 0.9"
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""Its first vector kills the process, whichever it is."""

WAITS = """
import os, pathlib, signal, time
parameters = {"s": {"a": list(range(40))}}

def run(a, *, device):
    try:
        pathlib.Path("was_killed").touch(exist_ok=False)
    except FileExistsError:
        while not pathlib.Path("resetting").exists():
            time.sleep(0.01)
        return True, ""
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""Its first vector kills the process, and no other ends before the reset has begun."""

PATIENT_RESET = """
import os, pathlib, sys, time
pathlib.Path("resetting").touch()
until = time.monotonic() + 50
while not (pathlib.Path("handled").exists() and len(pathlib.Path("handled").read_text()) >= 5):
    if time.monotonic() > until:
        raise SystemExit("nothing is handled meanwhile")
    time.sleep(0.01)
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(f"reset-end {sys.argv[1]} {os.getpid()}" + chr(10))
"""
"""Doesn't end before the controller has handled five reports."""

WITNESS = """
import os
if "PYTEST_XDIST_WORKER" in os.environ:
    import ttnn

def pytest_runtest_logreport(report):
    if "PYTEST_XDIST_WORKER" not in os.environ and report.when == "call" and report.passed:
        with open("handled", "a") as file:
            file.write(".")
"""

HANGS = """
TEXT = chr(10).join(["TT_THROW @ cq.cpp:1: tt::exception", "info:", "device timeout, potential hang", "backtrace:", ""])
parameters = {"s": {"a": list(range(400))}}

def run(a, *, device):
    if a % 2:
        raise RuntimeError(TEXT)
    return True, ""
"""

HOLD = """
import sys
from pathlib import Path
from pytest_ttnn_sweeps.devices.lease import Claims
claims = Claims(Path(sys.argv[1]))
claims.take([sys.argv[2]], 1)
print("held", flush=True)
sys.stdin.read()
"""


def records(tree: SweepTree) -> list[dict[str, object]]:
    """What the journal of the only run holds of its vectors."""
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "vector_id" in line]


def hold(device: str, boards: FakeBoards) -> subprocess.Popen[str]:
    """Another run that has the device."""
    command = [sys.executable, "-c", HOLD, str(boards.locks), device]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_each_worker_sees_its_own_device(tree: SweepTree, boards: FakeBoards) -> None:
    """Before anything imports ttnn, conftest files included."""
    boards.devices("3", "5")
    tree.write("count", COUNT, device=True)
    tree.pytester.makeconftest("import os\nif 'PYTEST_XDIST_WORKER' in os.environ:\n    import ttnn\n")

    result = tree.run_apart("-n2", "--sweep-isolation", "none")

    result.assert_outcomes(passed=20)
    assert {device for device, _ in boards.log("import")} == {"3,5", "3", "5"}
    opened = boards.log("open")
    assert sorted(device for device, _ in opened) == ["3", "5"]
    assert len({pid for _, pid in opened}) == 2
    assert not boards.log("collision")
    # The wheel was asked for devices once, and by nobody who runs vectors.
    assert len([device for device, _ in boards.log("import") if device == "3,5"]) == 1


def test_a_killed_worker_loses_its_vector_and_hands_its_device_on(tree: SweepTree, boards: FakeBoards) -> None:
    """One FAIL_CRASH_HANG with the worker's name; the device is reset before the next worker has it."""
    boards.devices("3", "5")
    tree.write("killed", KILLED, device=True)
    reset = tree.pytester.makepyfile(
        reset="import sys, pathlib\nwith pathlib.Path('resets').open('a') as f: print(sys.argv[1], file=f)\n"
    )

    # Each worker has vectors that no other runs: the one that replaces the dead one has what is left of them.
    result = tree.run_apart(
        *("-n2", "--sweep-dist=shard", "--sweep-isolation", "none"),
        *("--sweep-reset-command", f"{sys.executable} {reset} {{devices}}"),
    )

    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines(["*worker 'gw?' crashed while running 'sweeps/killed.py::s::*'*"])
    result.stdout.fnmatch_lines(["killed::s * 20 * 0 * 0 * 19 * 1 * 0.900000  FAIL_CRASH_HANG 1"])
    (crashed,) = [record for record in records(tree) if record["status"] == "FAIL_CRASH_HANG"]
    assert crashed["worker"] in ("gw0", "gw1")
    assert len(str(crashed["vector_id"])) == 32
    opened = boards.log("open")
    assert len(opened) == len({pid for _, pid in opened}) == 3
    (again,) = {device for device, _ in opened if [name for name, _ in opened].count(device) == 2}
    assert (tree.pytester.path / "resets").read_text() == f"{again}\n"
    assert not boards.log("collision")


def test_others_go_on_while_a_dead_workers_device_is_reset(tree: SweepTree, boards: FakeBoards) -> None:
    """Their reports are handled meanwhile; the next worker touches its board, or imports ttnn, only after the reset."""
    boards.devices("3", "5")
    tree.write("waits", WAITS, device=True)
    tree.pytester.makeconftest(WITNESS)
    reset = tree.pytester.makepyfile(reset=PATIENT_RESET)

    result = tree.run_apart(
        *("-n2", "--sweep-dist=shard", "--sweep-isolation=none", "--sweep-timeout=0", "--sweep-reset-timeout=60"),
        *("--sweep-reset-command", f"{sys.executable} {reset} {{devices}}"),
    )

    result.assert_outcomes(passed=39, failed=1)
    result.stdout.fnmatch_lines(["sweeps: device ? of worker gw?, which died: reset in * s: *"])
    lines = [line.split() for line in boards.log_file.read_text().splitlines()]
    (ended,) = [at for at, line in enumerate(lines) if line[0] == "reset-end"]
    device = lines[ended][1]
    touched = [(at, line[2]) for at, line in enumerate(lines) if line[0] in ("import", "open") and line[1] == device]
    first = touched[0][1]
    assert {pid for at, pid in touched if at < ended} == {first}
    assert len({pid for at, pid in touched if at > ended}) == 1
    assert not boards.log("collision")


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("print('no such board'); raise SystemExit(3)", "*died: reset failed with exit status 3: *"),
        ("import time; time.sleep(600)", "*died: reset killed after 1 s: *"),
    ],
)
def test_a_reset_that_fails_does_not_end_the_run(tree: SweepTree, boards: FakeBoards, command: str, line: str) -> None:
    """It is told, and the vectors that are left are tried."""
    boards.devices("3", "5")
    tree.write("killed", KILLED, device=True)
    reset = tree.pytester.makepyfile(reset=command)

    result = tree.run_apart(
        *("-n2", "--sweep-dist=shard", "--sweep-isolation", "none", "--sweep-reset-timeout=1"),
        *("--sweep-reset-command", f"{sys.executable} {reset}"),
    )

    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines([line])


@pytest.mark.parametrize("way", ["load", "worksteal", "shard"])
def test_a_kill_costs_one_vector_without_devices_too(tree: SweepTree, way: str) -> None:
    """Also where there is no board; JUnit tells it too."""
    tree.write("killed", KILLED)
    how = ["--sweep-dist=shard"] if way == "shard" else [f"--dist={way}"]

    result = tree.run_apart("-n2", "--junitxml=out.xml", *how)

    result.assert_outcomes(passed=19, failed=1)
    result.stdout.fnmatch_lines(["killed::s *FAIL_CRASH_HANG 1"])
    assert (tree.pytester.path / "out.xml").read_text().count("crashed while running") >= 1
    assert len({record["vector_id"] for record in records(tree)}) == 20


def test_a_killed_ordinary_test_is_not_ours(tree: SweepTree) -> None:
    """A worker that dies in another test leaves no record of a vector."""
    tree.write("count", COUNT)
    tree.pytester.makepyfile(test_it="import os\ndef test_it(): os.kill(os.getpid(), 9)\n")

    result = tree.run_apart("-n2", "sweeps", "test_it.py")

    result.assert_outcomes(passed=20, failed=1)
    assert {record["status"] for record in records(tree)} == {"PASS"}


def test_more_workers_than_devices_is_an_error(tree: SweepTree, boards: FakeBoards) -> None:
    """Which says what to do, before anything runs."""
    boards.devices("0")
    tree.write("count", COUNT, device=True)

    result = tree.run_apart("-n2")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: 2 workers and 1 device*: give -n 1, or --sweep-share-device *"])
    assert not boards.log("open")


def test_workers_can_take_turns(tree: SweepTree, boards: FakeBoards) -> None:
    """``--sweep-share-device``: every vector runs, and the device is open once at a time."""
    boards.devices("0")
    for name in ("one", "two", "three"):
        tree.write(name, COUNT, device=True)

    result = tree.run_apart("-n2", "--sweep-share-device", "--sweep-isolation", "none")

    result.assert_outcomes(passed=60)
    assert not boards.log("collision")
    assert len(boards.log("open")) == len(boards.log("close"))


def test_ordinary_tests_need_no_device(tree: SweepTree, boards: FakeBoards) -> None:
    """Workers beyond the devices run what isn't a sweep, and keep no other run off the devices."""
    boards.devices("0")
    tree.write("count", COUNT, device=True)
    tree.pytester.makepyfile(test_it="import pytest\n@pytest.mark.parametrize('a', [1, 2, 3])\ndef test_it(a): pass\n")

    tree.run_apart("-n3", "test_it.py").assert_outcomes(passed=3)

    assert not boards.locks.exists()


def test_a_device_of_another_run_is_passed_over(tree: SweepTree, boards: FakeBoards) -> None:
    """Independent runs on a host share its devices; who finds too few is told who has them."""
    boards.devices("3", "5")
    tree.write("count", COUNT, device=True)
    other = hold("3", boards)

    fits = tree.run_apart("-n1", "--sweep-isolation", "none")
    too_many = tree.run_apart("-n2")

    fits.assert_outcomes(passed=20)
    assert {device for device, _ in boards.log("open")} == {"5"}
    assert too_many.ret == pytest.ExitCode.USAGE_ERROR
    too_many.stderr.fnmatch_lines(
        [f"ERROR: 2 workers and 1 of 2 devices free (device 3 is in use by process {other.pid} *): give -n 1, or *"]
    )
    end(other)


def test_a_run_without_workers_has_all_devices_or_none(tree: SweepTree, boards: FakeBoards) -> None:
    """A module may open a mesh of them all; ``--collect-only`` needs none."""
    boards.devices("3", "5")
    tree.write("count", COUNT, device=True)
    other = hold("5", boards)

    result = tree.run_apart("--sweep-isolation", "none")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: device 5 is in use by process {other.pid} *--sweep-share-device*"])
    assert tree.run_apart("--collect-only", "-q").ret == pytest.ExitCode.OK
    os.kill(other.pid, signal.SIGKILL)
    other.communicate()
    tree.run_apart("--sweep-isolation", "none").assert_outcomes(passed=20)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_board_out_of_order_stops_the_run(tree: SweepTree, workers: int) -> None:
    """The rest is NOT_RUN with the reason, and workers drop what they have been sent."""
    tree.write("hangs", HANGS)

    result = tree.run_apart("--tb=no", "--sweep-max-device-failures=4/10", *(["-n", str(workers)] if workers else []))

    assert result.ret == pytest.ExitCode.INTERRUPTED
    ran = sum(result.parseoutcomes().values())
    if workers:
        # 50 are sent to each worker at once; what has been reported meanwhile depends on the machine.
        assert 8 <= ran < 100
    else:
        assert result.parseoutcomes() == {"passed": 4, "failed": 4}
    result.stdout.fnmatch_lines(["!* 4 of the last * vectors failed on the device, the last sweeps/hangs.py::s::*!"])
    (line,) = [line for line in result.outlines if line.startswith("not reached")]
    assert re.fullmatch(rf"not reached {400 - ran}x: 4 of the last \d+ vectors failed on the device.*", line)


def test_a_board_that_fails_now_and_then_does_not_stop_the_run(tree: SweepTree) -> None:
    """Fewer than the limit, or no limit: everything runs."""
    tree.write("hangs", HANGS.replace("range(400)", "range(30)"))

    for limit in ("6/10", "0"):
        result = tree.run("--tb=no", f"--sweep-max-device-failures={limit}")
        result.assert_outcomes(passed=15, failed=15)
        result.stdout.no_fnmatch_line("not reached*")


@pytest.mark.parametrize(
    ("option", "line"),
    [
        ("--sweep-max-device-failures=many", "*--sweep-max-device-failures 'many': expected N/OF*"),
        ("--sweep-reset-command='", '*--sweep-reset-command "\'": No closing quotation*'),
    ],
)
def test_mistakes_are_told_before_the_first_vector(tree: SweepTree, option: str, line: str) -> None:
    """Not at the first hang, hours later."""
    tree.write("count", COUNT)

    result = tree.run(option)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([line])


def test_what_stops_a_run_early_is_told(tree: SweepTree) -> None:
    """``-x``: vectors that nobody came to are counted with the reason."""
    tree.write("hangs", HANGS)

    tree.run("-x", "--tb=no").stdout.fnmatch_lines(["not reached 398x: stopping after 1 failures"])


def test_a_lock_directory_of_ones_own(tree: SweepTree, boards: FakeBoards) -> None:
    """Locks are where the environment says, and released when the run is over."""
    tree.write("count", COUNT, device=True)

    tree.run_apart("--sweep-isolation", "none").assert_outcomes(passed=20)

    assert {path.name for path in Path(boards.locks).iterdir()} == {"0.claim.lock", "0.use.lock"}
    end(hold("0", boards))
