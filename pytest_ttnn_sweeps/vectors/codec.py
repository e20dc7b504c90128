"""Parameter values as JSON and back: an explicit table of types, exact in both directions.

``decode(encode(value))`` equals ``value`` in type and content for everything that ``encode`` accepts. Plain JSON
carries ``None``, bools, ints, finite floats, text and lists; every JSON object is a tag, one key that names the type.
Decoding builds only the types of the table: it evaluates nothing, unpickles nothing and imports nothing but ttnn, numpy
and torch. Types of those three are recognised by name, so that encoding imports none of them.

============================  ==============================================================================
``{"tuple": [...]}``          also ``set`` and ``frozenset``, their items ordered by encoded text
``{"dict": [[k, v], ...]}``   a dict in its own order, with keys of any encodable type
``{"float": "nan"}``          floats that JSON lacks: ``nan``, ``inf``, ``-inf``
``{"bytes": base64}``         also ``{"complex": [re, im]}`` and ``{"range": [start, stop, step]}``
``{"enum": [class, name]}``   a member of a ttnn enum, or of an enum of a module that is already imported
``{"operation": name}``       a ttnn operation, by its dotted name
``{"ttnn": [class, data]}``   a ttnn object: its own ``to_json``, or the attributes that its constructor takes
``{"array": [...]}``          a numpy array or scalar, or a torch tensor: library, dtype, shape, little-endian bytes
``{"torch.dtype": name}``     a torch dtype
``{"unavailable": reason}``   a value that could not be represented: see ``Unavailable``
============================  ==============================================================================
"""

from __future__ import annotations

import base64
import enum
import inspect
import json
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.unavailable import Unavailable

Json = Any

_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    # Objects without to_json (or, like NdShardSpec, whose from_json ends the process): constructor keywords to carry.
    "CoreGrid": ("x", "y"),
    "NdShardSpec": ("shard_shape", "grid", "orientation", "shard_distribution_strategy"),
    "WormholeComputeKernelConfig": (
        "math_fidelity",
        "math_approx_mode",
        "fp32_dest_acc_en",
        "packer_l1_acc",
        "dst_full_sync_en",
    ),
}
_SEQUENCES: dict[str, Callable[[Any], list[int]]] = {
    "Shape": lambda shape: list(shape),
    "Tile": lambda tile: list(tile.tile_shape),
}
_ARRAY_KINDS = "biufc"
_MAX_DEPTH = 64


class UnencodableValue(SweepError):
    """A value whose type the codec doesn't know."""


class UndecodableValue(SweepError):
    """JSON that no value was encoded to."""


def canonical_text(value: object) -> str:
    """The encoding of ``value`` as the text that vector ids are made of. Raises ``UnencodableValue``."""
    return json.dumps(encode(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def encode(value: object) -> Json:
    """``value`` as JSON. Raises ``UnencodableValue`` naming the type and a remedy."""
    return _encode(value, _MAX_DEPTH)


def _encode(value: object, depth: int) -> Json:
    if depth == 0:
        msg = f"values nest deeper than {_MAX_DEPTH} levels"
        raise UnencodableValue(msg)
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value, depth - 1)
    if isinstance(value, enum.Enum):
        return {"enum": [_public_name(kind), value.name]}
    library = kind.__module__.partition(".")[0]
    if library == "ttnn":
        return _encode_ttnn(value, depth - 1)
    if library in ("torch", "numpy"):
        return _encode_array(value, library)
    name = f"{kind.__module__}.{kind.__qualname__}"
    msg = f"a value of type {name} can't be stored; use a plain value and look it up in run()"
    raise UnencodableValue(msg)


def _encode_float(value: float, depth: int) -> Json:
    return value if math.isfinite(value) else {"float": str(value)}


def _encode_set(value: Any, depth: int) -> Json:
    items = [_encode(item, depth) for item in value]
    return {type(value).__name__: sorted(items, key=lambda item: json.dumps(item, sort_keys=True))}


_ENCODERS: dict[type, Callable[[Any, int], Json]] = {
    float: _encode_float,
    list: lambda value, depth: [_encode(item, depth) for item in value],
    tuple: lambda value, depth: {"tuple": [_encode(item, depth) for item in value]},
    dict: lambda value, depth: {"dict": [[_encode(key, depth), _encode(item, depth)] for key, item in value.items()]},
    set: _encode_set,
    frozenset: _encode_set,
    bytes: lambda value, depth: {"bytes": base64.b64encode(value).decode("ascii")},
    complex: lambda value, depth: {"complex": [_encode_float(value.real, depth), _encode_float(value.imag, depth)]},
    range: lambda value, depth: {"range": [value.start, value.stop, value.step]},
    Unavailable: lambda value, depth: {"unavailable": value.reason},
}


def _encode_ttnn(value: Any, depth: int) -> Json:
    name = type(value).__name__
    if name in _ATTRIBUTES:
        return {"ttnn": [name, {key: _encode(getattr(value, key), depth) for key in _ATTRIBUTES[name]}]}
    if name in _SEQUENCES:
        return {"ttnn": [name, _SEQUENCES[name](value)]}
    if hasattr(value, "to_json"):
        return {"ttnn": [name, json.loads(value.to_json())]}
    operation = getattr(value, "python_fully_qualified_name", None)
    if isinstance(operation, str):
        return {"operation": operation}
    msg = f"ttnn.{name} can't be stored; use plain values and build it in run()"
    raise UnencodableValue(msg)


def _encode_array(value: Any, library: str) -> Json:
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and isinstance(value, torch.dtype):
        return {"torch.dtype": str(value).removeprefix("torch.")}
    if torch is not None and type(value) is torch.Tensor and value.layout == torch.strided:
        data = value.detach().cpu().contiguous()
        raw = bytes(data.reshape(-1).view(torch.uint8).tolist()) if data.numel() else b""
        return _array_tag("torch", str(data.dtype).removeprefix("torch."), data.shape, raw)
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)) and value.dtype.kind in _ARRAY_KINDS:
        data = numpy.asarray(value)
        data = data.astype(data.dtype.newbyteorder("<"), copy=False)
        kind = "numpy" if isinstance(value, numpy.ndarray) else "numpy scalar"
        return _array_tag(kind, data.dtype.name, data.shape, data.tobytes())
    msg = f"a {library} {type(value).__qualname__} can't be stored; use plain values and build it in run()"
    raise UnencodableValue(msg)


def _array_tag(library: str, dtype: str, shape: Any, raw: bytes) -> Json:
    return {"array": [library, dtype, [int(extent) for extent in shape], base64.b64encode(raw).decode("ascii")]}


def _public_name(kind: type) -> str:
    # ttnn moves its classes between private modules from release to release; their public names stay.
    library = kind.__module__.partition(".")[0]
    return f"ttnn:{kind.__qualname__}" if library == "ttnn" else f"{kind.__module__}:{kind.__qualname__}"


def decode(data: Json) -> object:
    """The value that ``data`` encodes. Raises ``UndecodableValue`` for anything that ``encode`` doesn't make."""
    return _decode(data, _MAX_DEPTH)


def _decode(data: Json, depth: int) -> object:
    if depth == 0:
        msg = f"values nest deeper than {_MAX_DEPTH} levels"
        raise UndecodableValue(msg)
    if data is None or type(data) in (bool, int, float, str):
        return data
    if type(data) is list:
        return [_decode(item, depth - 1) for item in data]
    if type(data) is dict and len(data) == 1:
        (tag, content), *_ = data.items()
        decoder = _DECODERS.get(tag)
        if decoder is not None:
            try:
                return decoder(content, depth - 1)
            except UndecodableValue:
                raise
            except (TypeError, ValueError, KeyError, AttributeError, RuntimeError) as error:
                msg = f"{json.dumps(data)[:200]} is no encoded value: {error}"
                raise UndecodableValue(msg) from error
    msg = f"{str(data)[:200]!r} is no encoded value"
    raise UndecodableValue(msg)


def _decode_float(content: Json, depth: int) -> float:
    if content not in ("nan", "inf", "-inf"):
        raise ValueError(content)
    return float(content)


def _decode_items(content: Json, depth: int) -> list[Any]:
    if type(content) is not list:
        msg = "expected a list"
        raise TypeError(msg)
    return [_decode(item, depth) for item in content]


def _decode_enum(content: Json, depth: int) -> object:
    class_name, member = content
    module, _, qualified = class_name.partition(":")
    namespace = _ttnn() if module == "ttnn" else sys.modules[module]
    kind = _look_up(namespace, qualified.split("."))
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        msg = f"{class_name} is no enum"
        raise TypeError(msg)
    return kind[member]


def _look_up(namespace: object, path: list[str]) -> object:
    # vars(), not getattr: nothing that a file names may run a property or a module's lazy import.
    for name in path:
        namespace = vars(namespace)[name]
    return namespace


def _decode_ttnn(content: Json, depth: int) -> object:
    name, data = content
    kind = _look_up(_ttnn(), [name])
    constructor: Any = kind if inspect.isclass(kind) else None
    if constructor is None:
        msg = f"ttnn.{name} is no class"
        raise TypeError(msg)
    if name in _ATTRIBUTES:
        unknown = set(data) - set(_ATTRIBUTES[name])
        if unknown:
            raise ValueError(unknown)
        return constructor(**{key: _decode(item, depth) for key, item in data.items()})
    if name in _SEQUENCES:
        return constructor(data)
    value: object = constructor.from_json(json.dumps(data))
    return value


def _decode_operation(content: Json, depth: int) -> object:
    root, *path = content.split(".")
    operation = _look_up(_ttnn(), path) if root == "ttnn" else None
    if getattr(operation, "python_fully_qualified_name", None) != content:
        msg = f"{content} is no ttnn operation"
        raise TypeError(msg)
    return operation


def _decode_array(content: Json, depth: int) -> object:
    library, dtype, shape, text = content
    raw = base64.b64decode(text, validate=True)
    if library == "torch":
        import torch

        kind = _torch_dtype(dtype)
        flat = torch.tensor(list(raw), dtype=torch.uint8).view(kind) if raw else torch.empty(0, dtype=kind)
        return flat.reshape(shape)
    import numpy

    array_dtype = numpy.dtype(dtype)
    if array_dtype.kind not in _ARRAY_KINDS or library not in ("numpy", "numpy scalar"):
        raise ValueError(dtype)
    array = numpy.frombuffer(raw, dtype=array_dtype.newbyteorder("<")).astype(array_dtype).reshape(shape)
    return array[()] if library == "numpy scalar" else array


def _torch_dtype(name: Json) -> Any:
    import torch

    kind = getattr(torch, name)
    if not isinstance(kind, torch.dtype):
        raise TypeError(name)
    return kind


def _ttnn() -> Any:
    import ttnn

    return ttnn


_DECODERS: Mapping[str, Callable[[Json, int], object]] = {
    "float": _decode_float,
    "tuple": lambda content, depth: tuple(_decode_items(content, depth)),
    "set": lambda content, depth: set(_decode_items(content, depth)),
    "frozenset": lambda content, depth: frozenset(_decode_items(content, depth)),
    "dict": lambda content, depth: {_decode(key, depth): _decode(item, depth) for key, item in content},
    "bytes": lambda content, depth: base64.b64decode(content, validate=True),
    "complex": lambda content, depth: complex(*_decode_items(content, depth)),
    "range": lambda content, depth: range(*_decode_items(content, depth)),
    "enum": _decode_enum,
    "operation": _decode_operation,
    "ttnn": _decode_ttnn,
    "array": _decode_array,
    "torch.dtype": lambda content, depth: _torch_dtype(content),
    "unavailable": lambda content, depth: Unavailable(content),
}
