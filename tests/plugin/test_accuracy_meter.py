"""``--sweep-accuracy`` on the emulation: faults in modules that know nothing of it, seen through upstream's helpers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

EMULATED = ("--sweep-device=emulated", "-p", "no:cacheprovider", "-q")

# In the form of tt-metal's tests/ttnn/utils_for_testing.py: NaNs are zeros, a pair comes back.
HELPERS = """
import torch

def comp_pcc(golden, calculated, pcc=0.99):
    golden, calculated = (torch.nan_to_num(one.double(), 0, 0, 0).flatten() for one in (golden, calculated))
    found = 1.0 if torch.equal(golden, calculated) else torch.corrcoef(torch.stack([golden, calculated]))[0, 1].item()
    return found >= pcc or found != found, found

def check_with_pcc(expected_pytorch_result, actual_pytorch_result, pcc=0.9999):
    passed, found = comp_pcc(expected_pytorch_result, actual_pytorch_result, pcc)
    return passed, str(found)
"""

# A device whose output has a fault, of which the check sees nothing.
FAULTY = """
import torch, ttnn
from helpers.utils_for_testing import check_with_pcc

FAULTS = ["none", "element", "scale", "nan", "constant", "rows"]
parameters = {"nightly": {"fault": FAULTS, "dtype": [ttnn.bfloat16, ttnn.bfloat8_b]}}

def run(fault, dtype, *, device):
    expected = torch.arange(64.0)[:, None] * 4 + 256 + torch.rand(64, 256)
    wrong = expected.clone()
    if fault == "element": wrong[7, 100] += 64
    if fault == "scale": wrong *= 1.01
    if fault == "constant": wrong[:] = 300
    if fault == "rows": wrong = wrong[torch.arange(64).sub(1).clamp(min=0)]
    output = ttnn.from_torch(wrong, dtype=dtype, layout=ttnn.TILE_LAYOUT, device=device)
    output = ttnn.to_torch(output)
    if fault == "nan": output[3, 4] = float("nan")
    return [check_with_pcc(expected, output, 0.99), 1000]
"""

SEVERAL = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_equal, check_with_pcc

parameters = {"nightly": {"n": [1]}}
accuracy = {"max_ulp": 1, ttnn.uint16: {"max_ulp": 0}}

def run(n, *, device):
    values = torch.linspace(1, 2, 1024).reshape(32, 32)
    first = ttnn.to_torch(ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device))
    whole = torch.arange(1024).reshape(32, 32)
    second = ttnn.to_torch(ttnn.from_torch(whole, dtype=ttnn.uint16, layout=ttnn.ROW_MAJOR_LAYOUT, device=device))
    equal = check_equal(whole, second.to(torch.int64))
    return check_with_pcc(values, first)
"""

# Shapes that differ, and block floats whose blocks are lost.
UNMEASURED = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_with_pcc

parameters = {"nightly": {"how": ["shapes", "transposed"]}}
accuracy = {"rms_error": 1}

def run(how, *, device):
    values = torch.rand(32, 64)
    output = ttnn.from_torch(values, dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=device)
    output = ttnn.to_torch(output).T
    return check_with_pcc(values.T if how == "transposed" else values, output)
"""


def write(tree: SweepTree, **modules: str) -> None:
    helpers = tree.pytester.path / "helpers" / "utils_for_testing.py"
    helpers.parent.mkdir()
    helpers.write_text(HELPERS)
    tree.pytester.makeini("[pytest]\npythonpath = .\n")
    for name, text in modules.items():
        tree.write(name, text, device=True)


def records(tree: SweepTree) -> list[dict[str, Any]]:
    last = sorted(tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl"))[-1]
    return [json.loads(line) for line in Path(last).read_text().splitlines()]


def metrics(record: dict[str, Any]) -> dict[str, float]:
    return {metric["name"]: float(metric["value"]) for metric in record["metrics"]}


def test_planted_faults(tree: SweepTree) -> None:
    """All pass by the module's own correlation; the metric that is there for a fault has found it, in a child too."""
    write(tree, faulty=FAULTY)

    tree.run_apart(*EMULATED, "--sweep-accuracy", "--sweep-isolation=process").assert_outcomes(passed=12)

    found = {
        (record["parameters"]["fault"], record["parameters"]["dtype"]["enum"][1]): (metrics(record), record["notes"])
        for record in records(tree)
    }
    for dtype, half_an_ulp in (("BFLOAT16", 0.5), ("BFLOAT8_B", 0.5)):
        right, notes = found["none", dtype]
        assert right["max_ulp"] <= half_an_ulp
        assert right["format_error_share"] == 1.0
        assert right["pcc_margin"] == pytest.approx(right["pcc"] - 0.99)
        assert notes["output_dtype"] == dtype.lower()
        assert found["element", dtype][0]["max_abs_error"] == pytest.approx(64, abs=4)
        assert found["element", dtype][1]["worst_elements"].startswith("[7, 100] expected ")
        assert found["scale", dtype][0]["rms_error"] == pytest.approx(0.01 * 390, rel=0.2)
        assert found["rows", dtype][0]["format_error_share"] < 0.3
        wrong, notes = found["nan", dtype]
        assert wrong["nonfinite_mismatches"] == 1
        # Of a number that the module gives too, the module's stays.
        assert wrong["pcc"] > 0.99
        assert wrong["measured_pcc"] != wrong["measured_pcc"]
        assert notes["nonfinite"].startswith(
            "1 of 16384 values are NaN or infinite in one tensor only, first at [3, 4]"
        )
        # What the module's correlation takes for perfect.
        assert found["constant", dtype][0].get("measured_pcc") == 0


def test_a_requirement_turns_the_meter_on(tree: SweepTree) -> None:
    """Without --sweep-accuracy; each fault misses one of three bounds, and what is right meets them."""
    write(tree, faulty=FAULTY)

    require = ("--sweep-require=max_abs_error<16", "--sweep-require=rms_error<1.5,nonfinite_mismatches==0")
    tree.run_apart(*EMULATED, *require).assert_outcomes(passed=2, failed=10)

    assert {record["parameters"]["fault"] for record in records(tree) if record["status"] == "PASS"} == {"none"}


def test_declarations_turn_the_meter_on(tree: SweepTree) -> None:
    """For the modules that have them; of several comparisons the worst counts, and what can't be measured is told."""
    one = FAULTY.replace('"fault": FAULTS', '"fault": ["none", "scale"]')
    write(tree, silent=one, bounded="accuracy = {'max_ulp': 1}\n" + one, several=SEVERAL, unmeasured=UNMEASURED)

    result = tree.run_apart(*EMULATED)

    found: dict[str, list[dict[str, Any]]] = {}
    for record in records(tree):
        found.setdefault(record["module"], []).append(record)
    assert [record["status"] for record in found["silent"]] == ["PASS"] * 4
    assert not any("max_ulp" in metrics(record) for record in found["silent"])
    assert [record["status"] for record in found["bounded"]] == ["PASS"] * 2 + ["FAIL_ASSERT_EXCEPTION"] * 2

    (several,) = found["several"]
    result.stdout.fnmatch_lines(["*max_ulp has bounds by dtype, but the outputs are bfloat16 and uint16*"])
    assert 0.4 < metrics(several)["max_ulp"] <= 0.5
    assert several["notes"]["output_dtype"] == "uint16, bfloat16"
    assert several["notes"]["comparisons"].startswith("2: check_equal, check_with_pcc; worst pcc of 2, ")
    assert several["notes"]["worst_elements"].startswith("comparison 2: [")

    shapes, transposed = sorted(found["unmeasured"], key=lambda record: record["index"])
    assert "metrics" not in shapes
    assert shapes["message"] == "shapes differ: expected [32, 64], actual [64, 32]"
    assert shapes["notes"]["accuracy_missing"] == f"comparison 1 (check_with_pcc): {shapes['message']}"
    assert transposed["status"] == "PASS"
    assert "max_ulp" not in metrics(transposed)
    assert 0 < metrics(transposed)["rms_error"] < 0.01
    assert "bfloat8_b shares exponents along rows" in transposed["notes"]["accuracy_missing"]
