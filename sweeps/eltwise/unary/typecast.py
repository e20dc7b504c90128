"""ttnn.typecast between every two storage formats against the host's rounding to the second one."""

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

DTYPES = [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.bfloat4_b, ttnn.float32, ttnn.int32, ttnn.uint32, ttnn.uint16]

parameters = {
    "nightly": {
        "input_a_shape": [[32, 32], [5, 37, 100]],
        "input_a_dtype": DTYPES,
        "dtype": DTYPES,
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_dtype"] == vector["dtype"]:
        return True, "nothing to cast"
    return False, None


def run(input_a_shape, input_a_dtype, dtype, memory_config, *, device) -> list:
    # No format holds both fractions and signs of all others: whole numbers from 0 to 99 are common to the wide ones.
    torch_input = tensor_to_dtype(torch_random(input_a_shape, 0, 100, torch.int32), input_a_dtype)
    expected = tensor_to_dtype(torch_input, dtype)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=memory_config
    )
    start = start_measuring_time()
    output = ttnn.typecast(input_a, dtype, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
