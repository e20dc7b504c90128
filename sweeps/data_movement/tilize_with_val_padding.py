"""ttnn.tilize_with_val_padding: the values of a row-major tensor arrive in tiles of the padded shape asked for."""

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
        "input_a_shape,output_tensor_shape": [
            ([30, 30], [32, 64]),
            ([1, 1, 196, 240], [1, 1, 224, 256]),
            ([5, 37, 100], [5, 64, 128]),
            ([2, 3, 64, 96], [2, 3, 64, 96]),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.float32],
        "input_a_layout": [ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "pad_value": [0.0, -2.5],
        "dtype": [None, ttnn.bfloat8_b],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("tilize_with_val_padding"),
}


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    output_tensor_shape,
    pad_value,
    memory_config=None,
    dtype=None,
    use_multicore=True,
    traced_config_name=None,
    *,
    device,
) -> list:
    expected = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)

    input_a = ttnn.from_torch(
        expected, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.tilize_with_val_padding(
        input_a, output_tensor_shape, pad_value, memory_config=memory_config, dtype=dtype, use_multicore=use_multicore
    )
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    assert list(output.padded_shape) == output_tensor_shape
    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
