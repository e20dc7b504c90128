"""The child's side of an item: opens the module's device, runs its vectors, and tells what became of them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import debugging
from pytest_ttnn_sweeps.collection.item import OUTCOME, SweepItem
from pytest_ttnn_sweeps.collection.measuring import BEGIN_STEP, with_measurements
from pytest_ttnn_sweeps.collection.relay import Records, exception_data, outcome_data, warnings_as_data
from pytest_ttnn_sweeps.devices.child_process import BeginStep
from pytest_ttnn_sweeps.devices.framing import Message
from pytest_ttnn_sweeps.devices.process_environment import set_variables
from pytest_ttnn_sweeps.devices.session import DeviceSession, DeviceUnsuitable
from pytest_ttnn_sweeps.results import Outcome, Status, classify, outcome_of_exception

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.session import SweepSession

_MOST_TEXT = 1 << 16
_DEVICE_FAULTS = (Status.FAIL_CRASH_HANG, Status.FAIL_WATCHER, Status.NOT_RUN)


class Server:
    """Answers the messages of pytest's process. Made before the fork, used after it."""

    def __init__(self, sweeps: SweepSession, items: list[pytest.Item], first: SweepItem) -> None:
        """``first`` is the item that is being run at the fork: fixtures that vectors can reach know it alone."""
        self._devices = sweeps.devices.new_sessions()
        self._items = items
        self._first = first
        self._session: DeviceSession | None = None
        self._records: Records | None = None
        self._begin_step: BeginStep = _nobody

    def __call__(self, message: Message, begin_step: BeginStep) -> Message:
        if self._records is None:
            self._records = Records.instead_of_pytest()
            sys.breakpointhook = _no_breakpoint
        self._take_surroundings(message)
        self._begin_step = begin_step
        do = message["do"]
        if do == "close":
            return self._gathered(self._first, self._close)
        item = self._items[message["at"]]
        assert isinstance(item, SweepItem)
        steps: dict[str, Callable[[SweepItem], Message]] = {
            "run": self._run,
            "open": self._open,
            "release": self._release,
        }
        return self._gathered(item, lambda: steps[do](item))

    def _gathered(self, item: SweepItem, step: Callable[[], Message]) -> Message:
        """The answer of ``step``, with the warnings, log records and properties that it left."""
        assert self._records is not None
        properties: list[tuple[str, object]] = []
        item.user_properties = self._first.user_properties = properties
        with warnings_as_data(item) as warned:
            answer = step()
        if warned:
            answer["warnings"] = warned
        if logged := self._records.take():
            answer["log"] = logged
        if properties:
            answer["properties"] = [[str(name), _plain(value)] for name, value in properties]
        return answer

    def _run(self, item: SweepItem) -> Message:
        session = self._session
        device = session.device if session is not None else None
        item.stash[OUTCOME] = None
        item.stash[BEGIN_STEP] = self._begin_step
        call = pytest.CallInfo.from_call(lambda: item.run_vector(device), when="call")
        error = call.excinfo.value if call.excinfo is not None else None
        outcome = item.stash[OUTCOME] or (outcome_of_exception(error) if error is not None else Outcome(True, ""))
        outcome = with_measurements(item, outcome)
        answer: Message = {"outcome": outcome_data(outcome)}
        if error is not None:
            answer["raised"] = self._raised(item, call)
            is_told = outcome.exception_text is not None or outcome.fault == "watcher"
            if is_told and classify(outcome) in _DEVICE_FAULTS:
                answer["device_fault"] = True
            debugging.forget_locals(error)
        return answer

    def _open(self, item: SweepItem) -> Message:
        fixture = item.definition.mesh_device_fixture

        def open_session() -> None:
            try:
                self._session = self._devices.open(fixture)
            except DeviceUnsuitable as unsuitable:
                _compat.skip(str(unsuitable))

        refusal = self._attempt(item, open_session, "setup")
        if refusal is not None or self._session is None:
            return refusal or {}
        return {"opened": True, "device": self._session.describe()}

    def _release(self, item: SweepItem) -> Message:
        session, self._session = self._session, None
        if session is None:
            return {}
        return self._attempt(item, lambda: self._devices.release(session), "teardown") or {}

    def _close(self) -> Message:
        return self._attempt(self._first, self._devices.close, "teardown") or {}

    def _attempt(self, item: SweepItem, step: Callable[[], object], when: Any) -> Message | None:
        """None where ``step`` succeeds, else the exception it raised."""

        def attempt() -> None:
            __tracebackhide__ = True
            item.with_own_frames(step)

        call = pytest.CallInfo.from_call(attempt, when=when)
        if call.excinfo is None:
            return None
        return {"raised": self._raised(item, call), "text": call.excinfo.exconly(tryshort=True)}

    def _raised(self, item: SweepItem, call: pytest.CallInfo[Any]) -> Message:
        assert call.excinfo is not None
        return exception_data(call.excinfo.value, item.config, pytest.TestReport.from_item_and_call(item, call))

    def _take_surroundings(self, message: Message) -> None:
        """The environment and working directory that fixtures have made in pytest's process."""
        set_variables(message.get("environ", {}))
        if "cwd" in message:
            with suppress(OSError):
                os.chdir(message["cwd"])


def shorten(answer: Message) -> Message:
    """An answer that is too long to send without what makes it so."""
    short: Message = {key: answer[key] for key in ("opened", "device_fault") if key in answer}
    cut = f" ... cut after {_MOST_TEXT} characters"

    def clip(value: Any) -> Any:
        return value[:_MOST_TEXT] + cut if isinstance(value, str) and len(value) > _MOST_TEXT else value

    if "outcome" in answer:
        short["outcome"] = {key: clip(value) for key, value in answer["outcome"].items()}
    if "raised" in answer:
        raised = {key: clip(value) for key, value in answer["raised"].items() if key != "report"}
        short["raised"] = raised
        short["text"] = clip(answer.get("text", ""))
    return short


def _plain(value: object) -> object:
    return value if type(value) in (str, int, float, bool, type(None)) else str(value)


def _nobody(step: str, so_far: Message) -> None:
    pass


def _no_breakpoint(*args: object, **kwargs: object) -> None:
    msg = "breakpoint() in a child process, which has no terminal: run with --sweep-isolation none"
    raise RuntimeError(msg)
