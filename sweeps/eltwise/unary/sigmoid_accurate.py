"""ttnn.sigmoid_accurate against torch.sigmoid, on interleaved and sharded tensors and as real models call it."""

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
from pytest_ttnn_sweeps.traced import MasterConfigLoader, unpack_traced_config

loader = MasterConfigLoader()
BLOCK_SHARDED = ttnn.create_sharded_memory_config([256, 256], ttnn.CoreGrid(y=2, x=4), ttnn.ShardStrategy.BLOCK)

parameters = {
    "nightly": {
        "input_shape,input_a_memory_config,output_memory_config": [
            ([77], ttnn.DRAM_MEMORY_CONFIG, ttnn.DRAM_MEMORY_CONFIG),
            ([5, 37, 100], ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG),
            ([2, 3, 64, 96], ttnn.L1_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG),
            ([2, 4, 32, 256], BLOCK_SHARDED, BLOCK_SHARDED),
        ],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
    },
    "model_traced": loader.get_suite_parameters("sigmoid_accurate"),
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector.get("input_a_layout") == ttnn.ROW_MAJOR_LAYOUT and vector["input_a_dtype"] == ttnn.bfloat8_b:
        return True, "bfloat8_b exists in tiles only"
    return False, None


def run(
    input_shape=None,
    input_a_dtype=None,
    input_a_layout=None,
    input_a_memory_config=None,
    output_memory_config=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    if traced_config_name:
        input_shape, input_a_dtype, input_a_layout, input_a_memory_config, output_memory_config = unpack_traced_config(
            traced_config_name
        )
    torch_input = tensor_to_dtype(torch_random(input_shape, -10, 10, torch.float32), input_a_dtype)
    expected = torch.sigmoid(torch_input)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.sigmoid_accurate(input_a, memory_config=output_memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
