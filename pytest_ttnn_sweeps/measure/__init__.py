"""What is measured of a vector beside its verdict: time, memory, accuracy, and what they are held against.

Meters are implementations of the hook ``pytest_sweep_measure``, made from the options that ask for them; other plugins'
and conftests' are their equals. Imports no pytest.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.measure.execution import Execution, Kind, MeasuredVector, Measurements, MeasuringError

__all__ = ["Execution", "Kind", "MeasuredVector", "Measurements", "MeasuringError"]
