"""A step down and up again as in U-Net: pooling, upsampling, and what was skipped joined to what comes back."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from pytest_ttnn_sweeps.testing import check_with_pcc

ttnn = pytest.importorskip("ttnn")

SIZE, CHANNELS = 16, 32


class UNetStep:
    def __init__(self, device: Any) -> None:
        self.device = device
        self.down = torch.randn(CHANNELS, CHANNELS, 3, 3) * 0.1
        self.bottom = torch.randn(CHANNELS, CHANNELS, 3, 3) * 0.1
        self.up = torch.randn(CHANNELS, 2 * CHANNELS, 3, 3) * 0.1

    def reference(self, image: torch.Tensor) -> torch.Tensor:
        skipped = functional.silu(functional.conv2d(image, self.down, padding=1))
        small = functional.conv2d(functional.max_pool2d(skipped, 2), self.bottom, padding=1)
        large = functional.interpolate(functional.gelu(small), scale_factor=2, mode="nearest")
        return functional.conv2d(torch.cat([large, skipped], 1), self.up, padding=1)

    def __call__(self, image: Any) -> Any:
        skipped = ttnn.silu(self.convolve(image, self.down, SIZE), memory_config=ttnn.DRAM_MEMORY_CONFIG)
        rows = ttnn.to_layout(skipped, ttnn.ROW_MAJOR_LAYOUT)
        small = ttnn.max_pool2d(
            input_tensor=rows,
            batch_size=1,
            input_h=SIZE,
            input_w=SIZE,
            channels=CHANNELS,
            kernel_size=[2, 2],
            stride=[2, 2],
            padding=[0, 0],
            dilation=[1, 1],
        )
        small = ttnn.to_layout(self.interleaved(small), ttnn.TILE_LAYOUT)
        small = ttnn.gelu(self.convolve(small, self.bottom, SIZE // 2), fast_and_approximate_mode=False)
        small = ttnn.to_layout(small, ttnn.ROW_MAJOR_LAYOUT)
        small = ttnn.reshape(small, [1, SIZE // 2, SIZE // 2, CHANNELS])
        large = ttnn.upsample(small, scale_factor=2, mode="nearest")
        large = ttnn.reshape(large, [1, 1, SIZE * SIZE, CHANNELS])
        joined = ttnn.concat([large, rows], dim=-1, memory_config=ttnn.DRAM_MEMORY_CONFIG)
        return self.convolve(joined, self.up, SIZE)

    def convolve(self, image: Any, weights: torch.Tensor, size: int) -> Any:
        outputs, inputs, _, _ = weights.shape
        return self.interleaved(
            ttnn.conv2d(
                input_tensor=image,
                weight_tensor=ttnn.from_torch(weights, dtype=ttnn.float32),
                device=self.device,
                in_channels=inputs,
                out_channels=outputs,
                batch_size=1,
                input_height=size,
                input_width=size,
                kernel_size=(3, 3),
                padding=(1, 1),
                dtype=ttnn.bfloat16,
                conv_config=ttnn.Conv2dConfig(shard_layout=ttnn.TensorMemoryLayout.HEIGHT_SHARDED),
            )
        )

    def interleaved(self, image: Any) -> Any:
        # Which shards a convolution or pool leaves its result in is ttnn's to choose, and changes with releases.
        return ttnn.to_memory_config(image, ttnn.DRAM_MEMORY_CONFIG)


def test_step(device: Any) -> None:
    step = UNetStep(device)
    image = torch.randn(1, CHANNELS, SIZE, SIZE)
    rows = image.permute(0, 2, 3, 1).reshape(1, 1, SIZE * SIZE, CHANNELS)

    result = ttnn.to_torch(step(ttnn.from_torch(rows, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)))

    expected = step.reference(image).permute(0, 2, 3, 1).reshape(1, 1, SIZE * SIZE, CHANNELS)
    is_close, message = check_with_pcc(expected, result, 0.99)
    assert is_close, message
