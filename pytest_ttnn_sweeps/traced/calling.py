"""How a traced configuration is called from Python: which arguments by position, which by keyword."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.native import NativeValues, unreadable
from pytest_ttnn_sweeps.traced.operations import SIGNATURES
from pytest_ttnn_sweeps.traced.signatures import Form, Parameter, device, flag
from pytest_ttnn_sweeps.traced.values import ABSENT, Opaque, Queue, TensorSpec, Value, canonical


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of one call. A value that is absent isn't among them, one that is None is."""

    positional: tuple[Value, ...]
    keywords: Mapping[str, Value]


def call_of(configuration: TracedConfiguration, assume_defaults: Collection[str] = ()) -> Call:
    """How to call the operation of ``configuration`` as it was called.

    A call that was recorded with keywords, or of an operation whose signature the package doesn't know, is repeated as
    it stands. One that is all positional may be a C++ call, in which every argument has its place and ``nullopt``
    stands for what nobody passed: there those up to the last required one stay positional and the others are passed by
    ttnn's keywords, which is the same to an operation that takes them by position too.

    Where older tracers could not print a parameter of ``assume_defaults``, it is left out. Raises
    ``UnavailableConfiguration`` where a position isn't recorded, or where a C++ call fits no known form.
    """
    signature = SIGNATURES.get(configuration.operation)
    if signature is not None and not configuration.keywords:
        return _by_keywords(*signature.passed(configuration), assume_defaults)
    positional = [value for value in configuration.positional if not isinstance(value, Queue)]
    while positional and positional[-1] is ABSENT:
        positional.pop()
    if ABSENT in positional:
        raise UnavailableConfiguration(f"argument {positional.index(ABSENT)} isn't in the trace, later ones are")
    keywords = {
        name: value
        for name, value in configuration.keywords.items()
        if value is not ABSENT and not (name in assume_defaults and isinstance(value, Opaque))
    }
    return Call(tuple(positional), keywords)


def _by_keywords(form: Form, passed: Mapping[str, Value], assume_defaults: Collection[str]) -> Call:
    required = [at for at, parameter in enumerate(form) if parameter.default is ABSENT]
    # ttnn takes nothing by position where it takes the device.
    takes_positions = not any(parameter.kind is device for parameter in form)
    last = max(required, default=-1) if takes_positions else -1
    positional: list[Value] = []
    keywords: dict[str, Value] = {}
    for at, parameter in enumerate(form):
        value = passed.get(parameter.name, ABSENT)
        if value is ABSENT or _is_left_out(parameter, value, assume_defaults):
            continue
        if parameter.kind is flag and isinstance(value, int):
            value = bool(value)  # C++ prints 0 and 1.
        if at <= last and len(positional) == at:
            positional.append(value)
        else:
            keywords[parameter.keyword or parameter.name] = value
    return Call(tuple(positional), keywords)


def _is_left_out(parameter: Parameter, value: Value, assume_defaults: Collection[str]) -> bool:
    if isinstance(value, Opaque):
        return parameter.name in assume_defaults and parameter.kind is not device
    # A C++ call names all of ttnn's own, and not every ttnn knows them.
    return not parameter.is_shown and canonical(value) == canonical(parameter.default)


@dataclass(frozen=True, slots=True)
class Made:
    """A call with the objects that it passes."""

    positional: list[Any]
    keywords: dict[str, Any]

    def mapped(self, change: Callable[[Any], Any]) -> Made:
        """The same call with ``change`` of every value, inside of lists too."""
        keywords = {name: _mapped(value, change) for name, value in self.keywords.items()}
        return Made([_mapped(value, change) for value in self.positional], keywords)


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    return [_mapped(item, change) for item in value] if isinstance(value, list) else change(value)


def make(call: Call, native: NativeValues, tensor: Callable[[TensorSpec, str], Any], the_device: Any) -> Made:
    """``call`` with what ``native`` and, for tensors, ``tensor`` give for its values, and ``the_device`` for the traced
    run's. Raises ``UnavailableConfiguration`` that names the argument.
    """

    def made(value: Value, keyword: str = "") -> Any:
        if isinstance(value, TensorSpec):
            return tensor(value, keyword)
        if device(value):
            return the_device
        if isinstance(value, Opaque):
            raise UnavailableConfiguration(unreadable(value))
        if isinstance(value, tuple):
            return [made(item, keyword) for item in value]
        return native.value(value)

    positional, keywords = [], {}
    named: list[tuple[int | str, Value]] = [*enumerate(call.positional), *call.keywords.items()]
    for name, value in named:
        try:
            if isinstance(name, int):
                positional.append(made(value))
            else:
                keywords[name] = made(value, name)
        except UnavailableConfiguration as problem:
            raise UnavailableConfiguration(f"argument {name!r}: {problem.reason}") from None
    return Made(positional, keywords)
