"""``--sweep-memory`` and rooflines with ``--sweep-perf``: an execution of its own, and what it leaves in the record."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

pytest.importorskip("torch")

PRODUCT = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_with_pcc, start_measuring_time, stop_measuring_time

parameters = {"s": {"memory": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG]}}
runs = 0

def run(memory, *, device):
    global runs
    runs += 1
    left, right = torch.rand(1, 1, 256, 512), torch.rand(1, 1, 512, 128)
    given = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device, "memory_config": memory}
    tensors = [ttnn.from_torch(values, **given) for values in (left, right)]
    start = start_measuring_time()
    output = ttnn.to_torch(ttnn.matmul(*tensors, memory_config=memory))
    elapsed = stop_measuring_time(start)
    print("execution", runs)
    return [check_with_pcc(left @ right, output, 0.99), elapsed]
"""

# A verdict that fails, and one that only a second execution fails.
FAULTY = """
import torch, ttnn
parameters = {"s": {"how": ["fails", "fails later"]}}
seen = []

def run(how, *, device):
    seen.append(how)
    tensor = ttnn.from_torch(torch.ones(32, 32), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    ttnn.relu(tensor)
    if how == "fails later" and seen.count(how) == 2:
        raise ValueError("the second time")
    return how != "fails", "verdict"
"""


def records(tree: SweepTree) -> list[dict[str, Any]]:
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"))[-1]
    lines = [json.loads(line) for line in Path(last).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "vector_id" in line]


def executions(result: pytest.RunResult) -> int:
    """How often ``run`` was called, as it counts by itself."""
    return max(int(number) for number in re.findall(r"execution (\d+)$", result.stdout.str(), re.MULTILINE))


def metrics(record: dict[str, Any]) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in record["metrics"]}


def test_both_share_one_execution_behind_the_timed_ones(tree: SweepTree) -> None:
    """Verdict, timed, inspected: three; figures of tensors and the ideal time, but no ratio on an emulated device."""
    tree.write("product", PRODUCT, device=True)

    result = tree.run("--sweep-device=emulated:n300", "--sweep-perf", "--sweep-memory", "-s")

    result.assert_outcomes(passed=2)
    assert executions(result) == 6
    in_dram, in_l1 = records(tree)
    found = metrics(in_dram)
    assert (found["peak_dram_bytes"], found["peak_l1_buffer_bytes_per_core"]) == (458752, 0)
    assert (found["byte_count"], found["flop_count"]) == (458752, 2 * 256 * 512 * 128)
    assert found["ideal_ns"] == pytest.approx(458752 / 288)
    assert not {"roofline_ratio", "l1_share", "peak_l1_bytes_per_core"} & set(found)
    assert in_dram["notes"]["roofline_bound"] == "launch"
    assert in_dram["notes"]["roofline_missing"].startswith("no ratio: times of an emulated device")
    assert "no circular buffers" in in_dram["notes"]["memory_missing"]
    found = metrics(in_l1)
    # 128, 64 and 32 tiles over the banks of 56 cores: three, two and one in the fullest.
    assert (found["peak_dram_bytes"], found["peak_l1_buffer_bytes_per_core"]) == (0, 6 * 2048)
    assert found["byte_count"] == 0


def test_a_faulty_inspection_is_no_failure(tree: SweepTree) -> None:
    """A vector that fails is executed once; one whose inspected execution raises passes, and its record says so."""
    tree.write("faulty", FAULTY, device=True)
    tree.write("deviceless", "parameters = {'s': {'a': [1]}}\ndef run(a, *, device):\n    return True, ''")

    result = tree.run("--sweep-device=emulated", "--sweep-memory")

    result.assert_outcomes(passed=2, failed=1)
    missing = [record.get("notes", {}).get("memory_missing", "nothing") for record in records(tree)]
    assert sorted(missing) == [
        "nothing",
        "the execution that was inspected raised ValueError: the second time",
        "the vector has no device of ttnn's",
    ]


def test_without_the_options_nothing_is_executed_again(tree: SweepTree) -> None:
    tree.write("product", PRODUCT, device=True)

    result = tree.run("--sweep-device=emulated", "-s")

    assert executions(result) == 2
    assert "peak_dram_bytes" not in metrics(records(tree)[0])
