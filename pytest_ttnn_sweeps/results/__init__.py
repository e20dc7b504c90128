"""What became of each vector: its outcome, its metrics and its status.

Knows nothing of ttnn, torch or pytest.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.results.metrics import Metric, known_metric
from pytest_ttnn_sweeps.results.outcome import (
    Outcome,
    UnusableReturn,
    normalise,
    outcome_of_exception,
    outcome_of_fault,
    outcome_of_skip,
    ttnn_error_message,
)
from pytest_ttnn_sweeps.results.status import Status, classify, is_xfail_suite

__all__ = [
    "Metric",
    "Outcome",
    "Status",
    "UnusableReturn",
    "classify",
    "is_xfail_suite",
    "known_metric",
    "normalise",
    "outcome_of_exception",
    "outcome_of_fault",
    "outcome_of_skip",
    "ttnn_error_message",
]
