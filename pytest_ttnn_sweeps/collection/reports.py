"""What a report carries about its vector: status, metrics and its record's body, as plain data that crosses xdist."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.bodies import BODIES, SETUP_SECONDS, RecordBodies
from pytest_ttnn_sweeps.collection.item import OUTCOME, SweepFailure, SweepItem
from pytest_ttnn_sweeps.collection.measuring import with_measurements
from pytest_ttnn_sweeps.collection.relay import shown_of
from pytest_ttnn_sweeps.devices.lease import DeviceBusy
from pytest_ttnn_sweeps.results import Outcome, Status, classify, outcome_of_exception, outcome_of_skip
from pytest_ttnn_sweeps.results.analysis.performance import NOTES

ATTRIBUTE = "ttnn_sweep"
"""Name of the attribute of ``pytest.TestReport`` that holds the data; of a vector's reports exactly one has it."""


_OPENING_FAULTS = (RuntimeError, OSError, DeviceBusy)
"""What ttnn and the operating system raise; another exception of a module's fixture is a mistake in the module."""


def attach(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Give the report that decides a vector's outcome its data, and the item its JUnit properties."""
    _show_as_in_child(item, call, report)
    decides = report.when == "call" or (report.when == "setup" and not report.passed)
    if not decides:
        if report.when == "setup":
            item.stash[SETUP_SECONDS] = call.duration
        return
    outcome = with_measurements(item, _outcome(item, call, report))
    if hasattr(report, "wasxfail") and (_is_unexpectable(outcome) or _did_not_open(item, call, report)):
        # Nobody expects a crash, or a device that doesn't open.
        del report.wasxfail
        report.outcome = "failed"
    status = _status(report, outcome)
    vector_id = item.vector_id
    data = {
        "module": item.definition.name,
        "suite": item.parent.suite_name,
        "vector_id": vector_id,
        "status": status.name,
        "final": status is not Status.NOT_RUN or outcome.skip_reason is not None,
        "e2e_ms": outcome.e2e_ms,
        "metrics": {metric.name: metric.value for metric in outcome.metrics},
        "notes": {name: outcome.notes[name] for name in NOTES if name in outcome.notes},
        "message": outcome.message if item.parent.parent.sweep_session.settings.validate_only else "",
        "kept_from_running": status is Status.NOT_RUN and report.failed,
        "device_failure": _is_device_failure(item, call, report, status),
        "body": _bodies(item.config).body(
            item,
            call,
            status=status,
            outcome=outcome,
            vector_id=vector_id,
            xfail_reason=getattr(report, "wasxfail", None) or None,
        ),
    }
    setattr(report, ATTRIBUTE, data)
    properties: list[tuple[str, object]] = [("vector_id", vector_id), ("status", status.name)]
    pcc = {metric.name: metric.value for metric in outcome.metrics}.get("pcc")
    properties += [(name, value) for name, value in (("pcc", pcc), ("e2e_ms", outcome.e2e_ms)) if value is not None]
    item.user_properties.extend(properties)
    report.user_properties = list(item.user_properties)
    if _compat.is_worker(item.config):
        _make_encodable(report)


def _make_encodable(report: pytest.TestReport) -> None:
    """Write lone surrogates in the report's words as escapes: text that has them can't cross to the controller."""
    words = report.longrepr
    if words is None:
        return
    text = words[2] if isinstance(words, tuple) else report.longreprtext
    try:
        text.encode()
    except UnicodeEncodeError:
        escaped = text.encode("utf-8", "backslashreplace").decode()
        report.longrepr = (*words[:2], escaped) if isinstance(words, tuple) else escaped


def data_of(report: pytest.TestReport) -> dict[str, Any] | None:
    """The data that ``attach`` gave to ``report``."""
    return getattr(report, ATTRIBUTE, None)


def _bodies(config: pytest.Config) -> RecordBodies:
    bodies = config.stash.get(BODIES, None)
    if bodies is None:
        bodies = config.stash[BODIES] = RecordBodies(config)
        # As the session's modules: they hold values of ttnn's.
        config.add_cleanup(partial(config.stash.__delitem__, BODIES))
    return bodies


def _outcome(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> Outcome:
    error = call.excinfo.value if call.excinfo is not None else None
    kept = item.stash.get(OUTCOME, None)
    if kept is not None or error is None:
        return kept or Outcome(ok=True, message="")
    if isinstance(error, SweepFailure):
        return error.outcome
    if report.skipped and not hasattr(report, "wasxfail"):
        return outcome_of_skip(str(error))
    return outcome_of_exception(error)


def _show_as_in_child(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Give the report of an exception that came from a child, or that tells of one, its own representation."""
    if call.excinfo is None:
        return
    shown = shown_of(call.excinfo.value)
    if shown is not None:
        report.longrepr = shown
    elif report.when != "call" and isinstance(call.excinfo.value, SweepFailure):
        report.longrepr = item.repr_failure(call.excinfo)


def _status(report: pytest.TestReport, outcome: Outcome) -> Status:
    expected = hasattr(report, "wasxfail")
    if report.skipped and not expected:
        return Status.NOT_RUN
    if report.when == "setup" and outcome.fault is None:
        # `run` was never called.
        return Status.NOT_RUN
    return classify(outcome, expects_failure=expected)


def _is_unexpectable(outcome: Outcome) -> bool:
    return outcome.fault is not None and classify(outcome, expects_failure=True) is not Status.XFAIL


def _is_device_failure(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport, status: Status) -> bool:
    """Whether it was the device that failed: it hung, crashed, or could not be opened.

    Where it could not be opened, the first vector of a module speaks for all: nothing was tried for the others.
    """
    if status in (Status.FAIL_CRASH_HANG, Status.FAIL_WATCHER):
        return True
    if report.when == "setup":
        module, error = item.parent.parent, call.excinfo.value if call.excinfo is not None else None
        is_first, module.refusal = module.refusal is not error, error
        return is_first and isinstance(error, _OPENING_FAULTS) and _did_not_open(item, call, report)
    return status is Status.NOT_RUN and report.failed


def _did_not_open(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> bool:
    if report.when != "setup" or call.excinfo is None:
        return False
    return item.parent.parent.sweep_session.devices.failed_to_open(call.excinfo.value)
