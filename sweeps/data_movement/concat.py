"""ttnn.concat against torch.cat: two tensors and more, along the first, a middle and the last dimension."""

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
        "tensors_shape,dim": [
            ([[77], [23]], 0),
            ([[32, 32], [32, 64]], 1),
            ([[1, 37, 100], [2, 37, 100]], 0),
            ([[5, 37, 100], [5, 3, 100], [5, 1, 100]], 1),
            ([[2, 3, 64, 96], [2, 3, 64, 30]], -1),
        ],
        "tensors_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "tensors_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "tensors_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["tensors_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["tensors_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    return False, None


def run(tensors_shape, dim, tensors_dtype, tensors_layout, tensors_memory_config, memory_config, *, device) -> list:
    torch_inputs = [
        tensor_to_dtype(torch_random(shape, -100, 100, torch.float32), tensors_dtype) for shape in tensors_shape
    ]
    expected = torch.cat(torch_inputs, dim)

    inputs = [
        ttnn.from_torch(
            torch_input, dtype=tensors_dtype, layout=tensors_layout, device=device, memory_config=tensors_memory_config
        )
        for torch_input in torch_inputs
    ]
    start = start_measuring_time()
    output = ttnn.concat(inputs, dim, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
