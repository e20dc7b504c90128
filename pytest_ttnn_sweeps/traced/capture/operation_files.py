"""The files of ``ttnn.operation_tracer`` (ttnn 0.81.1): a call each, written when it has returned.

``{"operation_name", "args": [{"position", "value"}], "kwargs": {...}}``; beside them may lie ``_status.json`` and
``_trace_metadata.json`` of upstream's driver.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_ttnn_sweeps.traced.arguments import argument_from_json
from pytest_ttnn_sweeps.traced.capture.calls import Call, Capture
from pytest_ttnn_sweeps.traced.capture.forms import normalised
from pytest_ttnn_sweeps.traced.capture.inside import inside_of_next
from pytest_ttnn_sweeps.traced.configuration import Machine
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.schemas import read_executions
from pytest_ttnn_sweeps.traced.values import ABSENT, Value

_MOST_POSITIONS = 1000


def capture_of(records: Sequence[tuple[str, object]], status: object, metadata: object) -> Capture:
    """The calls of ``records`` (file names and contents, in order of their numbers)."""
    names = [_name(record) for _, record in records]
    calls: list[Call] = []
    troubles: list[str] = []
    for (file, record), name, depth in zip(records, names, inside_of_next(names)):
        call = _call(name, record, depth) if isinstance(record, Mapping) and name else None
        if call is None:
            troubles.append(f"{file}: there is no call in it")
        else:
            calls.append(call)
    facts = metadata if isinstance(metadata, Mapping) else {}
    told = status if isinstance(status, Mapping) else {}
    return Capture(
        tuple(calls),
        source=_text(told.get("test_nodeid")) or _text(facts.get("test_source")),
        status=_text(told.get("status")),
        machine=_machine(facts),
        timestamp=_text(facts.get("timestamp")),
        trace=_text(facts.get("trace_uid")),
        troubles=tuple(troubles),
    )


def _name(record: object) -> str:
    name = record.get("operation_name") if isinstance(record, Mapping) else None
    return canonical_operation(name) if isinstance(name, str) else ""


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _machine(metadata: Mapping[str, object]) -> Machine | None:
    executions = read_executions({"machine_info": metadata.get("machine_info")})
    return next((seen.machine for seen in executions if seen.machine is not None), None)


def _call(name: str, record: Mapping[str, object], depth: int) -> Call | None:
    args, kwargs = record.get("args", []), record.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, Mapping):
        return None
    positional: dict[int, Value] = {}
    for index, argument in enumerate(args):
        if not isinstance(argument, Mapping):
            return None
        position = argument.get("position", index)
        if not isinstance(position, int) or not 0 <= position < _MOST_POSITIONS:
            return None
        positional[position] = _value(argument.get("value"))
    length = max(positional, default=-1) + 1
    named = {str(keyword): _value(value) for keyword, value in kwargs.items()}
    return Call.of(name, [positional.get(index, ABSENT) for index in range(length)], named, depth)


def _value(raw: object) -> Value:
    # Python's own texts and lists are as they are; what else is a text stands for an object of ttnn's.
    if isinstance(raw, str):
        return raw
    if isinstance(raw, list):
        return tuple([_value(item) for item in raw])
    return normalised(argument_from_json(raw))
