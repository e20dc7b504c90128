"""ttnn.embedding against torch.nn.functional.embedding: rows of a table by index, over table sizes and layouts."""

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
        "input_a_shape": [[10], [1, 32], [2, 37], [4, 128]],
        "weight_shape": [[128, 64], [100, 50], [1000, 320]],
        "input_a_layout": [ttnn.ROW_MAJOR_LAYOUT, ttnn.TILE_LAYOUT],
        "layout": [ttnn.ROW_MAJOR_LAYOUT, ttnn.TILE_LAYOUT],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def run(input_a_shape, weight_shape, input_a_layout, layout, memory_config, *, device) -> list:
    torch_input = torch_random(input_a_shape, 0, weight_shape[0], torch.int32)
    torch_weight = tensor_to_dtype(torch_random(weight_shape, -1, 1, torch.float32), ttnn.bfloat16)
    expected = torch.nn.functional.embedding(torch_input, torch_weight)

    input_a = ttnn.from_torch(torch_input, dtype=ttnn.uint32, layout=input_a_layout, device=device)
    weight = ttnn.from_torch(torch_weight, dtype=ttnn.bfloat16, layout=ttnn.ROW_MAJOR_LAYOUT, device=device)
    start = start_measuring_time()
    output = ttnn.embedding(input_a, weight, layout=layout, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
