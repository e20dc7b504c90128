"""From what a trace holds for one argument, JSON or ttnn's text, to a typed value.

All spellings meet here: the v1 masters' JSON with C++ texts inside, their ``UnparsedElement``, the v2 masters' Python
values, and the plain texts of graph captures. What doesn't fit is returned as ``Opaque`` with its text and the reason,
never dropped and never repaired by guessing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

from pytest_ttnn_sweeps.traced.errors import TracedTextError
from pytest_ttnn_sweeps.traced.text import Coordinate, QueueId, Range, Record, Unprinted, Word, parse_text
from pytest_ttnn_sweeps.traced.values import (
    ABSENT,
    UNPRINTED,
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    NdShardSpec,
    Opaque,
    Placement,
    Queue,
    ShardSpec,
    Struct,
    TensorSpec,
    Value,
)

_Fields = Mapping[str, object]

TAG = "$"
"""The key that tells which form an object has which only the current schema knows."""
_ENVELOPE = re.compile(r'\{"(\w+)": (.*)\}', re.DOTALL)
_LISTS = ("Shape", "SmallVector", "Alignment", "MeshShape")
_BLOCK_FLOATS = ("BFLOAT8_B", "BFLOAT4_B")
_PAGE_LAYOUTS = {"TilePageConfig": "TILE", "RowMajorPageConfig": "ROW_MAJOR"}
_STORAGES = {"DeviceStorage": "DEVICE", "MultiDeviceStorage": "DEVICE", "MULTI_DEVICE": "DEVICE", "DEVICE": "DEVICE"}
_NULLOPT = ("[ unsupported type , std::reference_wrapper<std::nullopt_t const>]", "<nullopt>")
"""Texts for ``std::nullopt`` from tracers that could not print it; its type has no other value."""
_ENUMERATOR_FIELDS = {"math_fidelity": "MathFidelity", "throttle_level": "ThrottleLevel"}
"""Fields that C++ prints without their type."""


class _Malformed(Exception):
    """A part of an argument is missing or of the wrong kind; its text becomes the reason of an ``Opaque``."""


def argument_from_json(raw: object) -> Value:
    """The value of one argument in JSON. A string is ttnn's notation where it parses as that, else a plain text."""
    try:
        return _value(raw)
    except (TracedTextError, _Malformed) as error:
        return Opaque(_verbatim(raw), str(error))
    except RecursionError:  # The JSON parser allows 200 levels, which can be too many inside a test run.
        return Opaque(_verbatim(raw), "it is nested too deeply")


# Texts repeat: both inputs of an add are mostly one text, and the same few enumerators are everywhere.
@lru_cache(maxsize=8192)
def argument_from_text(text: str) -> Value:
    """The value that ttnn printed as ``text``; ``Opaque`` with the parser's complaint where it can't be one."""
    try:
        return _value(parse_text(text))
    except (TracedTextError, _Malformed) as error:
        return Opaque(text, str(error))


@lru_cache(maxsize=8192)
def argument_from_unparsed(element_info: str) -> tuple[str | None, Value]:
    """Name and value of an argument that an older tracer rewrote and then could not read back.

    The text is ``{"arg3": VALUE}``, where VALUE is half JSON and half C++. Quotes around a VALUE in braces were put
    there by the tracer. Without that envelope the whole text is the value and the name is None.
    """
    envelope = _ENVELOPE.fullmatch(element_info)
    if envelope is None:
        return None, argument_from_text(element_info)
    name, text = envelope.groups()
    if text.startswith('"{') and text.endswith('}"'):
        text = text[1:-1]
    value = argument_from_text(text)
    return name, Opaque(element_info, value.reason) if isinstance(value, Opaque) else value


def _value(raw: object) -> Value:
    """A syntax node or a JSON value as a typed value. Raises ``_Malformed`` or ``TracedTextError``."""
    if raw is None or isinstance(raw, (bool, int, float)):
        return raw
    if isinstance(raw, str):
        return _quoted(raw)
    if isinstance(raw, Word):
        return _word(raw.text)
    if isinstance(raw, (list, tuple)):
        return tuple([_value(item) for item in raw])
    if isinstance(raw, Record):
        if raw.name or raw.items:
            return _record(_type_name(raw.name), raw.fields, raw.items)
        return _object(raw.fields)
    if isinstance(raw, Mapping):
        return _object(raw)
    if isinstance(raw, Range):
        return _core_range(raw.start, raw.end)
    if isinstance(raw, Coordinate):
        return Core(raw.x, raw.y)
    if isinstance(raw, QueueId):
        return Queue(raw.number)
    if isinstance(raw, Unprinted):
        return None if raw.text in _NULLOPT else Opaque(raw.text, UNPRINTED)
    raise _Malformed(f"a {type(raw).__name__} is no argument")


@lru_cache(maxsize=8192)
def _quoted(text: str) -> Value:
    """A string inside JSON or a text: ttnn's notation where it is that (``"{32, 32}"``), a plain string otherwise."""
    try:
        node = parse_text(text)
    except TracedTextError:
        return text
    return text if isinstance(node, str) else _value(node)


def _word(text: str) -> Value:
    parts = text.replace("::", ".").split(".")
    if len(parts) > 1 and parts[-2][:1].isupper():
        return Enumerator(parts[-2], parts[-1])
    return text


def _type_name(printed: str) -> str:
    """A type's name without ttnn's namespaces; ``torch.Tensor`` stays apart from ``ttnn.Tensor``."""
    return printed if printed.startswith("torch.") else printed.replace("::", ".").rpartition(".")[2]


def _object(raw: _Fields) -> Value:
    """A JSON object: a record whose type is its only key, or is recorded as ``type``, or isn't recorded."""
    if TAG in raw:
        return _tagged(raw)
    if len(raw) == 1:
        [(name, inner)] = raw.items()
        if name == "unsupported type":
            return Opaque(str(inner), UNPRINTED)
        if name == "UnparsedElement" and isinstance(inner, Mapping):
            return argument_from_unparsed(str(inner.get("element_info", "")))[1]
        if name[:1].isupper():
            if isinstance(inner, Record):
                return _record(name, inner.fields, inner.items)
            return _record(name, inner, ()) if isinstance(inner, Mapping) else _record(name, {}, (inner,))
    kind = raw.get("type")
    if not isinstance(kind, str):
        return _record("", raw, ())
    fields = {key: value for key, value in raw.items() if key != "type"}
    printed = fields.get("repr", fields.get("value"))
    if len(fields) == 1 and isinstance(printed, str):
        value = argument_from_text(printed)
        return Opaque(printed, f"a {kind} of which the trace holds only a text") if isinstance(value, str) else value
    data = fields.get("data")
    return _record(_type_name(kind), data if len(fields) == 1 and isinstance(data, Mapping) else fields, ())


def _tagged(raw: _Fields) -> Value:
    """A value in the form that ``encoding`` gives to those which v2 has no form for, or not one of their own."""
    tag, text = raw[TAG], raw.get("text")
    if tag == "text" and isinstance(text, str):
        return text
    if tag == "float" and text in ("inf", "-inf", "nan"):
        return float(text)
    if tag == "opaque" and isinstance(text, str):
        return Opaque(text, str(raw.get("reason", "")))
    if tag == "enumerator":
        return Enumerator(str(raw.get("type", "")), str(raw.get("name", "")))
    if tag == "queue":
        return Queue(_integer(raw.get("number"), "number"))
    if tag == "absent":
        return ABSENT
    fields, items = raw.get("fields"), raw.get("items")
    if tag == "struct" and isinstance(fields, list) and isinstance(items, list):
        pairs = [pair for pair in fields if isinstance(pair, list) and len(pair) == 2]
        if len(pairs) == len(fields):
            typed = tuple([(str(name), _value(value)) for name, value in pairs])
            return Struct(str(raw.get("name", "")), typed, tuple([_value(item) for item in items]))
    raise _Malformed(f"{_verbatim(raw)} is no tagged value")


def _record(name: str, fields: _Fields, items: Sequence[object]) -> Value:
    if name in _LISTS:
        if len(items) == 1 and not fields:
            return _value(items[0])
        if fields.keys() == {"shape"}:
            return _value(fields["shape"])
    if name == "Tensor" or "tensor_spec" in fields:
        return _tensor(fields)
    if name == "MemoryConfig" or ("memory_layout" in fields and "buffer_type" in fields):
        return _memory_config(fields)
    if not name:
        if not fields:
            return _value(tuple(items))
        if fields.keys() == {"x", "y"}:
            return Core(_integer(fields["x"], "x"), _integer(fields["y"], "y"))
        if fields.keys() == {"start", "end"}:
            return _core_range(fields["start"], fields["end"])
    typed = tuple([(key, _field(key, value)) for key, value in fields.items()])
    return Struct(name, typed, tuple([_value(item) for item in items]))


def _field(name: str, raw: object) -> Value:
    value = _value(raw)
    if isinstance(value, str) and name in _ENUMERATOR_FIELDS:
        return Enumerator(_ENUMERATOR_FIELDS[name], value)
    return value


def _tensor(fields: _Fields) -> TensorSpec:
    """A tensor as a v1 master, a v2 master, an operation trace or a text has it: the same facts under other names."""
    spec = _nested(fields, "tensor_spec") or {}
    page = _nested(spec, "tensor_layout") or {}
    everything: dict[str, object] = {**fields, **spec, **page}
    dtype = _name(_one_of(everything, "original_dtype", "dtype"), "DataType")
    memory_config = _nested(everything, "memory_config")
    alignment = everything.get("alignment")
    aligned = None if alignment is None else _integers(alignment, "alignment")
    shape = _integers(_one_of(everything, "original_shape", "logical_shape", "shape"), "shape")
    padded = None if fields.get("padded_shape") is None else _integers(fields["padded_shape"], "padded shape")
    layout = _layout(fields.get("layout"), page.get("page_config"), aligned, dtype)
    if layout == "TILE":
        _check_tile(page)
    return TensorSpec(
        shape=shape,
        dtype=dtype,
        layout=layout,
        memory_config=None if memory_config is None else _memory_config(memory_config),
        storage=_storage(fields),
        alignment=aligned,
        placement=_placement(fields),
        padded_shape=padded if padded != shape else None,
    )


def _layout(recorded: object, page_config: object, alignment: tuple[int, ...] | None, dtype: str) -> str | None:
    """The layout field, else the page configuration's type, else the alignment: one number for row-major tensors, whole
    tiles for tiled ones. Block floats exist only in tiles. None where nothing of that was recorded.
    """
    if recorded is not None:
        return _name(recorded, "Layout")
    if isinstance(page_config, Record):
        config = page_config.fields.get("config", page_config)
        if isinstance(config, Record) and config.name in _PAGE_LAYOUTS:
            return _PAGE_LAYOUTS[config.name]
    if alignment is not None:
        if len(alignment) == 1:
            return "ROW_MAJOR"
        if len(alignment) > 1 and all(number > 0 and number % 32 == 0 for number in alignment[-2:]):
            return "TILE"
    return "TILE" if dtype in _BLOCK_FLOATS else None


def _check_tile(page: _Fields) -> None:
    """Refuse tiles of another size than ttnn's own: a tensor in its own would be another one."""
    config: _Fields = page
    for name in ("page_config", "config", "tile"):
        inner = config.get(name)
        config = inner.fields if isinstance(inner, Record) else inner if isinstance(inner, Mapping) else config
    recorded = config.get("tile_shape")
    if recorded is not None and _integers(recorded, "tile shape") != (32, 32):
        raise _Malformed(f"its tiles are {_verbatim(recorded)}, and only tiles of 32 by 32 are made")


def _storage(fields: _Fields) -> str | None:
    """``DEVICE`` or ``HOST`` from the field, else from the storage's type, which only unrewritten texts keep."""
    recorded = fields.get("storage_type")
    if recorded is not None:
        return _STORAGES.get(_name(recorded, "StorageType"), "HOST")
    storage = fields.get("storage")
    if isinstance(storage, Record) and storage.name:
        return _STORAGES.get(_type_name(storage.name), "HOST")
    return None


def _placement(fields: _Fields) -> Placement | None:
    """The mesh that a tensor was spread over: ``tensor_placement``, ``mesh_device`` or the fields of a text."""
    recorded = _nested(fields, "tensor_placement") or _nested(fields, "mesh_device")
    if recorded is not None:
        mesh = recorded.get("mesh_device_shape", recorded.get("shape"))
        placements = recorded.get("placement", recorded.get("placements"))
    else:
        mesh, placements = fields.get("mesh_shape"), fields.get("placements")
    if mesh is None:
        return None
    if isinstance(placements, str):  # A v2 master holds the printed list: "['PlacementShard(2)', ...]".
        placements = parse_text(placements)
    texts = tuple(str(item) for item in placements) if isinstance(placements, (list, tuple)) else ()
    return Placement(_integers(mesh, "mesh shape"), texts)


def _memory_config(fields: _Fields) -> MemoryConfig:
    shard_spec, nd_shard_spec = _nested(fields, "shard_spec"), _nested(fields, "nd_shard_spec")
    return MemoryConfig(
        memory_layout=_name(_one_of(fields, "memory_layout"), "TensorMemoryLayout"),
        buffer_type=_name(_one_of(fields, "buffer_type"), "BufferType"),
        shard_spec=None if shard_spec is None else _shard_spec(shard_spec),
        nd_shard_spec=None if nd_shard_spec is None else _nd_shard_spec(nd_shard_spec),
        created_with_nd_shard_spec=bool(_value(fields.get("created_with_nd_shard_spec", False))),
    )


def _shard_spec(fields: _Fields) -> ShardSpec:
    shape = _integers(_one_of(fields, "shape", "shard_shape"), "shard shape")
    if len(shape) != 2:
        raise _Malformed(f"shard shape {list(shape)} is not a height and a width")
    return ShardSpec(_grid(fields), (shape[0], shape[1]), _orientation(fields))


def _nd_shard_spec(fields: _Fields) -> NdShardSpec:
    strategy = fields.get("shard_distribution_strategy", "ROUND_ROBIN_1D")
    shape = _integers(_one_of(fields, "shard_shape"), "nd shard shape")
    return NdShardSpec(_grid(fields), shape, _orientation(fields), _name(strategy, "ShardDistributionStrategy"))


def _orientation(fields: _Fields) -> str:
    recorded = _one_of(fields, "orientation")
    if recorded in (0, 1):
        return "COL_MAJOR" if recorded else "ROW_MAJOR"
    return _name(recorded, "ShardOrientation")


def _grid(fields: _Fields) -> tuple[CoreRange, ...]:
    ranges = tuple(_core_ranges(_value(_one_of(fields, "grid"))))
    if not ranges:
        raise _Malformed("the grid of a shard specification is empty")
    return ranges


def _core_ranges(grid: Value) -> list[CoreRange]:
    """Core ranges in recorded order. Two bare cores in a list are the ends of one, as in cleaned v1 masters."""
    if isinstance(grid, CoreRange):
        return [grid]
    if isinstance(grid, tuple):
        if len(grid) == 2 and isinstance(grid[0], Core) and isinstance(grid[1], Core):
            return [CoreRange(grid[0], grid[1])]
        return [core_range for item in grid for core_range in _core_ranges(item)]
    raise _Malformed(f"{grid!r} is no core range")


def _core_range(raw_start: object, raw_end: object) -> CoreRange:
    start, end = _value(raw_start), _value(raw_end)
    if not isinstance(start, Core) or not isinstance(end, Core):
        raise _Malformed("a range has an end that is no core")
    return CoreRange(start, end)


def _one_of(fields: _Fields, *names: str) -> object:
    """The first of ``names`` that is recorded."""
    for name in names:
        if fields.get(name) is not None:
            return fields[name]
    raise _Malformed(f"{names[-1]!r} is missing")


def _nested(fields: _Fields, name: str) -> _Fields | None:
    """The fields of a nested record; None where it is absent in any spelling (``null``, ``"None"``, nullopt)."""
    found = fields.get(name)
    if isinstance(found, str):
        found = parse_text(found)
    if isinstance(found, Record) and not found.items:
        return found.fields
    if found is None or isinstance(found, Mapping):
        return found
    raise _Malformed(f"{name!r} is {_verbatim(found)}, not a record")


def _integers(raw: object, name: str) -> tuple[int, ...]:
    value = _value(raw)
    if not isinstance(value, tuple):
        raise _Malformed(f"{name} is {_verbatim(raw)}, not a list of integers")
    return tuple([_integer(item, name) for item in value])


def _integer(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _Malformed(f"{name} holds {value!r}, not an integer")
    return value


def _name(raw: object, enumeration: str) -> str:
    """The enumerator's own name, from ``DataType::BFLOAT16``, ``DataType.BFLOAT16`` or ``BFLOAT16``."""
    value = _value(raw)
    if isinstance(value, Enumerator) and value.type == enumeration:
        return value.name
    if isinstance(value, str) and value.isidentifier():
        return value
    raise _Malformed(f"{_verbatim(raw)} is no {enumeration}")


def _verbatim(raw: object) -> str:
    return json.dumps(raw, sort_keys=True, default=repr)
