"""One side of the comparison: a ``ttnn``, its device, and what comes of a case there, as JSON.

An outcome is ``{"gives": ..., "inputs": ...}``, ``{"raises": type, "message": ...}`` with ttnn's own words, or
``{"not_emulated": text}``. ``values`` or ``golden`` hold the numbers of the outputs, beside the outcome.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Callable
from math import prod
from typing import Any, ClassVar

import numpy as np
import torch

from .forms import Form

FLOATS = ("bfloat16", "float32", "bfloat8_b", "bfloat4_b")
L1_SMALL_SIZE = 24576
# What differs from build to build or run to run, and what stands for it.
_CHANGING = ((re.compile(r"0x[0-9a-f]+"), "0x"), (re.compile(r"\bprogram \d+"), "program N"))
Outcome = dict[str, Any]


def numbers(shape: list[int], dtype: str, low: float, high: float, position: int) -> torch.Tensor:
    """The fixed, irregular numbers of a call's tensor number ``position``; whole ones for an integer type."""
    indices = np.arange(prod(shape), dtype=np.int64)
    shares = ((indices * 7919 + 104729 * (position + 1)) % 9973) / 9973
    values = torch.from_numpy(low + (high - low) * shares).reshape(shape)
    return values.float() if dtype in FLOATS else values.trunc().to(torch.int32)


def message(error: BaseException) -> str:
    """The words of ttnn in an exception's text; of a wrong signature, for which nanobind lists its C++, none."""
    if isinstance(error, (TypeError, AttributeError)):
        return ""
    text = str(error)
    if "info:\n" in text:
        text = text.partition("info:\n")[2]
    text = text.partition("\nbacktrace:")[0].strip()
    for pattern, stand_in in _CHANGING:
        text = pattern.sub(stand_in, text)
    return text


class Side:
    """Runs cases over ``ttnn``. ``golden`` says that numbers come from golden functions, as a mock device has none."""

    def __init__(self, ttnn: Any, device: Any, *, golden: bool) -> None:
        self.ttnn = ttnn
        self.device = device
        self._golden = golden
        self._made: list[Any] = []

    def run(self, form: Form) -> tuple[Outcome, list[torch.Tensor] | None]:
        """The outcome of a case, and the numbers of its outputs where the case asks for them."""
        self._made, values = [], None
        try:
            result = self._do(form)
            outcome: Outcome = {"gives": self.described(result)}
            if "call" in form:
                outcome["inputs"] = [self._state(item) for item in self._made]
            if form.get("golden"):
                values = self._golden_values(form) if self._golden else [self._values(item) for item in flat(result)]
            del result
        except Exception as error:  # noqa: BLE001 - whatever a side raises is what came of the case
            if type(error).__name__ == "NotEmulated":
                outcome = {"not_emulated": str(error)}
            else:
                outcome = {"raises": type(error).__name__, "message": message(error)}
            error.__traceback__ = None
        self._made = []
        self.device.clear_program_cache()
        return outcome, values

    def is_clean(self) -> bool:
        """Whether no case has left anything in the device's memory."""
        for _ in range(2):
            views = (self.ttnn.get_memory_view(self.device, kind) for kind in self._buffers())
            if not any(view.total_bytes_allocated_per_bank for view in views):
                return True
            gc.collect()
        return False

    def _buffers(self) -> tuple[Any, Any]:
        return self.ttnn.BufferType.DRAM, self.ttnn.BufferType.L1

    def _do(self, form: Form) -> Any:
        if "call" in form:
            function = self.named(form["call"])
            args = [self.build(item) for item in form["args"]]
            return function(*args, **{key: self.build(item) for key, item in form["kwargs"].items()})
        if "facts" in form:
            return self.build(form["facts"])
        if "equal" in form:
            return self._compared(*(self.build(item) for item in form["equal"]))
        if "json" in form:
            value = self.build(form["json"])
            again = type(value).from_json(value.to_json())
            return [value.to_json(), again, again == value, again.to_json()]
        return self._round_trip(**form["bits"])

    def _compared(self, one: Any, other: Any) -> Any:
        def hashes() -> Any:
            try:
                return hash(one) == hash(other)
            except TypeError:
                return "unhashable"

        return [one == other, one != other, other == one, hashes()]

    def _round_trip(self, pattern: list[int], source: str, dtype: str, layout: str, shape: list[int]) -> Any:
        """``to_torch(from_torch(...))`` of numbers given by their bits in an integer type of ``source``'s size."""
        size = {"float32": torch.int32, "bfloat16": torch.int16, "float16": torch.int16, "float64": torch.int64}
        held = getattr(torch, source)
        values = torch.tensor(pattern, dtype=size.get(source, held)).view(held).reshape(shape)
        stored = self.ttnn.from_torch(
            values, dtype=getattr(self.ttnn, dtype), layout=getattr(self.ttnn.Layout, layout), device=None
        )
        read = self.ttnn.to_torch(stored)
        width = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[read.element_size()]
        return [self.described(stored), str(read.dtype), list(read.shape), read.contiguous().view(width).tolist()]

    # From words to objects.

    def named(self, dotted: str) -> Any:
        """What a name stands for in this ttnn; ``device`` is the device itself."""
        first, *rest = dotted.split(".")
        value = self.device if first == "device" else getattr(self.ttnn, first)
        for part in rest:
            value = getattr(value, part)
        return value

    def build(self, form: Form) -> Any:
        """The object that a form stands for."""
        if isinstance(form, list):
            return [self.build(item) for item in form]
        if not isinstance(form, dict):
            return form
        for key, builder in self._builders.items():
            if key in form:
                return builder(self, form)
        raise ValueError(f"no form has the keys {sorted(form)}")

    def _dict(self, form: Form) -> Any:
        return {self.build(key): self.build(item) for key, item in form["dict"]}

    def _object(self, form: Form) -> Any:
        keywords = {key: self.build(item) for key, item in form["kwargs"].items()}
        return self.named(form["make"])(*(self.build(item) for item in form["args"]), **keywords)

    def _torch(self, form: Form) -> Any:
        values = numbers(form["torch"], form["dtype"], form.get("low", -2.0), form.get("high", 2.0), len(self._made))
        return values.to(getattr(torch, form["dtype"]))

    def _tensor(self, form: Form) -> Any:
        shape, dtype = form["tensor"], form.get("dtype", "bfloat16")
        position = len(self._made)
        on_host = form.get("on_host", False)
        tensor = self.ttnn.from_torch(
            numbers(shape, dtype, form.get("low", -2.0), form.get("high", 2.0), position),
            dtype=getattr(self.ttnn, dtype),
            layout=getattr(self.ttnn.Layout, form.get("layout", "TILE")),
            device=None if on_host else self.device,
            memory_config=None if on_host else self.memory(form.get("memory", "DRAM")),
        )
        if form.get("state") == "deallocated":
            self.ttnn.deallocate(tensor)
        self._made.append(tensor)
        return tensor

    def memory(self, form: Form) -> Any:
        """A memory configuration: a kind of buffer, or a sharding over the cores from the first one on."""
        if isinstance(form, str):
            return getattr(self.ttnn, f"{form}_MEMORY_CONFIG")
        if "scheme" not in form:
            return self.build(form)
        t, (columns, rows) = self.ttnn, form["grid"]
        cores = t.CoreRangeSet({t.CoreRange(t.CoreCoord(0, 0), t.CoreCoord(columns - 1, rows - 1))})
        orientation = getattr(t.ShardOrientation, form.get("orientation", "ROW_MAJOR"))
        spec = t.ShardSpec(cores, list(form["shard"]), orientation)
        scheme = getattr(t.TensorMemoryLayout, f"{form['scheme']}_SHARDED")
        return t.MemoryConfig(scheme, getattr(t.BufferType, form.get("buffer", "L1")), spec)

    _builders: ClassVar[dict[str, Callable[[Any, Form], Any]]] = {
        "tensor": _tensor,
        "torch": _torch,
        "name": lambda self, form: self.named(form["name"]),
        "make": _object,
        "scheme": memory,
        "tuple": lambda self, form: tuple(self.build(form["tuple"])),
        "set": lambda self, form: set(self.build(form["set"])),
        "slice": lambda self, form: slice(*form["slice"]),
        "float": lambda self, form: float(form["float"]),
        "dict": _dict,
    }

    # From results to words.

    def described(self, value: Any) -> Any:
        """A result in JSON: tensors by what they are stored as, objects by their texts and attributes."""
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return repr(value)
        if isinstance(value, dict):
            return {str(key): self.described(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return {"kind": type(value).__name__, "items": [self.described(item) for item in value]}
        if isinstance(value, torch.Tensor):
            return {"torch": str(value.dtype), "shape": list(value.shape)}
        if isinstance(value, self.ttnn.Tensor):
            return self._spec(value)
        if hasattr(value, "real") and hasattr(value, "imag"):
            return {"kind": type(value).__name__, "items": [self._spec(value.real), self._spec(value.imag)]}
        return self._facts(value)

    def _spec(self, tensor: Any) -> Any:
        on_host = tensor.storage_type() == self.ttnn.StorageType.HOST
        return {
            "shape": list(tensor.shape),
            "padded": list(tensor.padded_shape),
            "dtype": tensor.dtype.name,
            "layout": tensor.layout.name,
            "memory": "HOST" if on_host else str(tensor.memory_config()),
        }

    def _facts(self, value: Any) -> Any:
        facts: dict[str, Any] = {"type": f"{type(value).__module__}.{type(value).__name__}"}
        facts["repr"], facts["str"] = (_CHANGING[0][0].sub("0x", text(value)) for text in (repr, str))
        for attribute in dir(value):
            if attribute.startswith("_"):
                continue
            held = getattr(value, attribute)
            facts[f".{attribute}"] = "callable" if callable(held) else self._attribute(held)
        if "hash" not in facts:
            facts["hashable"] = type(value).__hash__ is not None
        return facts

    def _attribute(self, value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return [self._attribute(item) for item in value]
        return repr(value) if type(value).__module__ == "builtins" else _CHANGING[0][0].sub("0x", str(value))

    def _state(self, tensor: Any) -> Any:
        return "allocated" if tensor.is_allocated() else "deallocated"

    # Numbers.

    def _values(self, tensor: Any) -> torch.Tensor:
        if isinstance(tensor, self.ttnn.Tensor):
            tensor = self.ttnn.to_torch(tensor)
        return torch.as_tensor(tensor)

    def _golden_values(self, form: Form) -> list[torch.Tensor] | None:
        operation = self.named(form["call"])
        builder = _Torch(self)
        try:
            args = [builder.build(item) for item in form["args"]]
            keywords = {key: builder.build(item) for key, item in form["kwargs"].items()}
            result = self.ttnn.get_golden_function(operation)(*args, **keywords)
        except Exception:  # noqa: BLE001 - golden functions don't know every way to call: such a case has no numbers
            return None
        values = [torch.as_tensor(item) for item in flat(result)]
        return [part for item in values for part in ((item.real, item.imag) if item.is_complex() else (item,))]


class _Torch(Side):
    """Builds arguments for a golden function: torch tensors of the numbers that the tensors' formats keep."""

    def __init__(self, side: Side) -> None:
        super().__init__(side.ttnn, side.device, golden=True)

    def _tensor(self, form: Form) -> Any:
        shape, dtype = form["tensor"], form.get("dtype", "bfloat16")
        values = numbers(shape, dtype, form.get("low", -2.0), form.get("high", 2.0), len(self._made))
        self._made.append(None)
        t = self.ttnn
        kept = t.to_torch(t.from_torch(values, dtype=getattr(t, dtype), layout=t.TILE_LAYOUT))
        return kept.float() if kept.is_floating_point() else kept

    def _object(self, form: Form) -> Any:
        if form["make"] == "complex_tensor":
            return torch.complex(*(self.build(item) for item in form["args"]))
        return super()._object(form)

    _builders: ClassVar[dict[str, Callable[[Any, Form], Any]]] = {**Side._builders, "tensor": _tensor, "make": _object}


def flat(result: Any) -> list[Any]:
    """The tensors of a result, which may be one, or several in whatever sequence; absent ones are left out."""
    if result is None:
        return []
    if isinstance(result, (list, tuple)):
        return [tensor for item in result for tensor in flat(item)]
    if not isinstance(result, torch.Tensor) and hasattr(result, "real") and hasattr(result, "imag"):
        return [result.real, result.imag] if not isinstance(result, (int, float)) else [result]
    return [result]
