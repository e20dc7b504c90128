"""Pooling and upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, prod
from typing import Any

import torch
from torch.nn import functional

from ..enums import BufferType, DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal, throw
from ..memory_config import MemoryConfig
from ..operation import ON_DEVICE, Form, Operation, TorchFunction, enter, operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .convolution import Pair, as_images, as_rows, four_sides
from .pool_placement import Pool
from .reduction import check_reduced_type
from .result import BLOCK_FLOATS, as_stored, is_without_shards, output, working


def _padded(images: torch.Tensor, padding: Pair | int, fill: float) -> tuple[torch.Tensor, tuple[int, int]]:
    """``images``, and the padding left to torch's pools, which can't do it where opposite sides differ."""
    top, bottom, left, right = four_sides(padding)
    if (top, left) == (bottom, right):
        return images, (top, left)
    return functional.pad(images, (left, right, top, bottom), value=fill), (0, 0)


def _max_pool2d(
    input_tensor: torch.Tensor,
    batch_size: int,
    input_h: int,
    input_w: int,
    channels: int,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair | int,
    dilation: Pair,
    ceil_mode: bool = False,
    return_indices: bool = False,
    dtype: DataType | None = None,
) -> Any:
    images = as_images(input_tensor, batch_size, input_h, input_w, channels)
    images, sides = _padded(images, padding, float("-inf"))
    values, indices = functional.max_pool2d(
        images, tuple(kernel_size), tuple(stride), sides, tuple(dilation), ceil_mode, return_indices=True
    )
    rows = as_rows(values) if dtype is None else as_stored(as_rows(values), dtype)
    return (rows, as_rows(indices)) if return_indices else rows


def _avg_pool2d(
    input_tensor: torch.Tensor,
    batch_size: int,
    input_h: int,
    input_w: int,
    channels: int,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair | int,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    dtype: DataType | None = None,
) -> torch.Tensor:
    images, sides = _padded(as_images(input_tensor, batch_size, input_h, input_w, channels), padding, 0.0)
    rows = as_rows(
        functional.avg_pool2d(
            images, tuple(kernel_size), tuple(stride), sides, ceil_mode, count_include_pad, divisor_override
        )
    )
    return rows if dtype is None else as_stored(rows, dtype)


def _check(tensor: Tensor, kernel_size: Pair, padding: Pair | int) -> None:
    top, bottom, left, right = four_sides(padding)
    if 2 * max(top, bottom) > kernel_size[0] or 2 * max(left, right) > kernel_size[1]:
        # ttnn leaves the right side out.
        sizes = f"Padding ({top}, {bottom}, {left}) should not exceed half of kernel size {tuple(kernel_size)}"
        raise fatal(f"Pool2D: {sizes}")
    if tensor.dtype not in (DataType.BFLOAT16, DataType.BFLOAT8_B):
        raise fatal("Only BFLOAT16 supported for now")


def _stored(
    tensor: Tensor,
    rows: torch.Tensor,
    pool: Pool,
    memory_config: MemoryConfig | None,
    scheme: TensorMemoryLayout | None,
    dtype: DataType | None = None,
) -> Tensor:
    if pool.dtype in BLOCK_FLOATS and pool.layout is Layout.ROW_MAJOR:
        raise fatal("BFLOAT8_B/BFLOAT4_B output data format is not supported with ROW_MAJOR layout")
    placed = pool.placed(tensor, scheme)
    where = memory_config or placed
    if is_without_shards(memory_config):
        raise RuntimeError("bad optional access")
    return Tensor.create(
        rows,
        dtype=dtype or pool.dtype,
        layout=pool.layout,
        device=tensor.device(),
        memory_config=memory_config or where,
    )


@operation("ttnn.max_pool2d", _max_pool2d, renamed={"in_place_halo": None, "reallocate_halo": None})
def max_pool2d(
    input_tensor: Tensor,
    batch_size: int,
    input_h: int,
    input_w: int,
    channels: int,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    ceil_mode: bool = False,
    *,
    memory_config: MemoryConfig | None = None,
    dram_slice_config: object = None,
    applied_shard_scheme: TensorMemoryLayout | None = None,
    deallocate_input: bool = False,
    reallocate_halo_output: bool = True,
    return_indices: bool = False,
    dtype: DataType = DataType.BFLOAT16,
    output_layout: Layout = Layout.ROW_MAJOR,
    config_tensor_in_dram: bool = False,
) -> Any:
    """The largest of each window, as [1, 1, batch * height * width, channels]; a list with the indices if asked for."""
    _check(input_tensor, kernel_size, padding)
    sizes = (batch_size, input_h, input_w, channels)
    values, indices = _max_pool2d(
        working(input_tensor), *sizes, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True
    )
    pool = Pool(
        values.shape[-2],
        channels,
        kernel_size,
        output_layout,
        dtype,
        with_indices=return_indices,
        in_dram=config_tensor_in_dram,
    )
    place = (pool, memory_config, applied_shard_scheme)
    pooled = _stored(input_tensor, values, *place)
    if deallocate_input and input_tensor.is_sharded():  # what ttnn has put into shards itself, it frees in any case
        input_tensor.deallocate()
    return [pooled, _stored(input_tensor, indices, *place, DataType.UINT16)] if return_indices else pooled


@operation("ttnn.avg_pool2d", _avg_pool2d)
def avg_pool2d(
    input_tensor: Tensor,
    batch_size: int,
    input_h: int,
    input_w: int,
    channels: int,
    kernel_size: Pair,
    stride: Pair,
    padding: Pair,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
    *,
    memory_config: MemoryConfig | None = None,
    dram_slice_config: object = None,
    applied_shard_scheme: TensorMemoryLayout | None = None,
    compute_kernel_config: object = None,
    deallocate_input: bool = False,
    reallocate_halo_output: bool = True,
    dtype: DataType = DataType.BFLOAT16,
    output_layout: Layout = Layout.ROW_MAJOR,
    config_tensor_in_dram: bool = False,
) -> Tensor:
    """The mean of each window, as [1, 1, batch * height * width, channels]."""
    _check(input_tensor, kernel_size, padding)
    sizes = (batch_size, input_h, input_w, channels)
    options = (ceil_mode, count_include_pad, divisor_override)
    values = _avg_pool2d(working(input_tensor), *sizes, kernel_size, stride, padding, *options)
    whole = (count_include_pad or not any(four_sides(padding))) and not (
        ceil_mode and _reaches_beyond(sizes[1:3], kernel_size, stride, padding)
    )
    pool = Pool(
        values.shape[-2],
        channels,
        kernel_size,
        output_layout,
        dtype,
        averages=True,
        several_scalars=divisor_override is None and not whole,
        in_dram=config_tensor_in_dram,
    )
    return _stored(input_tensor, values, pool, memory_config, applied_shard_scheme)


def _reaches_beyond(size: Pair, kernel_size: Pair, stride: Pair, padding: Pair | int) -> bool:
    """Whether windows rounded up in number end beyond the padding, in one of the two directions."""
    top, bottom, left, right = four_sides(padding)
    padded = (size[0] + top + bottom, size[1] + left + right)
    return any((side - window) % step for side, window, step in zip(padded, kernel_size, stride, strict=True))


def _enter_adaptive(name: str, function: TorchFunction) -> None:
    def golden(
        input_tensor: torch.Tensor, batch_size: int, input_h: int, input_w: int, channels: int, output_size: Pair
    ) -> torch.Tensor:
        return as_rows(function(as_images(input_tensor, batch_size, input_h, input_w, channels), tuple(output_size)))

    def pool(
        input_tensor: Tensor,
        batch_size: int,
        input_h: int,
        input_w: int,
        channels: int,
        output_size: Pair,
        *,
        memory_config: MemoryConfig | None = None,
        dram_slice_config: object = None,
        applied_shard_scheme: TensorMemoryLayout | None = None,
        compute_kernel_config: object = None,
        deallocate_input: bool = False,
        reallocate_output: bool = True,
    ) -> Tensor:
        """The pool whose windows make an output of the given size."""
        values = golden(working(input_tensor), batch_size, input_h, input_w, channels, output_size)
        if name == "adaptive_avg_pool2d" and tuple(output_size) == (
            1,
            1,
        ):  # the mean of the whole image, without shards
            where = memory_config or MemoryConfig(buffer_type=input_tensor.memory_config().buffer_type)
            return Tensor.create(
                values,
                dtype=DataType.BFLOAT16,
                layout=Layout.ROW_MAJOR,
                device=input_tensor.device(),
                memory_config=where,
            )
        steps = [side // parts for side, parts in zip((input_h, input_w), output_size, strict=True)]
        kernel = [
            side - (parts - 1) * step for side, parts, step in zip((input_h, input_w), output_size, steps, strict=True)
        ]
        pool = Pool(values.shape[-2], channels, kernel, Layout.ROW_MAJOR, DataType.BFLOAT16, averages="avg" in name)
        return _stored(input_tensor, values, pool, memory_config, applied_shard_scheme)

    enter(Operation(f"ttnn.{name}", [Form(pool)], golden, operands=ON_DEVICE))


_enter_adaptive("adaptive_avg_pool2d", functional.adaptive_avg_pool2d)
_enter_adaptive("adaptive_max_pool2d", functional.adaptive_max_pool2d)


def _global_avg_pool2d(input_tensor: torch.Tensor) -> torch.Tensor:
    return input_tensor.float().mean((-3, -2), keepdim=True).to(input_tensor.dtype)


@operation("ttnn.global_avg_pool2d", _global_avg_pool2d)
def global_avg_pool2d(
    input_tensor: Tensor, *, memory_config: MemoryConfig | None = None, dtype: DataType | None = None
) -> Tensor:
    """The means over height and width of images of batch, height, width, channels; tiled, in the input's own format."""
    if len(input_tensor.shape) not in (3, 4):
        raise NotEmulated(f"a global pool of a tensor with {len(input_tensor.shape)} dimensions")
    values = _global_avg_pool2d(working(input_tensor))
    values = values.reshape(-1, 1, 1, values.shape[-1])
    if input_tensor.dtype in BLOCK_FLOATS and input_tensor.shape[-3] * input_tensor.shape[-2] % TILE_SIZE:
        return _pooled_whole(input_tensor, values, memory_config, dtype)
    check_reduced_type("mean", input_tensor.dtype)
    own = input_tensor.memory_config()
    where = memory_config or (
        MemoryConfig(TensorMemoryLayout.INTERLEAVED, own.buffer_type) if own.is_sharded() else own
    )
    return output(values, input_tensor, layout=Layout.TILE, memory_config=where)


def _pooled_whole(
    tensor: Tensor, values: torch.Tensor, memory_config: MemoryConfig | None, dtype: DataType | None
) -> Tensor:
    """The output of ttnn's pool with one window; it takes the mean only of rows that fill their tiles."""
    if dtype is DataType.FLOAT32:
        raise fatal("Currently only BFLOAT16, BFLOAT8_B, and BFLOAT4_B output data formats are supported")
    *outer, width, _ = tensor.shape
    stored = prod(outer) * ceil(width / TILE_SIZE) * TILE_SIZE
    needed = ceil(prod(outer) * width / TILE_SIZE) * TILE_SIZE
    if stored != needed:
        raise fatal(f"Shard height {stored} must match physical height {needed} for width sharded")
    by_width = MemoryConfig(TensorMemoryLayout.WIDTH_SHARDED, BufferType.L1)
    kind, where = dtype or DataType.BFLOAT16, memory_config or by_width
    return output(values, tensor, dtype=kind, layout=Layout.TILE, memory_config=where)


def _upsample(input_tensor: torch.Tensor, scale_factor: float | Sequence[float], mode: str = "nearest") -> torch.Tensor:
    factors = (scale_factor, scale_factor) if isinstance(scale_factor, (int, float)) else tuple(scale_factor)
    images = input_tensor.permute(0, 3, 1, 2)
    # torch upsamples floats only.
    wide = images if images.is_floating_point() else images.float()
    settings = {"align_corners": False} if mode == "bilinear" else {}
    larger = functional.interpolate(wide, scale_factor=factors, mode=mode, **settings)
    return larger.to(input_tensor.dtype).permute(0, 2, 3, 1)


@operation("ttnn.upsample", _upsample)
def upsample(
    input_tensor: Tensor,
    scale_factor: float | Sequence[float],
    *,
    mode: str = "nearest",
    memory_config: MemoryConfig | None = None,
    compute_kernel_config: object = None,
) -> Tensor:
    """Images of batch, height, width, channels with height and width multiplied."""
    rank = len(input_tensor.shape)
    if rank != 4:
        raise throw(f"ShapeBase[] index out of range. 3 not in [{-max(rank, 4)}, {rank})")
    if mode not in ("nearest", "bilinear"):
        raise fatal("mode must be 'nearest' or 'bilinear'")
    if input_tensor.layout is Layout.TILE and tuple(input_tensor.shape) != tuple(input_tensor.padded_shape):
        raise fatal("Tiled input must be tile-aligned (no padding difference)")
    values = _upsample(working(input_tensor), scale_factor, mode)
    return output(values, input_tensor, memory_config=memory_config)
