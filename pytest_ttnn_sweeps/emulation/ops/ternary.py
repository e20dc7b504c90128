"""Elementwise operations of three operands: where, addcmul, addcdiv, lerp, mac, snake_beta."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch

from ..coordinates import CoreRangeSet
from ..enums import DataType, Layout
from ..errors import fatal
from ..memory_config import MemoryConfig
from ..operation import Operands, operation
from ..tensor import Tensor
from .binary import Operand
from .broadcast import broadcast_shape, model_operand
from .result import FLOATS, cpp, output, working

_OPERANDS = Operands(
    on_host="Ternary operation requires input to be on Device. Input storage type: StorageType::HOST",
    looks_at_all=False,
)


def _value(operand: Operand) -> Any:
    return working(operand) if isinstance(operand, Tensor) else operand


def _tensors(*operands: Operand) -> list[Tensor]:
    return [operand for operand in operands if isinstance(operand, Tensor)]


def _finish(
    values: torch.Tensor,
    tensors: list[Tensor],
    dtype: DataType,
    memory_config: MemoryConfig | None,
    into: Tensor | None,
    *,
    composed: bool = False,
) -> Tensor:
    """The output. ``composed``: ttnn makes the operation of others, whose first operand needn't be tiled."""
    first = tensors[0]
    if first.layout is Layout.ROW_MAJOR and not first.is_sharded() and not composed:
        raise fatal(
            "Ternary operation requires tensor to be in Tile layout when working with non-sharded input tensor. "
            f"Input tensor layout: {first.layout.value}"
        )
    layout = Layout.TILE if any(tensor.layout is Layout.TILE for tensor in tensors) else Layout.ROW_MAJOR
    model = reduce(model_operand, tensors)
    return output(values, model, dtype=dtype, layout=layout, memory_config=memory_config, into=into)


def _where(predicate: torch.Tensor, true_value: Any, false_value: Any) -> torch.Tensor:
    return torch.where(predicate != 0, true_value, false_value)


@operation("ttnn.where", _where, operands=_OPERANDS)
def where(
    predicate: Tensor,
    true_value: Tensor | float,
    false_value: Tensor | float,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """``true_value`` where ``predicate`` isn't zero, else ``false_value``; of the type of the first tensor value."""
    tensors = _tensors(predicate, true_value, false_value)
    if len(tensors) == 1 and predicate.dtype in (DataType.UINT16, DataType.UINT8):
        raise fatal(f"Unary: UnaryOpType::WHERE_TSS does not support integer input dtype {cpp(predicate.dtype)}")
    try:
        reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    except RuntimeError:
        if len(tensors) < 3:
            raise
        shapes = f"{tensors[0].shape}, {tensors[1].shape} and {tensors[2].shape}"
        what = f"ttnn.where: shapes {shapes} do not broadcast in a pattern the ternary kernel supports"
        raise fatal(what) from None
    if len(tensors) > 1:
        dtype = tensors[1].dtype
    else:
        dtype = predicate.dtype if predicate.dtype in FLOATS else DataType.FLOAT32
    values = _where(working(predicate), _value(true_value), _value(false_value))
    return _finish(values, tensors, dtype, memory_config, output_tensor, composed=len(tensors) < 3)


def _addcmul(input_a: torch.Tensor, input_b: torch.Tensor, input_c: torch.Tensor, value: float = 1) -> torch.Tensor:
    number = value if input_a.is_floating_point() else int(value)
    return torch.addcmul(input_a, input_b, input_c, value=number)


_WIDE = frozenset((DataType.BFLOAT16, DataType.FLOAT32))


def _addcdiv(input_a: torch.Tensor, input_b: torch.Tensor, input_c: torch.Tensor, value: float = 1) -> torch.Tensor:
    return torch.addcdiv(input_a, input_b, input_c, value=value)


@operation("ttnn.addcmul", _addcmul, operands=_OPERANDS)
def addcmul(
    input_a: Tensor,
    input_b: Tensor,
    input_c: Tensor,
    *,
    value: float = 1.0,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """``input_a + value * input_b * input_c``."""
    tensors = [input_a, input_b, input_c]
    if input_a.dtype in (DataType.BFLOAT4_B, DataType.UINT16, DataType.UINT8):
        supported = "Addcmul supports only BFLOAT16, BFLOAT8_B, FLOAT32, INT32, and UINT32 dtypes"
        raise fatal(f"{supported}. Got {cpp(input_a.dtype)}")
    if len({tensor.dtype for tensor in tensors}) > 1:
        types = ", ".join(f"input_{letter}={cpp(t.dtype)}" for letter, t in zip("abc", tensors, strict=True))
        raise fatal(f"Addcmul TTT requires all input tensors to have the same dtype. Got {types}")
    reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    values = _addcmul(working(input_a), working(input_b), working(input_c), value)
    return _finish(values, tensors, input_a.dtype, memory_config, output_tensor)


@operation("ttnn.addcdiv", _addcdiv, operands=_OPERANDS)
def addcdiv(
    input_a: Tensor,
    input_b: Tensor,
    input_c: Tensor,
    *,
    value: float = 1.0,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """``input_a + value * input_b / input_c``."""
    tensors = [input_a, input_b, input_c]
    reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    if input_a.dtype not in FLOATS:
        raise fatal(f"Addcdiv TTT does not support {input_a.dtype.name} inputs.")
    values = _addcdiv(working(input_a), working(input_b), working(input_c), value)
    # One kernel takes the wider types alone. Others go through a division, whose result adds to the first operand.
    fused = {tensor.dtype for tensor in tensors} <= _WIDE
    dtype = input_a.dtype if fused or input_a.dtype is DataType.FLOAT32 else input_b.dtype
    return _finish(values, tensors, dtype, memory_config, output_tensor)


def _lerp(input: torch.Tensor, end: torch.Tensor, weight: Any) -> torch.Tensor:
    factor = weight.to(input.dtype) if isinstance(weight, torch.Tensor) else weight
    return torch.lerp(input, end.to(input.dtype), factor)


@operation("ttnn.lerp", _lerp, operands=_OPERANDS)
def lerp(
    input: Tensor,
    end: Tensor,
    weight: Tensor | float,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """``input + weight * (end - input)``."""
    tensors = _tensors(input, end, weight)
    reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    values = _lerp(working(input), working(end), _value(weight))
    return _finish(values, tensors, input.dtype, memory_config, output_tensor)


def _mac(input_tensor_a: torch.Tensor, input_tensor_b: Any, input_tensor_c: Any) -> torch.Tensor:
    wide = [item.float() if isinstance(item, torch.Tensor) else item for item in (input_tensor_b, input_tensor_c)]
    return (input_tensor_a.float() * wide[0] + wide[1]).to(input_tensor_a.dtype)


@operation(
    "ttnn.mac",
    _mac,
    operands=_OPERANDS,
    renamed={"value1": "input_tensor_b", "value2": "input_tensor_c"},
)
def mac(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor | float,
    input_tensor_c: Tensor | float,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """``input_tensor_a * input_tensor_b + input_tensor_c``."""
    tensors = _tensors(input_tensor_a, input_tensor_b, input_tensor_c)
    reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    values = _mac(working(input_tensor_a), _value(input_tensor_b), _value(input_tensor_c))
    composed = len(tensors) < 3
    return _finish(values, tensors, input_tensor_a.dtype, memory_config, output_tensor, composed=composed)


def _snake_beta(input_tensor: torch.Tensor, alpha: torch.Tensor, beta: torch.Tensor) -> torch.Tensor:
    # https://arxiv.org/abs/2306.06546: snake with a magnitude of its own.
    return input_tensor + torch.sin(alpha * input_tensor) ** 2 / beta


@operation("ttnn.snake_beta", _snake_beta, operands=_OPERANDS)
def snake_beta(
    input_tensor: Tensor,
    alpha: Tensor,
    beta: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """``x + sin(alpha * x) ** 2 / beta``."""
    tensors = [input_tensor, alpha, beta]
    if input_tensor.dtype not in (DataType.BFLOAT16, DataType.FLOAT32):
        raise fatal(f"snake_beta supports only BFLOAT16 or FLOAT32, got {cpp(input_tensor.dtype)}")
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise fatal("snake_beta requires alpha.dtype == beta.dtype == input.dtype")
    if input_tensor.layout is Layout.TILE and Layout.ROW_MAJOR in (alpha.layout, beta.layout):
        raise fatal("snake_beta requires tile layout for all inputs")
    reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors))
    return _finish(_snake_beta(*map(working, tensors)), tensors, input_tensor.dtype, memory_config, output_tensor)
