"""The accuracy meter on the wheel's own tensors and dtypes."""

from __future__ import annotations

import json

from sweep_tree import SweepTree

RELU = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_with_pcc

parameters = {"s": {"wrong": [False, True], "dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32]}}
accuracy = {"max_ulp": 1, ttnn.bfloat8_b: {"rms_error": 0.01}, ttnn.float32: {"max_ulp": 4}}

def run(wrong, dtype, *, device):
    values = torch.rand(64, 64)
    tensor = ttnn.from_torch(values * 1.01 if wrong else values, dtype=dtype, layout=ttnn.TILE_LAYOUT, device=device)
    return check_with_pcc(values, ttnn.to_torch(ttnn.relu(tensor)), 0.999)
"""


def test_dtypes_are_the_wheels(tree: SweepTree) -> None:
    """Read back through the wheel each output has its dtype, and the bounds that are declared by it."""
    tree.write("relu", RELU, device=True)

    tree.run_apart("--sweep-device=mock").assert_outcomes(passed=3, failed=3)

    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    for record in map(json.loads, journal.read_text().splitlines()):
        dtype = record["parameters"]["dtype"]["enum"][1].lower()
        values = {metric["name"]: metric["value"] for metric in record["metrics"]}
        assert record["notes"]["output_dtype"] == dtype
        assert (record["status"] == "PASS") is not record["parameters"]["wrong"]
        if record["status"] == "PASS":
            assert values["max_ulp"] <= 1
            assert values["format_error_share"] == 1
