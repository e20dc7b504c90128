"""Attention and its neighbours: heads split and joined, rotary embedding, key-value caches."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import torch
from torch.nn import functional

from ..configs import SDPAProgramConfig
from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Operands, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import BLOCK_FLOATS, cpp, optional_working, output, working
from .softmax import scaled_and_masked

_OPERANDS = Operands(on_host="Operands to SDPA need to be on device")


def _attend(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, mask: torch.Tensor | None, scale: float | None
) -> torch.Tensor:
    """softmax(scale * q k' + mask) v, with each key-value head serving as many query heads as it takes."""
    share = q.shape[1] // k.shape[1]
    k, v = (x.to(q.dtype).repeat_interleave(share, 1) for x in (k, v))
    mask = None if mask is None else mask.to(q.dtype)
    return functional.scaled_dot_product_attention(q, k, v, mask, scale=scale)


def _below_diagonal(rows: int, columns: int) -> torch.Tensor:
    return torch.full((rows, columns), float("-inf")).triu(1)


def _sdpa(
    input_tensor_q: torch.Tensor,
    input_tensor_k: torch.Tensor,
    input_tensor_v: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    is_causal: bool = True,
    scale: float | None = None,
) -> torch.Tensor:
    mask = _below_diagonal(input_tensor_q.shape[-2], input_tensor_k.shape[-2]) if is_causal else attn_mask
    return _attend(input_tensor_q, input_tensor_k, input_tensor_v, mask, scale)


def _check_sdpa(q: Tensor, k: Tensor, v: Tensor) -> None:
    for tensor in (q, k, v):
        if tensor.layout is not Layout.TILE:
            raise fatal("Inputs to SDPA must be tilized")
        if tensor.dtype not in BLOCK_FLOATS | {DataType.BFLOAT16}:
            types = "BFLOAT16, BFLOAT8_B, or BFLOAT4_B"
            raise fatal(f"Data type of input tensor must be {types} and is {cpp(tensor.dtype)}")
        rank = len(tensor.shape)
        if rank != 4:
            raise throw(f"ShapeBase[] index out of range. 3 not in [{-max(rank, 4)}, {rank})")


def _check_chunks(config: SDPAProgramConfig | None) -> None:
    for name in ("q_chunk_size", "k_chunk_size"):
        size = TILE_SIZE if config is None else getattr(config, name)
        if size <= 0 or size % TILE_SIZE:
            raise fatal(f"{name} must be a positive multiple of TILE_SIZE. Got {name}: {size}, TILE_SIZE: {TILE_SIZE}")


@operation("ttnn.transformer.scaled_dot_product_attention", _sdpa, operands=_OPERANDS)
def scaled_dot_product_attention(
    input_tensor_q: Tensor,
    input_tensor_k: Tensor,
    input_tensor_v: Tensor,
    *,
    attn_mask: Tensor | None = None,
    is_causal: bool = True,
    scale: float | None = None,
    sliding_window_size: int | None = None,
    memory_config: MemoryConfig | None = None,
    program_config: SDPAProgramConfig | None = None,
    compute_kernel_config: object = None,
    attention_sink: Tensor | None = None,
) -> Tensor:
    """Attention of queries, keys and values of batch, heads, length, width; in DRAM unless told otherwise."""
    if sliding_window_size is not None or attention_sink is not None:
        raise NotEmulated("attention with a sliding window or a sink")
    q, k, v = input_tensor_q, input_tensor_k, input_tensor_v
    _check_sdpa(q, k, v)
    if is_causal and attn_mask is not None:
        raise fatal("is_causal and attn_mask cannot both be present. Got is_causal: true, attn_mask: true")
    if not k.shape[0] == v.shape[0] == q.shape[0]:
        raise fatal(f"K and V batch must match. Got K: {k.shape[0]}, V: {v.shape[0]}")
    if not k.shape[1] or q.shape[1] % k.shape[1]:
        needed = (
            "Q num_heads must be >= K num_heads and divisible by K num_heads, and K num_heads must be greater than 0"
        )
        raise fatal(f"{needed}. Got Q: {q.shape[1]}, K: {k.shape[1]}")
    if is_causal and q.shape[2] != k.shape[2]:
        lengths = f"Got Q: {q.shape[2]}, K: {k.shape[2]}"
        raise fatal(f"Causal SDPA requires Q and K to have the same sequence length. {lengths}")
    if attn_mask is not None and attn_mask.shape[2] != q.shape[2]:
        raise fatal("Mask sequence length must match Q sequence length")
    _check_chunks(program_config)
    values = _sdpa(working(q), working(k), working(v), optional_working(attn_mask), is_causal, scale)
    return output(values, q, memory_config=memory_config or DRAM_MEMORY_CONFIG)


def _sdpa_decode(
    input_tensor_q: torch.Tensor,
    input_tensor_k: torch.Tensor,
    input_tensor_v: torch.Tensor,
    is_causal: bool = True,
    attn_mask: torch.Tensor | None = None,
    cur_pos: Sequence[int] = (),
    cur_pos_tensor: torch.Tensor | None = None,
    scale: float | None = None,
) -> torch.Tensor:
    q = input_tensor_q.permute(1, 2, 0, 3)  # 1, batch, heads, width -> batch, heads, 1, width
    mask = None if attn_mask is None else attn_mask.expand(-1, -1, q.shape[1], -1).transpose(1, 2)
    if is_causal:
        last = torch.tensor(list(cur_pos)) if cur_pos_tensor is None else cur_pos_tensor.reshape(-1)
        beyond = torch.arange(input_tensor_k.shape[-2]) > last.reshape(-1, 1, 1, 1)
        mask = torch.zeros(beyond.shape).masked_fill(beyond, float("-inf"))
    return _attend(q, input_tensor_k, input_tensor_v, mask, scale).permute(2, 0, 1, 3)


@operation("ttnn.transformer.scaled_dot_product_attention_decode", _sdpa_decode, operands=_OPERANDS)
def scaled_dot_product_attention_decode(
    input_tensor_q: Tensor,
    input_tensor_k: Tensor,
    input_tensor_v: Tensor,
    *,
    is_causal: bool = True,
    attn_mask: Tensor | None = None,
    cur_pos: Sequence[int] = (),
    cur_pos_tensor: Tensor | None = None,
    attention_sink: Tensor | None = None,
    scale: float | None = None,
    sliding_window_size: int | None = None,
    memory_config: MemoryConfig | None = None,
    program_config: SDPAProgramConfig | None = None,
    compute_kernel_config: object = None,
    share_cache: bool | None = None,
) -> Tensor:
    """Attention of one query position a user, [1, batch, heads, width], over a cache of keys and values.

    A causal query sees the cache up to and including its user's current position.
    """
    if sliding_window_size is not None or attention_sink is not None or share_cache:
        raise NotEmulated("decoding with a sliding window, a sink or a shared cache")
    q, k, v = input_tensor_q, input_tensor_k, input_tensor_v
    _check_sdpa(k, k, v)
    if k.shape[0] != q.shape[1]:
        raise fatal(f"K tensor batch size ({k.shape[0]}) must equal B ({q.shape[1]})")
    if is_causal and cur_pos_tensor is None and len(cur_pos) < k.shape[0]:
        length = len(cur_pos)
        raise IndexError(f"vector::_M_range_check: __n (which is {length}) >= this->size() (which is {length})")
    mask, positions = optional_working(attn_mask), optional_working(cur_pos_tensor)
    values = _sdpa_decode(working(q), working(k), working(v), is_causal, mask, cur_pos, positions, scale)
    return output(values, q, memory_config=memory_config or DRAM_MEMORY_CONFIG)


def _attention_softmax(
    tensor: torch.Tensor, head_size: int | None = None, attention_mask: torch.Tensor | None = None
) -> torch.Tensor:
    scores = tensor * (1.0 if head_size is None else 1 / sqrt(head_size))
    return torch.softmax(scores if attention_mask is None else scores + attention_mask, -1)


def _attention_weights(tensor: Tensor, head_size: int | None, mask: Tensor | None, *, in_place: bool) -> torch.Tensor:
    scale = 1.0 if head_size is None else 1 / sqrt(head_size)
    if mask is None:
        if in_place:
            what = "Cannot apply divide by sqrt(head_size) using in-place version when attention_mask is not set."
            raise fatal(what)
        return _attention_softmax(working(tensor), head_size)
    return scaled_and_masked(tensor, scale, mask, in_place=in_place, rank=len(tensor.shape))


@operation("ttnn.transformer.attention_softmax", _attention_softmax, operands=_OPERANDS)
def attention_softmax(
    tensor: Tensor,
    *,
    head_size: int | None = None,
    attention_mask: Tensor | None = None,
    program_config: object = None,
    causal_mask: bool | None = False,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """The softmax of scores divided by the root of ``head_size``, with a mask added."""
    weights = _attention_weights(tensor, head_size, attention_mask, in_place=False)
    return output(weights, tensor, layout=Layout.TILE, memory_config=memory_config)


@operation("ttnn.transformer.attention_softmax_", _attention_softmax, operands=_OPERANDS)
def attention_softmax_(
    tensor: Tensor,
    *,
    head_size: int | None = None,
    attention_mask: Tensor | None = None,
    program_config: object = None,
    causal_mask: bool | None = False,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """``attention_softmax`` in the tensor's own memory."""
    return output(_attention_weights(tensor, head_size, attention_mask, in_place=True), tensor, into=tensor)


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
    if rank != 3:
        raise fatal(f"Invalid input tensor: expected 3 dimensions, but found {rank}.")
    shared = num_kv_heads or num_heads
    width = input_tensor.shape[-1]
    head = width // num_heads if kv_input_tensor is not None else width // (num_heads + 2 * shared)
    if head % TILE_SIZE:
        multiple = f"The head size must be a multiple of the tile width ({TILE_SIZE})"
        raise fatal(f"Invalid head size: {head}. {multiple}. Please adjust the dimensions accordingly.")
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
    if kv_tied or input.shape[-1] % parts or len(input.shape) != 4 or input.shape[1] != 1:
        raise NotEmulated(f"{parts} heads out of a tensor of shape {list(input.shape)}")
    heads = _create_heads(
        working(input),
        optional_working(input_kv),
        num_heads=num_heads,
        num_kv_heads=num_kv_heads,
        transpose_k_heads=transpose_k_heads,
    )
    return _outputs(heads, input, memory_config)


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
    return output(_join_heads(working(input_tensor)), input_tensor, memory_config=memory_config)


@operation("ttnn.experimental.nlp_concat_heads", lambda x: _join_heads(x).unsqueeze(1), operands=_OPERANDS)
def nlp_concat_heads(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """Batch, 1, length, heads * width out of batch, heads, length, width."""
    return output(_join_heads(working(input_tensor)).unsqueeze(1), input_tensor, memory_config=memory_config)


def _rotate_half(input: torch.Tensor) -> torch.Tensor:
    low, high = input.chunk(2, -1)
    return torch.cat((-high, low), -1)


@operation("ttnn.experimental.rotate_half", _rotate_half)
def rotate_half(input: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The last dimension's second half, negated, before its first."""
    return output(_rotate_half(working(input)), input, memory_config=memory_config)


def _rotary(
    input_tensor: torch.Tensor, cos_cache: torch.Tensor, sin_cache: torch.Tensor, token_index: int | None = None
) -> torch.Tensor:
    where = slice(input_tensor.shape[-2]) if token_index is None else slice(token_index, token_index + 1)
    return input_tensor * cos_cache[..., where, :] + _rotate_half(input_tensor) * sin_cache[..., where, :]


@operation(
    "ttnn.experimental.rotary_embedding",
    _rotary,
    operands=_OPERANDS,
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
    for name, cache in (("Cosine", cos_cache), ("Sine", sin_cache)):
        if cache.shape[-1] != width or cache.shape[0] != 1 or cache.shape[1] != 1:
            expected = f"Expected (1, 1, {width}), but got {cache.shape}"
            raise fatal(f"{name} cache dimensions must match input dimensions. {expected}.")
        if token_index is None and cache.shape[-2] < length:
            lengths = f"Input sequence length: {length}, {name[:3]} cache sequence length: {cache.shape[-2]}"
            raise fatal(f"{name} cache must cover the input sequence length. {lengths}.")
    turned = _rotary(working(input_tensor), working(cos_cache), working(sin_cache), token_index)
    padded = functional.pad(turned, (0, 0, 0, -length % TILE_SIZE))
    return output(padded, input_tensor, memory_config=memory_config)


def _fill_cache(cache: torch.Tensor, input: torch.Tensor, batch_index: int, update_idx: int = 0) -> torch.Tensor:
    filled = cache.clone()
    filled[batch_index : batch_index + 1, :, update_idx : update_idx + input.shape[-2]] = input
    return filled


def _update_cache(cache: torch.Tensor, input: torch.Tensor, update_index: int, batch_offset: int = 0) -> torch.Tensor:
    updated = cache.clone()
    users = cache.shape[0]
    updated[:, :, update_index] = input[0, :, batch_offset : batch_offset + users].transpose(0, 1)
    return updated


def _fill(cache: Tensor, input: Tensor, batch_index: int, *, update_idx: int = 0) -> Tensor:
    """One user's keys or values put into the cache, in its own memory."""
    if batch_index >= cache.shape[0]:
        raise fatal(f"Batch index ({batch_index}) must be less than cache tensor batch size ({cache.shape[0]})")
    if input.shape[1] != cache.shape[1]:
        raise fatal(f"Input tensor height ({input.shape[1]}) must equal cache tensor height ({cache.shape[1]})")
    return output(_fill_cache(working(cache), working(input), batch_index, update_idx), cache, into=cache)


def _update(
    cache: Tensor, input: Tensor, update_index: int, batch_offset: int = 0, compute_kernel_config: object = None
) -> Tensor:
    """One position of every user's keys or values put into the cache, in its own memory."""
    if not 0 <= update_index < cache.shape[2]:
        raise NotEmulated(f"position {update_index} of a cache of length {cache.shape[2]}")
    return output(_update_cache(working(cache), working(input), update_index, batch_offset), cache, into=cache)


_CACHE_NAMES: dict[str, str | None] = {
    "cache_tensor": "cache",
    "input_tensor": "input",
    "batch_idx": "batch_index",
    "update_idx": "update_index",
}
_FILL_NAMES = {name: target for name, target in _CACHE_NAMES.items() if name != "update_idx"}
fill_cache = operation("ttnn.fill_cache", _fill_cache, renamed=_FILL_NAMES)(_fill)
fill_cache_for_user_ = operation("ttnn.kv_cache.fill_cache_for_user_", _fill_cache, renamed=_FILL_NAMES)(_fill)
update_cache = operation("ttnn.update_cache", _update_cache, renamed=_CACHE_NAMES)(_update)
update_cache_for_token_ = operation("ttnn.kv_cache.update_cache_for_token_", _update_cache, renamed=_CACHE_NAMES)(
    _update
)
