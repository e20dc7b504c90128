"""Calls of operations from whatever captured them: objects of a running process, or files that ttnn and tracers wrote.

Every reader gives ``Call``s, so that what a model passed has one form whatever saw it.
"""

from __future__ import annotations

from pytest_ttnn_sweeps.traced.capture.calls import Call, Capture, CaptureError
from pytest_ttnn_sweeps.traced.capture.files import read_captures

__all__ = ["Call", "Capture", "CaptureError", "read_captures"]
