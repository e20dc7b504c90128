"""Traced configurations as rows of a zipped suite key: a name and a ttnn value for everything that a call passed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from string import ascii_lowercase
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.native import NativeValues, unreadable
from pytest_ttnn_sweeps.traced.operations import SIGNATURES
from pytest_ttnn_sweeps.traced.signatures import Parameter, Signature, anything, device, flag, operand, tensor
from pytest_ttnn_sweeps.traced.values import ABSENT, Opaque, Queue, TensorSpec, Value, canonical
from pytest_ttnn_sweeps.vectors import Unavailable

NOT_PASSED = ABSENT.value
"""In a row of an operation without a signature: other configurations pass this argument, this one doesn't."""

_TENSOR_PARTS = ("shape", "dtype", "layout", "memory_config")


@dataclass(frozen=True)
class _Call:
    """Arguments by parameter name; ``problem`` says why they don't make the traced call, if they don't."""

    arguments: Mapping[str, Value]
    problem: str = ""


def suite_rows(
    operation: str,
    configurations: Sequence[TracedConfiguration],
    assume_defaults: Collection[str] = (),
    *,
    judges: bool = True,
) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Parameter names and one row of values per configuration, as ``traced_parameters`` promises them.

    Without ``judges`` a call that the shown arguments alone don't make is no reason to skip the vector: whoever runs it
    makes the call in another way. Raises ``SweepError`` where ``assume_defaults`` names a parameter that ``operation``
    lacks or that has no default.
    """
    signature = SIGNATURES.get(operation)
    parameters = signature.parameters if signature else tuple(_unnamed_parameters(configurations))
    _check_assumed(operation, parameters if signature else (), assume_defaults)
    shown = [parameter for parameter in parameters if parameter.is_shown]
    names = [name for parameter in shown for name in _column_names(parameter)]
    native = NativeValues()
    rows: list[tuple[Any, ...]] = []
    for configuration in configurations:
        call = _signature_call(signature, configuration, assume_defaults) if signature else _unnamed_call(configuration)
        slots = [slot for parameter in shown for slot in _slots(native, parameter, call.arguments)]
        if call.problem and judges:
            slots[0] = Unavailable(call.problem)
        rows.append((*slots, configuration.name))
    return [*names, "traced_config_name"], rows


def _check_assumed(operation: str, parameters: Sequence[Parameter], assume_defaults: Collection[str]) -> None:
    known = sorted(parameter.name for parameter in parameters if parameter.default is not ABSENT)
    for name in assume_defaults:
        if name not in known:
            msg = f"assume_defaults={name!r}: {operation} has no such argument with a default; it has {known or 'none'}"
            raise SweepError(msg)


def _signature_call(
    signature: Signature, configuration: TracedConfiguration, assume_defaults: Collection[str]
) -> _Call:
    try:
        arguments = signature.bind(configuration)
    except UnavailableConfiguration as error:
        return _Call(dict.fromkeys(parameter.name for parameter in signature.parameters), error.reason)
    problem = ""
    for parameter in signature.parameters:
        value = arguments[parameter.name]
        if isinstance(value, Opaque) and parameter.name in assume_defaults:
            arguments[parameter.name] = parameter.default
        elif not parameter.is_shown and parameter.kind is not device:
            problem = problem or _hidden_problem(parameter, value)
    return _Call(arguments, problem)


def _hidden_problem(parameter: Parameter, value: Value) -> str:
    if isinstance(value, Opaque):
        remedy = f"if the model passes ttnn's default, say assume_defaults=[{parameter.name!r}]"
        return f"argument {parameter.name!r}: {unreadable(value)}; {remedy}"
    if canonical(value) == canonical(parameter.default):
        return ""
    return f"argument {parameter.name!r}: the call passes a value other than ttnn's default, which vectors don't carry"


def _unnamed_call(configuration: TracedConfiguration) -> _Call:
    return _Call(dict(_unnamed_arguments(configuration)))


def _unnamed_arguments(configuration: TracedConfiguration) -> Iterator[tuple[str, Value]]:
    """Positional tensors as ``input_a``, ``input_b``, ..., what else is positional as ``arg<i>``, keywords by name."""
    letters = iter([*ascii_lowercase, *(str(number) for number in range(len(configuration.positional)))])
    for index, value in enumerate(configuration.positional):
        if _is_tensor(value):
            yield f"input_{next(letters)}", value
        elif not (isinstance(value, Queue) or value is ABSENT or device(value)):
            yield f"arg{index}", value
    for name, value in configuration.keywords.items():
        if not device(value):
            yield name, value


def _unnamed_parameters(configurations: Sequence[TracedConfiguration]) -> Iterator[Parameter]:
    """A parameter for every argument that some configuration passes; ``None`` in all of them tells nothing."""
    values: dict[str, list[Value]] = {}
    for configuration in configurations:
        for name, value in _unnamed_arguments(configuration):
            values.setdefault(name, []).append(value)
    passed = {name: found for name, found in values.items() if any(value is not None for value in found)}
    tensors = {name for name, found in passed.items() if any(_is_tensor(value) for value in found)}
    for name in sorted(passed, key=lambda name: name not in tensors):
        if name not in tensors:
            yield Parameter(name, anything)
        elif all(value is None or _is_tensor(value) for value in passed[name]):
            yield Parameter(name, tensor)
        else:
            yield Parameter(name, operand, scalar=name)


def _is_tensor(value: Value) -> bool:
    if isinstance(value, tuple):
        return bool(value) and all(isinstance(item, TensorSpec) for item in value)
    return isinstance(value, TensorSpec)


def _column_names(parameter: Parameter) -> list[str]:
    if not parameter.is_tensor:
        return [parameter.name]
    names = [f"{parameter.name}_{part}" for part in _TENSOR_PARTS]
    return [*names, parameter.scalar] if parameter.scalar else names


def _slots(native: NativeValues, parameter: Parameter, arguments: Mapping[str, Value]) -> list[Any]:
    value = arguments.get(parameter.name, ABSENT)
    where = f"argument {parameter.name!r}: "
    if not parameter.is_tensor:
        if value is ABSENT:
            return [NOT_PASSED]
        if parameter.kind is flag and isinstance(value, int):
            return [bool(value)]
        return [_available(where, lambda: native.value(value))]
    parts: list[Any] = [None] * len(_TENSOR_PARTS)
    scalar: list[Any] = [None] if parameter.scalar else []
    if isinstance(value, TensorSpec):
        parts = [_available(where, part) for part in tensor_parts(native, value)]
    elif isinstance(value, tuple):
        specs = [spec for spec in value if isinstance(spec, TensorSpec)]
        lists = zip(*(tensor_parts(native, spec) for spec in specs))
        parts = [_available(where, partial(_each, made)) for made in lists]
    elif isinstance(value, Opaque):
        parts[0] = Unavailable(f"{where}{unreadable(value)}")
    elif scalar and value is not ABSENT:
        scalar = [_available(where, lambda: native.value(value))]
    return [*parts, *scalar]


def tensor_parts(native: NativeValues, spec: TensorSpec) -> list[Callable[[], Any]]:
    """What gives shape, dtype, layout and memory configuration: made apart, because each alone may be unavailable."""

    def shape() -> list[int]:
        if spec.placement is not None and spec.placement.device_count > 1:
            mesh = "x".join(str(length) for length in spec.placement.mesh_shape)
            raise UnavailableConfiguration(
                f"the tensor was spread over a {mesh} mesh of devices, a sweep has one device"
            )
        return list(spec.shape)

    return [
        shape,
        lambda: native.dtype(spec.dtype),
        lambda: native.layout(spec.layout),
        lambda: native.tensor_memory_config(spec),
    ]


def _each(makers: Sequence[Callable[[], Any]]) -> list[Any]:
    return [make() for make in makers]


def _available(where: str, make: Callable[[], Any]) -> Any:
    try:
        return make()
    except UnavailableConfiguration as problem:
        return Unavailable(f"{where}{problem.reason}")
