"""Device sessions: a device opened once for the modules that it serves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError


class DeviceUnsuitable(SweepError):
    """A module's ``mesh_device_fixture`` asserted, before it opened anything to yield, that this machine won't do."""


class DeviceFixtureError(SweepError):
    """A module's ``mesh_device_fixture`` doesn't keep the contract: a generator that yields ``(device, label)``."""


@dataclass
class DeviceSession:
    """The span in which one opened device serves vectors."""

    device: Any
    label: str
    _close: Callable[[], None]

    def close(self) -> None:
        self._close()


def open_default() -> DeviceSession:
    """Device 0, as ttnn opens it by default."""
    import ttnn

    device = ttnn.open_device(device_id=0)
    return DeviceSession(device, ttnn.get_arch_name(), lambda: ttnn.close_device(device))


def open_from(fixture: Callable[[], object]) -> DeviceSession:
    """The session that a module's ``mesh_device_fixture`` gives; None is a device too: ``run`` opens its own.

    Raises ``DeviceUnsuitable`` with the text of an assertion before the yield, and ``DeviceFixtureError``; anything
    else that the fixture raises passes through.
    """
    steps = fixture()
    if not isinstance(steps, Iterator):
        msg = f"mesh_device_fixture returned {steps!r}; expected a generator that yields (device, label)"
        raise DeviceFixtureError(msg)
    try:
        yielded = next(steps)
    except AssertionError as unsuitable:
        raise DeviceUnsuitable(str(unsuitable) or "mesh_device_fixture asserts that this device won't do") from None
    except StopIteration:
        msg = "mesh_device_fixture yielded nothing; expected (device, label)"
        raise DeviceFixtureError(msg) from None
    if not isinstance(yielded, tuple) or len(yielded) != 2:
        msg = f"mesh_device_fixture yielded {yielded!r}; expected a pair (device, label)"
        raise DeviceFixtureError(msg)
    device, label = yielded

    def close() -> None:
        next(steps, None)
        # Some real fixtures yield a second time; closing the generator runs what comes after that.
        getattr(steps, "close", lambda: None)()

    return DeviceSession(device, str(label), close)


class DeviceSessions:
    """At most one open session: the default device, shared by module after module, or one module's own."""

    def __init__(self) -> None:
        self._default: DeviceSession | None = None
        self._own: DeviceSession | None = None

    def acquire(self, fixture: Callable[[], object] | None) -> DeviceSession:
        """The session for a module with ``fixture``; two open devices would fight over the one card."""
        if fixture is None:
            if self._default is None:
                self._default = open_default()
            return self._default
        self.close()
        self._own = open_from(fixture)
        return self._own

    def release(self, session: DeviceSession) -> None:
        """The module is done: its own session closes, the default one stays open for the next module."""
        if session is self._own:
            self._own = None
            session.close()

    def close(self) -> None:
        """Close what is open."""
        sessions = [session for session in (self._own, self._default) if session is not None]
        self._own = self._default = None
        for session in sessions:
            session.close()
