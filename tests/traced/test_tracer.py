"""Tracing this process: what a call passes is what is noted, and the model notices nothing."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.traced import OperationFilter, read_master
from pytest_ttnn_sweeps.traced import tracer as tracing
from pytest_ttnn_sweeps.traced.capture import Call, CaptureError
from pytest_ttnn_sweeps.traced.capture.live import value_of
from pytest_ttnn_sweeps.traced.tracer import Trace, listening, trace_operations
from pytest_ttnn_sweeps.traced.values import (
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    Opaque,
    ShardSpec,
    Struct,
    TensorSpec,
)

torch = pytest.importorskip("torch")

DRAM = MemoryConfig("INTERLEAVED", "DRAM")


@pytest.fixture
def ttnn() -> Iterator[Any]:
    """The emulation as ``ttnn``."""
    finder = provide(choose("emulated"))
    import ttnn

    yield ttnn
    withdraw(finder)


@pytest.fixture
def device(ttnn: Any) -> Iterator[Any]:
    device = ttnn.open_device(device_id=0)
    yield device
    ttnn.close_device(device)


def tensor(ttnn: Any, device: Any, *shape: int, **keywords: Any) -> Any:
    keywords = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device, **keywords}
    return ttnn.from_torch(torch.ones(shape), **keywords)


def test_arguments_are_typed_and_complete(ttnn: Any, device: Any) -> None:
    """Shapes with padding, shards, configurations with all fields, lists, None and what is absent."""
    shards = ttnn.create_sharded_memory_config(
        [1, 1, 64, 32], ttnn.CoreGrid(x=2, y=1), ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR
    )
    sharded = tensor(ttnn, device, 1, 1, 64, 32, dtype=ttnn.bfloat8_b, memory_config=shards)
    states, weights = tensor(ttnn, device, 1, 1, 50, 64), tensor(ttnn, device, 64, 96)
    with trace_operations() as trace:
        ttnn.relu(sharded, memory_config=shards)
        ttnn.linear(states, weights, bias=None, core_grid=ttnn.CoreGrid(x=8, y=4), dtype=ttnn.bfloat16)
        ttnn.layer_norm(states, program_config=ttnn.LayerNormDefaultProgramConfig(use_welford=False))
        ttnn.concat([states, states], -1)
        ttnn.add(states, 1.0, activations=[ttnn.UnaryWithParam(ttnn.UnaryOpType.RELU)])

    relu, linear, norm, concat, add = trace.calls
    grid = (CoreRange(Core(0, 0), Core(1, 0)),)
    shown = relu.positional[0]
    assert isinstance(shown, TensorSpec)
    assert (shown.shape, shown.dtype, shown.layout, shown.storage) == ((1, 1, 64, 32), "BFLOAT8_B", "TILE", "DEVICE")
    assert shown.memory_config is not None
    assert shown.memory_config.shard_spec == ShardSpec(grid, (32, 32), "ROW_MAJOR")
    assert dict(relu.keywords)["memory_config"] == MemoryConfig(
        "HEIGHT_SHARDED", "L1", ShardSpec(grid, (32, 32), "ROW_MAJOR")
    )
    padded = TensorSpec((1, 1, 50, 64), "BFLOAT16", "TILE", DRAM, "DEVICE", padded_shape=(1, 1, 64, 64))
    assert linear == Call(
        "linear",
        (padded, TensorSpec((64, 96), "BFLOAT16", "TILE", DRAM, "DEVICE")),
        (
            ("bias", None),
            ("core_grid", Struct("CoreGrid", (("x", 8), ("y", 4)))),
            ("dtype", Enumerator("DataType", "BFLOAT16")),
        ),
    )
    config = dict(norm.keywords)["program_config"]
    assert isinstance(config, Struct)
    assert {name for name, _ in config.fields} == {"legacy_reduction", "legacy_rsqrt", "use_welford"}
    assert concat.positional == ((padded, padded), -1)
    assert dict(add.keywords)["activations"] == (
        Struct("UnaryWithParam", (("op_type", Enumerator("UnaryOpType", "RELU")),)),
    )


def test_equal_calls_are_counted_and_calls_that_raise_are_not(ttnn: Any, device: Any) -> None:
    """Executions add up; operators are operations; what ttnn refuses never ran."""
    states = tensor(ttnn, device, 1, 1, 32, 32)
    with trace_operations() as trace:
        for _ in range(3):
            states + 1.0
        with pytest.raises(TypeError):
            ttnn.add(states)
        with pytest.raises(RuntimeError):
            ttnn.matmul(states, tensor(ttnn, device, 1, 1, 64, 32))

    assert [(call.operation, count) for call, count in trace.calls.items()] == [("add", 3)]
    assert trace.excluded == {"from_torch": 1}


def test_an_operation_is_seen_as_it_was_called(ttnn: Any, device: Any) -> None:
    """In-place operations keep their underscore, and their argument is noted as it was before."""
    states = tensor(ttnn, device, 1, 1, 32, 32)
    with trace_operations() as trace:
        ttnn.multiply_(states, 2.0)
        ttnn.deallocate(states)

    (call,) = trace.calls
    assert call == Call("multiply_", (TensorSpec((1, 1, 32, 32), "BFLOAT16", "TILE", DRAM, "DEVICE"), 2.0))
    assert trace.machine is not None
    assert (trace.machine.device_series, trace.machine.mesh_shape) == (("n150",), (1, 1))
    assert '"provider": "emulated"' in trace.machine.extra
    assert trace.ttnn_version == "0.81.1+emulated"


def test_weights_that_are_prepared_on_the_host_are_told_apart(ttnn: Any, device: Any) -> None:
    kernel = ttnn.from_torch(torch.ones(1, 1, 32, 32), dtype=ttnn.bfloat16)
    with trace_operations() as trace:
        ttnn.pad(kernel, [(0, 0), (0, 0), (0, 32), (0, 0)], 0.0)
        ttnn.relu(tensor(ttnn, device, 32, 32))

    assert [call.is_on_host for call in trace.calls] == [True, False]
    assert "1 call of them on host tensors alone" in str(trace)


def test_a_block_that_raises_writes_no_master(ttnn: Any, device: Any, tmp_path: Path) -> None:
    """One that ends adds to the master, which the same block again does not change but for the time."""
    master = tmp_path / "m.json"
    states = tensor(ttnn, device, 1, 1, 32, 32)
    with pytest.raises(ZeroDivisionError), trace_operations(master):
        ttnn.relu(states)
        1 / 0  # noqa: B018
    assert not master.exists()

    for _ in range(2):
        with trace_operations(master, source="demo.py"):
            ttnn.relu(states)

    (configuration,) = read_master(master).configurations("relu")
    (execution,) = configuration.executions
    assert (execution.source, execution.count, execution.ttnn_version) == ("demo.py", 1, "0.81.1+emulated")
    assert execution.timestamp is not None


@pytest.mark.parametrize("served", [True, False], ids=["notebook", "script"])
def test_a_notebook_is_no_script(
    ttnn: Any, device: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: bool
) -> None:
    """Its ``argv`` is that of the program which serves it, on whatever machine it runs."""
    monkeypatch.setattr(sys, "argv", ["demo.py"])
    monkeypatch.delattr(sys, "ps1", raising=False)
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    if served:
        monkeypatch.setattr(sys, "argv", ["/venv/ipykernel_launcher.py"])
        monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))

    with trace_operations(tmp_path / "m.json"):
        ttnn.relu(ttnn.from_torch(torch.ones(32, 32), layout=ttnn.TILE_LAYOUT, device=device))

    (call,) = read_master(tmp_path / "m.json").configurations("relu")
    assert call.sources == ("interactive" if served else "demo.py",)


def test_the_class_is_left_as_it_was(ttnn: Any, device: Any) -> None:
    """Blocks may lie inside one another; each hears its own calls, and at the end nothing is wrapped."""
    kind = type(ttnn.relu)
    before = kind.__call__
    states = tensor(ttnn, device, 1, 1, 32, 32)
    with trace_operations() as outer:
        ttnn.relu(states)
        with trace_operations() as inner:
            ttnn.exp(states)
        assert kind.__call__ is not before
        ttnn.relu(states)
    ttnn.relu(states)

    assert kind.__call__ is before
    assert [(call.operation, count) for call, count in outer.calls.items()] == [("relu", 2), ("exp", 1)]
    assert [call.operation for call in inner.calls] == ["exp"]


class Slow:
    """An operation class as the wheel's: operations call others."""

    def __init__(self, name: str, function: Any) -> None:
        self.python_fully_qualified_name = name
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


class Fast(Slow):
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


def module(**operations: Any) -> Any:
    return SimpleNamespace(decorators=SimpleNamespace(FastOperation=Fast, Operation=Slow), **operations)


def test_calls_inside_of_operations_are_not_the_models() -> None:
    """Nor is the slow operation that a fast one hands its call to a call of its own."""
    slow = Slow("ttnn.relu", lambda x: x)
    inner = Slow("ttnn.slice", lambda x: x)
    outer = Fast("ttnn.concat", lambda x: inner(x))
    with listening(Trace(OperationFilter.load()), module()) as trace:
        Fast("ttnn.relu", slow)(1)
        outer(2)
        inner(3)

    assert [(call.operation, call.positional) for call in trace.calls] == [
        ("relu", (1,)),
        ("concat", (2,)),
        ("slice", (3,)),
    ]
    assert trace.nested == {"slice": 1}


def test_calls_from_several_threads_are_all_counted() -> None:
    relu, inner = Fast("ttnn.relu", lambda x: inner(x)), Slow("ttnn.exp", lambda x: x)
    with listening(Trace(OperationFilter.load()), module()) as trace:
        threads = [threading.Thread(target=lambda: [relu(1) for _ in range(200)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert list(trace.calls.values()) == [800]


class Hostile:
    """An argument that can't be looked at."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")

    def __getattr__(self, name: str) -> Any:
        raise KeyError(name)


Hostile.__module__ = "ttnn.fake"


def test_arguments_that_can_not_be_told_do_not_disturb_the_model() -> None:
    """They are kept with their type's name; no address gets in."""
    config = type("OddConfig", (), {"__module__": "ttnn.x", "field": property(lambda self: 1 / 0)})
    relu = Fast("ttnn.relu", lambda *values: "result")
    with listening(Trace(OperationFilter.load()), module()) as trace:
        assert relu(Hostile(), object(), config(), lambda: None, {1, 2}) == "result"

    (call,) = trace.calls
    assert all(isinstance(value, Opaque) for value in call.positional)
    assert [value.text for value in call.positional if isinstance(value, Opaque)] == [
        "ttnn.fake.Hostile",
        "object",
        "ttnn.x.OddConfig",
        "function",
        "set",
    ]


def test_lists_without_end_are_cut() -> None:
    endless: list[Any] = []
    endless.append(endless)

    value = value_of(endless)
    for _ in range(20):
        assert isinstance(value, tuple)
        value = value[0] if isinstance(value, tuple) else value
    while isinstance(value, tuple):
        value = value[0]
    assert isinstance(value, Opaque)


def test_a_ttnn_without_operations_is_refused() -> None:
    with (
        pytest.raises(CaptureError, match="capture its graph"),
        listening(
            Trace(OperationFilter.load()),
            SimpleNamespace(add=len),  # type: ignore[arg-type]
        ),
    ):
        pass
    assert not tracing._originals
