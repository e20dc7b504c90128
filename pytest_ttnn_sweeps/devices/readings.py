"""What a sweep's ``run`` reads back from the device, seen from outside: ``ttnn.to_torch``, by whatever name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.devices.stand_ins import StandIns, names_in


@contextmanager
def readings_seen(module: ModuleType, see: Callable[[Any, Any], object]) -> Iterator[None]:
    """Show ``see`` each tensor that the block reads, and what it is read as, by ttnn's names and by ``module``'s."""
    ttnn, is_reading = sys.modules.get("ttnn"), [False]

    def seen(original: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(original)
        def read(*args: Any, **kwargs: Any) -> Any:
            __tracebackhide__ = True
            # ttnn's function calls the tensor's method: that is one reading.
            if is_reading[0]:
                return original(*args, **kwargs)
            is_reading[0] = True
            try:
                result = original(*args, **kwargs)
            finally:
                is_reading[0] = False
            see(args[0] if args else kwargs.get("tensor"), result)
            return result

        return read

    with StandIns() as stand_ins:
        for owner, name, original in list(_readers(ttnn, module)):
            stand_ins.put(owner, name, seen(original))
        yield


def _readers(ttnn: Any, module: ModuleType) -> Iterator[tuple[Any, str, Callable[..., Any]]]:
    function = getattr(ttnn, "to_torch", None)
    if function is not None:
        yield ttnn, "to_torch", function
        yield from [(module, name, function) for name in names_in(module, function)]
    tensor = getattr(ttnn, "Tensor", None)
    method = getattr(tensor, "to_torch", None)
    if method is not None:
        yield tensor, "to_torch", method
