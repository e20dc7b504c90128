"""ttnn.interleaved_to_sharded: a tensor spread over cores by height, width and blocks arrives unchanged."""

from __future__ import annotations

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_equal,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

SHARDED = [
    ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=2, x=4), strategy, orientation)
    for strategy in (ttnn.ShardStrategy.HEIGHT, ttnn.ShardStrategy.WIDTH, ttnn.ShardStrategy.BLOCK)
    for orientation in (ttnn.ShardOrientation.ROW_MAJOR, ttnn.ShardOrientation.COL_MAJOR)
]

parameters = {
    "nightly": {
        "input_a_shape": [[256, 256], [1, 1, 256, 256], [2, 4, 32, 256]],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "sharded_memory_config": SHARDED,
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    return False, None


def run(input_a_shape, input_a_dtype, input_a_layout, input_a_memory_config, sharded_memory_config, *, device) -> list:
    expected = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)

    input_a = ttnn.from_torch(
        expected, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.interleaved_to_sharded(input_a, sharded_memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_equal(expected, actual), e2e_ns]
