"""Puts the golden values in ttnn's way, and takes them out again."""

from __future__ import annotations

from typing import Any

import torch

from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.devices.mock.golden_values import GoldenValues
from pytest_ttnn_sweeps.devices.mock.moves import functions, handlers, methods
from pytest_ttnn_sweeps.devices.stand_ins import StandIns

_stand_ins = StandIns()
_values: GoldenValues | None = None


def install(ttnn: Any) -> GoldenValues:
    """Have tensors of ``ttnn``, imported for a mock device, carry golden values in this process; once."""
    global _values
    if _values is not None:
        return _values
    # As under the emulation: sums that are split over threads differ in their last digits with the number of threads,
    # and threads that wait for one another cost small tensors more than they save.
    _stand_ins.callback(torch.set_num_threads, torch.get_num_threads())
    torch.set_num_threads(1)
    decorators = ttnn.decorators
    # Both kinds: which one operations are is settled when ttnn is imported.
    originals = {kind: kind.__call__ for kind in (decorators.Operation, decorators.FastOperation)}

    def run(operation: Any, *args: Any, **kwargs: Any) -> Any:
        return originals[type(operation)](operation, *args, **kwargs)

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return values(self, args, kwargs)

    values = GoldenValues(ttnn, run)
    values.handlers.update(handlers(values))
    for kind in originals:
        _stand_ins.put(kind, "__call__", call)
    for name, method in methods(values).items():
        _stand_ins.put(ttnn.Tensor, name, method)
    for name, function in functions(values).items():
        _stand_ins.put(ttnn, name, function)
    compared = decorators.to_torch_for_comparison

    def to_torch_for_comparison(tensor: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(tensor, ttnn.Tensor) and values.is_live(tensor):
            return values.for_golden(tensor).clone()
        if isinstance(tensor, ttnn.Tensor) and ttnn.is_tensor_storage_on_device(tensor):
            # Reading what is freed ends the process, where most operations refuse it.
            raise NoGoldenValue("a tensor that is deallocated has none")
        return compared(tensor, *args, **kwargs)

    _stand_ins.put(decorators, "to_torch_for_comparison", to_torch_for_comparison)
    _values = values
    return values


def uninstall() -> None:
    """Undo ``install``: the mock device reads zeros again, and every value is forgotten."""
    global _values
    _stand_ins.close()
    if _values is not None:
        _values.shadows.clear()
    _values = None


def installed() -> GoldenValues | None:
    """What ``install`` has given."""
    return _values
