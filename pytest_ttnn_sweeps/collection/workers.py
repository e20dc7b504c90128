"""xdist's workers: a device for each of them, a way to stop them, and a reset for the device of one that died.

The controller claims devices for the run and deals them out; each worker sees its own alone, through
``TT_VISIBLE_DEVICES``, which execnet sets before pytest begins in the worker. The one that replaces a dead worker is
started from the same specification, so it has the same device. Emulated and mock devices aren't dealt out.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import AWAITED_RESET
from pytest_ttnn_sweeps.devices.lease import VISIBLE, host_devices
from pytest_ttnn_sweeps.devices.provider import Provider
from pytest_ttnn_sweeps.devices.reset import ResetReport
from pytest_ttnn_sweeps.errors import SweepError

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession

_KEY = "ttnn_sweeps"
"""In ``workerinput``."""
_KEYBOARD = "keyboard-interrupt"
_LOOK_SECONDS = 0.1


def handed_over(config: pytest.Config) -> dict[str, Any]:
    """What the controller gave this worker; nothing in any other process."""
    given: dict[str, Any] = _compat.worker_input(config).get(_KEY, {})
    return given


def provider_of(config: pytest.Config) -> Provider | None:
    """The provider that the controller has chosen: no worker looks for devices that others may have open."""
    given = handed_over(config).get("provider")
    return Provider(**given) if given is not None else None


class Controller:
    """The plugin of the process that starts the workers, or runs everything where there are none."""

    def __init__(self, sweeps: SweepSession) -> None:
        self._sweeps = sweeps
        self._stop: Path | None = None
        self._provider: Provider | None = None
        self._shortage: str | None = None
        self._dealt: dict[int, str] = {}
        self._resets = Resets()

    # Without workers; xdist's controller has no items.
    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> None:
        from pytest_ttnn_sweeps.collection.item import SweepItem

        if not session.config.option.collectonly and any(
            isinstance(item, SweepItem) for item in getattr(session, "items", ())
        ):
            with _compat.usage_errors():
                claim(self._sweeps)

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_setupnodes(self, config: pytest.Config, specs: list[Any]) -> None:
        with _compat.usage_errors():
            if not self._sweeps.may_run():
                return
        directory = tempfile.mkdtemp(prefix="ttnn-sweeps-")
        config.add_cleanup(lambda: shutil.rmtree(directory, ignore_errors=True))
        self._stop = Path(directory, "stop")
        try:
            self._provider = self._sweeps.devices.provider
        except SweepError:
            # Each module that asks for ttnn says so.
            return
        if self._provider.has_board:
            with _compat.usage_errors():
                self._deal([spec for spec in specs if spec.popen and VISIBLE not in spec.env])

    def _deal(self, specs: list[Any]) -> None:
        claims, devices = self._sweeps.devices.claims, host_devices()
        taken, busy = claims.take(devices, len(specs))
        shares = self._sweeps.settings.share_device
        if shares and not taken:
            _compat.tell(self._sweeps.config, f"sweeps: waiting, {busy[0]}")
            claims.wait_for(devices[:1])
            taken = list(devices[:1])
        if len(taken) < len(specs) and not shares:
            have = f"{len(taken)} of {len(devices)} devices free" if busy else f"{len(devices)} device(s)"
            why = f" ({'; '.join(busy)})" if busy else ""
            advice = f"give -n {len(taken)}" if taken else "wait for it"
            self._shortage = (
                f"{len(specs)} workers and {have}{why}: {advice}, or --sweep-share-device to have workers take turns"
            )
        for at, spec in enumerate(specs if taken else ()):
            if at < len(taken) or shares:
                self._dealt[id(spec)] = spec.env[VISIBLE] = taken[at % len(taken)]

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if self._stop is None:
            return
        node.workerinput[_KEY] = {
            "device": node.gateway.spec.env.get(VISIBLE) if node.gateway.spec.popen else None,
            "stop": str(self._stop),
            "provider": asdict(self._provider) if self._provider is not None else None,
        }

    # Nothing runs before every worker has told what it has collected.
    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        if self._shortage is not None and self._sweeps.files.any_sweep(ids):
            raise pytest.UsageError(self._shortage)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        device = self._dealt.get(id(node.gateway.spec))
        if not error or error == _KEYBOARD or device is None:
            return
        # Comes before xdist starts the next worker, on the device that this one has left in any state: from the same
        # specification, so it learns from its environment that it is to wait.
        assert self._stop is not None
        reset = self._sweeps.devices.sessions_on(device).reset_after_failure
        name = f"device {device} of worker {node.gateway.id}, which died"
        node.gateway.spec.env[AWAITED_RESET] = str(self._resets.begin(name, reset, self._stop.parent))

    def pytest_runtest_logstart(self) -> None:
        self._tell_of_resets()

    # A board must not be left to the next run while it is reset.
    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self) -> None:
        for name in self._resets.pending:
            _compat.tell(self._sweeps.config, f"sweeps: waiting for the reset of {name}")
        self._resets.wait()
        self._tell_of_resets()

    def _tell_of_resets(self) -> None:
        for name, report in self._resets.ended():
            if report is not None:
                line = f"sweeps: {name}: {report.message}"
                _compat.tell(self._sweeps.config, line if report.ok else f"{line}\n{report.output}")

    def stop_workers(self, reason: str) -> None:
        """Have each worker end after the vector that it is at; xdist alone lets it run all that it has been sent."""
        if self._stop is not None:
            self._stop.write_text(reason, encoding="utf-8")


class Resets:
    """Resets beside the controller, which goes on with the reports of the other workers; one at a time."""

    def __init__(self) -> None:
        self._thread: ThreadPoolExecutor | None = None
        self._begun: list[tuple[str, Future[ResetReport | None]]] = []
        self._count = 0

    def begin(self, name: str, reset: Callable[[], ResetReport | None], directory: Path) -> Path:
        """Have ``reset`` called for ``name``. The file, in ``directory``, that is there until it ends."""
        self._count += 1
        marker = directory / f"reset{self._count}"
        marker.touch()

        def work() -> ResetReport | None:
            try:
                return reset()
            finally:
                marker.unlink(missing_ok=True)

        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="sweep-reset")
        self._begun.append((name, self._thread.submit(work)))
        return marker

    @property
    def pending(self) -> list[str]:
        """What is still being reset, or is to be."""
        return [name for name, result in self._begun if not result.done()]

    def ended(self) -> list[tuple[str, ResetReport | None]]:
        """What has been reset since the last call, and how that went; None where there is nothing to reset it with."""
        if not self._begun:
            return []
        done = [(name, result) for name, result in self._begun if result.done()]
        self._begun = [entry for entry in self._begun if entry not in done]
        return [(name, result.result()) for name, result in done]

    def wait(self) -> None:
        """Wait for all that has begun; each is bounded by ``--sweep-reset-timeout`` and the wait for a lock."""
        if self._thread is not None:
            self._thread.shutdown()


class Worker:
    """The plugin of a worker."""

    def __init__(self, stop: str) -> None:
        self._stop = stop

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        if not os.path.exists(self._stop):
            return None
        item.session.shouldstop = Path(self._stop).read_text(encoding="utf-8")
        return True


def wait_for_reset() -> None:
    """Wait while this worker's device is reset: called before a conftest can import ttnn, which may open boards."""
    marker = os.environ.pop(AWAITED_RESET, None)
    # Should the controller be killed meanwhile, execnet ends this process.
    while marker is not None and os.path.exists(marker):
        time.sleep(_LOOK_SECONDS)


def register(config: pytest.Config, sweeps: SweepSession) -> None:
    """Take part in xdist, in the controller or in a worker."""
    if not _compat.is_worker(config):
        config.pluginmanager.register(Controller(sweeps), "ttnn_sweeps_controller")
    elif "stop" in handed_over(config):
        config.pluginmanager.register(Worker(handed_over(config)["stop"]), "ttnn_sweeps_worker")


def claim(sweeps: SweepSession) -> None:
    """Claim all devices for a run without workers, once. Raises ``SweepError`` where another run has one of them."""
    if _compat.is_worker(sweeps.config) or sweeps.devices.claims.held or sweeps.devices.lease is None:
        return
    devices = sweeps.devices.lease.devices
    taken, busy = sweeps.devices.claims.take(devices, len(devices))
    if not busy:
        return
    if not sweeps.settings.share_device:
        msg = f"{'; '.join(busy)}: wait for it, choose others with {VISIBLE}, or give --sweep-share-device to wait here"
        raise SweepError(msg)
    _compat.tell(sweeps.config, f"sweeps: waiting, {'; '.join(busy)}")
    sweeps.devices.claims.wait_for([device for device in devices if device not in taken])
