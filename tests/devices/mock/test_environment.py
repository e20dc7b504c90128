"""What the environment says while ttnn is on the mock device, and that it says so no longer afterwards."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from pytest_ttnn_sweeps.devices.health import preflight
from pytest_ttnn_sweeps.devices.mock import environment
from pytest_ttnn_sweeps.devices.mock.boards import BOARDS
from pytest_ttnn_sweeps.devices.mock.environment import OWN, MockEnvironment, variables
from pytest_ttnn_sweeps.devices.mock.preparing import MockDirectory
from pytest_ttnn_sweeps.devices.mock.wheel import MockError, Wheel
from pytest_ttnn_sweeps.devices.provider import Provider, ProviderError, check_request, check_torch_device

DIRECTORY = MockDirectory(Path("/cache/ttnn-1"))


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> MockDirectory:
    """A wheel, no ttnn imported, and an environment that nobody has changed."""
    made = MockDirectory(tmp_path)
    monkeypatch.setattr(environment, "find_wheel", lambda: Wheel("0.81.1", tmp_path))
    monkeypatch.setattr(environment, "prepare", lambda wheel: made)
    monkeypatch.setattr(environment, "_loaded_for", None)
    monkeypatch.delitem(sys.modules, "ttnn", raising=False)
    for name in variables("n150", made, {}):
        monkeypatch.delenv(name, raising=False)
    return made


@pytest.mark.parametrize("board", BOARDS)
def test_everything_is_below_one_directory(board: str) -> None:
    """Nothing that a real device's kernels are kept in; dispatch as on the board."""
    new = variables(board, DIRECTORY, {})

    assert new["TT_METAL_MOCK_CLUSTER_DESC_PATH"] == f"/cache/ttnn-1/{board}.yaml"
    for name in ("TT_METAL_RUNTIME_ROOT", "TT_METAL_CACHE", "TT_METAL_LOGS_PATH"):
        assert str(new[name]).startswith("/cache/ttnn-1/")
    assert new["TT_METAL_SLOW_DISPATCH_MODE"] == ("1" if board == "n300" else None)
    assert json.loads(str(new["TTNN_CONFIG_OVERRIDES"])) == {"enable_fast_runtime_mode": False}
    assert new["TT_METAL_LOGGER_LEVEL"] == "off"


def test_what_would_lead_elsewhere_is_unset_and_what_is_the_users_stays() -> None:
    """A simulator has precedence over the mock device, and a visible device 3 is none of it."""
    theirs = {
        "TT_METAL_SIMULATOR": "/sim",
        "TT_VISIBLE_DEVICES": "3",
        "TT_METAL_WATCHER": "5",
        "TT_METAL_LOGGER_LEVEL": "debug",
        "LOGURU_LEVEL": "INFO",
        "TTNN_CONFIG_OVERRIDES": '{"enable_logging": true, "enable_fast_runtime_mode": true}',
    }

    new = variables("n150", DIRECTORY, theirs)

    assert new["TT_METAL_SIMULATOR"] is None
    assert new["TT_VISIBLE_DEVICES"] is None
    assert new["TT_METAL_WATCHER"] is None
    assert (new["TT_METAL_LOGGER_LEVEL"], new["LOGURU_LEVEL"]) == ("debug", "INFO")
    overrides = json.loads(str(new["TTNN_CONFIG_OVERRIDES"]))
    assert overrides == {"enable_logging": True, "enable_fast_runtime_mode": False}


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_settings_that_are_no_object_are_refused(text: str) -> None:
    """Rather than dropped."""
    with pytest.raises(MockError, match="TTNN_CONFIG_OVERRIDES is no JSON object"):
        variables("n150", DIRECTORY, {"TTNN_CONFIG_OVERRIDES": text})


def test_the_environment_is_as_it_was_afterwards(prepared: MockDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was set, what was unset, and what was neither; also where one is entered inside another."""
    monkeypatch.setenv("TT_METAL_CACHE", "/theirs")
    monkeypatch.setenv("TT_METAL_SIMULATOR", "/sim")
    before = dict(os.environ)

    outer = MockEnvironment("n150")
    within = dict(os.environ)
    inner = MockEnvironment("p150")
    assert os.environ["TT_METAL_MOCK_CLUSTER_DESC_PATH"] == str(prepared.descriptor("p150"))
    inner.withdraw()
    assert dict(os.environ) == within
    assert within["TT_METAL_CACHE"] == str(prepared.kernels)
    assert "TT_METAL_SIMULATOR" not in within
    outer.withdraw()

    assert dict(os.environ) == before
    outer.withdraw()
    assert dict(os.environ) == before


def test_a_ttnn_that_is_imported_already_is_refused(prepared: MockDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    """It read another environment; nothing is changed then."""
    loaded = ModuleType("ttnn")
    loaded.__file__ = "/site-packages/ttnn/__init__.py"
    monkeypatch.setitem(sys.modules, "ttnn", loaded)
    before = dict(os.environ)

    with pytest.raises(MockError, match=r"imported already, from /site-packages/ttnn/__init__\.py, and not for this"):
        MockEnvironment("n150")

    assert dict(os.environ) == before


def test_a_ttnn_that_was_imported_for_the_board_serves_again(
    prepared: MockDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a later session of the process, and inside of one; another board doesn't."""
    first = MockEnvironment("n150")
    monkeypatch.setitem(sys.modules, "ttnn", ModuleType("ttnn"))
    MockEnvironment("n150").withdraw()
    first.withdraw()

    again = MockEnvironment("n150")
    with pytest.raises(MockError, match="--sweep-device mock:p150: ttnn is imported already"):
        MockEnvironment("p150")
    again.withdraw()


def test_requests() -> None:
    """Boards are the mock device's; torch computes for the emulation alone."""
    assert check_request("mock") == ("mock", "")
    assert check_request("mock:p150") == ("mock", "p150")
    for wrong, why in (("mock:t3000", "no board 't3000'; there is n150, n300, p150"), ("ttnn:n150", "expected auto")):
        with pytest.raises(ProviderError, match=why):
            check_request(wrong)
    with pytest.raises(ProviderError, match="only the emulation computes with torch"):
        check_torch_device("cuda", "mock")


def test_a_mock_device_says_so_and_is_no_board(tmp_path: Path) -> None:
    """Prepared here or by the user; a simulator isn't silicon either."""
    own = Provider("mock", "0.81.1", "n150", is_prepared=True)
    theirs = Provider("mock", "0.81.1", "wormhole_b0 (1 device)")
    simulator = Provider("simulator", "0.81.1", "wormhole_b0 (1 device)")

    assert "on n150, a MOCK device" in own.describe()
    assert "a MOCK device" in theirs.describe()
    assert "a SIMULATOR: not silicon" in simulator.describe()
    assert [(p.is_mock, p.is_wheel, p.has_board) for p in (own, theirs, simulator)] == [
        (True, True, False),
        (True, True, False),
        (False, True, False),
    ]
    forgotten = {**dict.fromkeys(OWN, "1"), "TT_METAL_NULL_KERNELS": "1"}
    assert preflight(own, environ=forgotten, system=tmp_path) == [
        ("board", "n150, wormhole_b0, grid 8x8, fast dispatch"),
        ("debug variables", "TT_METAL_NULL_KERNELS=1"),
    ]
