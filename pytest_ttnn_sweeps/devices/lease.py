"""Which devices a host has, and the locks that keep two users off one of them.

A device has two lock files. The *claim* is held by a pytest run for as long as it lasts and keeps independent runs
apart; under xdist the controller holds it. The *use* is held by the process that has the device open, which may outlive
the one that started it, and keeps a successor from opening a device that is still in use. Both are locks of the
operating system: they are gone when their holder is, however it went.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_ttnn_sweeps.errors import SweepError

VISIBLE = "TT_VISIBLE_DEVICES"
"""The variable that tells ttnn which devices of the host are there."""
NODES = Path("/dev/tenstorrent")


class DeviceBusy(SweepError):
    """A device is in use by another run or process."""


def host_devices(environ: Mapping[str, str] = os.environ, *, nodes: Path = NODES) -> tuple[str, ...]:
    """The names of the devices that this process may use: those of ``TT_VISIBLE_DEVICES``, else the driver's nodes.

    A host that shows neither, such as one with a simulator, has one device, "0".
    """
    visible = tuple(name.strip() for name in environ.get(VISIBLE, "").split(",") if name.strip())
    if visible:
        return visible
    try:
        numbers = sorted(int(node.name) for node in nodes.iterdir() if node.name.isdecimal())
    except OSError:
        numbers = []
    return tuple(map(str, numbers)) or ("0",)


def lock_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the lock files of all users of the host are: ``TTNN_SWEEPS_LOCKS``, else one place below ``/tmp``.

    Not ``TMPDIR``, which every job may have another of.
    """
    return Path(environ.get("TTNN_SWEEPS_LOCKS") or "/tmp/ttnn-sweeps-locks")


class _DeviceLock:
    """One lock file, with a note beside it of who holds it."""

    def __init__(self, device: str, kind: str, directory: Path) -> None:
        stem = f"{device.replace('/', '_')}.{kind}"
        self.device = device
        self._path = directory / f"{stem}.lock"
        self._note = directory / f"{stem}.holder"
        self._lock: FileLock | None = None

    def acquire(self, timeout_s: float) -> bool:
        """Take the lock; False where another process still has it after ``timeout_s``. Below zero waits for ever."""
        directory = self._path.parent
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with suppress(PermissionError):
                # Not sticky: in a sticky directory the kernel keeps one user from opening another one's lock file.
                directory.chmod(0o777)
            # Made here rather than at first: a lock that was made before a fork isn't the child's.
            lock = FileLock(self._path, mode=0o666)
            lock.acquire(timeout=timeout_s)
        except Timeout:
            return False
        except OSError as error:
            msg = f"the lock of device {self.device} can't be made: {error}; set TTNN_SWEEPS_LOCKS to a directory"
            raise DeviceBusy(msg) from None
        self._lock = lock
        with suppress(OSError):
            self._note.write_text(f"process {os.getpid()} ({Path.cwd()})", encoding="utf-8")
            self._note.chmod(0o666)
        return True

    def release(self) -> None:
        if self._lock is not None:
            self._note.unlink(missing_ok=True)
            self._lock.release()
            self._lock = None

    def holder(self) -> str:
        """Who holds the lock, for a message."""
        try:
            return self._note.read_text(encoding="utf-8")
        except OSError:
            return "another process"


class Claims:
    """The devices that this run keeps other runs off."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._held: list[_DeviceLock] = []

    @property
    def held(self) -> list[str]:
        """The devices that are claimed."""
        return [lock.device for lock in self._held]

    def take(self, devices: Sequence[str], most: int) -> tuple[list[str], list[str]]:
        """Claim up to ``most`` of ``devices``, of which others are passed over: the names, and who has the others."""
        busy: list[str] = []
        for device in devices:
            if len(self._held) >= most:
                break
            lock = _DeviceLock(device, "claim", self._directory)
            if lock.acquire(0):
                self._held.append(lock)
            else:
                busy.append(f"device {device} is in use by {lock.holder()}")
        return self.held, busy

    def wait_for(self, devices: Sequence[str]) -> None:
        """Claim all of ``devices``, each as soon as its holder is done."""
        # In one order everywhere, so that two runs can't wait for each other.
        for device in sorted(devices):
            lock = _DeviceLock(device, "claim", self._directory)
            lock.acquire(-1)
            self._held.append(lock)

    def release(self) -> None:
        for lock in self._held:
            lock.release()
        self._held.clear()


class Lease:
    """The right of a process to open ``devices``; taken for each device session.

    ``in_turns`` says that other workers have the same devices: then it waits for its turn, else ``timeout_s`` for what
    a dead predecessor has left behind.
    """

    def __init__(
        self, devices: Sequence[str], directory: Path, *, in_turns: bool = False, timeout_s: float = 60
    ) -> None:
        self.devices = tuple(devices)
        self.in_turns = in_turns
        self._timeout_s = -1 if in_turns else timeout_s
        self._directory = directory
        self._held: list[_DeviceLock] = []

    def acquire(self) -> None:
        """Take the devices; nothing where this process has them. Raises ``DeviceBusy``."""
        if self._held:
            return
        if not self.devices:
            msg = "this worker has no device: there are more workers than devices; use fewer, or --sweep-share-device"
            raise DeviceBusy(msg)
        for device in sorted(self.devices):
            lock = _DeviceLock(device, "use", self._directory)
            if not lock.acquire(self._timeout_s):
                holder = lock.holder()
                self.release()
                msg = f"device {device} is still held by {holder} after {self._timeout_s:g} s; end that process"
                raise DeviceBusy(msg)
            self._held.append(lock)

    def release(self) -> None:
        """Give the devices back."""
        for lock in self._held:
            lock.release()
        self._held.clear()
