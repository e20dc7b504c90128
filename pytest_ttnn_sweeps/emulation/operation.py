"""What an operation is: a dotted name, the ways to call it, and its torch reference; and the table of all of them.

Every call of every operation passes through ``Operation.__call__``, and operations never call each other through it:
whoever wraps that one method sees each call that a user makes, once.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch

from .complex_tensor import ComplexTensor
from .enums import StorageType
from .errors import NotEmulated, fatal
from .tensor import Tensor
from .torch_device import computing_there

TorchFunction = Callable[..., Any]
Function = Callable[..., Any]

_UNSIGNED_BITS = {torch.uint16: 16, torch.uint32: 32}
_UNIVERSAL_KEYWORDS = ("queue_id",)
_PLAIN_TENSOR = re.compile(r"\bTensor\b")
_TENSOR = re.compile(r"\b(Complex)?Tensor\b")


@dataclass(frozen=True)
class Operands:
    """What an operation demands of its tensors' storage, in the words ttnn refuses them with.

    ``{operand}`` in a text becomes A, B, C ... by position. ``on_host`` is None where host tensors will do.
    """

    on_host: str | None
    deallocated: str = "Tensor is not allocated"
    deallocated_alone: str | None = None
    """Where it is the only tensor, if that is said otherwise."""
    looks_at_all: bool = True
    """False where only the first tensor is looked at: ttnn refuses the others when it launches its kernels."""

    def check(self, tensors: Sequence[Tensor]) -> None:
        """Raise ttnn's error for the first tensor that is on the host or has been deallocated."""
        for position, tensor in enumerate(tensors):
            if position and not self.looks_at_all:
                LAUNCHED.check([tensor])
                continue
            operand = "ABCDEFGH"[position] if position < 8 else str(position)
            if self.on_host is not None and tensor.storage_type() is StorageType.HOST:
                raise fatal(self.on_host.format(operand=operand))
            if not tensor.is_allocated():
                alone = self.deallocated_alone if len(tensors) == 1 else None
                raise fatal(alone or self.deallocated.format(operand=operand))


ANYWHERE = Operands(on_host=None)
LAUNCHED = Operands("Device Operations expect device tensors as inputs", "Input Tensor is not allocated")
"""What operations demand that look at none of their tensors before they launch their kernels."""
ON_DEVICE = Operands(on_host="Tensor must already be on device")


class Form:
    """One way to call an operation: a function with ttnn's parameter names, order and defaults."""

    __slots__ = ("_tensor_parameters", "function", "signature")

    def __init__(self, function: Function, signature: inspect.Signature | None = None) -> None:
        self.function = function
        self.signature = signature or inspect.signature(function)
        self._tensor_parameters = {
            parameter.name: parameter.annotation
            for parameter in self.signature.parameters.values()
            if isinstance(parameter.annotation, str) and _TENSOR.search(parameter.annotation)
        }

    def tensors(self, arguments: dict[str, Any]) -> list[Tensor]:
        """The tensors among ``arguments``, in order; a TypeError for anything else where a tensor is due."""
        found: list[Tensor] = []
        for name, annotation in self._tensor_parameters.items():
            value = arguments.get(name)
            if isinstance(value, ComplexTensor) and "ComplexTensor" in annotation:
                found += (value.real, value.imag)
            elif isinstance(value, Tensor) and _PLAIN_TENSOR.search(annotation):
                found.append(value)
            elif annotation.startswith(("Sequence[Tensor", "tuple[Tensor")) and isinstance(value, (list, tuple)):
                found.extend(_only_tensors(name, value))
            elif not _may_stand_for_tensor(value, annotation):
                kind = "ComplexTensor" if annotation == "ComplexTensor" else "Tensor"
                raise TypeError(f"{name!r} is a {type(value).__name__}, not a ttnn.{kind}")
        return found

    def __str__(self) -> str:
        parameters = [
            parameter.replace(annotation=inspect.Parameter.empty) for parameter in self.signature.parameters.values()
        ]
        return str(inspect.Signature(parameters))


def _only_tensors(name: str, values: Sequence[object]) -> list[Tensor]:
    tensors = [value for value in values if isinstance(value, Tensor)]
    if len(tensors) < len(values):
        raise TypeError(f"{name!r} has items that aren't ttnn.Tensors")
    return tensors


def _may_stand_for_tensor(value: object, annotation: str) -> bool:
    if value is None:
        return "None" in annotation
    if isinstance(value, (int, float)):
        return "float" in annotation
    if isinstance(value, (list, tuple)):
        return "Sequence" in annotation
    # A one-element torch tensor or numpy scalar converts to a number, and ttnn takes it for one.
    return "float" in annotation and hasattr(value, "__float__") and not isinstance(value, str)


class Operation:
    """A callable operation of ttnn.

    ``name`` is its dotted name (``ttnn.relu``), ``golden_function`` its reference on torch tensors, taking ttnn's
    arguments and ignoring those that only a device has a use for; None where there is no reference.

    Calling it raises a one-line ``TypeError`` for arguments that no form accepts, ttnn's own ``RuntimeError`` for
    arguments that ttnn refuses, and ``NotEmulated`` for what only the emulation can't do.
    """

    __slots__ = ("_renamed", "forms", "golden_function", "name", "operands")

    def __init__(
        self,
        name: str,
        forms: Sequence[Form],
        golden: TorchFunction | None,
        *,
        operands: Operands = ON_DEVICE,
        renamed: dict[str, str | None] | None = None,
    ) -> None:
        self.name = name
        self.operands = operands
        self._renamed = renamed or {}
        self.golden_function = None if golden is None else reference(golden, self._renamed)
        self.forms = tuple(forms)

    @property
    def python_fully_qualified_name(self) -> str:
        """The name, under the attribute that ttnn's own operations have it."""
        return self.name

    @property
    def __name__(self) -> str:
        return self.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        form, arguments = self._bind(args, kwargs)
        try:
            with computing_there():
                return form.function(**arguments)
        except NotEmulated as gap:
            raise NotEmulated(f"{self.name}: {gap.what}") from None

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Form, dict[str, Any]]:
        keywords = {self._current_name(name): value for name, value in kwargs.items() if self._takes(name)}
        complaint: TypeError | None = None
        for form in self.forms:
            try:
                bound = form.signature.bind(*args, **keywords)
                tensors = form.tensors(bound.arguments)
            except TypeError as error:
                complaint = complaint or error
            else:
                self.operands.check(tensors)
                return form, bound.arguments
        forms = " or ".join(str(form) for form in self.forms)
        raise TypeError(f"{self.name}(): incompatible function arguments: {complaint}. It takes {forms}") from None

    def _current_name(self, keyword: str) -> str:
        return self._renamed.get(keyword) or keyword

    def _takes(self, keyword: str) -> bool:
        return keyword not in _UNIVERSAL_KEYWORDS and self._renamed.get(keyword, keyword) is not None

    def __repr__(self) -> str:
        return f"Operation({self.name!r})"


def reference(golden: TorchFunction, renamed: Mapping[str, str | None] = MappingProxyType({})) -> TorchFunction:
    """``golden`` as ttnn's golden functions behave: deaf to keywords it hasn't got, unsigned integers that wrap around.

    ``renamed`` maps other names of its keywords to those that it has.

    torch has next to no arithmetic on uint16 and uint32. Such tensors are widened to int64 for the computation, and an
    integer result is brought back to the first one's type modulo 2**bits.
    """
    accepted = _parameter_names(golden)

    def golden_function(*args: Any, **kwargs: Any) -> Any:
        current = {renamed.get(name) or name: value for name, value in kwargs.items()}
        keywords = {name: value for name, value in current.items() if name in accepted}
        unsigned = next(
            (arg.dtype for arg in args if isinstance(arg, torch.Tensor) and arg.dtype in _UNSIGNED_BITS), None
        )
        if unsigned is None:
            return golden(*args, **keywords)
        result = golden(*map(_widened, args), **{name: _widened(value) for name, value in keywords.items()})
        return _narrowed(result, unsigned)

    return golden_function


def _parameter_names(golden: TorchFunction) -> frozenset[str]:
    try:
        return frozenset(inspect.signature(golden).parameters)
    except ValueError:  # torch's builtins have no signature; none of them takes a keyword of ttnn's
        return frozenset()


def _widened(value: Any) -> Any:
    return value.to(torch.int64) if isinstance(value, torch.Tensor) and value.dtype in _UNSIGNED_BITS else value


def _narrowed(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_narrowed(item, dtype) for item in value)
    if isinstance(value, torch.Tensor) and value.dtype is torch.int64:
        return (value & (2 ** _UNSIGNED_BITS[dtype] - 1)).to(dtype)
    return value


_operations: dict[str, Operation] = {}
OPERATIONS = MappingProxyType(_operations)
"""Every operation by dotted name. An alias (``ttnn.mul``) is another key of the same object, as in ttnn."""


def enter(operation: Operation) -> Operation:
    """Put ``operation`` into the table under its name."""
    if operation.name in _operations:
        raise ValueError(f"{operation.name} is in the table already")
    _operations[operation.name] = operation
    return operation


def alias(name: str, target: str) -> None:
    """Make ``name`` another name of the operation ``target``."""
    _operations[name] = _operations[target]


def operation(
    name: str,
    golden: TorchFunction | None,
    *,
    others: Sequence[Function] = (),
    operands: Operands = ON_DEVICE,
    renamed: dict[str, str | None] | None = None,
) -> Callable[[Function], Operation]:
    """A decorator that enters a function into the table as the operation ``name``.

    ``others`` are further ways to call it, tried in order. ``renamed`` maps the keywords of older releases to today's,
    or to None where they have no meaning any more.
    """

    def decorate(function: Function) -> Operation:
        forms = [Form(function), *map(Form, others)]
        return enter(Operation(name, forms, golden, operands=operands, renamed=renamed))

    return decorate


def overload(name: str) -> Callable[[Function], Function]:
    """A decorator that makes a function one more way to call the operation ``name``, tried after the others."""

    def decorate(function: Function) -> Function:
        _operations[name].forms += (Form(function),)
        return function

    return decorate


def operation_named(name: str) -> Operation:
    """The operation with the dotted name ``name``, with or without its leading ``ttnn.``; KeyError if there is none."""
    return _operations[name if name.startswith("ttnn.") else f"ttnn.{name}"]


def get_golden_function(operation: Operation) -> TorchFunction:
    """The torch reference of ``operation``; RuntimeError when it has none."""
    if operation.golden_function is None:
        raise RuntimeError(f"{operation} does not have a golden function")
    return operation.golden_function
