"""What ttnn's golden function of an operation gives for one call, by the rules of ttnn's own comparison mode.

ttnn's preparation of the arguments reads tensors by its ``to_torch_for_comparison``, which gives shadows here. Goldens
compute in float32: the small types differ from it in what they store, and the result is stored right after.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.devices.mock.formats import widened
from pytest_ttnn_sweeps.devices.mock.shadows import Missing
from pytest_ttnn_sweeps.traced.calling import Made
from pytest_ttnn_sweeps.traced.golden_helpers import importable_helpers
from pytest_ttnn_sweeps.traced.goldens import own_reference

_DEVICE_KEYWORDS = frozenset(
    (
        *("memory_config", "queue_id", "cq_id", "output_tensor", "optional_output_tensor", "compute_kernel_config"),
        *("program_config", "core_grid", "sub_core_grids", "use_multicore", "layout", "device", "dtype"),
        *("output_dtype", "pad_value", "recreate_mapping_tensor"),
    )
)
"""Keywords that change no values, or padding, or no more than the output's dtype; not every golden takes them."""
_NATIVE = frozenset(("ttnn.bitcast", "ttnn.nextafter"))
"""Operations on bits, whose goldens need the type that is stored."""
_NAMED_OTHERWISE = {
    "ttnn.rpow": {"exponent": "dim"},
    "ttnn.clamp_bw": {"min": "a", "max": "b"},
    "ttnn.clip_bw": {"min": "a", "max": "b"},
    "ttnn.addcmul_bw": {"alpha": "value"},
    "ttnn.addcdiv_bw": {"alpha": "value"},
}
"""What the goldens of 0.81.1 call arguments that have another name in their operations."""
_UNSET = frozenset(("ttnn.allocate_tensor_on_device", "ttnn.allocate_tensor_on_host", "ttnn.empty", "ttnn.empty_like"))
"""What leaves memory as it was; where it has a golden, that gives a tensor of nothing in particular."""


@dataclass
class Call:
    """A call of an operation as its golden function gets it."""

    operation: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    written: list[tuple[Any, torch.Tensor, int]]
    """ttnn's tensors among the arguments, what the golden has for each, and that one's version before."""

    @property
    def name(self) -> str:
        """As ttnn says it."""
        return str(self.operation.python_fully_qualified_name)


def absence(operation: Any) -> Missing | None:
    """Why ``operation`` has no golden values; None where it has."""
    name = operation.python_fully_qualified_name
    if name in _UNSET:
        return Missing(f"{name} sets none")
    if operation.golden_function is None:
        return Missing(f"{name} has no golden function")
    return None


def prepare(ttnn: Any, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], device: Any) -> Call:
    """The arguments for the golden function of a call on ``device``. Raises ``NoGoldenValue`` where it has none."""
    name, golden = operation.python_fully_qualified_name, operation.golden_function
    preprocess = operation.preprocess_golden_function_inputs
    try:
        new_args, new_kwargs = preprocess(args, dict(kwargs))
        if name not in _NATIVE:
            new_args, new_kwargs = tuple(map(widened, new_args)), widened(new_kwargs)
        names = _NAMED_OTHERWISE.get(name, {})
        new_kwargs = _taken(golden, {names.get(key, key): value for key, value in new_kwargs.items()}, device)
        pairs = _pairs(ttnn, args, kwargs, new_args, new_kwargs)
        written = [(mine, theirs, theirs._version) for mine, theirs in pairs]
        if getattr(golden, "_ttnn_mutates_global_inputs", False):
            new_kwargs["_ttnn_global_golden"] = True
        if name.endswith("_bw"):
            new_args, new_kwargs = ttnn.decorators.prepare_backward_golden_inputs((new_args, new_kwargs))
    except Exception as error:
        raise NoGoldenValue(_refused(name, error)) from error
    return Call(operation, new_args, new_kwargs, written)


def compute(call: Call) -> Any:
    """What the golden function gives. Raises ``NoGoldenValue`` where it raises."""
    try:
        own = _own(call)
        if own is not None:
            return own
        with importable_helpers() if "pool" in call.name else nullcontext():
            return _called(call)
    except Exception as error:
        raise NoGoldenValue(_refused(call.name, error)) from error


def _called(call: Call) -> Any:
    golden = call.operation.golden_function
    try:
        return golden(*call.args, **call.kwargs)
    except TypeError:
        values = {key: value for key, value in call.kwargs.items() if not _is_the_devices(key)}
        if len(values) == len(call.kwargs):
            raise
        # Some hand all of their keywords on to torch.
        return golden(*call.args, **values)


def _own(call: Call) -> Any:
    """The package's own reference, for forms that ttnn's doesn't take; None for other calls."""
    name = call.name.removeprefix("ttnn.")
    args, kwargs = list(call.args), call.kwargs
    while args and args[-1] is None:
        args.pop()
    if name == "reshape":
        args = [value if isinstance(value, torch.Tensor) else list(value) for value in args]
        if len(args) == 3:
            kwargs = {**kwargs, "padded_shape": args.pop()}
        if "padded_shape" in kwargs:
            kwargs = {**kwargs, "padded_shape": list(kwargs["padded_shape"])}
    return own_reference(name, Made(args, kwargs))


def leaf(golden: Any, path: tuple[Any, ...]) -> torch.Tensor | None:
    """What stands in a golden's output where ``path`` is in the operation's; None where nothing does."""
    if not path and isinstance(golden, (list, tuple)) and len(golden) == 1:
        # Goldens of gradients give a list where the operation gives one tensor.
        golden = golden[0]
    for step in path:
        if step in ("real", "imag"):
            golden = _part(golden, step)
        elif isinstance(golden, (list, tuple)) and isinstance(step, int) and step < len(golden):
            golden = golden[step]
        elif path == (0,) and isinstance(golden, torch.Tensor):
            # One tensor for a list of one.
            continue
        else:
            return None
    return golden if isinstance(golden, torch.Tensor) else None


def _part(golden: Any, step: str) -> Any:
    """The real or the imaginary part of a golden's complex tensor."""
    if not isinstance(golden, torch.Tensor):
        return None
    if golden.is_complex():
        return getattr(golden, step)
    # Goldens of gradients put the parts side by side.
    return golden.chunk(2, -1)[step == "imag"] if golden.shape and golden.shape[-1] % 2 == 0 else None


def fitted(name: str, value: torch.Tensor | None, shape: tuple[int, ...]) -> torch.Tensor | Missing:
    """``value`` in the shape of the operation's output, where that is the same but for dimensions of one or joined."""
    if value is None:
        return Missing(f"the golden function of {name} gives no tensor for this output")
    given = tuple(value.shape)
    if given == shape:
        return value
    mine, theirs = _without_ones(given), _without_ones(shape)
    # Convolutions and pools join batch, height and width. Anything else of as many elements may be another order.
    if mine == theirs or (given and shape and (_joined(given) == theirs or mine == _joined(shape))):
        return value.reshape(shape)
    return Missing(f"the golden function of {name} gives shape {list(given)} where ttnn's has {list(shape)}")


def _without_ones(shape: tuple[int, ...]) -> list[int]:
    return [length for length in shape if length != 1]


def _joined(shape: tuple[int, ...]) -> list[int]:
    return _without_ones((math.prod(shape[:-1]), shape[-1]))


def _taken(golden: Callable[..., Any], kwargs: dict[str, Any], device: Any) -> dict[str, Any]:
    """``kwargs`` without what is the device's alone and the golden function doesn't name."""
    try:
        parameters = inspect.signature(golden).parameters.values()
    except (TypeError, ValueError):
        return kwargs
    named = {parameter.name: parameter for parameter in parameters}
    if "device" in named and named["device"].kind is inspect.Parameter.KEYWORD_ONLY:
        # Some ask which device it is, to compute as that one does.
        kwargs = {"device": device, **kwargs}
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in named.values()):
        return kwargs
    return {key: value for key, value in kwargs.items() if key in named or not _is_the_devices(key)}


def _is_the_devices(key: str) -> bool:
    return key in _DEVICE_KEYWORDS or key.startswith("_ttnn_")


def _pairs(
    ttnn: Any, args: tuple[Any, ...], kwargs: dict[str, Any], new_args: tuple[Any, ...], new_kwargs: dict[str, Any]
) -> Iterator[tuple[Any, torch.Tensor]]:
    def pairs(mine: Any, theirs: Any) -> Iterator[tuple[Any, torch.Tensor]]:
        if isinstance(mine, ttnn.Tensor):
            if isinstance(theirs, torch.Tensor):
                yield mine, theirs
        elif isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)) and len(mine) == len(theirs):
            for one, other in zip(mine, theirs):
                yield from pairs(one, other)

    if len(args) == len(new_args):
        yield from pairs(args, new_args)
    for key, value in kwargs.items():
        yield from pairs(value, new_kwargs.get(key))


def _refused(name: str, error: Exception) -> str:
    first = str(error).strip().partition("\n")[0]
    return f"the golden function of {name} doesn't take the call: {type(error).__name__}: {first}"
