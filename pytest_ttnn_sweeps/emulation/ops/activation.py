"""Elementwise functions that another operation applies to its operands or result, and ``ttnn.unary_chain`` of them."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..coordinates import CoreRangeSet
from ..enums import UnaryOpType
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import TorchFunction, operation
from ..tensor import Tensor
from ..unary_settings import GeluVariant, UnaryWithParam
from .result import output, working
from .unary import BY_NAME, ELEMENTWISE, Row, preallocated

Activations = Sequence[UnaryWithParam | UnaryOpType]

_NAMED_OTHERWISE = {
    UnaryOpType.RECIP: "reciprocal",
    UnaryOpType.LOGSIGMOID: "log_sigmoid",
    UnaryOpType.LOGICAL_NOT_UNARY: "logical_not",
    UnaryOpType.ABS_INT32: "abs",
}
_ARITHMETIC: dict[UnaryOpType, TorchFunction] = {
    UnaryOpType.ADD_UNARY_SFPU: lambda x, number: x + number,
    UnaryOpType.SUB_UNARY_SFPU: lambda x, number: x - number,
    UnaryOpType.MUL_UNARY_SFPU: lambda x, number: x * number,
    UnaryOpType.DIV_UNARY_SFPU: lambda x, number: x / number,
    UnaryOpType.RSUB: lambda x, number: number - x,
    UnaryOpType.POWER: torch.pow,
    UnaryOpType.POWER_ITERATIVE: torch.pow,
    UnaryOpType.MAXIMUM: lambda x, number: torch.clamp(x, min=number),
    UnaryOpType.MINIMUM: lambda x, number: torch.clamp(x, max=number),
    UnaryOpType.CLAMP_TSS: torch.clamp,
    UnaryOpType.UNARY_EQ: torch.eq,
    UnaryOpType.UNARY_NE: torch.ne,
    UnaryOpType.UNARY_GT: torch.gt,
    UnaryOpType.UNARY_LT: torch.lt,
    UnaryOpType.UNARY_GE: torch.ge,
    UnaryOpType.UNARY_LE: torch.le,
    UnaryOpType.GELU_TANH: lambda x: BY_NAME["gelu"].function(x, GeluVariant.Tanh),
}
# The names that ttnn.matmul, ttnn.linear and older convolution configurations take as text.
_SPELLED_OTHERWISE = {
    "gelu_approx": "gelu",
    "recip": "reciprocal",
    "softplus": "softplus",
    "log_sigmoid": "log_sigmoid",
}


def apply(values: torch.Tensor, activations: Activations) -> torch.Tensor:
    """``values`` through each activation in turn. Raises ``NotEmulated`` for one without a torch function."""
    for activation in activations:
        values = _applied(values, activation)
    return values


def apply_named(values: torch.Tensor, activation: str | UnaryWithParam | UnaryOpType | None) -> torch.Tensor:
    """``values`` through an activation that may be spelt as text; ttnn's error for an unknown spelling."""
    if activation is None:
        return values
    if not isinstance(activation, str):
        return apply(values, [activation])
    row = BY_NAME.get(_SPELLED_OTHERWISE.get(activation, activation))
    if row is None:
        raise fatal(f"Unknown unary op: {activation}")
    return _of_row(row, values)


def _applied(values: torch.Tensor, activation: UnaryWithParam | UnaryOpType) -> torch.Tensor:
    whole = UnaryWithParam.of(activation)
    if not isinstance(whole, UnaryWithParam):
        raise TypeError(f"{activation!r} is no activation; it takes a ttnn.UnaryWithParam or ttnn.UnaryOpType")
    if whole.op_type in _ARITHMETIC:
        result: torch.Tensor = _ARITHMETIC[whole.op_type](values, *whole.params)
        return result if result.dtype is not torch.bool else result.to(values.dtype)
    name = _NAMED_OTHERWISE.get(whole.op_type, whole.op_type.name.lower())
    if name not in BY_NAME:
        raise NotEmulated(f"the activation {whole}")
    row = BY_NAME[name]
    return _of_row(row, values, *([] if row.modes else whole.params))


def _of_row(row: Row, values: torch.Tensor, *parameters: float) -> torch.Tensor:
    result: torch.Tensor = row.function(values, *parameters)
    return result if result.dtype is not torch.bool else result.to(values.dtype)


def _chained(input_tensor: torch.Tensor, ops_chain: Activations) -> torch.Tensor:
    return apply(input_tensor, ops_chain)


@operation("ttnn.unary_chain", _chained, operands=ELEMENTWISE)
def unary_chain(
    input_tensor: Tensor,
    ops_chain: Activations,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """``input_tensor`` through the elementwise operations of ``ops_chain``, rounded once at the end."""
    if not ops_chain:
        raise fatal("Op chain cannot be empty")
    values = _chained(working(input_tensor), ops_chain)
    return output(values, input_tensor, memory_config=memory_config, into=preallocated(output_tensor, input_tensor))
