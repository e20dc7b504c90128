"""A bound on the tensors that a sweep may make with torch, checked before the memory is asked for.

A vector whose input has 10**11 elements brings the machine down before ttnn sees it. The functions that make a tensor
from sizes, and those whose result can be larger than what they are given, are watched while a vector runs; the size of
the result is known from the arguments, or computed on torch's ``meta`` device, which has shapes and no memory.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any

Check = Callable[[tuple[Any, ...], dict[str, Any]], tuple[int, ...] | None]
"""The shape of a call's result, from its arguments; None where that isn't to be known."""

_FACTORIES = {"empty": 0, "zeros": 0, "ones": 0, "rand": 0, "randn": 0, "full": 0, "randint": 1, "normal": 2}
"""Functions that are given sizes, with the position where these begin at the earliest."""
_FACTORY_METHODS = ("new_empty", "new_zeros", "new_ones", "new_full")
_GROWING = (
    *("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "matmul", "bmm", "mm", "linear", "outer"),
    *("repeat", "repeat_interleave", "tile", "pad", "kron", "einsum"),
)
"""Functions whose result may have more elements than their arguments have together."""


class TooManyElements(BaseException):
    """More elements than the bound were asked for. Not an ``Exception``: a sweep's own handlers let it by."""


def bounded_allocation(most: int) -> AbstractContextManager[object]:
    """Inside, a torch call that would make a tensor of more than ``most`` elements raises ``TooManyElements``."""
    if "torch" not in sys.modules:  # nothing can be allocated, and an import takes a second
        return nullcontext()
    mode: AbstractContextManager[object] = _mode()(most)
    return mode


@cache
def _mode() -> Any:
    import torch
    from torch.overrides import TorchFunctionMode

    checks: dict[Any, Check] = {getattr(torch, name): _sizes(first) for name, first in _FACTORIES.items()}
    checks |= {getattr(torch.Tensor, name): _sizes(1) for name in _FACTORY_METHODS}
    for owner in (torch, torch.Tensor, torch.nn.functional):
        growing = [getattr(owner, name) for name in _GROWING if hasattr(owner, name)]
        checks |= {function: _on_meta(function) for function in growing}

    class Bound(TorchFunctionMode):
        def __init__(self, most: int) -> None:
            super().__init__()
            self._most = most

        def __torch_function__(
            self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
        ) -> Any:
            kwargs = kwargs or {}
            check = checks.get(func)
            shape = check(args, kwargs) if check is not None else None
            if shape is not None and math.prod(shape) > self._most:
                msg = f"torch.{func.__name__}: {list(shape)} is {math.prod(shape):,} elements, more than {self._most:,}"
                raise TooManyElements(msg)
            return func(*args, **kwargs)

    return Bound


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
        try:
            result = function(*map(without_memory, args), **{k: without_memory(v) for k, v in kwargs.items()})
        except Exception:  # noqa: BLE001 - the call itself will say it, in its own words
            return None
        return tuple(result.shape)

    return shape
