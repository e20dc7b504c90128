"""Whether tensors keep the values they were given, and only they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from pytest_ttnn_sweeps import emulation
from pytest_ttnn_sweeps.emulation.device import MeshDevice, get_memory_view, open_device, open_mesh_device
from pytest_ttnn_sweeps.emulation.enums import BufferType, DataType, Layout
from pytest_ttnn_sweeps.emulation.tensor import Tensor

DTYPES = [DataType.BFLOAT16, DataType.FLOAT32, DataType.BFLOAT8_B, DataType.INT32, DataType.UINT32, DataType.UINT8]


@pytest.fixture
def ttnn() -> Any:
    """The emulation installed."""
    return emulation.install()


@pytest.fixture
def device() -> MeshDevice:
    """A device of its own."""
    return open_device(device_id=0)


@pytest.fixture
def pair() -> Iterator[MeshDevice]:
    """The two chips of an n300."""
    emulation.use_board("n300")
    yield open_mesh_device()
    emulation.use_board("n150")


def _taken(device: MeshDevice, kind: BufferType = BufferType.DRAM) -> int:
    return get_memory_view(device, kind).total_bytes_allocated_per_bank


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_callers_tensor_is_not_shared(ttnn: Any, dtype: DataType) -> None:
    """Writing to the torch tensor that a tensor was made from, or that it was read into, doesn't change the tensor."""
    given = torch.ones(4, 16, dtype=torch.float32 if dtype in DTYPES[:3] else torch.int32)
    tensor = ttnn.from_torch(given, dtype=dtype)

    given.fill_(7)
    ttnn.to_torch(tensor).fill_(9)

    assert (ttnn.to_torch(tensor).to(torch.int64) == 1).all()


@pytest.mark.parametrize("layout", [Layout.TILE, Layout.ROW_MAJOR])
@pytest.mark.parametrize("memory", ["DRAM_MEMORY_CONFIG", "L1_MEMORY_CONFIG"])
def test_values_survive_every_journey(ttnn: Any, device: MeshDevice, layout: Layout, memory: str) -> None:
    """Layouts, places, host and device make no difference to values."""
    values = torch.arange(3 * 64 * 64).reshape(3, 64, 64).remainder(256).to(torch.bfloat16)
    shards = ttnn.create_sharded_memory_config((64, 64), ttnn.CoreGrid(x=3, y=1), ttnn.ShardStrategy.HEIGHT, None, True)
    tensor = ttnn.from_torch(values, layout=layout, device=device, memory_config=getattr(ttnn, memory))

    for step in (
        lambda x: ttnn.to_memory_config(x, shards),
        lambda x: ttnn.sharded_to_interleaved(x, ttnn.L1_MEMORY_CONFIG),
        lambda x: ttnn.to_layout(x, ttnn.ROW_MAJOR_LAYOUT),
        lambda x: ttnn.to_layout(x, ttnn.TILE_LAYOUT),
        ttnn.clone,
        ttnn.reallocate,
        ttnn.from_device,
        lambda x: ttnn.to_device(x, device),
    ):
        tensor = step(tensor)
        assert torch.equal(ttnn.to_torch(tensor), values)


def test_a_change_of_format_changes_values_once(ttnn: Any, device: MeshDevice) -> None:
    """A conversion rounds to the new format, as making the tensor in it would have."""
    values = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    tensor = ttnn.from_torch(values, layout=ttnn.TILE_LAYOUT, device=device)

    converted = ttnn.to_memory_config(tensor, ttnn.L1_MEMORY_CONFIG, ttnn.bfloat8_b)

    made = ttnn.from_torch(values, dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT)
    assert torch.equal(ttnn.to_torch(converted), ttnn.to_torch(made))


def test_memory_comes_back(ttnn: Any, device: MeshDevice) -> None:
    """A tensor's memory is free again when it is deallocated, moved away or forgotten."""
    kept = ttnn.ones((64, 64), device=device)
    before = _taken(device)
    for forget in (lambda x: None, ttnn.deallocate, lambda x: ttnn.reallocate(x), lambda x: x.deallocate(True)):
        forget(ttnn.ones((512, 512), layout=ttnn.TILE_LAYOUT, device=device))
        assert _taken(device) == before
    assert kept.is_allocated()


def test_a_failed_allocation_takes_nothing(ttnn: Any, device: MeshDevice) -> None:
    """After an out-of-memory error the device has what it had, and goes on."""
    before = _taken(device, BufferType.L1)

    with pytest.raises(RuntimeError, match="Out of Memory: Not enough space to allocate"):
        ttnn.ones((65536, 65536), layout=ttnn.TILE_LAYOUT, device=device, memory_config=ttnn.L1_MEMORY_CONFIG)

    assert _taken(device, BufferType.L1) == before
    assert ttnn.ones((32, 32), device=device).is_allocated()


@pytest.mark.parametrize(
    "use",
    [
        lambda t, x: t.to_torch(x),
        lambda t, x: x.cpu(),
        lambda t, x: t.to_layout(x, t.ROW_MAJOR_LAYOUT),
        lambda t, x: t.add(x, x),
        lambda t, x: t.clone(x),
    ],
)
def test_a_deallocated_tensor_is_refused(ttnn: Any, device: MeshDevice, use: Any) -> None:
    """What crashes the wheel or is refused there is an error here: the values are gone."""
    tensor = ttnn.ones((64, 64), layout=ttnn.TILE_LAYOUT, device=device)
    ttnn.deallocate(tensor)

    with pytest.raises(RuntimeError, match="not allocated"):
        use(ttnn, tensor)


def test_overwriting(ttnn: Any, device: MeshDevice) -> None:
    """New values take a tensor's format; another shape is refused."""
    tensor = ttnn.zeros((2, 3), dtype=ttnn.uint8, device=device)

    tensor.overwrite(torch.tensor([[1, 2, 3], [256, 257, 258]]))

    assert ttnn.to_torch(tensor).tolist() == [[1, 2, 3], [0, 1, 2]]
    with pytest.raises(ValueError, match=r"shape \(3, 2\) can't replace"):
        tensor.overwrite(torch.zeros(3, 2))


def test_working_values(device: MeshDevice) -> None:
    """Operations see integers wide enough for torch's arithmetic, and floats as they are stored."""
    expected = {
        DataType.BFLOAT16: torch.bfloat16,
        DataType.FLOAT32: torch.float32,
        DataType.BFLOAT8_B: torch.float32,
        DataType.BFLOAT4_B: torch.float32,
        DataType.INT32: torch.int32,
        DataType.INT8: torch.int32,
        DataType.UINT16: torch.int32,
        DataType.UINT8: torch.int32,
        DataType.UINT32: torch.int64,
    }

    found = {
        dtype: Tensor.create(torch.ones(2, 2), dtype=dtype, layout=Layout.TILE, device=device).values.dtype
        for dtype in expected
    }

    assert found == expected


def test_a_view_shares_memory(ttnn: Any, device: MeshDevice) -> None:
    """A reshaped view takes no memory of its own and keeps that of the tensor alive."""
    tensor = ttnn.from_torch(torch.arange(64.0 * 64).reshape(64, 64), layout=ttnn.TILE_LAYOUT, device=device)
    before = _taken(device)

    view = tensor.reshaped((2, 32, 64))
    address = tensor.buffer_address()
    del tensor

    assert (_taken(device), view.buffer_address()) == (before, address)
    assert torch.equal(ttnn.to_torch(view), torch.arange(64.0 * 64).reshape(2, 32, 64))
    del view
    assert _taken(device) == 0


def test_chips_with_different_values(ttnn: Any, pair: MeshDevice) -> None:
    """Operations work on a replicated tensor; on a tensor sharded over a mesh, or on one chip, they aren't emulated."""
    values = torch.arange(64.0 * 32).reshape(64, 32)
    options = {"layout": ttnn.TILE_LAYOUT, "device": pair}
    sharded = ttnn.from_torch(values, mesh_mapper=ttnn.ShardTensorToMesh(pair, dim=0), **options)
    replicated = ttnn.from_torch(values, mesh_mapper=ttnn.ReplicateTensorToMesh(pair), **options)

    assert torch.equal(ttnn.to_torch(sharded, mesh_composer=ttnn.ConcatMeshToTensor(pair, dim=0)), values)
    doubled = ttnn.add(replicated, replicated)
    assert torch.equal(ttnn.to_torch(ttnn.get_device_tensors(doubled)[1]), 2 * values)
    with pytest.raises(emulation.NotEmulated, match="a tensor that is sharded over a mesh"):
        ttnn.add(sharded, sharded)
    with pytest.raises(emulation.NotEmulated, match="one chip of a mesh"):
        ttnn.get_device_tensors(replicated)[0].values  # noqa: B018


def test_each_mesh_chip_has_its_memory(ttnn: Any, pair: MeshDevice) -> None:
    """A tensor on a mesh is accounted for once: all chips allocate in lockstep."""
    ttnn_tensor = ttnn.ones((64, 64), layout=ttnn.TILE_LAYOUT, device=pair)

    assert (pair.core_grid.x, pair.core_grid.y) == (8, 7)
    assert _taken(pair) == 2048
    assert ttnn_tensor.device() is pair
