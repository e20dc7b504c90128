"""``ttnn-sweeps doctor``: facts of this machine, one a line."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.devices.lease import Claims

Doctor = Callable[..., tuple[int, dict[str, str]]]

FAKE_TTNN = "def get_arch_name(): return 'wormhole_b0'\ndef get_num_devices(): return 2\n"


@pytest.fixture
def facts(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Doctor:
    """Runs the command; its status, and facts by name."""
    monkeypatch.chdir(tmp_path)
    for name in ("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_SMI_RESET_COMMAND", "TT_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> tuple[int, dict[str, str]]:
        status = main(["doctor", *arguments])
        lines = capsys.readouterr().out.splitlines()
        return status, {line.partition("  ")[0]: line.partition("  ")[2].strip() for line in lines}

    return run


@pytest.fixture
def two_boards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A wheel that finds two devices; where their locks are."""
    site = tmp_path / "site"
    (site / "ttnn-9.9.dist-info").mkdir(parents=True)
    (site / "ttnn-9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ttnn\nVersion: 9.9\n")
    (site / "ttnn.py").write_text(FAKE_TTNN)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=":")
    monkeypatch.setenv("TTNN_SWEEPS_LOCKS", str(tmp_path / "locks"))
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "3,5")
    return tmp_path / "locks"


def test_an_emulated_machine(facts: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Board, versions, extras, and forgotten variables; nothing to reset."""
    monkeypatch.setenv("TT_METAL_WATCHER", "60")

    status, found = facts("--device", "emulated:n300")

    assert status == 0
    assert found["board"] == "n300, 2 x wormhole_b0, grid 8x7"
    assert found["debug variables"] == "TT_METAL_WATCHER=60"
    assert found["reset command"] == "none needed"
    assert found["pytest"] == pytest.__version__
    assert "extra dev" not in found


def test_boards_and_how_they_are_reset(facts: Doctor, two_boards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is shown as it would run."""
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "3,5")
    monkeypatch.setenv("TT_SMI_RESET_COMMAND", "tt-smi -r {devices}")

    status, found = facts()

    assert status == 0
    assert found["import ttnn gives"] == "ttnn 9.9 on wormhole_b0 (2 devices)"
    assert found["device 3"] == "of which the driver says nothing"
    assert found["reset command"] == "tt-smi -r 3,5"


def test_what_is_not_in_order_is_the_status(facts: Doctor, two_boards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A device that another run has, and a reset command that can't be read."""
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "3,5")
    monkeypatch.setenv("TT_SMI_RESET_COMMAND", "tt-smi '")
    claims = Claims(two_boards)
    claims.take(["5"], 1)

    status, found = facts()

    assert status == 1
    assert found["in use"].startswith("device 5 is in use by process ")
    assert "No closing quotation" in found["reset command"]
    claims.release()


def test_it_imports_no_torch() -> None:
    """A doctor for broken machines."""
    code = "import sys; from pytest_ttnn_sweeps.cli import main; main(['doctor', '--device=emulated'])\n"
    code += "print({'torch', 'ttnn', 'pytest'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "set()"
