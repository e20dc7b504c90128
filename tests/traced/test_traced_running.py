"""Running traced configurations on the emulation: inputs as stored, verdicts, and what can't be judged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.testing import tensor_to_dtype
from pytest_ttnn_sweeps.traced import (
    TracedConfiguration,
    UnavailableConfiguration,
    run_configuration,
    set_default_master,
    traced_parameters,
    traced_run,
)
from pytest_ttnn_sweeps.traced.inputs import Inputs
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.output_shards import unused_shards
from pytest_ttnn_sweeps.traced.values import Core, CoreRange, MemoryConfig, ShardSpec, TensorSpec

DRAM = MemoryConfig("INTERLEAVED", "DRAM")


@pytest.fixture
def emulated() -> Iterator[Any]:
    finder = provide(choose("emulated"), "cpu")
    import ttnn

    torch.manual_seed(0)
    device = ttnn.open_device(device_id=0)
    yield device
    ttnn.close_device(device)
    withdraw(finder)


def spec(*shape: int, dtype: str = "BFLOAT16", layout: str = "TILE", storage: str = "DEVICE") -> TensorSpec:
    return TensorSpec(shape, dtype, layout, DRAM, storage=storage)


def configuration(operation: str, *positional: Any, **keywords: Any) -> TracedConfiguration:
    return TracedConfiguration(operation, positional, keywords)


@pytest.mark.parametrize(
    "case",
    [
        configuration("add", spec(32, 32), spec(32, 32)),
        configuration("add_", spec(32, 32, dtype="FLOAT32"), spec(32, 32, dtype="FLOAT32")),
        configuration("subtract", spec(32, 32, dtype="UINT32"), spec(32, 32, dtype="UINT32")),
        configuration("matmul", spec(32, 64, dtype="BFLOAT4_B"), spec(64, 64, dtype="BFLOAT4_B")),
        configuration("log", spec(64, 64)),
        configuration("acosh", spec(64, 64)),
        configuration("rsqrt", spec(64, 64, dtype="BFLOAT8_B")),
        configuration("where", spec(32, 32), spec(32, 32), spec(32, 32)),
        configuration("embedding", spec(1, 32, dtype="UINT32", layout="ROW_MAJOR"), spec(100, 64)),
        configuration("concat", (spec(32, 32), spec(32, 64)), dim=-1),
        configuration("argmax", spec(32, 500, layout="ROW_MAJOR"), dim=-1),
        configuration("topk", spec(32, 256), k=32),
        configuration("layer_norm", spec(32, 64), weight=spec(64), bias=spec(64), epsilon=1e-5),
        configuration("to_memory_config", spec(32, 32), MemoryConfig("INTERLEAVED", "L1")),
        configuration("move", spec(32, 32)),
        configuration("pad", spec(1, 1, 3, 3, storage="HOST", layout="ROW_MAJOR"), (1, 1, 32, 32), (0, 0, 0, 0), 0.0),
    ],
    ids=lambda case: case.operation,
)
def test_operations_agree_with_their_golden_functions(emulated: Any, case: TracedConfiguration) -> None:
    check, nanoseconds = run_configuration(case, emulated)

    assert check.ok, check.message
    assert nanoseconds > 0


def test_inputs_are_as_recorded_and_their_values_as_stored(emulated: Any) -> None:
    import ttnn

    shards = ShardSpec((CoreRange(Core(0, 0), Core(3, 0)),), (32, 64), "ROW_MAJOR")
    recorded = TensorSpec((1, 1, 128, 64), "BFLOAT8_B", "TILE", MemoryConfig("HEIGHT_SHARDED", "L1", shards))

    made = Inputs(configuration("relu", recorded), NativeValues(), emulated).make(recorded)

    tensor = made.native
    assert (list(tensor.shape), tensor.dtype, tensor.layout) == ([1, 1, 128, 64], ttnn.bfloat8_b, ttnn.TILE_LAYOUT)
    assert tensor.memory_config() == NativeValues().memory_config(recorded.memory_config)
    assert torch.equal(ttnn.to_torch(tensor), made.values)
    assert torch.equal(tensor_to_dtype(made.values, ttnn.bfloat8_b), made.values)


def test_indices_stay_inside_of_what_they_index(emulated: Any) -> None:
    rows = spec(64, 64, dtype="UINT32", layout="ROW_MAJOR")
    case = configuration("embedding", rows, spec(7, 128))

    values = Inputs(case, NativeValues(), emulated).make(rows).values

    assert (values.min(), values.max()) == (0, 6)


def test_equal_seeds_give_equal_inputs(emulated: Any) -> None:
    case = configuration("relu", spec(32, 32))

    def drawn(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        return Inputs(case, NativeValues(), emulated).make(spec(32, 32)).values

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_a_wrong_operation_fails(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ttnn

    monkeypatch.setattr(ttnn, "get_golden_function", lambda operation: lambda x: 1.2 * torch.relu(x))

    check, _ = run_configuration(configuration("relu", spec(32, 32)), emulated)

    assert not check.ok
    assert check.message.startswith("relative RMS error 0.16")


@pytest.mark.parametrize("position", [(), (7,)], ids=["every position by its own angle", "all by one"])
@pytest.mark.parametrize("length", [1, 32, 40])
def test_rows_that_an_operation_adds_to_fill_tiles_are_left_out(
    emulated: Any, length: int, position: tuple[int, ...]
) -> None:
    """``rotary_embedding`` gives 32 or 64 rows; the wheel's golden function gives the input's, and wants a position."""
    cache = spec(1, 1, 128, 64)
    case = configuration("experimental.rotary_embedding", spec(1, 2, length, 64), cache, cache, *position)

    check, _ = run_configuration(case, emulated)

    assert check.ok, check.message


def test_rows_that_are_asked_for_are_not_left_out(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither too few rows nor others than whole tiles make up for wrong values."""
    import ttnn

    cache = spec(1, 1, 128, 64)
    case = configuration("experimental.rotary_embedding", spec(1, 2, 40, 64), cache, cache, 7)

    def check_against(golden: Any) -> Any:
        monkeypatch.setattr(ttnn, "get_golden_function", lambda operation: golden)
        return run_configuration(case, emulated)[0]

    assert check_against(lambda x, *others: x[..., :8, :]).message == (
        "shapes differ: expected [1, 2, 8, 64], actual [1, 2, 64, 64]"
    )
    assert not check_against(lambda x, *others: x).ok


def sharded(height: int, width: int, layout: str = "HEIGHT_SHARDED") -> MemoryConfig:
    grid = (CoreRange(Core(0, 0), Core(1, 0)), CoreRange(Core(0, 1), Core(1, 1)))
    return MemoryConfig(layout, "L1", ShardSpec(grid, (height, width), "ROW_MAJOR"))


def test_shards_that_cannot_have_been_the_outputs_skip_where_ttnn_refuses_them(emulated: Any) -> None:
    """A transpose of 2025 names the input's shards for its output, which has 8 times as many rows."""
    of_input = sharded(16, 64)
    tensor = TensorSpec((1, 8, 8, 64), "BFLOAT16", "ROW_MAJOR", of_input)

    with pytest.raises(UnavailableConfiguration) as raised:
        run_configuration(configuration("transpose", tensor, -2, -1, of_input, None), emulated)

    assert raised.value.reason == (
        "ttnn.transpose: the recorded memory_config has 4 cores for 32 shards of the output: "
        "the ttnn that was traced chose others by itself, and this one refuses it"
    )


def test_other_refusals_stay_failures(emulated: Any) -> None:
    """Shards that have room for the output, of a height that tiles haven't."""
    with pytest.raises(RuntimeError, match="TT_FATAL"):
        run_configuration(configuration("relu", spec(1, 1, 40, 64), memory_config=sharded(10, 64)), emulated)


@pytest.mark.parametrize(
    ("shape", "passed", "shards"),
    [
        ((1, 2, 32, 64), [sharded(16, 64)], None),
        ((1, 2, 33, 64), [sharded(16, 64)], 5),
        ((64, 129), [sharded(64, 32, "WIDTH_SHARDED")], 5),
        ((64, 128), [sharded(32, 64, "BLOCK_SHARDED")], None),
        ((64, 129), [sharded(32, 64, "BLOCK_SHARDED")], 6),
        ((7, 7), [DRAM], None),
        ((512, 512), [sharded(16, 64), DRAM], None),
        ((), [sharded(16, 64)], None),
    ],
)
def test_shards_without_room_are_counted(shape: tuple[int, ...], passed: list[Any], shards: int | None) -> None:
    """Where it can't be told which memory configuration is the output's, nothing is."""
    reason = unused_shards(configuration("relu", *passed), shape)

    assert (reason is None) if shards is None else f"has 4 cores for {shards} shards" in str(reason)


def test_places_of_other_elements_fail(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ttnn

    monkeypatch.setattr(ttnn, "get_golden_function", lambda operation: lambda x, dim: torch.argmin(x, dim))

    check, _ = run_configuration(configuration("argmax", spec(32, 64, layout="ROW_MAJOR"), dim=-1), emulated)

    assert not check.ok


@pytest.mark.parametrize(
    ("golden", "reason"),
    [
        (None, "ttnn.relu ran; it has no golden function to compare its output with"),
        (lambda: 0, r"ttnn.relu ran; its golden function can't take the call: TypeError: .*takes 0 positional"),
        (lambda x: None, "ttnn.relu ran; its golden function gives no tensor to compare with"),
    ],
)
def test_what_cannot_be_compared_is_unavailable_after_it_has_run(
    emulated: Any, monkeypatch: pytest.MonkeyPatch, golden: Any, reason: str
) -> None:
    import ttnn

    def get_golden_function(operation: Any) -> Any:
        if golden is None:
            raise RuntimeError("none")
        return golden

    monkeypatch.setattr(ttnn, "get_golden_function", get_golden_function)

    with pytest.raises(UnavailableConfiguration, match=reason):
        run_configuration(configuration("relu", spec(32, 32)), emulated)
    # A call that ttnn refuses is no matter of golden functions.
    with pytest.raises(TypeError, match="incompatible function arguments"):
        run_configuration(configuration("relu", spec(32, 32), bogus=1), emulated)


def test_more_tensors_than_ttnn_gives_fail(emulated: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import ttnn

    monkeypatch.setattr(ttnn, "get_golden_function", lambda operation: lambda x: (x, x))

    check, _ = run_configuration(configuration("relu", spec(32, 32)), emulated)

    assert check.message == "ttnn.relu gives 1 tensors, its golden function 2"


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        ("deallocate", "gives nothing that could be compared: it isn't run alone"),
        ("load_tensor", "reads or writes a file of the traced run: it isn't run alone"),
        ("os.system", "this ttnn has no operation 'ttnn.os.system'"),
        ("open_device", "this ttnn has no operation 'ttnn.open_device'"),
        ("DataType", "this ttnn has no operation 'ttnn.DataType'"),
        ("relu.__call__", "this ttnn has no operation 'ttnn.relu.__call__'"),
    ],
)
def test_operations_that_are_not_run(emulated: Any, operation: str, reason: str) -> None:
    with pytest.raises(UnavailableConfiguration) as raised:
        run_configuration(configuration(operation, spec(32, 32)), emulated)

    assert raised.value.reason.endswith(reason)


def test_a_sweep_module_is_its_parameters_and_a_traced_run(emulated: Any, sample: Any) -> None:
    set_default_master(sample.verbatim)
    [(key, rows)] = traced_parameters("add", assume_defaults=["activations"]).items()
    vector = dict(zip(key.split(","), rows[0], strict=True))

    run = traced_run("ttnn.add", assume_defaults=["activations"])

    with pytest.raises(UnavailableConfiguration, match="input_tensor_a_activations"):
        run(**vector, device=emulated)
    run = traced_run(
        "ttnn::add", assume_defaults=["activations", "input_tensor_a_activations", "input_tensor_b_activations"]
    )
    check, _ = run(**vector, device=emulated)
    assert check.ok


def test_a_configuration_of_another_operation_is_refused(emulated: Any, tmp_path: Path) -> None:
    path = tmp_path / "master.json"
    path.write_text(json.dumps({"operations": {"ttnn.relu": {"configurations": [{"arguments": {"arg0": 1}}]}}}))
    set_default_master(path)
    [[(name,)]] = [[row[-1:] for row in rows] for rows in traced_parameters("relu").values()]

    with pytest.raises(SweepError, match=r"is no configuration of 'add', which traced_run\(\) is given"):
        traced_run("add")(name, device=emulated)
