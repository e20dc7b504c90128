"""Python's indices as ttnn takes them: integers, slices and one ellipsis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from .errors import NotEmulated, fatal


def checked_index(index: Any, sizes: Sequence[int], *, on_host: bool) -> tuple[int | slice, ...]:
    """``index`` with one non-negative integer or slice for each of ``sizes``.

    Raises ``IndexError`` for too many or too large integers, ``TypeError`` for any other kind of index, and ttnn's
    error for a slice beyond the end, which torch would shorten, and for a step other than 1 on the host.
    """
    given = (index,) if isinstance(index, (int, slice, type(...))) else index
    chosen = [_checked(part, dim, sizes[dim]) for dim, part in enumerate(_for_every_dimension(given, len(sizes)))]
    if on_host and any(isinstance(part, slice) and part.step != 1 for part in chosen):
        raise RuntimeError("Host tensors cannot be accessed with non-unit stride")
    return tuple(chosen)


def _for_every_dimension(given: Iterable[Any], rank: int) -> list[Any]:
    parts = list(given)
    ellipses = [position for position, part in enumerate(parts) if part is Ellipsis]
    if len(ellipses) > 1:
        raise ValueError("Only one ellipsis ('...') is allowed in a slice.")
    missing = rank - len(parts) + len(ellipses)
    if missing < 0:
        raise IndexError(f"Too many indices for tensor of dimension {rank}")
    position = ellipses[0] if ellipses else len(parts)
    parts[position : position + len(ellipses)] = [slice(None)] * missing
    return parts


def _checked(part: Any, dim: int, size: int) -> int | slice:
    if isinstance(part, int):
        position = _from_front(int(part), size)
        if not 0 <= position < size:
            where = f"(converted to {position}) is out of bounds for dimension {dim} of size {size}"
            raise IndexError(f"Index {part} {where}")
        return position
    if not isinstance(part, slice):
        raise TypeError(f"Invalid slice type: {part}")
    start = _from_front(part.start or 0, size)
    stop = size if part.stop is None else _from_front(part.stop, size)
    step = 1 if part.step is None else part.step
    if stop > size:
        raise fatal(f"Ends {stop} must be less than or equal to the shape of the tensor {size}")
    if stop < start:
        raise fatal(f"End {stop} must be greater than or equal to start {start}")
    if step < 1:
        raise NotEmulated(f"a tensor index with step {step}")
    return slice(start, stop, step)


def _from_front(bound: int, size: int) -> int:
    return bound if bound >= 0 else bound + size
