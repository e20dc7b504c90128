"""ttnn.matmul against torch.matmul: batches, operands of mixed formats, and sharded operands and results."""

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

SHAPES = [
    ([32, 32], [32, 32]),
    ([37, 50], [50, 20]),
    ([5, 37, 100], [1, 100, 64]),
    ([2, 3, 64, 96], [96, 32]),
    ([2, 3, 64, 96], [2, 3, 96, 32]),
]
INTERLEAVED = [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG]
HEIGHT_SHARDED = ttnn.create_sharded_memory_config([256, 64], ttnn.CoreGrid(y=1, x=8), ttnn.ShardStrategy.HEIGHT)
WIDTH_SHARDED = ttnn.create_sharded_memory_config([32, 256], ttnn.CoreGrid(y=1, x=8), ttnn.ShardStrategy.WIDTH)
BLOCK_SHARDED = ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=4, x=4), ttnn.ShardStrategy.BLOCK)

parameters = {
    "nightly": {
        "input_a_shape,input_b_shape,input_a_memory_config,memory_config": [
            *((*shapes, *configs) for shapes, *configs in product(SHAPES, INTERLEAVED, INTERLEAVED)),
            ([256, 64], [64, 96], HEIGHT_SHARDED, ttnn.L1_HEIGHT_SHARDED_MEMORY_CONFIG),
            ([32, 256], [256, 256], WIDTH_SHARDED, ttnn.L1_WIDTH_SHARDED_MEMORY_CONFIG),
            ([256, 256], [256, 256], BLOCK_SHARDED, BLOCK_SHARDED),
        ],
        "input_a_dtype,input_b_dtype": [
            (ttnn.bfloat16, ttnn.bfloat16),
            (ttnn.bfloat16, ttnn.bfloat8_b),
            (ttnn.bfloat16, ttnn.bfloat4_b),
            (ttnn.bfloat8_b, ttnn.bfloat8_b),
            (ttnn.float32, ttnn.float32),
        ],
    },
}


def run(
    input_a_shape,
    input_a_dtype,
    input_a_memory_config,
    input_b_shape,
    input_b_dtype,
    memory_config,
    *,
    device,
) -> list:
    torch_a = tensor_to_dtype(torch_random(input_a_shape, -1, 1, torch.float32), input_a_dtype).float()
    torch_b = tensor_to_dtype(torch_random(input_b_shape, -1, 1, torch.float32), input_b_dtype).float()
    expected = torch.matmul(torch_a, torch_b)

    input_a = ttnn.from_torch(
        torch_a, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    input_b = ttnn.from_torch(torch_b, dtype=input_b_dtype, layout=ttnn.TILE_LAYOUT, device=device)
    start = start_measuring_time()
    output = ttnn.matmul(input_a, input_b, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
