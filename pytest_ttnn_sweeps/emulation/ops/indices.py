"""Operations that find elements by a condition, or read and write them where indices say: gather, embedding ..."""

from __future__ import annotations

import torch
from torch.nn import functional

from ..coordinates import CoreRangeSet
from ..enums import DataType, EmbeddingsType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Operands, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import BLOCK_FLOATS, as_stored, cpp, is_float, output, untilized_type, working

_OPERANDS = Operands(on_host="Device Operations expect device tensors as inputs")
_HOST = "Expected Tensor with DeviceStorage, got StorageType::HOST"
_COUNT_SIZES = (1, 1, 1, 8)
_COORDINATES = 4


def _nonzero(input_tensor: torch.Tensor) -> list[torch.Tensor]:
    found = torch.nonzero(input_tensor)
    count = torch.zeros(_COUNT_SIZES, dtype=torch.int64)
    count[0, 0, 0, 0] = found.shape[0]
    indices = torch.zeros((1, 1, 1, input_tensor.numel() * _COORDINATES), dtype=torch.int64)
    indices[0, 0, 0, : found.numel()] = found.reshape(-1)
    return [count, indices]


@operation("ttnn.nonzero", _nonzero, operands=_OPERANDS)
def nonzero(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> list[Tensor]:
    """How many elements aren't zero, as the first of eight, and their four coordinates, one element after the other.

    Both in rows of UINT32, in DRAM unless told otherwise; there is room for every element, with zeros behind.
    """
    if len(input_tensor.shape) != _COORDINATES:
        raise fatal(f"non_zero_indices: input must be rank-4, got rank {len(input_tensor.shape)}")
    return [
        Tensor.create(
            values,
            dtype=DataType.UINT32,
            layout=Layout.ROW_MAJOR,
            device=input_tensor.device(),
            memory_config=memory_config or DRAM_MEMORY_CONFIG,
        )
        for values in _nonzero(working(input_tensor))
    ]


def _scatter(
    input: torch.Tensor, dim: int, index: torch.Tensor, src: torch.Tensor, reduce: str | None = None
) -> torch.Tensor:
    where = index.long()
    if reduce is None:
        return torch.scatter(input, dim, where, src)
    return torch.scatter_reduce(input, dim, where, src, "prod" if reduce == "multiply" else "sum")


def _check_scatter(input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str | None) -> None:
    for name, tensor in (("input", input), ("index", index), ("src", src)):
        if tensor.is_sharded():
            raise fatal(f"Sharded tensors are not supported - {name}_tensor is sharded.")
    rank = len(input.shape)
    if not -rank <= dim < rank:
        raise fatal(f"scatter: dim {dim} is out of range for tensor rank {rank}")
    for name, tensor in (("index", index), ("source", src)):
        if len(tensor.shape) != rank:
            ranks = f"input_rank == {rank}, {name}_rank == {len(tensor.shape)}"
            raise fatal(f"input_rank must be equal to {name}_rank ({ranks})")
    for name, tensor, free in (("input", input, dim % rank), ("source", src, None)):
        for at in range(rank):
            if at != free and index.shape[at] > tensor.shape[at]:
                shapes = f"index_shape: {index.shape}, {name}_shape: {tensor.shape}"
                raise fatal(f"index_shape[{at}] <= {name}_shape[{at}] == false ({shapes})")
    for name, tensor in (("input", input), ("source", src)):
        if tensor.dtype is DataType.FLOAT32 and tensor.layout is Layout.TILE:
            what = "Scatter doesn't work for fp32 tiled tensors yet (see to_layout issue #)"
            raise fatal(f"{what} - {name} tensor is {cpp(tensor.dtype)} {cpp(tensor.layout)}.")
    if input.dtype is not src.dtype:
        types = f"input_dtype: {input.dtype.name}, src_dtype: {src.dtype.name}"
        raise fatal(f"input_dtype differs from src_dtype ({types}).")
    if is_float(index):
        raise fatal(f"index_dtype is not integer, it is {index.dtype.name}.")
    if reduce not in (None, "add", "multiply"):
        raise fatal(f"reduce must be either 'add' or 'multiply' (case-sensitive), got {reduce}")


@operation("ttnn.scatter", _scatter, operands=Operands(on_host=_HOST))
def scatter(
    input: Tensor,
    dim: int,
    index: Tensor,
    src: Tensor,
    *,
    memory_config: MemoryConfig | None = None,
    reduce: str | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """``input`` with elements of ``src`` where ``index`` says along ``dim``, or added or multiplied there.

    Block floats come out as BFLOAT16.
    """
    _check_scatter(input, dim, index, src, reduce)
    values = _scatter(working(input), dim, working(index), working(src), reduce)
    dtype = DataType.BFLOAT16 if input.dtype in BLOCK_FLOATS else input.dtype
    return output(values, input, dtype=dtype, memory_config=memory_config)


def _gather(input: torch.Tensor, dim: int, index: torch.Tensor) -> torch.Tensor:
    return torch.gather(input, dim, index.long())


@operation("ttnn.gather", _gather, operands=_OPERANDS)
def gather(
    input: Tensor,
    dim: int,
    index: Tensor,
    *,
    sparse_grad: bool = False,
    memory_config: MemoryConfig | None = None,
    out: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The elements of ``input`` that ``index`` names along ``dim``."""
    if index.dtype not in (DataType.UINT32, DataType.UINT16):
        found = f"DataType::{index.dtype.name}"
        raise fatal(f"gather_codegen: index tensor must be of type UINT32 or UINT16. Got: {found}")
    return output(_gather(working(input), dim, working(index)), input, memory_config=memory_config, into=out)


def _embedding(input_tensor: torch.Tensor, weight: torch.Tensor, dtype: DataType | None = None) -> torch.Tensor:
    found = functional.embedding(input_tensor.long(), weight)
    return found if dtype is None else as_stored(found, dtype)


@operation("ttnn.embedding", _embedding)
def embedding(
    input_tensor: Tensor,
    weight: Tensor,
    *,
    padding_idx: int | None = None,
    layout: Layout | None = None,
    embeddings_type: EmbeddingsType = EmbeddingsType.GENERIC,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """The rows of ``weight`` that ``input_tensor`` names: batch, length, width."""
    if input_tensor.dtype not in (DataType.UINT32, DataType.BFLOAT16):
        raise fatal("Input must be UINT32 or BFLOAT16")
    weights_dtype = untilized_type(weight.dtype)
    if weights_dtype is not DataType.BFLOAT16:
        raise fatal("Weights tensor must have BFLOAT16 dtype")
    *outer, rows, width = weight.shape
    if any(size != 1 for size in outer):
        first, second = (1, 1, *outer)[-2:]
        raise fatal(f"First two dimensions for the weights must be 1 but got {first} and {second}")
    layout = layout or weight.layout
    indices = working(input_tensor)
    if indices.dim() > 2:
        if any(size != 1 for size in indices.shape[1:-1]):
            raise NotEmulated("indices of more than a batch and a length")
        indices = indices.reshape(indices.shape[0], -1)
    if layout is Layout.ROW_MAJOR and dtype not in (None, weights_dtype):
        if indices.shape[-1] % TILE_SIZE == width % TILE_SIZE == 0:
            raise fatal("Can only typecast output embeddings when producing TILE_LAYOUT output")
        dtype = None  # which is what ttnn makes of it
    found = _embedding(indices, working(weight).reshape(rows, width))
    where = memory_config or input_tensor.memory_config()
    return output(found, weight, dtype=dtype or weights_dtype, layout=layout, memory_config=where, into=output_tensor)
