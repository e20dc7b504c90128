"""The arguments of a call in this process as typed values: the same for the wheel's objects and the emulation's.

Objects are told by the names of their types, so this works with any ttnn and imports none. Nothing of a tensor's values
is looked at, and no address gets into a value: equal calls of two processes give equal values.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pytest_ttnn_sweeps.traced.arguments import argument_from_text
from pytest_ttnn_sweeps.traced.capture.calls import core_grid, device_of
from pytest_ttnn_sweeps.traced.values import (
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    Opaque,
    Placement,
    Struct,
    TensorSpec,
    Value,
)

_Converter = Callable[[Any], Value]
_MAX_DEPTH = 20
"""Lists inside lists; ttnn's own arguments need 3."""
_HOST_STORAGES = ("HOST", "MULTI_DEVICE_HOST", "OWNED", "BORROWED")
UNKNOWN = "the tracer doesn't know objects of this type"


def value_of(argument: object, depth: int = 0) -> Value:
    """``argument`` as a value; ``Opaque`` with the name of its type where nothing else is known. Never raises."""
    kind = type(argument)
    if argument is None or kind in (int, float, str, bool):
        return argument  # type: ignore[return-value]
    if kind in (list, tuple):
        if depth > _MAX_DEPTH:
            return Opaque(kind.__name__, f"lists are nested deeper than {_MAX_DEPTH}")
        return tuple([value_of(item, depth + 1) for item in argument])  # type: ignore[attr-defined]
    convert = _converters.get(kind)
    if convert is None:
        convert = _converters[kind] = _converter(kind)
    try:
        return convert(argument)
    except Exception as error:  # noqa: BLE001 - what can't be told of an argument must not stop the model
        reason = str(error).strip().partition("\n")[0]
        return Opaque(_type_name(kind), f"it can't be looked at: {type(error).__name__}: {reason}")


def _converter(kind: type) -> _Converter:
    """What converts objects of ``kind``, found once for each type."""
    if issubclass(kind, enum.Enum):
        return lambda member: Enumerator(kind.__name__, member.name)
    for base in kind.__mro__:
        module = base.__module__.partition(".")[0]
        found = _BY_NAME.get((module, base.__name__))
        if found is not None:
            return found
        if module == "ttnn" and base.__name__.endswith("Config"):
            return _config
    if issubclass(kind, (bool, int, float, str)):
        plain: type = next(base for base in (bool, int, float, str) if issubclass(kind, base))
        return lambda number: plain(number)
    if issubclass(kind, (list, tuple)) and not hasattr(kind, "_fields"):
        return lambda items: value_of(list(items))
    if issubclass(kind, Mapping):
        return lambda items: Struct("", tuple([(str(name), value_of(value)) for name, value in items.items()]))
    if issubclass(kind, slice):
        return lambda part: Struct("slice", tuple([(end, value_of(getattr(part, end))) for end in _SLICE]))
    if kind.__module__ == "numpy" and hasattr(kind, "item"):
        return lambda number: value_of(number.item())
    name = _type_name(kind)
    return lambda _: Opaque(name, UNKNOWN)


_SLICE = ("start", "stop", "step")


def _type_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _tensor(tensor: Any) -> Value:
    shape = tuple(tensor.shape)
    layout = tensor.layout.name
    if layout == "TILE":
        tile = tuple(tensor.tile.tile_shape)
        if tile != (32, 32):
            return Opaque(f"Tensor(shape={list(shape)}, tile={list(tile)})", "only tiles of 32 by 32 are made")
    config = _memory_config(tensor.memory_config())
    padded = tuple(tensor.padded_shape)
    on_host = tensor.storage_type().name in _HOST_STORAGES
    return TensorSpec(
        shape=shape,
        dtype=tensor.dtype.name,
        layout=layout,
        memory_config=config if isinstance(config, MemoryConfig) else None,
        storage="HOST" if on_host else "DEVICE",
        placement=None if on_host else _placement(tensor),
        padded_shape=padded if padded != shape else None,
    )


def _placement(tensor: Any) -> Placement | None:
    device = tensor.device()
    if device is None or device.get_num_devices() < 2:
        return None
    topology = getattr(tensor, "tensor_topology", None)
    placements: Sequence[Any] = topology().placements() if topology is not None else ()
    return Placement(tuple(device.shape), tuple([_placement_text(placement) for placement in placements]))


def _placement_text(placement: Any) -> str:
    name = type(placement).__name__
    return f"{name}({placement.dim})" if hasattr(placement, "dim") else name


def _memory_config(config: Any) -> Value:
    # By its text, which alone tells how it was made, and which the parser keeps the last thousands of.
    return argument_from_text(repr(config))


def _core(core: Any) -> Core:
    return Core(core.x, core.y)


def _core_range(cores: Any) -> CoreRange:
    return CoreRange(_core(cores.start), _core(cores.end))


def _config(config: Any) -> Value:
    """Every field: the texts of some configurations leave fields out, and some have none."""
    if dataclasses.is_dataclass(config):
        names = [field.name for field in dataclasses.fields(config)]
    else:
        names = [name for name in dir(config) if not name.startswith("_")]
    fields = [(name, getattr(config, name)) for name in names]
    known = [(name, value_of(value)) for name, value in fields if not callable(value) or isinstance(value, enum.Enum)]
    return Struct(type(config).__name__, tuple(known))


def _activation(activation: Any) -> Value:
    fields: list[tuple[str, Value]] = [("op_type", value_of(activation.op_type))]
    if activation.params:
        fields.append(("params", tuple(activation.params)))
    return Struct("UnaryWithParam", tuple(fields))


def _integers(shape: Any) -> Value:
    return tuple([int(length) for length in shape])


def _torch_tensor(tensor: Any) -> Value:
    return Struct("torch.Tensor", (("shape", tuple(tensor.shape)), ("dtype", str(tensor.dtype))))


_BY_NAME: dict[tuple[str, str], _Converter] = {
    ("torch", "Tensor"): _torch_tensor,
    ("torch", "dtype"): str,
    ("ttnn", "Tensor"): _tensor,
    ("ttnn", "ComplexTensor"): lambda pair: Struct(
        "ComplexTensor", (("real", value_of(pair.real)), ("imag", value_of(pair.imag)))
    ),
    ("ttnn", "MemoryConfig"): _memory_config,
    ("ttnn", "ShardSpec"): lambda spec: argument_from_text(repr(spec)),
    ("ttnn", "NdShardSpec"): lambda spec: argument_from_text(repr(spec)),
    ("ttnn", "CoreCoord"): _core,
    ("ttnn", "CoreRange"): _core_range,
    ("ttnn", "CoreRangeSet"): lambda cores: tuple([_core_range(item) for item in cores.ranges()]),
    ("ttnn", "CoreGrid"): lambda grid: core_grid(grid.x, grid.y),
    ("ttnn", "Shape"): _integers,
    ("ttnn", "MeshShape"): _integers,
    ("ttnn", "Tile"): lambda tile: Struct("Tile", (("tile_shape", tuple(tile.tile_shape)),)),
    ("ttnn", "UnaryWithParam"): _activation,
    ("ttnn", "MeshDevice"): lambda device: device_of(tuple(device.shape)),
    ("ttnn", "Device"): lambda device: device_of((1, 1)),
}
_converters: dict[type, _Converter] = {}


def forget_types() -> None:
    """Let go of the types met so far: the wheel takes those that are there when its process ends for leaks."""
    _converters.clear()
