"""Whether vectors run in pytest's process or in a child of it, and the items' way to the child."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest
from pytest_timeout import is_debugging

from pytest_ttnn_sweeps.collection import debugging, relay
from pytest_ttnn_sweeps.collection.deadlines import Deadline, begin_again, deadline_of, deadline_of_execution, enforced
from pytest_ttnn_sweeps.collection.item import OUTCOME, SweepFailure, SweepItem
from pytest_ttnn_sweeps.collection.measuring import with_executions
from pytest_ttnn_sweeps.collection.served import Server, shorten
from pytest_ttnn_sweeps.devices.child import Child, Fault, Steps
from pytest_ttnn_sweeps.devices.executor import ChildExecutor, GaveUp
from pytest_ttnn_sweeps.devices.framing import Message
from pytest_ttnn_sweeps.devices.postmortem import evidence
from pytest_ttnn_sweeps.devices.session import DeviceFixture, Devices, DeviceSession, DeviceSessions
from pytest_ttnn_sweeps.devices.watcher_findings import last_dump
from pytest_ttnn_sweeps.devices.watcher_log import WatcherLog
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure.watcher import told
from pytest_ttnn_sweeps.results import Outcome, outcome_of_fault
from pytest_ttnn_sweeps.settings import Settings

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.nodes import SweepModule
    from pytest_ttnn_sweeps.collection.session import SweepSession

ISOLATION = ("auto", "process", "none")
_LAST_RESORT_SECONDS = 30.0
_RECOVERIES = 3
_BREAKPOINT = re.compile(rb"\bbreakpoint\(|\bset_trace\(")


class IsolationError(SweepError):
    """The isolation that was asked for can't be had."""


@dataclass(frozen=True)
class DeviceInChild:
    """Stands for a device that a child process has open, in pytest's process, which never opens one."""

    def __repr__(self) -> str:
        return "<device of a child process>"


def check_isolation(config: pytest.Config, settings: Settings) -> None:
    """Raise ``IsolationError`` where ``--sweep-isolation`` can't mean what it says."""
    asked, option = settings.isolation, config.option
    if asked not in ISOLATION:
        msg = f"--sweep-isolation {asked!r}: expected {', '.join(ISOLATION)}"
        raise IsolationError(msg)
    if asked == "process" and (option.usepdb or option.trace):
        given = "--pdb" if option.usepdb else "--trace"
        msg = f"--sweep-isolation process with {given}: the child has no terminal to debug at; leave out one of them"
        raise IsolationError(msg)
    if asked == "process" and not hasattr(os, "fork"):
        msg = "--sweep-isolation process: this system can't fork a process"
        raise IsolationError(msg)


class Isolation:
    """Where the vectors of a session run; owns the child, if there is one."""

    def __init__(self, sweeps: SweepSession, session: pytest.Session) -> None:
        self._sweeps = sweeps
        self._session = session
        self._last_position = -1
        self._module: SweepModule | None = None
        self._refusal: BaseException | None = None
        self._environ: dict[bytes, bytes] = {}
        self._cwd = ""
        self._running: SweepItem | None = None
        watcher: Any = sweeps.config.pluginmanager.get_plugin("ttnn_sweeps_Watcher")
        self._watcher: WatcherLog | None = watcher.log if watcher is not None else None

    @cached_property
    def in_child(self) -> bool:
        """Whether vectors run in a child, where their module has nothing against it."""
        asked, option = self._sweeps.settings.isolation, self._sweeps.config.option
        if asked != "auto":
            return asked == "process"
        vectors = (item for item in self._session.items if isinstance(item, SweepItem))
        # The watcher ends the process in which it finds something.
        is_one = self._watcher is None and sum(1 for _ in zip(vectors, range(2))) < 2
        return (
            self._sweeps.devices.provider.is_wheel
            and hasattr(os, "fork")
            and not (option.usepdb or option.trace or _is_debugged() or is_one)
        )

    def devices_for(self, node: pytest.Collector) -> Devices:
        """What gives ``node`` its device."""
        if not self.in_child or not hasattr(node, "definition") or self._keeps(node):  # type: ignore[arg-type]
            # Two processes would fight over the one card.
            self._stop()
            return self._sweeps.devices.local
        self._sweeps.devices.local.close()
        return self

    def _keeps(self, module: SweepModule) -> bool:
        """Whether the module needs its device in pytest's process: for tests of its own, or for a debugger."""
        if self._sweeps.settings.collect_tests and any(
            not isinstance(item, SweepItem)
            and module in item.listchain()
            and not {"sweep_device", "ttnn_device"}.isdisjoint(getattr(item, "fixturenames", ()))
            for item in self._session.items
        ):
            return True
        if self._sweeps.settings.isolation == "process":
            return False
        try:
            return _BREAKPOINT.search(module.path.read_bytes()) is not None
        except OSError:
            return False

    # The three of `devices.session.Devices`: a child opens the device only when an item's fixtures are set up, so that
    # it is forked from a process that has them.

    def open(self, fixture: DeviceFixture | None) -> DeviceSession:
        return DeviceSession(DeviceInChild(), "child process", fixture=fixture)

    def release(self, session: DeviceSession) -> None:
        module, self._module, self._refusal = self._module, None, None
        if module is not None and self._running is not None:
            self._settle(self._executor.release(self._message("release", self._running)))

    def failed_to_open(self, error: BaseException) -> bool:
        """Whether ``error`` is what opening the present module's device failed with, in the child."""
        return error is self._refusal and not isinstance(error, pytest.skip.Exception)

    def close(self) -> None:
        self._stop()

    def _stop(self) -> None:
        self._module = self._refusal = None
        if "_executor" in vars(self):
            reply = self._executor.stop()
            self._pass_on(reply if isinstance(reply, dict) else {})
            if isinstance(reply, dict) and "raised" in reply:
                raise relay.exception_from(reply["raised"], self._sweeps.config)

    @cached_property
    def local(self) -> DeviceSessions:
        """Sessions of this process that nobody opens: they reset the board while no child is there."""
        return self._sweeps.devices.new_sessions()

    @cached_property
    def _executor(self) -> ChildExecutor:
        settings = self._sweeps.settings
        executor = ChildExecutor(
            self._fork,
            self.local.reset_after_failure,
            recycle=settings.recycle,
            open_seconds=settings.open_timeout,
            recoveries=_RECOVERIES,
        )
        self._sweeps.config.add_cleanup(executor.kill)
        return executor

    def _fork(self) -> Child:
        assert self._running is not None
        self._environ, self._cwd = _environ(), os.getcwd()
        shows_all = self._sweeps.config.option.capture == "no"
        return Child(Server(self._sweeps, self._session.items, self._running), shorten, _show if shows_all else None)

    @staticmethod
    def holds(device: object) -> bool:
        """Whether ``device`` is a child's."""
        return isinstance(device, DeviceInChild)

    def check_local(self, item: SweepItem) -> None:
        """Raise ``IsolationError`` where the item's vector would run in this process though a child is asked for."""
        if self._sweeps.settings.isolation == "process":
            msg = (
                "--sweep-isolation process: the device is open in pytest's process, by a conftest's sweep_device or "
                "for a test of the module; leave out the option"
            )
            raise IsolationError(msg)

    def prepare(self, item: SweepItem) -> None:
        """Have the device of the item's module open. Raises what opening it raised, for each item again."""
        self._running = item
        try:
            if self._module is item.parent.parent:
                if self._refusal is not None:
                    raise self._refusal
                return
            self._module, self._refusal = item.parent.parent, None
            self._mark()
            try:
                self._settle(self._executor.open(self._message("open", item)))
            except GaveUp:
                self._module = None
                raise
            except SweepFailure:
                # It hung or crashed: the next item may try again.
                self._module = None
                raise
            except Exception as refusal:
                self._refusal = refusal
                raise
            except pytest.skip.Exception as unsuitable:
                self._refusal = unsuitable
                raise
        except GaveUp as gave_up:
            item.leave(f"NOT RUN: {gave_up}")

    def run(self, item: SweepItem) -> None:
        """Run the item's vector in the child; ends as it would have ended here."""
        __tracebackhide__ = True
        self._running = item
        deadline = deadline_of(item)
        last_resort = _last_resort(deadline)
        each = deadline_of_execution(item)
        told: list[Message] = []

        def begun(so_far: Message) -> None:
            told.append(so_far)
            begin_again(item, _last_resort(each))

        steps = Steps(each.seconds, begun)
        item.stash[OUTCOME] = None
        self._mark()
        try:
            with enforced(item, last_resort):
                reply = self._executor.run(
                    self._message("run", item), seconds=deadline.seconds, patience=deadline.source, steps=steps
                )
        except GaveUp as gave_up:
            item.leave(f"NOT RUN: {gave_up}")
        self._settle(reply, told)

    def _settle(self, reply: Message | Fault | None, told: Sequence[Message] = ()) -> None:
        """Make of a reply what it stands for in this process. Raises what it tells of.

        ``told`` is what the child had told of its executions when it ended.
        """
        __tracebackhide__ = True
        written = self._pass_on(reply if isinstance(reply, dict) else {})
        item = self._running
        assert item is not None
        if isinstance(reply, Fault):
            outcome = with_executions(item, self._post_mortem(reply, written), told)
            item.stash[OUTCOME] = outcome
            raise SweepFailure(outcome)
        if reply is None:
            return
        if "device" in reply:
            self._sweeps.devices.note_opened(reply["device"])
        if "outcome" in reply:
            item.stash[OUTCOME] = relay.outcome_from(reply["outcome"])
        if "raised" in reply:
            raise relay.exception_from(reply["raised"], item.config)

    def _post_mortem(self, fault: Fault, written: str) -> Outcome:
        """The outcome of a vector whose child is gone; what the watcher has found explains the child's end."""
        stack = debugging.stack_of_others(fault.stack)
        if self._watcher is None:
            return outcome_of_fault(fault.kind, fault.reason, details=fault.stderr, stack=stack)
        log = self._watcher.read_on()
        details = evidence(fault.stderr, last_dump(log))
        findings = self._watcher.new_findings(f"{log}\n{written}\n{fault.stderr}")
        if not findings:
            return outcome_of_fault(fault.kind, fault.reason, details=details, stack=stack)
        # A core that has stopped stays so until it is reset.
        self._executor.require_reset()
        reason = f"{told(findings)} (the process {fault.reason})"
        return outcome_of_fault("watcher", reason, details=details, stack=stack)

    def _mark(self) -> None:
        """What the watcher has written so far belongs to no vector that is still to come."""
        if self._watcher is not None:
            self._watcher.new_findings(self._watcher.read_on())

    def _pass_on(self, reply: Message) -> str:
        """Show what the child has written, and keep what it has recorded; the text of its streams."""
        written = self._executor.output()
        for text, stream in ((written.stdout, sys.stdout), (written.stderr, sys.stderr)):
            if text:
                stream.write(text)
        if "log" in reply:
            relay.log(reply["log"])
        if "warnings" in reply:
            relay.warn(reply["warnings"])
        if "properties" in reply and self._running is not None:
            self._running.user_properties += [(name, value) for name, value in reply["properties"]]
        return f"{written.stdout}\n{written.stderr}"

    def _message(self, do: str, item: SweepItem) -> Message:
        message: Message = {"do": do, "at": self._position(item)}
        if self._executor.pid is not None:
            environ, cwd, before = _environ(), os.getcwd(), self._environ
            changed = [name for name, value in environ.items() if before.get(name) != value]
            changed += [name for name in before if name not in environ]
            if changed:
                message["environ"] = {
                    os.fsdecode(name): os.fsdecode(environ[name]) if name in environ else None for name in changed
                }
                self._environ = environ
            if cwd != self._cwd:
                message["cwd"] = self._cwd = cwd
        return message

    def _position(self, item: SweepItem) -> int:
        """Where the item is in the session's list, which the child has too."""
        following = self._last_position + 1
        if following < len(self._session.items) and self._session.items[following] is item:
            self._last_position = following
        elif self._last_position < 0 or self._session.items[self._last_position] is not item:
            self._last_position = self._positions[id(item)]
        return self._last_position

    @cached_property
    def _positions(self) -> dict[int, int]:
        return {id(item): at for at, item in enumerate(self._session.items)}


def _last_resort(deadline: Deadline) -> float | None:
    return None if deadline.seconds is None else deadline.seconds + _LAST_RESORT_SECONDS


def _environ() -> dict[bytes, bytes]:
    """A copy of the environment; of its own dict where Python lets it be seen, which takes a twentieth of the time."""
    return dict(getattr(os.environ, "_data", os.environb))


def _show(stream: str, text: str) -> None:
    target: Any = getattr(sys, stream)
    target.write(text)
    target.flush()


def _is_debugged() -> bool:
    """Whether a debugger watches this process: an IDE's, which loads pydevd and may not show as a tracer, or pdb."""
    return "pydevd" in sys.modules or is_debugging()
