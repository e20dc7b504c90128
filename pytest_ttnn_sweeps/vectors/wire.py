"""Values as upstream's vector files hold them, read by a table of forms and names: nothing is evaluated or imported.

Both eras have one reader, because what they share they write alike: texts of enum members, of literals and of a few
classes, and ``{"type": ..., "data": ...}`` for objects with ``to_json``. Files since December 2025 have native JSON
values and nested lists and dicts besides. A text that is none of these is a text.

ttnn's own ``from_json`` isn't used: it ends the process on some of the texts that ``to_json`` writes.
"""

from __future__ import annotations

import ast
import enum
import re
import warnings
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors import ttnn_objects
from pytest_ttnn_sweeps.vectors.codec import UndecodableValue, decode, encode
from pytest_ttnn_sweeps.vectors.display import folded, one_line

Json = Any

OWN_TYPE = "ttnn-sweeps 1"
"""The type of a value that upstream's form can't hold: its data is the codec's JSON."""

MAX_DEPTH = 32
MAX_TEXT = 65536
"""Characters of a text that may be a literal: Python's parser takes memory and stack in proportion."""

_MEMBER = re.compile(r"(?:ttnn\.(?:_\w+\.(?:\w+\.)*)?)?([A-Za-z]\w*)\.([A-Za-z]\w*)")
_CORE_GRID = re.compile(r"(?:ttnn\.)?CoreGrid\(x=(\d{1,4}), y=(\d{1,4})\)")
_SHAPE = re.compile(r"(?:ttnn\.)?Shape\(\[((?:\d{1,10}(?:, \d{1,10})*)?)\]\)")
_CLASS = re.compile(r"(?:ttnn\.(?:_ttnn\.(?:\w+\.)*)?)?(\w+)")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)
_TOKEN = re.compile(
    r"\s|[,:()\[\]{}]|[bBuUrR]{0,2}''|\b(?:True|False|None)\b|(?:\d[\w.]*|\.\d\w*)(?:(?<=[eE])[-+]\d\w*)?|[-+]"
)
_EXPONENT = re.compile(r"(?<=[\d._][eE])[-+]")
_CALL = re.compile(r"[\w'\])}]\s*[(\[{]")
_MAX_SIGNS = 4


class UnreadableValue(SweepError):
    """A value in a vector file that no value was written as."""


def read_value(wire: Json) -> object:
    """The value that ``wire``, parsed JSON, stands for. Raises ``UnreadableValue``."""
    return _read(wire, MAX_DEPTH)


def own_form(value: object) -> Json:
    """``value`` in a form that no other value has, and that upstream's reader takes for a dict.

    Raises ``UnencodableValue``.
    """
    return {"type": OWN_TYPE, "data": encode(value)}


def _read(wire: Json, depth: int) -> object:
    if depth == 0:
        msg = f"values nest deeper than {MAX_DEPTH} levels"
        raise UnreadableValue(msg)
    if isinstance(wire, str):
        return _read_text(wire)
    if isinstance(wire, list):
        return [_read(item, depth - 1) for item in wire]
    if isinstance(wire, dict):
        if wire.keys() == {"type", "data"} and isinstance(wire["type"], str):
            if wire["type"] == OWN_TYPE:
                return _decoded(wire["data"])
            match = _CLASS.fullmatch(wire["type"])
            if match is not None and (match[1] in _OBJECTS or wire["type"].startswith("ttnn.")):
                return _read_object(match[1], wire["data"])
        return {key: _read(item, depth - 1) for key, item in wire.items()}
    return wire


def _decoded(data: Json) -> object:
    try:
        return decode(data)
    except UndecodableValue as error:
        raise UnreadableValue(folded(error)[:300]) from None


def _read_text(text: str) -> object:
    if len(text) > MAX_TEXT:
        msg = f"a text of {len(text)} characters; at most {MAX_TEXT} are read"
        raise UnreadableValue(msg)
    for form, make in _TEXTS:
        match = form.fullmatch(text)
        if match is not None:
            return make(match)
    return _literal(text)


def _member(match: re.Match[str]) -> object:
    """The enum member or torch dtype of a dotted text; the text itself where it names neither."""
    owner, name = match.groups()
    if match[0] == f"torch.{name}":
        import torch

        found = vars(torch).get(name)
        return found if isinstance(found, torch.dtype) else match[0]
    kind = vars(_ttnn()).get(owner)
    if not (isinstance(kind, type) and issubclass(kind, enum.Enum)):
        return match[0]
    if name not in kind.__members__:
        msg = f"ttnn.{owner} has no member {name!r}; it has {', '.join(list(kind.__members__)[:8])}"
        raise UnreadableValue(msg)
    return kind.__members__[name]


def _shape(match: re.Match[str]) -> object:
    return _ttnn().Shape([int(extent) for extent in match[1].split(", ") if extent])


_TEXTS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], object]], ...] = (
    (_MEMBER, _member),
    (_CORE_GRID, lambda match: _ttnn().CoreGrid(x=int(match[1]), y=int(match[2]))),
    (_SHAPE, _shape),
)


def _literal(text: str) -> object:
    """The Python literal that ``text`` is, else the text."""
    if not _could_be_literal(text):
        return text
    try:
        with warnings.catch_warnings():
            # Python has an opinion on "1if" and "\d", which here are texts.
            warnings.simplefilter("ignore")
            value: object = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return text if value is Ellipsis else value


def _could_be_literal(text: str) -> bool:
    """Whether ``text`` has the words of a literal, so that Python's parser needs no deep stack to find out.

    Raises ``UnreadableValue`` where it has, and nests too deeply.
    """
    bare = _QUOTED.sub("''", text).replace("set()", "''")
    if _TOKEN.sub("", bare) or _CALL.search(bare):
        return False
    signs = bare.count("-") + bare.count("+")
    # A complex number has two signs; more in one item would be a sum, whose tree is as deep as it is long.
    if signs > _MAX_SIGNS and any(
        len(re.findall("[-+]", item)) > _MAX_SIGNS for item in re.split("[,:]", _EXPONENT.sub("", bare))
    ):
        return False
    if sum(map(bare.count, "([{")) > MAX_DEPTH and _depth(bare) > MAX_DEPTH:
        msg = f"the text {text[:40]!r} nests deeper than {MAX_DEPTH} levels"
        raise UnreadableValue(msg)
    return True


def _depth(text: str) -> int:
    """How deeply the brackets of a text nest at most."""
    return max(accumulate((character in "([{") - (character in ")]}") for character in text))


def _read_object(name: str, data: Json) -> object:
    """The ttnn object of class ``name`` from the JSON of its ``to_json``, with or without names for enum numbers."""
    if name not in _OBJECTS:
        msg = f"objects of ttnn.{name} aren't read; there is {', '.join(sorted(_OBJECTS))}"
        raise UnreadableValue(msg)
    try:
        return _OBJECTS[name](data)
    except Exception as error:  # noqa: BLE001 - wrong JSON shapes, and whatever ttnn's constructors refuse
        msg = f"{one_line(data)[:120]} is no ttnn.{name}: {type(error).__name__}: {folded(error)[:120]}"
        raise UnreadableValue(msg) from None


def _fields(data: Json, required: str, optional: str = "") -> list[Any]:
    """The values of the fields, in order, None for an optional one that is absent; no other may be there."""
    names = [*required.split(), *optional.split()]
    if not isinstance(data, dict) or not set(required.split()) <= data.keys() <= set(names):
        msg = f"expected the fields {', '.join(names)}"
        raise ValueError(msg)
    return [data.get(name) for name in names]


def _number(data: Json) -> int:
    if type(data) is not int or not 0 <= data < 2**31:
        msg = f"expected a natural number, not {one_line(data)[:40]}"
        raise ValueError(msg)
    return data


def _enum(name: str, data: Json) -> Any:
    kind = vars(_ttnn())[name]
    return kind.__members__[data] if isinstance(data, str) else kind(_number(data))


def _core_coord(data: Json) -> Any:
    return _ttnn().CoreCoord(*map(_number, _fields(data, "x y")))


def _core_range(data: Json) -> Any:
    return _ttnn().CoreRange(*map(_core_coord, _fields(data, "start end")))


def _core_range_set(data: Json) -> Any:
    if not isinstance(data, list):
        msg = "expected a list of ranges"
        raise TypeError(msg)
    return _ttnn().CoreRangeSet([_core_range(item) for item in data])


def _shard_spec(data: Json) -> Any:
    grid, shape, orientation, mode, physical = _fields(data, "grid shape orientation", "mode physical_shard_shape")
    # 2025's ttnn had logical shards; today's only has what was mode 0.
    if mode not in (None, 0, "PHYSICAL") or physical is not None:
        msg = "logical shards, which ttnn has no more"
        raise ValueError(msg)
    return _ttnn().ShardSpec(
        _core_range_set(grid), [_number(side) for side in shape], _enum("ShardOrientation", orientation)
    )


def _memory_config(data: Json) -> Any:
    layout, buffer, *rest = _fields(
        data, "memory_layout buffer_type", "shard_spec created_with_nd_shard_spec per_core_allocation nd_shard_spec"
    )
    shards, *extras = rest
    if any(extras):
        msg = "n-dimensional shards and per-core allocation aren't read"
        raise ValueError(msg)
    return _ttnn().MemoryConfig(
        _enum("TensorMemoryLayout", layout),
        _enum("BufferType", buffer),
        None if shards is None else _shard_spec(shards),
    )


def _activation(data: Json) -> Any:
    operation, parameters = _fields(data, "op_type param")
    return _ttnn().UnaryWithParam(_enum("UnaryOpType", operation), *parameters)


def _program_config(name: str) -> Callable[[Json], Any]:
    def make(data: Json) -> Any:
        _fields(data, "", ttnn_objects.KEYWORDS[name])
        given = {key: _PROGRAM_FIELDS.get(key, _plain)(item) for key, item in data.items() if item is not None}
        return vars(_ttnn())[name](**given)

    return make


def _plain(data: Json) -> Any:
    return data if isinstance(data, bool) else _number(data)


_PROGRAM_FIELDS: dict[str, Callable[[Json], Any]] = {
    "compute_with_storage_grid_size": _core_coord,
    "allowed_worker_cores": _core_range_set,
    "hop_cores": _core_range_set,
    "fused_activation": _activation,
}

_OBJECTS: dict[str, Callable[[Json], Any]] = {
    "CoreCoord": _core_coord,
    "CoreRange": _core_range,
    "CoreRangeSet": _core_range_set,
    "ShardSpec": _shard_spec,
    "MemoryConfig": _memory_config,
    **{name: _program_config(name) for name in ttnn_objects.KEYWORDS if name.startswith("Matmul")},
}


def _ttnn() -> Any:
    try:
        import ttnn
    except ImportError as error:
        msg = f"a value with a dotted name may be ttnn's, and there is no ttnn: {error}"
        raise UnreadableValue(msg) from None
    return ttnn
