"""Child processes around the real ttnn on its mock device, which really crashes."""

from __future__ import annotations

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.traced import TraceContext, TracedConfiguration, record
from pytest_ttnn_sweeps.traced.values import MemoryConfig, TensorSpec

OPERATIONS = """
import os
import torch, ttnn
PYTEST = os.getpid()
HOWS = ["device", "host", "device again", "deallocated", "refused", "device at last"]
parameters = {"s": {"how": HOWS}}

def run(how, *, device):
    print("ran in a child" if os.getpid() != PYTEST else "ran in pytest")
    values = torch.rand(64, 64)
    # The pool of torch's threads, which a fork breaks, at work on both sides of it.
    (torch.rand(512, 512) @ torch.rand(512, 512)).exp().sum()
    where = None if how == "host" else device
    tensor = ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=where)
    if how == "deallocated":
        ttnn.deallocate(tensor)
    if how == "refused":
        ttnn.matmul(tensor, ttnn.to_layout(tensor, ttnn.ROW_MAJOR_LAYOUT))
    return list(ttnn.to_torch(ttnn.relu(tensor)).shape) == [64, 64], ""
"""


@pytest.mark.parametrize("pool", [False, True], ids=["plain", "torch at work before"])
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_operations_that_crash_cost_themselves(tree: SweepTree, pool: bool, workers: tuple[str, ...]) -> None:
    """An operation on a host tensor or a deallocated one kills its process; by default the others don't notice."""
    before = "import torch\n(torch.rand(2000, 2000) @ torch.rand(2000, 2000)).exp().sum()\n" if pool else ""
    tree.write("operations", before + OPERATIONS, device=True)

    result = tree.run_apart("--sweep-device=mock", "-rA", *workers)

    result.assert_outcomes(passed=3, failed=3)
    result.stdout.fnmatch_lines(["*a MOCK device*", "*FAIL_CRASH_HANG 2, FAIL_ASSERT_EXCEPTION 1"])
    assert result.outlines.count("crashed: killed by SIGSEGV (Segmentation fault)") == 2
    assert "ran in pytest" not in result.outlines


def test_a_single_vector_runs_in_pytests_process(tree: SweepTree) -> None:
    """Where a debugger can be put to it."""
    tree.write("operations", OPERATIONS, device=True)

    result = tree.run_apart("--sweep-device=mock", "-rA", "--sweep-where=how=device again")

    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["ran in pytest"])


def test_a_breakpoint_keeps_its_module_here(tree: SweepTree) -> None:
    """A module that a debugger is meant to stop in runs in pytest's process, the others in a child."""
    tree.write("operations", OPERATIONS.replace('"host", ', "").replace('"deallocated", ', ""), device=True)
    stopping = "if False: breakpoint()\n" + OPERATIONS.replace("HOWS = ", "HOWS = ['device', 'refused'] or ")
    tree.write("stopping", stopping, device=True)

    result = tree.run_apart("--sweep-device=mock", "-rA", "--tb=short")

    result.assert_outcomes(passed=4, failed=2)
    lines = [line for line in result.outlines if line.startswith("ran in")]
    assert sorted(lines) == ["ran in a child"] * 4 + ["ran in pytest"] * 2


def test_repetitions_are_compared(tree: SweepTree) -> None:
    """The hooks of ``--sweep-repeat-check`` fit the real module and its compiled types."""
    tree.write("operations", OPERATIONS, device=True)

    result = tree.run_apart(
        "--sweep-device=mock",
        "--sweep-repeat-check=2",
        "--sweep-where=how!=host",
        "--sweep-where=how!=deallocated",
        "--sweep-where=how!=refused",
        "--junitxml=out.xml",
    )

    text = (tree.pytester.path / "out.xml").read_text()
    assert result.ret == 0, text
    assert text.count('name="repeat_check" value="deterministic"') == 3


@pytest.mark.parametrize("arguments", [(), ("--sweep-isolation=none",), ("--collect-only",)])
def test_no_value_of_ttnn_outlives_the_session(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """A master's memory configurations that were there at the very end made ttnn end the output with pages of leaks."""
    tensor = TensorSpec((1, 1, 32, 32), "BFLOAT16", "TILE", MemoryConfig("INTERLEAVED", "L1"))
    record(tree.pytester.path / "m.json", [TracedConfiguration("relu", (tensor,))], TraceContext("test_m.py"))

    result = tree.run_apart("m.json", "--sweep-device=mock", *arguments)

    assert result.ret == pytest.ExitCode.OK
    result.stderr.no_fnmatch_line("*leaked*")


def test_tracing_keeps_no_type_of_ttnns(tree: SweepTree) -> None:
    """What a tracer learns of types goes with the last test: the same output after a run of models' tests."""
    tree.pytester.makepyfile(
        test_model="""
        import torch

        def test_layer(ttnn_device):
            import ttnn
            ttnn.relu(ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, device=ttnn_device))
        """
    )
    result = tree.run_apart("test_model.py", "--sweep-device=mock", "--ttnn-trace=m.json")

    result.stdout.fnmatch_lines(["Added 1 new unique configuration to m.json"])
    result.stderr.no_fnmatch_line("*leaked*")
