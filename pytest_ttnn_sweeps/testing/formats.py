"""How a dtype stores numbers, as far as the accuracy of an output depends on it: its spacing and its rounding.

torch's own dtypes are here (`format_of`). Block floats (bfloat8_b, bfloat4_b) are ttnn's: their spacing is here, and
whoever knows how ttnn rounds to them hands that in (`block_float`), because this package room stands alone and ttnn
itself rounds to a block float only where it has a device.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Doubles = npt.NDArray[np.float64]

_EXPONENT_BITS = 0x7FF0_0000_0000_0000  # of an IEEE double
_SHARING = 16  # neighbours of a row that have one exponent
# Of the eight exponent bits that a block has: the smallest, and that of infinities.
_SMALLEST_NORMAL, _BEYOND = 2.0**-126, 2.0**128


@dataclass(frozen=True, slots=True)
class StorageFormat:
    """What a tensor is stored in."""

    name: str
    #: ``stored(values)``: a tensor of any shape as it would be read back, in any dtype that holds those numbers. Its
    #: last dimension is a row of the stored tensor.
    stored: Callable[[torch.Tensor], torch.Tensor]
    #: ``spacing(values)``: for doubles [rows, width] the distance from each to the next larger magnitude that the
    #: format has there; one number where it is the same everywhere. What it is for NaNs and infinities doesn't matter.
    spacing: Callable[[Doubles], Doubles | float]
    #: Whether a value's neighbours in its row decide how it is stored: false in another layout, such as a transpose.
    shares_exponents: bool = False


def format_of(dtype: torch.dtype) -> StorageFormat:
    """The format of a torch dtype.

    The spacing of a floating-point dtype at ``x`` is ``eps * max(2 ** floor(log2 |x|), smallest normal number)``
    (Goldberg, "What every computer scientist should know about floating-point arithmetic", 1991), that of integers and
    bools is 1. Integers hold the nearest whole number, ties to even; their range isn't looked at.
    """
    if not dtype.is_floating_point:
        return StorageFormat(str(dtype), _rounded, lambda values: 1.0)
    numbers = torch.finfo(dtype)
    eps, smallest = numbers.eps, numbers.smallest_normal

    def spacing(values: Doubles) -> Doubles:
        return np.maximum(_binade(values), smallest) * eps

    return StorageFormat(str(dtype), lambda values: values.to(dtype), spacing)


def block_float(name: str, magnitude_bits: int, stored: Callable[[torch.Tensor], torch.Tensor]) -> StorageFormat:
    """The format of a block float, whose values keep so many bits below the largest exponent of 16 neighbours.

    The spacing in a block of largest magnitude ``m`` is ``2 ** (floor(log2 m) - magnitude_bits + 1)``, the same for
    its largest and its smallest value. `stored` is `StorageFormat.stored`.
    """

    def spacing(values: Doubles) -> Doubles:
        rows, width = values.shape
        # What is left over at the end of a row shares with padding, of which zero has no exponent of its own.
        missing = -width % _SHARING
        whole = np.pad(values, ((0, 0), (0, missing))) if missing else values
        exponents = torch.from_numpy((whole.view(np.int64) & _EXPONENT_BITS).reshape(-1, _SHARING))
        # torch has the largest of each 16 in a third of numpy's time.
        largest = exponents.amax(-1).numpy().view(np.float64).reshape(rows, -1)
        # Infinities and NaNs have the largest exponent of all, and share it like any other.
        units = np.clip(largest, _SMALLEST_NORMAL, _BEYOND) * 2.0 ** (1 - magnitude_bits)
        return np.repeat(units, _SHARING, axis=1)[:, :width]

    return StorageFormat(name, stored, spacing, shares_exponents=True)


def _binade(values: Doubles) -> Doubles:
    """The powers of two at the lower ends of the values' binades: doubles without mantissa and sign."""
    return (values.view(np.int64) & _EXPONENT_BITS).view(np.float64)


def _rounded(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.float64).round() if values.is_floating_point() else values
