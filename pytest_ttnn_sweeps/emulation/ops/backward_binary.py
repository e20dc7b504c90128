"""Backward operations of elementwise operations of several tensors: a row for each way to call them.

ttnn has two ways for most operations of two operands: with two tensors, and with a tensor and a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..operation import Form, TorchFunction
from .backward import MEMORY, Gradient, Rows, Way, enter_backward, form, golden_of
from .signature import further_parameters
from .unary import check_rounding

_OPTIONAL = (*MEMORY, "are_required_outputs")
_OTHERS = {"a": Gradient("a", "a", into="input_grad"), "b": Gradient("b", "b", into="other_grad")}
_LETTERED = {"a": Gradient("a", "a", into="input_a_grad"), "b": Gradient("b", "b", into="input_b_grad")}
_LIKE_GRAD = {"a": Gradient("g", "g", into="input_grad"), "b": Gradient("g", "g", into="other_grad")}
_NUMBER = {"a": Gradient("a", "a", into="input_grad")}
_STAYS = Gradient("g", "g", movable=False)
_A_TENSOR, _B_TENSOR, _C_TENSOR = ({f"input_tensor_{letter}": "Tensor"} for letter in "abc")
_TWO = _A_TENSOR | _B_TENSOR
_THREE = _TWO | _C_TENSOR
_AND_OTHER = {"input_tensor": "Tensor", "other_tensor": "Tensor"}
_AND_SCALAR = _A_TENSOR | {"scalar": "float"}


def _both(dtype: str, place: str) -> Mapping[str, Gradient]:
    return {"a": Gradient(dtype, place), "b": Gradient(dtype, place)}


@dataclass(frozen=True)
class Row:
    """A backward operation: its forward function, the ways to call it, the keywords of older releases.

    ``first``: which operand is the first that its reference gives a gradient of. ``reference``: what the reference
    differentiates where that has parameters of its own.
    """

    name: str
    function: TorchFunction
    ways: tuple[Way, ...]
    renamed: tuple[tuple[str, str], ...] = ()
    first: int = 0
    reference: TorchFunction | None = None

    @property
    def arity(self) -> int:
        """The number of operands, counting a number in the place of one."""
        return len(self.ways[0].operands)

    @property
    def forms(self) -> list[Form]:
        """The ways to call it, with the forward function's further parameters."""
        further = further_parameters(self.function, self.arity)
        return [form(self.function, way, further) for way in self.ways]


def _with_outputs(gradients: Mapping[str, Gradient]) -> tuple[str, ...]:
    return (*_OPTIONAL, *(gradient.into for gradient in gradients.values()))


def _arithmetic(
    *, some_required: bool = True, rows: Rows = Rows.REFUSED, number_rows: Rows = Rows.REFUSED
) -> tuple[Way, Way]:
    """Two tensors or a tensor and a number, with gradients stored like the operands."""
    tensors = Way(_AND_OTHER, _OTHERS, rows=rows, keywords=_with_outputs(_OTHERS), some_required=some_required)
    number = Way(_AND_SCALAR, _NUMBER, rows=number_rows, keywords=(*MEMORY, "input_grad"))
    return tensors, number


def _complex_alpha(function: TorchFunction) -> TorchFunction:
    def scaled(a: torch.Tensor, b: Any, alpha: float = 1.0) -> torch.Tensor:
        result: torch.Tensor = function(a, b, alpha=alpha if a.is_complex() else 1.0)
        return result

    return scaled


def _addalpha(a: torch.Tensor, b: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return torch.add(a, b, alpha=alpha)


def _subalpha(a: torch.Tensor, b: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return torch.sub(a, b, alpha=alpha)


def _div(a: torch.Tensor, b: Any, rounding_mode: str | None = None) -> torch.Tensor:
    mode = None if rounding_mode == "None" else rounding_mode  # the spelling of older releases
    check_rounding(mode)
    return torch.div(a, b, rounding_mode=mode)


def _assign(a: torch.Tensor, b: torch.Tensor | None = None) -> torch.Tensor:
    return a.clone() if b is None else a + b  # ttnn hands the same gradient to both


def _squared_difference(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.square(a - b)


def _addcmul(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, alpha: float) -> torch.Tensor:
    return torch.addcmul(a, b, c, value=alpha)


def _addcdiv(a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, alpha: float) -> torch.Tensor:
    return torch.addcdiv(a, b, c, value=alpha)


def _where(condition: torch.Tensor, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return torch.where(condition != 0, a, b)


_REST = (
    Way(_TWO, {"a": _STAYS, "b": Gradient("g", "gab")}),
    Way(_AND_SCALAR, {"a": _STAYS}),
)
_EXTREME = Way(_TWO, _both("g", "bga"), ("bg", "WHERE_TTS"), Rows.SHARDED)
_ALPHA = Way(_TWO, _LETTERED, rows=Rows.REFUSED, keywords=_with_outputs(_LETTERED))
_FIRST_STAYS = {"a": _STAYS, "b": Gradient("g", "a"), "c": Gradient("g", "a")}
_CHOSEN = {"b": Gradient("g", "g", into="input_a_grad"), "c": Gradient("g", "g", into="input_b_grad")}

ROWS = (
    Row("add", torch.add, _arithmetic(number_rows=Rows.ALL_OR_NONE), reference=_complex_alpha(torch.add)),
    Row("sub", torch.sub, _arithmetic(number_rows=Rows.ALL_OR_NONE), reference=_complex_alpha(torch.sub)),
    Row("mul", torch.mul, _arithmetic(some_required=False, rows=Rows.TAKEN)),
    Row("div", _div, _arithmetic(), (("round_mode", "rounding_mode"),)),
    Row("rsub", torch.rsub, (Way(_TWO, _LIKE_GRAD, keywords=_with_outputs(_LIKE_GRAD)),)),
    Row("addalpha", _addalpha, (_ALPHA,)),
    Row("subalpha", _subalpha, (Way(_TWO, _OTHERS, rows=Rows.REFUSED, keywords=_with_outputs(_OTHERS)),)),
    Row(
        "assign",
        _assign,
        (
            Way(_TWO, _LETTERED, rows=Rows.ALL_OR_NONE, keywords=_with_outputs(_LETTERED)),
            Way(
                {"input_tensor": "Tensor"},
                {"a": Gradient("g", "g", movable=False, into="input_a_grad")},
                keywords=(*MEMORY, "input_a_grad"),
            ),
        ),
    ),
    Row("fmod", torch.fmod, _REST),
    Row("remainder", torch.remainder, _REST),
    Row("hypot", torch.hypot, (Way(_TWO, _both("g", "a"), ("ab", "HYPOT")),)),
    Row("atan2", torch.atan2, (Way(_TWO, {"a": Gradient("a", "bga"), "b": Gradient("a", "agb")}, ("ab", "HYPOT")),)),
    Row("ldexp", torch.ldexp, (Way(_TWO, {"a": Gradient("g", "a"), "b": Gradient("a", "a")}),)),
    Row("logaddexp", torch.logaddexp, (Way(_TWO, _both("g", "gab"), no_block_floats=True),)),
    Row("logaddexp2", torch.logaddexp2, (Way(_TWO, _both("g", "a"), no_block_floats=True),)),
    Row("squared_difference", _squared_difference, (Way(_TWO, _both("g", "gab")),)),
    Row("xlogy", torch.xlogy, (Way(_TWO, {"a": Gradient("g", "gb"), "b": Gradient("g", "gab")}, ("ab", "WHERE_TST")),)),
    Row("max", torch.max, (_EXTREME,)),
    Row("min", torch.min, (_EXTREME,)),
    Row("addcmul", _addcmul, (Way(_THREE, _FIRST_STAYS),)),
    Row("addcdiv", _addcdiv, (Way(_THREE, _FIRST_STAYS, rows=Rows.SHARDED),)),
    Row(
        "lerp",
        torch.lerp,
        (
            Way(_THREE, {"a": Gradient("g", "gc"), "b": Gradient("g", "gc"), "c": Gradient("g", "gab")}),
            Way(_TWO | {"scalar": "float"}, _both("g", "g")),
        ),
    ),
    Row(
        "where",
        _where,
        (
            Way(
                _THREE,
                _CHOSEN,
                ("ag", "WHERE_TTS"),
                keywords=_with_outputs(_CHOSEN),
                some_required=False,
            ),
        ),
        first=1,
    ),
)

for _row in ROWS:
    _golden = golden_of(_row.reference or _row.function, _row.arity, first=_row.first)
    enter_backward(_row.name, _row.forms, _golden, dict(_row.renamed))
