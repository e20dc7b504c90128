"""The classic form of a traced suite: names that ``run`` unpacks into one or two input tensors.

It says nothing of the other arguments of a call; ``rows`` has the form that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import TracedNameError, UnavailableConfiguration
from pytest_ttnn_sweeps.traced.native import NativeValues, unreadable
from pytest_ttnn_sweeps.traced.operations import SIGNATURES
from pytest_ttnn_sweeps.traced.rows import tensor_parts
from pytest_ttnn_sweeps.traced.values import Opaque, TensorSpec, Value

Suite = dict[str, list[Any]]
UnaryValues = tuple[list[int], Any, Any, Any, Any]
"""Shape, dtype, layout, memory configuration of the input; memory configuration of the output."""
BinaryValues = tuple[dict[str, list[int]], Any, Any, Any, Any, Any, Any]
"""Shapes ``{"self": ..., "other": ...}``; then dtype, layout and memory configuration, each of a and of b."""

_UNARY_NAMES = ("input_shape", "input_a_dtype", "input_a_layout")
_BINARY_NAMES = tuple(f"input_{letter}_{part}" for part in ("dtype", "layout", "memory_config") for letter in "ab")


def input_tensors(configuration: TracedConfiguration) -> tuple[TensorSpec, ...]:
    """The first one or two input tensors; two make the configuration binary, whatever the operation's others are.

    A preallocated output is no input. Raises ``UnavailableConfiguration`` where an input can't be read or is missing.
    """
    operands = list(_operands(configuration))[:2]
    for operand in operands:
        if isinstance(operand, Opaque):
            raise UnavailableConfiguration(f"an input of {configuration.name}: {unreadable(operand)}")
    tensors = tuple(operand for operand in operands if isinstance(operand, TensorSpec))
    if not tensors:
        raise UnavailableConfiguration(f"{configuration.name} has no input tensor")
    return tensors


def _operands(configuration: TracedConfiguration) -> Iterator[Value]:
    """Tensors and the numbers in place of one, in order, lists of tensors flat."""
    signature = SIGNATURES.get(configuration.operation)
    values: Sequence[Value] = configuration.positional
    if signature is not None:
        bound = signature.bind(configuration)
        values = [bound[parameter.name] for parameter in signature.parameters if parameter.is_tensor]
    for value in values:
        if isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, TensorSpec))
        elif isinstance(value, (TensorSpec, Opaque)) or (signature is not None and value is not None):
            yield value


def named_suite(configurations: Sequence[TracedConfiguration]) -> Suite:
    """``{"traced_config_name": [...]}``: a name for every configuration, one for those with equal input tensors.

    A name whose configuration is unavailable is in the list too, so that it shows as a skip.
    """
    names: dict[object, str] = {}
    for configuration in configurations:
        try:
            key: object = input_tensors(configuration)
        except UnavailableConfiguration:
            key = configuration.content_hash
        names.setdefault(key, configuration.name)
    return {"traced_config_name": list(names.values())}


def product_suite(configurations: Sequence[TracedConfiguration]) -> tuple[Suite, int]:
    """Every distinct input shape with every dtype, layout and memory configuration, and how many configurations aren't
    in it because they are unavailable or, where any is binary, unary.

    The output's memory configuration is the input's, in one zipped key. A binary configuration's shapes stay a pair.
    """
    native = NativeValues()
    unary: list[UnaryValues] = []
    binary: list[BinaryValues] = []
    for configuration in configurations:
        try:
            if len(input_tensors(configuration)) == 1:
                unary.append(unpack_unary(configuration, native))
            else:
                binary.append(unpack_binary(configuration, native))
        except UnavailableConfiguration:
            continue
    if binary:
        columns = zip(("input_shape", *_BINARY_NAMES), zip(*binary))
        return {name: distinct(values) for name, values in columns}, len(configurations) - len(binary)
    if not unary:
        return named_suite(()), len(configurations)
    suite = {name: distinct(values) for name, values in zip(_UNARY_NAMES, zip(*unary))}
    memory_configs = distinct([values[3] for values in unary])
    suite["input_a_memory_config,output_memory_config"] = [(config, config) for config in memory_configs]
    return suite, len(configurations) - len(unary)


def unpack_unary(configuration: TracedConfiguration, native: NativeValues) -> UnaryValues:
    """The values of ``unpack_traced_config``. Raises ``TracedNameError`` for a binary configuration."""
    tensors = input_tensors(configuration)
    if len(tensors) != 1:
        msg = f"{configuration.name} has two input tensors: unpack it with unpack_binary_traced_config()"
        raise TracedNameError(msg)
    shape, dtype, layout, memory_config = _unpack(tensors[0], native, configuration.name)
    return shape, dtype, layout, memory_config, memory_config


def unpack_binary(configuration: TracedConfiguration, native: NativeValues) -> BinaryValues:
    """The values of ``unpack_binary_traced_config``. Raises ``TracedNameError`` for a configuration of a unary call."""
    tensors = input_tensors(configuration)
    if len(tensors) != 2:
        if any(not isinstance(operand, TensorSpec) for operand in _operands(configuration)):
            reason = f"the second operand of {configuration.name} is a number, for which the classic form has no place"
            raise UnavailableConfiguration(f"{reason}; traced_parameters() has one")
        msg = f"{configuration.name} has one input tensor: unpack it with unpack_traced_config()"
        raise TracedNameError(msg)
    (shape_a, dtype_a, layout_a, memory_a), (shape_b, dtype_b, layout_b, memory_b) = (
        _unpack(tensor, native, configuration.name) for tensor in tensors
    )
    return {"self": shape_a, "other": shape_b}, dtype_a, dtype_b, layout_a, layout_b, memory_a, memory_b


def _unpack(spec: TensorSpec, native: NativeValues, name: str) -> tuple[list[int], Any, Any, Any]:
    if spec.storage == "HOST":
        reason = f"an input of {name} was on the host, for which the classic form has no place"
        raise UnavailableConfiguration(f"{reason}; traced_parameters() has one")
    try:
        shape, dtype, layout, memory_config = (part() for part in tensor_parts(native, spec))
    except UnavailableConfiguration as problem:
        raise UnavailableConfiguration(f"an input of {name}: {problem.reason}") from None
    return shape, dtype, layout, memory_config


def distinct(values: Sequence[Any]) -> list[Any]:
    """``values`` without repeats, by equality: the real ttnn hashes equal memory configurations differently."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found
