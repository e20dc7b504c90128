"""The machine that a traced process runs on, as its tensors' devices tell it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import Machine

_BOARD_TYPES = {"WORMHOLE_B0": "Wormhole", "BLACKHOLE": "Blackhole", "GRAYSKULL": "Grayskull"}
"""Architectures, as older tracers call boards of theirs."""
_CHIPS_PER_CARD = {"n150": 1, "n300": 2, "p100": 1, "p150": 1, "p300": 2}
"""Of boards that are cards; how many cards a larger machine has isn't told by its name."""


def machine_of(arguments: Iterable[Any], ttnn_version: str | None) -> Machine | None:
    """The machine of the first device that ``arguments`` (objects of ttnn) lead to; None where there is none.

    Emulated and mock devices say so in ``provider``, so that nobody takes their calls for silicon's.
    """
    device = next(_devices(arguments), None)
    if device is None:
        return None
    try:
        arch, chips = device.arch().name, device.get_num_devices()
        shape = tuple(int(length) for length in device.shape)
    except Exception:  # noqa: BLE001 - what a device doesn't tell is not recorded
        return None
    series = _series()
    facts = {"arch": arch.lower(), "provider": _provider(ttnn_version)}
    return Machine(
        board_type=_BOARD_TYPES.get(arch, arch),
        device_series=(series,) if series else (),
        card_count=-(-chips // _CHIPS_PER_CARD[series]) if series in _CHIPS_PER_CARD else None,
        mesh_shape=shape,
        device_count=chips,
        extra=json.dumps({name: fact for name, fact in facts.items() if fact}, sort_keys=True),
    )


def _devices(values: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    for value in values:
        if type(value) in (list, tuple) and depth < 3:
            yield from _devices(value, depth + 1)
        elif type(value).__name__ == "MeshDevice":
            yield value
        elif any(kind.__name__ == "Tensor" and kind.__module__.startswith("ttnn") for kind in type(value).__mro__):
            try:
                device = value.device()
            except Exception:  # noqa: BLE001 - a tensor that was freed has none
                continue
            if device is not None:
                yield device


def _series() -> str:
    """The kind of board, as ``n150``; empty where ttnn doesn't say."""
    board = sys.modules.get("pytest_ttnn_sweeps.emulation.boards")
    if board is not None and "emulated" in str(getattr(sys.modules.get("ttnn"), "__version__", "")):
        return str(board.board_in_use().name)
    try:
        name = str(sys.modules["ttnn"].cluster.get_cluster_type()).rpartition(".")[2].lower()
    except Exception:  # noqa: BLE001 - older releases have no such function
        return ""
    return "" if name == "invalid" else name


def _provider(ttnn_version: str | None) -> str | None:
    if ttnn_version is not None and "emulated" in ttnn_version:
        return "emulated"
    if os.environ.get("TT_METAL_SIMULATOR"):
        return "simulator"
    return "mock" if os.environ.get("TT_METAL_MOCK_CLUSTER_DESC_PATH") else None
