"""Convolutions over tensors of batch * height * width rows of channels, as ttnn lays images out.

Weights come as torch has them, or prepared: the tensor that ``return_weights_and_bias`` gave, [1, 1, kernel height *
kernel width * input channels, output channels]. A convolution in groups is prepared as the dense one it equals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import torch
from torch.nn import functional

from ..convolution_configs import Conv2dConfig, Op2DSliceConfig
from ..coordinates import CoreCoord
from ..device import MeshDevice
from ..enums import BufferType, DataType, Layout, StorageType, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..kernel_config import WormholeComputeKernelConfig
from ..memory_config import DRAM_MEMORY_CONFIG, L1_MEMORY_CONFIG, MemoryConfig
from ..operation import ANYWHERE, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .activation import apply_named
from .core_counts import without_idle
from .result import as_stored, even_shards, working

Pair = Sequence[int]
_CHANNEL_BLOCK = 8
"""Input channels in rows are padded to a multiple of it: 16 bytes of bfloat16."""


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
    product_of: int | None,
) -> MemoryConfig:
    """Where ttnn puts the output: in DRAM for an input in DRAM or on the host; else where told, or in shards in L1.

    ttnn chooses the sharding by a cost model unless the input or the configuration has one; the emulation interleaves.
    A convolution by single elements is a matrix product, of ``product_of`` channels: it minds the configuration
    wherever its input is, save for shards by width, and goes to DRAM without one.
    """
    own = tensor.memory_config()
    is_product, scheme = product_of is not None, own.memory_layout if own.is_sharded() else config.shard_layout
    whole = cut is not None and cut.slice_type is Op2DSliceConfig.SliceTypeEnum.L1Full
    stays = whole or (is_product and scheme not in (None, TensorMemoryLayout.WIDTH_SHARDED))
    if not stays and (tensor.storage_type() is StorageType.HOST or own.buffer_type is BufferType.DRAM):
        return DRAM_MEMORY_CONFIG
    if wanted is not None or scheme is None:
        return wanted or (DRAM_MEMORY_CONFIG if is_product else L1_MEMORY_CONFIG)
    grid = device.compute_with_storage_grid_size()
    if product_of is not None and scheme is TensorMemoryLayout.BLOCK_SHARDED and not own.is_sharded():
        inputs, outputs = (ceil(channels / TILE_SIZE) for channels in (product_of, rows.shape[-1]))
        across = next(count for count in range(grid.x, 0, -1) if inputs % count == outputs % count == 0)
        grid = CoreCoord(across, grid.y)
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
    is_product: bool = False
    """The kernel is a single element, laid on every one: a matrix product."""

    def __post_init__(self) -> None:
        self.settings = self.config or Conv2dConfig()
        self.weights_dtype = self.settings.weights_dtype or self.weight_tensor.dtype

    def bias(self) -> torch.Tensor | None:
        """The bias as a vector."""
        return None if self.bias_tensor is None else working(self.bias_tensor).reshape(-1).float()

    def stored(self, images: torch.Tensor, channels: int) -> Tensor:
        """The output tensor of ``images``, made of ``channels``, after the activation."""
        rows = as_rows(apply_named(images, self.settings.activation))
        product_of = channels if self.is_product else None
        where = _placement(
            self.input_tensor, self.memory_config, self.settings, self.cut, rows, self.device, product_of
        )
        layout = Layout.TILE if where.buffer_type is BufferType.DRAM else self.settings.output_layout
        dtype = self.dtype or self.input_tensor.dtype
        return Tensor.create(rows, dtype=dtype, layout=layout, device=self.device, memory_config=where)

    def returned(self, images: torch.Tensor, dense: torch.Tensor, size: Any, sizes: bool, parameters: bool) -> Any:
        """The output; in a tuple with its size, and with the prepared weights and bias, if they are asked for."""
        parts: list[Any] = [self.stored(images, dense.shape[1]), *([size] if sizes else [])]
        if parameters:
            bias = self.bias_tensor
            row = None if bias is None else self._prepared(bias, working(bias).reshape(-1, 1, 1, 1))
            parts.append((self._prepared(self.weight_tensor, dense, is_plain=self.is_product), row))
        return tuple(parts) if len(parts) > 1 else parts[0]

    def _prepared(self, tensor: Tensor, dense: torch.Tensor, *, is_plain: bool = True) -> Tensor:
        if _is_prepared(tensor):
            return tensor
        rows = dense.permute(2, 3, 1, 0).reshape(1, 1, -1, dense.shape[0])
        padded = None if is_plain else [1, 1, self._weight_rows(dense), ceil(dense.shape[0] / TILE_SIZE) * TILE_SIZE]
        return Tensor.distribute(
            [rows], dtype=self.weights_dtype, layout=Layout.TILE, device=self.device, padded_to=padded
        )

    def _weight_rows(self, dense: torch.Tensor) -> int:
        """How many rows the prepared weights have: whole tiles for each row of the kernel, on each core of a row."""
        _, channels, height, width = dense.shape
        block = TILE_SIZE if self.input_tensor.layout is Layout.TILE else _CHANNEL_BLOCK
        blocks, columns = ceil(channels / block), self.device.compute_with_storage_grid_size().x
        by_block = self.settings.shard_layout is TensorMemoryLayout.BLOCK_SHARDED
        cores = without_idle(blocks, columns) if by_block else 1
        share = ceil(blocks / cores) * block
        return cores * height * ceil(width * share / TILE_SIZE) * TILE_SIZE


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
    run.is_product = tuple(kernel_size) == (1, 1) == tuple(stride) and not any(four_sides(padding))
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
