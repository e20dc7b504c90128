"""An inverted residual block with squeeze and excitation, as in EfficientNet: activations sharded over the cores."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional

from pytest_ttnn_sweeps.testing import check_with_pcc

ttnn = pytest.importorskip("ttnn")

HEIGHT = WIDTH = 16


class MBConv:
    """Expand, filter by channel, weigh the channels, project, and add the input where the shapes allow it."""

    def __init__(self, device: Any, channels: int, expansion: int, squeezed: int) -> None:
        self.device = device
        self.channels, self.hidden = channels, channels * expansion
        scale = 0.3
        self.expand = torch.randn(self.hidden, channels, 1, 1) * scale
        self.depthwise = torch.randn(self.hidden, 1, 3, 3) * scale
        self.reduce = torch.randn(squeezed, self.hidden) * scale
        self.excite = torch.randn(self.hidden, squeezed) * scale
        self.project = torch.randn(channels, self.hidden, 1, 1) * scale

    def reference(self, image: torch.Tensor) -> torch.Tensor:
        hidden = functional.silu(functional.conv2d(image, self.expand))
        hidden = functional.silu(functional.conv2d(hidden, self.depthwise, padding=1, groups=self.hidden))
        pooled = hidden.mean((2, 3))
        gate = torch.sigmoid(functional.silu(pooled @ self.reduce.T) @ self.excite.T)
        return functional.conv2d(hidden * gate[:, :, None, None], self.project) + image

    def __call__(self, image: Any) -> Any:
        cores = ttnn.CoreGrid(x=8, y=1)
        hidden = self.convolve(image, self.expand, self.channels, self.hidden, kernel=1)
        sharded = ttnn.create_sharded_memory_config(
            [1, 1, HEIGHT * WIDTH, self.hidden], cores, ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR
        )
        hidden = ttnn.interleaved_to_sharded(hidden, sharded)
        hidden = ttnn.multiply(hidden, ttnn.sigmoid_accurate(hidden), memory_config=sharded)
        hidden = ttnn.sharded_to_interleaved(hidden, ttnn.L1_MEMORY_CONFIG)
        hidden = self.convolve(hidden, self.depthwise, self.hidden, self.hidden, kernel=3, groups=self.hidden)
        hidden = ttnn.interleaved_to_sharded(hidden, sharded)
        hidden = ttnn.swish(hidden)
        hidden = ttnn.sharded_to_interleaved(hidden, ttnn.L1_MEMORY_CONFIG)
        pooled = ttnn.mean(hidden, dim=2, keepdim=True)
        gate = ttnn.linear(pooled, self.weight(self.reduce), core_grid=ttnn.CoreGrid(x=1, y=1))
        gate = ttnn.linear(ttnn.silu(gate), self.weight(self.excite))
        hidden = ttnn.multiply(hidden, ttnn.sigmoid_accurate(gate), memory_config=ttnn.L1_MEMORY_CONFIG)
        ttnn.deallocate(gate)
        projected = self.convolve(hidden, self.project, self.hidden, self.channels, kernel=1)
        return ttnn.add(projected, image)

    def convolve(
        self, image: Any, weights: torch.Tensor, inputs: int, outputs: int, *, kernel: int, groups: int = 1
    ) -> Any:
        result = ttnn.conv2d(
            input_tensor=image,
            weight_tensor=ttnn.from_torch(weights, dtype=ttnn.float32),
            device=self.device,
            in_channels=inputs,
            out_channels=outputs,
            batch_size=1,
            input_height=HEIGHT,
            input_width=WIDTH,
            kernel_size=(kernel, kernel),
            stride=(1, 1),
            padding=(kernel // 2, kernel // 2),
            groups=groups,
            dtype=ttnn.bfloat16,
            conv_config=ttnn.Conv2dConfig(weights_dtype=ttnn.bfloat16),
            compute_config=ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.HiFi4),
        )
        # Which shards a convolution leaves its result in is ttnn's to choose, and changes with releases.
        return ttnn.to_memory_config(result, ttnn.L1_MEMORY_CONFIG)

    def weight(self, weights: torch.Tensor) -> Any:
        return ttnn.from_torch(weights.T.contiguous(), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=self.device)


@pytest.mark.parametrize(("channels", "expansion"), [(32, 1), (32, 2)])
def test_mbconv(device: Any, channels: int, expansion: int) -> None:
    block = MBConv(device, channels, expansion, squeezed=32)
    image = torch.randn(1, channels, HEIGHT, WIDTH)
    rows = image.permute(0, 2, 3, 1).reshape(1, 1, HEIGHT * WIDTH, channels)
    given = ttnn.from_torch(rows, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)

    result = ttnn.to_torch(block(given))

    expected = block.reference(image).permute(0, 2, 3, 1).reshape(1, 1, HEIGHT * WIDTH, channels)
    is_close, message = check_with_pcc(expected, result, 0.99)
    assert is_close, message
