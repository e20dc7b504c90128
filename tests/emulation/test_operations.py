"""The emulation's operations give what ttnn 0.81.1 gives: outputs, refusals, golden functions and values.

The calls and what ttnn makes of them are in ``tests/data/emulation_operations.json`` and ``emulation_backward.json``,
which ``recorded_operations/`` wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

import pytest
import torch

from pytest_ttnn_sweeps.emulation import ops
from pytest_ttnn_sweeps.emulation.complex_tensor import ComplexTensor
from pytest_ttnn_sweeps.emulation.coordinates import CoreRange, CoreRangeSet
from pytest_ttnn_sweeps.emulation.device import MeshDevice, close_device, open_device
from pytest_ttnn_sweeps.emulation.enums import (
    BufferType,
    DataType,
    Layout,
    ShardOrientation,
    StorageType,
    TensorMemoryLayout,
)
from pytest_ttnn_sweeps.emulation.errors import NotEmulated
from pytest_ttnn_sweeps.emulation.memory_config import MemoryConfig, ShardSpec
from pytest_ttnn_sweeps.emulation.namespace import dotted_names
from pytest_ttnn_sweeps.emulation.operation import OPERATIONS, get_golden_function, operation_named
from pytest_ttnn_sweeps.emulation.tensor import Tensor

Record = dict[str, Any]

_DATA = Path(__file__).parents[1] / "data"
RECORDS: dict[str, Record] = {
    case: record
    for name in ("emulation_operations.json", "emulation_backward.json")
    for case, record in json.loads((_DATA / name).read_text()).items()
}
NAMES = dict(dotted_names())
_ERRORS = {"RuntimeError": RuntimeError, "TypeError": TypeError, "IndexError": IndexError}
# What of an outcome isn't compared where the recording says that the emulation differs.
_ASPECTS = {"placement": ("memory", "padded"), "padding": ("padded",)}


def numbers(shape: list[int], dtype: str, low: float, high: float, position: int) -> torch.Tensor:
    """The fixed, irregular numbers that the recording used."""
    shares = [((index * 7919 + 104729 * (position + 1)) % 9973) / 9973 for index in range(prod(shape))]
    values = torch.tensor([low + (high - low) * share for share in shares], dtype=torch.float64).reshape(shape)
    return values if "float" in dtype else values.trunc()


class Builder:
    """Turns recorded arguments into the emulation's, or into torch's for a golden function."""

    def __init__(self, device: MeshDevice, *, for_torch: bool = False) -> None:
        self._device = device
        self._for_torch = for_torch
        self._tensors = 0

    def call(self, function: Any, record: Record) -> Any:
        """Call ``function`` as it was called when it was recorded."""
        keywords = record["kwargs"] | (record.get("golden_kwargs", {}) if self._for_torch else {})
        return function(*self.build(record["args"]), **{name: self.build(v) for name, v in keywords.items()})

    def build(self, value: Any) -> Any:
        """The object that a recorded argument stands for."""
        if isinstance(value, list):
            return [self.build(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "slice" in value:
            return slice(*value["slice"])
        if "tuple" in value:
            return tuple(self.build(value["tuple"]))
        if "tensor" in value:
            return self._tensor(value["tensor"], **{name: item for name, item in value.items() if name != "tensor"})
        if "make" in value:
            keywords = {name: self.build(item) for name, item in value["kwargs"].items()}
            if self._for_torch and value["make"] == "complex_tensor":
                return torch.complex(*self.build(value["args"]))
            return self._named(value["make"])(*self.build(value["args"]), **keywords)
        return self._named(value["name"]) if "name" in value else _memory(value)

    def _named(self, name: str) -> Any:
        if name == "device":
            return self._device
        first, *rest = name.split(".")
        named: Any = NAMES[f"ttnn.{first}"]
        for part in rest:
            named = getattr(named, part)
        return named

    def _tensor(
        self,
        shape: list[int],
        dtype: str = "bfloat16",
        layout: str = "TILE",
        memory: Any = "DRAM",
        low: float = -2.0,
        high: float = 2.0,
        on_host: bool = False,
        state: str = "",
    ) -> Any:
        values = numbers(shape, dtype, low, high, self._tensors)
        self._tensors += 1
        if self._for_torch:
            return values.to(torch.float32 if dtype == "bfloat8_b" else getattr(torch, dtype))
        tensor = Tensor.create(
            values.float(),
            dtype=DataType[dtype.upper()],
            layout=Layout[layout],
            device=None if on_host else self._device,
            memory_config=None if on_host else _memory(memory),
        )
        if state == "deallocated":
            tensor.deallocate()
        return tensor


def _memory(memory: Any) -> MemoryConfig:
    if isinstance(memory, str):
        return MemoryConfig(TensorMemoryLayout.INTERLEAVED, BufferType[memory])
    columns, rows = memory["grid"]
    spec = ShardSpec(
        CoreRangeSet({CoreRange((0, 0), (columns - 1, rows - 1))}), memory["shard"], ShardOrientation.ROW_MAJOR
    )
    return MemoryConfig(TensorMemoryLayout[f"{memory['scheme']}_SHARDED"], BufferType.L1, spec)


@pytest.fixture(scope="module")
def device() -> Iterator[MeshDevice]:
    """The emulated device that the module's tests share."""
    opened = open_device(device_id=0, l1_small_size=24576)
    yield opened
    close_device(opened)


def _operation(case: str) -> Any:
    return operation_named(case.rpartition("-")[0])


def _outcome(result: Any) -> Any:
    if isinstance(result, (list, tuple)):
        return {"kind": type(result).__name__, "items": [_outcome(item) for item in result]}
    if isinstance(result, ComplexTensor):
        return {"kind": "ComplexTensor", "items": [_outcome(result.real), _outcome(result.imag)]}
    if not isinstance(result, Tensor):
        return result
    config = result.memory_config()
    place = str(config) if config.is_sharded() else config.buffer_type.name
    return {
        "shape": list(result.shape),
        "padded": list(result.padded_shape),
        "dtype": result.dtype.name,
        "layout": result.layout.name,
        "memory": place if result.storage_type() is StorageType.DEVICE else "HOST",
    }


def _without(outcome: Any, key: str) -> Any:
    if isinstance(outcome, dict):
        return {name: _without(value, key) for name, value in outcome.items() if name != key}
    return [_without(item, key) for item in outcome] if isinstance(outcome, list) else outcome


def _message(error: BaseException) -> str:
    return str(error).partition("info:\n")[2].partition("\nbacktrace:")[0] or str(error)


def _cases(*having: str) -> list[str]:
    return [
        case
        for case, record in RECORDS.items()
        if all(key in record for key in having) and record.get("differs") != "skip"
    ]


@pytest.mark.parametrize("case", _cases("outcome"))
def test_output_is_stored_as_ttnn_stores_it(case: str, device: MeshDevice) -> None:
    """A call gives tensors of ttnn's shapes, types, layouts and places, in ttnn's kind of sequence."""
    record = RECORDS[case]

    got, expected = _outcome(Builder(device).call(_operation(case), record)), record["outcome"]

    for aspect in _ASPECTS.get(record.get("differs", ""), ()):
        got, expected = _without(got, aspect), _without(expected, aspect)
    assert json.loads(json.dumps(got)) == expected


@pytest.mark.parametrize("case", _cases("error"))
def test_refusal_is_ttnns(case: str, device: MeshDevice) -> None:
    """What ttnn refuses is refused with its exception and its words; a wrong signature in one line of our own."""
    expected = RECORDS[case]["error"]

    with pytest.raises(_ERRORS[expected["type"]]) as refused:
        Builder(device).call(_operation(case), RECORDS[case])

    if expected["type"] == "TypeError":
        assert str(refused.value).startswith(f"{_operation(case).name}(): incompatible function arguments")
        assert "\n" not in str(refused.value)
    else:
        assert _message(refused.value) == expected["message"]


@pytest.mark.parametrize("case", [case for case in RECORDS if RECORDS[case].get("differs") == "skip"])
def test_what_cannot_be_computed_names_the_operation(case: str, device: MeshDevice) -> None:
    """A call that ttnn takes and the emulation doesn't says so, with the operation's name first."""
    with pytest.raises(NotEmulated, match=rf"^{_operation(case).name}: "):
        Builder(device).call(_operation(case), RECORDS[case])


def _flat(result: Any) -> list[torch.Tensor]:
    if isinstance(result, (list, tuple)):
        return [tensor for item in result for tensor in _flat(item)]
    if isinstance(result, ComplexTensor):
        return [result.real.values, result.imag.values]
    if isinstance(result, torch.Tensor) and result.is_complex():
        return [result.real, result.imag]
    return [result.values if isinstance(result, Tensor) else torch.as_tensor(result)]


def _parts(golden: Any) -> list[Record]:
    return [part for item in golden for part in _parts(item)] if isinstance(golden, list) else [golden]


def _assert_close(result: Any, golden: Any, tolerance: float) -> None:
    tensors, parts = _flat(result), _parts(golden)
    if len(tensors) == 2 * len(parts):  # a complex gradient, whose halves ttnn's golden functions put side by side
        tensors = [torch.cat(halves, dim=-1) for halves in zip(tensors[::2], tensors[1::2], strict=True)]
    for tensor, part in zip(tensors, parts, strict=True):
        expected = torch.tensor(part["values"], dtype=torch.float64)
        got = tensor.double().flatten()[:: part["step"]]
        torch.testing.assert_close(got, expected, rtol=tolerance, atol=tolerance, equal_nan=True)


@pytest.mark.parametrize("case", _cases("golden"))
def test_golden_function_is_ttnns(case: str, device: MeshDevice) -> None:
    """The torch reference, called as ttnn's is, gives ttnn's numbers in ttnn's shape."""
    golden = RECORDS[case]["golden"]

    result = Builder(device, for_torch=True).call(get_golden_function(_operation(case)), RECORDS[case])

    assert [list(tensor.shape) for tensor in _flat(result)] == [part["shape"] for part in _parts(golden)]
    _assert_close(result, golden, 2e-6)


def _is_coarse(value: Any) -> bool:
    if isinstance(value, dict):
        is_tensor = "tensor" in value and value.get("dtype", "bfloat16") in ("bfloat16", "bfloat8_b")
        return is_tensor or any(map(_is_coarse, value.values()))
    return isinstance(value, list) and any(map(_is_coarse, value))


@pytest.mark.parametrize("case", _cases("golden", "outcome"))
def test_values_are_those_of_ttnns_golden_function(case: str, device: MeshDevice) -> None:
    """An operation computes what ttnn's golden function does, but for the rounding of the stored formats."""
    record = RECORDS[case]

    result = Builder(device).call(_operation(case), record)

    _assert_close(result, record["golden"], 0.03 if _is_coarse([record["args"], record["kwargs"]]) else 3e-5)


def test_every_operation_has_been_recorded() -> None:
    """No operation of this package's tables goes without a comparison with ttnn."""
    recorded = {_operation(case).name for case in RECORDS}
    own = {op.name for op in OPERATIONS.values() if op.forms[0].function.__module__.startswith(ops.__name__)}

    assert own - recorded == set()
