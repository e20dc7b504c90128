"""``--sweep-perf``, ``--sweep-repeat``, ``--sweep-warmup``: which executions there are, and what failures become."""

from __future__ import annotations

import json
import math
from statistics import median
from typing import Any

import pytest
from sweep_tree import SweepTree

EMULATED = "--sweep-device=emulated"

CLOCKED = """
import random
import time
parameters = {"s": {"n": [1, 2], "shape": [[32]]}}
now = 0
time.perf_counter_ns = lambda: now
time.process_time_ns = lambda: now // 2
SEEN = {}

def run(n, shape, *, device):
    global now
    assert shape == [32]
    shape.append(n)
    times = SEEN.setdefault(n, [])
    times.append(random.random())
    assert len(set(times)) == 1, "another seed"
    # 5 ms for the first, then 1, 2, 3, ... ms for each vector, a tenth of which it returns.
    spent = 5 if len(times) == 1 else len(times) - 1
    now += spent * 1_000_000 * n
    return [(True, "1.0"), spent * 100_000 * n]
"""


def records(tree: SweepTree) -> dict[Any, dict[str, Any]]:
    """The last run's records by the first parameter, with metrics by name; leaves no journal behind."""
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    found = {}
    for line in map(json.loads, journal.read_text().splitlines()):
        line["metrics"] = {metric["name"]: metric for metric in line.get("metrics", ())}
        found[next(iter(line["parameters"].values()))] = line
    journal.unlink()
    return found


@pytest.fixture
def clocked(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> SweepTree:
    """A module with a clock of its own, which the package reads too."""
    import time

    from pytest_ttnn_sweeps.collection import measuring
    from pytest_ttnn_sweeps.measure import clocks, times

    for name in ("perf_counter_ns", "process_time_ns"):
        monkeypatch.setattr(time, name, getattr(time, name))
        # Bound late: the module puts its clock into `time` when it is imported.
        monkeypatch.setattr(measuring, name, lambda name=name: getattr(time, name)())
    monkeypatch.setattr(times, "clock_cost", lambda: clocks.ClockCost(0, 0, 1))
    tree.write("clocked", CLOCKED)
    return tree


@pytest.mark.parametrize("mode", ["none", "process"])
@pytest.mark.parametrize(
    ("options", "warmups", "timed"),
    [
        (("--sweep-perf",), 0, 1),
        (("--sweep-perf", "--sweep-warmup=2"), 2, 1),
        (("--sweep-repeat=3",), 0, 3),
        (("--sweep-perf", "--sweep-repeat=7", "--sweep-warmup=1"), 1, 7),
    ],
)
def test_times_are_those_of_the_clock(
    clocked: SweepTree, mode: str, options: tuple[str, ...], warmups: int, timed: int
) -> None:
    """The verdict's time is apart, warm-ups are dropped, medians are right, each execution has its seed and lists."""
    clocked.run(EMULATED, f"--sweep-isolation={mode}", *options).assert_outcomes(passed=2)

    for n, record in records(clocked).items():
        metrics = record["metrics"]
        walls = [float(n * number) for number in range(warmups + 1, warmups + timed + 1)]
        assert metrics["first_run_ms"] == {"name": "first_run_ms", "value": 5.0 * n, "unit": "ms", "better": "lower"}
        assert metrics["first_e2e_ms"]["value"] == 0.5 * n
        assert metrics["run_ms"]["samples"] == walls
        assert metrics["run_ms"]["value"] == median(walls)
        assert metrics["run_cpu_ms"]["samples"] == [wall / 2 for wall in walls]
        assert metrics["e2e_ms"]["value"] == pytest.approx(median(walls) / 10)
        assert len(metrics["e2e_ms"]["samples"]) == timed
        assert ("run_mad_ms" in metrics) == (timed > 1)
        assert ("run_low_ms" in metrics) == (timed >= 6)
        if timed == 7:
            # 2, 3, ... 8 ms: the median is 5, the distances from it 0, 1, 1, 2, 2, 3, 3.
            assert metrics["run_mad_ms"]["value"] == 2.0 * n
            assert walls[0] <= metrics["run_low_ms"]["value"] < 5 * n < metrics["run_high_ms"]["value"] <= walls[-1]


def test_without_the_options_nothing_is_added(clocked: SweepTree) -> None:
    """The time that the module returned is there, of one execution."""
    clocked.run(EMULATED).assert_outcomes(passed=2)

    assert records(clocked)[1]["metrics"] == {
        "pcc": {"name": "pcc", "value": 1.0, "better": "higher"},
        "e2e_ms": {"name": "e2e_ms", "value": 0.5, "unit": "ms", "better": "lower"},
    }


FAILING = """
import os
import signal
import time
import pytest
parameters = {"s": {"how": ["passes", "returns", "raises", "skips", "says it skips", "crashes", "is refused"]}}
TIMES = {}

def run(how, *, device):
    TIMES[how] = TIMES.get(how, 0) + 1
    if TIMES[how] == 4:
        if how == "returns": return False, "PCC 0.1"
        if how == "raises": raise RuntimeError("flaky")
        if how == "skips": pytest.skip("late")
        if how == "says it skips": return {"skip": "late"}
        if how == "is refused": return object()
        if how == "crashes" and os.environ.get("MAY_CRASH"): os.kill(os.getpid(), signal.SIGSEGV)
    return [(True, "PCC 0.999"), 1_000_000]
"""


@pytest.mark.parametrize("mode", ["none", "process"])
def test_a_later_execution_that_fails_fails_the_vector(
    tree: SweepTree, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message says which execution, a raised error has its traceback, what was measured until then is kept."""
    if mode == "process":
        monkeypatch.setenv("MAY_CRASH", "1")
    tree.write("failing", FAILING)

    result = tree.run(EMULATED, f"--sweep-isolation={mode}", "--sweep-repeat=5", "--sweep-warmup=1")

    result.assert_outcomes(passed=1 if mode == "process" else 2, failed=6 if mode == "process" else 5)
    found = records(tree)
    place = "timed execution 2 of 5: "
    expected = {
        "returns": "PCC 0.1",
        "raises": "flaky",
        "skips": "skipped, as the execution before was not: late",
        "says it skips": "skipped, as the execution before was not: late",
    }
    for how, message in expected.items():
        assert found[how]["message"] == place + message
        assert found[how]["status"] == "FAIL_ASSERT_EXCEPTION"
        assert found[how]["metrics"]["e2e_ms"]["samples"] == [1.0]
    assert found["is refused"]["message"].startswith(f"{place}run() returned <object")
    assert found["raises"]["exception_type"] == "RuntimeError"
    assert "in run" in found["raises"]["traceback"]
    text = result.stdout.str()
    assert "E           RuntimeError: flaky" in text or "E       RuntimeError: flaky" in text
    assert "in the timed execution 2 of 5, after a verdict that passed" in text
    assert "During handling" not in text
    if mode == "process":
        assert found["crashes"]["message"].startswith("crashed in the timed execution 2 of 5: killed by SIGSEGV")
        assert found["crashes"]["status"] == "FAIL_CRASH_HANG"


HANGING = """
import time
TIMEOUT = 1
parameters = {"s": {"n": [1, 2], "hangs": [%s]}}
TIMES = []

def run(n, hangs, *, device):
    TIMES.append(n)
    if n == 1 and TIMES.count(1) == hangs:
        time.sleep(60)
    # The whole of them takes longer than one may.
    time.sleep(0.3)
    return True, "1.0"
"""


@pytest.mark.parametrize("mode", ["none", "process"])
def test_a_later_execution_that_hangs_is_caught(tree: SweepTree, mode: str) -> None:
    """Each execution has the deadline of one; the message says which hung, and the next vector runs."""
    tree.write("hanging", HANGING % 3)

    result = tree.run(EMULATED, f"--sweep-isolation={mode}", "--sweep-repeat=3")

    result.assert_outcomes(passed=1, failed=1)
    found = records(tree)
    assert found[1]["status"] == "FAIL_CRASH_HANG"
    if mode == "process":
        assert found[1]["message"] == "hung in the timed execution 2 of 3: no result within 1 s (its TIMEOUT)"
    else:
        assert found[1]["message"].startswith("timed execution 2: Timeout (>1.0s)")
    assert found[2]["status"] == "PASS"
    assert len(found[2]["metrics"]["run_ms"]["samples"]) == 3


@pytest.mark.parametrize("mode", ["none", "process"])
def test_timed_executions_have_a_budget(tree: SweepTree, mode: str) -> None:
    """As long as one execution may take: then no other is begun, and a note tells how many there are."""
    tree.write("hanging", HANGING % 0)

    tree.run(EMULATED, f"--sweep-isolation={mode}", "--sweep-repeat=50", "--sweep-where=n=1").assert_outcomes(passed=1)

    record = records(tree)[1]
    samples = record["metrics"]["run_ms"]["samples"]
    # One of 0.3 s begins before 1 s has passed.
    assert 1 <= len(samples) <= math.ceil(1 / 0.3)
    assert record["notes"]["timed_executions"] == (
        f"{len(samples)} of 50: the 1 s that warm-ups and timed executions have together (its TIMEOUT) had passed"
    )


def test_a_vector_that_doesnt_pass_is_not_repeated(tree: SweepTree) -> None:
    """Nor one that is skipped or fails as expected."""
    tree.write(
        "once",
        """
        import pytest
        CALLS = []
        parameters = {"s": {"how": ["fail", "skip", "raise"]}, "xfail_s": {"how": ["xfail"]}}
        def run(how, *, device):
            CALLS.append(how)
            assert CALLS.count(how) == 1, "again"
            if how == "fail": return [(False, "PCC 0.1"), 3_000_000]
            if how == "skip": pytest.skip("no")
            assert how == "xfail", "raised"
            return False, "known"
        """,
    )

    tree.run(EMULATED, "--sweep-repeat=3").assert_outcomes(failed=2, skipped=1, xfailed=1)

    found = records(tree)
    assert [found[how]["message"].splitlines()[0] for how in ("fail", "xfail")] == ["PCC 0.1", "known"]
    assert "again" not in found["raise"]["message"]
    assert found["fail"]["metrics"].keys() == {"pcc", "e2e_ms"}


def test_repeat_check_and_timing_go_together(tree: SweepTree) -> None:
    """The check's executions come first and decide; timed ones follow, and nothing of theirs is hashed."""
    pytest.importorskip("torch")
    tree.write(
        "checked",
        """
        import torch, ttnn
        parameters = {"s": {"n": [0, 3]}}
        CALLS = []
        def run(n, *, device):
            CALLS.append(n)
            x = ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, dtype=ttnn.bfloat16, device=device)
            ttnn.to_torch(ttnn.add(x, 1.0 if n and CALLS.count(n) == n else 0.0))
            # What hashes is a function of the package's in the place of ttnn's.
            assert ("repeat_check" in str(getattr(ttnn.from_torch, "__code__", ""))) == (CALLS.count(n) <= 3)
            return True, "1.0"
        """,
        device=True,
    )

    result = tree.run(EMULATED, "--sweep-repeat-check=3", "--sweep-repeat=2")

    result.assert_outcomes(passed=1, failed=1)
    found = records(tree)
    assert found[3]["status"] == "FAIL_NON_DETERMINISTIC"
    assert "run_ms" not in found[3]["metrics"]
    assert found[0]["message"] == "1.0"
    assert len(found[0]["metrics"]["run_ms"]["samples"]) == 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--sweep-repeat=0",), "*--sweep-repeat 0: expected a number from 1 on*"),
        (("--sweep-warmup=-1", "--sweep-perf"), "*--sweep-warmup -1: expected a number from 0 on*"),
        (("--sweep-warmup=1",), "*--sweep-warmup: nothing is timed after it; add --sweep-perf or --sweep-repeat N*"),
    ],
)
def test_options_that_cant_be_are_refused(tree: SweepTree, options: tuple[str, ...], text: str) -> None:
    """Before anything is collected."""
    tree.write("clocked", CLOCKED)

    result = tree.run(EMULATED, *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([text])
