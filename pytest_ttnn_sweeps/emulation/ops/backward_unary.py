"""Backward operations of elementwise operations of one tensor: a row each, of name, forward function and storage.

A forward function's further parameters are the operation's, as in the table of the forward operations.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch.nn import functional

from ..errors import fatal
from ..operation import Form, TorchFunction
from .backward import MEMORY, Gradient, Rows, Way, enter_backward, form, golden_of
from .signature import further_parameters
from .unary import check_rounding

_TST, _TTS = ("ag", "WHERE_TST"), ("ag", "WHERE_TTS")
_FREE = ("", "")
# Which gradient is like which tensor: the incoming one, the operand, or the one that wins in a binary operation.
_LIKE_GRAD = Gradient("g", "g")
_GRAD_FIRST = Gradient("g", "ga")
_OPERAND_FIRST = Gradient("g", "ag")
_LIKE_OPERAND = Gradient("a", "a", into="input_grad")
_INTO = Gradient("g", "g", into="input_grad")
_STAYS = Gradient("g", "g", movable=False)


@dataclass(frozen=True)
class Row:
    """The backward operation of ``name``. ``preallocated``: whether it takes a tensor to write the gradient into."""

    name: str
    function: TorchFunction
    gradient: Gradient
    alike: tuple[str, str] = _FREE
    rows: Rows = Rows.TAKEN
    preallocated: bool = False

    @property
    def form(self) -> Form:
        """The one way to call it."""
        keywords = (*MEMORY, "input_grad") if self.preallocated else MEMORY
        way = Way({"input_tensor": "Tensor"}, {"a": self.gradient}, self.alike, self.rows, keywords)
        return form(self.function, way, further_parameters(self.function, operands=1))


def _constant(x: torch.Tensor) -> torch.Tensor:
    return torch.fill(x, 0.0)


def _elu(x: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return functional.elu(x, alpha)


def _celu(x: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return functional.celu(x, alpha)


def _leaky_relu(x: torch.Tensor, negative_slope: float = 0.01) -> torch.Tensor:
    return functional.leaky_relu(x, negative_slope)


def _hardshrink(x: torch.Tensor, lambd: float = 0.5) -> torch.Tensor:
    return functional.hardshrink(x, lambd)


def _softshrink(x: torch.Tensor, lambd: float = 0.5) -> torch.Tensor:
    return functional.softshrink(x, lambd)


def _hardtanh(x: torch.Tensor, min: float = -1.0, max: float = 1.0) -> torch.Tensor:
    return functional.hardtanh(x, min, max)


def _threshold(x: torch.Tensor, min: float, max: float) -> torch.Tensor:
    return functional.threshold(x, min, max)


def _softplus(x: torch.Tensor, beta: float = 1.0, threshold: float = 20.0) -> torch.Tensor:
    return functional.softplus(x, beta, threshold)


def _logiteps(x: torch.Tensor, eps: float = 0.0) -> torch.Tensor:
    return torch.logit(x, eps=eps)


def _polygamma(x: torch.Tensor, n: int) -> torch.Tensor:
    if not 0 <= n <= 10:  # the derivative is the next order
        raise fatal(f"polygamma order must be in range [1, 11], got {n + 1}")
    return torch.polygamma(n, x)


def _rdiv(x: torch.Tensor, scalar: float, rounding_mode: str | None = None) -> torch.Tensor:
    check_rounding(rounding_mode)
    return torch.div(scalar, x, rounding_mode=rounding_mode)


def _div_no_nan(x: torch.Tensor, scalar: float) -> torch.Tensor:
    return torch.fill(x, 0.0) if scalar == 0 else torch.div(x, scalar)


def _marked(x: torch.Tensor, number: float) -> torch.Tensor:
    """``x``, whose gradient is ``number`` wherever it is negative: what ttnn's powers write there."""
    result = x.clone()
    result.register_hook(lambda grad: grad.masked_fill(x < 0, number))  # type: ignore[no-untyped-call]
    return result


def _power(x: torch.Tensor, exponent: float, negative: float) -> torch.Tensor:
    return torch.pow(x if exponent == 0 else _marked(x, negative), exponent)


def _pow(x: torch.Tensor, exponent: float) -> torch.Tensor:
    if exponent < 0:
        raise fatal("negative exponents are not supported; use recip(pow(input,abs(exponent)))")
    return _power(x, exponent, float("inf"))


def _rpow(x: torch.Tensor, exponent: float) -> torch.Tensor:
    # ttnn differentiates x ** exponent here, not exponent ** x.
    return _power(x, exponent, float("nan"))


ROWS = (
    Row("abs", torch.abs, _GRAD_FIRST),
    Row("acos", torch.acos, _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("asin", torch.asin, _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("asinh", torch.asinh, _GRAD_FIRST),
    Row("atan", torch.atan, _GRAD_FIRST),
    Row("atanh", torch.atanh, _GRAD_FIRST, _TST),
    Row("ceil", torch.ceil, _LIKE_GRAD),
    Row("celu", _celu, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("cos", torch.cos, _GRAD_FIRST),
    Row("cosh", torch.cosh, _GRAD_FIRST),
    Row("deg2rad", torch.deg2rad, _LIKE_GRAD),
    Row("digamma", torch.digamma, _GRAD_FIRST, _TST),
    Row("div_no_nan", _div_no_nan, _LIKE_GRAD, _TST),
    Row("elu", _elu, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("erf", torch.erf, Gradient("a", "ag")),
    Row("erfc", torch.erfc, Gradient("a", "ag")),
    Row("erfinv", torch.erfinv, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("exp", torch.exp, _LIKE_OPERAND, rows=Rows.REFUSED, preallocated=True),
    Row("exp2", torch.exp2, _GRAD_FIRST),
    Row("expm1", torch.expm1, _GRAD_FIRST),
    Row("fill", _constant, _INTO, preallocated=True),
    Row("fill_zero", _constant, _LIKE_GRAD),
    Row("floor", torch.floor, _LIKE_GRAD),
    Row("frac", torch.frac, _STAYS),
    Row("hardshrink", _hardshrink, _LIKE_GRAD, _TST),
    Row("hardsigmoid", lambda x: functional.hardsigmoid(x), _LIKE_GRAD, _TST),
    Row("hardswish", lambda x: functional.hardswish(x), _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("hardtanh", _hardtanh, _LIKE_GRAD, _TST),
    Row("i0", torch.i0, _GRAD_FIRST),
    Row("leaky_relu", _leaky_relu, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("lgamma", torch.lgamma, _GRAD_FIRST),
    Row("log", torch.log, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("log10", torch.log10, _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("log1p", torch.log1p, _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("log2", torch.log2, _OPERAND_FIRST, _TST, Rows.SHARDED),
    Row("log_sigmoid", functional.logsigmoid, _GRAD_FIRST),
    Row("logit", lambda x: torch.logit(x), _OPERAND_FIRST, _TTS, Rows.SHARDED),
    Row("logiteps", _logiteps, Gradient("a", "ag"), rows=Rows.SHARDED),
    Row("multigammaln", lambda x: torch.mvlgamma(x, 4), _GRAD_FIRST),
    Row("neg", torch.neg, _LIKE_OPERAND, rows=Rows.ALL_OR_NONE, preallocated=True),
    Row("polygamma", _polygamma, _GRAD_FIRST, _TST),
    Row("pow", _pow, _LIKE_OPERAND, preallocated=True),
    Row("rad2deg", torch.rad2deg, _LIKE_GRAD),
    Row("rdiv", _rdiv, _GRAD_FIRST, _TTS),
    Row("reciprocal", torch.reciprocal, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("relu", torch.relu, _LIKE_GRAD, _TTS),
    Row("relu6", lambda x: functional.relu6(x), _LIKE_GRAD, _TTS),
    Row("round", torch.round, _LIKE_GRAD),
    Row("rpow", _rpow, _GRAD_FIRST, _TST),
    Row("rsqrt", torch.rsqrt, _INTO, _TST, Rows.REFUSED, preallocated=True),
    Row("selu", torch.selu, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("sigmoid", torch.sigmoid, _LIKE_OPERAND, rows=Rows.ALL_OR_NONE),
    Row("sign", torch.sign, _LIKE_GRAD),
    Row("silu", lambda x: functional.silu(x), _LIKE_OPERAND, rows=Rows.REFUSED, preallocated=True),
    Row("sin", torch.sin, _GRAD_FIRST),
    Row("sinh", torch.sinh, _GRAD_FIRST),
    Row("softplus", _softplus, _OPERAND_FIRST, rows=Rows.SHARDED),
    Row("softshrink", _softshrink, _LIKE_GRAD, _TTS),
    Row("softsign", lambda x: functional.softsign(x), _GRAD_FIRST),
    Row("sqrt", torch.sqrt, _LIKE_OPERAND, rows=Rows.REFUSED, preallocated=True),
    Row("square", torch.square, _GRAD_FIRST),
    Row("tan", torch.tan, _GRAD_FIRST),
    Row("tanhshrink", lambda x: functional.tanhshrink(x), _GRAD_FIRST),
    Row("threshold", _threshold, _LIKE_GRAD, _TTS),
    Row("trunc", torch.trunc, _LIKE_GRAD),
)

for _row in ROWS:
    enter_backward(_row.name, [_row.form], golden_of(_row.function, 1, packs=_row.name != "reciprocal"))
