"""Convolutions over tensors of batch * height * width rows of channels, as ttnn lays images out.

Weights come as torch has them, or prepared: the tensor that ``return_weights_and_bias`` gave, [1, 1, kernel height *
kernel width * input channels, output channels]. A convolution in groups is prepared as the dense one it equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from ..convolution_configs import Conv2dConfig, Op2DSliceConfig
from ..device import MeshDevice
from ..enums import BufferType, DataType, Layout, StorageType
from ..errors import NotEmulated, fatal, throw
from ..kernel_config import WormholeComputeKernelConfig
from ..memory_config import DRAM_MEMORY_CONFIG, L1_MEMORY_CONFIG, MemoryConfig
from ..operation import ANYWHERE, operation
from ..tensor import Tensor
from .activation import apply_named
from .result import as_stored, even_shards, working

Pair = Sequence[int]


def four_sides(padding: Pair | int) -> tuple[int, int, int, int]:
    """Padding as top, bottom, left, right, of which ttnn also takes (height, width)."""
    sides = (padding, padding) if isinstance(padding, int) else tuple(padding)
    if len(sides) == 2:
        return sides[0], sides[0], sides[1], sides[1]
    if len(sides) != 4:
        raise fatal(f"padding has 2 or 4 numbers, not {len(sides)}")
    return sides[0], sides[1], sides[2], sides[3]


def as_images(values: torch.Tensor, batch: int, height: int, width: int, channels: int) -> torch.Tensor:
    """``values`` as torch has images: batch, channels, height, width. Raises ttnn's error when the sizes don't fit."""
    if values.numel() != batch * height * width * channels:
        raise fatal("Attempting to reshape between two shapes with different volumes")
    return values.reshape(batch, height, width, channels).permute(0, 3, 1, 2)


def as_rows(images: torch.Tensor) -> torch.Tensor:
    """Images of batch, channels, height, width as ttnn has them: 1, 1, batch * height * width, channels."""
    return images.permute(0, 2, 3, 1).reshape(1, 1, -1, images.shape[1])


def _conv2d(
    input_tensor: torch.Tensor,
    weight_tensor: torch.Tensor,
    in_channels: int,
    out_channels: int,
    batch_size: int,
    input_height: int,
    input_width: int,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair | int = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
    bias_tensor: torch.Tensor | None = None,
    conv_config: Conv2dConfig | None = None,
    return_output_dim: bool = False,
    return_weights_and_bias: bool = False,
    dtype: DataType | None = None,
) -> Any:
    wide = input_tensor.reshape(batch_size, input_height, input_width, -1)[..., :in_channels].permute(0, 3, 1, 2)
    bias = None if bias_tensor is None else bias_tensor.reshape(-1)
    images = _convolved(wide.float(), weight_tensor.float(), bias, stride, padding, dilation, groups)
    rows = as_rows(apply_named(images, None if conv_config is None else conv_config.activation))
    result = rows if dtype is None else as_stored(rows, dtype)
    return [result] if return_output_dim or return_weights_and_bias else result


def _convolved(
    images: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None,
    stride: Pair,
    padding: Pair | int,
    dilation: Pair,
    groups: int,
) -> torch.Tensor:
    top, bottom, left, right = four_sides(padding)
    padded = functional.pad(images, (left, right, top, bottom))
    (height, width), window = (
        padded.shape[2:],
        [(n - 1) * d + 1 for n, d in zip(weight.shape[2:], dilation, strict=True)],
    )
    if window[0] > height or window[1] > width:
        raise fatal(f"the dilated kernel {tuple(window)} is larger than the padded input ({height}, {width})")
    bias = None if bias is None else bias.float()
    return functional.conv2d(padded, weight, bias, tuple(stride), 0, tuple(dilation), groups)


def _dense(weight: torch.Tensor, groups: int) -> torch.Tensor:
    """The weights of the convolution without groups that equals one in ``groups``."""
    if groups == 1:
        return weight
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    dense = weight.new_zeros(weight.shape[0], inputs * groups, *weight.shape[2:])
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        dense[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return dense


def _is_prepared(tensor: Tensor) -> bool:
    return (
        tensor.storage_type() is StorageType.DEVICE
        and tensor.layout is Layout.TILE
        and list(tensor.shape)[:2] == [1, 1]
    )


def _dense_weight(tensor: Tensor, in_channels: int, out_channels: int, kernel: Pair, groups: int) -> torch.Tensor:
    """The weights as output channels, input channels, kernel height, kernel width."""
    height, width = kernel
    if in_channels % groups or out_channels % groups:
        raise NotEmulated(f"{groups} groups of {in_channels} input and {out_channels} output channels")
    prepared = _is_prepared(tensor)
    expected = (
        [1, 1, height * width * in_channels, out_channels]
        if prepared
        else [out_channels, in_channels // groups, height, width]
    )
    values = working(tensor).float()
    if values.dim() == 3 and not prepared:  # those of a convolution over lengths
        values = values.unsqueeze(-1)
    if list(values.shape) != expected:
        raise throw(f"the weight tensor has the shape {tensor.shape}; these channels and this kernel take {expected}")
    if not prepared:
        return _dense(values, groups)
    return values.reshape(height, width, in_channels, out_channels).permute(3, 2, 0, 1)


def _placement(
    tensor: Tensor,
    wanted: MemoryConfig | None,
    config: Conv2dConfig,
    cut: Op2DSliceConfig | None,
    rows: torch.Tensor,
    device: MeshDevice,
) -> MemoryConfig:
    """Where ttnn puts the output: in DRAM for an input in DRAM or on the host; else where told, or in shards in L1.

    ttnn chooses the sharding by a cost model unless the input or the configuration has one; the emulation interleaves.
    """
    own = tensor.memory_config()
    whole = cut is not None and cut.slice_type is Op2DSliceConfig.SliceTypeEnum.L1Full
    if not whole and (tensor.storage_type() is StorageType.HOST or own.buffer_type is BufferType.DRAM):
        return DRAM_MEMORY_CONFIG
    scheme = own.memory_layout if own.is_sharded() else config.shard_layout
    if wanted is not None or scheme is None:
        return wanted or L1_MEMORY_CONFIG
    grid = device.compute_with_storage_grid_size()
    return MemoryConfig(scheme, BufferType.L1, even_shards(scheme, tuple(rows.shape), Layout.TILE, grid))


@dataclass
class _Convolution:
    """What the convolutions do alike: store the output, prepare the parameters, return what is asked for."""

    input_tensor: Tensor
    weight_tensor: Tensor
    bias_tensor: Tensor | None
    device: MeshDevice
    config: Conv2dConfig | None
    cut: Op2DSliceConfig | None
    dtype: DataType | None
    memory_config: MemoryConfig | None

    def __post_init__(self) -> None:
        self.settings = self.config or Conv2dConfig()
        self.weights_dtype = self.settings.weights_dtype or self.weight_tensor.dtype

    def bias(self) -> torch.Tensor | None:
        """The bias as a vector."""
        return None if self.bias_tensor is None else working(self.bias_tensor).reshape(-1).float()

    def stored(self, images: torch.Tensor) -> Tensor:
        """The output tensor of ``images`` after the activation."""
        rows = as_rows(apply_named(images, self.settings.activation))
        where = _placement(self.input_tensor, self.memory_config, self.settings, self.cut, rows, self.device)
        layout = Layout.TILE if where.buffer_type is BufferType.DRAM else self.settings.output_layout
        dtype = self.dtype or self.input_tensor.dtype
        return Tensor.create(rows, dtype=dtype, layout=layout, device=self.device, memory_config=where)

    def returned(self, images: torch.Tensor, dense: torch.Tensor, size: Any, sizes: bool, parameters: bool) -> Any:
        """The output; in a tuple with its size, and with the prepared weights and bias, if they are asked for."""
        parts: list[Any] = [self.stored(images), *([size] if sizes else [])]
        if parameters:
            bias = self.bias_tensor
            row = None if bias is None else self._prepared(bias, working(bias).reshape(-1, 1, 1, 1))
            parts.append((self._prepared(self.weight_tensor, dense), row))
        return tuple(parts) if len(parts) > 1 else parts[0]

    def _prepared(self, tensor: Tensor, dense: torch.Tensor) -> Tensor:
        if _is_prepared(tensor):
            return tensor
        rows = dense.permute(2, 3, 1, 0).reshape(1, 1, -1, dense.shape[0])
        return Tensor.create(rows, dtype=self.weights_dtype, layout=Layout.TILE, device=self.device)


@operation("ttnn.conv2d", _conv2d, operands=ANYWHERE)
def conv2d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    device: MeshDevice,
    in_channels: int,
    out_channels: int,
    batch_size: int,
    input_height: int,
    input_width: int,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
    dtype: DataType | None = None,
    bias_tensor: Tensor | None = None,
    conv_config: Conv2dConfig | None = None,
    compute_config: WormholeComputeKernelConfig | None = None,
    memory_config: MemoryConfig | None = None,
    slice_config: Op2DSliceConfig | None = None,
    return_output_dim: bool = False,
    return_weights_and_bias: bool = False,
) -> Any:
    """The convolution, as [1, 1, batch * height * width, channels]; a tuple if more is asked for than that.

    The tuple is (output, (height, width) if asked for, (prepared weights, prepared bias or None) if asked for).
    """
    run = _Convolution(
        input_tensor, weight_tensor, bias_tensor, device, conv_config, slice_config, dtype, memory_config
    )
    images = as_images(working(input_tensor).float(), batch_size, input_height, input_width, in_channels)
    dense = _dense_weight(weight_tensor, in_channels, out_channels, kernel_size, groups)
    weight = as_stored(dense, run.weights_dtype).float()
    result = _convolved(images, weight, run.bias(), stride, padding, dilation, 1)
    size = (result.shape[2], result.shape[3])
    return run.returned(result, dense, size, return_output_dim, return_weights_and_bias)


@operation("ttnn.conv1d", None, operands=ANYWHERE)
def conv1d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    device: MeshDevice,
    in_channels: int,
    out_channels: int,
    batch_size: int,
    input_length: int,
    kernel_size: int,
    stride: int = 1,
    padding: int | Pair = 0,
    dilation: int = 1,
    groups: int = 1,
    dtype: DataType | None = None,
    bias_tensor: Tensor | None = None,
    conv_config: Conv2dConfig | None = None,
    compute_config: WormholeComputeKernelConfig | None = None,
    memory_config: MemoryConfig | None = None,
    slice_config: Op2DSliceConfig | None = None,
    return_output_dim: bool = False,
    return_weights_and_bias: bool = False,
) -> Any:
    """The convolution over lengths; returns as ``conv2d`` does, with a length in the place of height and width."""
    run = _Convolution(
        input_tensor, weight_tensor, bias_tensor, device, conv_config, slice_config, dtype, memory_config
    )
    images = as_images(working(input_tensor).float(), batch_size, input_length, 1, in_channels)
    dense = _dense_weight(weight_tensor, in_channels, out_channels, (kernel_size, 1), groups)
    before, after = (padding, padding) if isinstance(padding, int) else padding
    weight, sides = as_stored(dense, run.weights_dtype).float(), (before, after, 0, 0)
    result = _convolved(images, weight, run.bias(), (stride, 1), sides, (dilation, 1), 1)
    return run.returned(result, dense, result.shape[2], return_output_dim, return_weights_and_bias)


@operation("ttnn.conv_transpose2d", None, operands=ANYWHERE)
def conv_transpose2d(
    *,
    input_tensor: Tensor,
    weight_tensor: Tensor,
    device: MeshDevice,
    in_channels: int,
    out_channels: int,
    batch_size: int,
    input_height: int,
    input_width: int,
    kernel_size: Pair,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    output_padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
    dtype: DataType | None = None,
    bias_tensor: Tensor | None = None,
    conv_config: Conv2dConfig | None = None,
    compute_config: WormholeComputeKernelConfig | None = None,
    memory_config: MemoryConfig | None = None,
    dram_slice_config: Op2DSliceConfig | None = None,
    mirror_kernel: bool = True,
    return_output_dim: bool = False,
    return_weights_and_bias: bool = False,
) -> Any:
    """The transposed convolution, for weights of input channels, output channels / groups, height, width."""
    if return_weights_and_bias or _is_prepared(weight_tensor):
        raise NotEmulated("prepared weights")
    if not mirror_kernel:
        raise NotEmulated("weights that are mirrored already")
    run = _Convolution(
        input_tensor, weight_tensor, bias_tensor, device, conv_config, dram_slice_config, dtype, memory_config
    )
    images = as_images(working(input_tensor).float(), batch_size, input_height, input_width, in_channels)
    weight = working(weight_tensor).float()
    expected = (in_channels, out_channels // groups, *kernel_size)
    if tuple(weight.shape) != expected:
        raise throw(f"the weight tensor has the shape {weight_tensor.shape}; these sizes take {list(expected)}")
    top, bottom, left, right = four_sides(padding)
    if (top, left) != (bottom, right):
        raise NotEmulated("padding that differs between opposite sides")
    result = functional.conv_transpose2d(
        images, weight, run.bias(), tuple(stride), (top, left), tuple(output_padding), groups, tuple(dilation)
    )
    return run.returned(result, weight, (result.shape[2], result.shape[3]), return_output_dim, parameters=False)
