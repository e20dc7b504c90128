"""Sweep modules and their vectors: recognising, importing, the product, ids, values as JSON."""

from pytest_ttnn_sweeps.vectors.unavailable import Unavailable

__all__ = ["Unavailable"]
