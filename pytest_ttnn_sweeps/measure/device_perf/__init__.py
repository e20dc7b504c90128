"""Device time: how long the programs of a vector's call ran on the device, by the device's own clocks."""

from __future__ import annotations

from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program, merged, totals

__all__ = ["NoDeviceTime", "Program", "merged", "totals"]
