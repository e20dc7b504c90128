"""``--sweep-memory`` on the real ttnn: the figures that were recorded, and a program cache that nothing is left in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

TESTS = Path(__file__).parents[1]
RECORDED: dict[str, dict[str, Any]] = json.loads((TESTS / "data" / "memory_graphs.json").read_text(encoding="utf-8"))

CASES = f"""
import sys
import ttnn
sys.path.insert(0, {str(TESTS / "measure" / "wheel")!r})
from memory_cases import CASES

parameters = {{"s": {{"case": sorted(CASES)}}}}

def mesh_device_fixture():
    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    yield device, "n150"
    ttnn.close_device(device)

def run(case, *, device):
    before = device.num_program_cache_entries()
    CASES[case](ttnn, device)
    return True, f"{{before}} {{device.num_program_cache_entries() > 0}}"
"""

READ = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_with_pcc
parameters = {"s": {"rows": [32, 64, 96]}}

def run(rows, *, device):
    values = torch.rand(rows, 64)
    tensor = ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    output = ttnn.to_torch(ttnn.exp(tensor))
    ttnn.add(tensor, ttnn.from_torch(output, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device))
    return check_with_pcc(values.exp(), output, 0.999)
"""

CAPTURING = """
import torch, ttnn
parameters = {"s": {"how": ["captures itself", "runs after it"]}}

def run(how, *, device):
    tensor = ttnn.from_torch(torch.ones(64, 64), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    if how == "captures itself":
        ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NORMAL)
        ttnn.relu(tensor)
        ttnn.graph.end_graph_capture()
    return tuple(ttnn.exp(tensor).shape) == (64, 64), ""
"""


def records(tree: SweepTree) -> list[dict[str, Any]]:
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "vector_id" in line]


def test_figures_are_ttnns_own(tree: SweepTree) -> None:
    """Of every case what ``extract_resource_usage_per_core`` said of it alone, and the share of L1."""
    tree.write("cases", CASES, device=True)

    result = tree.run_apart("--sweep-device=mock", "--sweep-memory", "--sweep-perf")

    result.assert_outcomes(passed=len(RECORDED))
    for case, record in zip(sorted(RECORDED), records(tree)):
        found = {metric["name"]: metric["value"] for metric in record["metrics"]}
        usage = RECORDED[case]["usage"]
        assert found["peak_l1_bytes_per_core"] == usage["peak_total"], case
        assert found["peak_l1_buffer_bytes_per_core"] == usage["peak_l1"], case
        assert found["peak_l1_bytes"] == RECORDED[case]["device_l1"], case
        assert found["l1_share"] == pytest.approx(usage["peak_total"] / 1_463_968)
        assert "memory_difference" not in record["notes"]
        # The programs of the verdict are in the cache behind it, and none is left for the next vector.
        assert record["message"] == "0 True"
        assert "roofline_ratio" not in found
        assert record["notes"]["roofline_missing"]


def test_values_matter_in_no_capture(tree: SweepTree) -> None:
    """The vector passes by golden values, is inspected with zeros, and the next one has its values again."""
    tree.write("read", READ, device=True)

    result = tree.run_apart("--sweep-device=mock", "--sweep-memory")

    result.assert_outcomes(passed=3)
    for record, tiles in zip(records(tree), (2, 4, 6)):
        found = {metric["name"]: metric["value"] for metric in record["metrics"]}
        assert found["pcc"] > 0.999
        assert found["peak_dram_bytes"] >= 3 * tiles * 2048
        assert "memory_missing" not in record.get("notes", {})


def test_a_capture_inside_a_capture_costs_nobody(tree: SweepTree) -> None:
    """A sweep that captures by itself passes, and so does the vector after it."""
    tree.write("capturing", CAPTURING, device=True)

    result = tree.run_apart("--sweep-device=mock", "--sweep-memory")

    result.assert_outcomes(passed=2)
    first, second = records(tree)
    assert {metric["name"] for metric in second["metrics"]} >= {"peak_l1_bytes_per_core", "peak_dram_bytes"}
    assert first["metrics"] or first["notes"]["memory_missing"]
