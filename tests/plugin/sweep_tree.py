"""A sweep tree to write and run."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

DEVICELESS = """
def mesh_device_fixture():
    yield None, "no device"
"""


class SweepTree:
    """Writes sweep modules below ``sweeps/`` of a pytester directory and runs pytest on them."""

    def __init__(self, pytester: pytest.Pytester) -> None:
        self.pytester = pytester
        pytester.makeini("[pytest]")

    def write(self, name: str, text: str, *, root: str = "sweeps", device: bool = False) -> Path:
        """Write the module of the dotted ``name``; unless ``device``, it runs without one, so without torch."""
        path = self.pytester.path.joinpath(root, *name.split(".")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text) + ("" if device else DEVICELESS), encoding="utf-8")
        return path

    def run(self, *arguments: str) -> pytest.RunResult:
        return self.pytester.runpytest("-p", "ttnn_sweeps", *arguments)

    def run_apart(self, *arguments: str) -> pytest.RunResult:
        """Run in another process."""
        return self.pytester.runpytest_subprocess("-p", "ttnn_sweeps", *arguments)

    def ids(self, *arguments: str) -> list[str]:
        """Node ids that pytest collects."""
        result = self.run("--collect-only", "-q", *arguments)
        return [line for line in result.outlines if "::" in line and " " not in line]


ADD = """
parameters = {
    "nightly": {"a": [1, 2, 3], "b": [10, 20]},
    "model_traced": {"a,b": [(4, 40), (5, 50)]},
}

def run(a, b, *, device):
    return [(a + b < 50, f"PCC {1 - a / 1000}"), 2_000_000]
"""
