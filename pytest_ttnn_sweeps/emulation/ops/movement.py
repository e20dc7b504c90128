"""Operations that join, cut and repeat tensors: concat, stack, slice, split, chunk, repeat, roll ..."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..coordinates import CoreRangeSet
from ..enums import Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import ANYWHERE, Operands, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .arrangement import Sizes, dimension
from .cutting import check_all_or_none_sharded, cut_type, joined_type, rolled_type
from .result import BLOCK_FLOATS, output, untilized_type, working

_OPERANDS = Operands(on_host="Device Operations expect device tensors as inputs")
_SAME_SIZES = (
    "All dimensions must be the same size except for the dimension along which the contenation is taking place."
)


def _concat(tensors: Sequence[torch.Tensor], dim: int = 0) -> torch.Tensor:
    return torch.concat(list(tensors), dim)


@operation("ttnn.concat", _concat, operands=_OPERANDS)
def concat(
    tensors: Sequence[Tensor],
    dim: int = 0,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    groups: int = 1,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensors one after the other along ``dim``; in DRAM unless told otherwise."""
    if not tensors:
        raise fatal("ttnn.concat: expected a non-empty list of Tensors!")
    if groups != 1:
        raise NotEmulated("concatenation by groups")
    first = tensors[0]
    dim = dimension(dim, len(first.shape))
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise fatal("All Tensors should have same dtypes.")
    check_all_or_none_sharded(tensors)
    if len({tensor.layout for tensor in tensors}) > 1 and not all(map(_is_whole_tiles, tensors)):
        raise fatal("ttnn.concat: expected all input tensors to be in tile layout")
    for tensor in tensors[1:]:
        sizes, firsts = list(tensor.shape), list(first.shape)
        if len(sizes) != len(firsts) or sizes[:dim] + sizes[dim + 1 :] != firsts[:dim] + firsts[dim + 1 :]:
            raise fatal(_SAME_SIZES)
    where = memory_config or DRAM_MEMORY_CONFIG
    if where.is_sharded() and where.shard_spec is None and where.nd_shard_spec is None:
        raise RuntimeError("bad optional access")
    _check_shards_joined(tensors, dim, where)
    values = _concat([working(tensor) for tensor in tensors], dim)
    return output(values, first, dtype=joined_type(tensors, dim), memory_config=where, into=output_tensor)


def _check_shards_joined(tensors: Sequence[Tensor], dim: int, where: MemoryConfig) -> None:
    """Raise ttnn's error unless shards can be joined where they are, if they stay sharded."""
    own = tensors[0].memory_config()
    if own.shard_spec is None or not where.is_sharded():
        return
    if len({_grid(tensor.memory_config()) for tensor in tensors}) > 1:
        raise fatal("Sharded tensors must have the same grid.")
    if where.memory_layout is not own.memory_layout:
        raise fatal("Sharded output and inputs must have the same memory layout.")
    if _grid(where) != _grid(own):
        raise fatal("Sharded output and inputs must have the same grid.")
    from_end = len(tensors[0].shape) - dim
    if own.memory_layout is TensorMemoryLayout.HEIGHT_SHARDED and from_end != 1:
        raise fatal("Only support height concat on width-sharded or block-sharded tensors.")
    if own.memory_layout is TensorMemoryLayout.WIDTH_SHARDED and from_end != 2:
        raise fatal("Only support width concat on height-sharded or block-sharded tensors.")


def _grid(place: MemoryConfig) -> str:
    return str(place.shard_spec.grid) if place.shard_spec is not None else ""


def _is_whole_tiles(tensor: Tensor) -> bool:
    sizes = (1, 1, *tensor.shape)[-2:]
    return not any(size % TILE_SIZE for size in sizes)


def _stack(input_tensors: Sequence[torch.Tensor], dim: int) -> torch.Tensor:
    return torch.stack(list(input_tensors), dim)


@operation("ttnn.stack", _stack, operands=_OPERANDS)
def stack(input_tensors: Sequence[Tensor], dim: int) -> Tensor:
    """The tensors side by side along a new dimension ``dim``; in DRAM."""
    first = input_tensors[0]
    if any(tuple(tensor.shape) != tuple(first.shape) for tensor in input_tensors):
        raise fatal(_SAME_SIZES)
    check_all_or_none_sharded(input_tensors)
    values = _stack([working(tensor) for tensor in input_tensors], dim)
    between_tiles = first.dtype in BLOCK_FLOATS and len(input_tensors) > 1 and dim % values.dim() >= values.dim() - 2
    dtype = untilized_type(first.dtype) if between_tiles else first.dtype
    return output(values, first, dtype=dtype, memory_config=DRAM_MEMORY_CONFIG)


def _slices(starts: Sequence[int], ends: Sequence[int], steps: Sequence[int] | None) -> tuple[slice, ...]:
    return tuple(map(slice, starts, ends, steps or (1,) * len(starts)))


def _slice(
    input_tensor: torch.Tensor, slice_start: Any = None, slice_end: Any = None, slice_step: Any = None, **older: Any
) -> torch.Tensor:
    return input_tensor[_slices(slice_start, slice_end, slice_step)]


@operation(
    "ttnn.slice",
    _slice,
    operands=_OPERANDS,
    renamed={"starts": "slice_start", "ends": "slice_end", "steps": "slice_step", "step": "slice_step"},
)
def slice_(
    input_tensor: Tensor,
    slice_start: Sequence[int] | Tensor,
    slice_end: Sequence[int] | Tensor,
    slice_step: Sequence[int] | None = None,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    pad_value: float | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The elements from ``slice_start`` up to ``slice_end`` in each dimension; negative numbers count from the end."""
    if isinstance(slice_start, Tensor) or isinstance(slice_end, Tensor):
        raise NotEmulated("a slice whose ends are tensors")
    sizes = tuple(input_tensor.shape)
    if len(slice_start) != len(sizes):
        raise fatal(f"Input rank {len(sizes)} and begins {len(slice_start)} must have the same size")
    starts = [start + size if start < 0 else start for start, size in zip(slice_start, sizes, strict=True)]
    ends = [end + size if end < 0 else end for end, size in zip(slice_end, sizes, strict=True)]
    for dim, (start, end, size) in enumerate(zip(starts, ends, sizes, strict=True)):
        tiled = input_tensor.layout is Layout.TILE and dim >= len(sizes) - 2
        reach = -(-end // TILE_SIZE) * TILE_SIZE if tiled else end
        limit = tuple(input_tensor.padded_shape)[dim - len(sizes)]
        if reach > limit:
            raise fatal(f"Ends {reach} must be less than or equal to the shape of the tensor {limit}")
        if end > size:
            raise NotEmulated("a slice of the padding")
        if end < start:
            raise fatal(f"End {end} must be greater than or equal to start {start}")
    values = working(input_tensor)[_slices(starts, ends, slice_step)]
    dtype = cut_type(input_tensor, starts, strided=any(step != 1 for step in slice_step or ()))
    return output(values, input_tensor, dtype=dtype, memory_config=memory_config, into=output_tensor, reshards=True)


def _item(tensor: torch.Tensor, index: Any) -> torch.Tensor:
    return tensor[index]


@operation("ttnn.Tensor.__getitem__", _item, operands=ANYWHERE)
def item(tensor: Tensor, index: Any) -> Tensor:
    """What torch gives for the index."""
    given = index if isinstance(index, tuple) else (index,)
    plain = all(isinstance(part, (int, slice)) for part in given) and len(given) <= len(tensor.shape)
    starts = [_start(part, size) for part, size in zip(given, tensor.shape, strict=False)] if plain else []
    starts += [0] * (len(tensor.shape) - len(starts))
    return output(_item(working(tensor), index), tensor, dtype=cut_type(tensor, starts))


def _start(part: int | slice, size: int) -> int:
    return part.indices(size)[0] if isinstance(part, slice) else part % max(size, 1)


def _split(input_tensor: torch.Tensor, split_size: int | Sequence[int], dim: int = 0) -> list[torch.Tensor]:
    return list(torch.split(input_tensor, split_size if isinstance(split_size, int) else list(split_size), dim))


@operation("ttnn.split", _split, operands=_OPERANDS)
def split(
    input_tensor: Tensor, split_size: int | Sequence[int], dim: int = 0, *, memory_config: MemoryConfig | None = None
) -> list[Tensor]:
    """The tensor in pieces of ``split_size`` along ``dim``, or of the sizes that it lists."""
    dim = dimension(dim, len(input_tensor.shape))
    size = input_tensor.shape[dim]
    if isinstance(split_size, int):
        if split_size <= 0:
            raise fatal(f"split_size must be greater than 0, but got: {split_size}")
    elif sum(split_size) != size:
        difference = size - sum(split_size)
        how = f"under-cover it by {difference}" if difference > 0 else "over-cover it"
        sizes = ", ".join(map(str, split_size))
        raise fatal(
            f"split_sizes must sum exactly to the size of dimension {dim} ({size}), but sizes {{{sizes}}} {how}"
        )
    return _pieces(input_tensor, _split(working(input_tensor), split_size, dim), dim, memory_config)


def _pieces(tensor: Tensor, values: list[torch.Tensor], dim: int, where: MemoryConfig | None = None) -> list[Tensor]:
    starts, pieces = [0] * len(tensor.shape), []
    for piece in values:
        pieces.append(output(piece, tensor, dtype=cut_type(tensor, starts), memory_config=where))
        starts[dim] += piece.shape[dim]
    return pieces


def _chunk(input_tensor: torch.Tensor, chunks: int, dim: int) -> list[torch.Tensor]:
    return list(torch.chunk(input_tensor, chunks, dim))


@operation("ttnn.chunk", _chunk, operands=_OPERANDS)
def chunk(input_tensor: Tensor, chunks: int, dim: int) -> list[Tensor]:
    """The tensor in ``chunks`` pieces along ``dim``, all but the last of one size."""
    dim = dimension(dim, len(input_tensor.shape))
    return _pieces(input_tensor, _chunk(working(input_tensor), chunks, dim), dim)


def _repeat(tensor: torch.Tensor, shape: Sizes) -> torch.Tensor:
    times = [int(count) for count in shape]
    return tensor.repeat((1,) * (tensor.dim() - len(times)) + tuple(times))


@operation("ttnn.repeat", _repeat, operands=_OPERANDS, renamed={"shape": "repeat_dims", "repeats": "repeat_dims"})
def repeat(
    input_tensor: Tensor,
    repeat_dims: Sizes,
    *,
    memory_config: MemoryConfig | None = None,
    optional_output_tensor: Tensor | None = None,
) -> Tensor:
    """The tensor repeated ``repeat_dims`` times in each dimension."""
    values = _repeat(working(input_tensor), repeat_dims)
    return output(values, input_tensor, memory_config=memory_config, into=optional_output_tensor)


def _repeat_interleave(tensor: torch.Tensor, repeats: int, dim: int = 0) -> torch.Tensor:
    return torch.repeat_interleave(tensor, repeats, dim)


@operation("ttnn.repeat_interleave", _repeat_interleave, operands=_OPERANDS)
def repeat_interleave(
    input_tensor: Tensor, repeats: int, dim: int, *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """The tensor with every element repeated in place along ``dim``."""
    values = _repeat_interleave(working(input_tensor), repeats, dimension(dim, len(input_tensor.shape)))
    return output(values, input_tensor, memory_config=memory_config)


def _roll(input_tensor: torch.Tensor, shifts: Any, dim: Any = None) -> torch.Tensor:
    given = shifts if isinstance(shifts, int) else tuple(shifts)
    return torch.roll(input_tensor, given) if dim is None else torch.roll(input_tensor, given, dim)


@operation("ttnn.roll", _roll, operands=_OPERANDS)
def roll(
    input_tensor: Tensor,
    shifts: int | Sequence[int],
    dim: int | Sequence[int] | None = None,
    *,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """The tensor shifted along dimensions, what falls off one end coming in at the other."""
    values = _roll(working(input_tensor), shifts, dim)
    return output(values, input_tensor, dtype=rolled_type(input_tensor, shifts, dim), memory_config=memory_config)
