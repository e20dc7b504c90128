"""Helpers of tt-metal's tests that golden functions of the wheel import, and that the wheel doesn't bring along.

Goldens of pools lay their input out by two functions of ``tests.sweep_framework``. Where tt-metal's own can be
imported, as in its checkout, they are; elsewhere these take their place while a golden computes.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType

import torch

_POOLS = "tests.sweep_framework.sweep_utils.pool2d_common"


def prepare_torch_pool_input(
    input_tensor: torch.Tensor,
    batch_size: int,
    input_h: int,
    input_w: int,
    channels: int,
    padding: Sequence[int],
    pad_fill_value: float,
) -> tuple[torch.Tensor, tuple[int, int]]:
    """The input as ``[N, C, H, W]``, and what torch is to pad; what torch can't pad by itself is padded here.

    ``padding`` is ``[height, width]`` or ``[top, bottom, left, right]``.
    """
    values = input_tensor.reshape(batch_size, input_h, input_w, -1)[..., :channels].permute(0, 3, 1, 2)
    if len(padding) == 2:
        return values, (padding[0], padding[1])
    top, bottom, left, right = padding
    if (top, left) == (bottom, right):
        return values, (top, left)
    return torch.nn.functional.pad(values, (left, right, top, bottom), value=pad_fill_value), (0, 0)


def pool_output_to_flat_nhwc(output: torch.Tensor) -> torch.Tensor:
    """``[N, C, H, W]`` as ``[1, 1, N * H * W, C]``."""
    batch, channels, height, width = output.shape
    return output.permute(0, 2, 3, 1).reshape(1, 1, batch * height * width, channels)


@contextmanager
def importable_helpers() -> Iterator[None]:
    """Inside, what goldens import can be imported."""
    if _is_importable(_POOLS):
        yield
        return
    module = ModuleType(_POOLS)
    module.__dict__.update(
        prepare_torch_pool_input=prepare_torch_pool_input, pool_output_to_flat_nhwc=pool_output_to_flat_nhwc
    )
    sys.modules[_POOLS] = module
    try:
        yield
    finally:
        del sys.modules[_POOLS]


def _is_importable(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False
