"""Device sessions: a device opened once for the modules that it serves, closable and reopenable in between.

For those who run vectors, in the process that owns the device (under a child executor that is the child)::

    session = devices.open(definition.mesh_device_fixture)  # None: the default device. Opens, or gives what is open
    run(**vector, device=devices.current(session.device))   # what stands for a device that a reset has closed since
    devices.reset_after_failure()                           # close what is open, reset the board; `open` opens anew
    devices.release(session)                                # the module is done
    devices.close()                                         # everything is

``open`` raises `DeviceUnsuitable` where the module is to be skipped, and otherwise whatever made the opening fail; it
remembers either, so that ten thousand vectors don't try ten thousand times, until the board is reset. ``Devices`` is
the part that fixtures use: an executor whose device lives elsewhere puts an object with these methods in its place.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol

from pytest_ttnn_sweeps.devices.lease import Lease
from pytest_ttnn_sweeps.devices.reset import BoardReset, ResetReport
from pytest_ttnn_sweeps.errors import SweepError

DeviceFixture = Callable[[], object]
"""A module's ``mesh_device_fixture``."""

_MOST_YIELDS = 8


class DeviceUnsuitable(SweepError):
    """A module's ``mesh_device_fixture`` asserted, before it opened anything to yield, that this machine won't do."""


class DeviceFixtureError(SweepError):
    """A module's ``mesh_device_fixture`` doesn't keep the contract: a generator that yields ``(device, label)``."""


@dataclass
class DeviceSession:
    """The span in which one opened device serves vectors."""

    device: Any
    label: str
    _close: Callable[[], None] = lambda: None
    fixture: Any = None
    """What opened it; None for the default device."""

    def close(self) -> None:
        self._close()

    def describe(self) -> str:
        """``Wormhole_B0, grid 8x8``: the label, and the cores that run kernels where the device tells."""
        try:
            grid = self.device.compute_with_storage_grid_size()
            return f"{self.label}, grid {grid.x}x{grid.y}"
        except Exception:  # noqa: BLE001 - whatever a fixture yields is a device; a fact less is no failure
            return self.label


class Devices(Protocol):
    """Gives modules their device sessions, wherever the device is."""

    def open(self, fixture: DeviceFixture | None) -> DeviceSession:
        """The session for a module with ``fixture``, or the default device's."""

    def release(self, session: DeviceSession) -> None:
        """The module is done."""

    def close(self) -> None:
        """Close what is open."""


def open_default() -> DeviceSession:
    """Device 0, as ttnn opens it by default."""
    import ttnn

    device = ttnn.open_device(device_id=0)
    return DeviceSession(device, ttnn.get_arch_name(), lambda: ttnn.close_device(device))


def open_from(fixture: object) -> DeviceSession:
    """The session that a module's ``mesh_device_fixture`` gives; None is a device too: ``run`` opens its own.

    Raises ``DeviceUnsuitable`` with the text of an assertion before the yield, and ``DeviceFixtureError``; anything
    else that the fixture raises passes through.
    """
    if not callable(fixture):
        msg = f"mesh_device_fixture is {fixture!r}; expected a generator function that yields (device, label)"
        raise DeviceFixtureError(msg)
    steps: object = None
    yielded: object = None
    unsuitable = None
    try:
        steps = fixture()
        if isinstance(steps, Iterator):
            yielded = next(steps)
    except AssertionError as error:
        unsuitable = str(error) or "mesh_device_fixture asserts that this device won't do"
    except StopIteration:
        msg = "mesh_device_fixture yielded nothing; expected (device, label)"
        raise DeviceFixtureError(msg) from None
    if unsuitable is not None:
        # Raised out here, where the assertion is gone: its traceback would keep the device that the fixture opened
        # before it asserted, and ttnn closes such a device when nobody holds it any more.
        raise DeviceUnsuitable(unsuitable)
    if not isinstance(steps, Iterator):
        msg = f"mesh_device_fixture returned {steps!r}; expected a generator that yields (device, label)"
        raise DeviceFixtureError(msg)
    if not isinstance(yielded, (tuple, list)) or len(yielded) != 2:
        msg = f"mesh_device_fixture yielded {yielded!r}; expected a pair (device, label)"
        raise DeviceFixtureError(msg)
    device, label = yielded
    return DeviceSession(device, str(label), lambda: _finish(steps), fixture)


def _finish(steps: Iterator[object]) -> None:
    """Run what comes after the yield."""
    # Some real fixtures yield once for each architecture and close the device after the last.
    for _ in range(_MOST_YIELDS):
        try:
            next(steps)
        except StopIteration:
            return
    getattr(steps, "close", lambda: None)()


class DeviceSessions:
    """At most one open session: the default device, shared by module after module, or one module's own.

    ``lease`` is taken before a device is opened; ``reset`` brings the board back after a failure.
    """

    def __init__(
        self,
        *,
        lease: Lease | None = None,
        reset: BoardReset | None = None,
        default: Callable[[], DeviceSession] = open_default,
    ) -> None:
        self._lease = lease
        self._reset = reset
        self._open_default = default
        self._session: DeviceSession | None = None
        self._lost: DeviceSession | None = None
        self._refused: dict[int, tuple[Exception, TracebackType | None]] = {}

    def open(self, fixture: DeviceFixture | None) -> DeviceSession:
        """The session for a module with ``fixture``: what is open, if it serves the module, else a new one.

        What is open for others is closed first: two open devices would fight over the one card.
        """
        if self._session is not None and self._session.fixture is fixture:
            return self._session
        if id(fixture) in self._refused:
            error, frames = self._refused[id(fixture)]
            raise error.with_traceback(frames)
        if self._lost is not None and self._lost.fixture is not fixture:
            self._lost = None
        self._close_session()
        if self._lease is not None:
            self._lease.acquire()
        try:
            self._session = self._open_default() if fixture is None else open_from(fixture)
        except Exception as error:
            _let_go(error)
            self._refused[id(fixture)] = (error, error.__traceback__)
            self._give_back()
            raise
        except BaseException:
            self._give_back()
            raise
        return self._session

    def current(self, device: Any) -> Any:
        """``device``, or what stands for it since a reset closed it; opens that where nobody has yet."""
        lost = self._lost
        return device if lost is None or device is not lost.device else self.open(lost.fixture).device

    def release(self, session: DeviceSession) -> None:
        """The module is done: its own session closes, the default one stays open for the next module.

        A card that workers take turns on goes to the next of them.
        """
        shared = self._lease is not None and self._lease.in_turns
        now = self._session
        if self._lost is not None and self._lost.fixture is session.fixture:
            self._lost = None
        if now is not None and now.fixture is session.fixture and (shared or now.fixture is not None):
            self._close_session()

    def reset_after_failure(self) -> ResetReport | None:
        """Close what is open, whatever that raises, and reset the board; None where there is nothing to reset it with.

        Call it when no other process holds the device. The next ``open`` opens anew.
        """
        lost = self._session or self._lost
        # The device has failed already, and what helps is the reset.
        with suppress(Exception):
            self._close_session()
        self._lost = lost
        self._refused.clear()
        return self._reset.run(self._lease) if self._reset is not None else None

    def failed_to_open(self, error: BaseException) -> bool:
        """Whether ``error`` is what ``open`` failed with: trouble with the device, not a verdict on a vector."""
        return not isinstance(error, DeviceUnsuitable) and any(error is known for known, _ in self._refused.values())

    def close(self) -> None:
        """Close what is open."""
        self._lost = None
        self._close_session()

    def _close_session(self) -> None:
        session, self._session = self._session, None
        try:
            if session is not None:
                session.close()
        finally:
            self._give_back()

    def _give_back(self) -> None:
        if self._lease is not None:
            self._lease.release()


def _let_go(error: BaseException) -> None:
    """Drop what a fixture opened before it raised ``error``: its frames hold it, and ttnn closes it with them."""
    traceback.clear_frames(error.__traceback__)
    if isinstance(error, AttributeError):
        error.obj = None
