"""ttnn.multiply against torch.mul: equal and broadcast shapes, interleaved and sharded, and as real models call it."""

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
from pytest_ttnn_sweeps.traced import MasterConfigLoader, unpack_binary_traced_config

loader = MasterConfigLoader()
SHAPES = [
    {"self": [77], "other": [77]},
    {"self": [5, 37, 100], "other": [5, 37, 100]},
    {"self": [1, 1, 1, 96], "other": [2, 3, 64, 96]},
    {"self": [2, 3, 64, 96], "other": [2, 1, 64, 1]},
]
INTERLEAVED = [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG]
BLOCK_SHARDED = ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=2, x=4), ttnn.ShardStrategy.BLOCK)

parameters = {
    "nightly": {
        "input_shape,input_a_memory_config,input_b_memory_config": [
            *product(SHAPES, INTERLEAVED, INTERLEAVED),
            ({"self": [256, 256], "other": [256, 256]}, BLOCK_SHARDED, BLOCK_SHARDED),
        ],
        "input_a_dtype,input_a_layout,input_b_dtype,input_b_layout": [
            (ttnn.bfloat16, ttnn.TILE_LAYOUT, ttnn.bfloat16, ttnn.TILE_LAYOUT),
            (ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT, ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT),
            (ttnn.bfloat8_b, ttnn.TILE_LAYOUT, ttnn.bfloat8_b, ttnn.TILE_LAYOUT),
            (ttnn.bfloat16, ttnn.TILE_LAYOUT, ttnn.bfloat8_b, ttnn.TILE_LAYOUT),
            (ttnn.float32, ttnn.TILE_LAYOUT, ttnn.float32, ttnn.TILE_LAYOUT),
        ],
    },
    "model_traced": loader.get_suite_parameters("multiply"),
}


def run(
    input_shape=None,
    input_a_dtype=None,
    input_b_dtype=None,
    input_a_layout=None,
    input_b_layout=None,
    input_a_memory_config=None,
    input_b_memory_config=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    if traced_config_name:
        (
            input_shape,
            input_a_dtype,
            input_b_dtype,
            input_a_layout,
            input_b_layout,
            input_a_memory_config,
            input_b_memory_config,
        ) = unpack_binary_traced_config(traced_config_name)
    torch_a = tensor_to_dtype(torch_random(input_shape["self"], -100, 100, torch.float32), input_a_dtype)
    torch_b = tensor_to_dtype(torch_random(input_shape["other"], -100, 100, torch.float32), input_b_dtype)
    expected = torch.mul(torch_a, torch_b)

    input_a = ttnn.from_torch(
        torch_a, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    input_b = ttnn.from_torch(
        torch_b, dtype=input_b_dtype, layout=input_b_layout, device=device, memory_config=input_b_memory_config
    )
    start = start_measuring_time()
    output = ttnn.multiply(input_a, input_b)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
