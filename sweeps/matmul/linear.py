"""ttnn.linear against torch.matmul with a bias and an activation: `activation(a @ b + bias)`."""

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

ACTIVATIONS = {
    None: torch.nn.Identity(),
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "silu": torch.nn.functional.silu,
}

parameters = {
    "nightly": {
        "input_a_shape,input_b_shape,bias_shape,transpose_b": [
            ([32, 32], [32, 32], None, False),
            ([37, 50], [50, 20], [20], False),
            ([2, 3, 64, 96], [96, 32], [1, 32], False),
            ([2, 3, 64, 96], [96, 96], [1, 96], True),
        ],
        "input_a_dtype,input_b_dtype,bias_dtype": [
            (ttnn.bfloat16, ttnn.bfloat16, ttnn.bfloat16),
            (ttnn.bfloat16, ttnn.bfloat8_b, ttnn.bfloat16),
            (ttnn.bfloat8_b, ttnn.bfloat8_b, ttnn.bfloat8_b),
            (ttnn.float32, ttnn.float32, ttnn.float32),
        ],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "activation": list(ACTIVATIONS),
    },
    "model_traced": traced_parameters("linear"),
}


def run(
    input_a_shape,
    input_a_dtype,
    input_a_memory_config,
    input_b_shape,
    input_b_dtype,
    bias_shape,
    bias_dtype,
    activation=None,
    transpose_a=False,
    transpose_b=False,
    input_a_layout=ttnn.TILE_LAYOUT,
    input_b_layout=ttnn.TILE_LAYOUT,
    input_b_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    bias_layout=ttnn.TILE_LAYOUT,
    bias_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    traced_config_name=None,
    *,
    device,
    **options,
) -> list:
    torch_a = tensor_to_dtype(torch_random(input_a_shape, -1, 1, torch.float32), input_a_dtype).float()
    torch_b = tensor_to_dtype(torch_random(input_b_shape, -1, 1, torch.float32), input_b_dtype).float()
    expected = (torch_a.mT if transpose_a else torch_a) @ (torch_b.mT if transpose_b else torch_b)
    bias = None
    if bias_shape is not None:
        torch_bias = tensor_to_dtype(torch_random(bias_shape, -1, 1, torch.float32), bias_dtype).float()
        expected = expected + torch_bias
        bias = ttnn.from_torch(
            torch_bias, dtype=bias_dtype, layout=bias_layout, device=device, memory_config=bias_memory_config
        )
    expected = ACTIVATIONS[activation](expected)

    input_a = ttnn.from_torch(
        torch_a, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    input_b = ttnn.from_torch(
        torch_b, dtype=input_b_dtype, layout=input_b_layout, device=device, memory_config=input_b_memory_config
    )
    start = start_measuring_time()
    output = ttnn.linear(
        input_a,
        input_b,
        bias=bias,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        activation=activation,
        **options,
    )
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
