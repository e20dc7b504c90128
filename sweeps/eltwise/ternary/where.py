"""ttnn.where against torch.where: tensors and numbers to choose from, equal and broadcast shapes."""

from __future__ import annotations

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_with_pcc,
    gen_bin,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

parameters = {
    "nightly": {
        # A number instead of a shape is the value itself.
        "input_a_shape,true_value,false_value": [
            ([32, 32], [32, 32], [32, 32]),
            ([5, 37, 100], [5, 37, 1], [1, 37, 100]),
            ([2, 3, 64, 96], 2.0, [2, 3, 64, 96]),
            ([2, 3, 64, 96], [2, 3, 64, 96], -1.5),
            ([5, 37, 100], 2.0, -1.5),
        ],
        "dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def run(input_a_shape, true_value, false_value, dtype, input_a_memory_config, memory_config, *, device) -> list:
    torch_condition = tensor_to_dtype(gen_bin(input_a_shape), dtype)
    torch_choices, choices = [], []
    for choice in (true_value, false_value):
        if isinstance(choice, list):
            torch_choices.append(tensor_to_dtype(torch_random(choice, -100, 100, torch.float32), dtype))
            choices.append(ttnn.from_torch(torch_choices[-1], dtype=dtype, layout=ttnn.TILE_LAYOUT, device=device))
        else:
            torch_choices.append(choice)
            choices.append(choice)
    expected = torch.where(torch_condition.bool(), *torch_choices)

    condition = ttnn.from_torch(
        torch_condition, dtype=dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.where(condition, *choices, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
