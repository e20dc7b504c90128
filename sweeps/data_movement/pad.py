"""ttnn.pad against torch.nn.functional.pad, in its two forms: by pairs of amounts, and by the shape to reach."""

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
        "input_a_shape,padding": [
            ([37, 50], [[0, 7], [0, 4]]),
            ([2, 3, 32, 64], [[0, 0], [0, 0], [0, 32], [0, 32]]),
            ([2, 3, 37, 50], [[0, 1], [0, 13], [0, 0], [0, 0]]),
            ([2, 3, 37, 50], [[0, 0], [1, 0], [4, 5], [2, 3]]),
        ],
        "value": [0.0, -2.5],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("pad"),
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    if vector["input_a_layout"] == ttnn.TILE_LAYOUT and any(front for front, _ in vector["padding"] or []):
        return True, "tiles can't be padded in front"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    value,
    padding=None,
    output_padded_shape=None,
    input_tensor_start=None,
    use_multicore=True,
    memory_config=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    if padding is not None:
        form = [padding]
        pairs = padding
    else:
        form = [output_padded_shape, input_tensor_start]
        sizes = zip(input_tensor_start, input_a_shape, output_padded_shape)
        pairs = [(start, length - start - size) for start, size, length in sizes]
    expected = torch.nn.functional.pad(
        torch_input, [amount for pair in reversed(pairs) for amount in pair], value=value
    )

    # A tensor without a memory configuration lies on the host.
    input_a = ttnn.from_torch(
        torch_input,
        dtype=input_a_dtype,
        layout=input_a_layout,
        device=device if input_a_memory_config else None,
        memory_config=input_a_memory_config,
    )
    start = start_measuring_time()
    output = ttnn.pad(input_a, *form, value, use_multicore=use_multicore, memory_config=memory_config)
    # On the host only the padded shape grows, the tensor's own stays.
    actual = ttnn.to_torch(output) if input_a_memory_config else output.to_torch_with_padded_shape()
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
