"""ttnn.transformer.scaled_dot_product_attention_decode against torch: one query per user, each at its own position."""

from __future__ import annotations

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_with_pcc,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)
from pytest_ttnn_sweeps.traced import traced_parameters

parameters = {
    "nightly": {
        # Queries (1, users, heads, head size), keys and values (users, shared heads, positions, head size).
        "input_a_shape,input_b_shape,input_c_shape,cur_pos_tensor_shape": [
            ([1, 1, 4, 64], [1, 1, 128, 64], [1, 1, 128, 64], [1]),
            ([1, 2, 8, 64], [2, 1, 256, 64], [2, 1, 256, 64], [2]),
            ([1, 4, 32, 128], [4, 8, 128, 128], [4, 8, 128, 128], [4]),
            ([1, 1, 3, 32], [1, 1, 96, 32], [1, 1, 96, 32], [1]),
        ],
        "input_a_dtype": [ttnn.bfloat16],
        "input_b_dtype,input_c_dtype": [(ttnn.bfloat16, ttnn.bfloat16), (ttnn.bfloat8_b, ttnn.bfloat8_b)],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "scale": [None, 0.25, 1.0],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("transformer.scaled_dot_product_attention_decode"),
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_memory_config"] == ttnn.L1_MEMORY_CONFIG:
        return True, "interleaved queries have to lie in DRAM"
    if vector["cur_pos_tensor_shape"] is None or not vector.get("is_causal", True):
        return True, "run() expects causal attention with a tensor of positions"
    if vector.get("attention_sink_shape") or vector.get("sliding_window_size"):
        return True, "run() expects attention without sinks and windows"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_memory_config,
    input_b_shape,
    input_b_dtype,
    input_c_shape,
    input_c_dtype,
    cur_pos_tensor_shape,
    scale,
    memory_config,
    input_a_layout=ttnn.TILE_LAYOUT,
    input_b_layout=ttnn.TILE_LAYOUT,
    input_b_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    input_c_layout=ttnn.TILE_LAYOUT,
    input_c_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    cur_pos_tensor_dtype=ttnn.int32,
    cur_pos_tensor_layout=ttnn.ROW_MAJOR_LAYOUT,
    cur_pos_tensor_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    program_config=None,
    compute_kernel_config=None,
    traced_config_name=None,
    *,
    device,
    **plain_attention,
) -> list:
    torch_q = tensor_to_dtype(torch_random(input_a_shape, -1, 1, torch.float32), input_a_dtype).float()
    torch_k = tensor_to_dtype(torch_random(input_b_shape, -1, 1, torch.float32), input_b_dtype).float()
    torch_v = tensor_to_dtype(torch_random(input_c_shape, -1, 1, torch.float32), input_c_dtype).float()
    torch_positions = torch_random(cur_pos_tensor_shape, 0, input_b_shape[2], torch.int32)
    visible = torch.arange(input_b_shape[2]) <= torch_positions[:, None]
    expected = torch.nn.functional.scaled_dot_product_attention(
        torch_q.permute(1, 2, 0, 3), torch_k, torch_v, visible[:, None, None], scale=scale, enable_gqa=True
    ).permute(2, 0, 1, 3)

    q = ttnn.from_torch(
        torch_q, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    k = ttnn.from_torch(
        torch_k, dtype=input_b_dtype, layout=input_b_layout, device=device, memory_config=input_b_memory_config
    )
    v = ttnn.from_torch(
        torch_v, dtype=input_c_dtype, layout=input_c_layout, device=device, memory_config=input_c_memory_config
    )
    positions = ttnn.from_torch(
        torch_positions,
        dtype=cur_pos_tensor_dtype,
        layout=cur_pos_tensor_layout,
        device=device,
        memory_config=cur_pos_tensor_memory_config,
    )
    start = start_measuring_time()
    output = ttnn.transformer.scaled_dot_product_attention_decode(
        q,
        k,
        v,
        cur_pos_tensor=positions,
        scale=scale,
        memory_config=memory_config,
        program_config=program_config,
        compute_kernel_config=compute_kernel_config,
    )
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    # The device sums in bfloat16, chunk by chunk, with an approximate exponential.
    return [check_with_pcc(expected, actual, 0.99), e2e_ns]
