"""The elementwise operations of two operands: a row each, and ttnn's rules for the types that they take and make.

A row's operand types are letters: f for the float formats, i, u, h, b for int32, uint32, uint16, uint8.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import Any

import torch
from torch.nn import functional

from ..config_text import float_text
from ..enums import DataType
from ..errors import fatal
from ..operation import TorchFunction
from .result import BLOCK_FLOATS, FLOATS, cpp
from .unary import INTEGER_LETTERS, check_rounding

ACTIVATIONS = ("activations", "input_tensor_a_activations", "input_tensor_b_activations")
CORES = ("sub_core_grids", "sub_device_id")
_PLAIN = ("memory_config",)
_FULL = ("dtype", "memory_config", "output_tensor", *ACTIVATIONS, *CORES)
_ARITHMETIC = ("fast_and_approximate_mode", *_FULL)
_BITWISE = ("memory_config", "output_tensor", *ACTIVATIONS, *CORES)
INTEGER_RANGES = {DataType.INT32: (-(2**31), 2**31 - 1), DataType.UINT32: (0, 2**32 - 1)}


class Numbers(Enum):
    """How a row takes a number for its second operand."""

    AS_TENSORS = "as it takes a tensor"
    IN_FRONT_TOO = "as it takes a tensor, also for its first operand"
    AS_PARAMETERS = "as the parameter of an operation of one tensor"
    WHOLE = "as the parameter of an operation of one tensor, which has to be whole"
    NEVER = "never"


@dataclass(frozen=True)
class Row:
    """A binary operation: its torch function, ttnn's name for its type, what it takes and what it makes of it.

    ``mixes``: takes two different float formats. ``promotes``: takes an integer and a float, and computes in the float.
    ``quotient``: makes FLOAT32 of integers. ``in_place``: ttnn has a spelling with an underscore, too.
    """

    name: str
    function: TorchFunction
    type_name: str
    takes: str
    keywords: tuple[str, ...] = _FULL
    mixes: bool = False
    promotes: bool = False
    quotient: bool = False
    in_place: bool = False
    numbers: Numbers = Numbers.AS_TENSORS

    def accepts(self, dtype: DataType) -> bool:
        """Whether an operand may be of type ``dtype``."""
        if dtype in FLOATS:
            return "f" in self.takes and not (self.type_name == "NEXTAFTER" and dtype in BLOCK_FLOATS)
        return dtype in {INTEGER_LETTERS[letter] for letter in self.takes if letter != "f"}

    def check_types(self, a: DataType, b: DataType) -> None:
        """Raise ttnn's error for operand types that it doesn't take, alone or together."""
        promoted = self.promotes and (a in FLOATS) != (b in FLOATS) and not {a, b}.isdisjoint(INTEGER_RANGES)
        if self.type_name == "ISCLOSE":  # which compares integers as float32
            a, b = (DataType.FLOAT32 if dtype is DataType.INT32 else dtype for dtype in (a, b))
            promoted = {a, b} <= {DataType.BFLOAT16, DataType.FLOAT32}
        if promoted:
            return
        for operand, dtype in (("A", a), ("B", b)):
            if not self.accepts(dtype):
                what = f"Input tensor {operand} dtype {cpp(dtype)}"
                raise fatal(f"{what} is not supported for binary operation BinaryOpType::{self.type_name}")
        if a is not b and not (self.mixes and a in FLOATS and b in FLOATS):
            what = f"Mixed dtype is not supported for binary operation BinaryOpType::{self.type_name}"
            raise fatal(f"{what}, dtype A: {cpp(a)}, dtype B: {cpp(b)}")

    def check_scalar(self, dtype: DataType, scalar: float) -> None:
        """Raise ttnn's error for a number that an integer tensor can't be paired with."""
        if dtype not in INTEGER_RANGES or (isinstance(scalar, int) and -(2**31) <= scalar < 2**32):
            return
        low, high = INTEGER_RANGES[dtype]
        if not (isfinite(scalar) and scalar == int(scalar) and low <= scalar <= high):
            what = f"Binary operation BinaryOpType::{self.type_name} with a {cpp(dtype)} tensor"
            raise fatal(
                f"{what} cannot represent the scalar {float_text(scalar)}: only a finite integer within the range of "
                f"{cpp(dtype)} survives being packed as one, and this value would be changed silently. "
                "Typecast the input to a floating-point dtype first."
            )

    def result_type(self, a: DataType, b: DataType) -> DataType:
        """The output type where the caller asks for none."""
        if self.quotient and a not in FLOATS and (b not in FLOATS or not self.promotes):
            return DataType.FLOAT32
        if a not in FLOATS and b in FLOATS:
            return DataType.BFLOAT16 if b in BLOCK_FLOATS else b
        return DataType.UINT16 if a is DataType.UINT8 else a


def _as_tensor(number: Any, like: torch.Tensor) -> torch.Tensor:
    return number if isinstance(number, torch.Tensor) else torch.tensor(number, dtype=like.dtype)


def _maximum(a: torch.Tensor, b: Any) -> torch.Tensor:
    return torch.maximum(a, _as_tensor(b, a))


def _minimum(a: torch.Tensor, b: Any) -> torch.Tensor:
    return torch.minimum(a, _as_tensor(b, a))


def _divide(a: Any, b: Any, rounding_mode: str | None = None) -> torch.Tensor:
    check_rounding(rounding_mode)
    return torch.div(a, b, rounding_mode=rounding_mode)


def _div_no_nan(a: torch.Tensor, b: Any) -> torch.Tensor:
    divisor = _as_tensor(b, a)
    return torch.where(divisor == 0, 0, a / divisor)


def _isclose(
    a: torch.Tensor, b: torch.Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> torch.Tensor:
    common = torch.promote_types(torch.promote_types(a.dtype, b.dtype), torch.bfloat16)
    integer = not (a.is_floating_point() and b.is_floating_point())
    to = torch.float32 if integer else common
    return torch.isclose(a.to(to), b.to(to), rtol, atol, equal_nan)


def _left_shift(a: torch.Tensor, b: Any) -> torch.Tensor:
    return _where_shift_is_valid(torch.bitwise_left_shift, a, b)


def _right_shift(a: torch.Tensor, b: Any) -> torch.Tensor:
    shift = torch.clamp(_as_tensor(b, a), max=31)
    return torch.where(shift >= 0, torch.bitwise_right_shift(a, torch.clamp(shift, min=0)), 0)


def _logical_right_shift(a: torch.Tensor, b: Any) -> torch.Tensor:
    unsigned = a.to(torch.int64) & 0xFFFFFFFF
    result = _where_shift_is_valid(torch.bitwise_right_shift, unsigned, b)
    return result.to(a.dtype)


def _where_shift_is_valid(function: TorchFunction, a: torch.Tensor, b: Any) -> torch.Tensor:
    shift = _as_tensor(b, a)
    valid = (shift >= 0) & (shift < 32)
    return torch.where(valid, function(a, torch.where(valid, shift, 0)), 0)


_F, _FI, _FIUH, _IUH = "f", "fi", "fiuh", "iuh"

ROWS = (
    Row("add", torch.add, "ADD", _FIUH, _ARITHMETIC, mixes=True, in_place=True, numbers=Numbers.IN_FRONT_TOO),
    Row("subtract", torch.sub, "SUB", _FIUH, _ARITHMETIC, mixes=True, in_place=True, numbers=Numbers.IN_FRONT_TOO),
    Row(
        "multiply",
        torch.mul,
        "MUL",
        _FIUH,
        _ARITHMETIC,
        mixes=True,
        promotes=True,
        in_place=True,
        numbers=Numbers.IN_FRONT_TOO,
    ),
    Row(
        "div", _divide, "DIV", _FI, _ARITHMETIC, mixes=True, promotes=True, quotient=True, numbers=Numbers.IN_FRONT_TOO
    ),
    Row(
        "divide",
        _divide,
        "DIV",
        _FI,
        _ARITHMETIC,
        mixes=True,
        promotes=True,
        quotient=True,
        in_place=True,
        numbers=Numbers.IN_FRONT_TOO,
    ),
    Row("rsub", lambda a, b: b - a, "RSUB", _FIUH, _ARITHMETIC, mixes=True, in_place=True),
    Row("eq", torch.eq, "EQ", "fiuhb", mixes=True, in_place=True),
    Row("ne", torch.ne, "NE", "fiuhb", mixes=True, in_place=True),
    Row("lt", torch.lt, "LT", "fiuhb", mixes=True, in_place=True),
    Row("le", torch.le, "LE", "fiuhb", mixes=True, in_place=True),
    Row("gt", torch.gt, "GT", "fiuhb", mixes=True, in_place=True),
    Row("ge", torch.ge, "GE", "fiuhb", mixes=True, in_place=True),
    Row("logical_and", torch.logical_and, "LOGICAL_AND", _FIUH, mixes=True, in_place=True),
    Row("logical_or", torch.logical_or, "LOGICAL_OR", _FIUH, mixes=True, in_place=True),
    Row("logical_xor", torch.logical_xor, "LOGICAL_XOR", _FIUH, mixes=True, in_place=True),
    Row("maximum", _maximum, "MAXIMUM", "fiu", numbers=Numbers.AS_PARAMETERS),
    Row("minimum", _minimum, "MINIMUM", "fiu", numbers=Numbers.AS_PARAMETERS),
    Row(
        "squared_difference",
        lambda a, b: torch.square(torch.sub(a, b)),
        "SQUARED_DIFFERENCE",
        _FIUH,
        mixes=True,
        in_place=True,
    ),
    Row("ldexp", torch.ldexp, "LDEXP", _F, in_place=True),
    Row("logaddexp", torch.logaddexp, "LOGADDEXP", _F, in_place=True),
    Row("logaddexp2", torch.logaddexp2, "LOGADDEXP2", _F, in_place=True),
    Row("bias_gelu", lambda a, b: functional.gelu(torch.add(a, b)), "BIAS_GELU", _F, _ARITHMETIC, in_place=True),
    Row("xlogy", torch.xlogy, "XLOGY", _F),
    Row("atan2", torch.atan2, "ATAN2", _F, _PLAIN, numbers=Numbers.NEVER),
    Row("hypot", torch.hypot, "HYPOT", _F, _PLAIN, numbers=Numbers.NEVER),
    Row("nextafter", torch.nextafter, "NEXTAFTER", _F, _PLAIN, numbers=Numbers.NEVER),
    Row("isclose", _isclose, "ISCLOSE", _FI, _PLAIN, quotient=True, numbers=Numbers.NEVER),
    Row("remainder", torch.remainder, "REMAINDER", "fiu", numbers=Numbers.AS_PARAMETERS),
    Row("fmod", torch.fmod, "FMOD", _FI, ("memory_config", *CORES), numbers=Numbers.AS_PARAMETERS),
    Row("floor_div", torch.floor_divide, "DIV", _FI, _PLAIN, mixes=True, promotes=True, quotient=True),
    Row("div_no_nan", _div_no_nan, "DIV", _FI, _PLAIN, mixes=True, promotes=True, quotient=True),
    Row("bitwise_and", torch.bitwise_and, "BITWISE_AND", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("bitwise_or", torch.bitwise_or, "BITWISE_OR", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("bitwise_xor", torch.bitwise_xor, "BITWISE_XOR", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("bitwise_left_shift", _left_shift, "LEFT_SHIFT", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("logical_left_shift", _left_shift, "LEFT_SHIFT", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("bitwise_right_shift", _right_shift, "RIGHT_SHIFT", _IUH, _BITWISE, numbers=Numbers.WHOLE),
    Row("logical_right_shift", _logical_right_shift, "LOGICAL_RIGHT_SHIFT", "iu"),
    Row("gcd", torch.gcd, "GCD", "i", numbers=Numbers.NEVER),
    Row("lcm", torch.lcm, "LCM", "i", numbers=Numbers.NEVER),
)

BY_NAME = {row.name: row for row in ROWS}
