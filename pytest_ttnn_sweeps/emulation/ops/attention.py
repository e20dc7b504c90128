"""Attention and its neighbours: heads split and joined, rotary embedding, key-value caches."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import torch
from torch.nn import functional

from ..enums import BufferType, DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Operands, operation
from ..program_configs import SDPAProgramConfig
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
        if tensor.is_sharded():
            raise fatal("Operands to SDPA need to be DRAM/L1 interleaved")
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
    if q.dtype not in BLOCK_FLOATS | {DataType.BFLOAT16}:
        raise fatal(f"Unsupported data type {cpp(q.dtype)}.")
    if q.layout is Layout.ROW_MAJOR and q.memory_config().memory_layout is not TensorMemoryLayout.HEIGHT_SHARDED:
        only = "ROW_MAJOR Q is only supported when Q is HEIGHT_SHARDED in L1"
        remedy = "Convert Q to TILE layout or shard it."
        raise fatal(f"{only}; interleaved ROW_MAJOR Q is not supported. {remedy}")
    for position, tensor in enumerate((k, v), start=1):
        buffer = tensor.memory_config().buffer_type
        if buffer is not BufferType.DRAM:
            raise fatal(f"Input tensor {position} buffer type must be DRAM but got BufferType::{buffer.name}")
    if not q.is_sharded() and q.memory_config().buffer_type is not BufferType.DRAM:
        buffer = q.memory_config().buffer_type
        raise fatal(f"Q tensor buffer type must be DRAM when not sharded but got BufferType::{buffer.name}")
    _check_sdpa(k, k, v)
    if k.shape[1] > 1 and q.dtype is not DataType.BFLOAT16:
        raise fatal(f"GQA expects BFLOAT16 input tensor, but got {cpp(q.dtype)}")
    if k.shape[0] != q.shape[1]:
        raise fatal(f"K tensor batch size ({k.shape[0]}) must equal B ({q.shape[1]})")
    if is_causal and cur_pos_tensor is None and len(cur_pos) < k.shape[0]:
        length = len(cur_pos)
        raise IndexError(f"vector::_M_range_check: __n (which is {length}) >= this->size() (which is {length})")
    if program_config is None and is_causal and k.shape[2] % TILE_SIZE:
        chunk = k.shape[2] & -k.shape[2]  # the largest power of two that divides the length
        raise fatal(f"Chunk size must be multiple of 32, but the maximum calculated k_chunk_size is: {chunk}")
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
