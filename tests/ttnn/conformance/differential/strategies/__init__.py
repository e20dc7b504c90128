"""What is drawn: a strategy of cases for each operation, type and data type, by family."""

from __future__ import annotations

from functools import cache

from pytest_ttnn_sweeps.emulation.namespace import dotted_names
from pytest_ttnn_sweeps.emulation.operation import OPERATIONS

from . import eltwise, movement, networks, products, values
from .tensors import Strategy

__all__ = ["Strategy", "families"]


@cache
def families() -> dict[str, dict[str, Strategy]]:
    """The subjects of each family, with what is drawn for each."""
    dict(dotted_names())  # Loads what enters itself into OPERATIONS.
    gradients = [
        name.removeprefix("ttnn.")
        for name, entry in OPERATIONS.items()
        if ".ops.backward" in entry.forms[0].function.__module__
    ]
    one_by_one = eltwise.strategies(gradients)
    return {
        "types": values.types(),
        "round trips": values.round_trips(),
        "elementwise": {name: drawn for name, drawn in one_by_one.items() if not name.endswith("_bw")},
        "gradients": {name: drawn for name, drawn in one_by_one.items() if name.endswith("_bw")},
        "movement": movement.strategies(),
        "products": products.strategies(),
        "networks": networks.strategies(),
    }
