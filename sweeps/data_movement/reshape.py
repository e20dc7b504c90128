"""ttnn.reshape against torch.reshape: where tiles stay whole, where they don't, and with an inferred dimension."""

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
from pytest_ttnn_sweeps.traced import traced_parameters

parameters = {
    "nightly": {
        "input_a_shape,shape": [
            ([32, 64], [64, 32]),
            ([2, 3, 64, 96], [6, 64, 96]),
            ([5, 37, 100], [185, 100]),
            ([1, 1, 49, 320], [1, 7, 7, 320]),
            ([4, 25], [-1]),
            ([2, 3, 64, 96], [1, 1, -1, 96]),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    # EfficientNet-B0 reshapes without naming a mode; its tracer could not print the default one.
    "model_traced": traced_parameters("reshape", assume_defaults=["reshape_tile_mode"]),
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
    shape,
    padded_shape=None,
    memory_config=None,
    pad_value=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    if padded_shape is None:
        shapes = [shape]
        expected = torch.reshape(torch_input, shape)
    else:
        # What is stored stays, and the tensor becomes the part of it that `shape` says.
        shapes = [shape, padded_shape]
        expected = torch_input[tuple(slice(length) for length in shape)]

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.reshape(input_a, *shapes, memory_config=memory_config, pad_value=pad_value)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
