"""Calls whose memory is counted, on ttnn as on the emulation: each takes ``ttnn`` and a device, gives results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Case = Callable[[Any, Any], Any]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def tensor(ttnn: Any, device: Any, *shape: int, **keywords: Any) -> Any:
    keywords = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device, **keywords}
    return ttnn.from_torch(torch.ones(shape), **keywords)


@case
def matmul_in_dram(ttnn: Any, device: Any) -> Any:
    left, right = tensor(ttnn, device, 1, 1, 256, 512), tensor(ttnn, device, 1, 1, 512, 128)
    return ttnn.matmul(left, right)


@case
def matmul_in_l1(ttnn: Any, device: Any) -> Any:
    keep = {"memory_config": ttnn.L1_MEMORY_CONFIG}
    left, right = tensor(ttnn, device, 1, 1, 256, 512, **keep), tensor(ttnn, device, 1, 1, 512, 128, **keep)
    return ttnn.matmul(left, right, memory_config=ttnn.L1_MEMORY_CONFIG)


@case
def padded_block_floats(ttnn: Any, device: Any) -> Any:
    left = tensor(ttnn, device, 1, 3, 100, 100, dtype=ttnn.bfloat8_b)
    return ttnn.add(left, left)


@case
def relu_of_shards(ttnn: Any, device: Any) -> Any:
    shards = ttnn.create_sharded_memory_config(
        [1, 1, 512, 64], ttnn.CoreGrid(x=8, y=2), ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR
    )
    return ttnn.relu(tensor(ttnn, device, 1, 1, 512, 64, memory_config=shards), memory_config=shards)


@case
def softmax_in_l1(ttnn: Any, device: Any) -> Any:
    given = tensor(ttnn, device, 1, 1, 256, 256, memory_config=ttnn.L1_MEMORY_CONFIG)
    return ttnn.softmax(given, dim=-1, memory_config=ttnn.L1_MEMORY_CONFIG)


@case
def layer_norm(ttnn: Any, device: Any) -> Any:
    given = tensor(ttnn, device, 1, 1, 64, 512)
    weight = tensor(ttnn, device, 1, 1, 1, 512)
    return ttnn.layer_norm(given, weight=weight)


@case
def deallocated_between(ttnn: Any, device: Any) -> Any:
    keep = {"memory_config": ttnn.L1_MEMORY_CONFIG}
    first = tensor(ttnn, device, 1, 1, 1024, 1024, **keep)
    second = ttnn.relu(first, **keep)
    ttnn.deallocate(first)
    return ttnn.add(second, second, **keep)


@case
def rows(ttnn: Any, device: Any) -> Any:
    given = tensor(ttnn, device, 1, 1, 50, 50, layout=ttnn.ROW_MAJOR_LAYOUT)
    return ttnn.concat([given, given], dim=0)


@case
def untilized(ttnn: Any, device: Any) -> Any:
    return ttnn.to_layout(tensor(ttnn, device, 1, 1, 100, 100), ttnn.ROW_MAJOR_LAYOUT)


@case
def moved_to_l1(ttnn: Any, device: Any) -> Any:
    return ttnn.to_memory_config(tensor(ttnn, device, 2, 96, 160), ttnn.L1_MEMORY_CONFIG)


@case
def summed(ttnn: Any, device: Any) -> Any:
    return ttnn.sum(tensor(ttnn, device, 1, 2, 64, 96), dim=-1)


@case
def attention(ttnn: Any, device: Any) -> Any:
    query, key, value = (tensor(ttnn, device, 1, 2, 128, 64) for _ in range(3))
    return ttnn.transformer.scaled_dot_product_attention(query, key, value)


@case
def convolution(ttnn: Any, device: Any) -> Any:
    image = tensor(ttnn, None, 1, 32, 32, 16, layout=ttnn.ROW_MAJOR_LAYOUT)
    kernels = tensor(ttnn, None, 32, 16, 3, 3, layout=ttnn.ROW_MAJOR_LAYOUT)
    return ttnn.conv2d(
        input_tensor=image,
        weight_tensor=kernels,
        device=device,
        in_channels=16,
        out_channels=32,
        batch_size=1,
        input_height=32,
        input_width=32,
        kernel_size=(3, 3),
        stride=(1, 1),
        padding=(1, 1),
    )
