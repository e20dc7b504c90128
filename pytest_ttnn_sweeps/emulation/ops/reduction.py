"""Reductions over dimensions, running sums and products, and what goes by order: argmax, topk, sort."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from ..coordinates import CoreRangeSet
from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import fatal
from ..memory_config import MemoryConfig
from ..operation import LAUNCHED, Form, Operands, Operation, TorchFunction, enter, operation
from ..shape import Shape
from ..tensor import Tensor
from ..tensor_layout import place
from .result import BLOCK_FLOATS, FLOATS, as_stored, cpp, is_without_shards, output, working

Dims = int | Sequence[int] | None

_REDUCED = Operands(on_host="Expected input tensor to be on device")
_FOUND = "Input tensor must be on device"
_FREED = "Input Tensor is not allocated"
_PRECISE = FLOATS - {DataType.BFLOAT4_B}
_WIDE_INTEGERS = {DataType.INT32, DataType.UINT32}
_LONGEST_SHORT_INDEX = 2**16


def reduced_dims(dim: Dims, rank: int) -> list[int]:
    """The dimensions that ``dim`` means, ascending: all for None and for an empty list. Raises ttnn's errors."""
    given = [dim] if isinstance(dim, int) else list(dim or range(rank))
    dims = []
    for index, one in enumerate(given):
        adjusted = one + rank if one < 0 else one
        if not 0 <= adjusted < max(rank, 1):
            needed = f"needs to be at least 0 and less than rank {rank}, or exactly 0 for a rank 0 tensor"
            raise fatal(f"Unsupported dim {adjusted} at index {index}. After possible adjustment, {needed}.")
        dims.append(adjusted)
    dims.sort()
    for index in range(1, len(dims)):
        if dims[index] == dims[index - 1]:
            where = f"(indices {index - 1} and {index}, value {dims[index]})"
            raise fatal(f"reduce dim list contains a duplicate axis after sorting {where}")
    return dims


def check_reduced_type(name: str, dtype: DataType) -> None:
    """Raise ttnn's error for a data type that the reduction called ``name`` doesn't take."""
    if name in ("std", "var"):
        if dtype not in _PRECISE:
            supported = "Only FLOAT32, BFLOAT16, and BFLOAT8_B are supported for Std/Var reduction"
            raise fatal(f"{supported} - got {cpp(dtype)}")
    elif dtype not in _PRECISE | _WIDE_INTEGERS:
        supported = "Only FLOAT32, BFLOAT16, BFLOAT8_B, and UINT32 are supported for generic reduction"
        raise fatal(f"{supported} (INT32 is supported for MAX/MIN/SUM) - got {cpp(dtype)}.")
    elif name == "mean" and dtype in _WIDE_INTEGERS:
        raise fatal(f"ttnn.mean does not support integer inputs - got {cpp(dtype)}.")


def _all_if_none(dim: Dims, rank: int) -> list[int]:
    return [dim] if isinstance(dim, int) else list(dim or range(rank))


def _enter_reduction(name: str, function: TorchFunction, *, corrects: bool = False) -> None:
    def golden(
        input_tensor: torch.Tensor,
        dim: Dims = None,
        keepdim: bool = False,
        scalar: float = 1.0,
        correction: bool | int | None = None,
    ) -> torch.Tensor:
        if not input_tensor.dim():
            return input_tensor.clone()
        settings = {"correction": int(1 if correction is None else correction)} if corrects else {}
        reduced = function(input_tensor, dim=_all_if_none(dim, input_tensor.dim()), keepdim=keepdim, **settings)
        if scalar == 1.0:
            return torch.as_tensor(reduced)
        factor = {"var": scalar**2, "std": abs(scalar)}.get(name, scalar)
        return torch.mul(reduced, factor).to(reduced.dtype)

    def reduce(
        input_tensor: Tensor,
        dim: Dims = None,
        keepdim: bool = False,
        *,
        memory_config: MemoryConfig | None = None,
        compute_kernel_config: object = None,
        scalar: float = 1.0,
        correction: bool | None = None,
        sub_core_grids: CoreRangeSet | None = None,
        fast_and_approximate_mode: bool = False,
        output_layout: Layout | None = None,
    ) -> Tensor:
        """The reduction over the dimensions ``dim``, by default all; ``scalar`` scales the elements."""
        shape = tuple(input_tensor.shape)
        dims = reduced_dims(dim, len(shape))
        check_reduced_type(name, input_tensor.dtype)
        if name in ("max", "min"):
            for one in dims[: len(shape)]:
                if not shape[one]:
                    raise fatal(f"Expected reduction dim {one} to have non-zero size")
        if memory_config is not None and is_without_shards(memory_config) and not input_tensor.is_sharded():
            _refuse_open_sharding(memory_config, dims, len(shape))
        values = golden(working(input_tensor), dims, keepdim, scalar, correction)
        layout = output_layout or _layout(name, input_tensor, dims)
        reshards = keepdim and dims in _refitting(input_tensor)
        return output(values, input_tensor, layout=layout, memory_config=memory_config, reshards=reshards)

    enter(Operation(f"ttnn.{name}", [Form(reduce)], golden, operands=_REDUCED))


def _refuse_open_sharding(config: MemoryConfig, dims: list[int], rank: int) -> None:
    """Raise ttnn's error for a sharding without shards where it takes it as it is, over the last dimensions."""
    if len(dims) > 2:
        raise RuntimeError("bad optional access")
    if all(dim >= rank - 2 for dim in dims):
        raise fatal(
            f"Sharded memory layout {cpp(config.memory_layout)} requires either nd_shard_spec or shard_spec to be set "
            "on the output memory config or the input tensor"
        )


def _refitting(tensor: Tensor) -> list[list[int]]:
    """The dimensions whose reduction, if they are kept, leaves the scheme of a sharded tensor as it is."""
    rank = len(tensor.shape)
    by_height = tensor.memory_config().memory_layout is TensorMemoryLayout.HEIGHT_SHARDED
    return [[rank - 1]] if by_height else [[rank - 1], [rank - 2]]


def _layout(name: str, tensor: Tensor, dims: list[int]) -> Layout:
    """ttnn has row-major kernels for sums and means over one dimension; everything else comes out tiled."""
    rank = len(tensor.shape)
    near = [[rank - 1], [rank - 2]] if name == "sum" else [[dim] for dim in range(rank)]
    rows = tensor.layout is Layout.ROW_MAJOR and tensor.dtype in FLOATS and name in ("sum", "mean") and dims in near
    return Layout.ROW_MAJOR if rows else Layout.TILE


def _integers_too(function: TorchFunction) -> TorchFunction:
    """``function``, which torch has for floats only, on the integers' own type."""
    return lambda x, dim, keepdim: function(x, dim=dim, keepdim=keepdim, dtype=x.dtype)


_enter_reduction("sum", _integers_too(torch.sum))
_enter_reduction("mean", torch.mean)
_enter_reduction("max", torch.amax)
_enter_reduction("min", torch.amin)
_enter_reduction("std", torch.std, corrects=True)
_enter_reduction("var", torch.var, corrects=True)


def _prod(
    input_tensor: torch.Tensor, dim: int | None = None, keepdim: bool = False, dims: Sequence[int] | None = None
) -> torch.Tensor:
    every = list(range(input_tensor.dim()))
    if dims is not None or dim is None:
        for one in dims if dims is not None else every:
            input_tensor = torch.prod(input_tensor, one, keepdim=True)
        return input_tensor if dims is not None or keepdim else input_tensor.reshape(())
    return torch.prod(input_tensor, dim, keepdim=keepdim) if every else input_tensor.clone()


def _prod_into(
    input_tensor: Tensor, output_tensor: Tensor, *, dims: Sequence[int], memory_config: MemoryConfig | None = None
) -> Tensor:
    return output(_prod(working(input_tensor), dims=dims), input_tensor, into=output_tensor)


@operation("ttnn.prod", _prod, others=[_prod_into], operands=Operands("Tensor must already be on device", _FREED))
def prod(
    input_tensor: Tensor, dim: int | None = None, keepdim: bool = False, *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """The product over dimension ``dim``, by default over all of them."""
    rank = len(input_tensor.shape)
    if not isinstance(dim, (int, type(None))):
        raise TypeError("ttnn.prod(): incompatible function arguments: 'dim' is not a number.")
    if dim is not None and not -max(rank, 1) <= dim < max(rank, 1):
        raise fatal(f"Dimension for prod is out of range (expected to be in range of [-{rank}, {rank - 1}])")
    if input_tensor.dtype not in _PRECISE:
        expected = "expected BFLOAT16, FLOAT32 or BFLOAT8_B"
        raise fatal(f"Error - unsupported data type for prod, {expected} but got {cpp(input_tensor.dtype)}.")
    if is_without_shards(memory_config):
        raise RuntimeError("bad optional access")
    values = _prod(working(input_tensor), dim, keepdim)
    return output(values, input_tensor, layout=Layout.TILE, memory_config=memory_config)


def _enter_accumulation(name: str, function: TorchFunction) -> None:
    def golden(
        input_tensor: torch.Tensor, dim: int, dtype: DataType | None = None, reverse_order: bool = False
    ) -> torch.Tensor:
        if not input_tensor.dim():
            return input_tensor.clone()
        kind = input_tensor.dtype
        if reverse_order:
            result = torch.flip(function(torch.flip(input_tensor, [dim]), dim), [dim])
        else:
            result = function(input_tensor, dim)
        return result.to(kind) if dtype is None else as_stored(result, dtype)

    def accumulate(
        input_tensor: Tensor,
        dim: int,
        *,
        dtype: DataType | None = None,
        reverse_order: bool = False,
        out: Tensor | None = None,
        memory_config: MemoryConfig | None = None,
        disable_compensated_sum: bool = False,
    ) -> Tensor:
        """Sums or products of everything up to each element along ``dim``."""
        rank = len(input_tensor.shape)
        if not -max(rank, 1) <= dim < max(rank, 1):
            seen = len(input_tensor.padded_shape)
            raise fatal(f"The requested accumulation axis is {dim}, while the input tensor has rank {seen}.")
        if input_tensor.is_sharded():
            raise fatal("ttnn accumulation operations (cumprod, cumsum) do not support sharded input tensors.")
        if input_tensor.layout is Layout.ROW_MAJOR:
            raise fatal("The provided input tensor has a non-tile layout: ROW_MAJOR.")
        values = golden(working(input_tensor), dim, reverse_order=reverse_order)
        return output(values, input_tensor, dtype=dtype, memory_config=memory_config, into=out)

    enter(Operation(f"ttnn.{name}", [Form(accumulate)], golden, operands=LAUNCHED, renamed={"input": "input_tensor"}))


_enter_accumulation("cumsum", torch.cumsum)
_enter_accumulation("cumprod", torch.cumprod)


def _argmax(input_tensor: torch.Tensor, dim: int | None = None, keepdim: bool = False) -> torch.Tensor:
    if dim is None and keepdim:
        return torch.argmax(input_tensor).reshape((1,) * input_tensor.dim())
    return torch.argmax(input_tensor, dim, keepdim)


@operation(
    "ttnn.argmax",
    _argmax,
    operands=Operands(_FOUND, _FREED),
    renamed={"use_multicore": None},
)
def argmax(
    input_tensor: Tensor,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    sub_core_grids: CoreRangeSet | None = None,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    enable_secondary_dm: bool | None = None,
) -> Tensor:
    """Where the largest element is along ``dim``, or among all of them; row-major UINT32."""
    rank = len(input_tensor.shape)
    tiled = input_tensor.layout is Layout.TILE
    if not rank or 0 in input_tensor.shape:
        return _argmax_of_nothing(input_tensor, dim, keepdim, memory_config)
    if dim is not None and not -rank <= dim < rank:
        expected = f"expected to be in range of [-{rank}, {rank - 1}], but got {dim}"
        raise fatal(f"argmax: Dimension out of range ({expected})")
    if memory_config is not None and memory_config.is_sharded() and output_tensor is None:
        sizes = tuple(_argmax(working(input_tensor), dim, keepdim).shape)
        place(sizes, DataType.UINT32, Layout.ROW_MAJOR, input_tensor.tile, memory_config)
    if tiled and input_tensor.dtype not in (DataType.BFLOAT16, DataType.FLOAT32):
        supported = "Only BFLOAT16, FLOAT32 are supported for inputs with TILE layout"
        raise fatal(f"{supported}, got {cpp(input_tensor.dtype)}")
    if output_tensor is not None and output_tensor.dtype is not DataType.UINT32:
        raise fatal(f"Only UINT32 is supported for outputs, got {cpp(output_tensor.dtype)}")
    if tiled and dim is None:
        raise fatal("For inputs with TILE layout, dim parameter must be specified!")
    if memory_config is not None and memory_config.is_sharded():
        what = "Only INTERLEAVED memory layout is supported for outputs"
        raise fatal(f"{what}, got {cpp(memory_config.memory_layout)}")
    values = _argmax(working(input_tensor), dim, keepdim)
    rows, integers = Layout.ROW_MAJOR, DataType.UINT32
    return output(values, input_tensor, dtype=integers, layout=rows, memory_config=memory_config, into=output_tensor)


def _argmax_of_nothing(tensor: Tensor, dim: int | None, keepdim: bool, memory_config: MemoryConfig | None) -> Tensor:
    """``argmax`` of a tensor without elements or without dimensions, in the tensor's own layout."""
    sizes = list(tensor.shape)
    reduced = range(len(sizes)) if dim is None else [dim % len(sizes)] if sizes else []
    for one in reduced:
        if not sizes[one]:
            raise fatal(f"Expected reduction dim {one} to have non-zero size")
    kept = [1 if at in reduced else size for at, size in enumerate(sizes) if keepdim or at not in reduced]
    return output(torch.zeros(kept), tensor, dtype=DataType.UINT32, memory_config=memory_config)


def _topk(
    input_tensor: torch.Tensor,
    k: int = 32,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    indices_tensor: torch.Tensor | None = None,
    stable: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    if stable:
        ordered = torch.sort(input_tensor, dim=dim, descending=largest, stable=True)
        values, indices = ordered.values.narrow(dim, 0, k), ordered.indices.narrow(dim, 0, k)
    else:
        values, indices = torch.topk(input_tensor, k, dim, largest, sorted)
    return values, indices if indices_tensor is None else torch.gather(indices_tensor.long(), dim, indices)


def _index_type(values: Tensor, length: int) -> DataType:
    short = values.dtype in BLOCK_FLOATS | {DataType.BFLOAT16} and length <= _LONGEST_SHORT_INDEX
    return DataType.UINT16 if short else DataType.UINT32


@operation("ttnn.topk", _topk, operands=Operands(_FOUND), renamed={"out": "output_tensor"})
def topk(
    input_tensor: Tensor,
    k: int = 32,
    dim: int = -1,
    largest: bool = True,
    sorted: bool = True,
    *,
    memory_config: MemoryConfig | None = None,
    sub_core_grids: CoreRangeSet | None = None,
    indices_tensor: Tensor | None = None,
    output_tensor: tuple[Tensor, Tensor] | None = None,
    stable: bool = False,
) -> list[Tensor]:
    """The ``k`` largest or smallest elements along ``dim``, and where they are."""
    rank = len(input_tensor.shape)
    if not -rank <= dim < rank:
        raise fatal(f"Dimension for topk is out of range (expected to be in range of [-{rank}, {rank - 1}])")
    length = input_tensor.shape[dim]
    if k > length:
        raise fatal(f"K cannot be larger than the dimension size! K={k}, dimension size={length}")
    if input_tensor.layout is not Layout.TILE:
        raise fatal("The input must be in tiled format")
    if input_tensor.dtype not in _PRECISE:
        raise fatal(f"Input tensor must be BFLOAT16, BFLOAT8_B, or FLOAT32, got: {cpp(input_tensor.dtype)}")
    if memory_config is not None and memory_config.is_sharded():
        raise fatal("Sharded implementation not supported yet")
    given = None if indices_tensor is None else working(indices_tensor)
    values, indices = _topk(working(input_tensor), k, dim, largest, sorted, given, stable)
    into: Sequence[Tensor | None] = output_tensor or (None, None)
    if output_tensor is not None:
        _check_preallocated(output_tensor, input_tensor, tuple(values.shape))
    kind = _index_type(input_tensor, length)
    return [
        output(values, input_tensor, memory_config=memory_config, into=into[0]),
        output(indices, input_tensor, dtype=kind, memory_config=memory_config, into=into[1]),
    ]


def _check_preallocated(into: Sequence[Tensor], like: Tensor, shape: tuple[int, ...]) -> None:
    for name, tensor in zip(("values", "indices"), into, strict=True):
        if tuple(tensor.shape) != shape:
            shapes = f"Got : {tensor.shape}, expected: {Shape(shape)}"
            raise fatal(f"Preallocated {name} tensor has incorrect shape! {shapes}")
        if tensor.layout is not Layout.TILE:
            raise fatal(f"Preallocated output tensor must be in tiled format, got: {cpp(tensor.layout)}")
    if into[0].dtype is not like.dtype:
        what = "Preallocated output tensor dtype must match input tensor dtype"
        raise fatal(f"{what}. Got output: {cpp(into[0].dtype)}, input: {cpp(like.dtype)}")


def _sort(
    input_tensor: torch.Tensor, dim: int = -1, descending: bool = False, stable: bool = False
) -> tuple[torch.Tensor, torch.Tensor]:
    values, indices = torch.sort(input_tensor, dim=dim, descending=descending, stable=stable)
    return values, indices


@operation("ttnn.sort", _sort, operands=LAUNCHED)
def sort(
    input_tensor: Tensor,
    dim: int = -1,
    descending: bool = False,
    stable: bool = False,
    *,
    memory_config: MemoryConfig | None = None,
    out: Any = None,
) -> list[Tensor]:
    """The elements in order along ``dim``, and where each was."""
    rank = len(input_tensor.shape)
    if not -rank <= dim < rank:
        raise fatal(f"Sort dim {dim} is out of range for rank-{rank} tensor")
    if input_tensor.dtype not in (DataType.BFLOAT16, DataType.UINT16, DataType.FLOAT32):
        raise fatal(f"Input tensor data type must be BFLOAT16, UINT16, or FLOAT32, got {cpp(input_tensor.dtype)}")
    values, indices = _sort(working(input_tensor), dim, descending, stable)
    into = out or (None, None)
    kind = _index_type(input_tensor, input_tensor.shape[dim])
    return [
        output(values, input_tensor, memory_config=memory_config, into=into[0]),
        output(indices, input_tensor, dtype=kind, memory_config=memory_config, into=into[1]),
    ]
