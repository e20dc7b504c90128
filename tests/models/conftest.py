"""The device that model tests run on: a card's, a mock's or the emulation's, whatever ``import ttnn`` gives.

Each test is a small network as users write them, against ttnn's public names alone. They are there to be traced:
``pytest tests/models --ttnn-trace=FILE``, which makes ttnn importable where there is no wheel.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch


@pytest.fixture
def device() -> Iterator[Any]:
    import ttnn

    torch.manual_seed(0)
    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    yield device
    ttnn.close_device(device)
