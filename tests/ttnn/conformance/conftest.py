"""The wheel and the emulation, each once a session; tests that need the wheel are skipped where it isn't."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from differential.emulated import emulated_side
from differential.side import Side
from differential.wheel import Wheel, is_here

# Where a leg of CI is there for these tests alone, none of them may go missing.
_REQUIRED = "CONFORMANCE_REQUIRED"


@pytest.fixture(scope="session")
def wheel() -> Iterator[Wheel]:
    """The wheel's process."""
    if not is_here():
        reason = "needs the ttnn wheel and TT_METAL_MOCK_CLUSTER_DESC_PATH"
        if os.environ.get(_REQUIRED):
            pytest.fail(f"{reason}, as {_REQUIRED} is set")
        pytest.skip(reason)
    with Wheel() as process:
        yield process


@pytest.fixture(scope="session")
def emulation() -> Iterator[Side]:
    """The emulation, in this process."""
    side = emulated_side()
    yield side
    side.ttnn.close_device(side.device)
