"""Operations that keep the elements and change how or where they are stored: tiles, rows, shards, types, copies."""

from __future__ import annotations

from typing import Any

import torch

from ..coordinates import CoreCoord, CoreRange, CoreRangeSet, num_cores_to_corerangeset
from ..enums import BufferType, DataType, Layout, ShardOrientation, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig, ShardSpec
from ..operation import ANYWHERE, Operands, operation
from ..shape import TILE_SIZE, Tile
from ..tensor import Tensor
from .arrangement import Sizes
from .result import BLOCK_FLOATS, as_stored, cpp, output

_OPERANDS = Operands(
    on_host="Operands need to be on device!", deallocated="Operands need to be allocated in buffers on device!"
)


def _same(input_tensor: torch.Tensor, dtype: DataType | None = None) -> torch.Tensor:
    return input_tensor if dtype is None else as_stored(input_tensor, dtype)


@operation("ttnn.tilize", _same, operands=_OPERANDS)
def tilize(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    use_multicore: bool = True,
    use_low_perf: bool = False,
    tile: Tile | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A row-major tensor in tiles, which must fit without padding."""
    if input_tensor.layout is not Layout.ROW_MAJOR:
        raise fatal("Can only tilize row major data")
    width = input_tensor.padded_shape[-1]
    if width % TILE_SIZE:
        raise fatal(f"Input tensor width ({width}) must be divisible by tile width ({TILE_SIZE})")
    return output(input_tensor.values, input_tensor, dtype=dtype, layout=Layout.TILE, memory_config=memory_config)


@operation("ttnn.tilize_with_val_padding", lambda x, shape, value, dtype=None: _same(x, dtype), operands=_OPERANDS)
def tilize_with_val_padding(
    input_tensor: Tensor,
    output_tensor_shape: Sizes,
    pad_value: float,
    *,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A row-major tensor in tiles with ``pad_value`` as padding, which nothing here can see."""
    wanted = tuple(output_tensor_shape)
    shapes = f"Output tensor shape Shape({list(wanted)})"
    for index, (size, own) in enumerate(zip(wanted, input_tensor.shape, strict=True)):
        if size < own:
            than = f"must be greater than or equal to input shape {input_tensor.shape} in each dimension"
            raise fatal(f"{shapes} {than}, but is smaller in dimension {index}")
    if wanted[-1] % TILE_SIZE or wanted[-2] % TILE_SIZE:
        tiles = f"must be divisible by tile size ({TILE_SIZE}, {TILE_SIZE})"
        raise fatal(f"To be tilizable output tensor shape Shape({list(wanted)}) {tiles}")
    tiled = output(input_tensor.values, input_tensor, dtype=dtype, layout=Layout.TILE, memory_config=memory_config)
    if tuple(tiled.padded_shape) != wanted:
        tiled.deallocate()
        raise NotEmulated("padding beyond whole tiles")
    return tiled


@operation("ttnn.tilize_with_zero_padding", lambda x, output_dtype=None: _same(x, output_dtype), operands=_OPERANDS)
def tilize_with_zero_padding(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    output_dtype: DataType | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A row-major tensor in tiles, padded with zeros."""
    config = memory_config
    return output(input_tensor.values, input_tensor, dtype=output_dtype, layout=Layout.TILE, memory_config=config)


def _untilized(tensor: Tensor, values: torch.Tensor, memory_config: MemoryConfig | None) -> Tensor:
    if tensor.layout is not Layout.TILE:
        raise fatal("Can only untilize tile major data")
    dtype = DataType.BFLOAT16 if tensor.dtype in BLOCK_FLOATS else None
    return output(values, tensor, dtype=dtype, layout=Layout.ROW_MAJOR, memory_config=memory_config)


@operation("ttnn.untilize", _same, operands=_OPERANDS, renamed={"use_pack_untilize": None})
def untilize(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A tiled tensor in rows; block floats become BFLOAT16."""
    return _untilized(input_tensor, input_tensor.values, memory_config)


def _unpadded(input_tensor: torch.Tensor, output_tensor_end: Sizes) -> torch.Tensor:
    return input_tensor[tuple(slice(0, end + 1) for end in output_tensor_end)]


@operation("ttnn.untilize_with_unpadding", _unpadded, operands=_OPERANDS, renamed={"use_pack_untilize": None})
def untilize_with_unpadding(
    input_tensor: Tensor,
    output_tensor_end: Sizes,
    *,
    memory_config: MemoryConfig | None = None,
    use_multicore: bool = True,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """A tiled tensor in rows, up to and including the element ``output_tensor_end`` in each dimension."""
    rank = len(input_tensor.shape)
    if len(output_tensor_end) < rank:
        raise throw(f"ShapeBase[] index out of range. {len(output_tensor_end)} not in [-4, {len(output_tensor_end)})")
    if any(end >= size for end, size in zip(output_tensor_end, input_tensor.shape, strict=True)):
        raise NotEmulated("reading the padding of a tiled tensor")
    return _untilized(input_tensor, _unpadded(input_tensor.values, output_tensor_end), memory_config)


def _shard(tensor: Tensor, config: MemoryConfig, dtype: DataType | None, into: Tensor | None = None) -> Tensor:
    own = tensor.memory_config().memory_layout
    if own is not TensorMemoryLayout.INTERLEAVED:
        raise fatal(f"Input tensor memory layout must be INTERLEAVED, but got {cpp(own)}")
    if not config.is_sharded():
        raise fatal("Output memory config must be sharded")
    if config.shard_spec is None and config.nd_shard_spec is None:
        raise RuntimeError("bad optional access")
    if tensor.layout is not Layout.TILE and dtype not in (None, tensor.dtype):
        raise fatal("Input tensor layout must be TILE when dtype conversion is needed")
    return output(tensor.values, tensor, dtype=dtype, memory_config=config, into=into)


def _interleaved_to_given_shards(
    input_tensor: Tensor,
    grid: CoreCoord | CoreRangeSet,
    shard_shape: Sizes,
    shard_scheme: TensorMemoryLayout,
    shard_orientation: ShardOrientation,
    output_dtype: DataType | None = None,
    *,
    keep_l1_aligned: bool | None = False,
) -> Tensor:
    if isinstance(grid, CoreRangeSet):
        cores = grid
    elif shard_scheme is TensorMemoryLayout.BLOCK_SHARDED:
        cores = CoreRangeSet({CoreRange(CoreCoord(0, 0), CoreCoord(grid.x - 1, grid.y - 1))})
    else:
        cores = num_cores_to_corerangeset(grid.x * grid.y, grid, row_wise=True)
    spec = ShardSpec(cores, list(shard_shape), shard_orientation)
    return _shard(input_tensor, MemoryConfig(shard_scheme, BufferType.L1, spec), output_dtype)


def _converted(input_tensor: torch.Tensor, *placement: Any, output_dtype: DataType | None = None) -> torch.Tensor:
    return _same(input_tensor, output_dtype)


@operation("ttnn.interleaved_to_sharded", _converted, others=[_interleaved_to_given_shards], operands=_OPERANDS)
def interleaved_to_sharded(
    input_tensor: Tensor,
    sharded_memory_config: MemoryConfig,
    output_dtype: DataType | None = None,
    *,
    keep_l1_aligned: bool | None = False,
    preallocated_output: Tensor | None = None,
) -> Tensor:
    """An interleaved tensor in shards."""
    return _shard(input_tensor, sharded_memory_config, output_dtype, preallocated_output)


@operation("ttnn.sharded_to_interleaved", _converted, operands=_OPERANDS, renamed={"is_l1_aligned": None})
def sharded_to_interleaved(
    input_tensor: Tensor, memory_config: MemoryConfig | None = None, output_dtype: DataType | None = None
) -> Tensor:
    """A sharded tensor interleaved, by default in DRAM; an interleaved one stays where it is."""
    sharded = input_tensor.is_sharded()
    config = memory_config or (DRAM_MEMORY_CONFIG if sharded else None)
    if config is not None and config.is_sharded():
        raise fatal("Output memory config must be Interleaved")
    return output(input_tensor.values, input_tensor, dtype=output_dtype, memory_config=config)


@operation("ttnn.reshard", _converted, operands=_OPERANDS)
def reshard(input_tensor: Tensor, output_memory_config: MemoryConfig, output_tensor: Tensor | None = None) -> Tensor:
    """The tensor in other shards."""
    return output(input_tensor.values, input_tensor, memory_config=output_memory_config, into=output_tensor)


def _typecast(input_tensor: torch.Tensor, *dtypes: DataType, **named: DataType) -> torch.Tensor:
    return as_stored(input_tensor, (*dtypes, *(named[name] for name in ("dtype", "output_dtype") if name in named))[-1])


def _typecast_from(
    input_tensor: Tensor,
    input_dtype: DataType,
    output_dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    if input_dtype is not input_tensor.dtype:
        raise fatal("input dtype and input tensor's dtype provided should match")
    return _cast(input_tensor, output_dtype, memory_config, output_tensor)


def _cast(tensor: Tensor, dtype: DataType, memory_config: MemoryConfig | None, into: Tensor | None) -> Tensor:
    if into is not None and into.dtype is not dtype:
        raise fatal("If both output dtype and output tensor provided dtype should match")
    return output(tensor.values, tensor, dtype=dtype, memory_config=memory_config, into=into)


@operation("ttnn.typecast", _typecast, others=[_typecast_from], operands=ANYWHERE)
def typecast(
    input_tensor: Tensor,
    dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensor in another data type."""
    return _cast(input_tensor, dtype, memory_config, output_tensor)


@operation("ttnn.experimental.typecast", _typecast, operands=ANYWHERE)
def experimental_typecast(
    input_tensor: Tensor,
    dtype: DataType,
    memory_config: MemoryConfig | None = None,
    optional_output_tensor: Tensor | None = None,
) -> Tensor:
    """The tensor in another data type."""
    return _cast(input_tensor, dtype, memory_config, optional_output_tensor)


@operation("ttnn.clone", lambda input, dtype=None: _same(input, dtype).clone())
def clone(
    input: Tensor,
    *,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
) -> Tensor:
    """A copy."""
    if input.layout is Layout.ROW_MAJOR and dtype not in (None, input.dtype):
        raise fatal("Clone: data type conversion is only supported with tile layout")
    return output(input.values, input, dtype=dtype, memory_config=memory_config)


@operation("ttnn.move", _same)
def move(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The tensor in other memory; its old memory is given back."""
    moved = output(input_tensor.values, input_tensor, memory_config=memory_config)
    input_tensor.deallocate()
    return moved


def _copied(input_a: torch.Tensor, input_b: torch.Tensor | None = None, dtype: DataType | None = None) -> torch.Tensor:
    return _same(input_a, dtype).clone() if input_b is None else input_a.to(input_b.dtype)


def _copy(input_a: Tensor, input_b: Tensor) -> Tensor:
    """``input_a``'s elements in ``input_b``'s memory."""
    if tuple(input_a.shape) != tuple(input_b.shape):
        raise fatal(f"Input tensor shape {input_a.shape} does not match output tensor shape {input_b.shape}")
    return output(input_a.values, input_a, into=input_b)


copy = operation("ttnn.copy", _copied)(_copy)


@operation("ttnn.assign", _copied, others=[_copy])
def assign(
    input_tensor: Tensor,
    *,
    memory_config: MemoryConfig,
    dtype: DataType | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """A copy."""
    return output(input_tensor.values, input_tensor, dtype=dtype, memory_config=memory_config, into=output_tensor)


def _bitcast(input_tensor: torch.Tensor, dtype: DataType) -> torch.Tensor:
    return input_tensor.view(as_stored(torch.zeros(1), dtype).dtype)


@operation("ttnn.bitcast", _bitcast)
def bitcast(
    input_tensor: Tensor,
    dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensor's bits taken for another data type of the same size."""
    four_bytes = {DataType.FLOAT32, DataType.INT32, DataType.UINT32}
    if not {input_tensor.dtype, dtype} <= four_bytes:
        raise NotEmulated(f"bits of {input_tensor.dtype.name} taken for {dtype.name}")
    bits = input_tensor.values if input_tensor.dtype is not DataType.UINT32 else input_tensor.values.to(torch.int32)
    values = bits.view(torch.float32 if dtype is DataType.FLOAT32 else torch.int32)
    return output(values, input_tensor, dtype=dtype, memory_config=memory_config, into=output_tensor)


def _plus_one(input_tensor: torch.Tensor) -> torch.Tensor:
    return input_tensor + 1


@operation("ttnn.plus_one", _plus_one)
def plus_one(
    input_tensor: Tensor, sub_core_grids: CoreRangeSet | None = None, skip_negative_entries: bool = False
) -> Tensor:
    """One more, in the tensor's own memory."""
    values = input_tensor.values.long()
    more = torch.where(values >= 0, values + 1, values) if skip_negative_entries else values + 1
    return output(more, input_tensor, into=input_tensor)
