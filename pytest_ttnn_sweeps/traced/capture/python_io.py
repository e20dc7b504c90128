"""What ttnn 0.81.1's Python records of calls while a graph is captured: names, and every argument as a text.

A record is ``{"name": "ttnn.add", "arguments": {"0": TEXT, "memory_config": TEXT}, ...}``, with ``error`` where it
raised. An operation that calls another is recorded before it; only the graph tells that the other was called inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pytest_ttnn_sweeps.traced.arguments import argument_from_text
from pytest_ttnn_sweeps.traced.capture.calls import Call, Capture
from pytest_ttnn_sweeps.traced.capture.forms import normalised
from pytest_ttnn_sweeps.traced.capture.inside import inside_of_previous
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.values import ABSENT, Opaque, Value

_MOST_TROUBLES = 20


def capture_of(records: Sequence[object], where: str, depths: Sequence[int] | None = None) -> Capture:
    """The calls of ``records``, which stand in ``where``; ``depths`` is what a graph tells of each."""
    calls, troubles = calls_of(records, where, depths)
    return Capture(tuple(calls), troubles=tuple(troubles))


def calls_of(
    records: Sequence[object], where: str, depths: Sequence[int] | None = None
) -> tuple[list[Call], list[str]]:
    """The calls that returned, and what is wrong with records that can't be read."""
    if depths is None or len(depths) != len(records):
        depths = inside_of_previous([_name(record) for record in records])
    calls: list[Call] = []
    troubles: list[str] = []
    for index, (record, depth) in enumerate(zip(records, depths)):
        if not isinstance(record, Mapping) or not isinstance(record.get("arguments"), Mapping) or not _name(record):
            troubles.append(f"{where}: record {index} has no name or no arguments")
        elif record.get("error") is None:
            calls.append(_call(record, depth))
    if len(troubles) > _MOST_TROUBLES:
        troubles[_MOST_TROUBLES:] = [f"{where}: and {len(troubles) - _MOST_TROUBLES} more records like these"]
    return calls, troubles


def names_of(records: Iterable[object]) -> list[str]:
    """Canonical names, empty for what isn't a record."""
    return [_name(record) for record in records]


def _name(record: object) -> str:
    name = record.get("name") if isinstance(record, Mapping) else None
    return canonical_operation(name) if isinstance(name, str) else ""


def _call(record: Mapping[str, object], depth: int) -> Call:
    arguments = record["arguments"]
    assert isinstance(arguments, Mapping)
    positional: dict[int, Value] = {}
    keywords: dict[str, Value] = {}
    for name, text in arguments.items():
        value = _value(text)
        if name.isascii() and name.isdecimal() and len(name) < 4:
            positional[int(name)] = value
        elif name.isidentifier():
            keywords[name] = value
        else:
            keywords["unreadable"] = Opaque(f"{name}={text}", f"{name!r} is no name of an argument")
    length = max(positional, default=-1) + 1
    return Call.of(_name(record), [positional.get(index, ABSENT) for index in range(length)], keywords, depth)


def _value(text: object) -> Value:
    if not isinstance(text, str):
        return Opaque(str(text), "the record holds no text for it")
    return normalised(argument_from_text(text))
