"""What makes ``import ttnn`` give the package's emulation."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


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
        """Keep torch to one thread, until ``withdraw``.

        Sums that are split over threads differ in their last digits with the number of threads, which is another for
        an xdist worker than for one process; and workers that each use every core wait for one another.
        """
        import torch

        if self._threads is None:
            self._threads = torch.get_num_threads()
            torch.set_num_threads(1)

    def withdraw(self) -> None:
        """Leave later imports of ttnn to find the wheel again, or nothing; give torch its threads back."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self._restore_threads()
        if "pytest_ttnn_sweeps.emulation.install" in sys.modules:
            from pytest_ttnn_sweeps.emulation.install import uninstall

            uninstall()

    def _restore_threads(self) -> None:
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
