"""Choosing what ``import ttnn`` gives to sweep modules: the wheel on a device or a mock one, or the emulation.

The choice is made once per process. Nothing here imports ttnn or torch before a sweep module asks for ttnn.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import sys
from dataclasses import dataclass
from typing import Literal, Protocol

from pytest_ttnn_sweeps.devices.emulation_finder import EmulationFinder
from pytest_ttnn_sweeps.devices.mock.boards import BOARDS as MOCK_BOARDS
from pytest_ttnn_sweeps.devices.mock.environment import DESCRIPTOR, MockEnvironment
from pytest_ttnn_sweeps.devices.mock.importing import GoldenImport, ValuesLeftOut
from pytest_ttnn_sweeps.devices.mock.preparing import prepare
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel
from pytest_ttnn_sweeps.devices.wheel import NOT_INSTALLED, SIMULATOR, find_devices, installed_wheel
from pytest_ttnn_sweeps.errors import SweepError

BOARDS = {
    "n150": "wormhole_b0, grid 8x8",
    "n300": "2 x wormhole_b0, grid 8x7",
    "p150": "blackhole, grid 13x10",
}
"""The boards that can be emulated, as the header describes them."""
_HOST = "cpu"


class ProviderError(SweepError):
    """The TTNN provider that was asked for can't be had."""


@dataclass(frozen=True)
class Provider:
    """What ``import ttnn`` gives in this process."""

    name: Literal["ttnn", "simulator", "mock", "emulated"]
    version: str
    device: str
    """Architecture and number of devices, or the board that is emulated or mocked."""
    why: str = ""
    is_prepared: bool = False
    """Whether the package makes the mock device; one that isn't is what the user's environment names."""
    only_validates: bool = False
    """Whether nobody looks at the mock device's values."""

    @property
    def is_mock(self) -> bool:
        """Whether the wheel runs on tt-metal's mock device, which computes nothing."""
        return self.name == "mock"

    @property
    def is_wheel(self) -> bool:
        """Whether ttnn is the compiled one, which can hang and crash."""
        return self.name != "emulated"

    @property
    def has_board(self) -> bool:
        """Whether devices are hardware: one process at a time, to be reset after a hang."""
        return self.name == "ttnn"

    def describe(self) -> str:
        """One line for the header, which nobody should mistake for another provider's."""
        if self.only_validates:
            return f"ttnn {self.version} on {self.device}, a MOCK device: vectors are validated, nothing is computed"
        if self.is_mock:
            values = "values are ttnn's golden functions'" if self.is_prepared else "what is read back are zeros"
            return f"ttnn {self.version} on {self.device}, a MOCK device: nothing computes, {values}"
        if self.is_wheel:
            kind = ", a SIMULATOR: not silicon" if self.name == "simulator" else ""
            return f"ttnn {self.version} on {self.device}{kind}"
        return f"EMULATED ttnn on torch {self.version}, board {self.device}: function, not silicon{self.why}"


class Offer(Protocol):
    """What `provide` has done to the process."""

    def withdraw(self) -> None:
        """Undo it: later imports of ttnn find what they did before."""


def check_request(requested: str) -> tuple[str, str]:
    """The name and the board of a provider: ``auto``, ``ttnn``, ``mock:n300``, ... Raises ``ProviderError``."""
    name, _, board = requested.partition(":")
    boards = {"auto": (), "ttnn": (), "mock": tuple(MOCK_BOARDS), "emulated": tuple(BOARDS)}.get(name)
    if boards is None or (board and not boards):
        msg = f"--sweep-device {requested!r}: expected auto, ttnn, mock, mock:BOARD, emulated or emulated:BOARD"
        raise ProviderError(msg)
    if board and board not in boards:
        msg = f"--sweep-device {requested!r}: no board {board!r}; there is {', '.join(boards)}"
        raise ProviderError(msg)
    return name, board


def check_torch_device(name: str, provider: str) -> None:
    """Raise ``ProviderError`` unless torch has the device ``name`` and the provider asked for may use it.

    torch is imported for another device than the host only.
    """
    if name == _HOST:
        return
    option = f"--sweep-torch-device {name!r}"
    if provider in ("ttnn", "mock"):
        msg = f"{option}: only the emulation computes with torch; leave it out, or say --sweep-device emulated"
        raise ProviderError(msg)
    if importlib.util.find_spec("torch") is None:
        msg = f"{option}: the emulation of ttnn needs torch: pip install torch"
        raise ProviderError(msg)
    from pytest_ttnn_sweeps.emulation.torch_device import checked_torch_device

    try:
        checked_torch_device(name)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ProviderError(msg) from None


def choose(requested: str, *, only_validates: bool = False) -> Provider:
    """The provider that is asked for. Raises ``SweepError`` where it can't be had.

    ``auto`` is the wheel where it finds a device, else the emulation; where vectors are only to be validated, the mock
    device. The wheel is asked in a process of its own.
    """
    name, board = check_request(requested)
    if only_validates:
        name = "mock" if name == "auto" else name
        if name != "mock":
            msg = (
                f"--sweep-validate-only with --sweep-device {requested}: leave out one of them; a mock device validates"
            )
            raise ProviderError(msg)
    if name == "emulated":
        return _emulated(board, "")
    if name == "mock":
        wheel = find_wheel()
        prepare(wheel)
        return Provider(
            "mock", wheel.version, board or next(iter(MOCK_BOARDS)), is_prepared=True, only_validates=only_validates
        )
    installed = installed_wheel()
    if installed is None:
        if name == "ttnn":
            msg = f"--sweep-device ttnn: {NOT_INSTALLED}"
            raise ProviderError(msg)
        return _emulated(board, " (the ttnn wheel isn't installed)")
    version = installed.version
    devices, trouble = find_devices()
    if devices:
        # The user's own switches, in the order in which tt-metal heeds them: neither must pass for silicon.
        kind: Literal["ttnn", "simulator", "mock"] = "mock" if os.environ.get(DESCRIPTOR) else "ttnn"
        return Provider("simulator" if os.environ.get(SIMULATOR) else kind, version, devices)
    if name == "ttnn":
        msg = f"--sweep-device ttnn: ttnn {version} finds no device: {trouble}"
        raise ProviderError(msg)
    return _emulated(board, f" (ttnn {version} finds no device)")


def _emulated(board: str, why: str) -> Provider:
    try:
        version = importlib.metadata.version("torch")
    except importlib.metadata.PackageNotFoundError:
        version = "(missing)"
    return Provider("emulated", version, board or next(iter(BOARDS)), why)


def provide(provider: Provider, torch_device: str = _HOST) -> Offer | None:
    """Make ``import ttnn`` give ``provider``; what did it, for ``withdraw``, where anything was to be done.

    ``torch_device`` is the torch device that the emulation computes on. Raises ``SweepError`` where another ttnn than
    the emulation or the mock device's is imported already.
    """
    if provider.is_prepared:
        environment = MockEnvironment(provider.device, traceable=not provider.only_validates)
        return ValuesLeftOut(environment) if provider.only_validates else GoldenImport(environment)
    if provider.is_wheel:
        return None
    loaded = sys.modules.get("ttnn")
    if loaded is not None and "emulated" not in getattr(loaded, "__version__", ""):
        msg = f"--sweep-device emulated: ttnn is imported already, from {getattr(loaded, '__file__', 'somewhere')}"
        raise ProviderError(msg)
    finder = EmulationFinder(provider.device, torch_device)
    sys.meta_path.insert(0, finder)
    return finder


def withdraw(offer: Offer | None) -> None:
    """Undo ``provide``."""
    if offer is not None:
        offer.withdraw()
