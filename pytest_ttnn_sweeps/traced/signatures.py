"""Parameters of operations, and how the arguments of a traced call bind to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.values import (
    ABSENT,
    Enumerator,
    MemoryConfig,
    Opaque,
    Queue,
    Struct,
    TensorSpec,
    Value,
)

Kind = Callable[[Value], bool]


@dataclass(frozen=True)
class Parameter:
    """A parameter of an operation. ``default`` is ttnn's, ``ABSENT`` where the call must pass it."""

    name: str
    kind: Kind
    default: Value = ABSENT
    keyword: str = ""
    """ttnn's name where it isn't ``name``: the first tensors are ``input_a``, ``input_b``, ... in every operation."""
    scalar: str = ""
    """For an operand that is a tensor or a number: what the number is called."""
    is_shown: bool = True
    """Whether vectors carry it. Others must have their default, or the configuration is unavailable."""

    @property
    def is_tensor(self) -> bool:
        return self.kind in (tensor, tensors, operand)

    def accepts(self, value: Value) -> bool:
        """Whether a call may pass ``value``; ``None`` stands for the default, and the unreadable may be anything."""
        if value is None or value is ABSENT:
            return self.default is not ABSENT
        return isinstance(value, Opaque) or self.kind(value)


Form = tuple[Parameter, ...]


@dataclass(frozen=True)
class Signature:
    """The positional forms of an operation, tried in order, and the parameters that only keywords can pass."""

    forms: tuple[Form, ...]
    keywords: Form = ()

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every parameter of any form once: tensors first, otherwise in order."""
        distinct = {parameter.name: parameter for form in (*self.forms, self.keywords) for parameter in form}
        return tuple(sorted(distinct.values(), key=lambda parameter: not parameter.is_tensor))

    def bind(self, configuration: TracedConfiguration) -> dict[str, Value]:
        """The arguments by parameter name, with ttnn's default for every parameter that the call left alone.

        Raises ``UnavailableConfiguration`` where the arguments fit no form.
        """
        _, passed = self.passed(configuration)
        return {parameter.name: passed.get(parameter.name, parameter.default) for parameter in self.parameters}

    def passed(self, configuration: TracedConfiguration) -> tuple[Form, dict[str, Value]]:
        """The form of the call and the arguments, by parameter name, that it passes; what it passes None for it leaves
        alone. Raises as ``bind`` does.
        """
        # Older libraries pass the command queue in front of the others; sweeps always run on the default one.
        positional = [value for value in configuration.positional if not isinstance(value, Queue)]
        for form in self.forms:
            bound = self._bind(form, positional, configuration.keywords)
            if bound is not None:
                return form, bound
        kinds = ", ".join([*map(_kind_name, positional), *configuration.keywords])
        raise UnavailableConfiguration(f"the arguments ({kinds}) fit no known form of {configuration.operation}")

    def _bind(self, form: Form, positional: Sequence[Value], keywords: Mapping[str, Value]) -> dict[str, Value] | None:
        if len(positional) > len(form):
            return None
        bound: dict[str, Value] = {}
        for parameter, value in zip(form, positional):
            if not parameter.accepts(value):
                return None
            if value is not None and value is not ABSENT:
                bound[parameter.name] = value
        by_keyword = {parameter.keyword or parameter.name: parameter for parameter in (*form, *self.keywords)}
        for keyword, value in keywords.items():
            named = by_keyword.get(keyword)
            if named is None and value is None:
                continue
            if named is None or named.name in bound or not named.accepts(value):
                return None
            if value is not None:
                bound[named.name] = value
        if any(parameter.default is ABSENT and parameter.name not in bound for parameter in form):
            return None
        return bound


def _kind_name(value: Value) -> str:
    if isinstance(value, TensorSpec):
        return "tensor"
    return f"unreadable: {value.reason}" if isinstance(value, Opaque) else type(value).__name__


def tensor(value: Value) -> bool:
    return isinstance(value, TensorSpec)


def tensors(value: Value) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(item, TensorSpec) for item in value)


def operand(value: Value) -> bool:
    return isinstance(value, TensorSpec) or number(value)


def number(value: Value) -> bool:
    return isinstance(value, (bool, int, float))


def flag(value: Value) -> bool:
    return isinstance(value, (bool, int)) and value in (0, 1)


def integer(value: Value) -> bool:
    return isinstance(value, int)


def integers(value: Value) -> bool:
    return isinstance(value, tuple) and all(isinstance(item, int) for item in value)


def dimensions(value: Value) -> bool:
    return integer(value) or integers(value)


def pairs(value: Value) -> bool:
    return isinstance(value, tuple) and bool(value) and all(integers(item) for item in value)


def memory(value: Value) -> bool:
    return isinstance(value, MemoryConfig)


def enumerator(value: Value) -> bool:
    return isinstance(value, Enumerator)


def struct(value: Value) -> bool:
    return isinstance(value, Struct)


def text(value: Value) -> bool:
    return isinstance(value, str)


def anything(value: Value) -> bool:
    return True


def device(value: Value) -> bool:
    """The device of the traced run, for which a sweep has its own."""
    return (isinstance(value, Struct) and value.name == "MeshDevice") or (
        isinstance(value, Opaque) and "MeshDevice" in value.text
    )
