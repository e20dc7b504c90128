"""ttnn.upsample against torch.nn.functional.interpolate, nearest and bilinear, on images (n, h, w, c)."""

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
        "input_a_shape": [[1, 8, 8, 32], [2, 7, 9, 64], [1, 5, 5, 50]],
        "scale_factor": [2, [2, 3], [3, 1], 1.5],
        "mode": ["nearest", "bilinear"],
        "input_a_dtype": [ttnn.bfloat16, ttnn.float32],
        "input_a_memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
}


def mesh_device_fixture():
    """The device of this module: bilinear upsampling keeps tables in the L1_SMALL region, which is empty by default."""
    device = ttnn.open_device(device_id=0, l1_small_size=65536)
    yield device, ttnn.get_arch_name()
    ttnn.close_device(device)


def invalidate_vector(vector: dict) -> tuple[bool, str | None]:
    if vector["mode"] == "bilinear":
        if vector["input_a_dtype"] != ttnn.bfloat16:
            return True, "bilinear upsampling takes bfloat16 only"
        if vector["input_a_shape"][-1] % 32:
            return True, "bilinear upsampling takes multiples of 32 channels only"
        if isinstance(vector["scale_factor"], float):
            return True, "bilinear upsampling takes whole factors only"
    return False, None


def run(input_a_shape, input_a_dtype, input_a_memory_config, scale_factor, mode, memory_config, *, device) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -100, 100, torch.float32), input_a_dtype)
    factors = tuple(scale_factor) if isinstance(scale_factor, list) else scale_factor
    images = torch_input.permute(0, 3, 1, 2)
    expected = torch.nn.functional.interpolate(images, scale_factor=factors, mode=mode).permute(0, 2, 3, 1)

    input_a = ttnn.from_torch(
        torch_input,
        dtype=input_a_dtype,
        layout=ttnn.ROW_MAJOR_LAYOUT,
        device=device,
        memory_config=input_a_memory_config,
    )
    start = start_measuring_time()
    output = ttnn.upsample(input_a, scale_factor, mode=mode, memory_config=memory_config)
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
