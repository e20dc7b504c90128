"""The health of devices: what there is before the first vector, and when so much fails that the run had better end."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_ttnn_sweeps.devices.mock.boards import BOARDS as MOCK_BOARDS
from pytest_ttnn_sweeps.devices.mock.environment import OWN
from pytest_ttnn_sweeps.devices.provider import BOARDS, Provider
from pytest_ttnn_sweeps.errors import SweepError

_CARD, _FIRMWARE = "tt_card_type", "tt_fw_bundle_ver"
_DRIVER = "module/tenstorrent/version"
_LIMIT = re.compile(r"(\d+)(?:/(\d+))?")
_ORDINARY = frozenset(
    f"TT_METAL_{name}"
    for name in ("HOME", "RUNTIME_ROOT", "CACHE", "LOGS_PATH", "MOCK_CLUSTER_DESC_PATH", "SIMULATOR", "ENV")
)
# A switch, a number, a list of cores or a level; a path, an address or a token is none of them.
_HARMLESS = re.compile(r"[\d\s,;.:()x-]{0,80}|(?i:true|false|yes|no|on|off|all|trace|debug|info|warning|error|fatal)")


class CircuitBreaker:
    """Says when too many of the most recent vectors failed on the device: the next hundred would do the same."""

    def __init__(self, most: int, window: int) -> None:
        """Break at ``most`` failures among the last ``window`` vectors; ``most`` of 0 never breaks."""
        self.most, self.window = most, window
        self._recent: deque[bool] = deque(maxlen=window)

    @classmethod
    def parse(cls, text: str) -> CircuitBreaker:
        """``5/20``: five of twenty; ``5``: five in a row; ``0``: never. Raises ``SweepError``."""
        match = _LIMIT.fullmatch(text.strip())
        most, window = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if most > window:
            msg = f"--sweep-max-device-failures {text!r}: expected N/OF, such as 5/20, or 0 for no limit"
            raise SweepError(msg)
        return cls(most, max(window, 1))

    def add(self, *, failed: bool, last: str) -> str | None:
        """Count a vector; the reason to stop where this failure is one too many. ``last`` says which, in a line."""
        self._recent.append(failed)
        failures = sum(self._recent)
        if not failed or not self.most or failures < self.most:
            return None
        return (
            f"{failures} of the last {len(self._recent)} vectors failed on the device, the last {last}; the board "
            "needs a look (ttnn-sweeps doctor) or a reset; --sweep-max-device-failures changes the limit"
        )


def preflight(
    provider: Provider,
    *,
    devices: Sequence[str] = (),
    environ: Mapping[str, str] = os.environ,
    system: Path = Path("/sys"),
) -> list[tuple[str, str]]:
    """What can be known of the devices without opening one: names of facts, and the facts.

    ``devices`` are the numbers of the driver's nodes. Boards, firmware and driver are what the driver says in
    ``system``; left out where it says nothing.
    """
    facts: list[tuple[str, str]] = []
    if provider.name == "emulated":
        facts.append(("board", f"{provider.device}, {BOARDS[provider.device]}"))
    elif provider.is_prepared:
        facts.append(("board", f"{provider.device}, {MOCK_BOARDS[provider.device].facts}"))
    elif provider.has_board:
        for device in devices:
            card, firmware = (_read(_of_device(system, device) / fact) for fact in (_CARD, _FIRMWARE))
            board = [card, f"firmware {firmware}" if firmware else ""]
            facts.append((f"device {device}", ", ".join(filter(None, board)) or "of which the driver says nothing"))
        driver = _read(system / _DRIVER)
        facts += [("driver", driver)] if driver else []
    own = OWN if provider.is_prepared else frozenset[str]()
    left = debug_variables({name: value for name, value in environ.items() if name not in own})
    return [*facts, ("debug variables", left)] if left else facts


def board_versions(devices: Sequence[str], *, system: Path = Path("/sys")) -> dict[str, str]:
    """``firmware`` and ``driver`` of the boards, as far as the driver says them; several of one kind by commas."""
    bundles = [_read(_of_device(system, device) / _FIRMWARE) for device in devices]
    found = {
        "firmware": ", ".join(dict.fromkeys(filter(None, bundles))),
        "driver": _read(system / _DRIVER),
    }
    return {name: text for name, text in found.items() if text}


def debug_variables(environ: Mapping[str, str]) -> str:
    """The ``TT_METAL_...`` variables that change how vectors run: a forgotten one slows a whole night down.

    Values are shown where they are switches, numbers or levels; of others, which may be paths or secrets, only names.
    """
    return " ".join(
        f"{name}={value}" if value and _HARMLESS.fullmatch(value) else name
        for name, value in sorted(environ.items())
        if name.startswith(("TT_METAL_", "TTNN_CONFIG_")) and name not in _ORDINARY
    )


def _of_device(system: Path, device: str) -> Path:
    """Where the driver tells of one device."""
    return system / "class/tenstorrent" / f"tenstorrent!{device}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
