"""ttnn.transpose against torch.transpose, over pairs of dimensions."""

from __future__ import annotations

import math

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
        "input_a_shape,dim1,dim2": [
            ([37, 100], 0, 1),
            ([5, 37, 100], 0, 1),
            ([5, 37, 100], 1, 2),
            ([2, 3, 64, 96], 1, 2),
            ([2, 3, 64, 96], -2, -1),
            ([1, 16, 30, 50], 1, -1),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("transpose"),
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    config = vector["memory_config"]
    if config is not None and config.memory_layout == ttnn.TensorMemoryLayout.HEIGHT_SHARDED:
        output_shape, dim1, dim2 = vector["input_a_shape"], vector["dim1"], vector["dim2"]
        output_shape[dim1], output_shape[dim2] = output_shape[dim2], output_shape[dim1]
        shards = math.ceil(math.prod(output_shape[:-1]) / config.shard_spec.shape[0])
        if shards > config.shard_spec.num_cores():
            return True, f"{shards} shards of the transposed height don't fit on {config.shard_spec.num_cores()} cores"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    dim1,
    dim2,
    memory_config=None,
    pad_value=0.0,
    traced_config_name=None,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch.transpose(torch_input, dim1, dim2)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.transpose(input_a, dim1, dim2, memory_config=memory_config, pad_value=pad_value)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
