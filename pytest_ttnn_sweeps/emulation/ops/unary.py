"""Elementwise operations of one tensor: a row each, of name, torch function and the integer types ttnn takes.

A row's further torch parameters are the operation's: ``elu(x, alpha=1.0)`` makes ``ttnn.elu(input_tensor, alpha=1.0, *,
memory_config=None, output_tensor=None, ...)``. ttnn has some of them keyword-only; older releases hadn't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from ..coordinates import CoreRangeSet
from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form, Operands, Operation, TorchFunction, enter
from ..tensor import Tensor
from ..unary_settings import GeluVariant
from .result import cpp, is_float, output, working
from .signature import further_parameters, signature

INTEGER_LETTERS = {"i": DataType.INT32, "u": DataType.UINT32, "h": DataType.UINT16, "b": DataType.UINT8}
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
_MEMORY = ("memory_config", "output_tensor", "sub_core_grids")
_MIXED = frozenset({DataType.BFLOAT16, DataType.FLOAT32, DataType.BFLOAT8_B})
# ttnn itself dies of a segmentation fault here; any error text is better.
ELEMENTWISE = Operands(on_host="Input tensor must be on device, got storage type: StorageType::HOST")


@dataclass(frozen=True)
class Row:
    """An elementwise operation. ``integers``: letters of its types beside floats; ``type_name``: ttnn's UnaryOpType."""

    name: str
    function: TorchFunction
    integers: str = ""
    type_name: str = ""
    modes: tuple[str, ...] = ()
    needs_16_bits: bool = False

    def check(self, tensor: Tensor, variant: GeluVariant | None = None) -> None:
        """Raise ttnn's error for a data type that the operation doesn't take."""
        type_name = self.type_name or self.name.upper()
        if variant is GeluVariant.Tanh:
            type_name += "_TANH"
        if not is_float(tensor) and tensor.dtype not in {INTEGER_LETTERS[letter] for letter in self.integers}:
            raise fatal(f"Unary: UnaryOpType::{type_name} does not support integer input dtype {cpp(tensor.dtype)}")
        if self.needs_16_bits and tensor.dtype not in (DataType.BFLOAT16, DataType.FLOAT32):
            raise fatal(f"Unary: {type_name} requires BFLOAT16 or FLOAT32 input, got dtype {tensor.dtype.value}")


def preallocated(into: Tensor | None, like: Tensor, check: Callable[[Tensor], None] | None = None) -> Tensor | None:
    """``into``, or ttnn's error when it can't hold the result of an elementwise operation on ``like``.

    ``check`` is what else ttnn looks at in between.
    """
    if into is None:
        return None
    if into.dtype is not like.dtype and not {into.dtype, like.dtype} <= _MIXED:
        types = f"{cpp(into.dtype)} is not compatible with input dtype {cpp(like.dtype)}"
        raise fatal(
            f"Preallocated output dtype {types}. Integer and float dtypes cannot be mixed; mixed floating-point output "
            "is limited to BFLOAT16, FLOAT32, and BFLOAT8_B."
        )
    if tuple(into.shape) != tuple(like.shape):
        shapes = f"Computed: {like.shape}, Preallocated: {into.shape}"
        raise fatal(f"Unary: Preallocated output shape must match computed shape. {shapes}")
    if check is not None:
        check(like)
    if into.layout is not like.layout:
        layouts = f"Output: {into.layout.value}, Input: {like.layout.value}"
        raise fatal(f"Unary: Output format (tile/row-major) must match input when preallocated. {layouts}")
    return into


def check_rank_of_rows(tensor: Tensor) -> None:
    """Raise ttnn's error for a sharded vector in rows."""
    if tensor.layout is Layout.ROW_MAJOR and tensor.is_sharded() and len(tensor.shape) < 2:
        raise fatal("Rank must be at least 2")


def _enter(row: Row) -> None:
    def run(
        input_tensor: Tensor,
        memory_config: MemoryConfig | None = None,
        output_tensor: Tensor | None = None,
        sub_core_grids: CoreRangeSet | None = None,
        **settings: Any,
    ) -> Tensor:
        def check(tensor: Tensor) -> None:
            check_rank_of_rows(tensor)
            row.check(tensor, settings.get("variant"))

        into = preallocated(output_tensor, input_tensor, check)
        if into is None:
            check(input_tensor)
        values = row.function(working(input_tensor), **{k: v for k, v in settings.items() if k not in row.modes})
        return output(values, input_tensor, memory_config=memory_config, into=into)

    further = further_parameters(row.function, operands=1)
    if row.name == "leaky_relu":  # torch has a default slope, ttnn's golden function, too, but ttnn itself hasn't
        further = [parameter.replace(default=parameter.empty) for parameter in further]
    memory = [keyword for keyword in _MEMORY if keyword != "output_tensor" or row.name not in _WITHOUT_OUTPUT]
    form = Form(run, signature({"input_tensor": "Tensor"}, further, row.modes, memory))
    renamed = _RENAMED.get(row.name)
    enter(Operation(f"ttnn.{row.name}", [form], row.function, operands=ELEMENTWISE, renamed=renamed))


_WITHOUT_OUTPUT = ("multigammaln", "polygamma")
_RENAMED: dict[str, dict[str, str | None]] = {"tanh": {"accuracy": None}}


def _beyond(function: TorchFunction, outside: Callable[[torch.Tensor], torch.Tensor]) -> TorchFunction:
    """``function`` as the chip's bfloat16 packer leaves it: infinity where torch has NaN, outside the domain."""

    def golden(x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = function(x)
        return result.masked_fill(outside(x), float("inf")) if x.dtype is torch.bfloat16 else result

    return golden


def _cbrt(x: torch.Tensor) -> torch.Tensor:
    return torch.sgn(x) * torch.pow(torch.abs(x), 1.0 / 3)


def _multigammaln(x: torch.Tensor) -> torch.Tensor:
    # The multivariate log-gamma function of order 4; 3.434... is 3 log(pi).
    return torch.lgamma(x) + torch.lgamma(x - 0.5) + torch.lgamma(x - 1.0) + torch.lgamma(x - 1.5) + 3.434189657547


def _hardmish(x: torch.Tensor) -> torch.Tensor:
    wide = x.float()
    result = wide * torch.clamp(wide * 0.5 + 1.0, min=0.0, max=1.0)
    # The bfloat16 kernel drops the low half of the float32 result instead of rounding it.
    return (result.view(torch.int32) & -65536).view(torch.float32).bfloat16() if x.dtype is torch.bfloat16 else result


def _gelu(x: torch.Tensor, variant: GeluVariant | None = None) -> torch.Tensor:
    wide = x.float() if x.dtype is torch.bfloat16 else x
    return functional.gelu(wide, approximate="tanh" if variant is GeluVariant.Tanh else "none").to(x.dtype)


def _leaky_relu(x: torch.Tensor, negative_slope: float = 0.01) -> torch.Tensor:
    return functional.leaky_relu(x, negative_slope) if x.is_floating_point() else x


def _elu(x: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return functional.elu(x, alpha)


def _celu(x: torch.Tensor, alpha: float = 1.0) -> torch.Tensor:
    return torch.celu(x, alpha)


def _selu(x: torch.Tensor, scale: float = _SELU_SCALE, alpha: float = _SELU_ALPHA) -> torch.Tensor:
    if (scale, alpha) == (_SELU_SCALE, _SELU_ALPHA):
        return functional.selu(x)
    return torch.where(x >= 0, scale * x, scale * alpha * (torch.exp(x) - 1))


def _xielu(x: torch.Tensor, alpha_p: float = 0.8, alpha_n: float = 0.8) -> torch.Tensor:
    # https://arxiv.org/abs/2411.13010, equation 10, with beta = 0.5 and eps = -1e-6.
    wide = x.float() if x.dtype is torch.bfloat16 else x
    negative = alpha_n * (torch.expm1(torch.clamp(wide, max=-1e-6)) - wide)
    return (torch.where(wide > 0, alpha_p * wide * wide, negative) + 0.5 * wide).to(x.dtype)


def _hardtanh(x: torch.Tensor, min_val: float = -1.0, max_val: float = 1.0) -> torch.Tensor:
    return torch.clamp(x, min_val, max_val)


def _hardshrink(x: torch.Tensor, lambd: float = 0.5) -> torch.Tensor:
    return functional.hardshrink(x, lambd)


def _softshrink(x: torch.Tensor, lambd: float = 0.5) -> torch.Tensor:
    return functional.softshrink(x, lambd)


def _softplus(x: torch.Tensor, beta: float = 1.0, threshold: float = 20.0) -> torch.Tensor:
    return functional.softplus(x, beta, threshold)


def _logit(x: torch.Tensor, eps: float | None = None) -> torch.Tensor:
    if eps is not None and eps > 0.5:  # where clamping between eps and 1 - eps is undefined in torch
        clamped = torch.clamp(x, 1.0 - eps, eps)
        return torch.log(clamped / (1.0 - clamped))
    result: torch.Tensor = torch.special.logit(x, eps)
    return result


def _round(x: torch.Tensor, decimals: int | None = 0) -> torch.Tensor:
    return torch.round(x, decimals=decimals or 0)


def _heaviside(x: torch.Tensor, value: float) -> torch.Tensor:
    return torch.heaviside(x, torch.tensor(value, dtype=x.dtype))


def _threshold(x: torch.Tensor, threshold: float, value: float) -> torch.Tensor:
    return torch.threshold(x, threshold, torch.tensor(value, dtype=x.dtype).item())


def _relu_max(x: torch.Tensor, upper_limit: float) -> torch.Tensor:
    return torch.relu(torch.minimum(x, torch.tensor(upper_limit, dtype=x.dtype)))


def _relu_min(x: torch.Tensor, lower_limit: float) -> torch.Tensor:
    return torch.maximum(x, torch.tensor(lower_limit, dtype=x.dtype))


def _fill(x: torch.Tensor, fill_value: float) -> torch.Tensor:
    return torch.full_like(x, fill_value)


def _rdiv(x: torch.Tensor, value: float, rounding_mode: str | None = None) -> torch.Tensor:
    check_rounding(rounding_mode)
    return torch.div(torch.full_like(x, value), x, rounding_mode=rounding_mode)


def _rpow(x: torch.Tensor, exponent: float) -> torch.Tensor:
    return torch.pow(exponent, x)


def _polygamma(x: torch.Tensor, k: int) -> torch.Tensor:
    result: torch.Tensor = torch.special.polygamma(k, x)
    return result


def _bitwise_not(x: torch.Tensor) -> torch.Tensor:
    if x.is_floating_point():
        raise NotEmulated("a bitwise operation on the bits of a floating-point tensor")
    return torch.bitwise_not(x)


def _rotate90(x: torch.Tensor) -> torch.Tensor:
    if x.shape[-1] % 2:
        raise NotEmulated("pairs of an odd number of elements")
    real, imaginary = x[..., ::2], x[..., 1::2]
    return torch.stack((-imaginary, real), dim=-1).flatten(-2)


def _identity(x: torch.Tensor) -> torch.Tensor:
    return x.clone()


def check_rounding(mode: str | None) -> None:
    """Raise ttnn's error unless ``mode`` is a way to round a quotient."""
    if mode not in (None, "trunc", "floor"):
        raise fatal("Incorrect rounding mode (expected None, 'trunc', or 'floor')")


_FAST = ("fast_and_approximate_mode",)

ROWS = (
    Row("abs", torch.abs, "iuhb"),
    Row("acos", _beyond(torch.acos, lambda x: x.abs() > 1)),
    Row("acosh", _beyond(torch.acosh, lambda x: x < 1)),
    Row("alt_complex_rotate90", _rotate90),
    Row("asin", _beyond(torch.asin, lambda x: x.abs() > 1)),
    Row("asinh", torch.asinh),
    Row("atan", torch.atan),
    Row("atanh", _beyond(torch.atanh, lambda x: x.abs() > 1)),
    Row("bitwise_not", _bitwise_not, "iu"),
    Row("cbrt", _cbrt),
    Row("ceil", torch.ceil),
    Row("celu", _celu),
    Row("cos", torch.cos),
    Row("cosh", torch.cosh),
    Row("deg2rad", torch.deg2rad, type_name="MUL_UNARY_SFPU"),
    Row("digamma", torch.digamma),
    Row("elu", _elu),
    Row("eqz", lambda x: x == 0, "iuh"),
    Row("erf", torch.erf, modes=_FAST),
    Row("erfc", torch.erfc),
    Row("erfinv", torch.erfinv),
    Row("exp", torch.exp, modes=_FAST),
    Row("exp2", torch.exp2),
    Row("expm1", torch.expm1),
    Row("fill", _fill, "iuh"),
    Row("floor", torch.floor),
    Row("frac", torch.frac),
    Row("gelu", _gelu, modes=_FAST),
    Row("gez", lambda x: x >= 0, "i"),
    Row("gtz", lambda x: x > 0, "i"),
    Row("hardmish", _hardmish),
    Row("hardshrink", _hardshrink),
    Row("hardsigmoid", lambda x: functional.hardsigmoid(x)),
    Row("hardswish", lambda x: functional.hardswish(x)),
    Row("hardtanh", _hardtanh),
    Row("heaviside", _heaviside),
    Row("i0", torch.i0),
    Row("i1", lambda x: torch.special.i1(torch.clamp(x, -88.5, 88.5))),
    Row("identity", _identity, "iuhb"),
    Row("isfinite", lambda x: torch.isfinite(x)),
    Row("isinf", lambda x: torch.isinf(x)),
    Row("isnan", lambda x: torch.isnan(x)),
    Row("isneginf", torch.isneginf),
    Row("isposinf", torch.isposinf),
    Row("leaky_relu", _leaky_relu, "uhb"),
    Row("lez", lambda x: x <= 0, "i"),
    Row("lgamma", torch.lgamma, needs_16_bits=True),
    Row("log", torch.log, modes=_FAST),
    Row("log10", torch.log10, modes=_FAST),
    Row("log1p", torch.log1p, modes=_FAST),
    Row("log2", torch.log2, modes=_FAST),
    Row("log_sigmoid", functional.logsigmoid, type_name="LOGSIGMOID"),
    Row("logical_not", torch.logical_not, "iuh", type_name="LOGICAL_NOT_UNARY"),
    Row("logit", _logit),
    Row("ltz", lambda x: x < 0, "i"),
    Row("mish", lambda x: functional.mish(x.float()), modes=_FAST),
    Row("multigammaln", _multigammaln, type_name="LGAMMA", needs_16_bits=True),
    Row("neg", torch.neg, "i"),
    Row("nez", lambda x: x != 0, "iuh"),
    Row("polygamma", _polygamma),
    Row("rad2deg", torch.rad2deg, type_name="MUL_UNARY_SFPU"),
    Row("rdiv", _rdiv),
    Row("reciprocal", torch.reciprocal, type_name="RECIP"),
    Row("relu", torch.relu, "iuhb"),
    Row("relu6", lambda x: torch.clamp(x, 0, 6), "iuhb"),
    Row("relu_max", _relu_max, "iuhb"),
    Row("relu_min", _relu_min, "iuhb"),
    Row("round", _round),
    Row("rpow", _rpow),
    Row("rsqrt", torch.rsqrt, modes=_FAST),
    Row("selu", _selu),
    Row("sigmoid", torch.sigmoid, modes=("vector_mode", "mode")),
    Row("sigmoid_accurate", torch.sigmoid, type_name="SIGMOID", modes=_FAST),
    Row("sign", torch.sign),
    Row("signbit", torch.signbit, "i"),
    Row("silu", lambda x: functional.silu(x)),
    Row("sin", torch.sin),
    Row("sinh", torch.sinh),
    Row("softplus", _softplus),
    Row("softshrink", _softshrink),
    Row("softsign", lambda x: functional.softsign(x)),
    Row("sqrt", torch.sqrt, modes=_FAST),
    Row("square", torch.square, "iuh"),
    Row("swish", lambda x: functional.silu(x), type_name="SILU"),
    Row("tan", torch.tan),
    Row("tanh", torch.tanh, modes=_FAST),
    Row("tanhshrink", lambda x: functional.tanhshrink(x)),
    Row("threshold", _threshold),
    Row("trunc", torch.trunc),
    Row("xielu", _xielu),
)

BY_NAME = {row.name: row for row in ROWS}

for _row in ROWS:
    _enter(_row)
