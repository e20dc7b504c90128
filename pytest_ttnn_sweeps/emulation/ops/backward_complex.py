"""Backward operations of complex tensors: a row each, of name, forward function and storage.

ttnn insists on ``memory_config=`` for all but two of them, and hands parts of the incoming gradient on where they are.
A gradient is torch's: for a real function of a complex number the conjugate of what analysis calls the derivative.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..complex_tensor import ComplexTensor
from ..enums import Layout
from ..errors import NotEmulated
from ..memory_config import MemoryConfig
from ..operation import TorchFunction, operation, overload
from ..tensor import Tensor
from . import backward_binary, backward_unary
from .backward import check_alike, golden_of, gradients
from .binary import OPERANDS
from .result import is_float, output, working

assert backward_binary  # to whose operations, and those of backward_unary, some rows add one more way to call
assert backward_unary

Operand = Tensor | ComplexTensor


@dataclass(frozen=True)
class Part:
    """How one part of a gradient is stored.

    ``like``: letters of tensors; it takes the type of the first, and is in tiles if one of them is. ``movable``:
    whether ``memory_config=`` says where it goes.
    """

    like: str
    movable: bool = True


@dataclass(frozen=True)
class Row:
    """The backward operation of ``name`` on complex tensors.

    ``gradients``: real and imaginary part by the operand's letter. ``alike``: the letters of two tensors that must have
    one type. ``real_result``: whether the forward operation gives real numbers. ``new``: whether complex tensors are
    all that the operation takes. ``further``: parameters of both functions that follow the operands.
    """

    name: str
    function: TorchFunction
    gradients: Mapping[str, tuple[Part, Part]]
    alike: str = ""
    real_result: bool = False
    new: bool = False
    further: tuple[inspect.Parameter, ...] = ()
    place_needed: bool = True

    def signature(self) -> inspect.Signature:
        """The one way to call it."""
        names = ["input_tensor"] if len(self.gradients) == 1 else [f"input_tensor_{name}" for name in self.gradients]
        return inspect.Signature(
            [
                _parameter("grad_tensor", annotation="Tensor" if self.real_result else "ComplexTensor"),
                *(_parameter(name, annotation="ComplexTensor") for name in names),
                *self.further,
                inspect.Parameter(
                    "memory_config",
                    inspect.Parameter.KEYWORD_ONLY,
                    default=inspect.Parameter.empty if self.place_needed else None,
                ),
            ]
        )


def _parameter(name: str, annotation: str) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)


def _values(operand: Operand) -> torch.Tensor:
    if isinstance(operand, Tensor):
        return working(operand)
    return torch.complex(working(operand.real), working(operand.imag))


def _parts(operand: Operand) -> tuple[Tensor, Tensor]:
    return (operand, operand) if isinstance(operand, Tensor) else (operand.real, operand.imag)


def _check(row: Row, tensors: Mapping[str, tuple[Tensor, Tensor]]) -> None:
    every = [part for parts in tensors.values() for part in parts]
    if row.alike:
        for one, other in zip(*(tensors[letter] for letter in row.alike), strict=True):
            check_alike(one, other, "WHERE_TST")
    if len({tuple(part.shape) for part in every}) > 1:
        raise NotEmulated("the gradient of a complex tensor of another shape")
    if not all(is_float(part) for part in every):
        raise NotEmulated("the gradient of integers")


def _stored(
    values: torch.Tensor, part: Part, tensors: Mapping[str, Tensor], memory_config: MemoryConfig | None
) -> Tensor:
    model = tensors[part.like[0]]
    tiled = any(tensors[letter].layout is Layout.TILE for letter in part.like)
    return output(
        values,
        model,
        layout=Layout.TILE if tiled else Layout.ROW_MAJOR,
        memory_config=memory_config if part.movable else None,
    )


def _enter(row: Row) -> None:
    def run(*, memory_config: MemoryConfig | None = None, **arguments: Any) -> list[ComplexTensor]:
        grad, *operands = (item for item in arguments.values() if isinstance(item, (Tensor, ComplexTensor)))
        tensors = {letter: _parts(item) for letter, item in zip("gab", (grad, *operands), strict=False)}
        _check(row, tensors)
        settings = {parameter.name: arguments[parameter.name] for parameter in row.further}
        found = gradients(row.function, _values(grad), [_values(operand) for operand in operands], settings)
        sides = [{letter: parts[index] for letter, parts in tensors.items()} for index in (0, 1)]
        return [
            ComplexTensor(
                (
                    _stored(gradient.real, real, sides[0], memory_config),
                    _stored(gradient.imag, imaginary, sides[1], memory_config),
                )
            )
            for (real, imaginary), gradient in zip(row.gradients.values(), found, strict=True)
        ]

    run.__signature__ = row.signature()  # type: ignore[attr-defined]  # read by the form made of it
    name = f"ttnn.{row.name}_bw"
    if row.new:
        operation(name, golden_of(row.function, len(row.gradients)), operands=OPERANDS)(run)
    else:
        overload(name)(run)


def _polar(z: torch.Tensor) -> torch.Tensor:
    return torch.polar(z.real, z.imag)


def _add(a: torch.Tensor, b: torch.Tensor, alpha: float) -> torch.Tensor:
    return torch.add(a, b, alpha=alpha)


def _sub(a: torch.Tensor, b: torch.Tensor, alpha: float) -> torch.Tensor:
    return torch.sub(a, b, alpha=alpha)


_STAYS, _MOVES = Part("g", movable=False), Part("g")
_ALPHA = (_parameter("alpha", annotation="float"),)
_SUM = {"a": (_STAYS, _STAYS), "b": (_MOVES, _MOVES)}
_OF_ONE = {"a": (Part("ga"), Part("ga"))}
_OF_TWO = {"a": (Part("gab"), Part("gab")), "b": (Part("gab"), Part("gab"))}

ROWS = (
    Row("add", _add, _SUM, further=_ALPHA, place_needed=False),
    Row("sub", _sub, _SUM, further=_ALPHA, place_needed=False),
    Row("mul", torch.mul, _OF_TWO),
    Row("div", torch.div, _OF_TWO, alike="bg"),
    Row("abs", torch.abs, _OF_ONE, alike="ag", real_result=True),
    Row("reciprocal", torch.reciprocal, _OF_ONE, alike="ag"),
    Row("angle", torch.angle, _OF_ONE, alike="ag", real_result=True, new=True),
    Row("conj", torch.conj, {"a": (_STAYS, _MOVES)}, new=True),
    Row("polar", _polar, _OF_ONE, new=True),
    Row("real", torch.real, {"a": (_STAYS, Part("a"))}, real_result=True, new=True),
    Row("imag", torch.imag, {"a": (Part("a"), _STAYS)}, real_result=True, new=True),
)

for _row in ROWS:
    _enter(_row)
