"""The environment variables that make ttnn, in this process and those that it starts, run on the mock device."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

from pytest_ttnn_sweeps.devices.mock.boards import BOARDS
from pytest_ttnn_sweeps.devices.mock.preparing import MockDirectory, prepare
from pytest_ttnn_sweeps.devices.mock.wheel import MockError, find_wheel
from pytest_ttnn_sweeps.devices.process_environment import EnvironmentChange
from pytest_ttnn_sweeps.devices.wheel import SIMULATOR

DESCRIPTOR = "TT_METAL_MOCK_CLUSTER_DESC_PATH"
"""tt-metal's own switch for mock devices; also where somebody else sets it."""
_BOARD = "TTNN_SWEEPS_MOCK"
_OVERRIDES = "TTNN_CONFIG_OVERRIDES"
# Another device than the mock one, a part of it, or a plan of another cluster.
_DIVERTING = (
    SIMULATOR,
    "TT_METAL_EMULE_MODE",
    "TT_METAL_SLOW_DISPATCH_MODE",
    "TT_VISIBLE_DEVICES",
    "TT_MESH_GRAPH_DESC_PATH",
)
# What reads a device's memory, zeros that end the process here, and what has kernels compiled elsewhere.
_READING = (
    "TT_METAL_WATCHER",
    "TT_METAL_DEVICE_PROFILER",
    "TT_METAL_STREAMING_PROFILER",
    "TT_METAL_DPRINT_CORES",
    "TT_METAL_DPRINT_DISPATCH_CORES",
    "TT_METAL_DPRINT_DRAM_CORES",
    "TT_METAL_DPRINT_ETH_CORES",
    "TT_METAL_JIT_SERVER_ENABLE",
)
OWN = frozenset({*_DIVERTING, *_READING, "TT_METAL_LOGGER_LEVEL", _OVERRIDES})
"""Variables that the mock device's settings take the place of, among those that change how vectors run."""
_loaded_for: str | None = None
"""The board that ttnn was imported for under an environment that has been restored since."""


def variables(
    board: str, directory: MockDirectory, environ: Mapping[str, str] = os.environ, *, traceable: bool = True
) -> dict[str, str | None]:
    """What to set for ``board``, and None for what to unset; what the user says of logging and ttnn's settings stays.

    ``traceable`` operations are Python's, where their calls can be seen; others are compiled functions, and faster.

    Raises ``MockError`` where those settings aren't JSON.
    """
    return {
        **dict.fromkeys(_DIVERTING),
        **dict.fromkeys(_READING),
        _BOARD: board,
        DESCRIPTOR: str(directory.descriptor(board)),
        "TT_METAL_RUNTIME_ROOT": str(directory.root),
        "TT_METAL_CACHE": str(directory.kernels),
        "TT_METAL_LOGS_PATH": str(directory.logs),
        # A refused operation is told by its exception; "error" would print each of them once more.
        "TT_METAL_LOGGER_LEVEL": environ.get("TT_METAL_LOGGER_LEVEL", "off"),
        "LOGURU_LEVEL": environ.get("LOGURU_LEVEL", "WARNING"),
        _OVERRIDES: _with_override(environ.get(_OVERRIDES, ""), enable_fast_runtime_mode=not traceable),
        **({"TT_METAL_SLOW_DISPATCH_MODE": "1"} if BOARDS[board].slow_dispatch else {}),
    }


def _with_override(text: str, **overrides: object) -> str:
    try:
        settings = json.loads(text) if text.strip() else {}
    except ValueError:
        settings = None
    if not isinstance(settings, dict):
        msg = f"--sweep-device mock: {_OVERRIDES} is no JSON object: {text!r}"
        raise MockError(msg)
    return json.dumps({**settings, **overrides})


class MockEnvironment:
    """The variables for one board, in ``os.environ`` until `withdraw`."""

    def __init__(self, board: str, *, traceable: bool = True) -> None:
        """Set them, after making what they name. Raises ``MockError`` where ttnn can't run on it in this process."""
        wheel = find_wheel()
        if "ttnn" in sys.modules and board not in (_loaded_for, os.environ.get(_BOARD)):
            # It reads them once.
            source = getattr(sys.modules["ttnn"], "__file__", None) or "the emulation"
            msg = f"--sweep-device mock:{board}: ttnn is imported already, from {source}, and not for this mock device"
            raise MockError(msg)
        new = variables(board, prepare(wheel), traceable=traceable)
        self.board = board
        self._change = EnvironmentChange(new)

    def withdraw(self) -> None:
        """Give the environment its former values, once; a ttnn that is imported by now stays on the mock device."""
        global _loaded_for
        if "ttnn" in sys.modules:
            _loaded_for = self.board
        self._change.undo()
