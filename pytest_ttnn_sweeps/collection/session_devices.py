"""How one session comes by its devices: the provider, leases, resets, sessions, and where vectors run."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import PROVIDER, workers
from pytest_ttnn_sweeps.collection.isolation import Isolation
from pytest_ttnn_sweeps.devices.lease import Claims, Lease, host_devices, lock_directory
from pytest_ttnn_sweeps.devices.provider import Offer, Provider, choose, provide, withdraw
from pytest_ttnn_sweeps.devices.reset import BoardReset, reset_command
from pytest_ttnn_sweeps.devices.session import Devices, DeviceSessions

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession

_DEVICE_FIXTURES = frozenset({"sweep_device", "ttnn_device"})


class SessionDevices:
    """The devices of one pytest session; nothing is looked for before it is asked for."""

    def __init__(self, sweeps: SweepSession) -> None:
        self._sweeps = sweeps
        self._config = sweeps.config
        self._settings = sweeps.settings
        self._offer: Offer | None = None
        self._isolation: Isolation | None = None
        self._has_told = False
        self.is_held = False
        """Whether a fixture of the module that is running has the device."""

    @cached_property
    def provider(self) -> Provider:
        """What ``import ttnn`` gives; chosen when it is first asked for. Raises ``SweepError``."""
        return (
            workers.provider_of(self._config)
            or self._config.stash.get(PROVIDER, None)
            or choose(self._settings.device, only_validates=self._settings.validate_only)
        )

    def offer_ttnn(self) -> None:
        """Make ``import ttnn`` give the provider. Raises ``SweepError``."""
        if self._offer is None and PROVIDER not in self._config.stash:
            self._offer = provide(self.provider, self._settings.torch_device)

    @cached_property
    def local(self) -> Devices:
        """Where modules get their device from; an executor whose device is elsewhere puts its own in this place."""
        return self.new_sessions()

    def new_sessions(self) -> DeviceSessions:
        """New device sessions, for the process that is to open the device."""
        return DeviceSessions(lease=self.lease, reset=self.board_reset)

    @cached_property
    def lease(self) -> Lease | None:
        """The right to open this process's devices; None where there is nothing to share."""
        if not self.provider.has_board:
            return None
        given = workers.handed_over(self._config)
        devices = (given["device"] or "").split(",") if given else host_devices()
        return Lease(
            [device for device in devices if device],
            lock_directory(),
            in_turns=bool(given) and self._settings.share_device,
        )

    @cached_property
    def claims(self) -> Claims:
        """The devices that this run keeps other runs off, until it ends."""
        return Claims(lock_directory())

    @property
    def board_reset(self) -> BoardReset | None:
        """What resets the board; None where nothing is to. Raises ``SweepError`` for a command that can't be read."""
        return self._reset_of(self.lease.devices if self.lease is not None else ())

    def _reset_of(self, devices: Sequence[str]) -> BoardReset | None:
        command = reset_command(
            self._settings.reset_command,
            has_board=self.provider.has_board,
            devices=devices,
            boards=len(host_devices({})),
        )
        if command is None:
            return None
        return BoardReset(command, timeout_s=self._settings.reset_timeout, devices=devices)

    def close_at_last(self) -> None:
        """Close what is open at the end of the session; what that raises is a line, and no reason to lose results."""
        try:
            self.close()
        except Exception as error:  # noqa: BLE001 - whatever a fixture does after its yield
            _compat.tell(self._config, f"sweeps: closing the device raised {type(error).__name__}: {error}")

    def sessions_on(self, device: str) -> DeviceSessions:
        """Sessions on one device of the host, for the process that resets it after another's death."""
        return DeviceSessions(lease=Lease([device], lock_directory()), reset=self._reset_of([device]))

    def failed_to_open(self, error: BaseException) -> bool:
        """Whether a device's opening failed with ``error``."""
        local: DeviceSessions | None = vars(self).get("local")
        return any(holder is not None and holder.failed_to_open(error) for holder in (local, self._isolation))

    def make_way(self, item: pytest.Item) -> None:
        """Close what is open where ``item`` may open a device by itself: two would fight over the one card."""
        if not self.is_held and not _DEVICE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            self.close()

    def note_opened(self, device: str) -> None:
        """Say once what the first device is that was opened; of an emulated one the header has told all."""
        if not self._has_told and self.provider.is_wheel:
            self._has_told = True
            _compat.tell(self._config, f"sweeps: opened {device}")

    def close(self) -> None:
        """Close the device sessions that are still open."""
        try:
            if self._isolation is not None:
                self._isolation.close()
        finally:
            if "local" in vars(self):
                self.local.close()

    def isolation(self, session: pytest.Session) -> Isolation:
        """Where the vectors of ``session`` run; asked for when the first of them does."""
        if self._isolation is None:
            self._isolation = Isolation(self._sweeps, session)
        return self._isolation

    def withdraw(self) -> None:
        """Undo what was done to the process, and let other runs have the devices."""
        withdraw(self._offer)
        # It knows the items, and those ttnn's values: see ``SweepSession.close``.
        self._isolation = None
        if "claims" in vars(self):
            self.claims.release()
