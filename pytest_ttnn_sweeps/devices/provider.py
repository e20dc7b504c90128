"""Choosing what ``import ttnn`` gives to sweep modules: the wheel on a device, or the package's emulation.

The choice is made once per process. Nothing here imports ttnn or torch before a sweep module asks for ttnn, and no
device is looked for in this process: a look from here would keep the cluster open in the parent of whoever runs ops.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Literal

from pytest_ttnn_sweeps.errors import SweepError

BOARDS = {
    "n150": "wormhole_b0, grid 8x8",
    "n300": "2 x wormhole_b0, grid 8x7",
    "p150": "blackhole, grid 13x10",
}
"""The boards that can be emulated, as the header describes them."""
_PROBE = "import ttnn; print(ttnn.get_arch_name(), ttnn.get_num_devices())"
_HOST = "cpu"
_PROBE_SECONDS = 60


class ProviderError(SweepError):
    """The TTNN provider that was asked for can't be had."""


@dataclass(frozen=True)
class Provider:
    """What ``import ttnn`` gives in this process."""

    name: Literal["ttnn", "emulated"]
    version: str
    device: str
    """Architecture and number of devices, or the emulated board."""
    why: str = ""
    is_mock: bool = False

    @property
    def has_board(self) -> bool:
        """Whether devices are hardware: one process at a time, to be reset after a hang."""
        return self.name == "ttnn" and not self.is_mock

    def describe(self) -> str:
        """One line for the header, which nobody should mistake for another provider's."""
        if self.name == "ttnn":
            return f"ttnn {self.version} on {self.device}{self.why}"
        return f"EMULATED ttnn on torch {self.version}, board {self.device}: function, not silicon{self.why}"


def check_request(requested: str) -> tuple[str, str]:
    """The name and the board of ``auto``, ``ttnn``, ``emulated`` or ``emulated:BOARD``. Raises ``ProviderError``."""
    name, _, board = requested.partition(":")
    if name not in ("auto", "ttnn", "emulated") or (board and name != "emulated"):
        msg = f"--sweep-device {requested!r}: expected auto, ttnn, emulated or emulated:BOARD"
        raise ProviderError(msg)
    if board and board not in BOARDS:
        msg = f"--sweep-device {requested!r}: no board {board!r}; there is {', '.join(BOARDS)}"
        raise ProviderError(msg)
    return name, board


def check_torch_device(name: str, provider: str) -> None:
    """Raise ``ProviderError`` unless torch has the device ``name`` and the provider asked for may use it.

    torch is imported for another device than the host only.
    """
    if name == _HOST:
        return
    option = f"--sweep-torch-device {name!r}"
    if provider == "ttnn":
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


def choose(requested: str) -> Provider:
    """The provider that is asked for. Raises ``ProviderError`` where it can't be had.

    ``auto`` is the wheel where it finds a device, else the emulation. The wheel is asked in a process of its own.
    """
    name, board = check_request(requested)
    if name == "emulated":
        return _emulated(board, "")
    version = _wheel_version()
    if version is None:
        if name == "ttnn":
            msg = "--sweep-device ttnn: the ttnn wheel isn't installed; pip install 'pytest-ttnn-sweeps[ttnn]'"
            raise ProviderError(msg)
        return _emulated(board, " (the ttnn wheel isn't installed)")
    devices, trouble = _probe_devices()
    if devices:
        # tt-metal's own switch: everything is checked and nothing computed, so this must not pass for silicon.
        is_mock = "TT_METAL_MOCK_CLUSTER_DESC_PATH" in os.environ
        why = ", a MOCK device: what is read back are zeros" if is_mock else ""
        return Provider("ttnn", version, devices, why, is_mock)
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


def _wheel_version() -> str | None:
    try:
        return importlib.metadata.version("ttnn")
    except importlib.metadata.PackageNotFoundError:
        return None


def _probe_devices() -> tuple[str, str]:
    """What the wheel finds, and why it finds nothing."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"looking for one took more than {_PROBE_SECONDS} s"
    words = done.stdout.split()[-2:]
    if done.returncode == 0 and len(words) == 2 and words[1].isdigit() and int(words[1]) > 0:
        return f"{words[0]} ({words[1]} device{'s' if words[1] != '1' else ''})", ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    text = next(
        (line for line in lines if "No chips" in line), lines[-1] if lines else f"exit status {done.returncode}"
    )
    return "", text.strip()


class EmulationFinder(MetaPathFinder):
    """Gives the emulation to whoever imports ttnn while it is on ``sys.meta_path``; torch is imported only then."""

    def __init__(self, board: str, torch_device: str) -> None:
        self.board = board
        self.torch_device = torch_device
        self._threads: int | None = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in ("ttnn", "tt_lib"):
            return None
        return ModuleSpec(fullname, _EmulationLoader(self))

    def compute_alike(self) -> None:
        """Keep torch to one thread, until ``stop``.

        Sums that are split over threads differ in their last digits with the number of threads, which is another for
        an xdist worker than for one process; and workers that each use every core wait for one another.
        """
        import torch

        if self._threads is None:
            self._threads = torch.get_num_threads()
            torch.set_num_threads(1)

    def stop(self) -> None:
        """Give torch its threads back."""
        if self._threads is not None:
            import torch

            torch.set_num_threads(self._threads)


class _EmulationLoader(Loader):
    def __init__(self, finder: EmulationFinder) -> None:
        self._finder = finder

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        if importlib.util.find_spec("torch") is None:
            msg = "the emulation of ttnn needs torch: pip install torch"
            raise ImportError(msg, name=spec.name)
        from pytest_ttnn_sweeps.emulation.boards import use_board
        from pytest_ttnn_sweeps.emulation.install import install
        from pytest_ttnn_sweeps.emulation.torch_device import use_torch_device

        use_board(self._finder.board)
        use_torch_device(self._finder.torch_device)
        install()
        self._finder.compute_alike()
        return sys.modules[spec.name]

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: installing has filled the module."""


def provide(provider: Provider, torch_device: str = _HOST) -> EmulationFinder | None:
    """Make ``import ttnn`` give ``provider``; the finder that does it, for ``withdraw``, where one is needed.

    ``torch_device`` is the torch device that the emulation computes on. Raises ``ProviderError`` where the wheel is
    imported already and the emulation is asked for.
    """
    if provider.name == "ttnn":
        return None
    loaded = sys.modules.get("ttnn")
    if loaded is not None and "emulated" not in getattr(loaded, "__version__", ""):
        msg = f"--sweep-device emulated: ttnn is imported already, from {getattr(loaded, '__file__', 'somewhere')}"
        raise ProviderError(msg)
    finder = EmulationFinder(provider.device, torch_device)
    sys.meta_path.insert(0, finder)
    return finder


def withdraw(finder: EmulationFinder | None) -> None:
    """Undo ``provide``: later imports of ttnn find the wheel again, or nothing."""
    if finder in sys.meta_path:
        sys.meta_path.remove(finder)
        finder.stop()
    if finder is not None and "pytest_ttnn_sweeps.emulation.install" in sys.modules:
        from pytest_ttnn_sweeps.emulation.install import uninstall

        uninstall()
