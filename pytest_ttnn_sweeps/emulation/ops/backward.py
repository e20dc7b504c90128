"""What all backward operations have in common: gradients by torch's autograd, and ttnn's rules for storing them.

A backward operation takes the gradient of a forward operation's result, then that operation's operands, and gives a
list of the operands' gradients. Its tables name tensors by letters: g for the incoming gradient, a, b, c for the
operands. Which tensor an output takes its type and its place from is what ttnn 0.81.1 was seen to do.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import reduce
from typing import Any

import torch

from ..enums import Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form, Operation, TorchFunction, enter
from ..tensor import Tensor
from .binary import OPERANDS
from .broadcast import broadcast_shape, model_operand
from .result import BLOCK_FLOATS, cpp, is_float, output, working
from .signature import further_parameters, signature

MEMORY = ("memory_config",)


class Rows(Enum):
    """What a backward operation makes of tensors in rows instead of tiles."""

    TAKEN = "takes them, also beside tensors in tiles"
    ALL_OR_NONE = "takes them where every tensor is in rows"
    SHARDED = "takes them sharded; it consists of ternary operations"
    REFUSED = "refuses them; it writes into outputs that it has allocated before"


@dataclass(frozen=True)
class Gradient:
    """How the gradient of one operand is stored.

    ``dtype``: the letter of the tensor whose type it takes. ``place``: those of the tensors among which it takes its
    place in memory, as a binary operation on them would; with one letter, that tensor's place. ``movable``: whether
    ``memory_config=`` says where it goes. ``into``: the keyword of a preallocated output.
    """

    dtype: str
    place: str
    movable: bool = True
    into: str = ""


@dataclass(frozen=True)
class Way:
    """One way to call a backward operation.

    ``operands``: the names after ``grad_tensor``, with the annotation of each. ``gradients``: of those that are
    tensors, by letter. ``alike``: the letters of two tensors that must have one type, and the name of the operation
    that says so. ``some_required``: whether ttnn refuses a call that requires no output at all.
    """

    operands: Mapping[str, str]
    gradients: Mapping[str, Gradient]
    alike: tuple[str, str] = ("", "")
    rows: Rows = Rows.TAKEN
    keywords: tuple[str, ...] = MEMORY
    some_required: bool = True
    no_block_floats: bool = False

    def check(self, tensors: Mapping[str, Tensor]) -> None:
        """Raise ttnn's error for types, layouts and shapes that the operation doesn't take."""
        if self.no_block_floats and any(tensor.dtype in BLOCK_FLOATS for tensor in tensors.values()):
            raise fatal("BFLOAT8_B/BFLOAT4_B dtypes are not supported !!")
        self._check_layouts(tensors)
        reduce(broadcast_shape, (tuple(tensor.shape) for tensor in tensors.values()))
        if len({tuple(tensor.shape) for tensor in tensors.values()}) > 1:
            raise NotEmulated("the gradient of an operand of another shape")
        if not all(is_float(tensor) for tensor in tensors.values()):
            raise NotEmulated("the gradient of integers")
        letters, name = self.alike
        if letters:
            check_alike(tensors[letters[0]], tensors[letters[1]], name)

    def required(self, asked: Sequence[bool] | None) -> Sequence[bool]:
        """Which of the gradients are to be calculated; ttnn's error where too few are asked for, or none."""
        if asked is None:
            return [True] * len(self.gradients)
        if len(asked) < len(self.gradients):
            size = len(asked)
            raise IndexError(f"vector<bool>::_M_range_check: __n (which is {size}) >= this->size() (which is {size})")
        if self.some_required and not any(asked):
            raise fatal("At least one gradient is expected to be calculated.")
        return asked

    def _check_layouts(self, tensors: Mapping[str, Tensor]) -> None:
        in_rows = [letter for letter, tensor in tensors.items() if tensor.layout is Layout.ROW_MAJOR]
        if self.rows is Rows.SHARDED and any(not tensors[letter].is_sharded() for letter in in_rows if letter != "g"):
            raise fatal(
                "Ternary operation requires tensor to be in Tile layout when working with non-sharded input tensor. "
                f"Input tensor layout: {Layout.ROW_MAJOR.value}"
            )
        if self.rows is Rows.REFUSED and len(in_rows) == len(tensors):
            what = "Optional output tensor with Row Major input is not supported right now"
            raise fatal(f"{what} for Elementwise operations")
        if self.rows in (Rows.REFUSED, Rows.ALL_OR_NONE) and 0 < len(in_rows) < len(tensors):
            raise NotEmulated("a gradient in another layout than its operands")

    def store(
        self,
        letter: str,
        values: torch.Tensor,
        tensors: Mapping[str, Tensor],
        memory_config: MemoryConfig | None,
        into: Tensor | None,
    ) -> Tensor:
        """The gradient of the operand ``letter``."""
        gradient = self.gradients[letter]
        model = reduce(model_operand, (tensors[tensor] for tensor in gradient.place))
        if into is not None and tuple(into.shape) != tuple(values.shape):
            shapes = f"{into.shape} provided does not match the broadcasted output shape {model.shape}"
            raise fatal(f"Shape of Output tensor {shapes}")
        return output(
            values,
            model,
            dtype=tensors[gradient.dtype].dtype,
            layout=self._layout(gradient, tensors),
            memory_config=memory_config if gradient.movable else None,
            into=into,
        )

    def _layout(self, gradient: Gradient, tensors: Mapping[str, Tensor]) -> Layout:
        only = len(gradient.place) == 1 and not self.alike[0]
        deciding = [tensors[gradient.place]] if only else list(tensors.values())
        return Layout.TILE if any(tensor.layout is Layout.TILE for tensor in deciding) else Layout.ROW_MAJOR


def check_alike(a: Tensor, b: Tensor, name: str) -> None:
    """Raise ttnn's error, under a binary operation's name, for two tensors of different types."""
    if a.dtype is not b.dtype:
        types = f"dtype A: {cpp(a.dtype)}, dtype B: {cpp(b.dtype)}"
        raise fatal(f"Mixed dtype is not supported for binary operation BinaryOpType::{name}, {types}")


def gradients(
    function: TorchFunction, grad: torch.Tensor, operands: Sequence[Any], settings: Mapping[str, Any]
) -> list[torch.Tensor]:
    """The gradients of ``function`` with respect to those of its operands that are tensors.

    ``grad`` is the gradient of the function's result, and of its shape. A gradient that doesn't exist is zeros. The
    operands' own ``grad`` stays as it is.
    """
    taken = [operand.detach() if isinstance(operand, torch.Tensor) else operand for operand in operands]
    sources = [item.requires_grad_() for item in taken if isinstance(item, torch.Tensor)]
    with torch.enable_grad():
        result = function(*taken, **settings)
    return list(torch.autograd.grad(result, sources, grad.detach(), allow_unused=True, materialize_grads=True))


def of_each_required(items: Sequence[Any], required: Sequence[bool] | None) -> list[Any]:
    """``items`` with None in the place of those that aren't required."""
    if required is None:
        return list(items)
    return [item if wanted else None for item, wanted in zip(items, required, strict=True)]


def golden_of(function: TorchFunction, operands: int, *, first: int = 0, packs: bool = True) -> TorchFunction:
    """The torch reference of a backward operation, by autograd of its forward ``function`` of so many operands.

    It gives the gradients of the operands from number ``first`` on. ``packs``: whether a complex one comes as ttnn has
    it, the real parts and then the imaginary parts along the last dimension.
    """
    anywhere = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = [f"input_tensor_{letter}" for letter in "abc"[:operands]] if operands > 1 else ["input_tensor"]
    parameters = further_parameters(function, 0)
    own = inspect.Signature(
        [
            inspect.Parameter("grad_tensor", anywhere),
            *(
                inspect.Parameter(name, anywhere, default=_default(parameters[i : i + 1]))
                for i, name in enumerate(names)
            ),
            *parameters[operands:],
            inspect.Parameter("are_required_outputs", inspect.Parameter.KEYWORD_ONLY, default=None),
        ]
    )

    def golden(*args: Any, **kwargs: Any) -> list[Any]:
        arguments = own.bind(*args, **kwargs).arguments
        grad, required = arguments.pop("grad_tensor"), arguments.pop("are_required_outputs", None)
        taken = [arguments.pop(name) for name in names if name in arguments]
        found = gradients(function, grad, taken, arguments)[first:]
        return of_each_required([_packed(item) if packs and item.is_complex() else item for item in found], required)

    golden.__signature__ = own  # type: ignore[attr-defined]  # read by whoever calls with keywords
    return golden


def _packed(gradient: torch.Tensor) -> torch.Tensor:
    return torch.cat((gradient.real, gradient.imag), dim=-1)


def _default(parameter: Sequence[inspect.Parameter]) -> Any:
    return parameter[0].default if parameter else inspect.Parameter.empty


def form(function: TorchFunction, way: Way, further: Sequence[inspect.Parameter] = ()) -> Form:
    """The way to call a backward operation whose forward operation is ``function``."""

    def run(
        grad_tensor: Tensor,
        memory_config: MemoryConfig | None = None,
        are_required_outputs: Sequence[bool] | None = None,
        **arguments: Any,
    ) -> list[Tensor | None]:
        operands = [arguments.pop(name) for name in way.operands]
        into = {gradient.into: arguments.pop(gradient.into, None) for gradient in way.gradients.values()}
        tensors = {letter: item for letter, item in zip("gabc", (grad_tensor, *operands)) if isinstance(item, Tensor)}
        required = way.required(are_required_outputs)
        way.check(tensors)
        settings = {name: _values(item) for name, item in arguments.items()}
        found = gradients(function, working(grad_tensor), [_values(item) for item in operands], settings)
        by_letter = dict(zip(list(tensors)[1:], found, strict=True))
        return [
            way.store(letter, by_letter[letter], tensors, memory_config, into[gradient.into]) if wanted else None
            for (letter, gradient), wanted in zip(way.gradients.items(), required)
        ]

    return Form(run, signature({"grad_tensor": "Tensor", **way.operands}, further, (), way.keywords))


def _values(argument: Any) -> Any:
    return working(argument) if isinstance(argument, Tensor) else argument


def enter_backward(
    name: str, forms: Sequence[Form], golden: TorchFunction, renamed: dict[str, str | None] | None = None
) -> None:
    """Put the backward operation of ``ttnn.<name>`` into the table."""
    enter(Operation(f"ttnn.{name}_bw", forms, golden, operands=OPERANDS, renamed=renamed))
