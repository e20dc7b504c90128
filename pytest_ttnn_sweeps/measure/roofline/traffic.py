"""What a call has to move: the bytes of its operands, by the way they have to go.

An operand is read or written once, which is the least that any program can do: a product that has no room in L1 reads
some of them several times. Only operations that are known to leave parts of an operand alone are counted by what they
touch; where that depends on values, which a tracer doesn't see, they aren't counted at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import prod

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.decoding import DECODING, tensors_read
from pytest_ttnn_sweeps.measure.roofline.operands import (
    Uncounted,
    is_in_l1,
    is_on_device,
    is_sharded_in_l1,
    shard_cores,
    size_bytes,
)
from pytest_ttnn_sweeps.traced.values import TensorSpec


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TRANSFERS = _names(
    "allocate_tensor_on_device as_tensor copy_device_to_host_tensor copy_host_to_device_tensor deallocate dump_tensor "
    "from_device from_torch load_tensor to_device to_torch"
)
"""Between host and device, or without any data: not the device's work."""
_FREE = _names("experimental.view reinterpret_cast reshape squeeze unsqueeze unsqueeze_to_4D view Tensor.reshape")
"""Often only another view of the same memory: the least that they move is nothing."""
_CONVERSIONS = _names("to_dtype to_layout to_memory_config typecast tilize untilize reallocate move")
"""Where nothing changes they may do nothing."""
_CHOOSING = _names("Tensor.__getitem__ embedding gather slice")
"""They read of their first tensor, or of the second for an embedding, no more than they write."""
_FILLING = _names("fill_cache kv_cache.fill_cache_for_user")
"""They copy the tensor that is passed last into a part of another of that size."""
MOVEMENTS = (
    _FREE
    | _CONVERSIONS
    | _FILLING
    | _CHOOSING
    | _names(
        "arange assign bcast clone concat copy empty empty_like fill fill_implicit_tile_padding fold full full_like "
        "identity interleaved_to_sharded nchw_to_nhwc ones ones_like pad permute repeat repeat_interleave reshard roll "
        "rotate sharded_to_interleaved split stack tilize_with_val_padding tilize_with_zero_padding transpose "
        "untilize_with_unpadding zeros zeros_like "
        "experimental.nlp_concat_heads experimental.nlp_create_qkv_heads transformer.concatenate_heads "
        "transformer.split_query_key_value_and_split_heads"
    )
)
"""Operations that compute nothing."""
_EMPTY = _names("empty empty_like")
_WRITING = _names("ceil_bw fill fill_zero_bw floor_bw full_like ones_like round_bw sign_bw trunc_bw zeros_like")
"""Of their tensors they want the shape alone."""
_BY_VALUE = _names(
    "embedding_bw experimental.attn_matmul_from_cache experimental.nlp_kv_cache_load_slice "
    "experimental.slice_write index_fill indexed_fill "
    "kv_cache.update_cache_for_token_ moe moreh_getitem nonzero sampling scatter scatter_add sparse_matmul "
    "tosa_gather tosa_scatter transformer.chunked_flash_mla_prefill "
    "transformer.chunked_scaled_dot_product_attention transformer.flash_mla_prefill "
    "transformer.flash_multi_latent_attention_decode transformer.paged_flash_multi_latent_attention_decode "
    "transformer.paged_scaled_dot_product_attention_decode "
    "update_cache"
)
"""What they read depends on positions and indices."""
_BETWEEN_DEVICES = ("all_", "reduce_scatter", "point_to_point", "broadcast", "mesh_partition", "gather_scatter")
_FOREIGN = ("experimental.paged_", "experimental.all_", "experimental.reduce_scatter", "ccl.")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of one call on one ASIC."""

    dram: int = 0
    """To and from DRAM."""
    l1_interleaved: int = 0
    """To and from L1 over the banks of all cores: almost all of it crosses the NoC."""
    l1_local: float = 0.0
    """What the busiest core reads of its own L1, at least."""

    @property
    def noc(self) -> int:
        """What crosses the NoC."""
        return self.dram + self.l1_interleaved


def traffic(call: OperationCall) -> Traffic:
    """The least bytes that ``call`` moves. Raises `Uncounted` where that can't be told."""
    name = call.family
    if call.unreadable:
        raise Uncounted(call.unreadable)
    if name in _BY_VALUE or call.operation in _BY_VALUE:
        raise Uncounted("how much of its operands it reads depends on values")
    if name.startswith((*_BETWEEN_DEVICES, *_FOREIGN)) and name not in ("all", "broadcast_to"):
        raise Uncounted("traffic between devices, and pages chosen by value, aren't counted")
    inputs = [spec for spec in call.inputs if is_on_device(spec)]
    outputs = [spec for spec in call.outputs if is_on_device(spec)]
    if name in _FILLING:
        return _filled(inputs, outputs)
    if name in _FREE or name in _EMPTY or (name in MOVEMENTS and call.gives_back):
        return Traffic()
    if name in _CONVERSIONS and _is_unchanged(inputs, outputs):
        return Traffic()
    if name in _WRITING:
        return _sum(map(_written, outputs))
    if name == DECODING:
        return _sum([*map(_read, filter(is_on_device, tensors_read(call))), *map(_written, outputs)])
    if name in _CHOOSING:
        return _chosen(name, inputs, outputs)
    return _sum([*map(_read, inputs), *map(_written, outputs)])


def is_idle(call: OperationCall) -> bool:
    """Whether a call is none of the device's work."""
    return call.operation in TRANSFERS or not call.is_on_device


def _chosen(name: str, inputs: list[TensorSpec], outputs: list[TensorSpec]) -> Traffic:
    source = 1 if name == "embedding" else 0
    if len(inputs) <= source or len(outputs) != 1:
        raise Uncounted(f"it has {len(inputs)} tensors and {len(outputs)} results")
    chosen, result = inputs[source], outputs[0]
    # As many elements as the result has, in the form that the source has them in: no tile is read that isn't needed.
    share = min(1.0, prod(result.shape) / max(1, prod(chosen.shape)))
    whole = _read(chosen)
    read = Traffic(int(whole.dram * share), int(whole.l1_interleaved * share), 0.0)
    others = [_read(spec) for number, spec in enumerate(inputs) if number != source]
    return _sum([read, *others, _written(result)])


def _filled(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> Traffic:
    if not inputs or len(outputs) != 1:
        raise Uncounted(f"it has {len(inputs)} tensors and {len(outputs)} results")
    source, cache = inputs[-1], outputs[0]
    return _sum([_read(source), _written(replace(source, dtype=cache.dtype, memory_config=cache.memory_config))])


def _read(spec: TensorSpec) -> Traffic:
    size = size_bytes(spec)
    if not is_in_l1(spec):
        return Traffic(dram=size)
    if is_sharded_in_l1(spec):
        return Traffic(l1_local=size / shard_cores(spec))
    return Traffic(l1_interleaved=size)


def _written(spec: TensorSpec) -> Traffic:
    size = size_bytes(spec)
    if not is_in_l1(spec):
        return Traffic(dram=size)
    # How fast a core writes its own L1 is published nowhere.
    return Traffic() if is_sharded_in_l1(spec) else Traffic(l1_interleaved=size)


def _is_unchanged(inputs: list[TensorSpec], outputs: list[TensorSpec]) -> bool:
    def form(spec: TensorSpec) -> tuple[object, ...]:
        return spec.dtype, spec.layout, spec.memory_config

    return len(inputs) == len(outputs) == 1 and form(inputs[0]) == form(outputs[0])


def _sum(parts: Iterable[Traffic]) -> Traffic:
    found = list(parts)
    return Traffic(
        sum(part.dram for part in found),
        sum(part.l1_interleaved for part in found),
        sum(part.l1_local for part in found),
    )
