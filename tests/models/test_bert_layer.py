"""An encoder layer as in BERT: attention over all positions, a mask, and a feed-forward part with GELU."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from pytest_ttnn_sweeps.testing import check_with_pcc

ttnn = pytest.importorskip("ttnn")

HIDDEN, HEADS, INNER = 128, 4, 256


class EncoderLayer:
    def __init__(self, device: Any) -> None:
        self.device = device

        def random(*shape: int) -> torch.Tensor:
            return torch.randn(*shape) / math.sqrt(shape[0])

        self.qkv, self.qkv_bias = random(HIDDEN, 3 * HIDDEN), torch.randn(3 * HIDDEN) * 0.1
        self.out, self.out_bias = random(HIDDEN, HIDDEN), torch.randn(HIDDEN) * 0.1
        self.up, self.up_bias = random(HIDDEN, INNER), torch.randn(INNER) * 0.1
        self.down, self.down_bias = random(INNER, HIDDEN), torch.randn(HIDDEN) * 0.1
        self.scales = [1 + 0.1 * torch.randn(HIDDEN) for _ in range(2)]
        self.shifts = [0.1 * torch.randn(HIDDEN) for _ in range(2)]

    def reference(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        batch, length, _ = states.shape
        query, key, value = (
            part.reshape(batch, length, HEADS, -1).transpose(1, 2)
            for part in (states @ self.qkv + self.qkv_bias).chunk(3, dim=-1)
        )
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(HIDDEN // HEADS) + mask, dim=-1)
        attended = (weights @ value).transpose(1, 2).reshape(batch, length, HIDDEN)
        attended = attended @ self.out + self.out_bias
        states = functional.layer_norm(states + attended, [HIDDEN], self.scales[0], self.shifts[0], 1e-12)
        inner = functional.gelu(states @ self.up + self.up_bias) @ self.down + self.down_bias
        return functional.layer_norm(states + inner, [HIDDEN], self.scales[1], self.shifts[1], 1e-12)

    def __call__(self, states: Any, mask: Any) -> Any:
        fused = ttnn.linear(
            states,
            self.tensor(self.qkv),
            bias=self.tensor(self.qkv_bias),
            memory_config=ttnn.L1_MEMORY_CONFIG,
            core_grid=ttnn.CoreGrid(x=4, y=2),
        )
        query, key, value = ttnn.transformer.split_query_key_value_and_split_heads(fused, num_heads=HEADS)
        ttnn.deallocate(fused)
        scores = ttnn.matmul(query, key)
        weights = ttnn.transformer.attention_softmax_(scores, attention_mask=mask, head_size=HIDDEN // HEADS)
        context = ttnn.transformer.concatenate_heads(ttnn.matmul(weights, value))
        attended = ttnn.linear(context, self.tensor(self.out), bias=self.tensor(self.out_bias))
        states = self.normalise(ttnn.add(states, attended), 0)
        inner = ttnn.linear(
            states,
            self.tensor(self.up),
            bias=self.tensor(self.up_bias),
            activation="gelu",
            dtype=ttnn.bfloat16,
            compute_kernel_config=ttnn.WormholeComputeKernelConfig(
                math_fidelity=ttnn.MathFidelity.HiFi2, math_approx_mode=False, fp32_dest_acc_en=True
            ),
        )
        inner = ttnn.linear(inner, self.tensor(self.down), bias=self.tensor(self.down_bias))
        return self.normalise(ttnn.add(states, inner, memory_config=ttnn.DRAM_MEMORY_CONFIG), 1)

    def normalise(self, states: Any, index: int) -> Any:
        return ttnn.layer_norm(
            states,
            epsilon=1e-12,
            weight=self.tensor(self.scales[index]),
            bias=self.tensor(self.shifts[index]),
            compute_kernel_config=ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.HiFi4),
        )

    def tensor(self, values: torch.Tensor) -> Any:
        values = values if values.dim() > 1 else values.unsqueeze(0)
        return ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=self.device)


@pytest.mark.parametrize(("batch", "length"), [(1, 64), (2, 32)])
def test_encoder_layer(device: Any, batch: int, length: int) -> None:
    layer = EncoderLayer(device)
    states = torch.randn(batch, length, HIDDEN)
    mask = torch.zeros(batch, 1, 1, length)
    mask[..., length - 8 :] = -10000.0
    given = ttnn.from_torch(states, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    masked = ttnn.from_torch(
        mask.expand(batch, 1, 32, length), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device
    )

    result = ttnn.to_torch(layer(given, masked))

    is_close, message = check_with_pcc(layer.reference(states, mask), result, 0.99)
    assert is_close, message
