"""Run TTNN operator sweeps as native pytest items."""

__version__ = "0.1.0"
