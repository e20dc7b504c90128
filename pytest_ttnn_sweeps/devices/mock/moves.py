"""Creation and reading: where values enter the mock device, and where they are asked for.

ttnn's functions do what they do, on the device; where they would read it they get a tensor on the host instead that
holds the golden values. The device itself is never read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.devices.mock.formats import stored
from pytest_ttnn_sweeps.devices.mock.golden_values import GoldenValues
from pytest_ttnn_sweeps.devices.mock.shadows import Missing, Prepared

_ON_DEVICE = ("device", "memory_config", "cq_id", "enable_bfloat_opt")
_AS_THEY_ARE = {torch.bfloat16: "BFLOAT16", torch.float32: "FLOAT32", torch.int32: "INT32"}
_WEIGHTS = {
    **dict.fromkeys(("prepare_conv_weights", "prepare_conv_transpose2d_weights"), "weight_tensor"),
    **dict.fromkeys(("prepare_conv_bias", "prepare_conv_transpose2d_bias"), "bias_tensor"),
}
"""Functions that aren't operations, and what their first argument is called."""


def handlers(values: GoldenValues) -> dict[str, Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]]:
    """What to do in place of following an operation, by its full name."""
    return {
        "ttnn.from_torch": lambda *call: _from_torch(values, *call),
        "ttnn.to_torch": lambda *call: _to_torch(values, *call),
        "ttnn.from_device": lambda *call: _from_device(values, *call),
        "ttnn.to_device": lambda *call: _to_device(values, *call),
        "ttnn.dump_tensor": lambda *call: _dump_tensor(values, *call),
        "ttnn.copy_device_to_host_tensor": lambda *call: _copy_to_host(values, *call),
    }


def _from_torch(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tensor = values.run_alone(operation, args, kwargs)
    if tensor is None or not values.is_live(tensor):
        return tensor
    source = args[0] if args else kwargs.get("tensor")
    exact = _AS_THEY_ARE.get(source.dtype) if isinstance(source, torch.Tensor) else None
    if (
        isinstance(source, torch.Tensor)
        and exact is not None
        and kwargs.get("mesh_mapper") is None
        and not kwargs.get("col_tilize")
    ):
        # bfloat16 and float32 convert alike everywhere; other dtypes are what ttnn's packers make of them.
        if exact == tensor.dtype.name or {exact, tensor.dtype.name} == {"BFLOAT16", "FLOAT32"}:
            values.keep_everywhere(tensor, source)
            return tensor
    on_host = {key: value for key, value in kwargs.items() if key not in _ON_DEVICE}
    host = values.run_alone(operation, args, on_host)
    _keep_hosts(values, tensor, host)
    return tensor


def _keep_hosts(values: GoldenValues, tensor: Any, host: Any) -> None:
    """Keep for ``tensor`` what ``host``, the same tensor on the host, holds."""
    with values.unfollowed():
        shards = [shard.to_torch() for shard in values.ttnn.get_device_tensors(host)]
    coordinates = [tuple(coordinate) for coordinate in tensor.device_coords()]
    if len(shards) == 1:
        shards *= len(coordinates)
    if len(shards) != len(coordinates):
        missing = Missing(f"{len(shards)} parts were put on {len(coordinates)} devices")
        values.keep_everywhere(tensor, missing)
        return
    values.keep(tensor, dict(zip(coordinates, shards)))


def _to_torch(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tensor, rest, keywords = _first("tensor", args, kwargs)
    if not _is_live(values, tensor):
        return values.run_alone(operation, args, kwargs)
    found = values.read(tensor)
    if len(found) == 1 and keywords.get("mesh_composer") is None:
        return operation.golden_function(found[0].clone(), *rest, **keywords)
    return values.run_alone(operation, (values.hosted(tensor), *rest), keywords)


def _from_device(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    tensor, _, _ = _first("tensor", args, kwargs)
    if not _is_live(values, tensor):
        return values.run_alone(operation, args, kwargs)
    return values.hosted(tensor)


def _to_device(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    source, _, _ = _first("tensor", args, kwargs)
    tensor = values.run_alone(operation, args, kwargs)
    _keep_moved(values, source, tensor)
    return tensor


def _keep_moved(values: GoldenValues, source: Any, tensor: Any) -> None:
    if not values.is_live(tensor):
        return
    if not values.ttnn.is_tensor_storage_on_device(source):
        _keep_hosts(values, tensor, source)
    elif values.is_live(source) and source.buffer_unique_id() != tensor.buffer_unique_id():
        values.keep(tensor, values.values_of(source))


def _dump_tensor(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    args = tuple(values.hosted(value) if _is_live(values, value) else value for value in args)
    kwargs = {key: values.hosted(value) if _is_live(values, value) else value for key, value in kwargs.items()}
    return values.run_alone(operation, args, kwargs)


def _copy_to_host(values: GoldenValues, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    values.run_alone(operation, args, kwargs)
    raise NoGoldenValue("ttnn.copy_device_to_host_tensor fills a tensor of the host with zeros")


def methods(values: GoldenValues) -> dict[str, Callable[..., Any]]:
    """What to put in the place of methods of ``ttnn.Tensor`` that read the device or move tensors."""
    kind = values.ttnn.Tensor

    def reading(name: str) -> Callable[..., Any]:
        original = getattr(kind, name)

        def read(self: Any, *args: Any, **kwargs: Any) -> Any:
            if values.is_inside or not values.is_live(self):
                return original(self, *args, **kwargs)
            return original(values.hosted(self), *args, **kwargs)

        return read

    def moving(name: str) -> Callable[..., Any]:
        original = getattr(kind, name)

        def move(self: Any, *args: Any, **kwargs: Any) -> Any:
            if values.is_inside:
                return original(self, *args, **kwargs)
            with values.unfollowed():
                tensor = original(self, *args, **kwargs)
            _keep_moved(values, self, tensor)
            return tensor

        return move

    def cpu(self: Any, *args: Any, **kwargs: Any) -> Any:
        if values.is_inside or not values.is_live(self):
            return to_host(self, *args, **kwargs)
        return values.hosted(self)

    to_host = kind.cpu
    reads = ("to_torch", "to_numpy", "to_list", "item", "to_torch_with_padded_shape", "__repr__", "extract_shard")
    return {
        "cpu": cpu,
        **{name: reading(name) for name in reads},
        **{name: moving(name) for name in ("to", "reshape")},
    }


def functions(values: GoldenValues) -> dict[str, Callable[..., Any]]:
    """What to put in the place of ttnn's functions that aren't operations."""
    ttnn = values.ttnn

    def preparing(name: str, argument: str) -> Callable[..., Any]:
        original = getattr(ttnn, name)

        def prepare(*args: Any, **kwargs: Any) -> Any:
            source = _first(argument, args, kwargs)[0]
            with values.unfollowed():
                tensor = original(*args, **kwargs)
            keep_prepared(values, source, tensor, f"ttnn.{name}")
            return tensor

        return prepare

    return {name: preparing(name, argument) for name, argument in _WEIGHTS.items() if hasattr(ttnn, name)}


def keep_prepared(values: GoldenValues, source: Any, tensor: Any, what: str) -> None:
    """Keep for ``tensor`` that it holds ``source`` in another order."""
    if not _is_live(values, tensor) or source is None:
        return
    try:
        if values.is_live(source):
            found = values.for_golden(source)
        else:
            with values.unfollowed():
                found = source.to_torch()
    except NoGoldenValue as error:
        values.keep_everywhere(tensor, Missing(error.reason))
        return
    values.keep_everywhere(tensor, Prepared(stored(values.ttnn, found, tensor.dtype), what))


def _first(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, tuple[Any, ...], dict[str, Any]]:
    """The first argument, wherever it is given, and the others."""
    if args:
        return args[0], args[1:], kwargs
    return kwargs.get(name), (), {key: value for key, value in kwargs.items() if key != name}


def _is_live(values: GoldenValues, value: Any) -> bool:
    return isinstance(value, values.ttnn.Tensor) and values.is_live(value)
