"""Every schema that a master's configuration has had, read into one type.

=======  ==============================================================================================
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
from collections.abc import Iterable, Mapping

from pytest_ttnn_sweeps.traced.arguments import argument_from_json, argument_from_text, argument_from_unparsed
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.values import ABSENT, Opaque, Value

# Three digits: a position is also a length, and no operation takes a thousand arguments.
_POSITION = re.compile(r"arg(\d{1,3})")


def read_configuration(operation: str, raw: object) -> TracedConfiguration:
    """The configuration of ``operation`` (canonical name) that ``raw``, from a master's JSON, describes."""
    arguments = raw.get("arguments") if isinstance(raw, Mapping) else raw
    executions = tuple(_executions(raw)) if isinstance(raw, Mapping) else ()
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
    return TracedConfiguration(
        operation, tuple(positional.get(index, ABSENT) for index in range(length)), keywords, executions
    )


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


def _executions(raw: Mapping[str, object]) -> Iterable[Execution]:
    for key in ("executions", "contexts"):
        listed = raw.get(key)
        if isinstance(listed, list):
            for entry in listed:
                if isinstance(entry, Mapping):
                    yield from _seen(entry)
            return
    yield from _seen(raw)


def _seen(entry: Mapping[str, object]) -> Iterable[Execution]:
    """Every source with every machine: the older schemas don't say which belong together."""
    sources: list[str | None] = [str(source) for source in _as_list(entry.get("source"))]
    machines: list[Machine | None] = [
        _machine(machine) for machine in _as_list(entry.get("machine_info")) if isinstance(machine, Mapping)
    ]
    recorded_count, recorded_trace = entry.get("count"), entry.get("trace_uid")
    count = recorded_count if isinstance(recorded_count, int) else None
    trace = recorded_trace if isinstance(recorded_trace, str) else None
    if sources or machines:
        for source in sources or [None]:
            for machine in machines or [None]:
                yield Execution(source, machine, count, trace)


def _machine(raw: Mapping[str, object]) -> Machine:
    board_type, card_count, mesh = raw.get("board_type"), raw.get("card_count"), raw.get("mesh_device_shape")
    return Machine(
        board_type if isinstance(board_type, str) else None,
        tuple(str(series) for series in _as_list(raw.get("device_series"))),
        card_count if isinstance(card_count, int) else None,
        tuple(int(length) for length in mesh) if isinstance(mesh, list) else None,
    )


def _as_list(value: object) -> list[object]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
