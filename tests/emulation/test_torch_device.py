"""The torch device of the emulation's tensors: who is asked for it, and where values and computation go."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from pytest_ttnn_sweeps.emulation import ops, torch_device
from pytest_ttnn_sweeps.emulation.conversion import from_torch, to_torch
from pytest_ttnn_sweeps.emulation.creation import full
from pytest_ttnn_sweeps.emulation.device import MeshDevice, close_device, open_device
from pytest_ttnn_sweeps.emulation.enums import DataType, Layout
from pytest_ttnn_sweeps.emulation.operation import operation_named
from pytest_ttnn_sweeps.emulation.torch_device import torch_device_in_use, use_torch_device

assert ops  # whose import fills the table


@pytest.fixture
def device() -> Iterator[MeshDevice]:
    """An emulated device."""
    opened = open_device(device_id=0)
    yield opened
    close_device(opened)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> torch.device:
    """A device that isn't the host: torch's meta device, on which a mixture of devices raises as it does on any."""
    other = torch.device("meta")
    monkeypatch.setattr(torch_device, "_in_use", other)
    return other


@pytest.mark.parametrize("name", ["nonsense", "meta", "cpu:-3"])
def test_a_device_that_holds_no_values_here_is_refused(name: str) -> None:
    """Neither a name that torch doesn't know nor a device without values is taken, and the one in use stays."""
    with pytest.raises(ValueError, match="torch can't use it here") as refused:
        use_torch_device(name)

    assert "\n" not in str(refused.value)
    assert torch_device_in_use() == torch.device("cpu")


def test_values_go_to_the_device_and_operations_compute_there(device: MeshDevice, elsewhere: torch.device) -> None:
    """Tensors from torch, tensors made of nothing, and what operations make of both and of numbers live there."""
    given = from_torch(torch.ones(3, 40), dtype=DataType.FLOAT32, layout=Layout.TILE, device=device)
    made = full((3, 40), 2.0, dtype=DataType.FLOAT32, layout=Layout.TILE, device=device)

    results = [
        operation_named("add")(given, made),
        operation_named("multiply")(made, 3.0),
        operation_named("tril")(given),
        operation_named("where")(given, 1.0, made),
    ]

    assert {tensor.values.device for tensor in (given, made, *results)} == {elsewhere}


def test_reading_brings_values_to_the_host(device: MeshDevice) -> None:
    """``to_torch`` gives a tensor of its own in the host's memory."""
    tensor = from_torch(torch.ones(2, 2), dtype=DataType.FLOAT32, device=device)

    read = to_torch(tensor)
    read.zero_()

    assert read.device == torch.device("cpu")
    assert tensor.values.sum() == 4
