"""Where pools put their outputs: as ttnn 0.81.1 did on a mock n150, and in shards that cover the output."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.emulation import ops
from pytest_ttnn_sweeps.emulation.device import MeshDevice, close_device, open_device
from pytest_ttnn_sweeps.emulation.enums import BufferType, DataType, Layout, ShardOrientation, TensorMemoryLayout
from pytest_ttnn_sweeps.emulation.memory_config import DRAM_MEMORY_CONFIG, MemoryConfig, ShardSpec
from pytest_ttnn_sweeps.emulation.operation import operation_named
from pytest_ttnn_sweeps.emulation.ops.pool_placement import Pool
from pytest_ttnn_sweeps.emulation.ops.result import even_shards
from pytest_ttnn_sweeps.emulation.tensor import Tensor

assert ops  # whose import fills the table

# Pool (averages leave the padding out, of half a kernel at the top), layout, batch, height, width and channels, kernel,
# stride, layout and scheme asked for; what the wheel made of it: scheme, number of cores, shard.
# fmt: off
RECORDED = [
    ("max", "TILE", (1, 16, 14, 40), (2, 1), (2, 2), "ROW_MAJOR", "BLOCK", "BLOCK", 16, [7, 32]),
    ("avg", "TILE", (2, 7, 28, 40), (5, 6), (1, 1), "TILE", "BLOCK", "BLOCK", 12, [64, 32]),
    ("max", "ROW_MAJOR", (2, 7, 28, 320), (1, 3), (1, 1), "TILE", "HEIGHT", "HEIGHT", 12, [32, 320]),
    ("max", "TILE", (1, 28, 14, 48), (1, 2), (3, 1), "ROW_MAJOR", "WIDTH", "WIDTH", 2, [130, 32]),
    ("max", "TILE", (1, 7, 8, 64), (1, 1), (1, 1), "ROW_MAJOR", None, "BLOCK", 16, [7, 32]),
    ("avg", "ROW_MAJOR", (1, 14, 7, 128), (1, 6), (3, 1), "TILE", None, "WIDTH", 4, [32, 32]),
    ("max", "TILE", (2, 14, 8, 128), (1, 1), (2, 1), "TILE", "WIDTH", "WIDTH", 4, [128, 32]),
    ("max", "ROW_MAJOR", (1, 14, 7, 320), (3, 1), (2, 1), "ROW_MAJOR", None, "WIDTH", 20, [42, 16]),
    ("avg", "ROW_MAJOR", (1, 14, 7, 64), (3, 1), (2, 1), "ROW_MAJOR", "HEIGHT", "HEIGHT", 49, [1, 64]),
    ("avg", "TILE", (1, 16, 14, 3), (1, 1), (2, 2), "ROW_MAJOR", None, "HEIGHT", 56, [1, 16]),
    ("avg", "ROW_MAJOR", (1, 14, 7, 64), (3, 3), (1, 2), "TILE", None, "WIDTH", 2, [64, 32]),
    ("avg", "ROW_MAJOR", (1, 16, 8, 3), (2, 1), (1, 1), "ROW_MAJOR", "BLOCK", "BLOCK", 8, [17, 16]),
    ("max", "ROW_MAJOR", (1, 16, 14, 40), (5, 3), (1, 1), "ROW_MAJOR", None, "HEIGHT", 48, [3, 64]),
    ("max", "ROW_MAJOR", (1, 28, 28, 40), (5, 2), (3, 2), "ROW_MAJOR", None, "HEIGHT", 56, [2, 64]),
    ("avg", "ROW_MAJOR", (1, 16, 8, 40), (1, 2), (1, 1), "ROW_MAJOR", "BLOCK", "BLOCK", 8, [14, 64]),
    ("max", "TILE", (2, 28, 7, 40), (5, 3), (3, 1), "ROW_MAJOR", "BLOCK", "BLOCK", 16, [10, 32]),
]
# fmt: on


@pytest.fixture(scope="module")
def device() -> Iterator[MeshDevice]:
    """The emulated device that the module's tests share."""
    opened = open_device(device_id=0)
    yield opened
    close_device(opened)


def _images(device: MeshDevice, rows: int, channels: int, layout: Layout, place: MemoryConfig) -> Tensor:
    values = torch.ones(1, 1, rows, channels)
    return Tensor.create(values, dtype=DataType.BFLOAT16, layout=layout, device=device, memory_config=place)


@pytest.mark.parametrize(
    ("kind", "layout", "sizes", "kernel", "stride", "to", "asked", "scheme", "cores", "shard"), RECORDED
)
def test_outputs_lie_where_the_wheel_puts_them(
    kind: str,
    layout: str,
    sizes: tuple[int, int, int, int],
    kernel: tuple[int, int],
    stride: tuple[int, int],
    to: str,
    asked: str | None,
    scheme: str,
    cores: int,
    shard: list[int],
    device: MeshDevice,
) -> None:
    batch, height, width, channels = sizes
    images = _images(device, batch * height * width, channels, Layout[layout], DRAM_MEMORY_CONFIG)
    settings = {"count_include_pad": False} if kind == "avg" else {"dilation": (1, 1)}

    pooled = operation_named(f"{kind}_pool2d")(
        images,
        *sizes,
        kernel,
        stride,
        (kernel[0] // 2 if kind == "avg" else 0, 0),
        applied_shard_scheme=asked and TensorMemoryLayout[f"{asked}_SHARDED"],
        output_layout=Layout[to],
        **settings,
    )

    spec = pooled.memory_config().shard_spec
    assert pooled.memory_config().memory_layout is TensorMemoryLayout[f"{scheme}_SHARDED"]
    assert (spec.num_cores(), spec.shape) == (cores, shard)


@settings(deadline=None)
@given(
    rows=st.integers(1, 2000),
    channels=st.integers(1, 600),
    layout=st.sampled_from(Layout),
    to=st.sampled_from(Layout),
    asked=st.sampled_from([None, "HEIGHT", "WIDTH", "BLOCK"]),
)
def test_shards_cover_the_output(
    rows: int, channels: int, layout: Layout, to: Layout, asked: str | None, device: MeshDevice
) -> None:
    images = _images(device, 1, channels, layout, DRAM_MEMORY_CONFIG)

    config = Pool(rows, channels, (2, 2), to, DataType.BFLOAT16).placed(
        images, None if asked is None else TensorMemoryLayout[f"{asked}_SHARDED"]
    )

    assert config.shard_spec is not None
    high, wide = config.shard_spec.shape
    down, across = ceil(rows / high), ceil(channels / wide)
    assert down * across <= config.shard_spec.num_cores() <= 64
    assert across == 1 or config.memory_layout is not TensorMemoryLayout.HEIGHT_SHARDED
    assert down == 1 or config.memory_layout is not TensorMemoryLayout.WIDTH_SHARDED


def test_shards_that_the_input_has_are_kept(device: MeshDevice) -> None:
    """On the same cores, as large as the output takes; another scheme is refused."""
    spec = even_shards(
        TensorMemoryLayout.HEIGHT_SHARDED, (1, 1, 128, 64), Layout.TILE, device.compute_with_storage_grid_size()
    )
    images = _images(device, 128, 64, Layout.TILE, MemoryConfig(TensorMemoryLayout.HEIGHT_SHARDED, BufferType.L1, spec))
    pool = Pool(32, 64, (2, 2), Layout.ROW_MAJOR, DataType.BFLOAT16)

    kept = pool.placed(images, None).shard_spec

    assert kept == ShardSpec(spec.grid, [8, 64], ShardOrientation.ROW_MAJOR)
    with pytest.raises(RuntimeError, match="A sharding scheme should not be specified for a sharded input tensor"):
        pool.placed(images, TensorMemoryLayout.HEIGHT_SHARDED)
