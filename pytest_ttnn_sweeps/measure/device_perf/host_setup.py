"""Inputs that are built on the host while device time is measured, so that building them launches no program.

Two calls with which sweeps set up their inputs run programs. ``ttnn.from_torch`` with a device and a mesh mapper writes
rows and then tilizes and converts them on the device (without a mapper, ttnn 0.81.1 converts on the host by itself).
``ttnn.to_memory_config`` of a tensor on a device is a copy there. The same tensors come of a conversion on the host
that is written as it is: the same values, and the same shape, padding, dtype, layout and memory configuration.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import prod
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.devices.stand_ins import StandIns, imported_namespaces, names_in

NEEDED = (
    "from_torch",
    "to_memory_config",
    "to_device",
    "from_device",
    "Tensor",
    "MemoryConfig",
    "StorageType",
    "TILE_LAYOUT",
)
"""What of ttnn this takes."""
_TO_MEMORY_CONFIG = ("tensor", "memory_config", "dtype", "output_tensor")


class _Instead:
    """What is called in the place of an operation of ttnn's; whatever else is asked of it the operation answers."""

    def __init__(self, operation: Callable[..., Any], call: Callable[..., Any]) -> None:
        self._operation, self._call = operation, call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        return self._call(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._operation, name)


@contextmanager
def inputs_built_on_host(ttnn: Any, module: ModuleType, is_timing: Callable[[], bool]) -> Iterator[Counter[str]]:
    """Replace both operations for the block, by ttnn's names and by those of the modules that import them from it.

    A `to_memory_config` while ``is_timing()``, or of ttnn's own, belongs to what is measured and stays. So does what
    the host can't do to the same result; those calls are counted, by name, in what the block gets.
    """
    left: Counter[str] = Counter()
    from_torch, to_memory_config = ttnn.from_torch, ttnn.to_memory_config

    def built(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if kwargs.get("device") is None:
            return from_torch(*args, **kwargs)
        tensor = _built(ttnn, from_torch, args, kwargs)
        if tensor is None:
            left["from_torch"] += 1
            return from_torch(*args, **kwargs)
        return tensor

    def moved(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        # Frame 1 is that of `_Instead`.
        if is_timing() or str(sys._getframe(2).f_globals.get("__name__")).partition(".")[0] == "ttnn":
            return to_memory_config(*args, **kwargs)
        given = {**dict(zip(_TO_MEMORY_CONFIG, args)), **kwargs}
        tensor, target = given.pop("tensor", None), given.pop("memory_config", None)
        if not _is_copied(ttnn, tensor, target):
            return to_memory_config(*args, **kwargs)
        others = any(value is not None for value in given.values())
        copy = None if others else _moved(ttnn, tensor, target)
        if copy is None:
            left["to_memory_config"] += 1
            return to_memory_config(*args, **kwargs)
        return copy

    with StandIns() as stand_ins:
        for public, original, replacement in (
            ("from_torch", from_torch, built),
            ("to_memory_config", to_memory_config, moved),
        ):
            instead = _Instead(original, replacement)
            for owner, name in list(_bindings(ttnn, module, public, original)):
                stand_ins.put(owner, name, instead)
        yield left


def _built(ttnn: Any, from_torch: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The tensor by way of the host; None where that isn't the same, or can't be done."""
    # A conversion that is only there on the device, and rounds as it does.
    if kwargs.get("enable_bfloat_opt"):
        return None
    on_host = {name: value for name, value in kwargs.items() if name not in ("device", "memory_config", "cq_id")}
    spec, target, queue = kwargs.get("spec"), kwargs.get("memory_config"), kwargs.get("cq_id")
    if spec is not None and target is not None:
        return None
    try:
        host = from_torch(*args, **on_host)
        target = spec.memory_config if spec is not None else target
        if host is None or not _fills(host, target):
            return None
        return ttnn.to_device(host, kwargs["device"], memory_config=target, **_queue(queue))
    except Exception:  # noqa: BLE001 - the module's own call tells it, in ttnn's words
        return None


def _queue(number: int | None) -> dict[str, int]:
    return {} if number is None else {"queue_id": number}


def _fills(host: Any, target: Any) -> bool:
    """Whether the tensor fills its shards: to ones that it leaves partly empty the device may give another size."""
    if target is None or not target.is_sharded():
        return True
    if target.shard_spec is None:
        return False
    shape = [int(size) for size in host.padded_shape]
    height, width = target.shard_spec.shape
    return bool(prod(shape[:-1]) % height == 0 and shape[-1] % width == 0)


def _is_copied(ttnn: Any, tensor: Any, target: Any) -> bool:
    """Whether a tensor on a device goes to another place: where it is there already, nothing runs."""
    return (
        isinstance(tensor, ttnn.Tensor)
        and isinstance(target, ttnn.MemoryConfig)
        and tensor.storage_type() == ttnn.StorageType.DEVICE
        and tensor.is_allocated()
        and tensor.memory_config() != target
    )


def _moved(ttnn: Any, tensor: Any, target: Any) -> Any:
    """The tensor at its new place by way of the host; None where that isn't the same, or can't be done."""
    # Rows keep the alignment of the shards that they were in when the host moves them, and lose it on the device.
    if tensor.layout != ttnn.TILE_LAYOUT and tensor.is_sharded():
        return None
    if target.is_sharded() and target.shard_spec is None:
        return None
    try:
        return ttnn.to_device(ttnn.from_device(tensor), tensor.device(), memory_config=target)
    except Exception:  # noqa: BLE001 - the module's own call tells it, in ttnn's words
        return None


def _bindings(ttnn: Any, module: ModuleType, public: str, original: object) -> Iterator[tuple[Any, str]]:
    """Where ttnn and ``module`` bind it, and where others, but ttnn's own, do under its ``public`` name."""
    yield ttnn, public
    yield from [(module, name) for name in names_in(module, original)]
    for other, names in imported_namespaces(module):
        is_ttnns = str(names.get("__name__")).partition(".")[0] == "ttnn"
        if other is not module and not is_ttnns and names.get(public) is original:
            yield other, public
