"""ttnn.untilize: the values of a tiled tensor arrive in rows unchanged; bfloat8_b becomes bfloat16."""

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

parameters = {
    "nightly": {
        "input_a_shape": [[77], [32, 32], [5, 37, 100], [2, 3, 64, 96], [1, 1, 49, 320]],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32, ttnn.int32],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def run(input_a_shape, input_a_dtype, input_a_memory_config, memory_config, *, device) -> list:
    expected = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)

    input_a = ttnn.from_torch(
        expected, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.untilize(input_a, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_equal(expected, actual), e2e_ns]
