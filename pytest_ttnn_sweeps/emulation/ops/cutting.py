"""What becomes of block floats where ttnn cuts and joins tensors: it does so within tiles by way of rows."""

from __future__ import annotations

from collections.abc import Sequence

from ..enums import DataType
from ..errors import fatal
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import BLOCK_FLOATS, untilized_type


def check_all_or_none_sharded(tensors: Sequence[Tensor]) -> None:
    """Raise ttnn's error for tensors of which some are sharded."""
    if len({tensor.is_sharded() for tensor in tensors}) > 1:
        raise fatal("All tensors must be sharded or all must be interleaved")


def joined_type(tensors: Sequence[Tensor], dim: int) -> DataType:
    """Tiles that don't end where a tensor does can't be put side by side as they are."""
    dtype, from_end = tensors[0].dtype, dim - len(tensors[0].shape)
    if dtype in BLOCK_FLOATS and len(tensors) > 1 and from_end >= -2:
        if any(tensor.shape[from_end] % TILE_SIZE for tensor in tensors):
            return untilized_type(dtype)
    return dtype


def cut_type(tensor: Tensor, starts: Sequence[int], *, strided: bool = False) -> DataType:
    """The type of a piece that starts at ``starts``: within a tile, tiles are brought into rows before they are cut."""
    if tensor.dtype not in BLOCK_FLOATS or not (strided or any(start % TILE_SIZE for start in starts[-2:])):
        return tensor.dtype
    if strided and tensor.dtype is DataType.BFLOAT8_B:
        raise fatal("Strided slice is not supported for BFLOAT8 tensors")
    return untilized_type(tensor.dtype)


def rolled_type(tensor: Tensor, shifts: int | Sequence[int], dim: int | Sequence[int] | None) -> DataType:
    """The type of a rolled tensor, which ttnn cuts in two and joins the other way round; within tiles it can't all."""
    if tensor.dtype not in BLOCK_FLOATS:
        return tensor.dtype
    by = [shifts] if isinstance(shifts, int) else list(shifts)
    along = [-1] if dim is None else [dim] if isinstance(dim, int) else list(dim)
    dims = [(one - len(tensor.shape) if one >= 0 else one) for one in along]
    within = [one for one, shift in zip(dims, by, strict=False) if one >= -2 and shift % TILE_SIZE]
    if -1 in within:
        raise fatal("All Tensors should have same dtypes.")
    return untilized_type(tensor.dtype) if within else tensor.dtype
