"""Random input tensors, the same for the same seed as those of tt-metal's sweep utilities.

Values come from torch's global generator (a few from Python's, where it says so), so seed it: ``torch.manual_seed(0)``.
``dtype`` is a torch dtype where a tensor is made, and a ttnn ``DataType`` where one is converted.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Literal

import torch

_TORCH_DTYPES = {
    "BFLOAT16": torch.bfloat16,
    "FLOAT32": torch.float32,
    "INT32": torch.int32,
    # torch computes little with unsigned words, so ttnn's sweeps hold them in signed ones of the same width.
    "UINT32": torch.int32,
    "UINT16": torch.int16,
    "UINT8": torch.uint8,
}
_BLOCK_FLOATS = ("BFLOAT8_B", "BFLOAT4_B")


def torch_random(shape: Sequence[int], low: float, high: float, dtype: torch.dtype) -> torch.Tensor:
    """A tensor of `dtype`: uniform over ``low..high`` if it is floating, else integers from `low` to ``high - 1``."""
    if dtype.is_floating_point:
        return torch.empty(tuple(shape), dtype=dtype).uniform_(low, high)
    return torch.randint(int(low), int(high), tuple(shape), dtype=dtype)


def tensor_to_dtype(x: torch.Tensor, dtype: object) -> torch.Tensor:
    """The tensor rounded to what a ttnn ``DataType`` can hold, as golden functions and comparisons need it.

    Block floats (BFLOAT8_B, BFLOAT4_B) take ttnn's own way there and back and come as float32; other types come as the
    torch dtype of that width (UINT32 as int32, UINT16 as int16). Complex tensors are rounded part by part and come as
    complex64. Unlike upstream's, FLOAT32 always gives float32.

    :raises ValueError: for a dtype that has no torch counterpart, where upstream warns and returns `x` as it is.
    """
    if x.is_complex():
        return torch.complex(tensor_to_dtype(x.real, dtype).float(), tensor_to_dtype(x.imag, dtype).float())
    name = str(dtype).rpartition(".")[2].upper()
    if name in _BLOCK_FLOATS:
        return _through_ttnn(x.to(torch.bfloat16) if x.dtype == torch.bool else x, name)
    if name not in _TORCH_DTYPES:
        known = ", ".join((*_TORCH_DTYPES, *_BLOCK_FLOATS))
        raise ValueError(f"no torch dtype stands for {dtype!r}; expected a ttnn.DataType among {known}")
    return x.to(_TORCH_DTYPES[name])


def _through_ttnn(x: torch.Tensor, name: str) -> torch.Tensor:
    import ttnn  # a sweep's module imports it long before; this one has to load without it

    on_host = ttnn.from_torch(x, dtype=getattr(ttnn.DataType, name), layout=ttnn.TILE_LAYOUT, device=None)
    rounded: torch.Tensor = ttnn.to_torch(on_host)
    return rounded


def gen_func_with_cast_tt(
    gen_func: Callable[[Sequence[int]], torch.Tensor], dtype: object
) -> Callable[[Sequence[int]], torch.Tensor]:
    """A generator like `gen_func`, size to tensor, whose tensors went through `tensor_to_dtype`."""

    def generate(size: Sequence[int]) -> torch.Tensor:
        return tensor_to_dtype(gen_func(size), dtype)

    return generate


def gen_low_high_scalars(
    low: float = -100, high: float = 100, dtype: torch.dtype = torch.bfloat16
) -> tuple[float, float]:
    """Two ordered numbers of `dtype` from `low` to `high`; the second is drawn from between the first and `high`."""
    first = _uniform_scalar(low, high, dtype)
    return first, _uniform_scalar(first, high, dtype)


def _uniform_scalar(low: float, high: float, dtype: torch.dtype) -> float:
    return float(torch.empty((), dtype=dtype).uniform_(low, high))


def gen_rand_exclude_range(
    size: Sequence[int], excluderange: tuple[float, float] | None = None, low: float = 0, high: float = 100
) -> torch.Tensor:
    """A float32 tensor, uniform over ``low..high`` without the inside of `excluderange`.

    Values that fall inside are drawn again, the others are upstream's. (Upstream replaces *every* value by one and the
    same number as soon as one falls inside, and a constant tensor tests little.)

    :raises ValueError: if the excluded range is not strictly within ``low..high``.
    """
    values = torch_random(size, low, high, torch.float32)
    if excluderange is None:
        return values
    lower, upper = excluderange
    if not low < lower <= upper < high:
        raise ValueError(f"the excluded range {lower!r}..{upper!r} has to lie strictly within {low!r}..{high!r}")
    # A tensor on torch's meta device has no values that could fall inside.
    while not values.is_meta and (inside := (values > lower) & (values < upper)).any():
        values[inside] = torch_random([int(inside.sum())], low, high, torch.float32)
    return values


def gen_bin(size: Sequence[int], probabilityones: float = 0.5) -> torch.Tensor:
    """A float32 tensor of zeros and ones at random places; the share of ones is `probabilityones`, rounded down."""
    count = math.prod(size)
    values = torch.zeros(count)
    values[: int(probabilityones * count)] = 1
    return _shuffled(values, size)


def gen_with_zeroes(
    size: Sequence[int],
    probabilityzeroes: float | Literal["random"] = 0.5,
    low: float = -100,
    high: float = 100,
    dtype: torch.dtype = torch.bfloat16,
) -> torch.Tensor:
    """A tensor of `dtype`, zero but for a share of uniform values at random places.

    The share is `probabilityzeroes`, rounded down: in spite of its name, upstream's parameter counts the values that
    are *not* zero. ``"random"`` draws it from 0..0.9 with Python's generator.
    """
    share = random.uniform(0.0, 0.9) if probabilityzeroes == "random" else probabilityzeroes
    count = math.prod(size)
    values = torch.zeros(count, dtype=dtype)
    values[: int(share * count)] = torch_random([int(share * count)], low, high, torch.float32).to(dtype)
    return _shuffled(values, size)


def _shuffled(values: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    return values[torch.randperm(values.numel())].reshape(tuple(size))


def gen_rand_inf(size: Sequence[int], low: float = -100, high: float = 100) -> torch.Tensor:
    """A float32 tensor: on average a quarter each of inf, -inf, NaN and the upper quarter of ``low..high``."""
    values = torch.rand(tuple(size))
    quarter = torch.bucketize(values, torch.tensor([0.25, 0.5, 0.75]))
    extremes = torch.tensor([math.inf, -math.inf, math.nan, 0.0])[quarter]
    return torch.where(quarter == 3, values * (high - low) + low, extremes)
