"""Traced configurations as text for people: one line per argument, made to be read and grepped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pytest_ttnn_sweeps.traced.classic import input_tensors
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.master import Master
from pytest_ttnn_sweeps.traced.values import (
    ABSENT,
    UNPRINTED,
    Core,
    CoreRange,
    MemoryConfig,
    NdShardSpec,
    Opaque,
    Queue,
    ShardSpec,
    Struct,
    TensorSpec,
    Value,
)


def list_operations(master: Master) -> str:
    """One line per operation of ``master``, sorted: ``Operation: add (10 configurations)``; repeats count."""
    return list_counts(master.operations)


def list_counts(counts: Mapping[str, int]) -> str:
    """The same for counts by operation."""
    lines = [f"Operation: {operation} ({counted(count, 'configuration')})" for operation, count in counts.items()]
    return "\n".join(sorted(lines))


def describe_operation(master: Master, operation: str, *, everything: bool = False) -> str:
    """Every distinct configuration of ``operation`` (canonical name), the arguments one per line.

    Arguments that are None or that ttnn could not print are left out, unless ``everything`` is wanted.
    """
    return describe_configurations(operation, master.configurations(operation), everything=everything)


def describe_configurations(
    operation: str, configurations: Sequence[TracedConfiguration], *, everything: bool = False
) -> str:
    """The same for some of an operation's configurations."""
    lines = [f"Operation: {operation}", f"Configurations: {len(configurations)}", "=" * 80]
    for number, configuration in enumerate(configurations, 1):
        lines += ["", f"Configuration {number}: {configuration.name}", "-" * 40]
        lines += describe_configuration(configuration, everything=everything)
    return "\n".join(lines)


def describe_configuration(configuration: TracedConfiguration, *, everything: bool = False) -> list[str]:
    """The lines of one configuration: where it was seen, then its arguments."""
    lines = [f"  {line}" for line in map(_seen, configuration.executions)]
    shown = [
        f"  {name}: {describe_value(value)}"
        for name, value in configuration.named_arguments()
        if everything or not _says_nothing(value)
    ]
    return lines + (shown or ["  (every argument is a default or unprintable)"])


def describe_arguments(configuration: TracedConfiguration) -> str:
    """The arguments of one configuration in one line, without those that say nothing."""
    shown = (
        f"{name}={describe_value(value)}" for name, value in configuration.named_arguments() if not _says_nothing(value)
    )
    return ", ".join(shown)


def describe_suite(operation: str, configurations: Sequence[TracedConfiguration]) -> str:
    """One line: how many configurations there are, and how many distinct inputs, shapes, dtypes and so on."""
    tensors: list[TensorSpec] = []
    unavailable = 0
    pairs = set()
    for configuration in configurations:
        try:
            inputs = input_tensors(configuration)
        except UnavailableConfiguration:
            unavailable += 1
        else:
            pairs.add(inputs)
            tensors.append(inputs[0])
    variety = (
        counted(len({tensor.shape for tensor in tensors}), "shape"),
        counted(len({tensor.dtype for tensor in tensors}), "dtype"),
        counted(len({tensor.layout for tensor in tensors}), "layout"),
        counted(len({tensor.memory_config for tensor in tensors}), "memory config"),
    )
    count = counted(len(configurations), "traced configuration")
    unreadable = f", {unavailable} without readable inputs" if unavailable else ""
    return f"{operation}: {count}{unreadable}, {counted(len(pairs), 'distinct input')} ({', '.join(variety)})"


def describe_value(value: Value) -> str:
    """One argument: ``Tensor(shape=[1, 1, 32, 32], dtype=BFLOAT16, memory=DRAM_INTERLEAVED)``."""
    if isinstance(value, TensorSpec):
        return f"Tensor({', '.join(_tensor_parts(value))})"
    if isinstance(value, MemoryConfig):
        return f"MemoryConfig({', '.join(_memory_parts(value))})"
    if isinstance(value, tuple):
        return f"[{', '.join(map(describe_value, value))}]"
    if isinstance(value, Core):
        return f"({value.x},{value.y})"
    if isinstance(value, CoreRange):
        return f"{describe_value(value.start)}→{describe_value(value.end)}"
    if isinstance(value, Struct):
        fields = [f"{name}={describe_value(item)}" for name, item in value.fields]
        return f"{value.name}({', '.join([*fields, *map(describe_value, value.items)])})"
    if isinstance(value, Queue):
        return f"queue {value.number}"
    if isinstance(value, Opaque):
        return f"Unprinted({value.text})" if value.reason == UNPRINTED else f"PARSE_ERROR({value.reason}: {value.text})"
    return "(not passed)" if value is ABSENT else str(value)


def _tensor_parts(spec: TensorSpec) -> Iterator[str]:
    yield f"shape={list(spec.shape)}"
    yield f"dtype={spec.dtype}"
    if spec.memory_config is not None:
        memory, *shards = _memory_parts(spec.memory_config)
        yield from (f"memory={memory}", *shards)
    if spec.layout != "TILE":
        yield f"layout={spec.layout or 'unknown'}"
    if spec.storage == "HOST":
        yield "storage=HOST"
    if spec.placement is not None and spec.placement.device_count > 1:
        yield f"mesh={'x'.join(map(str, spec.placement.mesh_shape))}"


def _memory_parts(config: MemoryConfig) -> Iterator[str]:
    yield f"{config.buffer_type}_{config.memory_layout}"
    spec = config.defining_spec
    if spec is not None:
        yield f"shard({_shards(spec)})"


def _shards(spec: ShardSpec | NdShardSpec) -> str:
    grid = ", ".join(map(describe_value, spec.grid))
    strategy = f", strategy={spec.strategy}" if isinstance(spec, NdShardSpec) else ""
    return f"shard_shape={list(spec.shape)}, grid=[{grid}], orientation={spec.orientation}{strategy}"


def _says_nothing(value: Value) -> bool:
    return value is None or value is ABSENT or (isinstance(value, Opaque) and value.reason == UNPRINTED)


def _seen(execution: Execution) -> str:
    parts = [f"Source: {execution.source or 'unknown'}"]
    if execution.machine is not None:
        parts.append(f"machine: {_machine(execution.machine)}")
    if execution.count is not None:
        parts.append(f"executed: {execution.count}x")
    return ", ".join(parts)


def describe_origin(execution: Execution) -> str:
    """What tells executions apart, in one line: source, machine, and ttnn's version where they were recorded."""
    machine = _machine(execution.machine) if execution.machine is not None else ""
    version = f"ttnn {execution.ttnn_version}" if execution.ttnn_version else ""
    return ", ".join(part for part in (execution.source or "unknown source", machine, version) if part)


def _machine(machine: Machine) -> str:
    cards = f"{machine.card_count} cards" if machine.card_count and machine.card_count > 1 else ""
    # Nobody is to take what was emulated for silicon's.
    provider = f"({machine.provider})" if machine.provider else ""
    parts = (machine.board_type or "unknown", "/".join(machine.device_series), cards, provider)
    return " ".join(part for part in parts if part)


def counted(count: int, noun: str) -> str:
    """``1 operation``, ``2 operations``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
