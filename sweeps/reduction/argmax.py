"""ttnn.argmax: the elements at the places that it finds are the largest ones, as torch.amax has them."""

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
        "input_a_shape,dim": [([77], 0), ([5, 37, 100], -1), ([5, 37, 100], 1), ([2, 3, 64, 96], -1)],
        "keepdim": [False, True],
        "input_a_dtype": [ttnn.bfloat16, ttnn.float32, ttnn.int32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_dtype"] == ttnn.int32 and vector["input_a_layout"] == ttnn.TILE_LAYOUT:
        return True, "argmax takes tiles of bfloat16 and float32 only"
    if vector["input_a_dtype"] == ttnn.int32 and vector["dim"] not in (-1, len(vector["input_a_shape"]) - 1):
        return True, "argmax of integers goes along the last dimension only"
    return False, None


def run(
    input_a_shape, input_a_dtype, input_a_layout, input_a_memory_config, dim, keepdim, memory_config, *, device
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch.amax(torch_input, dim, keepdim)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.argmax(input_a, dim, keepdim, memory_config=memory_config)
    places = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    # Equal elements may share the maximum: any of their places is right.
    places = places.long() if keepdim else places.long().unsqueeze(dim)
    actual = torch.gather(torch_input, dim, places)
    return [check_equal(expected, actual if keepdim else actual.squeeze(dim)), e2e_ns]
