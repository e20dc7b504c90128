"""What stands around attention: tensors split into heads and joined again, and rotary embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch.nn import functional

from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import MemoryConfig
from ..operation import Operands, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import FLOATS, cpp, optional_working, output, working

_OPERANDS = Operands(on_host="Operands to SDPA need to be on device")


def _split_heads(
    input_tensor: torch.Tensor,
    kv_input_tensor: torch.Tensor | None = None,
    *,
    num_heads: int,
    num_kv_heads: int | None = None,
    transpose_key: bool = True,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    fused = input_tensor if kv_input_tensor is None else torch.cat([input_tensor, kv_input_tensor], -1)
    shared = num_kv_heads or num_heads
    heads = fused.reshape(*fused.shape[:2], num_heads + 2 * shared, -1).transpose(1, 2)
    query, key, value = torch.split(heads, [num_heads, shared, shared], 1)
    return query, key.transpose(-1, -2) if transpose_key else key, value


def _outputs(heads: Sequence[torch.Tensor], like: Tensor, memory_config: MemoryConfig | None) -> tuple[Tensor, ...]:
    return tuple(output(head, like, memory_config=memory_config) for head in heads)


@operation("ttnn.transformer.split_query_key_value_and_split_heads", _split_heads, operands=_OPERANDS)
def split_query_key_value_and_split_heads(
    input_tensor: Tensor,
    kv_input_tensor: Tensor | None = None,
    *,
    num_heads: int,
    num_kv_heads: int | None = None,
    transpose_key: bool = True,
    memory_config: MemoryConfig | None = None,
    use_falcon7b_backend: bool = False,
) -> tuple[Tensor, ...]:
    """Queries, keys (turned) and values of batch, heads, length, width out of a tensor of batch, length, widths."""
    rank = len(input_tensor.shape)
    if input_tensor.layout is not Layout.TILE:
        found = input_tensor.layout.value
        raise fatal(f"Invalid layout: input tensor must use TILE_LAYOUT, but found {found}.")
    if rank != 3:
        raise fatal(f"Invalid input tensor: expected 3 dimensions, but found {rank}.")
    shared = num_kv_heads or num_heads
    width = input_tensor.shape[-1]
    head = width // num_heads if kv_input_tensor is not None else width // (num_heads + 2 * shared)
    if head % TILE_SIZE:
        multiple = f"The head size must be a multiple of the tile width ({TILE_SIZE})"
        raise fatal(f"Invalid head size: {head}. {multiple}. Please adjust the dimensions accordingly.")
    _check_type(input_tensor)
    heads = _split_heads(
        working(input_tensor),
        optional_working(kv_input_tensor),
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        transpose_key=transpose_key,
    )
    return _outputs(heads, input_tensor, memory_config)


def _create_heads(
    input: torch.Tensor,
    input_kv: torch.Tensor | None = None,
    *,
    num_heads: int,
    num_kv_heads: int | None = None,
    transpose_k_heads: bool = True,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    flat = input.squeeze(1), None if input_kv is None else input_kv.squeeze(1)
    return _split_heads(*flat, num_heads=num_heads, num_kv_heads=num_kv_heads, transpose_key=transpose_k_heads)


@operation("ttnn.experimental.nlp_create_qkv_heads", _create_heads, operands=_OPERANDS)
def nlp_create_qkv_heads(
    input: Tensor,
    input_kv: Tensor | None = None,
    *,
    num_heads: int,
    num_kv_heads: int | None = None,
    transpose_k_heads: bool = True,
    kv_tied: bool = False,
    memory_config: MemoryConfig | None = None,
) -> tuple[Tensor, ...]:
    """Queries, keys and values of batch, heads, length, width out of a tensor of batch, 1, length, all of them."""
    shared = num_kv_heads or num_heads
    parts = num_heads if input_kv is not None else num_heads + 2 * shared
    if kv_tied:
        raise NotEmulated("keys and values in one")
    _check_rank(input)
    _check_type(input)
    if input.layout is not Layout.TILE:
        raise fatal(f"Input tensor layout must be TILE but got {cpp(input.layout)}")
    if input.shape[-1] % parts or input.shape[-1] // parts % TILE_SIZE:
        raise fatal("Unsupported input shape")
    if input.shape[1] != 1:
        raise fatal(f"Unsupported input sequence length {input.shape[1]} is not equal to 1")
    heads = _create_heads(
        working(input),
        optional_working(input_kv),
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        transpose_k_heads=transpose_k_heads,
    )
    return _outputs(heads, input, memory_config)


def _check_rank(tensor: Tensor) -> None:
    rank = len(tensor.shape)
    if rank < 4:
        raise throw(f"ShapeBase[] index out of range. 3 not in [-4, {max(rank, 2)})")


def _check_type(tensor: Tensor) -> None:
    if tensor.dtype not in FLOATS - {DataType.BFLOAT4_B}:
        raise fatal("Unsupported data format")


def _check_joined(tensor: Tensor) -> None:
    _check_type(tensor)
    if tensor.layout is not Layout.TILE:
        raise fatal(f"Input tensor layout must be TILE but got {cpp(tensor.layout)}")


def _join_heads(input_tensor: torch.Tensor) -> torch.Tensor:
    return input_tensor.transpose(1, 2).flatten(2)


@operation("ttnn.transformer.concatenate_heads", _join_heads, operands=_OPERANDS)
def concatenate_heads(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """Batch, length, heads * width out of batch, heads, length, width."""
    if len(input_tensor.shape) != 4:
        raise fatal(f"Input tensor must have rank 4. Shape: {input_tensor.shape}")
    head = input_tensor.shape[-1]
    if head % TILE_SIZE:
        remedy = "Update the matmul that uses the output of this operation to include padding in the weights."
        raise fatal(f"Head size must be a multiple of {TILE_SIZE} but was found to be {head}. {remedy}")
    _check_joined(input_tensor)
    return output(_join_heads(working(input_tensor)), input_tensor, memory_config=memory_config)


@operation("ttnn.experimental.nlp_concat_heads", lambda x: _join_heads(x).unsqueeze(1), operands=_OPERANDS)
def nlp_concat_heads(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """Batch, 1, length, heads * width out of batch, heads, length, width."""
    _check_rank(input_tensor)
    _check_joined(input_tensor)
    return output(_join_heads(working(input_tensor)).unsqueeze(1), input_tensor, memory_config=memory_config)


def _rotate_half(input: torch.Tensor) -> torch.Tensor:
    low, high = input.chunk(2, -1)
    return torch.cat((-high, low), -1)


@operation(
    "ttnn.experimental.rotate_half",
    _rotate_half,
    operands=Operands("Input tensor must be on device. Current storage type: 0.", "Input Tensor is not allocated"),
)
def rotate_half(input: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The last dimension's second half, negated, before its first."""
    width = input.padded_shape[-1]
    if width % (2 * TILE_SIZE):
        raise fatal(f"Input X dimension ({width}) must be divisible by {2 * TILE_SIZE} for tiling.")
    if input.is_sharded() or (memory_config is not None and memory_config.is_sharded()):
        raise fatal("RotateHalf does not currently support sharding")
    return output(_rotate_half(working(input)), input, layout=Layout.TILE, memory_config=memory_config)


def _rotary(
    input_tensor: torch.Tensor, cos_cache: torch.Tensor, sin_cache: torch.Tensor, token_index: int | None = None
) -> torch.Tensor:
    where = slice(input_tensor.shape[-2]) if token_index is None else slice(token_index, token_index + 1)
    return input_tensor * cos_cache[..., where, :] + _rotate_half(input_tensor) * sin_cache[..., where, :]


@operation(
    "ttnn.experimental.rotary_embedding",
    _rotary,
    operands=Operands("Input tensor must be on device", looks_at_all=False),
    renamed={"token_idx": "token_index"},  # as ttnn's golden function calls it
)
def rotary_embedding(
    input_tensor: Tensor,
    cos_cache: Tensor,
    sin_cache: Tensor,
    token_index: int | None = None,
    *,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
) -> Tensor:
    """Each position turned by its angle; all positions by that of ``token_index``, if given.

    The output's length is that of whole tiles, as ttnn makes it, with zeros for positions that the input hasn't.
    """
    *_, length, width = input_tensor.shape
    if cos_cache.dtype is not sin_cache.dtype:
        raise fatal("Cos and Sin dtypes must match")
    if tuple(cos_cache.padded_shape) != tuple(sin_cache.padded_shape):
        sizes = f"Cos cache dimensions: {cos_cache.padded_shape}, Sin cache dimensions: {sin_cache.padded_shape}"
        raise fatal(f"Cosine and Sine cache dimensions must match. {sizes}.")
    if token_index is not None and input_tensor.shape[0] != 1:
        needed = "When token index is provided, sequence length must be 1"
        raise fatal(f"{needed}. Current sequence length: {input_tensor.shape[0]}.")
    for name, cache in (("Cosine", cos_cache), ("Sine", sin_cache)):
        if cache.shape[-1] != width or cache.shape[0] != 1 or cache.shape[1] != 1:
            expected = f"Expected (1, 1, {width}), but got {cache.shape}"
            raise fatal(f"{name} cache dimensions must match input dimensions. {expected}.")
        if token_index is None and cache.shape[-2] < length:
            lengths = f"Input sequence length: {length}, {name[:3]} cache sequence length: {cache.shape[-2]}"
            raise fatal(f"{name} cache must cover the input sequence length. {lengths}.")
    if input_tensor.memory_config().memory_layout is TensorMemoryLayout.WIDTH_SHARDED:
        layout = cpp(input_tensor.memory_config().memory_layout)
        raise fatal(f"Input tensor memory layout must not be WIDTH_SHARDED but got {layout}")
    turned = _rotary(working(input_tensor), working(cos_cache), working(sin_cache), token_index)
    padded = functional.pad(turned, (0, 0, 0, -length % TILE_SIZE))
    return output(padded, input_tensor, layout=Layout.TILE, memory_config=memory_config)
