"""ttnn.max_pool2d against torch.nn.functional.max_pool2d; images lie as rows of channels, (1, 1, n * h * w, c)."""

from __future__ import annotations

import torch
import ttnn

from pytest_ttnn_sweeps.testing import (
    check_equal,
    start_measuring_time,
    stop_measuring_time,
    tensor_to_dtype,
    torch_random,
)

parameters = {
    "nightly": {
        "batch_size,channels,input_h,input_w": [(1, 32, 16, 16), (2, 64, 14, 15), (1, 7, 15, 9)],
        "kernel_size,stride,padding,dilation": [
            ([2, 2], [2, 2], [0, 0], [1, 1]),
            ([3, 3], [2, 2], [1, 1], [1, 1]),
            ([3, 2], [1, 2], [1, 0], [1, 1]),
            ([3, 3], [1, 1], [1, 1], [2, 2]),
            ([3, 3], [1, 1], [2, 2], [1, 1]),
        ],
        "ceil_mode": [False, True],
        "input_a_dtype,input_a_layout": [
            (ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT),
            (ttnn.bfloat16, ttnn.TILE_LAYOUT),
            (ttnn.bfloat8_b, ttnn.TILE_LAYOUT),
        ],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
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
    if any(2 * amount > size for amount, size in zip(vector["padding"], vector["kernel_size"])):
        return True, "the padding is more than half of the kernel"
    return False, None


def run(
    input_a_dtype,
    input_a_layout,
    batch_size,
    input_h,
    input_w,
    channels,
    kernel_size,
    stride,
    padding,
    dilation,
    ceil_mode,
    memory_config,
    *,
    device,
) -> list:
    rows = [1, 1, batch_size * input_h * input_w, channels]
    torch_input = tensor_to_dtype(torch_random(rows, -100, 100, torch.float32), input_a_dtype)
    images = torch_input.reshape(batch_size, input_h, input_w, channels).permute(0, 3, 1, 2)
    pooled = torch.nn.functional.max_pool2d(images, kernel_size, stride, padding, dilation, ceil_mode)
    expected = pooled.permute(0, 2, 3, 1).reshape(1, 1, -1, channels)

    input_a = ttnn.from_torch(torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device)
    start = start_measuring_time()
    output = ttnn.max_pool2d(
        input_a,
        batch_size,
        input_h,
        input_w,
        channels,
        kernel_size,
        stride,
        padding,
        dilation,
        ceil_mode,
        memory_config=memory_config,
    )
    actual = ttnn.to_torch(output)
    e2e_ns = stop_measuring_time(start)

    return [check_equal(expected, actual), e2e_ns]
