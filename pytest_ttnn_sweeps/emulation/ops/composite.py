"""Operations that ttnn composes of elementwise ones: powers, bounds, gates, triangles, polynomials, losses."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from math import isfinite
from typing import Any

import torch
from torch.nn import functional

from ..config_text import float_text
from ..enums import DataType, Layout, LossReductionMode
from ..errors import NotEmulated, fatal
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Form, Operands, Operation, TorchFunction, enter, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from ..unary_settings import GeluVariant
from . import binary_rows, unary
from .activation import Activations
from .binary import OPERANDS, combine
from .broadcast import broadcast_shape, model_operand
from .reduction import check_reduced_type, reduced_dims
from .result import FLOATS, as_stored, cpp, is_float, output, working
from .unary import ELEMENTWISE, preallocated

_POWER = binary_rows.Row("pow", torch.pow, "POWER", "f")


def _pow(input_tensor: Any, exponent: Any, dtype: DataType | None = None) -> torch.Tensor:
    result: torch.Tensor = torch.pow(input_tensor, exponent)
    return result if dtype is None else as_stored(result, dtype)


@operation("ttnn.pow", _pow, operands=OPERANDS)
def pow(
    input_tensor: Tensor | float,
    exponent: Tensor | float,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    dtype: DataType | None = None,
    activations: Activations = (),
    input_tensor_a_activations: Activations = (),
    input_tensor_b_activations: Activations = (),
) -> Tensor:
    """``input_tensor ** exponent``, either of which may be a number."""
    if isinstance(input_tensor, Tensor) and not isinstance(exponent, Tensor):
        _check_exponent(input_tensor.dtype, exponent)
        power = exponent if is_float(input_tensor) else int(exponent)
        into = preallocated(output_tensor, input_tensor)
        return output(_pow(working(input_tensor), power), input_tensor, memory_config=memory_config, into=into)
    tensor = input_tensor if isinstance(input_tensor, Tensor) else exponent
    kind = tensor.dtype if isinstance(tensor, Tensor) else None
    if kind in (DataType.INT32, DataType.UINT32, DataType.UINT16):
        what = f"Input tensor A dtype {cpp(kind)} is not supported for binary operation POWER"
        raise fatal(f"{what}: tensor exponents are not supported for integer inputs, use a scalar integer exponent")
    return combine(
        _POWER,
        input_tensor,
        exponent,
        dtype=dtype,
        memory_config=memory_config,
        output_tensor=output_tensor,
        activations=activations,
        input_tensor_a_activations=input_tensor_a_activations,
        input_tensor_b_activations=input_tensor_b_activations,
    )


def _check_exponent(dtype: DataType, exponent: float) -> None:
    if dtype in FLOATS:
        return
    whole = isfinite(exponent) and exponent == int(exponent)
    if dtype is DataType.UINT8:
        operation = "POWER_ITERATIVE" if whole and exponent >= 0 else "POWER"
        raise fatal(f"Unary: UnaryOpType::{operation} does not support integer input dtype {cpp(dtype)}")
    if not whole:
        raise fatal(f"pow: {cpp(dtype)} input requires an integral exponent, got {float_text(exponent)}")
    if exponent < 0:
        raise fatal(f"pow: integers to negative integer powers are not allowed, got {float_text(exponent)}")


def _clamp(input_tensor: torch.Tensor, min: Any = None, max: Any = None) -> torch.Tensor:
    return torch.clamp(input_tensor, min, max)


def _enter_clamp(name: str, *, keeps_integers: bool, takes_output: bool) -> None:
    def clamp(
        input_tensor: Tensor,
        min: Tensor | float | None = None,
        max: Tensor | float | None = None,
        *,
        memory_config: MemoryConfig | None = None,
        output_tensor: Tensor | None = None,
    ) -> Tensor:
        """``input_tensor`` kept between ``min`` and ``max``, which are both numbers or both tensors."""
        bounds = [bound for bound in (min, max) if bound is not None]
        if not bounds:
            raise fatal("Only one of 'min' or 'max' can be None. Please provide one value")
        if len({isinstance(bound, Tensor) for bound in bounds}) > 1:
            raise TypeError(f"ttnn.{name}(): incompatible function arguments: 'min' and 'max' are of two kinds.")
        low, high = (working(bound) if isinstance(bound, Tensor) else bound for bound in (min, max))
        dtype = input_tensor.dtype
        if not is_float(input_tensor) and not isinstance(bounds[0], Tensor):
            if dtype is not DataType.INT32:
                raise fatal(f"Unary: UnaryOpType::CLAMP_TSS does not support integer input dtype {cpp(dtype)}")
            if not (keeps_integers and all(isinstance(bound, int) for bound in bounds)):
                dtype = DataType.FLOAT32
        into = preallocated(output_tensor, input_tensor)
        values = _clamp(working(input_tensor), low, high)
        return output(values, input_tensor, dtype=dtype, memory_config=memory_config, into=into)

    own = inspect.signature(clamp)
    taken = [one for one in own.parameters.values() if takes_output or one.name != "output_tensor"]
    form = Form(clamp, own.replace(parameters=taken))
    enter(Operation(f"ttnn.{name}", [form], _clamp, operands=ELEMENTWISE))


_enter_clamp("clamp", keeps_integers=True, takes_output=True)
_enter_clamp("clip", keeps_integers=False, takes_output=False)


def _prelu(input_tensor_a: torch.Tensor, weight: Any) -> torch.Tensor:
    slopes = weight if isinstance(weight, torch.Tensor) else torch.tensor(weight)
    return functional.prelu(input_tensor_a, slopes.to(input_tensor_a.dtype).flatten())


@operation("ttnn.prelu", _prelu, operands=ELEMENTWISE, renamed={"input_tensor_b": "weight"})
def prelu(
    input_tensor_a: Tensor, weight: Tensor | float | Sequence[float], *, memory_config: MemoryConfig | None = None
) -> Tensor:
    """A leaky relu with one slope for everything, or one for each channel (dimension 1)."""
    if isinstance(weight, Tensor):
        channels = input_tensor_a.shape[1]
        if weight.logical_volume() != channels:
            found = f"Found parameter numbers = {weight.logical_volume()} and channel size = {channels}."
            raise fatal(f"Mismatch of parameter numbers and input channel size. {found}")
        slopes: Any = working(weight)
    elif isinstance(weight, (int, float)) or len(weight) == 1:
        slopes = weight
        if not is_float(input_tensor_a):
            what = "Unary: UnaryOpType::PRELU_SFPU does not support integer input dtype"
            raise fatal(f"{what} {cpp(input_tensor_a.dtype)}")
    else:
        raise TypeError("ttnn.prelu(): incompatible function arguments: 'weight' is a list of more than one number.")
    return output(_prelu(working(input_tensor_a), slopes), input_tensor_a, memory_config=memory_config)


def _polyval(input_tensor_a: torch.Tensor, coeffs: Sequence[float]) -> torch.Tensor:
    result = torch.zeros_like(input_tensor_a, dtype=None if input_tensor_a.is_floating_point() else torch.float32)
    for coefficient in coeffs:
        result = result * input_tensor_a + coefficient
    return result


@operation("ttnn.polyval", _polyval, operands=ELEMENTWISE)
def polyval(input_tensor_a: Tensor, coeffs: Sequence[float], *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The polynomial with coefficients ``coeffs``, highest power first."""
    if not len(coeffs):
        raise fatal("polyval requires at least one coefficient")
    binary_rows.BY_NAME["multiply"].check_types(input_tensor_a.dtype, input_tensor_a.dtype)
    wide = input_tensor_a.dtype in (DataType.INT32, DataType.UINT32)
    values = _polyval(working(input_tensor_a), coeffs)
    return output(values, input_tensor_a, dtype=DataType.FLOAT32 if wide else None, memory_config=memory_config)


def _enter_triangle(name: str, function: TorchFunction) -> None:
    def golden(input_tensor: torch.Tensor, diagonal: int = 0) -> Any:
        return function(input_tensor, diagonal=diagonal)

    def triangle(input_tensor: Tensor, diagonal: int = 0, *, memory_config: MemoryConfig | None = None) -> Tensor:
        """``input_tensor`` with zeros on the other side of a diagonal; always tiled."""
        binary_rows.BY_NAME["multiply"].check_types(input_tensor.dtype, DataType.BFLOAT16)
        values = working(input_tensor)
        kept = golden(values, diagonal) if values.dim() > 1 else golden(values.unsqueeze(0), diagonal).squeeze(0)
        return output(kept, input_tensor, layout=Layout.TILE, memory_config=memory_config)

    enter(Operation(f"ttnn.{name}", [Form(triangle)], golden, operands=ELEMENTWISE))


_enter_triangle("tril", torch.tril)
_enter_triangle("triu", torch.triu)


def _enter_gate(name: str, gate: TorchFunction, gated_by: str) -> None:
    def golden(input_tensor: torch.Tensor, dim: int = -1, variant: GeluVariant | None = None) -> torch.Tensor:
        value, control = torch.chunk(input_tensor, 2, dim)
        settings = {} if variant is None else {"variant": variant}
        return value * torch.as_tensor(gate(control, **settings))

    def gated(
        input_tensor: Tensor,
        dim: int = -1,
        *,
        memory_config: MemoryConfig | None = None,
        variant: GeluVariant | None = None,
    ) -> Tensor:
        """The first half of the last dimension times a function of the second."""
        if dim not in (-1, 3):
            raise fatal(f"glu-family ops only support the last dimension, got dim={dim}")
        if len(input_tensor.shape) < 4:
            raise fatal(f"ShapeBase[] index out of range. 3 not in [-4, {max(len(input_tensor.shape), 2)})")
        width = input_tensor.shape[3]
        unary.BY_NAME[gated_by].check(input_tensor)
        binary_rows.BY_NAME["multiply"].check_types(input_tensor.dtype, input_tensor.dtype)
        if input_tensor.layout is Layout.TILE and input_tensor.padded_shape[3] % (2 * TILE_SIZE):
            raise fatal("Split tensor dimension should be in full tile")
        values = golden(working(input_tensor), -1, variant)
        if input_tensor.layout is Layout.TILE:
            if width % (2 * TILE_SIZE):
                raise NotEmulated("halving a tensor together with its padding")
            # ttnn cuts whole tiles, and the output keeps the rows of padding, which the gate makes zeros.
            values = functional.pad(values, (0, 0, 0, -values.shape[-2] % TILE_SIZE))
        return output(values, input_tensor, memory_config=memory_config, reshards=True)

    enter(Operation(f"ttnn.{name}", [Form(gated)], golden, operands=ELEMENTWISE))


_enter_gate("glu", torch.sigmoid, "sigmoid")
_enter_gate("reglu", torch.relu, "relu")
_enter_gate("geglu", unary.BY_NAME["gelu"].function, "gelu")
_enter_gate("swiglu", unary.BY_NAME["silu"].function, "silu")


def _enter_scaled_sum(name: str, base: str, function: TorchFunction) -> None:
    def golden(input_tensor_a: torch.Tensor, input_tensor_b: torch.Tensor, alpha: float) -> Any:
        return function(input_tensor_a, input_tensor_b, alpha=alpha)

    def scaled_sum(
        input_tensor_a: Tensor,
        input_tensor_b: Tensor,
        alpha: float,
        *,
        memory_config: MemoryConfig | None = None,
        output_tensor: Tensor | None = None,
    ) -> Tensor:
        """``input_tensor_a`` plus or minus ``alpha * input_tensor_b``."""
        factor = alpha if is_float(input_tensor_a) else int(alpha)
        scaled = binary_rows.Row(name, lambda a, b: golden(a, b, factor), base, "fiuh", mixes=True)
        return combine(scaled, input_tensor_a, input_tensor_b, memory_config=memory_config, output_tensor=output_tensor)

    enter(Operation(f"ttnn.{name}", [Form(scaled_sum)], golden, operands=OPERANDS))


_enter_scaled_sum("addalpha", "ADD", torch.add)
_enter_scaled_sum("subalpha", "SUB", torch.sub)


def _outer(input_tensor_a: torch.Tensor, input_tensor_b: torch.Tensor) -> torch.Tensor:
    return input_tensor_a.unsqueeze(-1) * input_tensor_b.unsqueeze(-2)


@operation("ttnn.outer", _outer, operands=Operands(OPERANDS.on_host))
def outer(input_tensor_a: Tensor, input_tensor_b: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """The outer products of the last dimensions; the others broadcast."""
    types = input_tensor_a.dtype, input_tensor_b.dtype
    supported = {DataType.BFLOAT16, DataType.BFLOAT8_B, DataType.FLOAT32, DataType.INT32, DataType.UINT32}
    if not set(types) <= supported:
        got = f"unsupported dtype (got {cpp(types[0])} and {cpp(types[1])})"
        raise fatal(f"ttnn.outer: {got}; supported dtypes are BFLOAT16, BFLOAT8_B, FLOAT32, INT32, UINT32")
    if types[0] is not types[1]:
        raise fatal(f"ttnn.outer: inputs must have the same dtype, but got {cpp(types[0])} and {cpp(types[1])}")
    broadcast_shape((*input_tensor_a.shape, 1), (*list(input_tensor_b.shape)[:-1], 1, input_tensor_b.shape[-1]))
    values = _outer(working(input_tensor_a), working(input_tensor_b))
    model = model_operand(input_tensor_a, input_tensor_b)
    return output(values, model, memory_config=memory_config or DRAM_MEMORY_CONFIG)


def _loss_mode(reduction: Any) -> str:
    return reduction.name.lower() if isinstance(reduction, LossReductionMode) else str(reduction)


def _enter_loss(name: str, function: TorchFunction) -> None:
    def golden(input_reference: torch.Tensor, input_prediction: torch.Tensor, reduction: Any = "none") -> Any:
        # Spread out here, as torch's losses warn when they have to do it.
        shape = broadcast_shape(input_reference.shape, input_prediction.shape)
        target, predicted = (tensor.float().expand(shape) for tensor in (input_reference, input_prediction))
        return function(target, predicted, reduction=_loss_mode(reduction)).to(input_reference.dtype)

    def loss(
        input_reference: Tensor,
        input_prediction: Tensor,
        *,
        reduction: LossReductionMode = LossReductionMode.NONE,
        memory_config: MemoryConfig | None = None,
        output_tensor: Tensor | None = None,
    ) -> Tensor:
        """The loss of a prediction, elementwise, averaged or summed."""
        broadcast_shape(tuple(input_reference.shape), tuple(input_prediction.shape))
        values = golden(working(input_reference), working(input_prediction), reduction)
        return output(values, input_reference, memory_config=memory_config, into=output_tensor)

    enter(Operation(f"ttnn.{name}", [Form(loss)], golden, operands=OPERANDS))


_enter_loss("mse_loss", functional.mse_loss)
_enter_loss("l1_loss", functional.l1_loss)


@operation("ttnn.logical_not_", torch.logical_not, operands=ELEMENTWISE)
def logical_not_(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
    """1 where ``input_tensor`` is zero, else 0, in its own memory."""
    unary.BY_NAME["logical_not"].check(input_tensor)
    return output(torch.logical_not(working(input_tensor)), input_tensor, into=input_tensor)


_HEIGHT_AND_WIDTH, _EVERY_DIM = (2, 3), (0, 1, 2, 3)


def _enter_statistic(name: str) -> None:
    def golden(input_tensor: torch.Tensor) -> torch.Tensor:
        height, width = input_tensor.shape[-2:]
        padded = -(-height // TILE_SIZE) * -(-width // TILE_SIZE) * TILE_SIZE**2
        # ttnn divides by the number of elements with padding.
        variance = torch.var(input_tensor.float(), (-2, -1), correction=0, keepdim=True) * (height * width / padded)
        return (torch.sqrt(variance) if name == "std_hw" else variance).to(input_tensor.dtype)

    def statistic(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
        """The deviation or variance over height and width, with ones for them in the output's shape."""
        _check_dims(input_tensor, _HEIGHT_AND_WIDTH)
        return output(golden(working(input_tensor)), input_tensor, memory_config=memory_config)

    enter(Operation(f"ttnn.{name}", [Form(statistic)], golden, operands=ELEMENTWISE))


def _check_dims(tensor: Tensor, dims: tuple[int, ...]) -> None:
    """Raise ttnn's error unless ``tensor`` holds floats in dimensions enough for ``dims``."""
    if dims == _EVERY_DIM and len(tensor.shape) != 4:
        raise fatal("Cannot support non-rank 4 Tensor")
    reduced_dims(dims, len(tensor.shape))
    check_reduced_type("mean", tensor.dtype)


def _enter_normalization(name: str, dims: tuple[int, ...]) -> None:
    def golden(input_tensor: torch.Tensor) -> torch.Tensor:
        mean = torch.mean(input_tensor, dims, keepdim=True)
        return (input_tensor - mean) / torch.std(input_tensor, dims, correction=0, keepdim=True)

    def normalize(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> Tensor:
        """``input_tensor`` shifted and scaled to mean 0 and deviation 1."""
        _check_dims(input_tensor, dims)
        if dims == _EVERY_DIM and tuple(input_tensor.padded_shape) != tuple(input_tensor.shape):
            raise NotEmulated("statistics that count the padding")
        return output(golden(working(input_tensor)), input_tensor, memory_config=memory_config)

    enter(Operation(f"ttnn.{name}", [Form(normalize)], golden, operands=ELEMENTWISE))


_enter_statistic("std_hw")
_enter_statistic("var_hw")
_enter_normalization("normalize_hw", _HEIGHT_AND_WIDTH)
_enter_normalization("normalize_global", _EVERY_DIM)
