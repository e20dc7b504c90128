"""The wheel and the emulation, each once a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from differential.emulated import emulated_side
from differential.side import Side
from differential.wheel import Wheel


@pytest.fixture(scope="session")
def wheel() -> Iterator[Wheel]:
    """The wheel's process."""
    with Wheel() as process:
        yield process


@pytest.fixture(scope="session")
def emulation() -> Iterator[Side]:
    """The emulation, in this process."""
    side = emulated_side()
    yield side
    side.ttnn.close_device(side.device)
