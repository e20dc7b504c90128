"""Attention of one new token for each user, to a cache of which it sees the part that is filled.

How much that is the call tells where it passes positions as a list; a tensor of positions has values, which a tracer
doesn't see. The token at position p sees keys 0 to p.
"""

from __future__ import annotations

from dataclasses import replace

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.fidelity import phases
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted
from pytest_ttnn_sweeps.measure.roofline.peaks import flop_per_cycle
from pytest_ttnn_sweeps.measure.roofline.workload import Workload
from pytest_ttnn_sweeps.traced.values import TensorSpec

DECODING = "transformer.scaled_dot_product_attention_decode"


def decoding(call: OperationCall) -> Workload:
    """Query by keys and weights by values: 2·(width of keys + width of values) for each head, user and key it sees."""
    query, key, value = _operands(call)
    heads, width, value_width = query.shape[2], key.shape[3], value.shape[3]
    flop = 2.0 * heads * sum(_keys_seen(call)) * (width + value_width)
    return Workload(flop, flop / flop_per_cycle() * phases(call))


def tensors_read(call: OperationCall) -> list[TensorSpec]:
    """What has to be read: the query, what else is passed, and of both caches each user's part as far as it is seen."""
    query, *caches = _operands(call)
    parts = [
        replace(cache, shape=(1, cache.shape[1], seen, cache.shape[3]), padded_shape=None)
        for cache in caches
        for seen in _keys_seen(call)
        if seen
    ]
    return [query, *parts, *call.inputs[3:]]


def _operands(call: OperationCall) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
    """Query [1, users, heads, width], keys and values [users, heads, length, width]."""
    if len(call.inputs) < 3:
        raise Uncounted("it has no three tensors")
    query, key, value = call.inputs[:3]
    if any(len(spec.shape) != 4 for spec in (query, key, value)):
        raise Uncounted("its tensors have not four dimensions")
    users = query.shape[1]
    if (
        key.shape[:3] != value.shape[:3]
        or query.shape[0] != 1
        or key.shape[0] != users
        or query.shape[3] != key.shape[3]
    ):
        raise Uncounted("its caches aren't one of keys and one of values for each user")
    return query, key, value


def _keys_seen(call: OperationCall) -> tuple[int, ...]:
    """The number of keys that each user's token sees."""
    for name in ("cur_pos_tensor", "sliding_window_size", "page_table_tensor"):
        if call.argument(name) is not None:
            raise Uncounted(f"how much of its operands it reads depends on {name}")
    users, length = call.inputs[1].shape[0], call.inputs[1].shape[2]
    positions = call.argument("cur_pos")
    if call.argument("is_causal") is False and positions in (None, ()):
        return (length,) * users
    if call.argument("is_causal") is False or not isinstance(positions, tuple) or len(positions) != users:
        raise Uncounted("how much of its operands it reads depends on values")
    seen = tuple(position + 1 for position in positions if type(position) is int and -1 <= position < length)
    if len(seen) != users:
        raise Uncounted("its positions aren't those of the cache")
    return seen
