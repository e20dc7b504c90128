"""Matrix products: matmul, linear, addmm, and what ttnn demands of their shapes and program configurations."""

from __future__ import annotations

from math import prod
from typing import Any

import torch

from ..configs import (
    MatmulMultiCoreReuseMultiCast1DProgramConfig,
    MatmulMultiCoreReuseMultiCastProgramConfig,
    MatmulMultiCoreReuseProgramConfig,
    UnaryWithParam,
    WormholeComputeKernelConfig,
)
from ..coordinates import CoreCoord, CoreGrid, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from ..enums import DataType, Layout, ShardOrientation, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig, ShardSpec
from ..operation import Operands, operation
from ..shape import TILE_SIZE, Tile
from ..tensor import Tensor
from .activation import apply_named
from .broadcast import broadcast_shape
from .result import FLOATS, as_stored, cpp, even_shards, output, working

_OPERANDS = Operands(on_host="Operand to matmul must be on device", deallocated="Operand to matmul must be on device")
_REUSE = "(dimension mismatch only allowed when all batch dimensions of a are size 1 and using "
_REUSE += "MatmulMultiCoreReuseMultiCast1DProgramConfig with fuse_batch=false, fused_activation=none, mcast_in0=false, "
_REUSE += "and non-sharded inputs for in0 reuse optimization)"
_TILES_IN_DEST, _TILES_IN_FP32_DEST = 8, 4

Config1D = MatmulMultiCoreReuseMultiCast1DProgramConfig
Config2D = MatmulMultiCoreReuseMultiCastProgramConfig
ConfigReuse = MatmulMultiCoreReuseProgramConfig
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


def _check_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """Raise ttnn's error for matrices (or vectors) that can't be multiplied."""
    height = b[-2] if len(b) > 1 else b[-1]
    if a[-1] != height:
        what = "The width of the first tensor must be equal to the height of the second tensor."
        raise fatal(f"{what} Mismatch: width={a[-1]} height={height}")
    if len(b) > max(len(a), 2) and any(size != 1 for size in b[: len(b) - len(a)]):
        raise fatal("When in1 rank greater than in0 rank front dimensions need to be 1")
    if prod(b[:-2]) == 1:
        return
    if len(a) != len(b):
        ranks = f"a_shape rank: {len(a)} vs b_shape rank: {len(b)}"
        raise fatal(f"Batched (non-bcast) matmul requires inputs of the same rank, got {ranks}")
    for index, (size_a, size_b) in enumerate(zip(a[:-2], b[:-2], strict=True)):
        if size_a != size_b:
            expected = "bmm (non-bcast matmul) expects input tensors of shapes BCMK*BCKN=BCMN or batch dimension"
            raise fatal(f"{expected} {index} mismatch: a={size_a} vs b={size_b} {_REUSE}")


def _tiles(elements: int) -> int:
    return -(-elements // TILE_SIZE)


def _check_config(config: Any, a: Tensor, m: int, k: int, n: int, kernel: WormholeComputeKernelConfig | None) -> None:
    """Raise ttnn's error for a program configuration that doesn't fit ``m`` x ``k`` by ``k`` x ``n`` tiles."""
    name = type(config).__name__
    if not isinstance(config, (Config1D, Config2D, ConfigReuse)):
        if not a.is_sharded():
            raise fatal(f"{name}: Input tensor A must be sharded for DRAM sharded program config")
        raise NotEmulated(f"a matmul with a {name}")
    for field in ("in0_block_w", "out_subblock_h", "out_subblock_w", "per_core_M", "per_core_N"):
        if not getattr(config, field):
            raise fatal(f"{name}: {field} is 0, which is not valid")
    _divisible(name, "Kt", k, "in0_block_w", config.in0_block_w)
    high, wide = (("per_core_M", config.per_core_M), ("per_core_N", config.per_core_N))
    if not isinstance(config, ConfigReuse):
        block_h, block_w = config.out_block_h or config.per_core_M, config.out_block_w or config.per_core_N
        _divisible(name, *high, "out_block_h", block_h)
        _divisible(name, *wide, "out_block_w", block_w)
        high, wide = ("out_block_h", block_h), ("out_block_w", block_w)
    _divisible(name, *wide, "out_subblock_w", config.out_subblock_w)
    _divisible(name, *high, "out_subblock_h", config.out_subblock_h)
    fp32 = a.dtype is DataType.FLOAT32 if kernel is None else kernel.fp32_dest_acc_en
    room = _TILES_IN_FP32_DEST if fp32 else _TILES_IN_DEST
    if config.out_subblock_w * config.out_subblock_h > room:
        times = f"out_subblock_w {config.out_subblock_w} times out_subblock_h {config.out_subblock_h}"
        raise fatal(f"{name}: {times} needs to be at most {room} to fit in hardware")
    grid, device = config.compute_with_storage_grid_size, a.device()
    whole = grid if device is None else device.compute_with_storage_grid_size()
    if grid.x > whole.x or grid.y > whole.y:
        sizes = (
            f"compute_with_storage_grid_size ({grid.x}, {grid.y}) must fit within device grid ({whole.x}, {whole.y})"
        )
        raise fatal(f"{name}: {sizes}")
    blocks_y, blocks_x = -(-m // config.per_core_M), -(-n // config.per_core_N)
    if isinstance(config, Config1D):
        _check_1d(config, name, m, n, blocks_y, blocks_x)
    elif isinstance(config, Config2D):
        across, down = (blocks_y, blocks_x) if config.transpose_mcast else (blocks_x, blocks_y)
        _fits(name, "x", across, "columns", grid.x)
        _fits(name, "y", down, "rows", grid.y)
    elif n != config.per_core_N:
        raise fatal(f"{name}: N ({n}) must equal per_core_N ({config.per_core_N})")
    elif config.per_core_M > m and config.per_core_M % m:
        raise fatal(f"{name}: per_core_M, {config.per_core_M}, must be a multiple of M, {m} if per_core_M > M!")


def _divisible(name: str, what: str, size: int, by: str, divisor: int) -> None:
    if size % divisor:
        raise fatal(f"{name}: {what} ({size}) must be divisible by {by} ({divisor})")


def _fits(name: str, axis: str, blocks: int, lines: str, cores: int) -> None:
    if blocks > cores:
        limit = f"must be smaller than or equal to the number of {lines} in compute grid ({cores})!"
        raise fatal(f"{name}: Num output blocks along {axis} ({blocks}) {limit}")


def _check_1d(config: Config1D, name: str, m: int, n: int, blocks_y: int, blocks_x: int) -> None:
    if config.gather_in0:
        raise NotEmulated("a matmul with gather_in0")
    if config.mcast_in0 and blocks_y > 1:
        block = f"a single per_core_M block ({config.per_core_M})"
        raise fatal(f"{name}: mcast_in0 requires M ({m}) to fit within {block}, got num_blocks_y={blocks_y}")
    if not config.mcast_in0 and blocks_x > 1:
        block = f"a single per_core_N block ({config.per_core_N})"
        raise fatal(
            f"{name}: mcast_in1 requires N ({n}) to fit within {block}, got num_blocks_x={blocks_x}. "
            "A single in1 sender multicasts one per_core_N-wide weight slice to the whole grid, so multi-column N is "
            "not supported here; use MatmulMultiCoreReuseMultiCastProgramConfig (the 2D factory) for multi-column N."
        )
    cores = config.compute_with_storage_grid_size.x * config.compute_with_storage_grid_size.y
    if blocks_x * blocks_y > cores:
        raise fatal(f"{name}: Number of blocks exceeds number of cores: {blocks_x * blocks_y} blocks > {cores} cores")


def _placement(
    wanted: MemoryConfig | None, config: Any, a: Tensor, shape: tuple[int, ...], m: int, n: int
) -> MemoryConfig:
    """Where the product goes: interleaved in DRAM unless told otherwise, with a shard specification if need be."""
    if wanted is None or not wanted.is_sharded() or wanted.shard_spec is not None:
        return wanted or DRAM_MEMORY_CONFIG
    scheme = wanted.memory_layout
    if config is None:
        if scheme is TensorMemoryLayout.BLOCK_SHARDED:
            raise NotEmulated("a block-sharded product without a shard specification or program configuration")
        device = a.device()
        grid = CoreCoord(1, 1) if device is None else device.compute_with_storage_grid_size()
        return MemoryConfig(scheme, wanted.buffer_type, even_shards(scheme, shape, Layout.TILE, grid))
    high, wide, grid = config.per_core_M, config.per_core_N, config.compute_with_storage_grid_size
    down, across = -(-m // high), -(-n // wide)
    if scheme is TensorMemoryLayout.BLOCK_SHARDED:
        cores = CoreRangeSet({CoreRange(CoreCoord(0, 0), CoreCoord(across - 1, down - 1))})
    else:
        cores = num_cores_to_corerangeset(across * down, grid, row_wise=True)
    order = ShardOrientation.COL_MAJOR if isinstance(config, ConfigReuse) else ShardOrientation.ROW_MAJOR
    return MemoryConfig(scheme, wanted.buffer_type, ShardSpec(cores, [high * TILE_SIZE, wide * TILE_SIZE], order))


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
    _check_shapes(shape_a, shape_b)
    m = _tiles((1, *shape_a)[-2]) * (prod(shape_a[:-2]) if prod(shape_b[:-2]) == 1 else 1)
    k, n = _tiles(shape_a[-1]), _tiles((*shape_b, 1)[-1] if len(shape_b) == 1 else shape_b[-1])
    if program_config is not None:
        if core_grid is not None:
            raise fatal("Cannot use both user core grid/coordinates and a program config")
        _check_config(program_config, a, m, k, n, compute_kernel_config)
    elif b.is_sharded():
        layout = cpp(b.memory_config().memory_layout)
        raise fatal(f"MatmulMultiCoreProgramConfig: Input B memory layout must be INTERLEAVED, got: {layout}")
    addend = None if bias is None else _bias(bias, shape_a, shape_b)
    values = _matmul(
        working(a), working(b), transpose_a, transpose_b, addend, activation=activation, program_config=program_config
    )
    if into is not None and tuple(into.shape) != tuple(values.shape):
        raise fatal("Invalid optional output tensor")
    where = _placement(memory_config, program_config, a, tuple(values.shape), m, n)
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
    _check_operands(mat1_tensor, mat2_tensor)
    _check_shapes(tuple(mat1_tensor.shape), tuple(mat2_tensor.shape))
    if tuple(input_tensor.shape) != (mat1_tensor.shape[-2], mat2_tensor.shape[-1]):
        raise fatal("input_tensor must have shape matching one of result of mat1_tensor @ mat2_tensor")
    values = _addmm(working(input_tensor), working(mat1_tensor), working(mat2_tensor), alpha, beta)
    where = memory_config or DRAM_MEMORY_CONFIG
    return output(values, mat1_tensor, dtype=dtype, memory_config=where, into=optional_output_tensor)
