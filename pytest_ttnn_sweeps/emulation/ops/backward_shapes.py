"""Backward operations whose gradients have other shapes than the incoming one: concat, repeat, prod, embedding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import torch
from torch.nn import functional

from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form, operation
from ..shape import TILE_SIZE, Shape
from ..tensor import Tensor
from .backward import Gradient, Way, enter_backward, golden_of, gradients
from .binary import OPERANDS
from .result import cpp, is_float, output, working

_REPEATED_TYPES = (DataType.BFLOAT16, DataType.INT32)


def _concat(a: torch.Tensor, b: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    return torch.concat((a, b), dim=dim or 0)


_CONCAT_GRADIENTS = {"a": Gradient("a", "a"), "b": Gradient("b", "b")}
_CONCAT_WAY = Way({}, _CONCAT_GRADIENTS)


def _concat_bw(
    grad_tensor: Tensor,
    input_tensor_a: Tensor,
    input_tensor_b: Tensor,
    dim: int = 0,
    *,
    are_required_outputs: Sequence[bool] | None = None,
    memory_config: MemoryConfig | None = None,
    input_a_grad: Tensor | None = None,
    input_b_grad: Tensor | None = None,
) -> list[Tensor | None]:
    """The two pieces of the gradient that belong to the tensors which were joined along ``dim``."""
    required = _CONCAT_WAY.required(are_required_outputs)
    tensors = {"g": grad_tensor, "a": input_tensor_a, "b": input_tensor_b}
    _check_joined(tensors, dim)
    sizes = [input_tensor_a.shape[dim], input_tensor_b.shape[dim]]
    for operand, start, wanted in zip((input_tensor_a, input_tensor_b), (0, sizes[0]), required, strict=False):
        # A piece that begins inside of a tile is cut out of rows, and takes any type on its way back.
        begins_in_tile = grad_tensor.layout is Layout.TILE and dim % 4 >= 2 and start % TILE_SIZE != 0
        if wanted and not (begins_in_tile and operand.layout is Layout.TILE):
            _check_piece(grad_tensor, operand, memory_config)
    pieces = torch.split(working(grad_tensor), sizes, dim)
    return [
        _CONCAT_WAY.store(letter, piece.contiguous(), tensors, memory_config, into) if wanted else None
        for letter, piece, into, wanted in zip("ab", pieces, (input_a_grad, input_b_grad), required, strict=False)
    ]


def _check_joined(tensors: Mapping[str, Tensor], dim: int) -> None:
    grad, a, b = tensors.values()
    ranks = [len(tensor.shape) for tensor in (grad, a, b)]
    if ranks != [4, 4, 4]:
        found = f"got grad rank {ranks[0]}, input rank {ranks[1]}, other rank {ranks[2]}"
        raise fatal(f"concat_bw expects rank-4 tensors, {found}")
    if not -4 <= dim < 4:
        index = dim if dim >= 0 else 2**64 + dim + 4
        raise fatal(f"Index is out of bounds for the rank, should be between 0 and 3 however is {index}")
    joined = list(a.shape)
    joined[dim] += b.shape[dim]
    if joined != list(grad.shape):
        raise NotEmulated("a gradient of another shape than that of the tensors joined")


def _check_piece(grad: Tensor, operand: Tensor, memory_config: MemoryConfig | None) -> None:
    """Raise ttnn's error unless a piece of ``grad`` can be written into a tensor that is stored as ``operand`` is."""
    if grad.layout is not operand.layout:
        wanted = f"must equal output tensor layout (Layout::{operand.layout.name})"
        raise fatal(f"Input tensor layout (Layout::{grad.layout.name}) {wanted}")
    if grad.dtype is operand.dtype:
        return
    if grad.layout is not Layout.TILE:
        raise NotEmulated("a gradient in rows of another type than its operand")
    place = memory_config or operand.memory_config()
    needed, found = (
        f"TensorLayout(dtype={cpp(dtype)},page_config=PageConfig(config=TilePageConfig(tile=Tile(tile_shape={{32, 32}},"
        f"face_shape={{16, 16}},num_faces=4))),memory_config={place},alignment=Alignment([32, 32]))"
        for dtype in (grad.dtype, operand.dtype)
    )
    raise fatal(f"The preallocated output tensor needs a layout of {needed}, however it is {found}")


enter_backward("concat", [Form(_concat_bw)], golden_of(_concat, 2))


def _repeat(x: torch.Tensor, shape: Sequence[int]) -> torch.Tensor:
    return x.repeat(*shape)


def _repeat_bw(
    grad_tensor: Tensor,
    input_tensor: Tensor,
    shape: Shape | Sequence[int],
    *,
    memory_config: MemoryConfig | None = None,
) -> list[Tensor]:
    """The sum of the gradients of the repetitions along one of the first two dimensions; nothing for the others."""
    repeats = tuple(shape)
    if len(repeats) != 4 or len(input_tensor.shape) != 4:
        raise NotEmulated("the gradient of a repetition of other tensors than those of rank 4")
    dim = next((dim for dim in (0, 1) if repeats[dim] > 1), None)
    if dim is None:
        return []
    if any(count != 1 for position, count in enumerate(repeats) if position != dim):
        others = ", ".join(f"[{position}]" for position in range(4) if position != dim)
        raise fatal(f"repeat{others} should be 1")
    if dim == 0 and input_tensor.shape[0] != 1:
        raise fatal(f"Input shape[0] must be 1 but got {input_tensor.shape[0]}")
    if dim == 1 and input_tensor.shape[1] != 1:
        raise NotEmulated("the gradient of a repetition of several channels")
    for role, tensor in (("input", grad_tensor), ("output", input_tensor)):
        if tensor.dtype not in _REPEATED_TYPES:
            raise fatal(f"moreh_sum {role} only supports specific data types. [BFLOAT16, INT32]")
        if tensor.layout is not Layout.TILE:
            raise fatal(f"moreh_sum {role} only supports TILE layout.")
    summed = working(grad_tensor).sum(dim, keepdim=True)
    return [output(summed, input_tensor, memory_config=memory_config)]


enter_backward("repeat", [Form(_repeat_bw)], golden_of(_repeat, 1))


def _prod(x: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    return torch.prod(x) if dim is None else torch.prod(x, dim=dim, keepdim=True)


def _check_product(tensor: Tensor, dim: int | None) -> None:
    """Raise ttnn's error for what it has no derivative of a product for, by design or as its kernels are."""
    rank = len(tensor.shape)
    if not is_float(tensor):
        expected = f"expected BFLOAT16, FLOAT32 or BFLOAT8_B but got DataType::{tensor.dtype.name}"
        raise fatal(f"Error - unsupported data type for prod, {expected}.")
    if dim is None:
        return
    if not -rank <= dim < rank:
        raise fatal(f"Dimension for prod is out of range (expected to be in range of [-{rank}, {rank - 1}])")
    if rank == 3 and dim == 0:
        raise fatal("ttnn.pad: padding len can't be larger than input tensor rank")
    if rank != 4:
        raise fatal("The number of dimensions in the tensor input does not match the length of the desired ordering")
    height, width = list(tensor.shape)[-2:]
    padded = -(-height // TILE_SIZE) * TILE_SIZE, -(-width // TILE_SIZE) * TILE_SIZE
    kept = {2: -1, 3: -2}.get(dim % 4)  # the dimension along which the product, whose padding became real, has to fit
    if kept is not None and tensor.shape[kept] != padded[kept]:
        sizes = f"dim a: {tensor.shape[kept]}, dim b: {padded[kept]}"
        raise fatal(f"Broadcasting rule violation at dimension index {kept} (output rank 4), {sizes}")
    if kept is None and (height, width) != padded:
        raise NotEmulated("the gradient of a product of tensors with padding, which becomes part of the gradient,")


def _prod_bw(
    grad_tensor: Tensor, input_tensor: Tensor, *, dim: int | None = None, memory_config: MemoryConfig | None = None
) -> list[Tensor]:
    """The gradient of a product along ``dim``, or of all elements; in tiles."""
    if not isinstance(dim, int | None):
        raise TypeError(f"ttnn.prod_bw(): incompatible function arguments: dim={dim!r} is no whole number.")
    _check_product(input_tensor, dim)
    values = working(input_tensor)
    reduced = _prod(values, dim).shape
    if grad_tensor.logical_volume() != prod(reduced):
        raise NotEmulated("a gradient of another shape than the product")
    if input_tensor.is_sharded():
        raise NotEmulated("the gradient of a product of a sharded tensor")
    (gradient,) = gradients(_prod, working(grad_tensor).reshape(reduced), [values], {"dim": dim})
    return [output(gradient, input_tensor, layout=Layout.TILE, memory_config=memory_config)]


enter_backward("prod", [Form(_prod_bw)], golden_of(_prod, 1))


def _golden_embedding(
    input_tensor: torch.Tensor, weight_tensor: torch.Tensor, output_gradient_tensor: torch.Tensor
) -> torch.Tensor:
    def look_up(weights: torch.Tensor) -> torch.Tensor:
        return functional.embedding(input_tensor.long(), weights).reshape(output_gradient_tensor.shape)

    return gradients(look_up, output_gradient_tensor, [weight_tensor], {})[0]


def _check_embedding(indices: Tensor, grad: Tensor, dtype: DataType | None) -> None:
    """Raise ttnn's error for what its kernel of sums over equal indices doesn't take."""
    if indices.layout is not Layout.ROW_MAJOR:
        raise fatal("Index tensor layout must be ROW_MAJOR but got Layout::TILE")
    if grad.layout is not Layout.TILE:
        raise fatal("Gradient tensor layout must be TILE but got Layout::ROW_MAJOR")
    if indices.dtype not in (DataType.UINT32, DataType.BFLOAT16):
        raise fatal("Index tensor must be UINT32 or BFLOAT16")
    if grad.dtype not in (DataType.BFLOAT16, DataType.BFLOAT8_B):
        raise fatal("Output gradient tensor must be BFLOAT16 or BFLOAT8_B")
    if dtype not in (None, grad.dtype):
        raise fatal("Output and input gradient tensors must have the same dtype")
    if len(indices.shape) < 2:
        raise NotEmulated("the gradient of an embedding of indices in one dimension")
    if indices.shape[-1] % TILE_SIZE:
        raise fatal("Number of columns in the index tensor must be divisible by tile width")
    first, second = (1, 1, *grad.shape)[-4:-2]
    if (first, second) != (1, 1):
        raise fatal(f"First two dimensions for the gradient tensor must be 1, but found {first} && {second}.")
    if grad.shape[-2] != indices.shape[0] * indices.shape[-1]:
        raise fatal("Number of rows in gradient tensor must be equal to number of indices in index tensor")


@operation("ttnn.embedding_bw", _golden_embedding, operands=OPERANDS)
def embedding_bw(
    input_tensor: Tensor,
    weight_tensor: Tensor,
    output_gradient_tensor: Tensor,
    *,
    dtype: DataType | None = None,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
) -> Tensor:
    """The gradients of the weights, [1, 1, words, width]: the sum of those of the rows that name a word."""
    _check_embedding(input_tensor, output_gradient_tensor, dtype)
    words = weight_tensor.shape[-2]
    indices = working(input_tensor).long().reshape(-1)
    grad = working(output_gradient_tensor).reshape(indices.numel(), -1)
    if indices.numel() and not 0 <= int(indices.min()) <= int(indices.max()) < words:
        raise NotEmulated("the gradient of an embedding of indices beyond its words")
    summed = torch.zeros(words, grad.shape[-1]).index_add_(0, indices, grad)
    return output(
        summed.reshape(1, 1, *summed.shape),
        output_gradient_tensor,
        memory_config=memory_config,
        into=output_tensor,
    )
