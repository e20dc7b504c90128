"""Operations on complex tensors: making them, their parts, angle, magnitude, conjugate, inverse.

The composed ones check what ttnn's elementary operations check, in the same order, but round once, at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ..complex_tensor import ComplexTensor
from ..memory_config import MemoryConfig
from ..operation import ANYWHERE, Form, Operation, enter, operation, overload
from ..tensor import Tensor
from . import binary_rows, unary
from .binary import combine
from .broadcast import broadcast_shape
from .result import output, working
from .unary import ELEMENTWISE


@operation("ttnn.complex_tensor", torch.complex, operands=ANYWHERE)
def complex_tensor(real: Tensor, imag: Tensor) -> ComplexTensor:
    """The complex numbers of which two tensors are the parts."""
    return ComplexTensor((real, imag))


def _enter_part(
    name: str, function: Callable[[torch.Tensor], torch.Tensor], part: int, golden: Callable[[torch.Tensor], Any]
) -> None:
    """Enter the operation that is ``function`` of one of the parts, 0 or 1."""
    row = unary.BY_NAME["identity" if name in ("real", "imag") else "eqz"]

    def run(input_tensor: ComplexTensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
        chosen = input_tensor[part]
        row.check(chosen)
        return output(function(working(chosen)), chosen, memory_config=memory_config)

    enter(Operation(f"ttnn.{name}", [Form(run)], golden, operands=ELEMENTWISE))


_enter_part("real", torch.clone, 0, torch.real)
_enter_part("imag", torch.clone, 1, torch.imag)
_enter_part("is_real", lambda imag: imag == 0, 1, torch.isreal)
_enter_part("is_imag", lambda real: real == 0, 0, lambda z: torch.real(z) == 0)


@operation("ttnn.conj", torch.conj, operands=ELEMENTWISE)
def conj(input_tensor: ComplexTensor, *, memory_config: MemoryConfig | None = None) -> ComplexTensor:
    """The conjugates: the real parts stay the tensor that they are, wherever ``memory_config`` wants the others."""
    imaginary = input_tensor.imag
    unary.BY_NAME["neg"].check(imaginary)
    negated = output(torch.neg(working(imaginary)), imaginary, memory_config=memory_config)
    return ComplexTensor((input_tensor.real.shared(), negated))


@operation("ttnn.angle", torch.angle, operands=ELEMENTWISE)
def angle(input_tensor: ComplexTensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The angles, in radians."""
    row = binary_rows.BY_NAME["atan2"]
    return combine(row, input_tensor.imag, input_tensor.real, memory_config=memory_config)


def _polar(z: torch.Tensor) -> torch.Tensor:
    return torch.polar(z.real, z.imag)


@operation("ttnn.polar", _polar, operands=ELEMENTWISE)
def polar(input_tensor: ComplexTensor, *, memory_config: MemoryConfig | None = None) -> ComplexTensor:
    """The numbers whose magnitudes are the real parts and whose angles, in radians, are the imaginary parts."""
    radius, angles = input_tensor.real, input_tensor.imag
    unary.BY_NAME["cos"].check(angles)
    broadcast_shape(tuple(radius.shape), tuple(angles.shape))
    values = torch.polar(working(radius), working(angles))
    return _stored(values, radius, radius, memory_config)


@overload("ttnn.abs")
def abs(input_tensor: ComplexTensor, *, memory_config: MemoryConfig) -> Tensor:
    """The magnitudes."""
    return combine(binary_rows.BY_NAME["hypot"], input_tensor.real, input_tensor.imag, memory_config=memory_config)


@overload("ttnn.reciprocal")
def reciprocal(input_tensor: ComplexTensor, *, memory_config: MemoryConfig) -> ComplexTensor:
    """The inverses."""
    real, imaginary = input_tensor.real, input_tensor.imag
    broadcast_shape(tuple(real.shape), tuple(imaginary.shape))
    unary.BY_NAME["reciprocal"].check(real)
    values = torch.complex(working(real), working(imaginary))
    return _stored(torch.reciprocal(values), real, imaginary, memory_config)


def _stored(values: torch.Tensor, real: Tensor, imaginary: Tensor, memory_config: MemoryConfig | None) -> ComplexTensor:
    return ComplexTensor(
        (
            output(values.real, real, memory_config=memory_config),
            output(values.imag, imaginary, memory_config=memory_config),
        )
    )
