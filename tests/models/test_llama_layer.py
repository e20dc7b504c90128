"""A decoder layer as in Llama: rotary positions, heads that share keys, a cache of keys and values, a gated MLP."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.nn import functional

from pytest_ttnn_sweeps.testing import check_with_pcc

ttnn = pytest.importorskip("ttnn")

HIDDEN, HEADS, KEY_HEADS, INNER, LENGTH = 256, 4, 2, 384, 128
WIDTH = HIDDEN // HEADS


def rotary_tables() -> tuple[torch.Tensor, torch.Tensor]:
    frequencies = 1.0 / 10000 ** (torch.arange(0, WIDTH, 2).float() / WIDTH)
    angles = torch.outer(torch.arange(LENGTH).float(), frequencies)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos()[None, None], angles.sin()[None, None]


class DecoderLayer:
    def __init__(self, device: Any) -> None:
        self.device = device

        def random(rows: int, columns: int) -> torch.Tensor:
            return torch.randn(rows, columns) / math.sqrt(rows)

        self.qkv = random(HIDDEN, (HEADS + 2 * KEY_HEADS) * WIDTH)
        self.out = random(HIDDEN, HIDDEN)
        self.gate, self.up, self.down = random(HIDDEN, INNER), random(HIDDEN, INNER), random(INNER, HIDDEN)
        self.norms = [1 + 0.1 * torch.randn(HIDDEN) for _ in range(2)]
        self.cos, self.sin = rotary_tables()
        empty = torch.zeros(1, KEY_HEADS, LENGTH, WIDTH)
        self.keys, self.values = self.tensor(empty), self.tensor(empty)
        self.kept: list[torch.Tensor] = [empty.clone(), empty.clone()]

    def reference(self, states: torch.Tensor, start: int) -> torch.Tensor:
        length = states.shape[-2]
        end = start + length

        def norm(values: torch.Tensor, index: int) -> torch.Tensor:
            return values * torch.rsqrt(values.pow(2).mean(-1, keepdim=True) + 1e-5) * self.norms[index]

        def turn(heads: torch.Tensor) -> torch.Tensor:
            first, second = heads.chunk(2, dim=-1)
            turned = torch.cat([-second, first], dim=-1)
            return heads * self.cos[..., start:end, :] + turned * self.sin[..., start:end, :]

        fused = (norm(states, 0) @ self.qkv).reshape(1, length, -1, WIDTH).transpose(1, 2)
        query, key, value = fused.split([HEADS, KEY_HEADS, KEY_HEADS], dim=1)
        self.kept[0][:, :, start:end] = turn(key)
        self.kept[1][:, :, start:end] = value
        keys, values = (kept[:, :, :end].repeat_interleave(HEADS // KEY_HEADS, 1) for kept in self.kept)
        mask = torch.full((length, end), -math.inf).triu(start + 1)
        weights = torch.softmax(turn(query) @ keys.transpose(-1, -2) / math.sqrt(WIDTH) + mask, dim=-1)
        states = states + (weights @ values).transpose(1, 2).reshape(1, 1, length, HIDDEN) @ self.out
        inner = norm(states, 1)
        return states + (functional.silu(inner @ self.gate) * (inner @ self.up)) @ self.down

    def prefill(self, states: Any) -> Any:
        """All positions of a prompt at once."""
        query, key, value = self.heads(states)
        cos, sin = self.tensor(self.cos), self.tensor(self.sin)
        query = ttnn.experimental.rotary_embedding(query, cos, sin)
        key = ttnn.experimental.rotary_embedding(key, cos, sin)
        ttnn.fill_cache(self.keys, key, 0)
        ttnn.fill_cache(self.values, value, 0)
        attended = ttnn.transformer.scaled_dot_product_attention(
            query,
            key,
            value,
            is_causal=True,
            scale=1 / math.sqrt(WIDTH),
            program_config=ttnn.SDPAProgramConfig(
                compute_with_storage_grid_size=(8, 8), q_chunk_size=32, k_chunk_size=32, exp_approx_mode=False
            ),
        )
        return self.finish(states, ttnn.experimental.nlp_concat_heads(attended))

    def decode(self, states: Any, position: int) -> Any:
        """One more position, behind those that are in the cache."""
        query, key, value = self.heads(states)
        cos, sin = self.tensor(self.cos), self.tensor(self.sin)
        query = ttnn.experimental.rotary_embedding(query, cos, sin, position)
        key = ttnn.experimental.rotary_embedding(key, cos, sin, position)
        key = ttnn.slice(key, [0, 0, 0, 0], [1, KEY_HEADS, 1, WIDTH])
        query = ttnn.slice(query, [0, 0, 0, 0], [1, HEADS, 1, WIDTH])
        ttnn.update_cache(self.keys, key, position)
        ttnn.update_cache(self.values, value, position)
        query = ttnn.permute(query, (0, 2, 1, 3), memory_config=ttnn.DRAM_MEMORY_CONFIG)
        attended = ttnn.transformer.scaled_dot_product_attention_decode(
            query, self.keys, self.values, cur_pos=[position], scale=1 / math.sqrt(WIDTH)
        )
        return self.finish(states, ttnn.reshape(attended, [1, 1, 1, HIDDEN]))

    def heads(self, states: Any) -> tuple[Any, Any, Any]:
        normal = ttnn.rms_norm(states, epsilon=1e-5, weight=self.tensor(self.norms[0]))
        fused = ttnn.linear(normal, self.weight(self.qkv), memory_config=ttnn.L1_MEMORY_CONFIG)
        query, key, value = ttnn.experimental.nlp_create_qkv_heads(
            fused, num_heads=HEADS, num_kv_heads=KEY_HEADS, transpose_k_heads=False
        )
        return query, key, value

    def finish(self, states: Any, attended: Any) -> Any:
        states = states + ttnn.matmul(attended, self.weight(self.out))
        normal = ttnn.rms_norm(states, epsilon=1e-5, weight=self.tensor(self.norms[1]))
        gate = ttnn.linear(normal, self.weight(self.gate), activation="silu")
        up = ttnn.linear(normal, self.weight(self.up))
        gated = ttnn.mul(gate, up, dtype=ttnn.bfloat8_b)
        return ttnn.add(states, ttnn.linear(gated, self.weight(self.down), dtype=ttnn.bfloat16))

    def tensor(self, values: torch.Tensor) -> Any:
        values = values if values.dim() > 1 else values.unsqueeze(0)
        return ttnn.from_torch(values, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=self.device)

    def weight(self, values: torch.Tensor) -> Any:
        return ttnn.from_torch(values, dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=self.device)


def test_decoder_layer(device: Any) -> None:
    layer = DecoderLayer(device)
    prompt, token = torch.randn(1, 1, 64, HIDDEN), torch.randn(1, 1, 1, HIDDEN)

    first = ttnn.to_torch(layer.prefill(layer.tensor(prompt)))
    second = ttnn.to_torch(layer.decode(layer.tensor(token), 64))

    for expected, result in ((layer.reference(prompt, 0), first), (layer.reference(token, 64), second)):
        is_close, message = check_with_pcc(expected, result, 0.98)
        assert is_close, message
