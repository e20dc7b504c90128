"""ttnn.add against torch.add: equal and broadcast shapes, interleaved and sharded."""

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
from pytest_ttnn_sweeps.traced import traced_parameters

SHAPES = [
    ([77], [77]),
    ([5, 37, 100], [5, 37, 100]),
    ([1, 1, 1, 96], [2, 3, 64, 96]),
    ([2, 3, 64, 96], [2, 1, 64, 1]),
]
INTERLEAVED = [
    (ttnn.DRAM_MEMORY_CONFIG, ttnn.DRAM_MEMORY_CONFIG, ttnn.DRAM_MEMORY_CONFIG),
    (ttnn.L1_MEMORY_CONFIG, ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG),
]
SHARDED = [
    ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=2, x=4), strategy)
    for strategy in (ttnn.ShardStrategy.HEIGHT, ttnn.ShardStrategy.WIDTH, ttnn.ShardStrategy.BLOCK)
]

parameters = {
    "nightly": {
        "input_a_shape,input_b_shape,input_a_memory_config,input_b_memory_config,memory_config": [
            *((*shapes, *configs) for shapes, configs in product(SHAPES, INTERLEAVED)),
            *(([256, 256], [256, 256], config, config, config) for config in SHARDED),
        ],
        "input_a_dtype,input_a_layout,input_b_dtype,input_b_layout": [
            (ttnn.bfloat16, ttnn.TILE_LAYOUT, ttnn.bfloat16, ttnn.TILE_LAYOUT),
            (ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT, ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT),
            (ttnn.bfloat8_b, ttnn.TILE_LAYOUT, ttnn.bfloat8_b, ttnn.TILE_LAYOUT),
            (ttnn.bfloat16, ttnn.TILE_LAYOUT, ttnn.bfloat8_b, ttnn.TILE_LAYOUT),
            (ttnn.float32, ttnn.TILE_LAYOUT, ttnn.float32, ttnn.TILE_LAYOUT),
            (ttnn.int32, ttnn.TILE_LAYOUT, ttnn.int32, ttnn.TILE_LAYOUT),
        ],
    },
    # The tracer of 2025 could not print activations; these run without any.
    "model_traced": traced_parameters(
        "add",
        assume_defaults=["activations", "input_tensor_a_activations", "input_tensor_b_activations"],
    ),
}


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    input_b_shape,
    input_b_dtype,
    input_b_layout,
    input_b_memory_config,
    scalar=None,
    dtype=None,
    memory_config=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    torch_a = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    input_a = ttnn.from_torch(
        torch_a, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    torch_b = input_b = scalar
    if input_b_shape is not None:
        torch_b = tensor_to_dtype(torch_random(input_b_shape, -100, 100, torch.float32), input_b_dtype)
        input_b = ttnn.from_torch(
            torch_b, dtype=input_b_dtype, layout=input_b_layout, device=device, memory_config=input_b_memory_config
        )
    expected = torch.add(torch_a, torch_b)

    start = start_measuring_time()
    output = ttnn.add(input_a, input_b, dtype=dtype, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
