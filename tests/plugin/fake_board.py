"""A host with boards that don't exist: a stand-in for the ttnn wheel that knows which process has which device open."""

from __future__ import annotations

from pathlib import Path

import pytest

_TTNN = """
import fcntl, os, pathlib

_LOG, _CARDS = (pathlib.Path(os.environ[name]) for name in ("FAKE_LOG", "FAKE_CARDS"))

def _visible():
    return os.environ.get("TT_VISIBLE_DEVICES", "all")

def _log(*words):
    with _LOG.open("a") as log:
        log.write(" ".join(map(str, words)) + "\\n")

_log("import", _visible(), os.getpid())

def get_arch_name():
    return "wormhole_b0"

def get_num_devices():
    return len(_visible().split(","))

class Grid:
    x, y = 8, 7

class MeshDevice:
    def __init__(self):
        self.name = _visible()
        self.card = (_CARDS / self.name.partition(",")[0]).open("w")
        try:
            fcntl.flock(self.card, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _log("collision", self.name, os.getpid())
            raise RuntimeError(f"device {self.name} is open elsewhere")
        _log("open", self.name, os.getpid())

    def compute_with_storage_grid_size(self):
        return Grid()

def open_device(*, device_id):
    return MeshDevice()

def close_device(device):
    _log("close", device.name, os.getpid())
    device.card.close()
"""


class FakeBoards:
    """Puts the stand-in where Python finds the ttnn wheel, for this process's children."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log_file, self.locks = directory / "log", directory / "locks"
        site, cards = directory / "site", directory / "cards"
        (site / "ttnn-9.9.dist-info").mkdir(parents=True)
        (site / "ttnn-9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ttnn\nVersion: 9.9\n")
        self._ttnn = site / "ttnn.py"
        self._ttnn.write_text(_TTNN)
        cards.mkdir()
        self._environ = monkeypatch
        monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
        monkeypatch.setenv("FAKE_LOG", str(self.log_file))
        monkeypatch.setenv("FAKE_CARDS", str(cards))
        monkeypatch.setenv("TTNN_SWEEPS_LOCKS", str(self.locks))
        # The last is this process's own where the tests run on workers.
        for name in ("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_SMI_RESET_COMMAND", "PYTEST_XDIST_WORKER"):
            monkeypatch.delenv(name, raising=False)
        self.devices("0")

    def devices(self, *names: str) -> None:
        """The host has these devices."""
        self._environ.setenv("TT_VISIBLE_DEVICES", ",".join(names))

    def extend_ttnn(self, text: str) -> None:
        """Give the stand-in more functions, or others."""
        with self._ttnn.open("a") as file:
            file.write(text)

    def log(self, word: str) -> list[tuple[str, int]]:
        """Devices and processes of the events of a kind: import, open, close, collision."""
        lines = self.log_file.read_text().splitlines() if self.log_file.exists() else []
        events = [line.split() for line in lines]
        return [(device, int(pid)) for kind, device, pid in events if kind == word]
