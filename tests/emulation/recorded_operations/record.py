"""Write down what ttnn makes of the cases beside this file: run with ttnn 0.81.1 on a mock device.

    python tests/emulation/recorded_operations/record.py > tests/data/emulation_operations.json

A mock device checks arguments and infers outputs, but computes nothing: values come from ttnn's golden functions.
Recorded again, the numbers of matrix products may differ in their seventh digit: the order in which torch adds float32
products up depends on the processor's vector registers. All else comes out the same.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import attentions
import complex_numbers
import images
import indices
import movements
import products
import reductions
import several_operands
import single_operand
import softmaxes
import torch
import ttnn
from calls import CASES, Case, Made, N, Sharded, T, plain

# Each has added its cases to CASES.
_FAMILIES = (
    single_operand,
    several_operands,
    reductions,
    movements,
    products,
    images,
    attentions,
    complex_numbers,
    softmaxes,
    indices,
)

_SHOWN = 40


def _memory(memory: str | Sharded) -> Any:
    if isinstance(memory, str):
        return getattr(ttnn, f"{memory}_MEMORY_CONFIG")
    corner = ttnn.CoreCoord(memory.grid[0] - 1, memory.grid[1] - 1)
    cores = ttnn.CoreRangeSet({ttnn.CoreRange(ttnn.CoreCoord(0, 0), corner)})
    spec = ttnn.ShardSpec(cores, list(memory.shard), ttnn.ShardOrientation.ROW_MAJOR)
    return ttnn.MemoryConfig(getattr(ttnn.TensorMemoryLayout, f"{memory.scheme}_SHARDED"), ttnn.BufferType.L1, spec)


class Builder:
    """Turns a case's neutral arguments into ttnn's, or into torch's for a golden function."""

    def __init__(self, device: Any, *, for_torch: bool) -> None:
        self._device = device
        self._for_torch = for_torch
        self._tensors = 0

    def build(self, value: Any) -> Any:
        if isinstance(value, T):
            self._tensors += 1
            return self._tensor(value, self._tensors - 1)
        if isinstance(value, N):
            target: Any = ttnn
            for part in value.name.split("."):
                target = self._device if part == "device" else getattr(target, part)
            return target
        if isinstance(value, Made):
            arguments = [self.build(item) for item in value.args]
            if self._for_torch and value.name == "complex_tensor":
                return torch.complex(*arguments)
            return getattr(ttnn, value.name)(*arguments, **{k: self.build(v) for k, v in value.kwargs.items()})
        if isinstance(value, Sharded):
            return _memory(value)
        if isinstance(value, (list, tuple)):
            return type(value)(self.build(item) for item in value)
        return value

    def _tensor(self, value: T, position: int) -> Any:
        dtype = getattr(ttnn, value.dtype)
        numbers = torch.tensor(value.numbers(position), dtype=torch.float64).reshape(value.shape)
        if self._for_torch:
            return numbers.to(torch.float32 if value.dtype.startswith("bfloat8") else getattr(torch, value.dtype))
        floats = value.dtype in ("bfloat16", "float32", "bfloat8_b", "bfloat4_b")
        tensor = ttnn.from_torch(
            numbers.to(torch.float32 if floats else torch.int32),
            dtype=dtype,
            layout=getattr(ttnn, f"{value.layout}_LAYOUT"),
            device=None if value.on_host else self._device,
            memory_config=None if value.on_host else _memory(value.memory),
        )
        if value.state == "deallocated":
            ttnn.deallocate(tensor)
        return tensor


def _place(tensor: Any) -> str:
    config = tensor.memory_config()
    if tensor.storage_type() == ttnn.StorageType.HOST:
        return "HOST"
    return str(config) if config.is_sharded() else config.buffer_type.name


def outcome(result: Any) -> Any:
    """What a call gave: a tensor's storage, or those in a list."""
    if isinstance(result, ttnn.Tensor):
        return {
            "shape": list(result.shape),
            "padded": list(result.padded_shape),
            "dtype": result.dtype.name,
            "layout": result.layout.name,
            "memory": _place(result),
        }
    if isinstance(result, (list, tuple)):
        return {"kind": type(result).__name__, "items": [outcome(item) for item in result]}
    if hasattr(result, "imag") and not isinstance(result, (int, float)):  # sizes of images are no complex tensors
        return {"kind": type(result).__name__, "items": [outcome(result.real), outcome(result.imag)]}
    return result


def message(error: BaseException) -> str:
    """The part of an exception's text that doesn't change from build to build."""
    text = str(error)
    if "info:\n" in text:
        text = text.partition("info:\n")[2].partition("\nbacktrace:")[0]
    return text.partition("\n")[0] if isinstance(error, TypeError) else text.strip()


def values(result: Any) -> Any:
    """Some of a golden function's numbers, evenly spread, and how many there are in what shape."""
    if isinstance(result, (list, tuple)):
        return [values(item) for item in result]
    if result.is_complex():
        return [values(result.real), values(result.imag.clone())]  # which undoes a conjugation that is only noted
    flat = result.detach().to(torch.float64).flatten()
    step = max(1, -(-flat.numel() // _SHOWN))
    return {"shape": list(result.shape), "step": step, "values": [float(f"{number:.7g}") for number in flat[::step]]}


def record(case: Case, device: Any) -> dict[str, Any]:
    operation: Any = ttnn
    for part in case.operation.split("."):
        operation = getattr(operation, part)
    entry: dict[str, Any] = {"args": plain(list(case.args)), "kwargs": plain(case.kwargs)}
    if case.differs:
        entry["differs"] = case.differs
    builder = Builder(device, for_torch=False)
    try:
        arguments = [builder.build(item) for item in case.args]
        entry["outcome"] = outcome(operation(*arguments, **{k: builder.build(v) for k, v in case.kwargs.items()}))
    except (RuntimeError, TypeError, IndexError, ValueError) as error:
        entry["error"] = {"type": type(error).__name__, "message": message(error)}
    if case.golden and "outcome" in entry:
        builder = Builder(device, for_torch=True)
        arguments = [builder.build(item) for item in case.args]
        keywords = {name: builder.build(value) for name, value in case.kwargs.items()}
        # torch has no such function for some types that ttnn takes; there the case goes without a reference.
        with contextlib.suppress(NotImplementedError, RuntimeError):
            entry["golden"] = values(ttnn.get_golden_function(operation)(*arguments, **keywords))
    return entry


def main() -> None:
    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    print("{")
    for index, case in enumerate(CASES):
        print(f"case {index}: {case}", file=sys.stderr, flush=True)
        end = "" if index == len(CASES) - 1 else ","
        print(f"{json.dumps(case.name)}: {json.dumps(record(case, device))}{end}", flush=True)
    print("}")


if __name__ == "__main__":
    main()
