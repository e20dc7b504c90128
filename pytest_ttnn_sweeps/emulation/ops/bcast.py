"""The older broadcast arithmetic: a second operand of one row, column or element, as its tiles hold it."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from ..enums import BcastOpDim, BcastOpMath, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Operands, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .binary_rows import BY_NAME
from .result import is_float, output, working

_BCAST = {BcastOpMath.ADD: "add", BcastOpMath.SUB: "subtract", BcastOpMath.MUL: "multiply"}


def _bcast(input_a: torch.Tensor, input_b: torch.Tensor, math_op: BcastOpMath, dim: BcastOpDim) -> Any:
    return BY_NAME[_BCAST[math_op]].function(input_a, input_b)


def _check_bcast(a: Tensor, b: Tensor, dim: BcastOpDim) -> None:
    """Raise ttnn's error for operands that don't fit; sizes are those with padding."""
    if not (is_float(a) and is_float(b)):
        raise fatal("Unsupported data format")
    (high_a, wide_a), (high_b, wide_b) = (
        tuple(-(-size // TILE_SIZE) * TILE_SIZE for size in (1, 1, *t.shape)[-2:]) for t in (a, b)
    )
    if dim is BcastOpDim.H:
        if wide_a != wide_b:
            sizes = f"Input tensor A width ({wide_a}) must equal input tensor B width ({wide_b})"
            raise fatal(f"{sizes} for height broadcast")
        if high_b != TILE_SIZE:
            raise fatal(f"Input tensor B height ({high_b}) must equal TILE_HEIGHT ({TILE_SIZE}) for tile layout")
    elif dim is BcastOpDim.W:
        if high_a != high_b:
            sizes = f"Input tensor A height ({high_a}) must equal input tensor B height ({high_b})"
            raise fatal(f"{sizes} for width broadcast")
        if wide_b != TILE_SIZE:
            raise fatal(f"Input tensor B width ({wide_b}) must equal TILE_WIDTH ({TILE_SIZE}) for tile layout")
    elif (high_b, wide_b) != (TILE_SIZE, TILE_SIZE):
        raise fatal("Error")
    if prod(tuple(b.shape)[:-2]) != 1:
        what = "Broadcast with batch is currently only supported when"
        if len(a.shape) != len(b.shape):
            raise fatal(f"{what} input tensor ranks are the same")
        if tuple(a.shape)[:-2] != tuple(b.shape)[:-2]:
            raise fatal(f"{what} bN*bC=1 or N & C match or equivalent")
    if a.is_sharded():
        if dim is not BcastOpDim.H:
            raise fatal("Bcast does not currently support input0 sharding, except if dim is W")
        if a.memory_config().memory_layout is TensorMemoryLayout.HEIGHT_SHARDED:
            raise fatal("Unsupported memory layout")


@operation("ttnn.bcast", _bcast, operands=Operands(on_host="Device Operations expect device tensors as inputs"))
def bcast(
    input_a: Tensor,
    input_b: Tensor,
    math_op: BcastOpMath,
    dim: BcastOpDim,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """A sum, difference or product with the second operand's first row, column or element repeated; tiled."""
    _check_bcast(input_a, input_b, dim)
    (high, wide), own = (1, 1, *input_b.shape)[-2:], (1, 1, *input_a.shape)
    repeated = working(input_b).reshape(*tuple(input_b.shape)[:-2], high, wide)
    if dim is not BcastOpDim.W:
        repeated, high = repeated[..., :1, :], own[-2]
    if dim is not BcastOpDim.H:
        repeated, wide = repeated[..., :1], own[-1]
    if (high, wide) != own[-2:]:
        raise NotEmulated("a broadcast of padding")
    if len(input_b.shape) > len(input_a.shape):
        repeated = repeated.reshape(repeated.shape[-2:])
    values = _bcast(working(input_a), repeated, math_op, dim).reshape(tuple(input_a.shape))
    return output(values, input_a, layout=Layout.TILE, memory_config=memory_config, into=output_tensor)
