"""The sweep status of a vector, and the rules that give it."""

from __future__ import annotations

import re
from enum import Enum

from pytest_ttnn_sweeps.results.outcome import Outcome, ttnn_error_message


class Status(Enum):
    """tt-metal's ``TestStatus``: the same names and numbers."""

    PASS = 0
    FAIL_ASSERT_EXCEPTION = 1
    FAIL_CRASH_HANG = 2
    NOT_RUN = 3
    FAIL_L1_OUT_OF_MEM = 4
    FAIL_WATCHER = 5
    FAIL_UNSUPPORTED_DEVICE_PERF = 6
    XFAIL = 7
    XPASS = 8
    FAIL_NON_DETERMINISTIC = 9

    @property
    def export_name(self) -> str:
        """The status in tt-metal's exported records: ``skipped`` for NOT_RUN, else the name in lower case."""
        return "skipped" if self is Status.NOT_RUN else self.name.lower()


# Faults that ttnn's own exceptions tell, as patterns of the message: the texts of ttnn 0.81.1 and of tt-metal's sources
# of 2025. Too little DRAM is no L1 fault: it stays FAIL_ASSERT_EXCEPTION, and its message says what it is.
_FAULTS: tuple[tuple[Status, re.Pattern[str]], ...] = (
    (
        Status.FAIL_L1_OUT_OF_MEM,
        re.compile(
            r"\AOut of Memory: Not enough space (?:after considering dependencies )?to allocate \d+ B L1(?:_SMALL)? "
            r"|\AStatically allocated (?:circular|dataflow) buffers .*(?:beyond max L1 size|clash with L1 buffers)"
        ),
    ),
    (
        Status.FAIL_WATCHER,
        re.compile(
            r"\AWatcher (?:detected|found|unexpected|read invalid|data corrupt)"
            r"|device hang due to illegal NoC transaction|Aborting wait due to watcher error"
        ),
    ),
    (
        Status.FAIL_CRASH_HANG,
        re.compile(
            r"device timeout|potential hang detected|completion reader queue is not empty"
            r"|device hang or timeout occurred"
        ),
    ),
    (
        # The machine is not in order, and the operation was never tried.
        Status.NOT_RUN,
        re.compile(
            r"could not fit in the discovered physical topology|int(?:er|ra)-mesh mapping failed"
            r"|[Uu]nexpected run_mailbox value"
        ),
    ),
)

_OBSERVED = {
    "hang": Status.FAIL_CRASH_HANG,
    "crash": Status.FAIL_CRASH_HANG,
    "non_deterministic": Status.FAIL_NON_DETERMINISTIC,
    "watcher": Status.FAIL_WATCHER,
    "no_device_perf": Status.FAIL_UNSUPPORTED_DEVICE_PERF,
}

_EXPECTABLE = frozenset(
    {
        Status.FAIL_ASSERT_EXCEPTION,
        Status.FAIL_L1_OUT_OF_MEM,
        Status.FAIL_WATCHER,
        Status.FAIL_UNSUPPORTED_DEVICE_PERF,
    }
)


def classify(outcome: Outcome, *, expects_failure: bool = False) -> Status:
    """The status of a vector that ran to an outcome.

    A fault of the device (memory, watcher, hang, fabric) is recognised only in the text of an exception that ttnn's C++
    raised, never in a message that merely mentions it. A skip is NOT_RUN. Where failure is expected (`is_xfail_suite`),
    a pass is XPASS and a failure XFAIL; a hang stays one, and so does a crash.
    """
    if outcome.fault is not None:
        status = _OBSERVED[outcome.fault]
        return Status.XFAIL if expects_failure and status in _EXPECTABLE else status
    if outcome.skip_reason is not None:
        return Status.NOT_RUN
    if outcome.ok:
        return Status.XPASS if expects_failure else Status.PASS
    status = Status.FAIL_ASSERT_EXCEPTION if outcome.exception_text is None else _fault(outcome.exception_text)
    return Status.XFAIL if expects_failure and status in _EXPECTABLE else status


def is_xfail_suite(name: str) -> bool:
    """Whether a suite of that name is expected to fail: it starts with ``xfail``, in any case."""
    return name.lower().startswith("xfail")


def _fault(text: str) -> Status:
    message = ttnn_error_message(text)
    if message is not None:
        for status, pattern in _FAULTS:
            if pattern.search(message):
                return status
    return Status.FAIL_ASSERT_EXCEPTION
