"""The ``ttnn-sweeps`` command."""

from pytest_ttnn_sweeps.cli.main import main

__all__ = ["main"]
