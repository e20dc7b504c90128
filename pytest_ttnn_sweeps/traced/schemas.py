"""Every schema that a master's configuration has had, read into one type.

=======  ==============================================================================================
3        as v2, with a ``content_hash`` and what v2 had no form for; the only one that is written (``encoding``)
v1       ``[{"arg0": ...}, ...]``, texts in C++ notation
v1.1     ``{"arguments": [as v1], "source": ..., "machine_info": ...}``
contexts ``{"arguments": ..., "contexts": [{"source": [...], "machine_info": ...}]}``
v2       ``{"arguments": {"arg0": ..., "<keyword>": ...}, "executions": [...]}``, Python values
=======  ==============================================================================================

The forms mix in real files, so each part is recognised by itself. A configuration that is none of them becomes one with
a single ``Opaque`` argument: visible, and skipped with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import TypeVar

from pytest_ttnn_sweeps.traced.arguments import argument_from_json, argument_from_text, argument_from_unparsed
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.values import ABSENT, Opaque, Value

_ENTRY_FIELDS = frozenset(
    {
        "arguments",
        "config_hash",
        "config_id",
        "content_hash",
        "contexts",
        "executions",
        "former_hashes",
        "machine_info",
        "operation",
        "source",
    }
)
"""Of a configuration's entry: what is read, and the numbers and hashes that ``references`` knows the meaning of."""
# Three digits: a position is also a length, and no operation takes a thousand arguments.
_POSITION = re.compile(r"arg(\d{1,3})")


def read_configuration(operation: str, raw: object) -> TracedConfiguration:
    """The configuration of ``operation`` (canonical name) that ``raw``, from a master's JSON, describes."""
    arguments = raw.get("arguments") if isinstance(raw, Mapping) else raw
    executions = tuple(read_executions(raw)) if isinstance(raw, Mapping) else ()
    former, extra = _former_hashes(raw), _extra(raw)
    named: Iterable[tuple[str, Value]]
    if isinstance(arguments, Mapping):
        named = ((name, argument_from_json(value)) for name, value in arguments.items())
    elif isinstance(arguments, list):
        named = _listed(arguments)
    else:
        return _unreadable(operation, raw, "the configuration has no arguments", executions)
    positional: dict[int, Value] = {}
    keywords: dict[str, Value] = {}
    for name, value in named:
        position = _POSITION.fullmatch(name)
        if name in keywords or (position and int(position[1]) in positional):
            return _unreadable(operation, raw, f"argument {name!r} occurs twice", executions)
        if not name.isidentifier():
            return _unreadable(operation, raw, f"{name!r} is no name of an argument", executions)
        if position:
            positional[int(position[1])] = value
        else:
            keywords[name] = value
    length = max(positional, default=-1) + 1
    arranged = tuple(positional.get(index, ABSENT) for index in range(length))
    return TracedConfiguration(operation, arranged, keywords, executions, former, extra)


def _former_hashes(raw: object) -> tuple[str, ...]:
    former = raw.get("former_hashes") if isinstance(raw, Mapping) else None
    return tuple(str(text) for text in former) if isinstance(former, list) else ()


def _extra(raw: object) -> str:
    """What a configuration's entry holds besides what is read from it."""
    if not isinstance(raw, Mapping) or not raw.keys() - _ENTRY_FIELDS:
        return ""
    return json.dumps({name: value for name, value in raw.items() if name not in _ENTRY_FIELDS}, sort_keys=True)


def _unreadable(operation: str, raw: object, reason: str, executions: tuple[Execution, ...]) -> TracedConfiguration:
    return TracedConfiguration(operation, (Opaque(json.dumps(raw, sort_keys=True), reason),), {}, executions)


def _listed(arguments: list[object]) -> Iterable[tuple[str, Value]]:
    """Names and values of a v1 list: one-key objects, the name of an unparsed one inside its text."""
    for index, item in enumerate(arguments):
        if not isinstance(item, Mapping):
            yield f"arg{index}", argument_from_json(item)
            continue
        for key, raw in item.items():
            if key == "UnparsedElement" and isinstance(raw, Mapping):
                name, value = argument_from_unparsed(str(raw.get("element_info", "")))
                yield name or f"arg{index}", value
            else:
                yield key, argument_from_text(raw) if isinstance(raw, str) else argument_from_json(raw)


def read_executions(raw: Mapping[str, object]) -> Iterable[Execution]:
    """Where the configuration of the entry ``raw`` was seen."""
    for key in ("executions", "contexts"):
        listed = raw.get(key)
        if isinstance(listed, list):
            for entry in listed:
                if isinstance(entry, Mapping):
                    yield from _seen(entry, entry)
            return
    # What else an older configuration says is its own, not its execution's.
    yield from _seen({key: raw[key] for key in ("source", "machine_info") if key in raw}, {})


def _seen(entry: Mapping[str, object], extras: Mapping[str, object]) -> Iterable[Execution]:
    """Every source with every machine: the older schemas don't say which belong together."""
    sources: list[str | None] = [str(source) for source in _as_list(entry.get("source"))]
    machines: list[Machine | None] = [
        _machine(machine) for machine in _as_list(entry.get("machine_info")) if isinstance(machine, Mapping)
    ]
    fields = _Fields(extras, {"source", "machine_info"})
    count, trace = fields.take("count", int), fields.take("trace_uid", str)
    version, timestamp = fields.take("ttnn_version", str), fields.take("timestamp", str)
    extra = fields.rest()
    if sources or machines or any(fact is not None for fact in (count, trace, version, timestamp)) or extra:
        for source in sources or [None]:
            for machine in machines or [None]:
                yield Execution(source, machine, count, trace, version, timestamp, extra)


def _machine(raw: Mapping[str, object]) -> Machine:
    fields = _Fields(raw, {"device_series"})
    return Machine(
        fields.take("board_type", str),
        tuple(str(series) for series in _as_list(raw.get("device_series"))),
        fields.take("card_count", int),
        fields.integers("mesh_device_shape"),
        fields.take("device_count", int),
        fields.integers("device_ids") or (),
        fields.rest(),
    )


_Taken = TypeVar("_Taken", int, str)


class _Fields:
    """The fields of an object by type; what isn't taken, or isn't of its type, is kept as text."""

    def __init__(self, raw: Mapping[str, object], known: Collection[str]) -> None:
        self._left = {name: value for name, value in raw.items() if name not in known and value is not None}

    def take(self, name: str, kind: type[_Taken]) -> _Taken | None:
        value = self._left.get(name)
        if type(value) is not kind:
            return None
        del self._left[name]
        return value

    def integers(self, name: str) -> tuple[int, ...] | None:
        value = self._left.get(name)
        if not isinstance(value, list) or not value or not all(type(item) is int for item in value):
            return None
        del self._left[name]
        return tuple(value)

    def rest(self) -> str:
        return json.dumps(self._left, sort_keys=True) if self._left else ""


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
