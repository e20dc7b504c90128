"""Shapes to sweep over, the same for the same seed as those of tt-metal's sweep utilities."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Literal


def gen_shapes(
    start: Sequence[int], end: Sequence[int], interval: Sequence[int], num_samples: int | Literal["all"] = "all"
) -> list[tuple[int, ...]] | list[list[int]]:
    """Shapes whose dimension ``i`` is ``start[i] + k * interval[i]``.

    ``"all"`` gives the whole grid as tuples, the last dimension fastest. Where `interval` does not divide
    ``end - start``, the grid's last value is the first beyond `end`, as upstream has it. A number gives that many
    random shapes as lists, repeats possible, none beyond `end`; each dimension takes one ``random.randint``.

    :raises ValueError: if the ranks differ, an interval is not positive or `num_samples` is neither.
    """
    if not len(start) == len(end) == len(interval):
        raise ValueError(f"start, end and interval differ in rank: {list(start)}, {list(end)}, {list(interval)}")
    if any(step <= 0 for step in interval):
        raise ValueError(f"every interval has to be positive: {list(interval)}")
    dimensions = list(zip(start, end, interval, strict=True))
    if num_samples == "all":
        return list(itertools.product(*(range(low, high + step, step) for low, high, step in dimensions)))
    if not isinstance(num_samples, int):
        raise ValueError(f"num_samples is {num_samples!r}; expected a number or 'all'")
    return [
        [_on_grid(random.randint(low, high), low, step) for low, high, step in dimensions] for _ in range(num_samples)
    ]


def _on_grid(size: int, low: int, step: int) -> int:
    return low + (size - low) // step * step


def sanitize_shape_rm(shape: Sequence[int]) -> list[int]:
    """The shape with its last dimension made even, which ROW_MAJOR bfloat16 needs for rows of whole words.

    Unlike upstream's it returns a new list: the one that it is given may belong to every vector of a suite.

    :raises ValueError: for a shape of rank 0.
    """
    if not shape:
        raise ValueError("a shape of rank 0 has no last dimension to make even")
    *outer, last = shape
    return [*outer, last + last % 2]
