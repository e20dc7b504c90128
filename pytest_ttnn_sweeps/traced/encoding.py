"""Typed configurations as the JSON of the current schema, from which ``schemas`` reads the same values again.

The forms are those of v2 masters, whose names are known: ``{"type": "ttnn.Tensor", ...}``, ``{"type": "DataType",
"repr": "DataType.BFLOAT16"}``, plain numbers and texts. Where such a form would be read as something else (a text
``"1"``) or there is none (what ttnn could not print), the value is tagged: ``{"$": "text", "text": "1"}``.
"""

from __future__ import annotations

import json
import math
from typing import Any

from pytest_ttnn_sweeps.traced.arguments import TAG, argument_from_json
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import MasterError
from pytest_ttnn_sweeps.traced.schemas import read_configuration
from pytest_ttnn_sweeps.traced.values import (
    ABSENT,
    Absent,
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    NdShardSpec,
    Opaque,
    Queue,
    ShardSpec,
    Struct,
    TensorSpec,
    Value,
)


def encode_configuration(configuration: TracedConfiguration) -> dict[str, Any]:
    """The entry of ``configuration`` in a master of the current schema.

    Raises ``MasterError`` for one that would not be read as it is: only values that no reader makes can do that.
    """
    arguments = {}
    for index, value in enumerate(configuration.positional):
        # A gap needs no entry, but the last position says how many there are.
        if value is not ABSENT or index == len(configuration.positional) - 1:
            arguments[f"arg{index}"] = encode_value(value)
    arguments |= {name: encode_value(value) for name, value in configuration.keywords.items()}
    entry: dict[str, Any] = {"content_hash": configuration.content_hash, "arguments": arguments}
    executions = [encode_execution(execution) for execution in configuration.executions]
    if executions:
        entry["executions"] = sorted(executions, key=lambda execution: json.dumps(execution, sort_keys=True))
    if configuration.former_hashes:
        entry["former_hashes"] = sorted(configuration.former_hashes)
    if configuration.extra:
        entry = {**json.loads(configuration.extra), **entry}
    _check(configuration, entry)
    return entry


def _check(configuration: TracedConfiguration, entry: dict[str, Any]) -> None:
    again = read_configuration(configuration.operation, entry)
    # By text, because Python takes 1, 1.0 and True for equal.
    recorded = (configuration.positional, dict(configuration.keywords), set(configuration.executions))
    if repr(recorded[:2]) != repr((again.positional, dict(again.keywords))) or recorded[2] != set(again.executions):
        msg = f"{configuration.name} can't be stored: its arguments {json.dumps(entry['arguments'])} read differently"
        raise MasterError(msg)


def encode_execution(execution: Execution) -> dict[str, Any]:
    """An execution; what was not recorded is left out."""
    facts = {
        "source": execution.source,
        "machine_info": None if execution.machine is None else _machine(execution.machine),
        "count": execution.count,
        "trace_uid": execution.trace,
        "ttnn_version": execution.ttnn_version,
        "timestamp": execution.timestamp,
    }
    return {**_loaded(execution.extra), **_recorded(facts)}


def _machine(machine: Machine) -> dict[str, Any]:
    series = list(machine.device_series)
    facts = {
        "board_type": machine.board_type,
        "device_series": series[0] if len(series) == 1 else series or None,
        "card_count": machine.card_count,
        "mesh_device_shape": None if machine.mesh_shape is None else list(machine.mesh_shape),
        "device_count": machine.device_count,
        "device_ids": list(machine.device_ids) or None,
    }
    return {**_loaded(machine.extra), **_recorded(facts)}


def _loaded(extra: str) -> dict[str, Any]:
    return json.loads(extra) if extra else {}


def _recorded(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value is not None}


def encode_value(value: Value) -> object:
    """``value`` in JSON; ``argument_from_json`` gives it back."""
    if isinstance(value, float) and not math.isfinite(value):
        return {TAG: "float", "text": str(value)}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, tuple):
        return [encode_value(item) for item in value]
    if isinstance(value, Absent):
        return {TAG: "absent"}
    if isinstance(value, Queue):
        return {TAG: "queue", "number": value.number}
    if isinstance(value, Opaque):
        return {TAG: "opaque", "text": value.text, "reason": value.reason}
    if isinstance(value, Core):
        return {"x": value.x, "y": value.y}
    if isinstance(value, CoreRange):
        return {"start": encode_value(value.start), "end": encode_value(value.end)}
    if isinstance(value, MemoryConfig):
        return _memory_config(value)
    if isinstance(value, TensorSpec):
        return _tensor(value)
    if isinstance(value, str):
        return _if_read_as(value, value, {TAG: "text", "text": value})
    if isinstance(value, Enumerator):
        tagged = {TAG: "enumerator", "type": value.type, "name": value.name}
        return _if_read_as(value, {"type": value.type, "repr": str(value)}, tagged)
    return _struct(value)


def _if_read_as(value: Value, plain: object, tagged: object) -> object:
    """The plain form where it is read as ``value`` again, else the tagged one."""
    return plain if repr(argument_from_json(plain)) == repr(value) else tagged


def _struct(value: Struct) -> object:
    fields = [[name, encode_value(item)] for name, item in value.fields]
    items = [encode_value(item) for item in value.items]
    tagged = {TAG: "struct", "name": value.name, "fields": fields, "items": items}
    if items:
        return tagged
    plain = {name: item for name, item in fields if isinstance(name, str)}
    return _if_read_as(value, {"type": value.name, **plain} if value.name else plain, tagged)


def _tensor(value: TensorSpec) -> dict[str, Any]:
    placement = value.placement
    facts = {
        "original_shape": list(value.shape),
        "padded_shape": None if value.padded_shape is None else list(value.padded_shape),
        "original_dtype": f"DataType.{value.dtype}",
        "layout": value.layout and f"Layout.{value.layout}",
        "storage_type": value.storage and f"StorageType.{value.storage}",
        "memory_config": None if value.memory_config is None else _memory_config(value.memory_config),
        "alignment": None if value.alignment is None else list(value.alignment),
        "tensor_placement": None
        if placement is None
        else {"placement": list(placement.placements), "mesh_device_shape": list(placement.mesh_shape)},
    }
    return {"type": "ttnn.Tensor", **_recorded(facts)}


def _memory_config(value: MemoryConfig) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "memory_layout": f"TensorMemoryLayout.{value.memory_layout}",
        "buffer_type": f"BufferType.{value.buffer_type}",
    }
    if value.shard_spec is not None:
        facts["shard_spec"] = _shard_spec(value.shard_spec)
    if value.nd_shard_spec is not None:
        facts["nd_shard_spec"] = _shard_spec(value.nd_shard_spec)
    if value.created_with_nd_shard_spec:
        facts["created_with_nd_shard_spec"] = True
    return facts


def _shard_spec(spec: ShardSpec | NdShardSpec) -> dict[str, Any]:
    grid = [encode_value(core_range) for core_range in spec.grid]
    facts: dict[str, Any] = {"grid": grid, "shape": list(spec.shape), "orientation": spec.orientation}
    if isinstance(spec, NdShardSpec):
        facts |= {"shard_shape": facts.pop("shape"), "shard_distribution_strategy": spec.strategy}
    return facts
