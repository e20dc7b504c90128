"""ttnn.global_avg_pool2d against the mean over height and width of images (n, h, w, c)."""

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
        "input_a_shape": [[1, 7, 7, 64], [2, 14, 14, 32], [3, 5, 9, 50], [1, 1, 49, 1152]],
        "input_a_dtype": [ttnn.bfloat16, ttnn.bfloat8_b, ttnn.float32],
        "input_a_layout": [ttnn.TILE_LAYOUT, ttnn.ROW_MAJOR_LAYOUT],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("global_avg_pool2d"),
}


def mesh_device_fixture():
    """The device of this module: pools keep tables in the L1_SMALL region, which is empty by default."""
    arch = ttnn.get_arch_name()
    # An assertion before the yield skips the module on machines that can't run it.
    assert arch in ("wormhole_b0", "blackhole"), f"no pools on {arch}"
    device = ttnn.open_device(device_id=0, l1_small_size=65536)
    yield device, arch
    ttnn.close_device(device)


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["input_a_dtype"] == ttnn.bfloat8_b:
        if vector["input_a_layout"] == ttnn.ROW_MAJOR_LAYOUT:
            return True, "bfloat8_b exists in tiles only"
        if vector["input_a_shape"][0] * vector["input_a_shape"][1] > 1:
            return True, "bfloat8_b images have to lie flat, (1, 1, h * w, c)"
    return False, None


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    input_a_memory_config,
    memory_config=None,
    dtype=None,
    traced_config_name=None,
    *,
    device,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    expected = torch.mean(torch_input, (1, 2), keepdim=True)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    start = start_measuring_time()
    output = ttnn.global_avg_pool2d(input_a, memory_config=memory_config, dtype=dtype)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
