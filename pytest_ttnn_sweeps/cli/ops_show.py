"""``ttnn-sweeps ops show``: every configuration of one operation, as text to read and to grep, or as data."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from pytest_ttnn_sweeps.cli.ops_selection import (
    add_formats,
    add_master,
    add_selection,
    open_master,
    operation_of,
    print_rows,
    selected,
    selection,
    tell,
)
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.describe import describe_configurations, describe_value
from pytest_ttnn_sweeps.traced.values import TensorSpec, Value

NAME = "show"
_COLUMNS = [
    "configuration",
    "argument",
    "shape",
    "dtype",
    "layout",
    "storage",
    "buffer",
    "memory_layout",
    "shard_shape",
    "grid",
    "orientation",
    "value",
    "sources",
]


def add_parser(actions: Any) -> None:
    """Add the action."""
    parser: argparse.ArgumentParser = actions.add_parser(NAME, help="Show an operation's configurations")
    parser.add_argument("operation", help="add, ttnn.add or ttnn::add")
    add_master(parser)
    parser.add_argument("--all", action="store_true", help="Show arguments that are None or couldn't be printed too")
    add_selection(parser)
    add_formats(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print one operation. Raises ``SweepError`` for a master or an operation that isn't there."""
    master = open_master(options)
    operation = operation_of(master, options.operation)
    configurations = selected(master, operation, selection(options))
    if options.format == "json":
        from pytest_ttnn_sweeps.traced.encoding import encode_configuration  # Not for those who read.

        rows = [{"name": found.name, **encode_configuration(found)} for found in configurations]
        print_rows(rows, (), "json")
    elif options.format == "csv":
        print_rows([row for found in configurations for row in _rows(found)], _COLUMNS, "csv")
    else:
        tell(describe_configurations(operation, configurations, everything=options.all))
    return 0


def _rows(configuration: TracedConfiguration) -> Iterator[dict[str, object]]:
    """A row for each argument."""
    sources = " ".join(configuration.sources)
    for name, value in configuration.named_arguments():
        yield {"configuration": configuration.name, "argument": name, "sources": sources, **_facts(value)}


def _facts(value: Value) -> dict[str, object]:
    if not isinstance(value, TensorSpec):
        return {"value": describe_value(value)}
    facts: dict[str, object] = {
        "shape": list(value.shape),
        "dtype": value.dtype,
        "layout": value.layout,
        "storage": value.storage,
    }
    memory = value.memory_config
    if memory is not None:
        facts |= {"buffer": memory.buffer_type, "memory_layout": memory.memory_layout}
        spec = memory.defining_spec
        if spec is not None:
            grid = " ".join(map(describe_value, spec.grid))
            facts |= {"shard_shape": list(spec.shape), "grid": grid, "orientation": spec.orientation}
    return facts
