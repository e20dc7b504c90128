"""Which calls operations of ttnn make inside, where a record has calls in order and nothing else."""

from __future__ import annotations

from collections.abc import Sequence

INNER = {"Tensor.__getitem__": ("slice",), "to_torch": ("from_device",)}
"""Operations of ttnn 0.81.1 that are written in Python and call others through Python, and these."""


def inside_of_previous(names: Sequence[str]) -> list[int]:
    """The depth of each call where an operation is recorded before those inside of it."""
    depths = [0] * len(names)
    for index in range(1, len(names)):
        depths[index] = int(names[index] in INNER.get(names[index - 1], ()))
    return depths


def inside_of_next(names: Sequence[str]) -> list[int]:
    """The depth of each call where an operation is recorded after those inside of it."""
    depths = [0] * len(names)
    for index in range(len(names) - 1):
        depths[index] = int(names[index] in INNER.get(names[index + 1], ()))
    return depths
