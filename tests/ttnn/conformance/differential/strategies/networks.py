"""Calls of convolutions, pools and attention."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from ..forms import Case, Form, a_tuple, call, make, name, tensor
from .tensors import Draw, Strategy, a_tensor, kernel_config, memory_config, often, rare, some

_FEW = ("bfloat16", "bfloat16", "bfloat16", "bfloat8_b", "float32")


def _conv(draw: Draw, operation: str) -> Case:
    channels, out = draw(st.sampled_from((3, 8, 16, 32, 33))), draw(st.sampled_from((1, 16, 32, 40, 64)))
    batch, height, width = (
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((5, 8, 16))),
        draw(st.sampled_from((7, 8, 16))),
    )
    kernel = [draw(st.sampled_from((1, 2, 3))), draw(st.sampled_from((1, 3)))]
    groups = often(draw, 1, channels if out % channels == 0 else 1, 2, of=5)
    one = operation == "conv1d"
    stride, padding = draw(st.sampled_from((1, 2))), draw(st.sampled_from((0, 1)))
    dilation = often(draw, 1, 2, of=5)
    weight = [out, channels // groups, *([kernel[0]] if one else kernel)]
    if operation == "conv_transpose2d":
        weight = [channels, out // groups, *kernel]
    dtype = draw(st.sampled_from(("bfloat16", "bfloat16", "float32")))
    rows = [1, 1, batch * height * (1 if one else width), channels]
    dims = often(draw, rows, [batch, height, width, channels] if not one else [batch, height, channels], of=3)
    layout = draw(st.sampled_from(("ROW_MAJOR", "ROW_MAJOR", "TILE")))
    kwargs: dict[str, Form] = {
        "input_tensor": a_tensor(draw, dims, [dtype], layout=layout, place=often(draw, "DRAM", "L1", of=4)),
        "weight_tensor": tensor(weight, often(draw, dtype, "float32", of=4), layout="ROW_MAJOR", on_host=True),
        "device": name("device"), "in_channels": channels, "out_channels": out, "batch_size": batch, "groups": groups,
    }  # fmt: skip
    if one:
        kwargs |= {"input_length": height, "kernel_size": kernel[0], "stride": stride, "padding": padding}
    else:
        sides = {"input_height": height, "input_width": width, "kernel_size": a_tuple(kernel)}
        kwargs |= sides | {"stride": a_tuple((stride, stride)), "padding": a_tuple((padding, padding))}
        kwargs |= {"dilation": a_tuple((dilation, dilation))}
    if draw(st.booleans()):
        kwargs["bias_tensor"] = {"tensor": [1, 1, 1, out], "dtype": dtype, "layout": "ROW_MAJOR", "on_host": True}
    if rare(draw, 3):
        settings = some(draw, {"shard_layout": name("TensorMemoryLayout.HEIGHT_SHARDED")},
                        {"shard_layout": name("TensorMemoryLayout.BLOCK_SHARDED")},
                        {"weights_dtype": name("bfloat8_b")},
                        {"activation": make("UnaryWithParam", name("UnaryOpType.RELU"))},
                        {"output_layout": name("Layout.ROW_MAJOR")})  # fmt: skip
        kwargs["conv_config"] = make("Conv2dConfig" if not one else "Conv1dConfig", **settings)
    kwargs |= some(draw, {}, {"dtype": name("bfloat16")}, {"dtype": name("bfloat8_b")}, {"dtype": name("float32")})
    kwargs |= some(draw, {"return_output_dim": True}, {"return_weights_and_bias": True}, {})
    return call(operation, **kwargs)


def _pool(draw: Draw, operation: str) -> Case:
    batch, channels = draw(st.sampled_from((1, 2))), draw(st.sampled_from((3, 16, 32, 40, 64)))
    height, width = draw(st.sampled_from((5, 8, 16))), draw(st.sampled_from((4, 7, 16)))
    layout = draw(st.sampled_from(("ROW_MAJOR", "ROW_MAJOR", "TILE")))
    dims = often(draw, [1, 1, batch * height * width, channels], [batch, height, width, channels], of=4)
    dtypes = ("bfloat16", "bfloat16", "bfloat8_b", "float32") if layout == "TILE" else ("bfloat16",)
    operand = a_tensor(draw, dims, dtypes, layout=layout, place=often(draw, "DRAM", "L1", of=3))  # fmt: skip
    sizes: list[Form] = [operand, batch, height, width, channels]
    kwargs = some(draw, {}, {}, {"memory_config": name("L1_MEMORY_CONFIG")})
    if operation.startswith("adaptive"):
        target = [draw(st.sampled_from((1, 2, 4))), draw(st.sampled_from((1, 2, 3)))]
        return call(operation, *sizes, target, **kwargs)
    kernel = [draw(st.sampled_from((1, 2, 3))), draw(st.sampled_from((2, 3)))]
    stride, padding = (
        [draw(st.sampled_from((1, 2)))] * 2,
        [draw(st.sampled_from((0, 0, 1))), draw(st.sampled_from((0, 1)))],
    )
    further = [[often(draw, 1, 2, of=6)] * 2] if operation == "max_pool2d" else []
    kwargs |= some(draw, {"ceil_mode": True}, {})
    if operation == "max_pool2d":
        kwargs |= some(draw, {}, {}, {"return_indices": True})
    else:
        kwargs |= some(draw, {}, {"count_include_pad": False}, {"divisor_override": 5})
    shards = {
        scheme: {"applied_shard_scheme": name(f"TensorMemoryLayout.{scheme}_SHARDED")} for scheme in ("HEIGHT", "BLOCK")
    }
    kwargs |= some(draw, {}, {}, *shards.values())
    kwargs |= some(draw, {}, {}, {"output_layout": name("Layout.TILE")}, {"dtype": name("bfloat8_b")})
    return call(operation, *sizes, kernel, stride, padding, *further, **kwargs)


def _global_pool(draw: Draw, operation: str) -> Case:
    dims = [
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((4, 7, 32))),
        draw(st.sampled_from((5, 32))),
        draw(st.sampled_from((3, 32, 40))),
    ]
    kwargs = memory_config(draw, [dims[0], 1, 1, dims[3]], of=5) | some(draw, {}, {}, {"dtype": name("bfloat8_b")})
    return call(operation, a_tensor(draw, dims, _FEW), golden=False, **kwargs)


def _upsample(draw: Draw, operation: str) -> Case:
    dims = [
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((4, 8))),
        draw(st.sampled_from((4, 5))),
        draw(st.sampled_from((32, 33, 64))),
    ]
    operand = a_tensor(
        draw, dims, ("bfloat16", "bfloat16", "float32", "bfloat8_b"), place=often(draw, "DRAM", "L1", of=3)
    )
    scale = draw(st.sampled_from((2, 3, a_tuple((2, 3)), 1.5, a_tuple((2.0, 1.5)))))
    return call(
        operation, operand, scale, **some(draw, {}, {}, {"mode": "bilinear"}), **memory_config(draw, dims, of=8)
    )


def _sdpa(draw: Draw, operation: str) -> Case:
    batch, heads, size = (
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((1, 2, 4))),
        draw(st.sampled_from((32, 64, 48))),
    )
    length = draw(st.sampled_from((32, 64, 128, 100)))
    kv_heads = often(draw, heads, 1, 3, of=4)
    dtypes = ("bfloat16", "bfloat16", "bfloat8_b", "float32")
    if operation.endswith("decode"):
        q = a_tensor(draw, [1, batch, heads, size], dtypes, layout="TILE", place=often(draw, "DRAM", "L1"))
        cache = [a_tensor(draw, [batch, kv_heads, length, size], dtypes[:3], layout="TILE", place="DRAM") for _ in "kv"]
        positions = often(draw, {"cur_pos": [length // 2] * batch}, {"cur_pos": [0]}, {}, {"is_causal": False}, of=3)
        return call(operation, q, *cache, **positions, **some(draw, {"scale": 0.5}))
    k_length = often(draw, length, 32, of=5)
    dtype = draw(st.sampled_from(dtypes))
    q = a_tensor(
        draw,
        [batch, heads, length, size],
        [dtype],
        layout=often(draw, "TILE", "ROW_MAJOR", of=12) if dtype != "bfloat8_b" else "TILE",
    )
    rest = [
        a_tensor(
            draw, [batch, kv_heads, k_length, size], [often(draw, dtype, "bfloat16", of=6)], layout="TILE", place="DRAM"
        )
        for _ in "kv"
    ]
    kwargs: dict[str, Form] = often(draw, {"is_causal": True}, {"is_causal": False}, {}, of=2)
    if rare(draw, 3):
        mask = draw(
            st.sampled_from(([batch, 1, length, k_length], [1, 1, length, k_length], [batch, heads, length, k_length]))
        )
        kwargs |= {"attn_mask": a_tensor(draw, mask, ["bfloat16"], layout="TILE", place="DRAM")}
    if rare(draw, 5):
        chunks = {"q_chunk_size": draw(st.sampled_from((32, 64, 33))), "k_chunk_size": draw(st.sampled_from((32, 64)))}
        kwargs["program_config"] = make("SDPAProgramConfig", compute_with_storage_grid_size=a_tuple((8, 8)), **chunks)
    kwargs |= some(draw, {"scale": 0.5}) | memory_config(draw, [batch, heads, length, size], of=8) | kernel_config(draw)
    return call(operation, q, *rest, **kwargs)


def _attention_softmax(draw: Draw, operation: str) -> Case:
    dims = [
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((1, 4))),
        draw(st.sampled_from((32, 64))),
        draw(st.sampled_from((32, 64, 96))),
    ]
    operand = a_tensor(draw, dims, _FEW)
    masks = ([dims[0], 1, 1, dims[3]], [dims[0], 1, 32, dims[3]], dims)
    kwargs = {"head_size": often(draw, 64, None, 32)}
    if not rare(draw, 5):
        kwargs["attention_mask"] = a_tensor(
            draw, draw(st.sampled_from(masks)), ("bfloat16",), layout="TILE", place="DRAM"
        )
    return call(operation, operand, golden=True, **kwargs, **memory_config(draw, dims, of=6))


def _heads(draw: Draw, operation: str) -> Case:
    batch, length = draw(st.sampled_from((1, 2))), draw(st.sampled_from((32, 64, 40)))
    heads, size = draw(st.sampled_from((1, 2, 4))), draw(st.sampled_from((32, 64, 40)))
    if operation in ("transformer.concatenate_heads", "experimental.nlp_concat_heads"):
        dims = [batch, heads, length, size]
        return call(operation, a_tensor(draw, dims, _FEW), golden=True, **memory_config(draw, dims, of=6))
    kv_heads = often(draw, heads, 1, of=4)
    width = size * (heads + 2 * kv_heads)
    dims = [batch, 1, length, width] if operation.startswith("exp") else [batch, length, width]
    kwargs: dict[str, Form] = {"num_heads": heads}
    if kv_heads != heads or draw(st.booleans()):
        kwargs["num_kv_heads"] = kv_heads
    key = "transpose_k_heads" if operation.startswith("exp") else "transpose_key"
    kwargs |= some(draw, {key: False}) | often(draw, {}, {"num_heads": 3}, of=10)
    return call(operation, a_tensor(draw, dims, _FEW), **kwargs, **memory_config(draw, dims, of=8))


def _rotary(draw: Draw, operation: str) -> Case:
    batch, heads, length = (
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((32, 64, 1))),
    )
    size = draw(st.sampled_from((64, 64, 128, 32)))
    dims = [batch, heads, length, size]
    operand = a_tensor(draw, dims, ("bfloat16", "bfloat16", "float32", "bfloat8_b"))
    if operation == "experimental.rotate_half":
        return call(operation, operand, golden=True, **memory_config(draw, dims, of=6))
    caches = [
        a_tensor(
            draw,
            [1, 1, often(draw, 64, 32, of=6), often(draw, size, 64, of=8)],
            ["bfloat16"],
            place="DRAM",
            layout="TILE",
        )
        for _ in "cs"
    ]
    index = [draw(st.sampled_from((0, 5)))] if length == 1 or rare(draw, 5) else []
    return call(operation, operand, *caches, *index, **memory_config(draw, dims, of=6))


def _cache(draw: Draw, operation: str) -> Case:
    users, heads, length, size = (
        draw(st.sampled_from((1, 2, 32))),
        draw(st.sampled_from((1, 2))),
        draw(st.sampled_from((32, 64))),
        32,
    )
    cache = a_tensor(
        draw, [users, heads, length, size], ("bfloat16", "bfloat8_b", "float32"), layout="TILE", place="DRAM"
    )
    if "fill" in operation:
        dims = [1, heads, often(draw, 32, 64, 96, of=4), often(draw, size, 64, of=8)]
        values = a_tensor(draw, dims, [often(draw, cache["dtype"], "bfloat16", of=4)], layout="TILE")
        return call(operation, cache, values, often(draw, 0, users - 1, users, of=3))
    values = a_tensor(
        draw,
        [1, heads, often(draw, 32, users, of=3), size],
        [often(draw, cache["dtype"], "bfloat16", of=4)],
        layout="TILE",
    )
    return call(
        operation, cache, values, often(draw, 3, length - 1, length, of=4), **some(draw, {}, {"batch_offset": 0})
    )


_OPERATIONS: dict[str, Callable[[Draw, str], Case]] = {
    **dict.fromkeys(("conv2d", "conv1d", "conv_transpose2d"), _conv),
    **dict.fromkeys(("max_pool2d", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d"), _pool),
    "global_avg_pool2d": _global_pool,
    "upsample": _upsample,
    **dict.fromkeys(
        ("transformer.scaled_dot_product_attention", "transformer.scaled_dot_product_attention_decode"), _sdpa
    ),
    **dict.fromkeys(("transformer.attention_softmax", "transformer.attention_softmax_"), _attention_softmax),
    **dict.fromkeys(
        [
            "transformer.split_query_key_value_and_split_heads",
            "experimental.nlp_create_qkv_heads",
            "transformer.concatenate_heads",
            "experimental.nlp_concat_heads",
        ],
        _heads,
    ),
    **dict.fromkeys(("experimental.rotate_half", "experimental.rotary_embedding"), _rotary),
    **dict.fromkeys(
        ["fill_cache", "kv_cache.fill_cache_for_user_", "update_cache", "kv_cache.update_cache_for_token_"], _cache
    ),
}


@st.composite
def _drawn(draw: Draw, operation: str) -> Case:
    return _OPERATIONS[operation](draw, operation)


def strategies() -> dict[str, Strategy]:
    """By operation."""
    return {operation: _drawn(operation) for operation in _OPERATIONS}
