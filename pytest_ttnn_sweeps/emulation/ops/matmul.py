"""Matrix products: matmul, linear, addmm, and what ttnn demands of their shapes and program configurations."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from ..coordinates import CoreGrid
from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..kernel_config import WormholeComputeKernelConfig
from ..memory_config import MemoryConfig
from ..operation import Operands, operation
from ..program_configs import MatmulMultiCoreReuseProgramConfig
from ..shape import Tile
from ..tensor import Tensor
from ..unary_settings import UnaryWithParam
from .activation import apply_named
from .broadcast import broadcast_shape
from .matmul_program import Product, check_program, placement
from .result import FLOATS, as_stored, cpp, output, working

_NOT_THERE = "Operand to matmul must be on device"
_OPERANDS = Operands(_NOT_THERE, _NOT_THERE, looks_at_all=False)
_REUSE = "(dimension mismatch only allowed when all batch dimensions of a are size 1 and using "
_REUSE += "MatmulMultiCoreReuseMultiCast1DProgramConfig with fuse_batch=false, fused_activation=none, mcast_in0=false, "
_REUSE += "and non-sharded inputs for in0 reuse optimization)"


Activation = str | UnaryWithParam | None


def _matmul(
    input_tensor_a: torch.Tensor,
    input_tensor_b: torch.Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    bias: torch.Tensor | None = None,
    activation: Activation = None,
    program_config: Any = None,
    dtype: DataType | None = None,
) -> torch.Tensor:
    a = input_tensor_a.transpose(-1, -2) if transpose_a else input_tensor_a
    b = input_tensor_b.transpose(-1, -2) if transpose_b else input_tensor_b
    product = torch.matmul(a, b.to(a.dtype))
    if bias is not None:
        product = product + bias
    fused = getattr(program_config, "fused_activation", None)
    result = apply_named(product, fused or activation)
    return result if dtype is None else as_stored(result, dtype)


def _check_operands(a: Tensor, b: Tensor) -> None:
    if not len(a.shape) or not len(b.shape):
        shapes = f"{a.shape} and {b.shape}"
        raise fatal(f"ttnn.matmul: Both arguments to matmul need to be at least 1D, but got shapes {shapes}")
    if Layout.ROW_MAJOR in (a.layout, b.layout):
        raise fatal("Inputs to matmul must be tilized")
    for name, tensor in (("A", a), ("B", b)):
        if tensor.dtype not in FLOATS:
            raise fatal(f"Unsupported data format for input {name}: {cpp(tensor.dtype)}")


def _check_shapes(a: tuple[int, ...], b: tuple[int, ...], config: Any) -> None:
    """Raise ttnn's error for matrices (or vectors) that can't be multiplied."""
    height = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != height:
        what = "The width of the first tensor must be equal to the height of the second tensor."
        raise fatal(f"{what} Mismatch: width={a[-1]} height={height}")
    rank = max(len(a), 2)  # a vector is a matrix of one row here
    if len(b) > rank and any(size != 1 for size in b[: len(b) - rank]):
        raise fatal("When in1 rank greater than in0 rank front dimensions need to be 1")
    pairs = isinstance(config, MatmulMultiCoreReuseProgramConfig) and prod(a[:-2]) == 1
    if prod(b[:-2]) == 1 and not pairs:
        return
    if len(a) != len(b):
        ranks = f"a_shape rank: {len(a)} vs b_shape rank: {len(b)}"
        raise fatal(f"Batched (non-bcast) matmul requires inputs of the same rank, got {ranks}")
    for index, (size_a, size_b) in enumerate(zip(a[:-2], b[:-2], strict=True)):
        if size_a != size_b:
            expected = "bmm (non-bcast matmul) expects input tensors of shapes BCMK*BCKN=BCMN or batch dimension"
            raise fatal(f"{expected} {index} mismatch: a={size_a} vs b={size_b} {_REUSE}")


def _place(
    a: Tensor,
    b: Tensor,
    shape_a: tuple[int, ...],
    shape_b: tuple[int, ...],
    memory_config: MemoryConfig | None,
    program_config: Any,
    kernel: WormholeComputeKernelConfig | None,
    core_grid: CoreGrid | None,
) -> MemoryConfig:
    """Where the product of ``a`` and ``b``, turned to these shapes, goes; or ttnn's error for shapes or program."""
    _check_shapes(shape_a, shape_b, program_config)
    product = Product(shape_a, shape_b)
    if program_config is not None:
        if core_grid is not None:
            raise fatal("Cannot use both user core grid/coordinates and a program config")
        check_program(program_config, a, product, kernel)
    elif b.is_sharded():
        _check_sharded_pair(a, b)
    return placement(memory_config, program_config, a, product, core_grid)


def _check_sharded_pair(a: Tensor, b: Tensor) -> None:
    """Raise ttnn's error unless the program that it chooses takes a second operand in shards: batch with batch."""
    own, other = a.memory_config(), b.memory_config()
    layout = cpp(other.memory_layout)
    if not a.is_sharded():
        raise fatal(f"MatmulMultiCoreProgramConfig: Input B memory layout must be INTERLEAVED, got: {layout}")
    both_by_height = {own.memory_layout, other.memory_layout} == {TensorMemoryLayout.HEIGHT_SHARDED}
    if not both_by_height or prod(tuple(b.shape)[:-2]) == 1:
        raise fatal(f"Input tensor B must have INTERLEAVED memory layout, got: {layout}")
    if own.shard_spec is None or other.shard_spec is None:
        raise NotEmulated("a product of operands in n-dimensional shards")
    if own.shard_spec.grid != other.shard_spec.grid:
        raise fatal("Input A and B shard grids must match")


def _multiplied(
    a: Tensor,
    b: Tensor,
    bias: Tensor | None = None,
    *,
    transpose_a: bool,
    transpose_b: bool,
    memory_config: MemoryConfig | None,
    dtype: DataType | None,
    program_config: Any,
    activation: Activation,
    compute_kernel_config: WormholeComputeKernelConfig | None,
    core_grid: CoreGrid | None,
    into: Tensor | None,
) -> Tensor:
    _check_operands(a, b)
    shape_a, shape_b = _turned(a, transpose_a), _turned(b, transpose_b)
    where = _place(a, b, shape_a, shape_b, memory_config, program_config, compute_kernel_config, core_grid)
    addend = None if bias is None else _bias(bias, shape_a, shape_b)
    values = _matmul(
        working(a), working(b), transpose_a, transpose_b, addend, activation=activation, program_config=program_config
    )
    if into is not None and tuple(into.shape) != tuple(values.shape):
        raise fatal("Invalid optional output tensor")
    return output(values, a, dtype=dtype, memory_config=where, into=into)


def _turned(tensor: Tensor, turn: bool) -> tuple[int, ...]:
    sizes = tuple(tensor.shape)
    return (*sizes[:-2], sizes[-1], sizes[-2]) if turn else sizes


def _bias(bias: Tensor, shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> torch.Tensor:
    height = (1, *bias.shape)[-2]
    if height not in (1, (1, *shape_a)[-2]):
        raise fatal("Broadcast error: Invalid dimension")
    broadcast_shape((*shape_a[:-1], shape_b[-1]), tuple(bias.shape))
    return working(bias)


@operation("ttnn.matmul", _matmul, operands=_OPERANDS)
def matmul(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    *,
    transpose_a: bool = False,
    transpose_b: bool = False,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    program_config: Any = None,
    activation: Activation = None,
    compute_kernel_config: WormholeComputeKernelConfig | None = None,
    core_grid: CoreGrid | None = None,
    output_tile: Tile | None = None,
    optional_output_tensor: Tensor | None = None,
    global_cb: object = None,
    sub_device_id: object = None,
) -> Tensor:
    """The matrix products of the last two dimensions; the second operand's batch is 1 or equals the first's."""
    return _multiplied(
        input_tensor_a,
        input_tensor_b,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        memory_config=memory_config,
        dtype=dtype,
        program_config=program_config,
        activation=activation,
        compute_kernel_config=compute_kernel_config,
        core_grid=core_grid,
        into=optional_output_tensor,
    )


@operation("ttnn.linear", _matmul, operands=_OPERANDS)
def linear(
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    *,
    bias: Tensor | None = None,
    transpose_a: bool = False,
    transpose_b: bool = False,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    program_config: Any = None,
    activation: Activation = None,
    compute_kernel_config: WormholeComputeKernelConfig | None = None,
    core_grid: CoreGrid | None = None,
    output_tile: Tile | None = None,
    optional_output_tensor: Tensor | None = None,
    global_cb: object = None,
    sub_device_id: object = None,
) -> Tensor:
    """``matmul`` plus a bias, then an activation."""
    return _multiplied(
        input_tensor_a,
        input_tensor_b,
        bias,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        memory_config=memory_config,
        dtype=dtype,
        program_config=program_config,
        activation=activation,
        compute_kernel_config=compute_kernel_config,
        core_grid=core_grid,
        into=optional_output_tensor,
    )


def _addmm(
    input_tensor: torch.Tensor,
    mat1_tensor: torch.Tensor,
    mat2_tensor: torch.Tensor,
    alpha: float = 1.0,
    beta: float = 1.0,
    dtype: DataType | None = None,
) -> torch.Tensor:
    product = alpha * torch.matmul(mat1_tensor, mat2_tensor)
    result = product if beta == 0 else product + beta * input_tensor
    return result if dtype is None else as_stored(result, dtype)


@operation("ttnn.addmm", _addmm, operands=_OPERANDS)
def addmm(
    input_tensor: Tensor,
    mat1_tensor: Tensor,
    mat2_tensor: Tensor,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    program_config: Any = None,
    compute_kernel_config: WormholeComputeKernelConfig | None = None,
    core_grid: CoreGrid | None = None,
    output_tile: Tile | None = None,
    optional_output_tensor: Tensor | None = None,
) -> Tensor:
    """``beta * input_tensor + alpha * mat1_tensor @ mat2_tensor``."""
    if tuple(input_tensor.shape) != (mat1_tensor.shape[-2], mat2_tensor.shape[-1]):
        raise fatal("input_tensor must have shape matching one of result of mat1_tensor @ mat2_tensor")
    _check_operands(mat1_tensor, mat2_tensor)
    shapes = tuple(mat1_tensor.shape), tuple(mat2_tensor.shape)
    where = _place(mat1_tensor, mat2_tensor, *shapes, memory_config, program_config, compute_kernel_config, core_grid)
    values = _addmm(working(input_tensor), working(mat1_tensor), working(mat2_tensor), alpha, beta)
    return output(values, mat1_tensor, dtype=dtype, memory_config=where, into=optional_output_tensor)
