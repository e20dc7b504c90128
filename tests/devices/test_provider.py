"""What a wheel finds decides what `auto` and `ttnn` give, and is told from silicon where it isn't silicon."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ttnn_sweeps.collection.bodies import provider_facts
from pytest_ttnn_sweeps.devices.provider import ProviderError, choose

SWITCHES = ("TT_METAL_MOCK_CLUSTER_DESC_PATH", "TT_METAL_SIMULATOR")

# As tt-metal does it: its log goes to standard output, before and after.
TTNN = """
import atexit, os
def get_arch_name(): print("info | Device | Opening user mode device driver"); return "wormhole_b0"
def get_num_devices(): return int(os.environ["DEVICES"])
atexit.register(print, "info | Device | Closing user mode device drivers")
"""


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where a wheel is installed that finds one device; none of the switches is set."""
    (tmp_path / "ttnn-9.9.dist-info").mkdir()
    (tmp_path / "ttnn-9.9.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: ttnn\nVersion: 9.9\n")
    (tmp_path / "ttnn.py").write_text(TTNN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("DEVICES", "1")
    for name in SWITCHES:
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_card_is_found_among_lines_of_the_log(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is hardware."""
    found = choose("auto")

    assert found.describe() == "ttnn 9.9 on wormhole_b0 (1 device)"
    assert found.has_board
    assert provider_facts(found)["card_type"] == "wormhole_b0 (1 device)"
    monkeypatch.setenv("DEVICES", "4")
    assert choose("ttnn").device == "wormhole_b0 (4 devices)"


@pytest.mark.parametrize("requested", ["auto", "ttnn"])
def test_a_simulator_is_a_device_and_no_silicon(site: Path, monkeypatch: pytest.MonkeyPatch, requested: str) -> None:
    """Chosen like a card, also before a mock device, as tt-metal itself does; nothing to reset, nothing to share."""
    for name in SWITCHES:
        monkeypatch.setenv(name, "/x")

    found = choose(requested)

    assert found.describe() == "ttnn 9.9 on wormhole_b0 (1 device), a SIMULATOR: not silicon"
    assert not found.has_board
    assert found.is_wheel
    assert provider_facts(found) == {
        "provider": "simulator",
        "provider_version": "9.9",
        "card_type": "wormhole_b0 (1 device) (simulator)",
    }


def test_the_users_own_mock_device_is_marked(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is chosen as ever, by `ttnn` as by `auto`, and nobody takes its records for a card's."""
    monkeypatch.setenv("TT_METAL_MOCK_CLUSTER_DESC_PATH", "/n150.yaml")

    found = choose("ttnn")

    assert (found.is_mock, found.is_prepared, found.has_board) == (True, False, False)
    assert provider_facts(found)["provider"] == "mock"
    assert provider_facts(found)["card_type"] == "wormhole_b0 (1 device) (mock)"
    monkeypatch.setenv("TT_METAL_MOCK_CLUSTER_DESC_PATH", "")
    assert choose("ttnn").has_board


def test_no_device_is_the_emulation_or_an_error(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what the wheel says."""
    monkeypatch.setenv("DEVICES", "0")
    assert choose("auto").name == "emulated"

    (site / "ttnn.py").write_text("raise RuntimeError('TT_FATAL: No chips detected in the cluster')\n")
    with pytest.raises(ProviderError, match=r"ttnn 9\.9 finds no device: .*No chips detected"):
        choose("ttnn")
