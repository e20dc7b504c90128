"""A pytest plugin that writes down which operations of ttnn a run calls, with what: the facts, not the code.

    cd CHECKOUT && PYTHONPATH=<this directory> pytest -p ttnn_sweeps -p record_corpus_calls \
        tests/sweep_framework/sweeps --sweep-sample=4 --sweep-device=emulated --corpus-calls=FILE

It listens where the tracer does, to refused calls as well, and keeps a few calls of each operation: those that differ
most in data types, layouts and shardings.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import sys
import zlib
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch
from differential.forms import Form, a_tuple, make, name, number

from pytest_ttnn_sweeps.traced.filtering import OperationFilter
from pytest_ttnn_sweeps.traced.tracer import Trace, listening

_ELEMENTS = 1 << 17
"""Calls of larger tensors are left out: they would cost more time than they tell."""
_OF_EACH = 6


class NoForm(Exception):
    """A value that can't be said in the words of ``forms``."""


def form_of(value: Any) -> Form:
    """The form that stands for a value of the emulation's. Raises ``NoForm``."""
    kind = type(value).__name__
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return number(value)
    if isinstance(value, enum.Enum):
        return name(f"{kind}.{value.name}")
    if isinstance(value, slice):
        return {"slice": [form_of(value.start), form_of(value.stop), form_of(value.step)]}
    if isinstance(value, list):
        return [form_of(item) for item in value]
    if isinstance(value, tuple):
        return a_tuple(map(form_of, value))
    if isinstance(value, torch.Tensor):
        return {"torch": list(value.shape), "dtype": str(value.dtype).removeprefix("torch."), **_range(value)}
    if dataclasses.is_dataclass(value):
        return make(kind, **{field.name: form_of(getattr(value, field.name)) for field in dataclasses.fields(value)})
    known = _KINDS.get(kind)
    if known is None:
        raise NoForm(f"{type(value).__module__}.{kind}")
    return known(value)


def _range(values: torch.Tensor) -> dict[str, float]:
    """What integers lie between, as operations with indices refuse or read past the end by it."""
    if values.is_floating_point() or values.is_complex() or not values.numel() or values.dtype is torch.bool:
        return {}
    wide = values.to(torch.int64)
    return {"low": int(wide.min()), "high": int(wide.max()) + 1}


def _tensor(tensor: Any) -> Form:
    form = {"tensor": list(tensor.shape), "dtype": tensor.dtype.name.lower(), "layout": tensor.layout.name}
    if not tensor.is_allocated():
        return form | {"state": "deallocated"}
    if tensor.device() is None:
        form["on_host"] = True
    else:
        memory = form_of(tensor.memory_config())
        form["memory"] = memory["name"].removesuffix("_MEMORY_CONFIG") if "name" in memory else memory
    return form | _range(tensor.values)


def _memory(config: Any) -> Form:
    if not config.is_sharded() and config.buffer_type.name in ("L1", "DRAM"):
        return name(f"{config.buffer_type.name}_MEMORY_CONFIG")
    if config.nd_shard_spec is not None and config.shard_spec is None:
        raise NoForm("an n-dimensional sharding")
    return make("MemoryConfig", *map(form_of, (config.memory_layout, config.buffer_type, config.shard_spec)))


_KINDS: dict[str, Any] = {
    "Tensor": _tensor,
    "MemoryConfig": _memory,
    "MeshDevice": lambda device: name("device"),
    "Shape": lambda shape: make("Shape", list(shape)),
    "CoreCoord": lambda core: make("CoreCoord", core.x, core.y),
    "CoreGrid": lambda grid: make("CoreGrid", x=grid.x, y=grid.y),
    "CoreRange": lambda cores: make("CoreRange", form_of(cores.start), form_of(cores.end)),
    "CoreRangeSet": lambda cores: make("CoreRangeSet", [form_of(part) for part in cores.ranges()]),
    "ShardSpec": lambda spec: make("ShardSpec", form_of(spec.grid), spec.shape, form_of(spec.orientation)),
    "ComplexTensor": lambda value: make("complex_tensor", a_tuple(map(form_of, (value.real, value.imag)))),
    "UnaryWithParam": lambda value: make("UnaryWithParam", form_of(value.op_type), *map(form_of, value.params)),
}


def _kind(form: Form) -> Any:
    """What tells calls apart that deserve to be compared both: all but sizes and numbers."""
    if isinstance(form, dict) and "tensor" in form:
        memory = form.get("memory", "HOST")
        return [len(form["tensor"]), form["dtype"], form["layout"], memory if isinstance(memory, str) else "sharded"]
    if isinstance(form, dict):
        return {key: _kind(item) for key, item in form.items()}
    if isinstance(form, list):
        return [_kind(item) for item in form]
    return type(form).__name__ if isinstance(form, (int, float)) else form


def _elements(form: Form) -> int:
    if isinstance(form, dict) and ("tensor" in form or "torch" in form):
        count = 1
        for side in form.get("tensor", form.get("torch")):
            count *= max(side, 1)
        return count
    items = form.values() if isinstance(form, dict) else form if isinstance(form, list) else ()
    return sum(map(_elements, items))


class Recorder(Trace):
    """Hears calls, and forgets those that it has heard already."""

    def __init__(self) -> None:
        super().__init__(OperationFilter.load())
        self.by_operation: dict[str, dict[str, str]] = defaultdict(dict)
        self.without_form: set[str] = set()
        self.module = ""

    def begin(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        try:
            form = {
                "call": operation.removeprefix("ttnn."),
                "args": [form_of(arg) for arg in args],
                "kwargs": {key: form_of(value) for key, value in kwargs.items()},
            }
        except NoForm as missing:
            self.without_form.add(f"{operation}: {missing}")
            return
        if _elements(form) <= _ELEMENTS:
            self.by_operation[form["call"]].setdefault(json.dumps(form, sort_keys=True), self.module)

    def sample(self) -> list[tuple[str, str]]:
        """Of each operation a few calls and the modules that made them, in an order that no run changes."""
        chosen: list[tuple[str, str]] = []
        for operation in sorted(self.by_operation):
            kinds: dict[str, list[str]] = defaultdict(list)
            for text in sorted(self.by_operation[operation], key=lambda text: zlib.crc32(text.encode())):
                kinds[json.dumps(_kind(json.loads(text)))].append(text)
            rounds = zip(*([*texts, *[None] * _OF_EACH][:_OF_EACH] for texts in kinds.values()), strict=True)
            texts = [text for one_round in rounds for text in one_round if text is not None][:_OF_EACH]
            chosen += [(text, self.by_operation[operation][text]) for text in texts]
        return chosen


_recorder = Recorder()
_stack = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--corpus-calls", type=Path, required=True, metavar="FILE")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    _recorder.module = ".".join(item.nodeid.partition("::")[0].removesuffix(".py").split("/")[3:])


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> None:
    if "ttnn" in sys.modules and _recorder.timestamp is not None:
        _stack.enter_context(listening(_recorder, sys.modules["ttnn"]))
        _recorder.timestamp = None  # type: ignore[assignment]


def pytest_unconfigure(config: pytest.Config) -> None:
    _stack.close()
    lines = [json.dumps({"module": module, **json.loads(text)}) for text, module in _recorder.sample()]
    config.getoption("--corpus-calls").write_text("\n".join(lines) + "\n")
    for missing in sorted(_recorder.without_form):
        print(f"left out: {missing}", file=sys.stderr)
