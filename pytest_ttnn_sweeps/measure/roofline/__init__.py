"""Rooflines: the least time that the operations of a vector could take on its board, and how near it came to that.

The figures of boards are the vendor's (``hardware_specs.json``); ``docs/roofline.md`` has the formulas.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall, recorded_calls
from pytest_ttnn_sweeps.measure.roofline.model import LAUNCH_NS, TOLERANCE, Roofline, roofline
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted
from pytest_ttnn_sweeps.measure.roofline.peaks import Peaks, UnknownBoard, peaks_of

__all__ = [
    "LAUNCH_NS",
    "TOLERANCE",
    "OperationCall",
    "Peaks",
    "Roofline",
    "Uncounted",
    "UnknownBoard",
    "peaks_of",
    "recorded_calls",
    "roofline",
]
