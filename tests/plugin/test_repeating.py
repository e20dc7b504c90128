"""``--sweep-repeat-check``: which vectors give the same bits each time."""

from __future__ import annotations

import re

import pytest
from sweep_tree import SweepTree

pytest.importorskip("torch")

REPEATED = """
import random
import pytest
import torch, ttnn
from ttnn import to_torch
CALLS = []
parameters = {"s": {"how": ["same", "differs", "by name", "by method", "more tensors", "raises later", "other input",
                            "reads nothing", "fails", "mutates"], "shape": [[32, 32]]}}

def run(how, shape, *, device):
    assert shape == [32, 32]
    if how == "mutates":
        shape.append(1)
    CALLS.append(how)
    times = CALLS.count(how)
    x = torch.rand(32, 32)
    if how == "reads nothing": return True, ""
    if how == "other input": x += times
    if how == "raises later" and times > 1: raise RuntimeError("flaky")
    t = ttnn.from_torch(x, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    if how in ("differs", "by name", "by method") and times == 3: t = ttnn.add(t, 1.0)
    if how == "by name": to_torch(t)
    elif how == "by method": t.cpu().to_torch()
    else: ttnn.to_torch(t)
    if how == "more tensors" and times == 2: ttnn.to_torch(t)
    return how != "fails", "1.0"
"""

VERDICTS = {
    "same": ("PASS", "deterministic"),
    "differs": ("FAIL_NON_DETERMINISTIC", "differs"),
    "by name": ("FAIL_NON_DETERMINISTIC", "differs"),
    "by method": ("FAIL_NON_DETERMINISTIC", "differs"),
    "more tensors": ("FAIL_NON_DETERMINISTIC", "differs"),
    "raises later": ("FAIL_NON_DETERMINISTIC", "differs"),
    "other input": ("PASS", "inputs differ"),
    "reads nothing": ("PASS", "nothing read back"),
    "fails": ("FAIL_ASSERT_EXCEPTION", None),
    "mutates": ("PASS", "deterministic"),
}


@pytest.mark.parametrize("mode", ["none", "process"])
@pytest.mark.parametrize("exempt", [False, True])
def test_each_vector_has_its_verdict(tree: SweepTree, mode: str, exempt: bool) -> None:
    """Bits that differ, however they are read, fail; inputs that differ are no verdict; an exempt module runs once."""
    tree.write("repeated", REPEATED + ("_NON_DETERMINISTIC_BY_DESIGN = True\n" if exempt else ""), device=True)
    tree.pytester.makeconftest(
        """
        def pytest_runtest_logreport(report):
            if report.when == "call":
                with open("verdicts.txt", "a") as file:
                    found = dict(report.user_properties)
                    print(report.nodeid, found["status"], found.get("repeat_check"), sep="|", file=file)

        def pytest_collection_modifyitems(items):
            with open("asked.txt", "w") as file:
                for item in items:
                    print(item.nodeid, item.vector["how"], sep="|", file=file)
        """
    )

    result = tree.run_apart("--sweep-device=emulated", f"--sweep-isolation={mode}", "--sweep-repeat-check=3")

    asked = dict(line.split("|") for line in (tree.pytester.path / "asked.txt").read_text().splitlines())
    lines = [line.split("|") for line in (tree.pytester.path / "verdicts.txt").read_text().splitlines()]
    found = {asked[name]: (status, None if verdict == "None" else verdict) for name, status, verdict in lines}
    if exempt:
        assert found == {how: ("PASS" if how != "fails" else "FAIL_ASSERT_EXCEPTION", "exempt") for how in VERDICTS}
    else:
        assert found == VERDICTS
        result.stdout.fnmatch_lines(
            ["NON_DETERMINISTIC: tensor 1 of 1 ([[]32, 32], torch.bfloat16) in run 3 isn't that of run 1"]
        )
        assert re.search("NON_DETERMINISTIC: run 2 raised RuntimeError: flaky; run 1 didn't", result.stdout.str())
