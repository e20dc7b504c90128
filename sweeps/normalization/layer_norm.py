"""ttnn.layer_norm against torch.nn.functional.layer_norm: plain, with weight and bias, interleaved and sharded."""

from __future__ import annotations

from itertools import product

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_with_pcc,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

INTERLEAVED = [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG]
BLOCK_SHARDED = ttnn.create_sharded_memory_config([64, 256], ttnn.CoreGrid(y=2, x=4), ttnn.ShardStrategy.BLOCK)

parameters = {
    "nightly": {
        "input_a_shape,input_a_memory_config,memory_config": [
            *product([[32, 32], [5, 37, 100], [2, 3, 64, 96]], INTERLEAVED, INTERLEAVED),
            ([64, 256], BLOCK_SHARDED, BLOCK_SHARDED),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "with_weight_and_bias": [False, True],
        "epsilon": [1e-12, 1e-5],
    },
}


def run(
    input_a_shape, input_a_dtype, input_a_memory_config, with_weight_and_bias, epsilon, memory_config, *, device
) -> list:
    width = input_a_shape[-1:]
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype).float()
    torch_weight = torch_bias = weight = bias = None
    if with_weight_and_bias:
        torch_weight = tensor_to_dtype(torch_random(width, 0.5, 2, torch.float32), ttnn.bfloat16).float()
        torch_bias = tensor_to_dtype(torch_random(width, -1, 1, torch.float32), ttnn.bfloat16).float()
        weight = ttnn.from_torch(torch_weight, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
        bias = ttnn.from_torch(torch_bias, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    expected = torch.nn.functional.layer_norm(torch_input, width, torch_weight, torch_bias, epsilon)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.layer_norm(input_a, epsilon=epsilon, weight=weight, bias=bias, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
