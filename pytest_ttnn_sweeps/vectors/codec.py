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
``{"ttnn": [class, args]}``   a ttnn object: its constructor's positional arguments (list) or keywords (object)
``{"array": [...]}``          a numpy array or scalar, or a torch tensor: library, dtype, shape, little-endian bytes
``{"torch.dtype": name}``     a torch dtype
``{"unavailable": reason}``   a value that could not be represented: see ``Unavailable``
============================  ==============================================================================
"""

from __future__ import annotations

import base64
import enum
import json
import math
import reprlib
import sys
from collections.abc import Callable, Mapping
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors import ttnn_objects
from pytest_ttnn_sweeps.vectors.display import one_line
from pytest_ttnn_sweeps.vectors.unavailable import Unavailable

Json = Any

_NUMPY_DTYPES = {
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
}
_MAX_DEPTH = 64
_MAX_INTEGER_BITS = 4096
"""Python converts longer integers to text only where it is told to."""


class UnencodableValue(SweepError):
    """A value whose type the codec doesn't know."""


class UndecodableValue(SweepError):
    """JSON that no value was encoded to."""


def canonical_text(value: object) -> str:
    """The encoding of ``value`` as the text that vector ids are made of. Raises ``UnencodableValue``.

    Equal dicts have one text, whatever their order.
    """
    data = encode(value)
    text = _text(data)
    return _text(_with_ordered_dicts(data)) if '{"dict":' in text else text


def _text(data: Json) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _with_ordered_dicts(data: Json) -> Json:
    if isinstance(data, list):
        return [_with_ordered_dicts(item) for item in data]
    if isinstance(data, dict):
        ordered = {key: _with_ordered_dicts(item) for key, item in data.items()}
        return {"dict": sorted(ordered["dict"], key=_text)} if "dict" in ordered else ordered
    return data


def encode(value: object) -> Json:
    """``value`` as JSON. Raises ``UnencodableValue`` naming the type and a remedy."""
    return _encode(value, _MAX_DEPTH)


def _encode(value: object, depth: int) -> Json:
    if depth == 0:
        msg = f"values nest deeper than {_MAX_DEPTH} levels"
        raise UnencodableValue(msg)
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    encoder = _ENCODERS.get(kind)
    if encoder is not None:
        return encoder(value, depth - 1)
    if isinstance(value, enum.Enum):
        return _encode_enum(value)
    operation = getattr(value, "python_fully_qualified_name", None)
    if isinstance(operation, str):
        return {"operation": operation}
    library = kind.__module__.partition(".")[0]
    if library == "ttnn":
        return _encode_ttnn(value, depth - 1)
    if library in ("torch", "numpy"):
        return _encode_array(value, library)
    name = f"{kind.__module__}.{kind.__qualname__}"
    msg = f"a value of type {name} can't be stored; use a plain value and look it up in run()"
    raise UnencodableValue(msg)


def _encode_int(value: int, depth: int) -> Json:
    if value.bit_length() > _MAX_INTEGER_BITS:
        msg = f"an integer of {value.bit_length()} bits can't be stored; compute it in run()"
        raise UnencodableValue(msg)
    return value


def _encode_float(value: float, depth: int) -> Json:
    return value if math.isfinite(value) else {"float": str(value)}


def _encode_set(value: Any, depth: int) -> Json:
    return {type(value).__name__: sorted((_encode(item, depth) for item in value), key=_text)}


_ENCODERS: dict[type, Callable[[Any, int], Json]] = {
    int: _encode_int,
    float: _encode_float,
    list: lambda value, depth: [_encode(item, depth) for item in value],
    tuple: lambda value, depth: {"tuple": [_encode(item, depth) for item in value]},
    dict: lambda value, depth: {"dict": [[_encode(key, depth), _encode(item, depth)] for key, item in value.items()]},
    set: _encode_set,
    frozenset: _encode_set,
    bytes: lambda value, depth: {"bytes": base64.b64encode(value).decode("ascii")},
    complex: lambda value, depth: {"complex": [_encode_float(value.real, depth), _encode_float(value.imag, depth)]},
    range: lambda value, depth: {"range": [_encode_int(end, depth) for end in (value.start, value.stop, value.step)]},
    Unavailable: lambda value, depth: {"unavailable": value.reason},
}


def _encode_enum(value: enum.Enum) -> Json:
    kind = type(value)
    name = kind.__qualname__
    # ttnn moves its classes between private modules from release to release; their public names stay.
    in_ttnn = kind.__module__.partition(".")[0] == "ttnn"
    if "<locals>" in name or kind.__members__.get(value.name) is not value or (in_ttnn and not _is_public(kind)):
        msg = f"{one_line(value)} of {kind.__module__}.{name} has no public name; store a text, look it up in run()"
        raise UnencodableValue(msg)
    return {"enum": [f"{'ttnn' if in_ttnn else kind.__module__}:{name}", value.name]}


def _is_public(kind: type) -> bool:
    try:
        return _look_up(sys.modules["ttnn"], kind.__qualname__) is kind
    except (KeyError, TypeError):
        return False


def _encode_ttnn(value: Any, depth: int) -> Json:
    name = type(value).__name__
    try:
        arguments = ttnn_objects.arguments_of(value)
    except ValueError:
        arguments = None
    if arguments is None:
        msg = f"ttnn.{name} {one_line(value)} can't be stored; use plain values and build it in run()"
        raise UnencodableValue(msg)
    if isinstance(arguments, dict):
        return {"ttnn": [name, {keyword: _encode(item, depth) for keyword, item in arguments.items()}]}
    return {"ttnn": [name, [_encode(item, depth) for item in arguments]]}


def _encode_array(value: Any, library: str) -> Json:
    torch, numpy = sys.modules.get("torch"), sys.modules.get("numpy")
    if torch is not None and isinstance(value, torch.dtype):
        return {"torch.dtype": str(value).removeprefix("torch.")}
    if torch is not None and type(value) is torch.Tensor and value.layout == torch.strided and not value.is_meta:
        data = value.detach().cpu().resolve_conj().resolve_neg().clone(memory_format=torch.contiguous_format)
        raw = data.reshape(-1).view(torch.uint8).numpy().tobytes() if data.numel() else b""
        return _array_tag("torch", str(data.dtype).removeprefix("torch."), data.shape, raw)
    is_array = numpy is not None and type(value) is numpy.ndarray
    if is_array or (numpy is not None and isinstance(value, numpy.generic)):
        if value.dtype.name in _NUMPY_DTYPES and value.dtype.isnative:
            raw = value.astype(value.dtype.newbyteorder("<")).tobytes()
            return _array_tag("numpy" if is_array else "numpy scalar", value.dtype.name, value.shape, raw)
    msg = f"a {library} {type(value).__qualname__} can't be stored; use plain values and build it in run()"
    raise UnencodableValue(msg)


def _array_tag(library: str, dtype: str, shape: Any, raw: bytes) -> Json:
    return {"array": [library, dtype, [int(extent) for extent in shape], base64.b64encode(raw).decode("ascii")]}


def decode(data: Json) -> object:
    """The value that ``data`` encodes. Raises ``UndecodableValue`` for anything that encodes none."""
    return _decode(data, _MAX_DEPTH)


def _decode(data: Json, depth: int) -> object:
    if depth == 0:
        msg = f"values nest deeper than {_MAX_DEPTH} levels"
        raise UndecodableValue(msg)
    kind = type(data)
    if data is None or kind in (bool, int, str) or (kind is float and math.isfinite(data)):
        return data
    if kind is list:
        return [_decode(item, depth - 1) for item in data]
    if kind is dict and len(data) == 1:
        (tag, content), *_ = data.items()
        decoder = _DECODERS.get(tag)
        if decoder is not None:
            try:
                return decoder(content, depth - 1)
            except UndecodableValue:
                raise
            except Exception as error:
                # Constructors of ttnn, numpy and torch raise what they please.
                msg = f"{reprlib.repr(data)} is no encoded value: {type(error).__name__}: {reprlib.repr(str(error))}"
                raise UndecodableValue(msg) from error
    msg = f"{reprlib.repr(data)} is no encoded value"
    raise UndecodableValue(msg)


def _checked(content: Json, *kinds: type) -> Any:
    """``content``, a list of exactly these types."""
    if type(content) is not list or [type(item) for item in content] != list(kinds):
        msg = f"expected a list of {', '.join(kind.__name__ for kind in kinds)}"
        raise TypeError(msg)
    return content


def _decode_float(content: Json, depth: int) -> float:
    if content not in ("nan", "inf", "-inf"):
        msg = "expected nan, inf or -inf"
        raise ValueError(msg)
    return float(content)


def _decode_complex(content: Json, depth: int) -> complex:
    real, imaginary = _checked([_decode(part, depth) for part in content], float, float)
    return complex(real, imaginary)


def _decode_items(content: Json, depth: int) -> list[Any]:
    if type(content) is not list:
        msg = "expected a list"
        raise TypeError(msg)
    return [_decode(item, depth) for item in content]


def _decode_dict(content: Json, depth: int) -> dict[Any, object]:
    pairs = [_decode_items(pair, depth) for pair in content]
    return {key: item for key, item in pairs}  # noqa: C416 - dict() would take texts of two letters for pairs


def _decode_enum(content: Json, depth: int) -> object:
    class_name, member = _checked(content, str, str)
    module, _, qualified = class_name.partition(":")
    kind = _look_up(_ttnn() if module == "ttnn" else sys.modules[module], qualified)
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        msg = f"{class_name} is no enum"
        raise TypeError(msg)
    return kind.__members__[member]


def _look_up(namespace: object, path: str) -> object:
    # vars(), not getattr: nothing that a file names may run a property or a module's lazy import.
    for name in path.split("."):
        namespace = vars(namespace)[name]
    return namespace


def _decode_ttnn(content: Json, depth: int) -> object:
    name, arguments = content
    if name in ttnn_objects.POSITIONAL:
        constructor: Any = _look_up(_ttnn(), name)
        return constructor(*_decode_items(arguments, depth))
    if not set(arguments) <= set(ttnn_objects.KEYWORDS[name].split()):
        msg = f"ttnn.{name} takes {ttnn_objects.KEYWORDS[name]}"
        raise TypeError(msg)
    constructor = _look_up(_ttnn(), name)
    return constructor(**{keyword: _decode(item, depth) for keyword, item in arguments.items()})


def _decode_operation(content: Json, depth: int) -> object:
    root, _, path = content.partition(".")
    operation = _look_up(_ttnn(), path) if root == "ttnn" else None
    if getattr(operation, "python_fully_qualified_name", None) != content:
        msg = f"{content} is no ttnn operation"
        raise TypeError(msg)
    return operation


def _decode_array(content: Json, depth: int) -> object:
    library, dtype, shape, text = _checked(content, str, str, list, str)
    _checked(shape, *(int for _ in shape))
    raw = base64.b64decode(text, validate=True)
    if library == "torch":
        import torch

        kind = _torch_dtype(dtype)
        flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(kind) if raw else torch.empty(0, dtype=kind)
        return flat.clone().reshape(shape)
    if dtype not in _NUMPY_DTYPES or library not in ("numpy", "numpy scalar"):
        msg = f"no {library} array of {dtype} is ever stored"
        raise ValueError(msg)
    import numpy

    array = numpy.frombuffer(raw, dtype=numpy.dtype(dtype).newbyteorder("<")).astype(dtype).reshape(shape)
    return array[()] if library == "numpy scalar" else array


def _torch_dtype(name: Json) -> Any:
    import torch

    kind = vars(torch)[name]
    if not isinstance(kind, torch.dtype):
        msg = f"torch.{name} is no dtype"
        raise TypeError(msg)
    return kind


def _decode_text(content: Json) -> str:
    if type(content) is not str:
        msg = "expected text"
        raise TypeError(msg)
    return content


def _ttnn() -> Any:
    import ttnn

    return ttnn


_DECODERS: Mapping[str, Callable[[Json, int], object]] = {
    "float": _decode_float,
    "tuple": lambda content, depth: tuple(_decode_items(content, depth)),
    "set": lambda content, depth: set(_decode_items(content, depth)),
    "frozenset": lambda content, depth: frozenset(_decode_items(content, depth)),
    "dict": _decode_dict,
    "bytes": lambda content, depth: base64.b64decode(_decode_text(content), validate=True),
    "complex": _decode_complex,
    "range": lambda content, depth: range(*_checked(content, int, int, int)),
    "enum": _decode_enum,
    "operation": _decode_operation,
    "ttnn": _decode_ttnn,
    "array": _decode_array,
    "torch.dtype": lambda content, depth: _torch_dtype(content),
    "unavailable": lambda content, depth: Unavailable(_decode_text(content)),
}
