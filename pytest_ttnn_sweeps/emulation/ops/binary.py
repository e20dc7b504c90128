"""Elementwise operations of two tensors, or of a tensor and a number, made from the table's rows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form, Operands, Operation, TorchFunction, alias, enter
from ..tensor import Tensor
from ..tensor_layout import place
from .activation import Activations, apply
from .binary_rows import ACTIVATIONS, CORES, INTEGER_RANGES, ROWS, Numbers, Row
from .broadcast import broadcast_shape, model_operand
from .result import FLOATS, as_stored, cpp, output, working
from .signature import further_parameters, signature

Operand = Tensor | float

OPERANDS = Operands(
    on_host="Input tensor {operand} must be on device, got storage type: StorageType::HOST",
    deallocated="Input Tensor {operand} is not allocated",
    deallocated_alone="Input Tensor is not allocated",
)
_IN_PLACE = (*ACTIVATIONS, "fast_and_approximate_mode", *CORES)
_OLDER_SPELLINGS = {"input_a": "input_tensor_a", "input_b": "input_tensor_b", "value": "input_tensor_b"}
_BY_RECIPROCAL = ("floor_div", "div_no_nan")  # how ttnn divides by a number there, which takes UINT32, too


def _scalar_type(row: Row, tensor: Tensor, scalar: float) -> DataType:
    """The type a number takes beside ``tensor``: the tensor's own, but float32 where a fraction promotes an integer."""
    if row.promotes and isinstance(scalar, float) and tensor.dtype in INTEGER_RANGES:
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
        for name in ("fast_and_approximate_mode", *CORES):
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

for _row in ROWS:
    _enter(_row)
for _alias, _target in {"mul": "multiply", "mul_": "multiply_", "sub": "subtract", "sub_": "subtract_"}.items():
    alias(f"ttnn.{_alias}", f"ttnn.{_target}")
alias("ttnn.divide", "ttnn.div")  # ttnn.divide is ttnn.div, but only divide has an in-place spelling
alias("ttnn.div_", "ttnn.divide_")
