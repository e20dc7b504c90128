"""Operations that give a tensor another order or shape: permute, transpose, reshape, squeeze, unsqueeze, expand."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch

from ..coordinates import CoreRange, CoreRangeSet
from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig, ShardSpec
from ..operation import ANYWHERE, operation
from ..shape import TILE_SIZE, Shape
from ..tensor import Tensor
from .result import cpp, output, working

Sizes = Sequence[int] | Shape


def dimension(dim: int, rank: int) -> int:
    """``dim`` counted from the front, or ttnn's error."""
    if not -rank <= dim < rank:
        given = dim if dim >= 0 else 2**64 - 1  # whatever it is
        raise fatal(f"Index is out of bounds for the rank, should be between 0 and {rank - 1} however is {given}")
    return dim % rank


def _permute(input_tensor: torch.Tensor, dims: Sequence[int]) -> torch.Tensor:
    return torch.permute(input_tensor, tuple(dims))


def _permuted(tensor: Tensor, order: list[int], wanted: MemoryConfig | None) -> Tensor:
    where = wanted or _turned_placement(tensor, order)
    return output(_permute(working(tensor), order), tensor, memory_config=where, reshards=True)


def _turned_placement(tensor: Tensor, order: list[int]) -> MemoryConfig | None:
    """Where a tiled, sharded matrix goes when it is transposed; None where it goes as any permutation does.

    Shards by height become shards by width, and blocks change rows for columns. Shards by width stay if they fit.
    """
    config, rank = tensor.memory_config(), len(order)
    spec, scheme = config.shard_spec, config.memory_layout
    swapped = [*range(rank - 2), rank - 1, rank - 2]
    if order != swapped or spec is None or tensor.layout is not Layout.TILE or prod(list(tensor.shape)[:-2]) != 1:
        return None
    grid = spec.grid
    if scheme is TensorMemoryLayout.WIDTH_SHARDED:
        square = tensor.shape[-1] == tensor.shape[-2]
        return config if square else MemoryConfig(TensorMemoryLayout.INTERLEAVED, config.buffer_type)
    if scheme is TensorMemoryLayout.HEIGHT_SHARDED:
        scheme = TensorMemoryLayout.WIDTH_SHARDED
    else:
        end = grid.bounding_box().end
        grid = CoreRangeSet({CoreRange((0, 0), (end.y, end.x))})
    return MemoryConfig(scheme, config.buffer_type, ShardSpec(grid, spec.shape[::-1], spec.orientation))


@operation("ttnn.permute", _permute)
def permute(
    input_tensor: Tensor, dims: Sizes, pad_value: float = 0.0, *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """The tensor with its dimensions in the order ``dims``."""
    rank = len(input_tensor.shape)
    if len(dims) != rank:
        raise fatal("The number of dimensions in the tensor input does not match the length of the desired ordering")
    order = [dimension(dim, rank) for dim in dims]
    if len(set(order)) != rank:
        raise NotEmulated("a permutation that names a dimension twice")
    return _permuted(input_tensor, order, memory_config)


def _transpose(input_tensor: torch.Tensor, dim1: int, dim2: int) -> torch.Tensor:
    return torch.transpose(input_tensor, dim1, dim2)


@operation("ttnn.transpose", _transpose)
def transpose(
    input_tensor: Tensor, dim1: int, dim2: int, pad_value: float = 0.0, *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """The tensor with two dimensions exchanged."""
    rank = len(input_tensor.shape)
    order = list(range(rank))
    if rank < 2 and input_tensor.layout is Layout.TILE and -rank <= dim1 < rank and -rank <= dim2 < rank:
        raise fatal("Can't convert shape rank")
    one, other = dimension(dim1, rank), dimension(dim2, rank)
    order[one], order[other] = other, one
    return _permuted(input_tensor, order, memory_config)


def _sizes(shape: Sizes, volume: int) -> tuple[int, ...]:
    """``shape`` with its -1, if it has one, worked out; ttnn's errors for what doesn't hold ``volume`` elements."""
    sizes = [int(size) for size in shape]
    if sizes.count(-1) > 1:
        text = ",".join(map(str, sizes))
        raise fatal(f"Shape cannot have more than 1 elements that is set to -1! Shape used: ({text},)")
    known = prod(size for size in sizes if size != -1)
    if -1 in sizes and known and volume % known == 0:
        sizes[sizes.index(-1)] = volume // known
    if prod(sizes) != volume or -1 in sizes:
        raise fatal("Invalid arguments to reshape")
    return tuple(sizes)


def _keeps_pages(tensor: Tensor, shape: tuple[int, ...]) -> bool:
    """Whether a reshape leaves every page as it is, so that ttnn makes a view of the same memory."""
    old, new = (1, 1, *tensor.shape), (1, 1, *shape)
    if old[-1] != new[-1]:
        return False
    return tensor.layout is Layout.ROW_MAJOR or old[-2] == new[-2] or old[-2] % TILE_SIZE == new[-2] % TILE_SIZE == 0


def reshaped(tensor: Tensor, shape: tuple[int, ...], memory_config: MemoryConfig | None = None) -> Tensor:
    """``tensor`` in another shape of equal volume: a view of its memory where ttnn makes one, else a copy."""
    config = tensor.memory_config()
    keeps = _keeps_pages(tensor, shape) and memory_config in (None, config)
    if keeps and not config.is_sharded():
        return tensor.reshaped(shape)
    if memory_config is None and keeps:
        memory_config = config
    if not keeps and tensor.dtype in (DataType.UINT16, DataType.UINT8):
        raise fatal("Can only work with bfloat16/float32 or int32/uint32 tensors")
    if memory_config is not None and memory_config.is_sharded() and not config.is_sharded():
        if memory_config.shard_spec is None and memory_config.nd_shard_spec is None:
            scheme = f"(layout={cpp(memory_config.memory_layout)})"
            raise fatal(
                f"ttnn.reshape: sharded output memory_config {scheme} was supplied without a shard_spec, and no "
                "input_shard_spec is available (input is likely interleaved). Either provide a shard_spec on "
                "memory_config or omit memory_config to inherit it from the input tensor."
            )
    by_blocks = config.memory_layout is TensorMemoryLayout.BLOCK_SHARDED
    return output(tensor.values.reshape(shape), tensor, memory_config=memory_config, reshards=not by_blocks)


def _reshape(input_tensor: torch.Tensor, shape: Sizes) -> torch.Tensor:
    return input_tensor.reshape(tuple(int(size) for size in shape))


def _reshape_with_padding(
    input_tensor: Tensor,
    logical_shape: Sizes,
    padded_shape: Sizes,
    *,
    memory_config: MemoryConfig | None = None,
    pad_value: float | None = None,
    reshape_tile_mode: object = None,
    sub_core_grids: CoreRangeSet | None = None,
    skip_padding_fill: bool = False,
) -> Tensor:
    logical, padded = tuple(logical_shape), tuple(padded_shape)
    if prod(logical) != input_tensor.logical_volume():
        return _part_of_what_is_stored(input_tensor, logical, padded)
    result = reshaped(input_tensor, logical, memory_config)
    if padded != tuple(result.padded_shape):
        raise NotEmulated("padding beyond whole tiles")
    return result


def _part_of_what_is_stored(tensor: Tensor, logical: tuple[int, ...], padded: tuple[int, ...]) -> Tensor:
    """``tensor`` with its first elements along each dimension for elements, and the others for padding."""
    is_part = len(logical) == len(tensor.shape) and all(n <= own for n, own in zip(logical, tensor.shape, strict=True))
    if not is_part or padded != tuple(tensor.padded_shape):
        raise NotEmulated("padding that becomes elements, or elements that move")
    window = tuple(slice(size) for size in logical)
    return Tensor.distribute(
        [part[window] for part in tensor.parts],
        dtype=tensor.dtype,
        layout=tensor.layout,
        device=tensor.device(),
        memory_config=tensor.memory_config(),
        tile=tensor.tile,
        padded_to=padded,
    )


@operation("ttnn.reshape", _reshape, others=[_reshape_with_padding], operands=ANYWHERE)
def reshape(
    input_tensor: Tensor,
    shape: Sizes,
    *,
    memory_config: MemoryConfig | None = None,
    pad_value: float | None = None,
    reshape_tile_mode: object = None,
    sub_core_grids: CoreRangeSet | None = None,
    skip_padding_fill: bool = False,
) -> Tensor:
    """The elements in another shape; one size may be -1."""
    return reshaped(input_tensor, _sizes(shape, input_tensor.logical_volume()), memory_config)


@operation("ttnn.view", _reshape)
def view(input_tensor: Tensor, shape: Sizes) -> Tensor:
    """The same memory under another shape, whose last dimension must be the same."""
    sizes = _sizes(shape, input_tensor.logical_volume())
    if sizes[-1:] != tuple(input_tensor.shape)[-1:]:
        change = f"from {input_tensor.shape[-1]} to {sizes[-1]}, use reshape instead"
        raise fatal(f"The last dimension can not change in view, attempting to change last dimension {change}")
    return reshaped(input_tensor, sizes)


def _reshape_on_device(input_tensor: torch.Tensor, W: int, Z: int, Y: int, X: int) -> torch.Tensor:
    return input_tensor.reshape(W, Z, Y, X)


@operation("ttnn.reshape_on_device", _reshape_on_device)
def reshape_on_device(
    input_tensor: Tensor, W: int, Z: int, Y: int, X: int, *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """The elements in a shape of four sizes, one of which may be -1; tiles must stay as many as they are."""
    sizes = _sizes((W, Z, Y, X), input_tensor.logical_volume())
    rank = max(len(input_tensor.shape), 2)
    if rank < 4:
        raise fatal(f"ShapeBase[] index out of range. 3 not in [-4, {rank})")
    if sizes[-1] != input_tensor.shape[-1] and input_tensor.dtype not in (DataType.BFLOAT16, DataType.FLOAT32):
        raise fatal(f"Input tensor dtype must be BFLOAT16 or FLOAT32 but got {cpp(input_tensor.dtype)}")
    old = input_tensor.volume()
    new = prod(sizes[:2]) * prod(-(-size // TILE_SIZE) * TILE_SIZE for size in sizes[2:])
    if input_tensor.layout is Layout.TILE and old != new:
        needed = "Tile reshape requires the input and output to have the same tile-padded physical volume"
        remedy = "Reshapes that change the tile padding are not supported on the tile path; use ttnn::reshape instead."
        raise fatal(f"{needed}, but got input {old} and output {new}. {remedy}")
    return reshaped(input_tensor, sizes, memory_config)


def _out_of_range(dim: int, limit: int) -> RuntimeError:
    return fatal(f"Dimension out of range (expected to be in range of [-{limit},{limit - 1}], but got {dim})")


def _unsqueeze(input_tensor: torch.Tensor, dim: int) -> torch.Tensor:
    return torch.unsqueeze(input_tensor, dim)


@operation("ttnn.unsqueeze", _unsqueeze, operands=ANYWHERE)
def unsqueeze(input_tensor: Tensor, dim: int) -> Tensor:
    """The tensor with a dimension of size 1 put in at ``dim``."""
    sizes = list(input_tensor.shape)
    if not -len(sizes) - 1 <= dim <= len(sizes):
        raise _out_of_range(dim, len(sizes) + 1)
    sizes.insert(dim if dim >= 0 else dim + len(sizes) + 1, 1)
    return reshaped(input_tensor, tuple(sizes))


def _unsqueeze_to_4d(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.reshape((1,) * (4 - tensor.dim()) + tuple(tensor.shape))


@operation("ttnn.unsqueeze_to_4D", _unsqueeze_to_4d, operands=ANYWHERE)
def unsqueeze_to_4d(tensor: Tensor) -> Tensor:
    """The tensor with leading dimensions of size 1, four dimensions in all."""
    if len(tensor.shape) > 4:
        raise fatal("Tensor rank is greater than 4")
    return reshaped(tensor, (1,) * (4 - len(tensor.shape)) + tuple(tensor.shape))


def _squeeze(input_tensor: torch.Tensor, dim: int | Sequence[int] | None = None) -> torch.Tensor:
    if dim is None:
        return torch.squeeze(input_tensor)
    return torch.squeeze(input_tensor, dim if isinstance(dim, int) else tuple(dim))


@operation("ttnn.squeeze", _squeeze, operands=ANYWHERE)
def squeeze(input_tensor: Tensor, dim: int | Sequence[int] | None = None) -> Tensor:
    """The tensor without the dimensions ``dim``, by default all, as far as their size is 1."""
    sizes = tuple(input_tensor.shape)
    given = [dim] if isinstance(dim, int) else list(range(len(sizes)) if dim is None else dim)
    for one in given:
        if not -len(sizes) <= one < len(sizes):
            raise _out_of_range(one, len(sizes))
    dropped = {one % len(sizes) for one in given if sizes[one] == 1}
    return reshaped(input_tensor, tuple(size for index, size in enumerate(sizes) if index not in dropped))


def _expand(input_tensor: torch.Tensor, output_shape: Sizes) -> torch.Tensor:
    return input_tensor.expand(tuple(int(size) for size in output_shape))


@operation("ttnn.expand", _expand)
def expand(input_tensor: Tensor, output_shape: Sizes, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The tensor with dimensions of size 1 repeated; -1 leaves a dimension as it is."""
    own = tuple(input_tensor.shape)
    if len(output_shape) < len(own):
        raise fatal("Output rank must be >= input rank for expand")
    for size, wanted in zip(own[::-1], list(output_shape)[::-1], strict=False):
        if size != 1 and wanted not in (-1, size):
            raise fatal("Only size 1 dimensions can be expanded in the output shape")
    return output(_expand(working(input_tensor), output_shape), input_tensor, memory_config=memory_config)
