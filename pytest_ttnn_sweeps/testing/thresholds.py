"""How close an output has to be, by the dtype in which ttnn stores it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from pytest_ttnn_sweeps.testing.accuracy import Array, Check, check_equal, check_with_pcc


@dataclass(frozen=True, slots=True)
class Threshold:
    """What an output of floating-point numbers has to meet, both."""

    pcc: float
    """The least correlation. It is blind to a factor and an offset, hence the other one."""
    relative_rms_error: float
    """The largest root mean square error, in root mean squares of what was expected."""


THRESHOLDS = {
    "FLOAT32": Threshold(0.999, 0.05),
    "BFLOAT16": Threshold(0.999, 0.05),
    "BFLOAT8_B": Threshold(0.99, 0.15),
    "BFLOAT4_B": Threshold(0.96, 0.3),
}
"""By name of the ``ttnn.DataType``. float32 has bfloat16's: the matrix engine computes in fewer bits than it stores."""

_UNSIGNED_BITS = {"UINT8": 8, "UINT16": 16, "UINT32": 32}
_INTEGERS = ("INT8", "INT32", *_UNSIGNED_BITS)


def check_with_dtype(expected: Array, actual: Array, dtype: object) -> Check:
    """Check `actual`, read back from a tensor of the ttnn ``DataType`` `dtype`, by the threshold of that dtype.

    Floating-point dtypes have a least correlation and a largest relative error (`THRESHOLDS`); integers have to be
    equal, unsigned ones modulo their range, since torch holds them in signed words.

    :raises ValueError: for a dtype that has no threshold.
    :raises TypeError: for anything but torch tensors and numpy arrays of numbers.
    """
    name = str(dtype).rpartition(".")[2].upper()
    if name in _INTEGERS:
        bits = _UNSIGNED_BITS.get(name)
        return check_equal(*((expected, actual) if bits is None else (_modulo(expected, bits), _modulo(actual, bits))))
    if name not in THRESHOLDS:
        raise ValueError(
            f"no threshold for {dtype!r}; expected a ttnn.DataType among {', '.join((*THRESHOLDS, *_INTEGERS))}"
        )
    threshold = THRESHOLDS[name]
    check = check_with_pcc(expected, actual, threshold.pcc)
    if not check.ok or not check.metrics:
        return check
    size = _root_mean_square(expected)
    if check.rms_error <= threshold.relative_rms_error * size:
        return check
    error = check.rms_error / size if size else math.inf
    limit = threshold.relative_rms_error
    return Check(False, f"relative RMS error {error:.6g} is above {limit!r} (PCC {check.message})", check.metrics)


def _modulo(values: Array, bits: int) -> torch.Tensor:
    tensor: torch.Tensor = torch.as_tensor(values)
    if tensor.is_floating_point() or tensor.is_complex():
        return tensor
    return torch.bitwise_and(tensor.to(torch.int64), 2**bits - 1)


def _root_mean_square(values: Array) -> float:
    tensor = torch.as_tensor(values).detach().cpu()
    numbers = torch.view_as_real(tensor.to(torch.complex128)) if tensor.is_complex() else tensor.double()
    finite = numbers[torch.isfinite(numbers)]
    return float(finite.square().mean().sqrt()) if finite.numel() else 0.0
