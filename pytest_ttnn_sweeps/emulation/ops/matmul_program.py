"""What ttnn demands of a matrix product's program configuration, and where it puts the product.

Measured on ttnn 0.81.1, which derives a product's shards from the program or from the first operand's shards, whatever
shards the memory configuration names.
"""

from __future__ import annotations

from math import ceil, prod
from typing import Any

from ..coordinates import CoreCoord, CoreGrid, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from ..enums import DataType, Layout, ShardOrientation, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..kernel_config import WormholeComputeKernelConfig
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig, ShardSpec
from ..program_configs import (
    MatmulMultiCoreReuseMultiCast1DProgramConfig,
    MatmulMultiCoreReuseMultiCastProgramConfig,
    MatmulMultiCoreReuseProgramConfig,
)
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import cpp, even_shards

_TILES_IN_DEST, _TILES_IN_FP32_DEST = 8, 4
_TILES_OF_ONE_CORE = 16  # up to as many rows and columns, ttnn's own choice of a program is one block

_Config1D = MatmulMultiCoreReuseMultiCast1DProgramConfig
_Config2D = MatmulMultiCoreReuseMultiCastProgramConfig
_ConfigReuse = MatmulMultiCoreReuseProgramConfig

_HEIGHT, _WIDTH = TensorMemoryLayout.HEIGHT_SHARDED, TensorMemoryLayout.WIDTH_SHARDED
_BLOCK = TensorMemoryLayout.BLOCK_SHARDED


class Product:
    """The sizes of a matrix product: ``rows``, ``inner`` and ``columns`` in tiles, ``batch`` in matrices.

    ``repeats`` says that one second matrix goes with every first one.
    """

    def __init__(self, a: tuple[int, ...], b: tuple[int, ...]) -> None:
        self.rows, self.inner = ceil((1, *a)[-2] / TILE_SIZE), ceil(a[-1] / TILE_SIZE)
        self.columns = 1 if len(b) == 1 else ceil(b[-1] / TILE_SIZE)
        self.batch, self.repeats = prod(a[:-2]), prod(b[:-2]) == 1
        self.shape = (*a[:-1], 1 if len(b) == 1 else b[-1])

    @property
    def all_rows(self) -> int:
        """The rows of tiles of the whole batch."""
        return self.rows * self.batch


def check_program(config: Any, a: Tensor, product: Product, kernel: WormholeComputeKernelConfig | None) -> None:
    """Raise ttnn's error for a program configuration that doesn't fit ``product`` or the first operand's place."""
    name = type(config).__name__
    if not isinstance(config, (_Config1D, _Config2D, _ConfigReuse)):
        if not a.is_sharded():
            raise fatal(f"{name}: Input tensor A must be sharded for DRAM sharded program config")
        raise NotEmulated(f"a matmul with a {name}")
    for field in ("in0_block_w", "out_subblock_h", "out_subblock_w", "per_core_M", "per_core_N"):
        if not getattr(config, field):
            raise fatal(f"{name}: {field} is 0, which is not valid")
    _divisible(name, "Kt", product.inner, "in0_block_w", config.in0_block_w)
    _check_blocks(config, name, a.dtype is DataType.FLOAT32 if kernel is None else kernel.fp32_dest_acc_en)
    grid, device = config.compute_with_storage_grid_size, a.device()
    whole = grid if device is None else device.compute_with_storage_grid_size()
    if grid.x > whole.x or grid.y > whole.y:
        sizes = (
            f"compute_with_storage_grid_size ({grid.x}, {grid.y}) must fit within device grid ({whole.x}, {whole.y})"
        )
        raise fatal(f"{name}: {sizes}")
    if isinstance(config, _ConfigReuse):
        _check_reuse(config, name, product)
    else:
        _check_multicast(config, name, product)
    if a.is_sharded():
        _check_shards(config, name, a, product)


def _check_blocks(config: Any, name: str, fp32: bool) -> None:
    high, wide = (("per_core_M", config.per_core_M), ("per_core_N", config.per_core_N))
    if not isinstance(config, _ConfigReuse):
        block_h, block_w = config.out_block_h or config.per_core_M, config.out_block_w or config.per_core_N
        _divisible(name, *high, "out_block_h", block_h)
        _divisible(name, *wide, "out_block_w", block_w)
        high, wide = ("out_block_h", block_h), ("out_block_w", block_w)
    _divisible(name, *wide, "out_subblock_w", config.out_subblock_w)
    _divisible(name, *high, "out_subblock_h", config.out_subblock_h)
    room = _TILES_IN_FP32_DEST if fp32 else _TILES_IN_DEST
    if config.out_subblock_w * config.out_subblock_h > room:
        times = f"out_subblock_w {config.out_subblock_w} times out_subblock_h {config.out_subblock_h}"
        raise fatal(f"{name}: {times} needs to be at most {room} to fit in hardware")


def _divisible(name: str, what: str, size: int, by: str, divisor: int) -> None:
    if size % divisor:
        raise fatal(f"{name}: {what} ({size}) must be divisible by {by} ({divisor})")


def _check_reuse(config: _ConfigReuse, name: str, product: Product) -> None:
    high, rows = config.per_core_M, product.rows
    if high > rows and high % rows:
        raise fatal(f"{name}: per_core_M, {high}, must be a multiple of M, {rows} if per_core_M > M!")
    if product.all_rows % high:
        raise fatal(f"{name}: input a total height, {product.all_rows}, must be divisible by per_core_M, {high}!")
    if product.columns != config.per_core_N:
        raise fatal(f"{name}: N ({product.columns}) must equal per_core_N ({config.per_core_N})")
    if product.repeats and product.batch > 1:
        raise fatal(f"{name}: Batch broadcasting is not supported for the chosen program config")


def _check_multicast(config: _Config1D | _Config2D, name: str, product: Product) -> None:
    rows = product.all_rows if config.fuse_batch else product.rows
    if isinstance(config, _Config1D) and config.gather_in0:
        raise NotEmulated("a matmul with gather_in0")
    if config.per_core_M > rows and not (isinstance(config, _Config1D) and config.mcast_in0):
        raise fatal(
            f"{name}: per_core_M ({config.per_core_M}) exceeds Mt ({rows}). Each core would compute more output row "
            "tiles than the tensor has. Reduce per_core_M to at most Mt."
        )
    blocks_y, blocks_x = ceil(rows / config.per_core_M), ceil(product.columns / config.per_core_N)
    grid = config.compute_with_storage_grid_size
    if isinstance(config, _Config1D):
        _check_1d(config, name, rows, product.columns, blocks_y, blocks_x)
    else:
        across, down = (blocks_y, blocks_x) if config.transpose_mcast else (blocks_x, blocks_y)
        _fits(name, "x", across, "columns", grid.x)
        _fits(name, "y", down, "rows", grid.y)
    if config.fuse_batch and not product.repeats:
        raise fatal(
            f"{name}: Matmul with fused batch requires input tensors of shapes BCMK*11KN=BCMN or equivalent. "
            "Please change the second input tensor or adjust the program config."
        )


def _fits(name: str, axis: str, blocks: int, lines: str, cores: int) -> None:
    if blocks > cores:
        limit = f"must be smaller than or equal to the number of {lines} in compute grid ({cores})!"
        raise fatal(f"{name}: Num output blocks along {axis} ({blocks}) {limit}")


def _check_1d(config: _Config1D, name: str, m: int, n: int, blocks_y: int, blocks_x: int) -> None:
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


def _check_shards(config: Any, name: str, a: Tensor, product: Product) -> None:
    """Raise ttnn's error where the program can't take a first operand in these shards."""
    layout, spec = a.memory_config().memory_layout, a.memory_config().shard_spec
    if spec is None:
        raise NotEmulated("a program configuration for an operand in n-dimensional shards")
    if isinstance(config, _ConfigReuse):
        _check_shards_for_reuse(config, name, layout, spec, product)
    elif isinstance(config, _Config1D):
        _check_shards_for_1d(config, name, layout, spec, product)
    else:
        _check_shards_for_2d(config, name, layout, spec, product)


def _check_shards_for_reuse(
    config: _ConfigReuse, name: str, layout: TensorMemoryLayout, spec: ShardSpec, product: Product
) -> None:
    if layout is _WIDTH:
        raise fatal(f"{name}: input A memory layout must not be WIDTH_SHARDED, got: {cpp(layout)}")
    (high, wide), blocks, cores = spec.shape, product.all_rows // config.per_core_M, spec.num_cores()
    if blocks % cores:
        divisible = f"must be evenly divisible by the number of cores in the input shard grid ({cores})"
        raise fatal(f"{name}: num_output_blocks ({blocks}) {divisible}")
    if wide != product.inner * TILE_SIZE:
        raise fatal(f"{name}: K ({product.inner * TILE_SIZE}) must equal in0 shard_shape[1] ({wide})")
    if wide != config.in0_block_w * TILE_SIZE:
        block = f"in0_block_w ({config.in0_block_w}) * in0_tile width ({TILE_SIZE})"
        raise fatal(f"{name}: in0 shard_shape[1] ({wide}) must equal {block}")
    if high != config.per_core_M * TILE_SIZE:
        block = f"per_core_M ({config.per_core_M}) * in0_tile height ({TILE_SIZE})"
        raise fatal(f"{name}: {block} must equal in0 shard_shape[0] ({high})")


def _check_shards_for_1d(
    config: _Config1D, name: str, layout: TensorMemoryLayout, spec: ShardSpec, product: Product
) -> None:
    high, wide = spec.shape
    if config.mcast_in0:
        if layout is not _WIDTH:
            needed = "input A must be WIDTH_SHARDED when mcast_in0 or gather_in0 is set"
            raise fatal(f"{name}: {needed}, got: {cpp(layout)}")
        if wide // TILE_SIZE % config.in0_block_w:
            divisible = f"must be divisible by in0_block_w ({config.in0_block_w})"
            raise fatal(f"{name}: shard_shape[1] ({wide}) / in0_tile width ({TILE_SIZE}) {divisible}")
        return
    if layout is not _HEIGHT:
        raise fatal(f"{name}: input A must be HEIGHT_SHARDED, got: {cpp(layout)}")
    blocks, cores = ceil(product.all_rows / config.per_core_M), spec.num_cores()
    if blocks > cores:
        limit = f"must not exceed input A shard grid cores ({cores})"
        raise fatal(f"{name}: number of M blocks ceil(M/per_core_M)={blocks} {limit}")
    if config.per_core_M != high // TILE_SIZE:
        shard = f"shard_shape[0] ({high}) / in0_tile height ({TILE_SIZE})"
        raise fatal(f"{name}: per_core_M ({config.per_core_M}) must equal {shard}")


def _check_shards_for_2d(
    config: _Config2D, name: str, layout: TensorMemoryLayout, spec: ShardSpec, product: Product
) -> None:
    if layout is _WIDTH:
        raise fatal(f"{name}: Unsupported memory layout {cpp(layout)}.")
    high, wide = spec.shape[0] // TILE_SIZE, spec.shape[1] // TILE_SIZE
    if layout is _HEIGHT:
        if config.transpose_mcast:
            raise fatal(f"{name}: Transpose MCAST not supported with HEIGHT_SHARDED layout")
        if config.in0_block_w != product.inner:
            raise fatal(f"{name}: K ({product.inner}) must equal in0_block_w ({config.in0_block_w})")
        box = spec.grid.bounding_box()
        if box.start.x != box.end.x:
            raise fatal(
                f"{name}: HEIGHT_SHARDED input A must have a single-column shard grid (got x={box.start.x} to "
                f"x={box.end.x}); use MatmulMultiCoreReuseProgramConfig for multi-column HEIGHT_SHARDED inputs"
            )
    elif config.transpose_mcast and spec.orientation is not ShardOrientation.COL_MAJOR:
        order = "must have COL_MAJOR shard orientation for transpose MCAST"
        raise fatal(f"{name}: Input tensor A {order}, got: ShardOrientation::{spec.orientation.name}")
    if config.per_core_M != high:
        shard = f"shard_shape[0] / in0_tile.get_height() ({high})"
        raise fatal(f"{name}: per_core_M ({config.per_core_M}) must equal {shard}")
    if wide % config.in0_block_w:
        divisible = f"must be divisible by in0_block_w ({config.in0_block_w})"
        raise fatal(f"{name}: shard_shape[1] / in0_tile.get_width() ({wide}) {divisible}")


def placement(
    wanted: MemoryConfig | None, config: Any, a: Tensor, product: Product, core_grid: CoreGrid | None
) -> MemoryConfig:
    """Where the product goes: interleaved in DRAM unless told otherwise; in shards that suit the program."""
    if wanted is None or not wanted.is_sharded():
        return wanted or DRAM_MEMORY_CONFIG
    if config is not None:
        spec = _shards_of_program(config, wanted.memory_layout, product)
    elif a.is_sharded():
        spec = _shards_like_operand(wanted.memory_layout, a, product)
    else:
        spec = _shards_of_chosen_program(wanted.memory_layout, a, product, core_grid)
    return MemoryConfig(wanted.memory_layout, wanted.buffer_type, spec)


def _shards_of_program(config: Any, scheme: TensorMemoryLayout, product: Product) -> ShardSpec:
    high, wide, grid = config.per_core_M, config.per_core_N, config.compute_with_storage_grid_size
    down, across = ceil(product.all_rows / high), ceil(product.columns / wide)
    if isinstance(config, _ConfigReuse) or (isinstance(config, _Config2D) and config.transpose_mcast):
        order = ShardOrientation.COL_MAJOR
    else:
        order = ShardOrientation.ROW_MAJOR
    if scheme is _BLOCK and isinstance(config, _Config1D) and config.mcast_in0 and grid.y > 1:
        needed = "output memory layout must be WIDTH_SHARDED or BLOCK_SHARDED on a 1-row grid"
        raise fatal(f"{type(config).__name__}: {needed}, got: {cpp(scheme)}")
    if scheme is _BLOCK and isinstance(config, _Config2D):
        cores = _rectangle(across, down, order)
    else:
        cores = num_cores_to_corerangeset(across * down, grid, row_wise=not isinstance(config, _ConfigReuse))
    return ShardSpec(cores, [high * TILE_SIZE, wide * TILE_SIZE], order)


def _rectangle(across: int, down: int, order: ShardOrientation) -> CoreRangeSet:
    width, height = (across, down) if order is ShardOrientation.ROW_MAJOR else (down, across)
    return CoreRangeSet({CoreRange(CoreCoord(0, 0), CoreCoord(width - 1, height - 1))})


def _shards_like_operand(scheme: TensorMemoryLayout, a: Tensor, product: Product) -> ShardSpec:
    layout, own = a.memory_config().memory_layout, a.memory_config().shard_spec
    if layout is not scheme:
        layouts = f"got input: {cpp(layout)} vs output: {cpp(scheme)}"
        raise fatal(f"Input A and output memory layouts must match, {layouts}")
    if own is None:
        raise NotEmulated("a sharded product of an operand in n-dimensional shards")
    if scheme is _HEIGHT:
        return ShardSpec(own.grid, [own.shape[0], product.columns * TILE_SIZE], own.orientation)
    box = own.grid.bounding_box().grid_size()
    if scheme is _WIDTH:
        wide = ceil(product.columns / own.num_cores())
        cores = num_cores_to_corerangeset(ceil(product.columns / wide), box, row_wise=True)
        return ShardSpec(cores, [product.all_rows * TILE_SIZE, wide * TILE_SIZE], own.orientation)
    by_rows = own.orientation is ShardOrientation.ROW_MAJOR
    wide = ceil(product.columns / (box.x if by_rows else box.y))
    down = ceil(product.all_rows * TILE_SIZE / own.shape[0])
    cores = _rectangle(ceil(product.columns / wide), down, own.orientation)
    return ShardSpec(cores, [own.shape[0], wide * TILE_SIZE], own.orientation)


def _shards_of_chosen_program(
    scheme: TensorMemoryLayout, a: Tensor, product: Product, core_grid: CoreGrid | None
) -> ShardSpec:
    """The shards of a product whose program ttnn chooses, as far as its choices are known."""
    if core_grid is not None:
        if scheme is _HEIGHT:
            raise NotEmulated("a height-sharded product on a core grid without a program configuration")
        return even_shards(scheme, product.shape, Layout.TILE, CoreCoord(core_grid.x, core_grid.y))
    sizes = {_HEIGHT: product.columns, _WIDTH: product.all_rows, _BLOCK: max(product.all_rows, product.columns)}
    if sizes[scheme] > _TILES_OF_ONE_CORE or not product.repeats:
        raise NotEmulated("a sharded product of these sizes without a program configuration")
    device = a.device()
    grid = CoreCoord(1, 1) if scheme is _BLOCK or device is None else device.compute_with_storage_grid_size()
    return even_shards(scheme, product.shape, Layout.TILE, grid)
