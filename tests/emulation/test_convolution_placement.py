"""Where convolutions put their outputs and how their weights are padded, as ttnn 0.81.1 did on a mock n150."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from pytest_ttnn_sweeps.emulation import ops
from pytest_ttnn_sweeps.emulation.convolution_configs import Conv2dConfig
from pytest_ttnn_sweeps.emulation.device import MeshDevice, close_device, open_device
from pytest_ttnn_sweeps.emulation.enums import DataType, Layout, TensorMemoryLayout
from pytest_ttnn_sweeps.emulation.memory_config import DRAM_MEMORY_CONFIG, L1_MEMORY_CONFIG
from pytest_ttnn_sweeps.emulation.operation import operation_named
from pytest_ttnn_sweeps.emulation.tensor import Tensor

assert ops  # whose import fills the table

PLACES = {"DRAM": DRAM_MEMORY_CONFIG, "L1": L1_MEMORY_CONFIG}


@pytest.fixture(scope="module")
def device() -> Iterator[MeshDevice]:
    """The emulated device that the module's tests share."""
    opened = open_device(device_id=0)
    yield opened
    close_device(opened)


def _convolved(
    device: MeshDevice, place: str, channels: tuple[int, int], kernel: tuple[int, int], scheme: str, layout: Layout
) -> tuple[Tensor, Tensor]:
    """The output, and the weights that it was made with, of a convolution of an image of 16 times 16 elements."""
    inputs, outputs = channels
    images = Tensor.create(
        torch.ones(1, 1, 256, inputs),
        dtype=DataType.BFLOAT16,
        layout=layout,
        device=device,
        memory_config=PLACES[place],
    )
    weight = Tensor.create(torch.ones(outputs, inputs, *kernel), dtype=DataType.BFLOAT16, layout=Layout.ROW_MAJOR)
    config = Conv2dConfig(shard_layout=TensorMemoryLayout[f"{scheme}_SHARDED"] if scheme else None)
    result, (prepared, _) = operation_named("conv2d")(
        input_tensor=images,
        weight_tensor=weight,
        device=device,
        in_channels=inputs,
        out_channels=outputs,
        batch_size=1,
        input_height=16,
        input_width=16,
        kernel_size=kernel,
        padding=(kernel[0] // 2, kernel[1] // 2),
        conv_config=config,
        return_weights_and_bias=True,
    )
    return result, prepared


@pytest.mark.parametrize(
    ("place", "channels", "scheme", "where", "cores", "shard"),
    [
        ("L1", (64, 32), "", "INTERLEAVED DRAM", None, None),
        ("DRAM", (40, 96), "", "INTERLEAVED DRAM", None, None),
        ("DRAM", (40, 96), "HEIGHT", "HEIGHT_SHARDED L1", 8, [32, 96]),
        ("DRAM", (64, 32), "BLOCK", "BLOCK_SHARDED L1", 8, [32, 32]),
        ("L1", (40, 96), "BLOCK", "BLOCK_SHARDED L1", 8, [32, 96]),
        ("L1", (40, 96), "WIDTH", "WIDTH_SHARDED L1", 3, [256, 32]),
        ("DRAM", (40, 96), "WIDTH", "INTERLEAVED DRAM", None, None),
    ],
)
def test_products_lie_where_the_wheel_puts_them(
    place: str,
    channels: tuple[int, int],
    scheme: str,
    where: str,
    cores: int | None,
    shard: list[int] | None,
    device: MeshDevice,
) -> None:
    """A kernel of a single element is a matrix product, whose output heeds the configuration wherever its input is."""
    config = _convolved(device, place, channels, (1, 1), scheme, Layout.TILE)[0].memory_config()

    assert f"{config.memory_layout.name} {config.buffer_type.name}" == where
    spec = config.shard_spec
    assert (spec and spec.num_cores(), spec and spec.shape) == (cores, shard)


@pytest.mark.parametrize(
    ("layout", "channels", "kernel", "scheme", "rows"),
    [
        (Layout.ROW_MAJOR, 16, (2, 3), "", 128),
        (Layout.TILE, 33, (2, 3), "", 384),
        (Layout.TILE, 3, (3, 3), "", 288),
        (Layout.ROW_MAJOR, 33, (3, 1), "BLOCK", 480),
        (Layout.TILE, 8, (5, 5), "BLOCK", 800),
        (Layout.ROW_MAJOR, 33, (1, 1), "", 64),
    ],
)
def test_weights_fill_whole_tiles_for_each_row_of_the_kernel(
    layout: Layout, channels: int, kernel: tuple[int, int], scheme: str, rows: int, device: MeshDevice
) -> None:
    weights = _convolved(device, "DRAM", (channels, 32), kernel, scheme, layout)[1]

    assert list(weights.shape) == [1, 1, channels * kernel[0] * kernel[1], 32]
    assert list(weights.padded_shape) == [1, 1, rows, 32]
