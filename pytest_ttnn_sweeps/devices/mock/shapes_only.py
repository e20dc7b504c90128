"""torch without values: inside, large tensors have shapes and dtypes and no memory.

Made for runs whose values nobody looks at. Tensors of more than `SMALL` elements live on torch's ``meta`` device;
smaller ones are computed as ever, because sweeps take sizes, indices and single random numbers from them. What asks a
large tensor for a value raises `ValuesNeeded`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

SMALL = 4096
"""Elements up to which a tensor has values: computing them costs no more than finding out the shape."""

_FACTORIES = frozenset(
    ("arange", "empty", "eye", "full", "linspace", "normal", "ones", "rand", "randint", "randn", "randperm", "zeros")
)
"""Functions that are given sizes; known by name, since `torch` may have others in their places."""
_READING = frozenset(
    ("item", "tolist", "numpy", "__array__", "__bool__", "__float__", "__int__", "__index__", "allclose", "equal")
)
_HOST = (None, "cpu", torch.device("cpu"))
_MOST_KNOWN = 4096


class ValuesNeeded(BaseException):
    """A call can't go on without values that were never computed.

    Not an ``Exception``: a sweep's own handlers let it by.
    """


class ShapesOnly(TorchFunctionMode):
    """Computes shapes in place of values.

    The meta device takes up to half a millisecond a call, so what a call gives is found out once for arguments of the
    same shapes, dtypes and values.
    """

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[Hashable, Any] = {}

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if not any(tensor.is_meta for tensor in _tensors((*args, *kwargs.values()))):
            return _made(func, args, kwargs) if name in _FACTORIES else func(*args, **kwargs)
        if name == "__get__":
            return func(*args, **kwargs)
        if name in _READING:
            msg = f"torch's {name} asks for values"
            raise ValuesNeeded(msg)
        args = _on_meta(args)
        kwargs = {key: _on_meta(value) for key, value in kwargs.items()}
        if name in ("to", "cpu"):
            args, kwargs = _without_host(args, kwargs)
            if name == "cpu" or (len(args) == 1 and not kwargs):
                return args[0]
        key = _key(func, name, args, kwargs)
        if key is not None and key in self._known:
            return _made_again(self._known[key])
        try:
            result = func(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # The meta device refuses in words of its own, also what torch refuses with values.
            raise ValuesNeeded(str(error)) from None
        if key is not None and len(self._known) < _MOST_KNOWN:
            kind = _kind(result)
            if kind is not None:
                self._known[key] = kind
        return result


def _made(func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a factory makes, without memory where it is large."""
    if kwargs.get("out") is not None or kwargs.get("device") not in _HOST:
        return func(*args, **kwargs)
    others = {key: value for key, value in kwargs.items() if key not in ("generator", "pin_memory", "device")}
    try:
        made = func(*args, **others, device="meta")
    except (RuntimeError, TypeError):
        return func(*args, **kwargs)
    return made if made.numel() > SMALL else func(*args, **kwargs)


def _tensors(values: Iterable[Any]) -> Iterable[torch.Tensor]:
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif type(value) in (list, tuple):
            yield from _tensors(value)


def _on_meta(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        if value.is_meta:
            return value
        return torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device="meta")
    return type(value)(map(_on_meta, value)) if type(value) in (list, tuple) else value


def _without_host(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a move without the host as its goal: what has no memory is nowhere."""
    on_host = [arg for arg in args[1:] if isinstance(arg, (str, torch.device)) and torch.device(arg).type == "cpu"]
    named = {key: value for key, value in kwargs.items() if key != "device" or value not in _HOST}
    return tuple(arg for arg in args if not any(arg is host for host in on_host)), named


def _key(func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable | None:
    """What decides the result's shape; None for calls that do something besides, or whose arguments say too little."""
    if (name.endswith("_") and not name.endswith("__")) or "out" in kwargs:
        return None
    try:
        return func, _described(args), tuple((key, _described(value)) for key, value in kwargs.items())
    except TypeError:
        return None


def _described(value: Any) -> Hashable:
    """Raises ``TypeError`` for what isn't known to be told by its text."""
    if isinstance(value, torch.Tensor):
        if value.requires_grad:
            raise TypeError
        return tuple(value.shape), value.stride(), value.dtype
    if isinstance(value, (list, tuple)):
        return type(value), tuple(map(_described, value))
    if isinstance(value, slice):
        return slice, _described((value.start, value.stop, value.step))
    if value is None or value is ... or isinstance(value, (bool, int, float, str, torch.dtype)):
        return type(value), value
    raise TypeError


def _kind(result: Any) -> Any:
    if isinstance(result, torch.Tensor):
        return None if result.requires_grad else (result.size(), result.stride(), result.dtype)
    if isinstance(result, (list, tuple)) and all(isinstance(tensor, torch.Tensor) for tensor in result):
        kinds = [_kind(tensor) for tensor in result]
        return (type(result), kinds) if None not in kinds else None
    return None


def _made_again(kind: Any) -> Any:
    if len(kind) == 2:
        family, kinds = kind
        return family([_made_again(each) for each in kinds])
    size, stride, dtype = kind
    return torch.empty_strided(size, stride, dtype=dtype, device="meta")
