"""Which operations a traced configuration can test alone, and against what.

The operation is looked up in the ttnn that this process uses, and only what ttnn calls an operation is ever called:
a master is data, and a name in it must not reach anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_ttnn_sweeps.traced.calling import Made
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration

_TILE = 32

_NOT_ALONE = {
    **dict.fromkeys(
        ("from_torch", "as_tensor", "to_torch"), "converts tensors of the host; every vector does that to its own"
    ),
    **dict.fromkeys(("load_tensor", "dump_tensor"), "reads or writes a file of the traced run"),
    "deallocate": "frees its input, and gives nothing that could be compared",
    **dict.fromkeys(
        ("copy_host_to_device_tensor", "copy_device_to_host_tensor"), "copies between tensors that others have made"
    ),
    **dict.fromkeys(
        ("allocate_tensor_on_device", "allocate_tensor_on_host", "empty", "empty_like"),
        "gives a tensor without values",
    ),
    **dict.fromkeys(
        ("rand", "uniform", "bernoulli", "dropout", "sampling", "experimental.dropout"), "draws random numbers"
    ),
    "dram_prefetcher": "runs beside other operations and never returns by itself",
}
"""Why an operation, by canonical name, makes no sense without what came before or after it in the model."""


def refusal(operation: str) -> str | None:
    """Why configurations of ``operation`` (canonical name) aren't run alone; None where they are."""
    reason = _NOT_ALONE.get(operation)
    return None if reason is None else f"ttnn.{operation} {reason}: it isn't run alone"


def operation_called(name: str) -> Any:
    """ttnn's operation of the canonical ``name``. Raises ``UnavailableConfiguration`` where this ttnn has none."""
    import ttnn

    found: Any = ttnn
    for part in name.split("."):
        found = getattr(found, part, None) if not part.startswith("__") else None
    full_name = getattr(found, "python_fully_qualified_name", None)
    # A few operations are plain functions, told by the reference that ttnn has attached to them.
    if not callable(found) or not (
        (isinstance(full_name, str) and full_name.startswith("ttnn.")) or hasattr(found, "golden_function")
    ):
        raise UnavailableConfiguration(f"this ttnn has no operation {f'ttnn.{name}'!r}")
    return found


def golden_of(operation: Any) -> Callable[..., Any] | None:
    """ttnn's reference of ``operation`` on torch tensors; None where it has none."""
    import ttnn

    try:
        golden: Callable[..., Any] = ttnn.get_golden_function(operation)
    except (RuntimeError, AttributeError):
        return None
    return golden


def own_reference(operation: str, call: Made) -> Any:
    """The output of a call, on torch tensors, in a form that ttnn's references don't take; None for other calls."""
    if operation == "reshape":
        return _reshaped_in_place(call)
    return _turned_without_index(call) if operation == _ROTARY else None


def _reshaped_in_place(call: Made) -> Any:
    """What stands in the part of a tensor that becomes the whole, its storage the same; None for other reshapes."""
    padded_shape = call.keywords.get("padded_shape")
    if padded_shape is None or len(call.positional) != 2:
        return None
    values, shape = call.positional
    stored = [*values.shape[:-2], *(_whole_tiles(length) for length in values.shape[-2:])]
    if padded_shape not in (list(values.shape), stored) or len(shape) != len(padded_shape):
        return None
    if any(length > there for length, there in zip(shape, values.shape)):
        return None  # Padding would become values.
    return values[tuple(slice(length) for length in shape)]


_ROTARY = "experimental.rotary_embedding"


def _turned_without_index(call: Made) -> Any:
    """Each position turned by its own angle. The wheel's reference knows only all of them turned by one."""
    import torch

    if len(call.positional) != 3 or {"token_index", "token_idx"} & set(call.keywords):
        return None
    values, *caches = call.positional
    cos, sin = (cache[..., : values.shape[-2], :] for cache in caches)
    low, high = values.chunk(2, -1)
    return values * cos + torch.cat((-high, low), -1) * sin


def own_rows(operation: str, expected: Any, actual: Any) -> Any:
    """``actual``, without rows that stand below those of ``expected`` because an operation gives whole tiles.

    ``experimental.rotary_embedding`` of one position gives 32 rows, not padding but rows of its shape (ttnn 0.81.1),
    and leaves open what stands in the 31.
    """
    length = expected.shape[-2] if operation == _ROTARY and expected.dim() == actual.dim() == 4 else 0
    if not length or actual.shape[-2] != _whole_tiles(length):
        return actual
    return actual[..., :length, :]


def _whole_tiles(length: int) -> int:
    return -(-length // _TILE) * _TILE


_DIMENSION_AT = {"argmax": 1, "argmin": 1, "topk": 2, "sort": 1}
"""The operations that give places in their input, and where among the arguments the dimension is."""


def at_places(operation: str, call: Made, places: Any) -> Any:
    """What stands in the input of a call, on torch tensors, at the ``places`` that it gives; None where an operation
    gives none. Equal elements may come in any order, so places themselves can't be compared.

    Raises ``RuntimeError`` or ``IndexError`` for places outside the input.
    """
    position = _DIMENSION_AT.get(operation)
    if position is None or not call.positional:
        return None
    values, places = call.positional[0], places.long()
    default = None if operation.startswith("arg") else -1
    given = call.positional[position] if len(call.positional) > position else default
    dim = call.keywords.get("dim", given)
    if dim is None:
        return values.flatten()[places.flatten()]
    return values.gather(dim, places if places.dim() == values.dim() else places.unsqueeze(dim))
