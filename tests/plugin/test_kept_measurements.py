"""What was measured of a vector before a later execution of it took its child along."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sweep_tree import SweepTree

LATE = """
import os, time
calls = 0
parameters = {"s": {"a": [1]}}

def run(a, *, device):
    global calls
    calls += 1
    if calls == 4:
        HOW
    return [(True, "PCC 0.999"), 2_000_000]
"""


def only_record(tree: SweepTree) -> dict[str, Any]:
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    (line,) = journal.read_text().splitlines()
    record: dict[str, Any] = json.loads(line)
    return record


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("time.sleep(600)", "hung in the timed execution 3 of 5: "),
        ("os._exit(9)", "crashed in the timed execution 3 of 5: "),
    ],
    ids=["hang", "crash"],
)
def test_executions_that_ended_are_recorded_though_a_later_one_did_not(tree: SweepTree, how: str, words: str) -> None:
    """The verdict's metrics, and the times of the two that ended; it fails all the same."""
    tree.write("late", LATE.replace("HOW", how))

    result = tree.run_apart("--tb=no", "--sweep-repeat=5", "--sweep-isolation=process", "--sweep-timeout=3")

    assert result.ret == 1
    record = only_record(tree)
    assert record["status"] == "FAIL_CRASH_HANG"
    assert record["message"].startswith(words)
    metrics = {metric["name"]: metric for metric in record["metrics"]}
    assert metrics["pcc"]["value"] == 0.999
    assert metrics["first_e2e_ms"]["value"] == 2.0
    assert len(metrics["run_ms"]["samples"]) == 2
    assert metrics["e2e_ms"]["samples"] == [2.0, 2.0]


def test_an_execution_that_was_interrupted_in_pytests_process_leaves_the_same(tree: SweepTree) -> None:
    """There it is pytest-timeout that ends it."""
    tree.write("late", LATE.replace("HOW", "time.sleep(600)"))

    tree.run_apart("--tb=no", "--sweep-repeat=5", "--sweep-isolation=none", "--sweep-timeout=3")

    record = only_record(tree)
    assert record["status"] == "FAIL_CRASH_HANG"
    metrics = {metric["name"]: metric for metric in record["metrics"]}
    assert metrics["pcc"]["value"] == 0.999
    assert metrics["e2e_ms"]["samples"] == [2.0, 2.0]


def test_a_first_execution_that_hangs_has_measured_nothing(tree: SweepTree) -> None:
    """Not even a time."""
    tree.write("late", LATE.replace("calls == 4", "calls == 1").replace("HOW", "os._exit(9)"))

    tree.run_apart("--tb=no", "--sweep-repeat=5", "--sweep-isolation=process")

    assert "metrics" not in only_record(tree)
