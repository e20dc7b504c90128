"""``--sweep-validate-only``: a vector's host side on the mock device, without values.

The sweep's `run` is called as ever: ttnn checks every argument, infers every shape and allocates every buffer of the
real library. Large torch tensors have no memory (`shapes_only`), tensors for the device are allocated rather than
converted, and what is read back are zeros, so whether values agree is not judged. A `run` that can't do without values
is called once more with real ones.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.allocation import bounded_allocation
from pytest_ttnn_sweeps.devices.mock.shapes_only import SMALL, ShapesOnly, ValuesNeeded
from pytest_ttnn_sweeps.devices.stand_ins import StandIns

_NOT_COMPARED = (True, "not compared")
_CONVERSIONS = frozenset(("layout", "device", "memory_config", "pad_value", "cq_id", "preserve_nan_values"))
"""Options of ``from_torch`` beside which allocating refuses exactly what converting refuses."""


class Unjudged(Exception):
    """`run` raised, or returned that it failed, after it had read values: zeros, about which nothing is known."""


class Validation:
    """Validates vectors in one process."""

    def __init__(self, ttnn: Any, checks: Collection[str]) -> None:
        """``checks`` are names of functions that judge values, in a module that has them: zeros tell them nothing."""
        self._checks = checks
        self._torch = ShapesOnly()
        self._tensors = _Tensors(ttnn)
        _install(ttnn, self._tensors)

    def call(self, run: Callable[[], object], module: ModuleType, device: Any, *, most_elements: int) -> object:
        """What ``run``, a call of the module's own, returns.

        No more than ``most_elements`` are allocated where it has to have values; without, size costs nothing.
        Raises what ttnn raises; `Unjudged` in place of an exception that values may have caused.
        """
        tensors = self._tensors
        tensors.device, tensors.most_elements, tensors.stand_in = device, most_elements, True
        try:
            with _uncompared(module, self._checks):
                # Called again outside the handler: what that raises has nothing to do with this.
                with suppress(ValuesNeeded), bounded_allocation(sys.maxsize), self._torch:
                    return self._judged(run)
                with bounded_allocation(most_elements):
                    return self._judged(run)
        finally:
            tensors.stand_in = False

    def _judged(self, run: Callable[[], object]) -> object:
        self._tensors.reads = 0
        try:
            return run()
        except Exception as error:
            if self._tensors.reads and not is_refusal(error):
                raise Unjudged(str(error)) from None
            raise

    @property
    def has_read(self) -> bool:
        """Whether the last call has read anything back."""
        return self._tensors.reads > 0


@cache
def the_validation(checks: tuple[str, ...]) -> Validation:
    """This process's, for the ttnn that it has imported."""
    import ttnn

    return Validation(ttnn, checks)


def is_refusal(error: BaseException) -> bool:
    """Whether ttnn raised ``error``: by its text, or from the frames of its own Python code."""
    text = str(error)
    if "TT_FATAL" in text or "TT_THROW" in text or "incompatible function arguments" in text:
        return True
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "ttnn"


class _Tensors:
    """Takes the places of ttnn's conversions from and to torch."""

    def __init__(self, ttnn: Any) -> None:
        self._ttnn = ttnn
        # Bound before anything is replaced: ttnn's own, also where its class calls something else by then.
        self._from_torch, self._to_torch = ttnn.from_torch.__call__, ttnn.to_torch.__call__
        self.device: Any = None
        self.most_elements = sys.maxsize
        self.reads = 0
        self.stand_in = False
        """Whether a vector is being validated: anybody else's conversions are ttnn's."""
        self._natural = {
            torch.float32: ttnn.float32,
            torch.bfloat16: ttnn.bfloat16,
            torch.int32: ttnn.int32,
            torch.uint8: ttnn.uint8,
        }
        self._back = {
            ttnn.float32: torch.float32,
            ttnn.bfloat16: torch.bfloat16,
            ttnn.bfloat8_b: torch.float32,
            ttnn.bfloat4_b: torch.float32,
            ttnn.int32: torch.int32,
            ttnn.uint32: torch.uint32,
            ttnn.uint16: torch.uint16,
            ttnn.uint8: torch.uint8,
        }

    def from_torch(self, tensor: Any, dtype: Any = None, **options: Any) -> Any:
        if not isinstance(tensor, torch.Tensor) or (tensor.numel() <= SMALL and not tensor.is_meta):
            return self._from_torch(tensor, dtype, **options)
        allocated = self._allocated(tensor, dtype, options)
        if allocated is not None:
            return allocated
        # It is refused, or converted in a way of its own: ttnn says what and how.
        with torch._C.DisableTorchFunction(), bounded_allocation(self.most_elements):
            zeros = torch.zeros(tensor.shape, dtype=tensor.dtype) if tensor.is_meta else tensor
            return self._from_torch(zeros, dtype, **options)

    def _allocated(self, tensor: torch.Tensor, dtype: Any, options: dict[str, Any]) -> Any:
        given = {name for name, value in options.items() if value is not None}
        dtype = dtype if dtype is not None else self._natural.get(tensor.dtype)
        device = options.get("device")
        if dtype is None or not given <= _CONVERSIONS or (device is None and self.device is None):
            return None
        allocate = self._ttnn.allocate_tensor_on_host if device is None else self._ttnn.allocate_tensor_on_device
        layout = options.get("layout")
        try:
            return allocate(
                self._ttnn.Shape(list(tensor.shape)),
                dtype,
                self._ttnn.ROW_MAJOR_LAYOUT if layout is None else layout,
                self.device if device is None else device,
                options.get("memory_config"),
            )
        except (RuntimeError, TypeError) as error:
            if "Out of Memory" in str(error):
                # Converting would say the same, and take that memory of the host.
                raise
            return None

    def to_torch(self, tensor: Any, dtype: Any = None, **options: Any) -> Any:
        self.reads += 1
        kind = self._back.get(getattr(tensor, "dtype", None))
        many = options.get("mesh_composer") is not None and len(self._ttnn.get_device_tensors(tensor)) > 1
        if kind is None or many or not tensor.is_allocated():
            return self._to_torch(tensor, dtype, **options)
        shape = list(tensor.shape)
        rank = options.get("torch_rank")
        while rank is not None and len(shape) > rank and shape[0] == 1:
            del shape[0]
        with torch._C.DisableTorchFunction():
            where = "meta" if math.prod(shape) > SMALL else "cpu"
            return torch.zeros(shape, dtype=kind if dtype is None else dtype, device=where)


_stand_ins = StandIns()


def _install(ttnn: Any, tensors: _Tensors) -> None:
    """Put ``tensors`` in the places of ttnn's own conversions, whatever name a module calls them by.

    Once for all vectors: Python gives up on a class that changes a thousand times.
    """
    conversions = {id(ttnn.from_torch): tensors.from_torch, id(ttnn.to_torch): tensors.to_torch}
    # Both kinds: which one operations are is settled when ttnn is imported.
    for kind in (ttnn.decorators.FastOperation, ttnn.decorators.Operation):
        _stand_ins.put(kind, "__call__", _operation_call(kind.__call__, tensors, conversions))
    method = ttnn.Tensor.to_torch

    def to_torch(self: Any, *args: Any, **kwargs: Any) -> Any:
        return tensors.to_torch(self) if tensors.stand_in else method(self, *args, **kwargs)

    _stand_ins.put(ttnn.Tensor, "to_torch", to_torch)
    manual_seed = torch.manual_seed

    def seed(seed: Any) -> Any:
        # torch's own takes a millisecond: it notes the stack for other devices, which may be opened one day.
        return (torch.default_generator.manual_seed if tensors.stand_in else manual_seed)(seed)

    _stand_ins.put(torch, "manual_seed", seed)
    # The tensors that have values are small, and threads that wait for one another cost them more than they save.
    _stand_ins.callback(torch.set_num_threads, torch.get_num_threads())
    torch.set_num_threads(1)


def _operation_call(
    original: Callable[..., Any], tensors: _Tensors, conversions: dict[int, Callable[..., Any]]
) -> Callable[..., Any]:
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if tensors.stand_in:
            conversion = conversions.get(id(self))
            if conversion is not None:
                return conversion(*args, **kwargs)
        return original(self, *args, **kwargs)

    return call


def restore() -> None:
    """Give ttnn and torch their own functions back."""
    _stand_ins.close()
    the_validation.cache_clear()


def _uncompared(module: ModuleType, checks: Collection[str]) -> StandIns:
    """Inside of it the module's ``checks`` compare nothing."""
    stand_ins = StandIns()
    for name in checks:
        if name in vars(module):
            stand_ins.put(module, name, lambda *args, **kwargs: _NOT_COMPARED)
    return stand_ins
