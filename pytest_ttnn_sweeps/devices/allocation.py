"""A bound on the tensors that a sweep may make with torch, checked before the memory is asked for.

A vector whose input has 10**11 elements brings the machine down before ttnn sees it. The functions that make a tensor
from sizes, and those whose result can be larger than what they are given, are replaced by ones that look first; the
size of the result is known from the arguments, or computed on torch's ``meta`` device, which has shapes and no memory.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

Check = Callable[[tuple[Any, ...], dict[str, Any]], tuple[int, ...] | None]
"""The shape of a call's result, from its arguments; None where that isn't to be known."""

_FACTORIES = {"empty": 0, "zeros": 0, "ones": 0, "rand": 0, "randn": 0, "full": 0, "randint": 1, "normal": 2}
"""Functions that are given sizes, with the position where these begin at the earliest."""
_FACTORY_METHODS = ("new_empty", "new_zeros", "new_ones", "new_full")
_GROWING = (
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "matmul", "bmm", "mm", "linear", "outer"),
    *("repeat", "repeat_interleave", "tile", "pad", "kron", "einsum", "__matmul__"),
)
"""Functions whose result may have more elements than their arguments have together."""


class TooManyElements(BaseException):
    """More elements than the bound were asked for. Not an ``Exception``: a sweep's own handlers let it by."""


@contextmanager
def bounded_allocation(most: int) -> Iterator[None]:
    """Inside, a torch call that would make a tensor of more than ``most`` elements raises ``TooManyElements``."""
    if "torch" not in sys.modules:  # nothing can be allocated, and an import takes a second
        yield
        return
    if not _replaced:
        _replace()
    token = _most.set(most)
    try:
        yield
    finally:
        _most.reset(token)


def restore_torch() -> None:
    """Give torch its own functions back."""
    while _replaced:
        owner, name, original = _replaced.pop()
        if original is None:
            delattr(owner, name)
        else:
            setattr(owner, name, original)


_most: ContextVar[float] = ContextVar("most", default=math.inf)
_replaced: list[tuple[Any, str, Any]] = []
"""Owner, name and own value of what is replaced; None where the owner inherits it. Once for all vectors: Python gives
up on a class that changes a thousand times."""


def _replace() -> None:
    import torch

    checks: dict[tuple[Any, str], Check] = {(torch, name): _sizes(first) for name, first in _FACTORIES.items()}
    checks |= {(torch.Tensor, name): _sizes(1) for name in _FACTORY_METHODS}
    for owner in (torch, torch.Tensor, torch.nn.functional):
        checks |= {(owner, name): _on_meta(getattr(owner, name)) for name in _GROWING if hasattr(owner, name)}
    for (owner, name), check in checks.items():
        _replaced.append((owner, name, vars(owner).get(name)))
        setattr(owner, name, _watched(getattr(owner, name), check))


def _watched(function: Callable[..., Any], check: Check) -> Callable[..., Any]:
    @wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        most = _most.get()
        shape = check(args, kwargs) if most < math.inf else None
        if shape is not None and math.prod(shape) > most:
            msg = f"torch.{function.__name__}: {list(shape)} is {math.prod(shape):,} elements, more than {most:,}"
            raise TooManyElements(msg)
        return function(*args, **kwargs)

    return watched


def _sizes(first: int) -> Check:
    def shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...] | None:
        given = kwargs.get("size")
        if given is None:
            given = next((arg for arg in args[first:] if isinstance(arg, (tuple, list))), args[first:])
        # Anything else than sizes is torch's to complain about.
        return tuple(given) if all(isinstance(size, int) and size >= 0 for size in given) else None

    return shape


def _on_meta(function: Any) -> Check:
    import torch

    def without_memory(value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            return torch.empty_strided(value.size(), value.stride(), dtype=value.dtype, device="meta")
        return type(value)(map(without_memory, value)) if type(value) in (list, tuple) else value

    def shape(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[int, ...] | None:
        unbounded = _most.set(math.inf)
        try:
            result = function(*map(without_memory, args), **{k: without_memory(v) for k, v in kwargs.items()})
        except Exception:  # noqa: BLE001 - the call itself will say it, in its own words
            return None
        finally:
            _most.reset(unbounded)
        return tuple(result.shape)

    return shape
