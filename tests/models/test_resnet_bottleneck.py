"""A bottleneck block as in ResNet, with a stem before it: strided convolutions, a pool, and a projected shortcut."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from pytest_ttnn_sweeps.testing import check_with_pcc

ttnn = pytest.importorskip("ttnn")


class Bottleneck:
    def __init__(self, device: Any) -> None:
        self.device = device
        self.stem = torch.randn(32, 3, 7, 7) * 0.1
        self.narrow = torch.randn(32, 32, 1, 1) * 0.2
        self.middle = torch.randn(32, 32, 3, 3) * 0.1
        self.wide = torch.randn(64, 32, 1, 1) * 0.2
        self.shortcut = torch.randn(64, 32, 1, 1) * 0.2
        self.biases = [torch.randn(width) * 0.1 for width in (32, 32, 32, 64, 64)]
        self.classes = torch.randn(64, 32) * 0.2

    def reference(self, image: torch.Tensor) -> torch.Tensor:
        stem, narrow, middle, wide, shortcut = self.biases
        image = functional.relu(functional.conv2d(image, self.stem, stem, stride=2, padding=3))
        image = functional.max_pool2d(image, 3, stride=2, padding=1)
        hidden = functional.relu(functional.conv2d(image, self.narrow, narrow))
        hidden = functional.relu(functional.conv2d(hidden, self.middle, middle, stride=2, padding=1))
        hidden = functional.conv2d(hidden, self.wide, wide)
        image = functional.conv2d(image, self.shortcut, shortcut, stride=2)
        return functional.relu(hidden + image).mean((2, 3)) @ self.classes

    def __call__(self, image: Any, size: int) -> Any:
        stem, narrow, middle, wide, shortcut = self.biases
        image, size = self.convolve(image, self.stem, stem, size, stride=2, padding=3)
        image = ttnn.relu(image)
        image = ttnn.to_layout(image, ttnn.ROW_MAJOR_LAYOUT)
        image = ttnn.max_pool2d(
            input_tensor=image,
            batch_size=1,
            input_h=size,
            input_w=size,
            channels=32,
            kernel_size=[3, 3],
            stride=[2, 2],
            padding=[1, 1],
            dilation=[1, 1],
        )
        image, size = ttnn.to_layout(self.interleaved(image), ttnn.TILE_LAYOUT), (size + 1) // 2
        hidden, _ = self.convolve(image, self.narrow, narrow, size)
        hidden = ttnn.relu(hidden, memory_config=ttnn.L1_MEMORY_CONFIG)
        hidden, smaller = self.convolve(hidden, self.middle, middle, size, stride=2, padding=1)
        hidden, _ = self.convolve(ttnn.relu(hidden), self.wide, wide, smaller)
        image, _ = self.convolve(image, self.shortcut, shortcut, size, stride=2)
        image = ttnn.add(hidden, image, activations=[ttnn.UnaryWithParam(ttnn.UnaryOpType.RELU)])
        image = ttnn.reshape(image, [1, 1, smaller * smaller, 64])
        pooled = ttnn.mean(image, dim=2, keepdim=True)
        weights = ttnn.from_torch(self.classes, dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=self.device)
        return ttnn.matmul(pooled, weights, dtype=ttnn.bfloat16)

    def convolve(
        self, image: Any, weights: torch.Tensor, bias: torch.Tensor, size: int, *, stride: int = 1, padding: int = 0
    ) -> tuple[Any, int]:
        outputs, inputs, kernel, _ = weights.shape
        result, (height, _) = ttnn.conv2d(
            input_tensor=image,
            weight_tensor=ttnn.from_torch(weights, dtype=ttnn.float32),
            bias_tensor=ttnn.from_torch(bias.reshape(1, 1, 1, -1), dtype=ttnn.float32),
            device=self.device,
            in_channels=inputs,
            out_channels=outputs,
            batch_size=1,
            input_height=size,
            input_width=size,
            kernel_size=(kernel, kernel),
            stride=(stride, stride),
            padding=(padding, padding),
            dtype=ttnn.bfloat16,
            return_output_dim=True,
        )
        return self.interleaved(result), height

    def interleaved(self, image: Any) -> Any:
        # Which shards a convolution or pool leaves its result in is ttnn's to choose, and changes with releases.
        return ttnn.to_memory_config(image, ttnn.DRAM_MEMORY_CONFIG)


def test_bottleneck(device: Any) -> None:
    block = Bottleneck(device)
    image = torch.randn(1, 3, 32, 32)
    rows = image.permute(0, 2, 3, 1).reshape(1, 1, 32 * 32, 3)
    given = ttnn.from_torch(rows, dtype=ttnn.bfloat16)

    result = ttnn.to_torch(block(given, 32))

    is_close, message = check_with_pcc(block.reference(image).reshape(1, 1, 1, 32), result, 0.98)
    assert is_close, message
