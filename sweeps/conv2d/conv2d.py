"""ttnn.conv2d against torch.nn.functional.conv2d; images lie as rows of channels, (1, 1, n * h * w, c)."""

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

CONVOLUTIONS = [
    # in, out, batch, height, width, kernel, stride, padding, dilation, groups
    (32, 64, 1, 16, 16, [3, 3], [1, 1], [1, 1], [1, 1], 1),
    (16, 32, 2, 14, 14, [3, 3], [2, 2], [1, 1], [1, 1], 1),
    (64, 128, 1, 7, 7, [1, 1], [1, 1], [0, 0], [1, 1], 1),
    (32, 32, 1, 14, 14, [3, 3], [1, 1], [1, 1], [1, 1], 32),
    (32, 32, 1, 14, 10, [3, 5], [1, 1], [2, 4], [2, 2], 1),
    (3, 32, 1, 32, 32, [7, 7], [2, 2], [3, 3], [1, 1], 1),
    (16, 32, 1, 14, 14, [3, 3], [2, 2], [0, 1, 0, 1], [1, 1], 1),
]

parameters = {
    "nightly": {
        "input_a_shape,weight_tensor_shape,bias_tensor_shape,in_channels,out_channels,batch_size,input_height,input_width,"
        "kernel_size,stride,padding,dilation,groups": [
            (
                [1, 1, n * h * w, c],
                [o, c // groups, *kernel],
                bias and [1, 1, 1, o],
                c,
                o,
                n,
                h,
                w,
                kernel,
                *rest,
                groups,
            )
            for c, o, n, h, w, kernel, *rest, groups in CONVOLUTIONS
            for bias in (True, None)
        ],
        "input_a_dtype,input_a_layout,weight_tensor_dtype,bias_tensor_dtype,dtype": [
            (ttnn.bfloat16, ttnn.ROW_MAJOR_LAYOUT, ttnn.bfloat16, ttnn.bfloat16, ttnn.bfloat16),
            (ttnn.bfloat16, ttnn.TILE_LAYOUT, ttnn.float32, ttnn.float32, ttnn.bfloat8_b),
            (ttnn.bfloat8_b, ttnn.TILE_LAYOUT, ttnn.bfloat16, ttnn.bfloat16, ttnn.bfloat8_b),
            (ttnn.float32, ttnn.ROW_MAJOR_LAYOUT, ttnn.float32, ttnn.float32, ttnn.float32),
        ],
        "compute_config": [
            ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.HiFi4, fp32_dest_acc_en=True)
        ],
        "memory_config": [ttnn.DRAM_MEMORY_CONFIG, ttnn.L1_MEMORY_CONFIG],
    },
    "model_traced": traced_parameters("conv2d"),
}


def mesh_device_fixture():
    """The device of this module: convolutions keep tables in the L1_SMALL region, which is empty by default."""
    arch = ttnn.get_arch_name()
    # An assertion before the yield skips the module on machines that can't run it.
    assert arch in ("wormhole_b0", "blackhole"), f"no convolutions on {arch}"
    device = ttnn.open_device(device_id=0, l1_small_size=65536)
    yield device, arch
    ttnn.close_device(device)


def run(
    input_a_shape,
    input_a_dtype,
    input_a_layout,
    weight_tensor_shape,
    weight_tensor_dtype,
    bias_tensor_shape,
    bias_tensor_dtype,
    in_channels,
    out_channels,
    batch_size,
    input_height,
    input_width,
    stride,
    padding,
    dilation,
    groups,
    input_a_memory_config=ttnn.DRAM_MEMORY_CONFIG,
    weight_tensor_layout=ttnn.ROW_MAJOR_LAYOUT,
    weight_tensor_memory_config=None,
    bias_tensor_layout=ttnn.ROW_MAJOR_LAYOUT,
    bias_tensor_memory_config=None,
    traced_config_name=None,
    *,
    device,
    **options,
) -> list:
    torch_input = tensor_to_dtype(torch_random(input_a_shape, -1, 1, torch.float32), input_a_dtype).float()
    torch_weight = tensor_to_dtype(torch_random(weight_tensor_shape, -1, 1, torch.float32), weight_tensor_dtype).float()
    torch_bias = bias = None
    if bias_tensor_shape is not None:
        torch_bias = tensor_to_dtype(torch_random(bias_tensor_shape, -1, 1, torch.float32), bias_tensor_dtype).float()
    images = torch_input.reshape(batch_size, input_height, input_width, in_channels).permute(0, 3, 1, 2)
    top, bottom, left, right = padding if len(padding) == 4 else (padding[0], padding[0], padding[1], padding[1])
    images = torch.nn.functional.pad(images, (left, right, top, bottom))
    flat_bias = None if torch_bias is None else torch_bias.flatten()
    expected = torch.nn.functional.conv2d(images, torch_weight, flat_bias, stride, 0, dilation, groups)
    expected = expected.permute(0, 2, 3, 1).reshape(1, 1, -1, out_channels)

    input_a = ttnn.from_torch(
        torch_input, dtype=input_a_dtype, layout=input_a_layout, device=device, memory_config=input_a_memory_config
    )
    # Weights and biases without a memory configuration lie on the host.
    weight = ttnn.from_torch(
        torch_weight,
        dtype=weight_tensor_dtype,
        layout=weight_tensor_layout,
        device=device if weight_tensor_memory_config else None,
        memory_config=weight_tensor_memory_config,
    )
    if torch_bias is not None:
        bias = ttnn.from_torch(
            torch_bias,
            dtype=bias_tensor_dtype,
            layout=bias_tensor_layout,
            device=device if bias_tensor_memory_config else None,
            memory_config=bias_tensor_memory_config,
        )
    start = start_measuring_time()
    output = ttnn.conv2d(
        input_tensor=input_a,
        weight_tensor=weight,
        bias_tensor=bias,
        device=device,
        in_channels=in_channels,
        out_channels=out_channels,
        batch_size=batch_size,
        input_height=input_height,
        input_width=input_width,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        **options,
    )
    # Asked for sizes or prepared weights, it returns them beside the output.
    actual = ttnn.to_torch(output[0] if isinstance(output, (tuple, list)) else output)
    e2e_ns = stop_measuring_time(start)

    return [check_with_pcc(expected, actual, 0.999), e2e_ns]
