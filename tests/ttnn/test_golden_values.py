"""Values of tensors on the mock device: the wheel runs, its golden functions compute; in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.devices.mock.environment import variables
from pytest_ttnn_sweeps.devices.mock.preparing import prepare
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel

SCRIPT = Path(__file__).parent / "golden_values_script.py"


@pytest.fixture(scope="module")
def found(kernels: None) -> dict[str, Any]:
    """What the script has found on an n150."""
    return run_script("n150")


@pytest.fixture(scope="module")
def on_mesh(kernels: None) -> dict[str, Any]:
    """What the script has found on an n300's two devices."""
    return run_script("n300")


def run_script(board: str) -> dict[str, Any]:
    environ = dict(os.environ)
    for name, value in variables(board, prepare(find_wheel())).items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value
    done = subprocess.run([sys.executable, SCRIPT, board], env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    facts: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return facts


CLOSE = (
    *("add", "operator", "matmul of other dtypes", "softmax", "mean", "relu of bfloat8_b", "gradient", "pool"),
    *("convolution", "prepared weights", "in place", "output tensor", "list of tensors", "split", "slice", "keyword"),
    *("complex", "reshape", "reshape into its padding", "scalar first", "second of several"),
    *("other name", "other names", "other name of a factor"),
)
EXACT = (
    *("layouts", "memory", "sharded", "resharded", "to and from the host", "method to", "clone", "reallocated"),
    *("typecast", "integers", "integers cast", "view", "view changed in place", "full", "arange", "zeros like"),
    *("as tensor", "cached tensor", "list", "item", "numpy", "dumped", "no elements", "updated cache", "uint16"),
)


@pytest.mark.parametrize("case", CLOSE)
def test_an_operation_gives_what_torch_gives(found: dict[str, Any], case: str) -> None:
    assert found[case] > 0.999


@pytest.mark.parametrize("case", EXACT)
def test_moving_and_creating_keep_every_bit(found: dict[str, Any], case: str) -> None:
    assert found[case] is True


@pytest.mark.parametrize(
    ("case", "text"),
    [
        ("no golden function", "ttnn.experimental.dropout has no golden function"),
        ("after it", "ttnn.experimental.dropout has no golden function"),
        ("unset", "ttnn.empty sets none"),
        ("raises", "the golden function of ttnn.add doesn't take the call: ValueError: not today"),
        ("other shape", "the golden function of ttnn.add gives shape [3] where ttnn's has [64, 64]"),
        ("other order", "the golden function of ttnn.add gives shape [3, 2, 64] where ttnn's has [2, 3, 64]"),
        ("fewer outputs", "the golden function of ttnn.topk gives no tensor for this output"),
        ("weights read", "ttnn.prepare_conv_weights puts them in an order of its own"),
        ("constructed", "nothing is known of what made it"),
        ("copied to the host", "ttnn.copy_device_to_host_tensor fills a tensor of the host with zeros"),
    ],
)
def test_a_missing_value_names_the_operation(found: dict[str, Any], case: str, text: str) -> None:
    """Never zeros: reading says what is missing, and why."""
    assert found[case] == f"NoGoldenValue: no golden value: {text}"


def test_what_nobody_reads_misses_nothing(found: dict[str, Any]) -> None:
    assert found["unread"] == "allocated"


def test_what_ttnn_refuses_stays_refused(found: dict[str, Any]) -> None:
    assert "must be equal to the height of the second tensor" in found["refused"]
    assert "Out of Memory" in found["out of memory"]
    assert "Input Tensor A is not allocated" in found["freed"]


def test_values_end_with_their_tensors(found: dict[str, Any]) -> None:
    """3,000 tensors made and dropped leave no more in the table than its slack; device memory is free."""
    assert found["entries"] <= 129
    assert found["bytes"] <= 70 << 20
    assert found["allocated"] == found["allocated before"]


def test_a_freed_address_has_no_values(found: dict[str, Any]) -> None:
    """What ttnn puts there next, by means that aren't followed, isn't taken for the former tensor."""
    assert found["same address"] is True
    assert found["former tensor"].startswith("NoGoldenValue")


def test_uninstalling_brings_the_zeros_back(found: dict[str, Any]) -> None:
    assert found["uninstalled"] == 0.0


@pytest.mark.parametrize("case", ["shards", "replicated", "parts", "sharded and replicated", "host and back"])
def test_each_device_of_a_mesh_has_its_part(on_mesh: dict[str, Any], case: str) -> None:
    assert on_mesh[case] is True


def test_a_mesh_is_read_as_ttnn_reads_it(on_mesh: dict[str, Any]) -> None:
    assert "Supply a mesh composer" in on_mesh["no composer"]


SWEEP = """
import torch, ttnn

parameters = {"s": {"what": ["right", "wrong", "missing", "swallowed", "refused"]}}

def run(what, *, device):
    a = torch.randn(64, 64)
    x = ttnn.from_torch(a, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    if what == "missing":
        ttnn.to_torch(ttnn.experimental.dropout(x, probability=0.5, scale=2.0, seed=1))
    if what == "swallowed":
        try:
            ttnn.to_torch(ttnn.experimental.dropout(x, probability=0.5, scale=2.0, seed=1))
        except Exception as error:
            return False, f"swallowed {error}"
    if what == "refused":
        ttnn.matmul(x, ttnn.ones([32, 32], layout=ttnn.TILE_LAYOUT, device=device))
    expected = a.relu() + (0.5 if what == "wrong" else 0)
    return bool((ttnn.to_torch(ttnn.relu(x)).float() - expected).abs().max() < 0.1), "compared"
"""


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_vectors_pass_fail_and_skip_by_golden_values(tree: SweepTree, isolation: str) -> None:
    """A missing value is a skip that names the operation, past a sweep's own handlers; a refusal stays a failure."""
    tree.write("golden", SWEEP, device=True)

    result = tree.run_apart("--sweep-device=mock", f"--sweep-isolation={isolation}", "-rs")

    result.assert_outcomes(passed=1, failed=2, skipped=2)
    result.stdout.fnmatch_lines(["*MOCK device: nothing computes, values are ttnn's golden functions'*"])
    result.stdout.fnmatch_lines(["SKIPPED*no golden value: ttnn.experimental.dropout has no golden function*"])


def test_a_missing_value_skips_an_ordinary_test(tree: SweepTree) -> None:
    tree.pytester.makepyfile(
        test_model="""
        def test_dropout(ttnn_device):
            import ttnn
            x = ttnn.ones([32, 32], dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=ttnn_device)
            assert ttnn.to_torch(x + 1).sum() == 2048
            ttnn.to_torch(ttnn.experimental.dropout(x, probability=0.5, scale=2.0, seed=1))
        """
    )

    result = tree.run_apart("--sweep-device=mock", "-rs")

    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED*test_model.py*: no golden value: ttnn.experimental.dropout has no golden *"])


def test_somebody_elses_mock_device_reads_zeros(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the device that the package has prepared has values."""
    for name, value in variables("n150", prepare(find_wheel())).items():
        if value is not None and name != "TTNN_SWEEPS_MOCK":
            monkeypatch.setenv(name, value)
    tree.write(
        "zeros",
        """
        import torch, ttnn
        parameters = {"s": {"n": [1]}}

        def run(n, *, device):
            tensor = ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, device=device)
            return float(ttnn.to_torch(tensor).sum()) == 0, "zeros"
        """,
        device=True,
    )

    tree.run_apart("--sweep-device=ttnn").assert_outcomes(passed=1)
