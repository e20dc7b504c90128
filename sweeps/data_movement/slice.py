"""ttnn.slice against Python slices, aligned to tiles and not, with steps."""

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
        "input_a_shape,slice_start,slice_end,slice_step": [
            ([77], [5], [70], [1]),
            ([64, 96], [0, 32], [32, 96], [1, 1]),
            ([5, 37, 100], [1, 3, 7], [4, 37, 50], [1, 1, 1]),
            ([2, 3, 64, 96], [0, 1, 0, 0], [2, 3, 64, 64], [1, 1, 1, 1]),
            ([2, 3, 64, 96], [0, 0, 0, 0], [2, 3, 64, 96], [1, 2, 4, 1]),
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
    if vector["input_a_dtype"] == ttnn.bfloat8_b and any(step != 1 for step in vector["slice_step"]):
        return True, "ttnn.slice has no steps for bfloat8_b"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    slice_start,
    slice_end,
    slice_step,
    memory_config,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch_input[tuple(slice(*bounds) for bounds in zip(slice_start, slice_end, slice_step))]

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.slice(input_a, slice_start, slice_end, slice_step, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
