"""``--sweep-validate-only``: what ttnn refuses is refused in its words, what it accepts is accepted without values."""

from __future__ import annotations

import json

import pytest
from sweep_tree import SweepTree

EXP = """
import torch, ttnn
from pytest_ttnn_sweeps.testing import check_with_pcc, start_measuring_time, stop_measuring_time

parameters = {
    "s": {
        "shape": [[32, 32], [4, 64, 1024]],
        "layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "dtype": [ttnn.bfloat16, ttnn.bfloat8_b],
    }
}

def run(shape, layout, dtype, *, device):
    values = torch.rand(shape)
    golden = torch.exp(values)
    tensor = ttnn.from_torch(values, dtype=dtype, layout=layout, device=device)
    start = start_measuring_time()
    output = ttnn.to_torch(ttnn.exp(tensor))
    return [check_with_pcc(golden, output, 0.999), stop_measuring_time(start)]
"""

TOO_LARGE = """
import torch, ttnn
parameters = {"s": {"rows": [32, 1 << 20]}}

def run(rows, *, device):
    tensor = torch.rand(rows, 2048)
    ttnn.from_torch(
        tensor, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device, memory_config=ttnn.L1_MEMORY_CONFIG
    )
    return True, ""
"""

VALUES = """
import torch, ttnn
parameters = {"s": {"how": ["compare", "assert", "index", "caught", "own fault"]}}

def run(how, *, device):
    values = torch.rand(128, 128)
    if how == "own fault":
        values.reshape(3, 3)
    tensor = ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    other = ttnn.from_torch(torch.rand(64, 64), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    output = ttnn.to_torch(ttnn.exp(tensor))
    if how == "compare":
        return bool(torch.allclose(values, output)), "the values differ"
    if how == "assert":
        assert output.max() > 1
    if how == "index":
        return values.tolist()[0][0] == output[0, 0].item(), "an element differs"
    try:
        ttnn.to_torch(ttnn.matmul(tensor, other))
    except RuntimeError as refusal:
        return False, str(refusal)
"""

NAMES = """
import functools
import torch, ttnn
from ttnn import from_torch, to_torch as read
import moving

parameters = {"s": {"how": ["own name", "helper's", "bound", "as_tensor"], "rows": [1024, 992]}}

def run(how, rows, *, device):
    options = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device}
    move = {
        "own name": from_torch,
        "helper's": moving.move,
        "bound": functools.partial(from_torch),
        "as_tensor": functools.partial(ttnn.as_tensor, memory_config=ttnn.DRAM_MEMORY_CONFIG),
    }[how]
    output = ttnn.matmul(move(torch.rand(8, 32, 1024), **options), move(torch.rand(8, rows, 32), **options))
    if not (moving.read if how == "helper's" else read)(output).is_meta:
        raise RuntimeError("TT_FATAL: values were converted")
    return True, ""
"""

MOVING = """
from ttnn import from_torch, to_torch

def move(tensor, **options):
    return from_torch(tensor, **options)

def read(tensor):
    return to_torch(tensor)
"""

CONSTRUCTED = """
import torch, ttnn
parameters = {"s": {"columns": [256, 224]}}

def run(columns, *, device):
    tensor, other = (
        ttnn.Tensor(torch.rand(256, width), ttnn.bfloat16).to(ttnn.TILE_LAYOUT).to(device) for width in (columns, 256)
    )
    ttnn.matmul(tensor, other)
    return True, ""
"""


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_refusals_are_ttnns_own_and_are_counted_by_reason(tree: SweepTree, isolation: str) -> None:
    tree.write("exp", EXP, device=True)

    result = tree.run_apart("--sweep-validate-only", f"--sweep-isolation={isolation}")

    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(
        [
            "sweeps: ttnn * on n150, a MOCK device: vectors are validated, nothing is computed",
            "validated 8: 6 accepted, 2 refused or failed",
            "     2x FAIL_ASSERT_EXCEPTION  Layout must be Layout::TILE for bfloat8_b or bfloat4_b!",
            "        such as sweeps/exp.py::s::*",
        ]
    )


def test_the_verdicts_are_those_of_running_with_values(tree: SweepTree) -> None:
    tree.write("exp", EXP, device=True)
    messages = []
    for option in ("--sweep-validate-only", "--sweep-device=mock"):
        tree.run_apart(option)
        journal = max(tree.pytester.path.joinpath(".ttnn_sweeps", "runs").glob("*/journal.jsonl"))
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        failed = [line for line in lines if str(line.get("status", "")).startswith("FAIL")]
        messages.append({line["vector_id"]: (line["status"], line["message"]) for line in failed})

    assert messages[0] == messages[1]
    assert len(messages[0]) == 2


def test_running_out_of_memory_takes_none(tree: SweepTree) -> None:
    """The tensor would have 2**31 elements: 8 GiB in torch, and it isn't skipped for its size."""
    tree.write("large", TOO_LARGE, device=True)

    result = tree.run_apart("--sweep-validate-only")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*1x FAIL_L1_OUT_OF_MEM  Out of Memory: Not enough space to allocate * L1 buffer *"])


def test_what_values_decide_isnt_judged(tree: SweepTree) -> None:
    """A comparison of zeros says nothing; a refusal that was caught does, and so does what the sweep itself breaks."""
    tree.write("values", VALUES, device=True)

    result = tree.run_apart("--sweep-validate-only")

    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines_random(
        [
            "*1x FAIL_ASSERT_EXCEPTION  The width of the first tensor must be equal to the height of *",
            "*1x FAIL_ASSERT_EXCEPTION  shape '[[]#, …]' is invalid for input of size #",
        ]
    )


def test_conversions_are_left_out_by_whatever_name_they_are_called(tree: SweepTree) -> None:
    tree.write("names", NAMES, device=True)
    tree.pytester.makepyfile(moving=MOVING)

    result = tree.run_apart("--sweep-validate-only")

    result.assert_outcomes(passed=4, failed=4)
    result.stdout.fnmatch_lines(
        ["*4x FAIL_ASSERT_EXCEPTION  The width of the first tensor must be equal to the height of *"]
    )


def test_a_tensor_whose_memory_ttnn_asks_for_has_some(tree: SweepTree) -> None:
    tree.write("constructed", CONSTRUCTED, device=True)

    result = tree.run_apart("--sweep-validate-only")

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*1x FAIL_ASSERT_EXCEPTION  The width of the first tensor must be equal to the height of *"]
    )


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_ttnn_converts_again_after_the_session(tree: SweepTree, isolation: str) -> None:
    tree.write("exp", EXP, device=True)
    script = tree.pytester.makepyfile(
        f"""
        import pytest, torch
        seed, threads = torch.manual_seed, torch.get_num_threads()
        pytest.main(["-p", "ttnn_sweeps", "--sweep-validate-only", "--sweep-isolation={isolation}"])

        import ttnn
        assert torch.manual_seed is seed
        assert torch.get_num_threads() == threads
        values = torch.rand(128, 128)
        assert torch.equal(ttnn.to_torch(ttnn.from_torch(values)), values)
        assert torch.equal(ttnn.from_torch(values).to_torch(), values)
        print("as ever")
        """
    )

    tree.pytester.runpython(script).stdout.fnmatch_lines(["validated 8:*", "as ever"])


def test_workers_share_the_table(tree: SweepTree) -> None:
    tree.write("exp", EXP, device=True)

    result = tree.run_apart("--sweep-validate-only", "-n2")

    result.assert_outcomes(passed=6, failed=2)
    result.stdout.fnmatch_lines(["validated 8: 6 accepted, 2 refused or failed"])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--sweep-device=emulated"], "*--sweep-validate-only with --sweep-device emulated: *a mock device validates*"),
        (["--sweep-repeat-check=2"], "*--sweep-validate-only with --sweep-repeat-check: *leave out one of them*"),
    ],
)
def test_what_cant_be_validated_is_a_usage_error(tree: SweepTree, options: list[str], complaint: str) -> None:
    tree.write("exp", EXP, device=True)

    result = tree.run_apart("--sweep-validate-only", *options)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([complaint])
