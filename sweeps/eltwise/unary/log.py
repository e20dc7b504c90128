"""ttnn.log against torch.log, on interleaved and on sharded tensors."""

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
SHARDED = [
    ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=2, x=4), strategy)
    for strategy in (ttnn.ShardStrategy.HEIGHT, ttnn.ShardStrategy.WIDTH, ttnn.ShardStrategy.BLOCK)
]

parameters = {
    "nightly": {
        "input_a_shape,input_a_memory_config,memory_config": [
            *product([[77], [32, 32], [5, 37, 100], [2, 3, 64, 96]], INTERLEAVED, INTERLEAVED),
            *((shape, config, config) for shape, config in product([[256, 256], [2, 4, 32, 256]], SHARDED)),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    return False, None


def run(input_a_shape, input_a_dtype, input_a_layout, input_a_memory_config, memory_config, *, device) -> list:
    # Less than 1 could become 0 beside 100 in a block of bfloat8_b.
    torch_input = tensor_to_dtype(torch_random(input_a_shape, 1, 100, torch.float32), input_a_dtype)
    expected = torch.log(torch_input)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.log(input_a, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
