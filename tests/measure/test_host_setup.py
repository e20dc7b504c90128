"""Inputs built on the host: the tensors that the sweep asked for, and nothing launched for them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product
from types import FunctionType, ModuleType
from typing import Any

import pytest

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.measure.device_perf.host_setup import inputs_built_on_host
from pytest_ttnn_sweeps.measure.roofline import recorded_calls

torch = pytest.importorskip("torch")

DTYPES = ("bfloat16", "float32", "bfloat8_b", "bfloat4_b", "int32", "uint32", "uint16", "uint8")
LAYOUTS = ("TILE_LAYOUT", "ROW_MAJOR_LAYOUT")
SHARDS = {
    "height": ("HEIGHT_SHARDED", (32, 64), (1, 4)),
    "two heights": ("HEIGHT_SHARDED", (64, 64), (1, 2)),
    "width": ("WIDTH_SHARDED", (128, 32), (2, 1)),
    "block": ("BLOCK_SHARDED", (64, 32), (2, 2)),
    "uneven": ("HEIGHT_SHARDED", (96, 64), (1, 2)),
}
PLACES = ("none", "dram", "l1", *SHARDS)


@pytest.fixture(scope="module")
def emulated() -> Iterator[tuple[Any, Any]]:
    finder = provide(choose("emulated:n300"))
    import ttnn

    device = ttnn.open_device(device_id=0)
    yield ttnn, device
    ttnn.close_device(device)
    withdraw(finder)


def place(ttnn: Any, name: str) -> Any:
    """The memory configuration of that name."""
    if name not in SHARDS:
        return {"none": None, "dram": ttnn.DRAM_MEMORY_CONFIG, "l1": ttnn.L1_MEMORY_CONFIG}[name]
    kind, shape, (columns, rows) = SHARDS[name]
    cores = ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(columns - 1, rows - 1))
    spec = ttnn.ShardSpec(ttnn.CoreRangeSet({cores}), list(shape), ttnn.ShardOrientation.ROW_MAJOR)
    return ttnn.MemoryConfig(getattr(ttnn.TensorMemoryLayout, kind), ttnn.BufferType.L1, spec)


def built(ttnn: Any, module: ModuleType | None = None, *, timing: bool = False) -> Any:
    return inputs_built_on_host(ttnn, module or ModuleType("sweep"), lambda: timing)


def facts(ttnn: Any, make: Any) -> tuple[object, ...]:
    """All that can be told of the tensor that ``make`` gives, its bits included, or of its refusal."""
    try:
        tensor = make()
    except (RuntimeError, TypeError) as error:
        return type(error), str(error)
    values = ttnn.to_torch(tensor)
    bits = values.contiguous().view(torch.uint8).numpy().tobytes()
    config, padded = tensor.memory_config(), tuple(tensor.padded_shape)
    return tuple(tensor.shape), padded, tensor.dtype, tensor.layout, tensor.storage_type(), config, values.dtype, bits


def awkward(*shape: int) -> Any:
    """Values that any narrower format changes: halves between neighbours, huge, tiny and non-finite ones."""
    torch.manual_seed(0)
    values = torch.randn(shape) * torch.exp2(torch.randint(-140, 120, shape).float())
    values.view(-1)[:6] = torch.tensor([float("nan"), float("inf"), -float("inf"), 1 + 2**-9, -0.0, 3.4e38])
    return values


@pytest.mark.parametrize("dtype", [None, *DTYPES])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_from_torch_gives_the_same_tensor(emulated: tuple[Any, Any], dtype: str | None, layout: str) -> None:
    """Values to the last bit, shape, padding, dtype, layout, place; what is refused is refused in the same words."""
    ttnn, device = emulated
    torch_dtype = torch.int32 if dtype and "int" in dtype else torch.float32
    for shape, name, pad in product([(2, 64, 64), (120, 60), (7,)], PLACES, (None, 3.0)):
        values = torch.randint(0, 100, shape, dtype=torch_dtype) if torch_dtype == torch.int32 else awkward(*shape)

        def make(values: Any = values, name: str = name, pad: float | None = pad) -> Any:
            return ttnn.from_torch(
                values,
                None if dtype is None else getattr(ttnn, dtype),
                layout=getattr(ttnn, layout),
                device=device,
                memory_config=place(ttnn, name),
                pad_value=pad,
            )

        expected = facts(ttnn, make)
        with built(ttnn):
            assert facts(ttnn, make) == expected, (shape, name)


@pytest.mark.parametrize("dtype", DTYPES[:4])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_to_memory_config_gives_the_same_tensor(emulated: tuple[Any, Any], dtype: str, layout: str) -> None:
    """From every place to every other."""
    ttnn, device = emulated
    for shape, source, target in product([(2, 64, 64), (120, 60)], PLACES[1:], PLACES[1:]):
        try:
            tensor = ttnn.from_torch(
                awkward(*shape),
                getattr(ttnn, dtype),
                layout=getattr(ttnn, layout),
                device=device,
                memory_config=place(ttnn, source),
            )
        except RuntimeError:
            continue

        def make(tensor: Any = tensor, target: str = target) -> Any:
            return ttnn.to_memory_config(tensor, place(ttnn, target))

        expected = facts(ttnn, make)
        with built(ttnn):
            assert facts(ttnn, make) == expected, (shape, source, target)


@pytest.mark.parametrize("mapper", ["ShardTensorToMesh", "ReplicateTensorToMesh"])
def test_tensors_of_a_mesh(emulated: tuple[Any, Any], mapper: str) -> None:
    """Each chip has the part that the mapper gives it, and keeps it when it is moved."""
    ttnn, _ = emulated
    mesh = ttnn.open_mesh_device(ttnn.MeshShape(1, 2))
    mapped = getattr(ttnn, mapper)(mesh, **({"dim": 0} if mapper.startswith("Shard") else {}))

    def parts(target: Any) -> list[tuple[object, ...]]:
        values = awkward(2, 64, 64)
        tensor = ttnn.from_torch(
            values, ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=mesh, memory_config=target, mesh_mapper=mapped
        )
        moved = ttnn.to_memory_config(tensor, place(ttnn, "block"))
        return [facts(ttnn, lambda part=part: part) for one in (tensor, moved) for part in ttnn.get_device_tensors(one)]

    expected = [parts(place(ttnn, name)) for name in PLACES[:3]]
    with built(ttnn) as left:
        assert [parts(place(ttnn, name)) for name in PLACES[:3]] == expected
    assert not left
    assert all(len(part) > 2 for part in expected[0])
    ttnn.close_mesh_device(mesh)


def test_nothing_is_launched(emulated: tuple[Any, Any]) -> None:
    """A tensor is converted on the host and written, or read and written again; both names are as before then."""
    ttnn, device = emulated
    before = ttnn.from_torch, ttnn.to_memory_config
    with built(ttnn) as left, recorded_calls() as recorder:
        assert ttnn.from_torch is not before[0]
        tensor = ttnn.from_torch(torch.ones(64, 64), ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=device)
        ttnn.to_memory_config(tensor, place(ttnn, "l1"))
    assert [call.operation for call in recorder.calls] == ["from_torch", "to_device", "from_device", "to_device"]
    assert [call.is_on_device for call in recorder.calls] == [False, True, True, True]
    assert not left
    assert (ttnn.from_torch, ttnn.to_memory_config) == before


@pytest.mark.parametrize(
    ("call", "left"),
    [
        (lambda ttnn, tensor: ttnn.to_memory_config(tensor, tensor.memory_config()), {}),
        (lambda ttnn, tensor: ttnn.to_memory_config(tensor, place(ttnn, "l1"), ttnn.float32), {"to_memory_config": 1}),
        (
            lambda ttnn, tensor: ttnn.from_torch(
                torch.ones(64, 64),
                ttnn.bfloat8_b,
                layout=ttnn.TILE_LAYOUT,
                device=tensor.device(),
                enable_bfloat_opt=True,
            ),
            {"from_torch": 1},
        ),
        (
            lambda ttnn, tensor: ttnn.from_torch(
                torch.ones(128, 64),
                layout=ttnn.TILE_LAYOUT,
                device=tensor.device(),
                memory_config=place(ttnn, "uneven"),
            ),
            {"from_torch": 1},
        ),
        (lambda ttnn, tensor: ttnn.from_torch(torch.ones(2, 2)), {}),
    ],
    ids=["nowhere else", "another dtype", "a conversion of the device's own", "partly empty shards", "on the host"],
)
def test_what_the_host_would_change_stays(emulated: tuple[Any, Any], call: Any, left: dict[str, int]) -> None:
    """The call is made as the sweep makes it; it is counted where it may launch programs."""
    ttnn, device = emulated
    tensor = ttnn.from_torch(torch.ones(64, 64), ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    with built(ttnn) as counted, recorded_calls() as recorder:
        call(ttnn, tensor)
    assert counted == left
    assert "to_device" not in [operation.operation for operation in recorder.calls]


def test_what_is_measured_stays(emulated: tuple[Any, Any]) -> None:
    """A move that the sweep times, and one inside of an operation of ttnn's, are not its set-up."""
    ttnn, device = emulated
    tensor = ttnn.from_torch(torch.ones(64, 64), ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)

    def move(tensor: Any, target: Any) -> Any:
        return ttnn.to_memory_config(tensor, target)

    inside = FunctionType(move.__code__, {"__name__": "ttnn.operations.pool"}, closure=move.__closure__)
    for timing, call in ((True, move), (False, inside)):
        with built(ttnn, timing=timing) as left, recorded_calls() as recorder:
            call(tensor, place(ttnn, "l1"))
        assert [call.operation for call in recorder.calls] == ["to_memory_config"]
        assert not left


def test_every_name_of_them_is_replaced(emulated: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep's own, whatever it calls it, and that of a helper; what else the operation has can still be asked."""
    ttnn, device = emulated
    sweep, helper = ModuleType("sweep"), ModuleType("helper")
    original = sweep.__dict__["upload"] = helper.__dict__["from_torch"] = ttnn.from_torch
    monkeypatch.setitem(sys.modules, "helper", helper)
    with built(ttnn, sweep), recorded_calls() as recorder:
        for function in (sweep.__dict__["upload"], helper.__dict__["from_torch"]):
            assert function.__name__ == original.__name__
            function(torch.ones(2, 2), device=device)
    assert [call.operation for call in recorder.calls] == ["from_torch", "to_device"] * 2
    assert sweep.__dict__["upload"] is helper.__dict__["from_torch"] is original
