"""What a report carries about its vector: status and metrics, as plain data that crosses xdist."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_ttnn_sweeps.collection.item import OUTCOME, SweepItem
from pytest_ttnn_sweeps.results import Outcome, Status, classify, outcome_of_exception

ATTRIBUTE = "ttnn_sweep"
"""Name of the attribute of ``pytest.TestReport`` that holds the data; of a vector's reports exactly one has it."""


def attach(item: SweepItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Give the report that decides a vector's outcome its data, and the item its JUnit properties."""
    decides = report.when == "call" or (report.when == "setup" and not report.passed)
    if not decides:
        return
    outcome = _outcome(item, call)
    status = _status(report, outcome)
    data = {
        "module": item.definition.name,
        "suite": item.parent.suite_name,
        "vector_id": item.vector_id,
        "status": status.name,
        "message": outcome.message,
        "e2e_ms": outcome.e2e_ms,
        "metrics": {metric.name: metric.value for metric in outcome.metrics},
    }
    setattr(report, ATTRIBUTE, data)
    properties: list[tuple[str, object]] = [("vector_id", data["vector_id"]), ("status", status.name)]
    pcc = {metric.name: metric.value for metric in outcome.metrics}.get("pcc")
    properties += [(name, value) for name, value in (("pcc", pcc), ("e2e_ms", outcome.e2e_ms)) if value is not None]
    item.user_properties.extend(properties)
    report.user_properties = list(item.user_properties)


def data_of(report: pytest.TestReport) -> dict[str, Any] | None:
    """The data that ``attach`` gave to ``report``."""
    return getattr(report, ATTRIBUTE, None)


def _outcome(item: SweepItem, call: pytest.CallInfo[None]) -> Outcome:
    error = call.excinfo.value if call.excinfo is not None else None
    kept = item.stash.get(OUTCOME, None)
    if kept is not None or error is None:
        return kept or Outcome(ok=True, message="")
    return outcome_of_exception(error)


def _status(report: pytest.TestReport, outcome: Outcome) -> Status:
    expected = hasattr(report, "wasxfail")
    if report.skipped and not expected:
        return Status.NOT_RUN
    return classify(outcome, expects_failure=expected)
