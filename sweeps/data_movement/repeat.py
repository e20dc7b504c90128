"""ttnn.repeat against torch.Tensor.repeat, along each dimension and along several."""

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

parameters = {
    "nightly": {
        "input_a_shape,repeat_dims": [
            ([77], [3]),
            ([32, 32], [1, 4]),
            ([5, 37, 100], [2, 1, 1]),
            ([5, 37, 100], [1, 2, 2]),
            ([1, 1, 64, 96], [2, 3, 1, 1]),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    repeat_dims,
    memory_config,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch_input.repeat(repeat_dims)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.repeat(input_a, repeat_dims, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
