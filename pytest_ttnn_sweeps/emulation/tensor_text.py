"""A tensor as text, the way ttnn prints it: four decimals, and two elements from either end of a long dimension."""

from __future__ import annotations

import torch

from .enums import DataType, Layout
from .shape import Shape

_EDGE = 2
_PREFIX = "ttnn.Tensor("


def tensor_text(values: torch.Tensor | None, shape: Shape, dtype: DataType, layout: Layout) -> str:
    """The text of a tensor with ``values``, or of a deallocated one when they are None."""
    if values is None:
        body = "<buffer is not allocated>"
    elif not values.numel():
        body = "[]"
    else:
        body = _nested(values, _scientific(values), depth=1)
    return f"{_PREFIX}{body}, shape={shape}, dtype=DataType::{dtype.name}, layout=Layout::{layout.name})"


def _scientific(values: torch.Tensor) -> bool:
    if not values.is_floating_point():
        return False
    magnitudes = values.float().abs()
    magnitudes = magnitudes[magnitudes.isfinite() & (magnitudes > 0)]
    if not magnitudes.numel():
        return False
    least, greatest = magnitudes.min().item(), magnitudes.max().item()
    return greatest / least > 1000 or greatest > 1e8 or least < 1e-4


def _nested(values: torch.Tensor, scientific: bool, depth: int) -> str:
    if not values.dim():
        return _number(values.item(), scientific)
    blank_lines = "\n" * min(values.dim() - 1, 2)
    separator = f",{blank_lines}{' ' * (len(_PREFIX) + depth)}" if blank_lines else ", "
    if len(values) <= 2 * _EDGE:
        items = [_nested(item, scientific, depth + 1) for item in values]
    else:
        head = [_nested(item, scientific, depth + 1) for item in values[:_EDGE]]
        tail = [_nested(item, scientific, depth + 1) for item in values[-_EDGE:]]
        items = [*head, " ..." if values.dim() == 1 else "...", *tail]
    return f"[{separator.join(items)}]"


def _number(value: float | int, scientific: bool) -> str:
    if isinstance(value, int):
        return f"{value:5d}"
    return f"{value:11.4e}" if scientific else f"{value:7.4f}"
