"""Elementwise operations of two tensors, or of a tensor and a number: a row each, and ttnn's rules for types.

A row's operand types are letters: f for the float formats, i, u, h, b for int32, uint32, uint16, uint8.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import isfinite
from typing import Any

import torch
from torch.nn import functional

from ..config_text import float_text
from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form, Operands, Operation, TorchFunction, alias, enter
from ..tensor import Tensor
from ..tensor_layout import place
from .activation import Activations, apply
from .broadcast import broadcast_shape, model_operand
from .result import BLOCK_FLOATS, FLOATS, as_stored, cpp, output, working
from .signature import further_parameters, signature
from .unary import INTEGER_LETTERS, check_rounding

Operand = Tensor | float

OPERANDS = Operands(
    on_host="Input tensor {operand} must be on device, got storage type: StorageType::HOST",
    deallocated="Input Tensor {operand} is not allocated",
    deallocated_alone="Input Tensor is not allocated",
)
_ACTIVATIONS = ("activations", "input_tensor_a_activations", "input_tensor_b_activations")
_CORES = ("sub_core_grids", "sub_device_id")
_PLAIN = ("memory_config",)
_FULL = ("dtype", "memory_config", "output_tensor", *_ACTIVATIONS, *_CORES)
_ARITHMETIC = ("fast_and_approximate_mode", *_FULL)
_BITWISE = ("memory_config", "output_tensor", *_ACTIVATIONS, *_CORES)
_IN_PLACE = (*_ACTIVATIONS, "fast_and_approximate_mode", *_CORES)
_OLDER_SPELLINGS = {"input_a": "input_tensor_a", "input_b": "input_tensor_b", "value": "input_tensor_b"}
_BY_RECIPROCAL = ("floor_div", "div_no_nan")  # how ttnn divides by a number there, which takes UINT32, too
_INTEGER_RANGES = {DataType.INT32: (-(2**31), 2**31 - 1), DataType.UINT32: (0, 2**32 - 1)}


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
        promoted = self.promotes and (a in FLOATS) != (b in FLOATS) and not {a, b}.isdisjoint(_INTEGER_RANGES)
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
        if dtype not in _INTEGER_RANGES or (isinstance(scalar, int) and -(2**31) <= scalar < 2**32):
            return
        low, high = _INTEGER_RANGES[dtype]
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


def _scalar_type(row: Row, tensor: Tensor, scalar: float) -> DataType:
    """The type a number takes beside ``tensor``: the tensor's own, but float32 where a fraction promotes an integer."""
    if row.promotes and isinstance(scalar, float) and tensor.dtype in _INTEGER_RANGES:
        return DataType.FLOAT32
    if row.numbers in (Numbers.AS_PARAMETERS, Numbers.WHOLE):
        return _parameter_type(row, tensor.dtype, scalar)
    if not (row.name in _BY_RECIPROCAL and tensor.dtype is DataType.UINT32):
        row.check_scalar(tensor.dtype, scalar)
        if not row.accepts(tensor.dtype):
            what = f"Input tensor A dtype {cpp(tensor.dtype)}"
            raise fatal(f"{what} is not supported for binary operation BinaryOpType::{row.type_name}")
    return tensor.dtype


def _parameter_type(row: Row, dtype: DataType, scalar: float) -> DataType:
    """The type of a number that is the parameter of an operation of one tensor, which has rules of its own."""
    operation = f"UnaryOpType::{row.type_name}"
    if row.numbers is Numbers.WHOLE:
        if not isinstance(scalar, int):
            raise TypeError(f"ttnn.{row.name}(): incompatible function arguments: {scalar} is no whole number.")
        if dtype in FLOATS:
            expected = "expected Int32, UInt32, or UInt16."
            raise fatal(f"Unsupported input dtype for bitwise/shift op_type {operation}: {expected}")
    if not row.accepts(dtype):
        raise fatal(f"Unary: {operation} does not support integer input dtype {cpp(dtype)}")
    if row.name == "remainder" and dtype is DataType.UINT32:
        if not isinstance(scalar, int):
            raise fatal("Expected integer scalar divisor (uint32 or int32)")
        if scalar <= 0:
            raise fatal(f"Divisor must be positive, got {scalar}")
    if row.name in ("remainder", "fmod") and dtype not in FLOATS and not isinstance(scalar, int):
        return DataType.FLOAT32
    return dtype


def _operand_types(row: Row, a: Operand, b: Operand) -> tuple[DataType, DataType]:
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        row.check_types(a.dtype, b.dtype)
        made = row.result_type(a.dtype, b.dtype)
        if row.name == "div_no_nan" and b.dtype in FLOATS and made is not b.dtype:
            # ttnn divides, then puts zeros where the divisor is zero; only the second step refuses.
            what = "Mixed dtype is not supported for binary operation BinaryOpType::WHERE_TST"
            raise fatal(f"{what}, dtype A: {cpp(b.dtype)}, dtype B: {cpp(made)}")
        return a.dtype, b.dtype
    tensor, number = (a, b) if isinstance(a, Tensor) else (b, a)
    if not isinstance(tensor, Tensor):
        raise TypeError(f"ttnn.{row.name}(): incompatible function arguments: neither operand is a ttnn.Tensor.")
    beside = _scalar_type(row, tensor, number if isinstance(number, int) else float(number))
    return (tensor.dtype, beside) if tensor is a else (beside, tensor.dtype)


def _values(operand: Operand, dtype: DataType) -> torch.Tensor:
    if isinstance(operand, Tensor):
        return working(operand)
    number = float(operand) if dtype in FLOATS else int(operand)
    return torch.tensor(number, dtype=torch.float32 if dtype in FLOATS else torch.int64)


def _stored_type(
    row: Row, types: tuple[DataType, DataType], wanted: DataType | None, rounding_mode: str | None
) -> DataType:
    if row.quotient and FLOATS.isdisjoint(types):
        if rounding_mode is not None:
            return wanted or types[0]
        if wanted not in (None, DataType.FLOAT32):
            raise fatal("For integer division, supported output dtype is FLOAT32")
    return wanted or row.result_type(*types)


def _calculated(row: Row, left: torch.Tensor, right: torch.Tensor, settings: dict[str, Any]) -> torch.Tensor:
    try:
        result: torch.Tensor = row.function(left, right, **settings)
    except RuntimeError as error:
        if "ZeroDivisionError" in str(error):
            raise NotEmulated("an integer divided by zero") from None
        raise
    return result


def _check_rows(tensors: Sequence[Tensor], into: Tensor | None) -> None:
    """Raise ttnn's errors for row-major operands, which it tiles where they lie."""
    rows = [tensor for tensor in tensors if tensor.layout is Layout.ROW_MAJOR]
    if into is not None and rows and len(rows) == len(tensors):
        raise fatal("Optional output tensor with Row Major input is not supported right now for Elementwise operations")
    for tensor in rows:
        if tensor.is_sharded():
            place(tuple(tensor.shape), DataType.BFLOAT16, Layout.TILE, tensor.tile, tensor.memory_config())


def combine(
    row: Row,
    a: Operand,
    b: Operand,
    *,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    activations: Activations = (),
    input_tensor_a_activations: Activations = (),
    input_tensor_b_activations: Activations = (),
    **settings: Any,
) -> Tensor:
    """The output of ``row`` on two operands, at least one of which is a tensor."""
    tensors = [operand for operand in (a, b) if isinstance(operand, Tensor)]
    if len(tensors) == 2 or row.numbers not in (Numbers.AS_PARAMETERS, Numbers.WHOLE):
        _check_rows(tensors, output_tensor)
    types = _operand_types(row, a, b)
    shape = broadcast_shape(*(tuple(tensor.shape) for tensor in (tensors * 2)[:2]))
    if output_tensor is not None and tuple(output_tensor.shape) != shape:
        shapes = f"{output_tensor.shape} provided does not match the broadcasted output shape Shape({list(shape)})"
        raise fatal(f"Shape of Output tensor {shapes}")
    if output_tensor is not None and dtype not in (None, output_tensor.dtype):
        raise fatal("If both output dtype and output tensor are provided, their dtypes should match")
    wanted = dtype if output_tensor is None else output_tensor.dtype
    stored = _stored_type(row, types, wanted, settings.get("rounding_mode"))
    left = apply(_values(a, types[0]), input_tensor_a_activations or ())
    right = apply(_values(b, types[1]), input_tensor_b_activations or ())
    values = apply(_calculated(row, left, right, settings), activations or ())
    model = model_operand(*tensors) if len(tensors) == 2 else tensors[0]
    if memory_config is not None and len(tensors) == 2 and _has_no_shards(memory_config) and model.is_sharded():
        memory_config = model.memory_config()
    return output(
        values.expand(shape),
        model,
        dtype=stored,
        layout=Layout.TILE if any(tensor.layout is Layout.TILE for tensor in tensors) else Layout.ROW_MAJOR,
        memory_config=memory_config,
        into=output_tensor,
        reshards=True,
    )


def _has_no_shards(config: MemoryConfig) -> bool:
    return config.is_sharded() and config.shard_spec is None and config.nd_shard_spec is None


def _signature(row: Row, keywords: Sequence[str]) -> inspect.Signature:
    first = "Tensor | float" if row.numbers is Numbers.IN_FRONT_TOO else "Tensor"
    second = "Tensor" if row.numbers is Numbers.NEVER else "Tensor | float"
    operands = {"input_tensor_a": first, "input_tensor_b": second}
    further = [] if keywords is _IN_PLACE else further_parameters(row.function, operands=2)
    return signature(operands, further, (), keywords)


def _golden(row: Row) -> TorchFunction:
    def golden(
        input_tensor_a: Any,
        input_tensor_b: Any,
        activations: Activations = (),
        input_tensor_a_activations: Activations = (),
        input_tensor_b_activations: Activations = (),
        dtype: DataType | None = None,
        **settings: Any,
    ) -> torch.Tensor:
        a = apply(input_tensor_a, input_tensor_a_activations or ())
        b = apply(input_tensor_b, input_tensor_b_activations or ())
        result = apply(row.function(a, b, **settings), activations or ())
        return result if dtype is None else as_stored(result, dtype)

    own = [parameter for parameter in inspect.signature(golden).parameters.values() if parameter.name != "settings"]
    golden.__signature__ = inspect.Signature(  # type: ignore[attr-defined]  # read by whoever calls with keywords
        [*own, *further_parameters(row.function, operands=2)]
    )
    return golden


def _enter(row: Row) -> None:
    def run(input_tensor_a: Operand, input_tensor_b: Operand, **settings: Any) -> Tensor:
        for name in ("fast_and_approximate_mode", *_CORES):
            settings.pop(name, None)
        return combine(row, input_tensor_a, input_tensor_b, **settings)

    def run_in_place(input_tensor_a: Tensor, input_tensor_b: Operand, **settings: Any) -> Tensor:
        return run(input_tensor_a, input_tensor_b, output_tensor=input_tensor_a, **settings)

    golden = _golden(row)
    renamed: dict[str, str | None] = {**_OLDER_SPELLINGS, **_RENAMED.get(row.name, {})}
    form = Form(run, _signature(row, row.keywords))
    enter(Operation(f"ttnn.{row.name}", [form], golden, operands=OPERANDS, renamed=renamed))
    if row.in_place:
        form = Form(run_in_place, _signature(row, _IN_PLACE))
        enter(Operation(f"ttnn.{row.name}_", [form], golden, operands=OPERANDS, renamed=renamed))


_RENAMED: dict[str, dict[str, str | None]] = {
    "bitwise_left_shift": {"shift_bits": "input_tensor_b"},
    "bitwise_right_shift": {"shift_bits": "input_tensor_b"},
    "div": {"accurate_mode": None, "round_mode": "rounding_mode"},
    "divide": {"accurate_mode": None},
    "fmod": {"scalar": "input_tensor_b"},
}


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
    Row("fmod", torch.fmod, "FMOD", _FI, ("memory_config", *_CORES), numbers=Numbers.AS_PARAMETERS),
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

for _row in ROWS:
    _enter(_row)
for _alias, _target in {"mul": "multiply", "mul_": "multiply_", "sub": "subtract", "sub_": "subtract_"}.items():
    alias(f"ttnn.{_alias}", f"ttnn.{_target}")
alias("ttnn.divide", "ttnn.div")  # ttnn.divide is ttnn.div, but only divide has an in-place spelling
alias("ttnn.div_", "ttnn.divide_")
