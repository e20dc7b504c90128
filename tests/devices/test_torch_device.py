"""``--sweep-torch-device`` on its way from the provider to the emulation."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_ttnn_sweeps.devices.provider import ProviderError, check_torch_device

_IMPORTED = """
import torch
from pytest_ttnn_sweeps.devices.provider import choose, provide
from pytest_ttnn_sweeps.emulation import torch_device

asked = []
torch_device.checked_torch_device = lambda name: asked.append(name) or torch.device("meta")
provide(choose("emulated"), "cuda:1")
import ttnn

print(asked, torch_device.torch_device_in_use())
"""


def test_importing_ttnn_makes_the_device_the_emulations() -> None:
    """The name goes to torch as it is, and what torch has for it is what the emulation uses."""
    done = subprocess.run([sys.executable, "-c", _IMPORTED], capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "['cuda:1'] meta", done.stderr


@pytest.mark.parametrize(
    ("name", "provider", "why"),
    [
        ("moon", "emulated", "torch can't use it here"),
        ("meta", "auto", "torch can't use it here"),
        ("cuda", "ttnn", "only the emulation computes with torch"),
    ],
)
def test_a_device_that_cannot_be_had_is_one_line(name: str, provider: str, why: str) -> None:
    """The line begins with the option and has the reason."""
    with pytest.raises(ProviderError) as refused:
        check_torch_device(name, provider)

    assert str(refused.value).startswith(f"--sweep-torch-device {name!r}: {why}")
    assert "\n" not in str(refused.value)


def test_the_host_is_taken_without_asking_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever doesn't ask for another device doesn't wait for torch, whatever the provider."""
    monkeypatch.setitem(sys.modules, "pytest_ttnn_sweeps.emulation.torch_device", None)

    check_torch_device("cpu", "ttnn")
