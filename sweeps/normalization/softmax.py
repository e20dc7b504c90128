"""ttnn.softmax against torch.softmax, along every dimension, interleaved and sharded."""

from __future__ import annotations

from itertools import product

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_with_pcc,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

INTERLEAVED = [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG]
BLOCK_SHARDED = ttnn.create_sharded_memory_config([64, 256], ttnn.CoreGrid(y=2, x=4), ttnn.ShardStrategy.BLOCK)

parameters = {
    "nightly": {
        "input_a_shape,dim,input_a_memory_config,memory_config": [
            *product([[32, 32]], [-1], INTERLEAVED, INTERLEAVED),
            *product([[5, 37, 100]], [0, 1, 2], INTERLEAVED, INTERLEAVED),
            *product([[2, 3, 64, 96]], [-1, -2], INTERLEAVED, INTERLEAVED),
            ([64, 256], -1, BLOCK_SHARDED, BLOCK_SHARDED),
        ],
        "numeric_stable": [True, False],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
    },
}


def run(input_a_shape, input_a_dtype, input_a_memory_config, dim, numeric_stable, memory_config, *, device) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -10, 10, torch.float32), input_a_dtype)
    expected = torch.softmax(torch_input, dim)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.softmax(input_a, dim, memory_config=memory_config, numeric_stable=numeric_stable)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
