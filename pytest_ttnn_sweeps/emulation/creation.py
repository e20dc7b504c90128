"""Tensors of one value or of a range, given a shape or another tensor's."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from .device import MeshDevice
from .enums import DataType, Layout
from .errors import NotEmulated, fatal, incompatible
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from .operation import ANYWHERE, operation
from .shape import Shape, as_dimensions
from .storage_format import BLOCK_FLOATS, default_layout
from .tensor import Tensor

Sizes = Sequence[int] | Shape
_FLOATS = frozenset({DataType.BFLOAT16, DataType.FLOAT32, *BLOCK_FLOATS})


def _values(shape: Sizes, value: float, dtype: DataType) -> torch.Tensor:
    """``value`` all over, in the memory of one; for an integer format truncated to int64, which wraps as in C++."""
    one = torch.tensor(float(value) if dtype in _FLOATS else int(value))
    return one.expand(as_dimensions(shape, "full"))


def _filled(
    shape: Sizes,
    value: float,
    dtype: DataType | None,
    layout: Layout | None,
    device: MeshDevice | None,
    memory_config: MemoryConfig | None,
) -> Tensor:
    dtype = dtype or DataType.BFLOAT16
    return Tensor.create(
        _values(shape, value, dtype),
        dtype=dtype,
        layout=layout or default_layout(dtype),
        device=device,
        memory_config=None if device is None else memory_config,
    )


def _filled_like(
    tensor: Tensor,
    value: float,
    dtype: DataType | None,
    layout: Layout | None,
    device: MeshDevice | None,
    memory_config: MemoryConfig | None,
) -> Tensor:
    return _filled(
        tensor.shape,
        value,
        dtype or tensor.dtype,
        layout or tensor.layout,
        device or tensor.device(),
        memory_config or tensor.memory_config(),
    )


def _torch_full(shape: Sizes, fill_value: float) -> torch.Tensor:
    return torch.full(as_dimensions(shape, "full"), fill_value)


@operation("ttnn.full", _torch_full, operands=ANYWHERE)
def full(
    shape: Sizes,
    fill_value: float,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    optional_tensor: Tensor | None = None,
) -> Tensor:
    """A tensor of one value, of BFLOAT16 by default, or ``optional_tensor`` filled with it."""
    if optional_tensor is not None:
        optional_tensor.overwrite(_values(shape, fill_value, optional_tensor.dtype))
        return optional_tensor
    return _filled(shape, fill_value, dtype, layout, device, memory_config)


def _full_like(
    tensor: Tensor,
    fill_value: float,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    optional_tensor: Tensor | None = None,
) -> Tensor:
    if optional_tensor is not None:
        optional_tensor.overwrite(_values(optional_tensor.shape, fill_value, optional_tensor.dtype))
        return optional_tensor
    return _filled_like(tensor, fill_value, dtype, layout, device, memory_config)


full_like = operation("ttnn.full_like", torch.full_like, operands=ANYWHERE)(_full_like)


def _enter_constant(name: str, value: float) -> None:
    @operation(f"ttnn.{name}", lambda shape: _torch_full(shape, value), operands=ANYWHERE)
    def constant(
        shape: Sizes,
        dtype: DataType | None = None,
        layout: Layout | None = None,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
    ) -> Tensor:
        return _filled(shape, value, dtype, layout, device, memory_config)

    @operation(f"ttnn.{name}_like", lambda tensor: torch.full_like(tensor, value), operands=ANYWHERE)
    def constant_like(
        tensor: Tensor,
        dtype: DataType | None = None,
        layout: Layout | None = None,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
        optional_tensor: Tensor | None = None,
    ) -> Tensor:
        return _full_like(tensor, value, dtype, layout, device, memory_config, optional_tensor)


for _name, _value in {"zeros": 0.0, "ones": 1.0}.items():
    _enter_constant(_name, _value)


@operation("ttnn.empty", lambda shape: torch.zeros(as_dimensions(shape, "empty")), operands=ANYWHERE)
def empty(
    shape: Sizes,
    dtype: DataType = DataType.BFLOAT16,
    layout: Layout = Layout.ROW_MAJOR,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """A device tensor whose values nobody asked for: zeros here, whatever the memory held on a card."""
    if device is None:
        raise incompatible("ttnn.empty", shape, device)
    return _filled(shape, 0, dtype, layout, device, memory_config)


@operation("ttnn.empty_like", torch.zeros_like, operands=ANYWHERE)
def empty_like(
    tensor: Tensor,
    *,
    dtype: DataType | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
) -> Tensor:
    """``ttnn.empty`` in the likeness of a tensor, on its device unless told another."""
    if device is None and tensor.device() is None:
        raise fatal("Device Operations expect device tensors as inputs")
    return _filled_like(tensor, 0, dtype, layout, device, memory_config)


_RANDOM = frozenset({*_FLOATS, DataType.INT32, DataType.UINT32, DataType.UINT16})


def _uniform(shape: Sizes, low: float = 0.0, high: float = 1.0, seed: int = 0) -> torch.Tensor:
    """Uniform numbers from ``low`` to ``high``; a seed of 0 leaves them to torch's own generator."""
    sizes = as_dimensions(shape, "rand")
    if not seed:
        return torch.rand(sizes).mul_(high - low).add_(low)
    # A generator belongs to one torch device: the numbers of a seed come from the host's, whichever is in use.
    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.rand(sizes, generator=generator, device="cpu").mul_(high - low).add_(low)


@operation("ttnn.rand", _uniform, operands=ANYWHERE)
def rand(
    shape: Sizes,
    device: MeshDevice | None,
    *,
    dtype: DataType = DataType.BFLOAT16,
    layout: Layout = Layout.TILE,
    memory_config: MemoryConfig = DRAM_MEMORY_CONFIG,
    low: float = 0.0,
    high: float = 1.0,
    seed: int = 0,
    mesh_mapper: object = None,
) -> Tensor:
    """Uniform random numbers, other ones than a card's; row-major block floats come out as BFLOAT16."""
    if not isinstance(device, MeshDevice):  # there is no default, as in ttnn, nor is None one
        kind = type(device).__name__
        raise TypeError(f"ttnn.rand(): incompatible function arguments: 'device' is a {kind}, not a device")
    if mesh_mapper is not None:
        raise NotEmulated("random numbers for a mesh mapper")
    if dtype not in _RANDOM:
        raise fatal(f"[ttnn::rand] Output dtype DataType::{dtype.name} is not supported.")
    if low >= high:
        raise fatal(f"Uniform range lower bound must be less than upper bound, got [{low:g}, {high:g})")
    stored = DataType.BFLOAT16 if dtype in BLOCK_FLOATS and layout is Layout.ROW_MAJOR else dtype
    values = _uniform(shape, low, high, seed)
    return Tensor.create(values, dtype=stored, layout=layout, device=device, memory_config=memory_config)


def _arange(
    start: int,
    end: int,
    step: int = 1,
    *,
    dtype: DataType = DataType.BFLOAT16,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    layout: Layout = Layout.ROW_MAJOR,
) -> Tensor:
    if not all(isinstance(number, int) for number in (start, end, step)):
        raise incompatible("ttnn.arange", start, end, step)
    if dtype is DataType.UINT8:
        raise fatal("Unsupported dtype")
    if dtype in BLOCK_FLOATS:
        raise fatal("Unsupported dtype")
    if step == 0:
        raise fatal("Step must be nonzero")
    if (end - start) * step < 0:
        raise fatal("Invalid range: Step direction does not match range bounds")
    return Tensor.create(
        torch.arange(start, end, step),
        dtype=dtype,
        layout=layout,
        device=device,
        memory_config=memory_config,
    )


def _arange_from_zero(
    end: int,
    *,
    dtype: DataType = DataType.BFLOAT16,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    layout: Layout = Layout.ROW_MAJOR,
) -> Tensor:
    return _arange(0, end, dtype=dtype, device=device, memory_config=memory_config, layout=layout)


arange = operation("ttnn.arange", torch.arange, operands=ANYWHERE, others=[_arange_from_zero])(_arange)
