"""ttnn.transformer.scaled_dot_product_attention against torch's: causal, masked and full, with shared heads."""

from __future__ import annotations

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_with_pcc,
    gen_bin,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

parameters = {
    "nightly": {
        # Queries (batch, heads, positions, head size), then keys and values.
        "input_a_shape,input_b_shape": [
            ([1, 4, 128, 64], [1, 4, 128, 64]),
            ([2, 8, 64, 32], [2, 2, 64, 32]),
            ([1, 2, 100, 64], [1, 2, 100, 64]),
            ([1, 4, 32, 64], [1, 4, 160, 64]),
        ],
        "attention": ["causal", "masked", "full"],
        "scale": [None, 0.25],
        "dtype": [ttnn.bfloat16, ttnn.bfloat8_b],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["attention"] == "causal" and vector["input_a_shape"][2] != vector["input_b_shape"][2]:
        return True, "causal attention takes as many keys as queries"
    return False, None


def run(input_a_shape, input_b_shape, attention, scale, dtype, memory_config, *, device) -> list:
    shapes = [input_a_shape, input_b_shape, input_b_shape]
    torch_inputs = [tensor_to_dtype(torch_random(shape, -1, 1, torch.float32), dtype).float() for shape in shapes]
    torch_mask = mask = None
    if attention == "masked":
        # The first position stays visible: a row without any has no softmax.
        torch_mask = gen_bin([input_a_shape[0], 1, input_a_shape[2], input_b_shape[2]]) * -1e4
        torch_mask[..., 0] = 0
        mask = ttnn.from_torch(torch_mask, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    is_causal = attention == "causal"
    expected = torch.nn.functional.scaled_dot_product_attention(
        *torch_inputs, attn_mask=torch_mask, is_causal=is_causal, scale=scale, enable_gqa=True
    )

    inputs = [ttnn.from_torch(x, dtype=dtype, layout=ttnn.TILE_LAYOUT, device=device) for x in torch_inputs]
    start = start_measuring_time()
    output = ttnn.transformer.scaled_dot_product_attention(
        *inputs, attn_mask=mask, is_causal=is_causal, scale=scale, memory_config=memory_config
    )
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    # The device sums in bfloat16, chunk by chunk, with an approximate exponential.
    return [check_with_pcc(expected, actual, 0.99), e2e_ns]
