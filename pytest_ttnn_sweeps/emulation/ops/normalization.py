"""Softmax and its variants, and the norms: layer, rms, batch, group."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.nn import functional

from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import MemoryConfig
from ..operation import Form, Operands, Operation, enter, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import FLOATS, as_stored, cpp, optional_working, output, working
from .result import output as stored  # where a parameter of ttnn's is called output

_OPERANDS = Operands(on_host="Operands to softmax need to be on device!")
_NORMS = Operands(on_host="Operands to layernorm need to be on device!")
_PRECISE = FLOATS - {DataType.BFLOAT4_B}


def check_float(tensor: Tensor) -> None:
    """Raise ttnn's error for a tensor that softmax and the norms don't take."""
    if tensor.dtype not in _PRECISE:
        raise fatal(f"Input tensor must be FLOAT32, BFLOAT16, or BFLOAT8_B, got: {cpp(tensor.dtype)}")


def _softmax(input_tensor: torch.Tensor, dim: int | None = None) -> torch.Tensor:
    return torch.softmax(input_tensor, -1 if dim is None else dim)


def _check_softmax(tensor: Tensor) -> None:
    if tensor.layout is not Layout.TILE:
        raise fatal("Inputs to softmax must be tilized")
    check_float(tensor)


@operation("ttnn.softmax", _softmax, operands=_OPERANDS)
def softmax(
    input_tensor: Tensor,
    dim: int = -1,
    *,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along ``dim``."""
    rank = len(input_tensor.shape)
    if not -max(rank, 1) <= dim < max(rank, 1):
        expected = f"expected to be in range of [{-rank}, {rank - 1}], but got {dim}"
        raise fatal(f"Dimension out of range ({expected})")
    _check_softmax(input_tensor)
    if memory_config is not None and memory_config.is_sharded() and memory_config.shard_spec is None:
        raise RuntimeError("bad optional access")
    return output(_softmax(working(input_tensor), dim), input_tensor, memory_config=memory_config)


@operation("ttnn.softmax_in_place", _softmax, operands=_OPERANDS)
def softmax_in_place(
    input_tensor: Tensor,
    dim: int = -1,
    *,
    program_config: object = None,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along the last dimension, in the tensor's own memory."""
    _check_softmax(input_tensor)
    rank = len(input_tensor.shape)
    if dim not in (-1, rank - 1) or rank < 4:
        raise fatal(f"Invalid dimension: {dim % max(rank, 1)}. Currently softmax inplace supports dim -1.")
    return output(_softmax(working(input_tensor)), input_tensor, into=input_tensor)


def _scale_mask(
    input_tensor: torch.Tensor, scale: float | None = None, mask: torch.Tensor | None = None
) -> torch.Tensor:
    scores = input_tensor.float() * (1.0 if scale is None else scale)
    return torch.softmax(scores if mask is None else scores + mask, -1)


def scaled_and_masked(
    tensor: Tensor, scale: float | None, mask: Tensor | None, *, causal: bool = False, in_place: bool = False
) -> torch.Tensor:
    """The softmax of scaled, masked scores. Raises ttnn's errors for a mask that doesn't fit.

    A mask has the height of a tile, whatever the scores' height is, and every row of scores gets its first row.
    """
    _check_softmax(tensor)
    if mask is None:
        if scale is not None:
            raise fatal("Scale value must not be set when mask is not present")
        return _scale_mask(working(tensor))
    if causal:
        raise NotEmulated("a causal mask")
    shape, own = (1, 1, 1, *mask.shape)[-4:], (1, 1, 1, *tensor.shape)[-4:]
    if in_place:
        _check_mask_in_place(tensor, mask, own, shape)
    else:
        _check_mask(own, shape)
    values = working(mask).reshape(shape)
    return _scale_mask(working(tensor), scale, values if own[2] == shape[2] else values[..., :1, :])


_UNIFORM = (
    "This path requires head-uniform masks; apply a per-head bias with a separate ttnn::add before ttnn::softmax."
)


def _check_mask(own: tuple[int, ...], shape: tuple[int, ...]) -> None:
    if own[0] != shape[0]:
        raise fatal(f"Input and mask batch sizes must match, got input: {own[0]} vs mask: {shape[0]}")
    if shape[1] != 1:
        raise fatal(f"Mask intermediate dimension 1 must be 1, got: {shape[1]}. {_UNIFORM}")
    if own[3] != shape[3]:
        raise fatal(f"Input and mask inner dimensions must match, got input: {own[3]} vs mask: {shape[3]}")
    if shape[2] not in (1, TILE_SIZE):
        raise fatal(
            f"Mask height must be 1 or input tensor tile height ({TILE_SIZE}), got: {shape[2]}. "
            "A full causal mask is not accepted here; for causal attention use "
            "ttnn::transformer::scaled_dot_product_attention with is_causal=true."
        )


def _check_mask_in_place(tensor: Tensor, mask: Tensor, own: tuple[int, ...], shape: tuple[int, ...]) -> None:
    """The checks of ttnn's in-place variants, which look at less."""
    if own[0] != shape[0]:
        shapes = f"{tensor.shape} for input and {mask.shape} for mask"
        raise fatal(f"Input and mask batch sizes must match, got {shapes}")
    if shape[1] != 1:
        raise fatal(f"Non-sharded mask intermediate dimensions must be 1, got {shape[1]} at dimension 1. {_UNIFORM}")
    if own[3] != shape[3] or shape[2] not in (1, TILE_SIZE, own[2]):
        raise NotEmulated(f"a mask of shape {list(mask.shape)} for scores of shape {list(tensor.shape)}")


@operation("ttnn.scale_mask_softmax", _scale_mask, operands=_OPERANDS)
def scale_mask_softmax(
    input_tensor: Tensor,
    scale: float | None = None,
    mask: Tensor | None = None,
    *,
    memory_config: MemoryConfig | None = None,
    is_causal_mask: bool = False,
    compute_kernel_config: object = None,
    numeric_stable: bool = True,
) -> Tensor:
    """The softmax along the last dimension of ``scale * input_tensor + mask``."""
    values = scaled_and_masked(input_tensor, scale, mask, causal=is_causal_mask)
    return output(values, input_tensor, memory_config=memory_config)


@operation("ttnn.scale_mask_softmax_in_place", _scale_mask, operands=_OPERANDS)
def scale_mask_softmax_in_place(
    input_tensor: Tensor,
    scale: float | None = None,
    mask: Tensor | None = None,
    *,
    program_config: object = None,
    is_causal_mask: bool = False,
    compute_kernel_config: object = None,
    numeric_stable: bool = False,
) -> Tensor:
    """``scale_mask_softmax`` in the tensor's own memory."""
    values = scaled_and_masked(input_tensor, scale, mask, causal=is_causal_mask, in_place=True)
    return output(values, input_tensor, into=input_tensor)


def _vector(parameter: torch.Tensor | None, width: int, dtype: torch.dtype) -> torch.Tensor | None:
    return None if parameter is None else parameter.reshape(-1)[:width].to(dtype)


def _layer_norm(
    input_tensor: torch.Tensor,
    epsilon: float = 1e-12,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    residual_input_tensor: torch.Tensor | None = None,
) -> torch.Tensor:
    x = input_tensor if residual_input_tensor is None else input_tensor + residual_input_tensor
    width = x.shape[-1]
    return functional.layer_norm(x, (width,), _vector(weight, width, x.dtype), _vector(bias, width, x.dtype), epsilon)


def _rms_norm(
    input_tensor: torch.Tensor,
    weight: torch.Tensor | None = None,
    epsilon: float = 1e-12,
    bias: torch.Tensor | None = None,
    residual_input_tensor: torch.Tensor | None = None,
) -> torch.Tensor:
    x = input_tensor if residual_input_tensor is None else input_tensor + residual_input_tensor
    normalized = x * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + epsilon)
    if weight is not None:
        if weight.dtype in (torch.float16, torch.bfloat16):
            normalized = normalized.to(weight.dtype)
        normalized = normalized * weight.reshape(-1)[: x.shape[-1]]
    return normalized if bias is None else normalized + bias.reshape(-1)[: x.shape[-1]]


def _check_parameter(name: str, parameter: Tensor, tensor: Tensor) -> None:
    """Raise ttnn's error unless a norm's weight (gamma) or bias (beta) fits the width of ``tensor``."""
    padded, own = parameter.padded_shape, tensor.padded_shape
    if parameter.layout is Layout.ROW_MAJOR:
        if padded[-1] != TILE_SIZE or prod(padded) != -(-tensor.shape[-1] // TILE_SIZE) * TILE_SIZE:
            raise fatal(
                f"{name.capitalize()}'s last padded dim needs to equal tile width and {name}'s volume needs to align "
                f"with last padded dim of input. Error with {name}.value().padded_shape(): {padded}, tile_width: "
                f"{TILE_SIZE}, {name}.value().physical_volume(): {prod(padded)}, a.padded_shape(): {own}"
            )
        return
    if padded[-1] != own[-1] or parameter.shape[-1] < tensor.shape[-1]:
        effect = "multiplied" if name == "gamma" else "offset"
        raise fatal(
            f"Input and {name} padded widths must match and {name} logical width must be >= input logical width "
            f"(otherwise valid input columns would be {effect} by {name} padding). "
            f"Got input: logical[-1]={tensor.shape[-1]} padded[-1]={own[-1]} "
            f"vs {name}: logical[-1]={parameter.shape[-1]} padded[-1]={padded[-1]}"
        )


def _enter_norm(name: str, golden: Any) -> None:
    def norm(
        input_tensor: Tensor,
        *,
        epsilon: float = 1e-12,
        weight: Tensor | None = None,
        bias: Tensor | None = None,
        residual_input_tensor: Tensor | None = None,
        memory_config: MemoryConfig | None = None,
        program_config: object = None,
        compute_kernel_config: object = None,
        recip_tensor: Tensor | None = None,
    ) -> Tensor:
        """The norm over the last dimension, then a weight and a bias."""
        if name == "layer_norm" and not len(input_tensor.shape):
            raise fatal("LayerNorm operation not supported for 0D tensors. (rank=0)")
        if name == "rms_norm" and input_tensor.layout is Layout.ROW_MAJOR:
            raise fatal("ttnn::rms_norm does not support ROW_MAJOR input tensors. Use TILE layout.")
        check_float(input_tensor)
        if input_tensor.memory_config().memory_layout is TensorMemoryLayout.HEIGHT_SHARDED:
            raise fatal("Height sharded inputs are not supported.")
        residual = residual_input_tensor
        if residual is not None and tuple(residual.shape) != tuple(input_tensor.shape):
            own = f"input: logical={input_tensor.shape} padded={input_tensor.padded_shape}"
            other = f"residual: logical={residual.shape} padded={residual.padded_shape}"
            raise fatal(f"Input and residual logical and padded shapes must match, got {own} vs {other}")
        if weight is not None:
            _check_parameter("gamma", weight, input_tensor)
        if bias is not None:
            _check_parameter("beta", bias, input_tensor)
        values = golden(
            working(input_tensor),
            weight=optional_working(weight),
            epsilon=epsilon,
            bias=optional_working(bias),
            residual_input_tensor=optional_working(residual),
        )
        return output(values, input_tensor, memory_config=memory_config)

    enter(Operation(f"ttnn.{name}", [Form(norm)], golden, operands=_NORMS))


_enter_norm("layer_norm", _layer_norm)
_enter_norm("rms_norm", _rms_norm)


def _batch_norm(
    input: torch.Tensor,
    running_mean: torch.Tensor | None = None,
    running_var: torch.Tensor | None = None,
    training: bool = False,
    eps: float = 1e-05,
    momentum: float = 0.1,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    mean, variance, scale, shift = (
        None if parameter is None else parameter.reshape(-1).clone()
        for parameter in (running_mean, running_var, weight, bias)
    )
    channels = input.shape[1]
    if mean is None and variance is not None:
        mean = torch.zeros(channels, dtype=input.dtype)
    if variance is None and mean is not None:
        variance = torch.ones(channels, dtype=input.dtype)
    return functional.batch_norm(input, mean, variance, scale, shift, training, momentum, eps)


@operation("ttnn.batch_norm", _batch_norm)
def batch_norm(
    input: Tensor,
    *,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    training: bool = False,
    eps: float = 1e-05,
    momentum: float = 0.1,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    output: Tensor | None = None,
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
) -> Tensor:
    """The norm over each channel (dimension 1); in training the running statistics are updated in place."""
    if len(input.shape) < 4:
        raise fatal(f"batch_norm not supported for tensors with rank < 4. (rank={len(input.shape)})")
    if not training and (running_mean is None or running_var is None):
        raise fatal("running_mean and running_var must be defined in evaluation mode")
    parameters = {"batch_mean": running_mean, "batch_var": running_var, "weight": weight, "bias": bias}
    for name, parameter in parameters.items():
        if parameter is not None and parameter.shape[1] != input.shape[1]:
            raise fatal(f"{name}_shape[1] must be the same as input's channel size.")
    values = _batch_norm(
        working(input),
        optional_working(running_mean),
        optional_working(running_var),
        training,
        eps,
        momentum,
        optional_working(weight),
        optional_working(bias),
    )
    if training:
        _update_statistics(input, running_mean, running_var, momentum)
    return stored(values, input, memory_config=memory_config, into=output)


def _update_statistics(input: Tensor, mean: Tensor | None, variance: Tensor | None, momentum: float) -> None:
    dims = (0, *range(2, len(input.shape)))
    seen = working(input)
    for running, batch in ((mean, seen.mean(dims)), (variance, seen.var(dims))):
        if running is not None:
            old = working(running)
            running.overwrite(old + momentum * (batch.reshape(old.shape) - old))


def _group_norm(
    input_tensor: torch.Tensor,
    num_groups: int,
    epsilon: float = 1e-12,
    weight: torch.Tensor | None = None,
    bias: torch.Tensor | None = None,
    dtype: DataType | None = None,
) -> torch.Tensor:
    """``input_tensor`` as ttnn has it: batch, 1, height * width, channels."""
    channels = input_tensor.shape[-1]
    normalized = functional.group_norm(
        input_tensor.movedim(-1, 1),
        num_groups,
        _vector(weight, channels, input_tensor.dtype),
        _vector(bias, channels, input_tensor.dtype),
        epsilon,
    ).movedim(1, -1)
    return normalized if dtype is None else as_stored(normalized, dtype)


@operation("ttnn.group_norm", _group_norm)
def group_norm(
    input_tensor: Tensor,
    *,
    num_groups: int,
    epsilon: float = 1e-12,
    input_mask: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    memory_config: MemoryConfig | None = None,
    dtype: DataType | None = None,
    core_grid: object = None,
    inplace: bool | None = True,
    output_layout: Layout | None = None,
    num_out_blocks: int | None = None,
    compute_kernel_config: object = None,
    negative_mask: Tensor | None = None,
    use_welford: bool = False,
    reciprocals: Tensor | None = None,
) -> Tensor:
    """The norm over groups of channels of a tensor of batch, 1, height * width, channels."""
    if inplace and input_tensor.layout is Layout.TILE:
        raise fatal("In-place operation not supported: Tile layout requires non-inplace tensors. (inplace=true)")
    if len(input_tensor.shape) != 4 or input_tensor.shape[1] != 1:
        raise throw(f"group_norm takes a tensor of batch, 1, height * width and channels, not {input_tensor.shape}")
    values = _group_norm(working(input_tensor), num_groups, epsilon, optional_working(weight), optional_working(bias))
    return output(values, input_tensor, dtype=dtype, layout=output_layout, memory_config=memory_config)
