"""ttnn.split against torch.split, part by part: equal parts, a smaller last part, and parts of given sizes."""

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
        "input_a_shape,split_size,dim": [
            ([77], 20, 0),
            ([64, 96], 32, 1),
            ([2, 3, 64, 96], 1, 1),
            ([2, 3, 64, 96], 40, -1),
            ([5, 37, 100], [10, 27], 1),
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
    input_a_shape, split_size, dim, input_a_dtype, input_a_layout, input_a_memory_config, memory_config, *, device
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch.split(torch_input, split_size, dim)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    outputs = ttnn.split(input_a, split_size, dim, memory_config=memory_config)
    actual = [ttnn.to_torch(output) for output in outputs]
    e2e_ns = stop_measuring_time(start)

    checks = [check_with_pcc(part, actual_part, 0.999) for part, actual_part in zip(expected, actual, strict=True)]
    # One verdict for all parts: that of the first wrong one.
    return [next((check for check in checks if not check.ok), checks[0]), e2e_ns]
