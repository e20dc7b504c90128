"""The circuit breaker, and what is known of devices without opening them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.health import CircuitBreaker, board_versions, debug_variables, preflight
from pytest_ttnn_sweeps.devices.provider import BOARDS, Provider
from pytest_ttnn_sweeps.emulation import BOARDS as EMULATED
from pytest_ttnn_sweeps.errors import SweepError

REAL = Provider("ttnn", "0.81.1", "wormhole_b0 (2 devices)")


@given(st.lists(st.booleans()), st.integers(1, 6), st.integers(0, 6))
def test_it_breaks_at_the_first_window_with_too_many_failures(failures: list[bool], most: int, more: int) -> None:
    """Neither before nor after: the sum over the last ``window`` vectors decides, and only a failure breaks."""
    window = most + more
    breaker = CircuitBreaker(most, window)

    reasons = [breaker.add(failed=failed, last="x") is not None for failed in failures]

    assert reasons == [
        failed and sum(failures[max(0, at + 1 - window) : at + 1]) >= most for at, failed in enumerate(failures)
    ]


@given(st.lists(st.booleans()))
def test_zero_never_breaks(failures: list[bool]) -> None:
    """The limit can be switched off."""
    breaker = CircuitBreaker.parse("0")

    assert not any(breaker.add(failed=failed, last="x") for failed in failures)


def test_the_reason_says_how_many_of_how_many_and_what_to_do() -> None:
    """One line for the end of the run."""
    breaker = CircuitBreaker.parse("2/20")
    breaker.add(failed=True, last="a")
    breaker.add(failed=False, last="b")

    reason = breaker.add(failed=True, last="add::nightly::3fa9: hung")

    assert reason is not None
    assert reason.startswith("2 of the last 3 vectors failed on the device, the last add::nightly::3fa9: hung; ")
    assert "--sweep-max-device-failures" in reason


@pytest.mark.parametrize(("text", "most", "window"), [("5/20", 5, 20), ("3", 3, 3), ("0", 0, 1), (" 1/1 ", 1, 1)])
def test_limits(text: str, most: int, window: int) -> None:
    """N of so many, or N in a row."""
    breaker = CircuitBreaker.parse(text)

    assert (breaker.most, breaker.window) == (most, window)


@pytest.mark.parametrize("text", ["", "x", "5/", "20/5", "-1", "5/20/30", "1.5"])
def test_a_limit_that_is_none(text: str) -> None:
    """A mistake in the option is one line."""
    with pytest.raises(SweepError, match="expected N/OF"):
        CircuitBreaker.parse(text)


def test_debug_variables_show_switches_and_hide_the_rest() -> None:
    """Forgotten variables are named; a value that may be a path or a secret stays hidden."""
    environ = {
        "TT_METAL_WATCHER": "120",
        "TT_METAL_DPRINT_CORES": "(0,0)-(7,7)",
        "TT_METAL_LOGGER_LEVEL": "Debug",
        "TT_METAL_DPRINT_FILE": "/home/me/secret.log",
        "TT_METAL_TOKEN": "hunter2",
        "TT_METAL_EMPTY": "",
        "TTNN_CONFIG_OVERRIDES": '{"x": 1}',
        "TT_METAL_HOME": "/opt/tt-metal",
        "PATH": "/bin",
    }

    assert debug_variables(environ) == (
        "TTNN_CONFIG_OVERRIDES TT_METAL_DPRINT_CORES=(0,0)-(7,7) TT_METAL_DPRINT_FILE TT_METAL_EMPTY "
        "TT_METAL_LOGGER_LEVEL=Debug TT_METAL_TOKEN TT_METAL_WATCHER=120"
    )


def test_the_driver_tells_boards_firmware_and_itself(tmp_path: Path) -> None:
    """From its files, for the devices of the run; a device of which it says nothing is named all the same."""
    node = tmp_path / "class" / "tenstorrent" / "tenstorrent!0"
    node.mkdir(parents=True)
    (node / "tt_card_type").write_text("n300\n")
    (node / "tt_fw_bundle_ver").write_text("18.4.0.0\n")
    (tmp_path / "module" / "tenstorrent").mkdir(parents=True)
    (tmp_path / "module" / "tenstorrent" / "version").write_text("2.1.0\n")

    assert preflight(REAL, devices=["0", "1"], environ={}, system=tmp_path) == [
        ("device 0", "n300, firmware 18.4.0.0"),
        ("device 1", "of which the driver says nothing"),
        ("driver", "2.1.0"),
    ]
    assert board_versions(["0", "1"], system=tmp_path) == {"firmware": "18.4.0.0", "driver": "2.1.0"}


def test_versions_that_the_driver_doesnt_say_are_left_out(tmp_path: Path) -> None:
    """Records have nothing there, and no empty text."""
    assert board_versions(["0"], system=tmp_path) == {}


def test_a_mock_device_is_not_looked_up(tmp_path: Path) -> None:
    """What the driver says of the host's boards is not true of a mock."""
    assert preflight(Provider("mock", "1", "x"), devices=["0"], environ={}, system=tmp_path) == []


@pytest.mark.parametrize("board", BOARDS)
def test_emulated_boards_are_described_as_they_are(board: str) -> None:
    """The header's words agree with the boards of the emulation."""
    emulated = EMULATED[board]
    chips = f"{emulated.chips} x " if emulated.chips > 1 else ""
    described = f"{board}, {chips}{emulated.arch_name}, grid {emulated.columns}x{emulated.rows}"

    assert preflight(Provider("emulated", "2", board), environ={}) == [("board", described)]
    assert list(BOARDS) == list(EMULATED)
