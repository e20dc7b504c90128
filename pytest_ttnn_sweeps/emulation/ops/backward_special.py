"""Backward operations whose references do more than differentiate: acosh, gelu, tanh; and clamp, clip and bias_gelu."""

from __future__ import annotations

from typing import Any

import torch
from torch.nn import functional

from ..device import MeshDevice
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import Form
from ..tensor import Tensor
from ..unary_settings import GeluVariant
from .backward import MEMORY, Gradient, Rows, Way, enter_backward, form, golden_of, gradients
from .result import working
from .signature import further_parameters

_OPERAND = {"input_tensor": "Tensor"}
_LIKE_OPERAND = {"a": Gradient("a", "a", into="input_grad")}
_SATURATED = 40.0  # beyond which gelu is its operand, or zero, in float64
_SMALLEST = torch.finfo(torch.bfloat16).tiny


def _flushed(values: torch.Tensor) -> torch.Tensor:
    """``values`` as the vector unit reads and writes them: a bfloat16 too small to be normal is zero."""
    return torch.where(values.abs() < _SMALLEST, 0, values) if values.dtype is torch.bfloat16 else values


def _scaled(grad: torch.Tensor, derivative: torch.Tensor) -> torch.Tensor:
    return _flushed((_flushed(grad).float() * derivative.float()).to(grad.dtype))


def _tanh(x: torch.Tensor) -> torch.Tensor:
    return torch.tanh(x.double()).to(x.dtype)


def _golden_tanh(grad_tensor: torch.Tensor, input_tensor: torch.Tensor) -> list[torch.Tensor]:
    wide = _flushed(input_tensor.detach()).double()
    return [_scaled(grad_tensor.detach(), 1 / torch.cosh(wide) ** 2)]


_TANH_WAY = Way(_OPERAND, _LIKE_OPERAND, rows=Rows.ALL_OR_NONE, keywords=(*MEMORY, "input_grad"))
enter_backward("tanh", [form(_tanh, _TANH_WAY)], _golden_tanh)


def _approximation(variant: GeluVariant | str | None, approximate: str | None) -> str:
    """torch's name of a variant of gelu, which ttnn has in a word or in an enumeration."""
    name = approximate if approximate is not None else variant
    if isinstance(name, GeluVariant):
        return "tanh" if name is GeluVariant.Tanh else "none"
    if name not in (None, "none", "tanh"):
        raise fatal("Incorrect approximation type (expected 'none', 'tanh')")
    return name or "none"


def _gelu(x: torch.Tensor, variant: GeluVariant | str | None = None, approximate: str | None = None) -> torch.Tensor:
    # In float64, and never of an infinity: torch's derivative is not a number there, and cancels in the negative tail.
    wide = x.double()
    curved = functional.gelu(wide.clamp(-_SATURATED, _SATURATED), approximate=_approximation(variant, approximate))
    return torch.where(wide > _SATURATED, wide, curved).to(x.dtype)


def _golden_gelu(
    grad_tensor: torch.Tensor,
    input_tensor: torch.Tensor,
    *,
    approximate: str | None = None,
    variant: GeluVariant | None = None,
) -> list[torch.Tensor]:
    wide = _flushed(input_tensor.detach()).float()
    tanh_asked = variant is GeluVariant.Tanh
    settings = {"approximate": "tanh" if tanh_asked else approximate}
    (derivative,) = gradients(_gelu, torch.ones_like(wide), [wide], settings)
    return [_scaled(grad_tensor.detach(), _flushed(derivative.to(input_tensor.dtype)))]


def _available(variant: GeluVariant | None) -> GeluVariant | None:
    if variant is GeluVariant.FastLut:
        what = "GELU_BW does not support GeluVariant::FAST_LUT"
        raise fatal(f"{what} because no matching backward kernel is available.")
    return variant


def _gelu_on_device(x: torch.Tensor, variant: GeluVariant | None = None) -> torch.Tensor:
    return _gelu(x, _available(variant))


_GELU_WAY = Way(_OPERAND, _LIKE_OPERAND, rows=Rows.ALL_OR_NONE, keywords=(*MEMORY, "input_grad", "variant"))
enter_backward("gelu", [form(_gelu_on_device, _GELU_WAY)], _golden_gelu)


def _bias_gelu(
    x: torch.Tensor,
    bias: Any,
    variant: GeluVariant | str | None = None,
    approximate: str | None = None,
    value: str | None = None,
) -> torch.Tensor:
    return functional.gelu(x + bias, approximate=_approximation(variant, approximate or value))


def _bias_gelu_on_device(
    x: torch.Tensor, bias: Any, variant: GeluVariant | None = None, approximate: str | None = None
) -> torch.Tensor:
    return _gelu(x + bias, _available(variant), approximate)


_BIAS_KEYWORDS = (*MEMORY, "variant", "approximate")
_BIAS_WAYS = (
    Way(
        {"input_tensor_a": "Tensor", "input_tensor_b": "Tensor"},
        {"a": Gradient("a", "ab"), "b": Gradient("a", "ab")},
        rows=Rows.ALL_OR_NONE,
        keywords=_BIAS_KEYWORDS,
    ),
    Way(
        {"input_tensor": "Tensor", "bias": "float"},
        {"a": Gradient("a", "a")},
        rows=Rows.ALL_OR_NONE,
        keywords=_BIAS_KEYWORDS,
    ),
)
enter_backward("bias_gelu", [form(_bias_gelu_on_device, way) for way in _BIAS_WAYS], golden_of(_bias_gelu, 2))


def _clamp(x: torch.Tensor, min: Any = None, max: Any = None) -> torch.Tensor:
    if min is None and max is None:
        raise fatal("Only one of 'min' or 'max' can be None. Please provide one value")
    return torch.clamp(x, min=min, max=max)


def _clamp_form() -> Form:
    bounds = [
        parameter.replace(annotation="Tensor | float | None") for parameter in further_parameters(_clamp, operands=1)
    ]
    return form(_clamp, Way(_OPERAND, {"a": Gradient("a", "a")}, ("ag", "WHERE_TTS")), bounds)


enter_backward("clamp", [_clamp_form()], golden_of(_clamp, 1))
enter_backward("clip", [_clamp_form()], golden_of(_clamp, 1))


def _finite(gradient: torch.Tensor, device: MeshDevice) -> torch.Tensor:
    """``gradient`` with the numbers that the vector unit has for infinity and for not a number."""
    infinity = device.sfpu_inf()
    return torch.nan_to_num(gradient, nan=device.sfpu_nan(), posinf=infinity, neginf=-infinity)


def _golden_acosh(grad_tensor: torch.Tensor, input_tensor: torch.Tensor, *, device: MeshDevice) -> list[torch.Tensor]:
    return [_finite(item, device) for item in gradients(torch.acosh, grad_tensor, [input_tensor], {})]


_ACOSH_WAY = Way(_OPERAND, {"a": Gradient("g", "ag")}, ("ag", "WHERE_TST"), Rows.SHARDED)


def _acosh_bw(grad_tensor: Tensor, input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> list[Tensor]:
    tensors = {"g": grad_tensor, "a": input_tensor}
    _ACOSH_WAY.check(tensors)
    device = input_tensor.device()
    if device is None:
        raise NotEmulated("the gradient of a tensor on the host")
    (gradient,) = _golden_acosh(working(grad_tensor), working(input_tensor), device=device)
    return [_ACOSH_WAY.store("a", gradient, tensors, memory_config, None)]


enter_backward("acosh", [Form(_acosh_bw)], _golden_acosh)
