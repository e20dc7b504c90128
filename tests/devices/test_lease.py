"""Which devices a host has, and locks that end with their holder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.devices.lease import Claims, DeviceBusy, Lease, host_devices, lock_directory

HOLD = """
import sys
from pathlib import Path
from pytest_ttnn_sweeps.devices.lease import Claims, Lease
directory, kind = Path(sys.argv[1]), sys.argv[2]
if kind == "claim":
    holder = Claims(directory)
    holder.take(["0"], 1)
else:
    holder = Lease(["0"], directory)
    holder.acquire()
print("held", flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that holds device 0."""

    def __init__(self, directory: Path, kind: str) -> None:
        command = [sys.executable, "-c", HOLD, str(directory), kind]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "held\n"

    def end(self, how: int = signal.SIGKILL) -> None:
        self.process.send_signal(how)
        self.process.communicate()


@pytest.fixture(params=["claim", "use"])
def holder(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Holder]:
    holder = Holder(tmp_path, request.param)
    yield holder
    holder.end()


def is_free(directory: Path) -> bool:
    """Whether device 0 can be claimed and used."""
    claims, lease = Claims(directory), Lease(["0"], directory, timeout_s=0)
    taken, _ = claims.take(["0"], 1)
    claims.release()
    try:
        lease.acquire()
    except DeviceBusy:
        return False
    lease.release()
    return bool(taken)


def test_devices_are_the_drivers_nodes_in_number_order(tmp_path: Path) -> None:
    """Names that are no numbers are no devices."""
    for name in ("10", "2", "0", "by-id", "x3"):
        (tmp_path / name).touch()

    assert host_devices({}, nodes=tmp_path) == ("0", "2", "10")


def test_the_environment_narrows_the_devices(tmp_path: Path) -> None:
    """``TT_VISIBLE_DEVICES`` says which devices there are, whatever the driver has, by number or by bus address."""
    (tmp_path / "0").touch()

    assert host_devices({"TT_VISIBLE_DEVICES": "3, 1,"}, nodes=tmp_path) == ("3", "1")
    assert host_devices({"TT_VISIBLE_DEVICES": "0000:01:00.0"}, nodes=tmp_path) == ("0000:01:00.0",)
    assert host_devices({"TT_VISIBLE_DEVICES": ""}, nodes=tmp_path) == ("0",)


def test_a_host_that_shows_no_device_has_one(tmp_path: Path) -> None:
    """As with a simulator."""
    assert host_devices({}, nodes=tmp_path / "missing") == ("0",)


def test_lock_files_are_in_one_place_for_every_job(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place doesn't depend on ``TMPDIR``, and can be chosen."""
    here = lock_directory({})
    monkeypatch.setenv("TMPDIR", "/somewhere/else")

    assert lock_directory({}) == here
    assert lock_directory({"TTNN_SWEEPS_LOCKS": "/locks"}) == Path("/locks")


def test_a_held_device_is_not_free(holder: Holder, tmp_path: Path) -> None:
    """Claim and use are each enough to keep others off."""
    assert not is_free(tmp_path)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_locks_end_with_their_holder(holder: Holder, tmp_path: Path, how: int) -> None:
    """Also where it had no chance to say goodbye."""
    holder.end(how)

    assert is_free(tmp_path)


def test_a_claim_passes_over_busy_devices_and_says_who_has_them(tmp_path: Path) -> None:
    """A run takes the devices that are free, and knows the process behind those that aren't."""
    holder = Holder(tmp_path, "claim")
    claims = Claims(tmp_path)

    taken, busy = claims.take(["0", "1", "2", "3"], 2)

    assert taken == ["1", "2"]
    assert len(busy) == 1
    assert busy[0].startswith(f"device 0 is in use by process {holder.process.pid} (")
    claims.release()
    holder.end()
    assert claims.take(["0", "1"], 1) == (["0"], [])
    claims.release()


def test_waiting_for_a_claim_ends_when_the_holder_does(tmp_path: Path) -> None:
    """A run that shares takes the device over from the one before it."""
    holder = Holder(tmp_path, "claim")
    code = (
        "import sys; from pathlib import Path; from pytest_ttnn_sweeps.devices.lease import Claims\n"
        "print('waiting', flush=True); Claims(Path(sys.argv[1])).wait_for(['0']); print('claimed', flush=True)"
    )
    waiting = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert waiting.stdout is not None
    assert waiting.stdout.readline() == "waiting\n"
    assert waiting.poll() is None

    holder.end()

    assert waiting.communicate(timeout=30)[0] == "claimed\n"


def test_a_use_that_does_not_end_is_an_error_that_names_the_process(tmp_path: Path) -> None:
    """A successor waits for what a dead worker has left behind, and not for ever."""
    holder = Holder(tmp_path, "use")

    with pytest.raises(DeviceBusy, match=f"device 0 is still held by process {holder.process.pid} .* after 0.1 s"):
        Lease(["0"], tmp_path, timeout_s=0.1).acquire()

    holder.end()


def test_a_lease_is_taken_once_and_for_all_devices_or_none(tmp_path: Path) -> None:
    """Taking it twice is taking it; where one device is busy the others are given back."""
    lease, other = Lease(["1", "0"], tmp_path, timeout_s=0), Lease(["1"], tmp_path)
    lease.acquire()
    lease.acquire()
    lease.release()
    other.acquire()

    with pytest.raises(DeviceBusy):
        lease.acquire()

    Lease(["0"], tmp_path, timeout_s=0).acquire()


def test_a_worker_without_device_is_told_what_to_do(tmp_path: Path) -> None:
    """More workers than devices."""
    with pytest.raises(DeviceBusy, match="more workers than devices; use fewer, or --sweep-share-device"):
        Lease([], tmp_path).acquire()


def test_a_fork_takes_its_own_lease(tmp_path: Path) -> None:
    """A lease object that came over a fork locks for the child, and the child's end gives the device back."""
    lease = Lease(["0"], tmp_path, timeout_s=0)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        lease.acquire()
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)

    assert not is_free(tmp_path)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)

    lease.acquire()
    lease.release()
    for end in (*ready, *go):
        os.close(end)


def test_all_users_of_the_host_can_lock(tmp_path: Path) -> None:
    """Directory and files are open to everybody, and the directory isn't sticky."""
    directory = tmp_path / "locks"
    claims = Claims(directory)
    claims.take(["0"], 1)

    assert directory.stat().st_mode & 0o7777 == 0o777
    assert {path.stat().st_mode & 0o777 for path in directory.iterdir()} == {0o666}
    claims.release()


def test_a_place_that_can_hold_no_lock_is_one_line(tmp_path: Path) -> None:
    """A lock that can't be made is no reason to go on without one."""
    (tmp_path / "file").touch()

    with pytest.raises(DeviceBusy, match="TTNN_SWEEPS_LOCKS"):
        Lease(["0"], tmp_path / "file" / "locks").acquire()
