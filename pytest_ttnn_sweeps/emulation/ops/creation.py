"""Operations that make tensors out of nothing: zeros, ones, full, empty, arange, rand, and those like another."""

from __future__ import annotations

import torch

from ..device import MeshDevice
from ..enums import DataType, Layout, StorageType
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import ANYWHERE, Form, Operation, enter, operation
from ..tensor import Tensor
from .arrangement import Sizes
from .result import BLOCK_FLOATS, as_stored


def _made(
    values: torch.Tensor,
    dtype: DataType | None,
    layout: Layout | None,
    device: MeshDevice | None,
    memory_config: MemoryConfig | None,
) -> Tensor:
    kind = dtype or DataType.BFLOAT16
    # ttnn makes a block float tiled, whatever the layout that is asked for.
    tiled = Layout.TILE if kind in BLOCK_FLOATS else layout or Layout.ROW_MAJOR
    return Tensor.create(values, dtype=kind, layout=tiled, device=device, memory_config=memory_config)


def _sizes(shape: Sizes) -> tuple[int, ...]:
    return tuple(int(size) for size in shape)


def _full(shape: Sizes, fill_value: float, dtype: DataType | None = None) -> torch.Tensor:
    return as_stored(torch.full(_sizes(shape), fill_value), dtype or DataType.BFLOAT16)


@operation("ttnn.full", _full, operands=ANYWHERE)
def full(
    shape: Sizes,
    fill_value: float,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    optional_tensor: Tensor | None = None,
) -> Tensor:
    """A tensor of one value, by default row-major BFLOAT16 on the host."""
    values = torch.full(_sizes(shape), fill_value)
    if optional_tensor is not None:
        optional_tensor.overwrite(values)
        return optional_tensor
    return _made(values, dtype, layout, device, memory_config)


def _full_like(tensor: torch.Tensor, fill_value: float) -> torch.Tensor:
    return torch.full_like(tensor, fill_value)


def _like(
    tensor: Tensor,
    fill_value: float,
    dtype: DataType | None,
    layout: Layout | None,
    device: MeshDevice | None,
    memory_config: MemoryConfig | None,
) -> Tensor:
    place = memory_config
    if place is None and tensor.storage_type() is StorageType.DEVICE:
        place = tensor.memory_config()
    values = torch.full(tuple(tensor.shape), fill_value)
    return _made(values, dtype or tensor.dtype, layout or tensor.layout, device or tensor.device(), place)


@operation("ttnn.full_like", _full_like, operands=ANYWHERE)
def full_like(
    tensor: Tensor,
    fill_value: float,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    optional_tensor: Tensor | None = None,
) -> Tensor:
    """A tensor of one value, stored as ``tensor`` is unless told otherwise."""
    if optional_tensor is not None:
        optional_tensor.overwrite(torch.full(tuple(optional_tensor.shape), fill_value))
        return optional_tensor
    return _like(tensor, fill_value, dtype, layout, device, memory_config)


def _enter_constant(name: str, value: float) -> None:
    def golden(shape: Sizes, dtype: DataType | None = None) -> torch.Tensor:
        return _full(shape, value, dtype)

    def golden_like(tensor: torch.Tensor) -> torch.Tensor:
        return _full_like(tensor, value)

    def constant(
        shape: Sizes,
        dtype: DataType | None = None,
        layout: Layout | None = None,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
    ) -> Tensor:
        """A tensor of one value, by default row-major BFLOAT16 on the host."""
        return _made(torch.full(_sizes(shape), value), dtype, layout, device, memory_config)

    def constant_like(
        tensor: Tensor,
        dtype: DataType | None = None,
        layout: Layout | None = None,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
        optional_tensor: Tensor | None = None,
    ) -> Tensor:
        """A tensor of one value, stored as ``tensor`` is unless told otherwise."""
        if optional_tensor is not None:
            optional_tensor.overwrite(torch.full(tuple(optional_tensor.shape), value))
            return optional_tensor
        return _like(tensor, value, dtype, layout, device, memory_config)

    enter(Operation(f"ttnn.{name}", [Form(constant)], golden, operands=ANYWHERE))
    enter(Operation(f"ttnn.{name}_like", [Form(constant_like)], golden_like, operands=ANYWHERE))


_enter_constant("zeros", 0.0)
_enter_constant("ones", 1.0)


@operation("ttnn.empty", None, operands=ANYWHERE)
def empty(
    shape: Sizes,
    dtype: DataType = DataType.BFLOAT16,
    layout: Layout = Layout.ROW_MAJOR,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig = DRAM_MEMORY_CONFIG,
) -> Tensor:
    """A tensor of whatever; here zeros."""
    if device is None:
        raise TypeError("ttnn.empty(): incompatible function arguments: 'device' is missing.")
    return _made(torch.zeros(_sizes(shape)), dtype, layout, device, memory_config)


@operation("ttnn.empty_like", None, operands=ANYWHERE)
def empty_like(
    tensor: Tensor,
    *,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """A tensor of whatever, stored as ``tensor`` is unless told otherwise; here zeros."""
    return _like(tensor, 0.0, dtype, layout, device, memory_config)


def _arange(start: int, end: int | None = None, step: int = 1, dtype: DataType | None = None) -> torch.Tensor:
    numbers = torch.arange(start, end, step) if end is not None else torch.arange(start)
    return as_stored(numbers, dtype or DataType.BFLOAT16)


@operation("ttnn.arange", _arange, operands=ANYWHERE)
def arange(
    start: int,
    end: int | None = None,
    step: int = 1,
    *,
    dtype: DataType = DataType.BFLOAT16,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig = DRAM_MEMORY_CONFIG,
    layout: Layout = Layout.ROW_MAJOR,
) -> Tensor:
    """The numbers from ``start`` up to ``end``, or from 0 up to the only one given."""
    numbers = torch.arange(start, end, step) if end is not None else torch.arange(start)
    return _made(numbers, dtype, layout, device, memory_config)


@operation("ttnn.rand", None, operands=ANYWHERE)
def rand(
    shape: Sizes,
    device: MeshDevice,
    *,
    dtype: DataType = DataType.BFLOAT16,
    layout: Layout = Layout.TILE,
    memory_config: MemoryConfig = DRAM_MEMORY_CONFIG,
    low: float = 0.0,
    high: float = 1.0,
    seed: int = 0,
) -> Tensor:
    """Uniform random numbers; the same for the same seed, except for seed 0, and not those of a chip."""
    generator = torch.Generator().manual_seed(seed) if seed else None
    values = torch.rand(_sizes(shape), generator=generator) * (high - low) + low
    return _made(values, dtype, layout, device, memory_config)
