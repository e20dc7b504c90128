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
_FILLING = frozenset(("bernoulli_", "exponential_", "fill_", "normal_", "random_", "uniform_", "zero_"))
"""Methods that change a tensor's values and nothing else of it."""
_HOST = (None, "cpu", torch.device("cpu"))
_ITSELF = object()
"""What a call gives that gives its first argument."""
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
        self._missed = ""

    def __enter__(self) -> Any:
        self._missed = ""
        return super().__enter__()  # type: ignore[no-untyped-call]

    def __exit__(self, kind: type[BaseException] | None, *details: Any) -> None:
        super().__exit__(kind, *details)  # type: ignore[no-untyped-call]
        # ttnn's bindings, which ask for a tensor's memory, make a refusal of their own of it, a bare `except` nothing.
        if self._missed and (kind is None or issubclass(kind, Exception)):
            raise ValuesNeeded(self._missed) from None

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        # What a tensor says of itself is half of all that is asked, and has an answer without values.
        if name == "__get__":
            return func(*args, **kwargs)
        if not (_has_meta(args) or (kwargs and _has_meta(kwargs.values()))):
            return _made(func, args, kwargs) if name in _FACTORIES else func(*args, **kwargs)
        if name in _READING:
            self._missed = f"torch's {name} asks for values"
            raise ValuesNeeded(self._missed)
        args = _on_meta(args)
        kwargs = {key: _on_meta(value) for key, value in kwargs.items()}
        if name in ("to", "cpu"):
            args, kwargs = _without_host(args, kwargs)
            if name == "cpu" or (len(args) == 1 and not kwargs):
                return args[0]
        key = _key(func, name, args, kwargs)
        if key is not None and key in self._known:
            kind = self._known[key]
            return args[0] if kind is _ITSELF else _made_again(kind)
        fills = key is not None and name in _FILLING
        try:
            # The meta device fills what torch wouldn't, such as integers with fractions: a tensor of nothing tells.
            given = (torch.empty(0, dtype=args[0].dtype), *args[1:]) if fills else args
            result = func(*given, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is
            # The meta device refuses in words of its own, also what torch refuses with values.
            self._missed = str(error) or type(error).__name__
            raise ValuesNeeded(self._missed) from None
        result, kind = (args[0], _ITSELF) if fills else (result, _kind(result))
        if key is not None and kind is not None and len(self._known) < _MOST_KNOWN:
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


def _has_meta(values: Iterable[Any]) -> bool:
    for value in values:
        if isinstance(value, torch.Tensor):
            if value.is_meta:
                return True
        elif type(value) in (list, tuple) and _has_meta(value):
            return True
    return False


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
    if "out" in kwargs or (name.endswith("_") and not name.endswith("__") and not _is_fill(name, args)):
        return None
    try:
        return func, _described(args), tuple((key, _described(value)) for key, value in kwargs.items())
    except TypeError:
        return None


def _is_fill(name: str, args: tuple[Any, ...]) -> bool:
    # Elements of an expanded tensor share their memory: filling is refused.
    return name in _FILLING and bool(args) and isinstance(args[0], torch.Tensor) and args[0].is_contiguous()


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
