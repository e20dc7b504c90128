"""Device sessions: what a module's fixture may do, who shares what, and what a failure leaves behind."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pytest_ttnn_sweeps.devices.lease import Lease
from pytest_ttnn_sweeps.devices.reset import BoardReset
from pytest_ttnn_sweeps.devices.session import (
    DeviceFixtureError,
    DeviceSession,
    DeviceSessions,
    DeviceUnsuitable,
    open_from,
)


class Card:
    """A device that knows whether it is open, and refuses to be opened twice."""

    opened = 0

    def __init__(self) -> None:
        assert Card.opened == 0, "the card is in use"
        Card.opened += 1
        self.is_open = True

    def close(self) -> None:
        assert self.is_open
        self.is_open = False
        Card.opened -= 1

    def __del__(self) -> None:
        # As ttnn does with a device that nobody holds.
        if self.is_open:
            self.close()


@pytest.fixture(autouse=True)
def all_closed() -> Iterator[None]:
    Card.opened = 0
    yield
    assert Card.opened == 0


def open_card() -> DeviceSession:
    card = Card()
    return DeviceSession(card, "card", card.close)


def own_card() -> Iterator[tuple[Any, str]]:
    card = Card()
    yield card, "own"
    card.close()


@pytest.fixture
def devices() -> Iterator[DeviceSessions]:
    devices = DeviceSessions(default=open_card)
    yield devices
    devices.close()


def test_modules_share_the_default_device(devices: DeviceSessions) -> None:
    """The default device outlives the modules that use it."""
    first = devices.open(None)
    devices.release(first)
    second = devices.open(None)

    assert second is first
    assert first.device.is_open


def test_at_most_one_device_is_open(devices: DeviceSessions) -> None:
    """A module's own device waits for the default one to close, and the other way round."""
    shared = devices.open(None)
    own = devices.open(own_card)
    assert not shared.device.is_open
    assert own.label == "own"
    devices.release(own)
    assert not own.device.is_open

    again = devices.open(None)

    assert again is not shared
    assert again.device.is_open


def test_releasing_an_old_session_leaves_the_open_one_alone(devices: DeviceSessions) -> None:
    """A module that is released late doesn't close its successor's device."""
    own = devices.open(own_card)
    default = devices.open(None)

    devices.release(own)

    assert default.device.is_open


def yields_twice() -> Iterator[tuple[Any, str]]:
    card = Card()
    yield card, "Wormhole_B0"
    yield card, "Blackhole"
    card.close()


def yields_for_ever() -> Iterator[tuple[Any, str]]:
    card = Card()
    try:
        while True:
            yield card, "again"
    finally:
        card.close()


def leaves_teardown_out() -> Iterator[tuple[Any, str]]:
    yield None, "none"


@pytest.mark.parametrize("fixture", [own_card, yields_twice, yields_for_ever, leaves_teardown_out])
def test_what_comes_after_the_yield_runs(devices: DeviceSessions, fixture: Any) -> None:
    """However often a fixture yields, its device is closed in the end and its generator is finished."""
    session = devices.open(fixture)

    devices.release(session)

    assert Card.opened == 0


def test_none_is_a_device() -> None:
    """A fixture may leave it to ``run`` to open one."""
    assert open_from(leaves_teardown_out).device is None


def test_a_list_is_a_pair_too() -> None:
    """Whatever unpacks into device and label does."""
    assert open_from(lambda: iter([["device", 5]])).label == "5"


def asserts() -> Iterator[tuple[Any, str]]:
    card = Card()
    assert card is None, "needs a p150"
    yield card, ""


def asserts_at_once() -> Iterator[tuple[Any, str]]:
    raise AssertionError("needs a p150")


def asserts_wordlessly() -> Iterator[tuple[Any, str]]:
    raise AssertionError
    yield


@pytest.mark.parametrize(
    ("fixture", "text"),
    [(asserts, "needs a p150"), (asserts_at_once, "needs a p150"), (asserts_wordlessly, "asserts")],
)
def test_an_assertion_is_unsuitability(devices: DeviceSessions, fixture: Any, text: str) -> None:
    """Before the yield, in a generator or not; what was opened before the assertion is closed, though nobody did."""
    with pytest.raises(DeviceUnsuitable, match=text) as raised:
        devices.open(fixture)

    assert Card.opened == 0
    assert not devices.failed_to_open(raised.value)
    assert devices.open(None).device.is_open


def raises() -> Iterator[tuple[Any, str]]:
    card = Card()
    yield card.is_grayskull(), ""  # type: ignore[attr-defined]


def test_another_exception_passes_and_its_device_is_closed(devices: DeviceSessions) -> None:
    """The error shows the fixture's own line, and holds the card no longer."""
    with pytest.raises(AttributeError, match="is_grayskull") as raised:
        devices.open(raises)

    assert any(entry.name == "raises" for entry in raised.traceback)
    assert Card.opened == 0
    assert devices.failed_to_open(raised.value)


def test_a_refusal_is_remembered_until_a_reset(devices: DeviceSessions) -> None:
    """Ten thousand vectors of a module don't try ten thousand times, nor do tracebacks grow."""
    tries = []

    def refuses() -> Iterator[object]:
        tries.append(1)
        raise RuntimeError("no chips")
        yield

    depths = []
    for _ in range(3):
        with pytest.raises(RuntimeError, match="no chips") as raised:
            devices.open(refuses)
        depths.append(len(raised.traceback))
    assert len(tries) == 1
    assert depths[1] == depths[2]

    devices.reset_after_failure()

    with pytest.raises(RuntimeError, match="no chips"):
        devices.open(refuses)
    assert len(tries) == 2


@contextmanager
def is_a_context_manager() -> Iterator[tuple[Any, str]]:
    yield None, ""


@pytest.mark.parametrize(
    ("fixture", "text"),
    [
        (lambda: "device", "returned 'device'; expected a generator"),
        (is_a_context_manager, "returned <.*; expected a generator"),
        (lambda: iter(["device"]), "yielded 'device'; expected a pair"),
        (lambda: iter([(1, 2, 3)]), "expected a pair"),
        (lambda: iter([]), "yielded nothing"),
        ("text", "is 'text'; expected a generator function"),
        ([], "expected a generator function"),
    ],
)
def test_a_broken_contract_is_one_line(devices: DeviceSessions, fixture: Any, text: str) -> None:
    """What isn't a generator that yields a pair says what was expected."""
    with pytest.raises(DeviceFixtureError, match=f"mesh_device_fixture {text}|{text}"):
        devices.open(fixture)


def test_an_exit_passes_through(devices: DeviceSessions) -> None:
    """A fixture may skip or exit; that isn't remembered as a failure."""

    def exits() -> Iterator[object]:
        sys.exit(3)
        yield

    with pytest.raises(SystemExit):
        devices.open(exits)


@pytest.mark.parametrize("fixture", [None, own_card])
def test_a_reset_reopens(devices: DeviceSessions, fixture: Callable[[], object] | None) -> None:
    """After a reset the module goes on with another device in the place of the one that its fixture got."""
    session = devices.open(fixture)
    assert devices.current(session.device) is session.device

    assert devices.reset_after_failure() is None

    assert not session.device.is_open
    fresh = devices.current(session.device)
    assert fresh is not session.device
    assert fresh.is_open
    assert devices.current(session.device) is fresh
    assert devices.current("another fixture's device") == "another fixture's device"
    devices.release(session)
    assert fresh.is_open == (fixture is None)


def test_a_reset_follows_a_close_that_fails(devices: DeviceSessions, tmp_path: Path) -> None:
    """A wedged device that can't be closed doesn't keep the board from its reset."""

    def wedged() -> Iterator[tuple[Any, str]]:
        yield "wedged", ""
        raise RuntimeError("device timeout")

    mark = tmp_path / "was-reset"
    devices = DeviceSessions(default=open_card, reset=BoardReset(["touch", str(mark)], timeout_s=10))
    devices.open(wedged)

    report = devices.reset_after_failure()

    assert report is not None
    assert report.ok
    assert mark.exists()
    assert devices.current("wedged") == "wedged"
    with pytest.raises(RuntimeError, match="device timeout"):
        devices.close()


def test_closing_fails_once(devices: DeviceSessions) -> None:
    """What a fixture raises after its yield is told, and then the session is gone."""

    def falls() -> Iterator[tuple[Any, str]]:
        yield None, ""
        raise RuntimeError("can't close")

    session = devices.open(falls)

    with pytest.raises(RuntimeError, match="can't close"):
        devices.release(session)

    devices.close()
    assert devices.open(None).device.is_open


def test_the_lease_is_held_while_a_device_is_open(tmp_path: Path) -> None:
    """Another process gets the device when the session is closed, also when opening failed."""
    mine, other = (Lease(["0"], tmp_path, timeout_s=0) for _ in range(2))
    devices = DeviceSessions(default=open_card, lease=mine)

    def is_free() -> bool:
        try:
            other.acquire()
        except Exception:  # noqa: BLE001 - any refusal
            return False
        other.release()
        return True

    devices.open(None)
    assert not is_free()
    devices.close()
    assert is_free()
    with pytest.raises(AttributeError):
        devices.open(raises)
    assert is_free()
    devices.open(own_card)
    assert not is_free()
    devices.reset_after_failure()
    assert is_free()


def test_a_shared_card_goes_on_at_the_end_of_a_module(tmp_path: Path) -> None:
    """Where workers take turns, even the default session ends with its module."""
    devices = DeviceSessions(default=open_card, lease=Lease(["0"], tmp_path, in_turns=True))
    session = devices.open(None)

    devices.release(session)

    assert not session.device.is_open


def test_a_session_describes_itself() -> None:
    """Label and grid, where the device tells one."""

    class Grid:
        x, y = 8, 7

    class Device:
        def compute_with_storage_grid_size(self) -> Grid:
            return Grid()

    assert DeviceSession(Device(), "wormhole_b0").describe() == "wormhole_b0, grid 8x7"
    assert DeviceSession(None, "none").describe() == "none"


def test_a_closed_device_is_not_kept(devices: DeviceSessions) -> None:
    """Sessions keep no closed device alive, but for the one that a reset replaces."""
    session = devices.open(None)
    alive = weakref.ref(session.device)
    devices.close()

    del session
    gc.collect()

    assert alive() is None
