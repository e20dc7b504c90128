"""Attention, heads, rotary embedding and caches."""

from __future__ import annotations

from calls import DRAM, L1, Made, N, T, call

_Q, _KV = T((1, 4, 32, 32)), T((1, 2, 32, 32))
call("transformer.scaled_dot_product_attention", _Q, _KV, _KV, golden=True)
call(
    "transformer.scaled_dot_product_attention",
    _Q,
    _Q,
    _Q,
    attn_mask=T((1, 1, 32, 32)),
    is_causal=False,
    scale=0.5,
    golden=True,
)
call("transformer.scaled_dot_product_attention", _Q, T((1, 4, 64, 32)), T((1, 4, 64, 32)), is_causal=False, golden=True)
call("transformer.scaled_dot_product_attention", _Q, T((1, 4, 64, 32)), T((1, 4, 64, 32)))
call("transformer.scaled_dot_product_attention", _Q, _Q, _Q, attn_mask=T((1, 1, 32, 32)))
call("transformer.scaled_dot_product_attention", _Q, T((1, 3, 32, 32)), T((1, 3, 32, 32)))
call("transformer.scaled_dot_product_attention", _Q, T((2, 4, 32, 32)), T((2, 4, 32, 32)))
call("transformer.scaled_dot_product_attention", *[T((1, 4, 32, 32), "float32")] * 3)
call("transformer.scaled_dot_product_attention", *[T((1, 4, 32, 32), layout="ROW_MAJOR")] * 3)
call("transformer.scaled_dot_product_attention", *[T((4, 32, 32))] * 3)
call("transformer.scaled_dot_product_attention", _Q, _Q, _Q, attn_mask=T((1, 1, 64, 32)), is_causal=False)
call(
    "transformer.scaled_dot_product_attention",
    _Q,
    _Q,
    _Q,
    program_config=Made(
        "SDPAProgramConfig", (), {"compute_with_storage_grid_size": (8, 8), "q_chunk_size": 33, "k_chunk_size": 32}
    ),
)
call("transformer.scaled_dot_product_attention", *[T((1, 2, 50, 32), memory="L1")] * 3)
_CACHE = T((2, 2, 64, 32))
call("transformer.scaled_dot_product_attention_decode", T((1, 2, 4, 32)), _CACHE, _CACHE, cur_pos=[3, 40], golden=True)
call("transformer.scaled_dot_product_attention_decode", T((1, 2, 4, 32)), _CACHE, _CACHE, is_causal=False, golden=True)
call("transformer.scaled_dot_product_attention_decode", T((1, 3, 4, 32)), _CACHE, _CACHE, cur_pos=[3, 5, 6])
call("transformer.scaled_dot_product_attention_decode", T((1, 2, 4, 32)), _CACHE, _CACHE)
call(
    "transformer.attention_softmax",
    T((1, 2, 4, 32), "float32"),
    head_size=16,
    attention_mask=T((1, 1, 1, 32), "float32"),
    golden=True,
)
call("transformer.attention_softmax", T((1, 2, 64, 64)), head_size=16)
call("transformer.attention_softmax_", T((1, 2, 64, 64)), head_size=None, attention_mask=T((1, 1, 32, 64)))
call("transformer.attention_softmax", T((1, 2, 64, 64)), head_size=16, attention_mask=T((1, 1, 64, 64)))
call("transformer.attention_softmax", T((1, 2, 64, 64)), head_size=16, attention_mask=T((1, 1, 32, 32)))
_SPLIT = "transformer.split_query_key_value_and_split_heads"
call(_SPLIT, T((2, 4, 192), "float32"), num_heads=2, golden=True)
call(_SPLIT, T((2, 4, 192), "float32"), num_heads=2, transpose_key=False, golden=True)
call(_SPLIT, T((2, 4, 256), "float32"), num_heads=4, num_kv_heads=2, golden=True)
call(_SPLIT, T((2, 4, 64), "float32"), T((2, 4, 128), "float32"), num_heads=2, golden=True)
call(_SPLIT, T((2, 1, 64, 384)), num_heads=4)
call(_SPLIT, T((2, 64, 240)), num_heads=4)
call("transformer.concatenate_heads", T((2, 2, 4, 32), "float32"), golden=True)
call("transformer.concatenate_heads", T((2, 4, 64, 20)))
call("transformer.concatenate_heads", T((4, 64, 32)))
call("experimental.nlp_create_qkv_heads", T((2, 1, 64, 384)), num_heads=4, transpose_k_heads=False)
call("experimental.nlp_create_qkv_heads", T((2, 1, 64, 256)), num_heads=4, num_kv_heads=2)
call("experimental.nlp_concat_heads", T((2, 4, 64, 32)))
call("experimental.rotary_embedding", T((1, 2, 32, 64)), T((1, 1, 64, 64)), T((1, 1, 64, 64)))
call("experimental.rotary_embedding", T((1, 2, 50, 64)), T((1, 1, 64, 64)), T((1, 1, 64, 64)), memory_config=L1)
call("experimental.rotary_embedding", T((1, 1, 4, 64)), T((1, 1, 64, 64)), T((1, 1, 64, 64)), 5)
call("experimental.rotary_embedding", T((1, 2, 64, 64)), T((1, 1, 32, 64)), T((1, 1, 32, 64)))
call("experimental.rotary_embedding", T((1, 2, 64, 64)), T((1, 1, 64, 32)), T((1, 1, 64, 32)))
call("fill_cache", T((2, 4, 64, 32)), T((1, 4, 32, 32)), 1, golden=True)
call("fill_cache", T((2, 4, 64, 32)), T((1, 4, 32, 32)), 5)
call("kv_cache.fill_cache_for_user_", T((2, 4, 64, 32)), T((1, 3, 32, 32)), 1)
call("update_cache", T((2, 4, 64, 32)), T((1, 4, 2, 32)), 5, golden=True)
call("kv_cache.update_cache_for_token_", T((2, 4, 64, 32)), T((1, 4, 2, 32)), 5)
call("experimental.rotate_half", T((1, 2, 32, 64)))
call("plus_one", T((32,), "int32", layout="ROW_MAJOR"))
call("adaptive_avg_pool2d", T((1, 1, 64, 32), layout="ROW_MAJOR"), 1, 8, 8, 32, [2, 4], memory_config=DRAM)
call("adaptive_max_pool2d", T((1, 1, 64, 32), layout="ROW_MAJOR"), 1, 8, 8, 32, [2, 4], memory_config=DRAM)
call("experimental.typecast", T((2, 32)), N("float32"))
call("reshape_on_device", T((2, 3, 4, 5), "float32"), 1, 2, 6, 10)
call("reshape_on_device", T((2, 1, 32, 32), "float32"), 1, 1, 64, 32, golden=True)
call("Tensor.__getitem__", T((2, 3, 4, 8)), (slice(None), 1, slice(0, 2)))
call("Tensor.__getitem__", T((2, 3, 4, 8)), 1)
