"""The norms: layer, rms, batch, group."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch.nn import functional

from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import fatal, throw
from ..memory_config import MemoryConfig
from ..operation import Form, Operands, Operation, enter, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import as_stored, cpp, optional_working, output, working
from .result import output as stored  # where a parameter of ttnn's is called output
from .softmax import check_float

_NORMS = Operands(on_host="Operands to layernorm need to be on device!", looks_at_all=False)


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
        if residual is not None and residual.layout is not Layout.TILE:
            raise fatal(f"Residual tensor must have TILE layout, got: {cpp(residual.layout)}")
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


_TINY = 1e-300
"""Stands for no epsilon at all, which torch doesn't take in training."""


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
    return functional.batch_norm(input, mean, variance, scale, shift, training, momentum, eps or _TINY)


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
    _check_batch_norm_types(input, {name: one for name, one in parameters.items() if one is not None})
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


def _check_batch_norm_types(input: Tensor, parameters: dict[str, Tensor]) -> None:
    if input.dtype not in (DataType.BFLOAT16, DataType.FLOAT32):
        raise fatal(f"batch_norm only supports bfloat16, float32. Got: {cpp(input.dtype)}")
    first = next(iter(parameters.values()), None)
    for name, parameter in parameters.items():
        if first is not None and parameter.dtype is not first.dtype:
            spelt = name.replace("batch_", "running_")
            others = f"other parameter tensors dtype ({cpp(first.dtype)})"
            raise fatal(f"batch_norm: {spelt} dtype ({cpp(parameter.dtype)}) must match {others}")
    if input.layout is not Layout.TILE:
        raise fatal("Input tensor must be must be tilized")
    if input.is_sharded():
        raise fatal("Input tensor must be interleaved")
    for name, parameter in parameters.items():
        if parameter.layout is not Layout.TILE:
            raise fatal(f"{name} tensor must be tilized")


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
    if inplace and not input_tensor.is_sharded():
        raise fatal("inplace groupnorm not supported for unsharded tensors")
    if input_tensor.shape[-1] % num_groups:
        channels = f"Number of channels ({input_tensor.shape[-1]})"
        must = f"must be divisible by the number of groups ({num_groups})"
        raise fatal(f"Invalid channel configuration: {channels} {must}.")
    if len(input_tensor.shape) != 4 or input_tensor.shape[1] != 1:
        raise throw(f"group_norm takes a tensor of batch, 1, height * width and channels, not {input_tensor.shape}")
    values = _group_norm(working(input_tensor), num_groups, epsilon, optional_working(weight), optional_working(bias))
    return output(values, input_tensor, dtype=dtype, layout=output_layout, memory_config=memory_config)
