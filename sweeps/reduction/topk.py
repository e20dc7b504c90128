"""ttnn.topk against torch.topk: the values, and the elements at the places that it gives for them."""

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
        "input_a_shape": [[64, 256], [5, 37, 100], [1, 1, 32, 64]],
        "k": [1, 32, 50, 100],
        "largest": [True, False],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["k"] > vector["input_a_shape"][-1]:
        return True, "k is more than there are elements"
    return False, None


def run(input_a_shape, input_a_dtype, input_a_memory_config, k, largest, *, device) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected, _ = torch.topk(torch_input, k, largest=largest)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=ttnn.TILE_LAYOUT, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    values, places = ttnn.topk(input_a, k, dim=-1, largest=largest, sorted=True)
    values, places = ttnn.to_torch(values), ttnn.to_torch(places)
    e2e_ns = stop_measuring_time(start)

    # Equal elements may come in any order, so places are compared by what is there.
    at_places = torch.gather(torch_input, -1, places.long())
    checks = [check_with_pcc(expected, values, 0.999), check_with_pcc(expected, at_places, 0.999)]
    return [next((check for check in checks if not check.ok), checks[0]), e2e_ns]
