"""Between torch and ttnn, host and device, one data type and another.

Values change only where the data type does; where they are stored makes no difference to them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import torch

from .device import MeshDevice
from .enums import DataType, Layout, StorageType
from .errors import NotEmulated, fatal, incompatible
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from .mesh import MeshComposer, MeshMapper
from .operation import ANYWHERE, LAUNCHED, Operands, operation
from .shape import TILE_SIZE, Shape, Tile
from .storage_format import BLOCK_FLOATS
from .tensor import Tensor

_Preprocessing = Callable[[torch.Tensor], torch.Tensor]
_NOT_ALLOCATED = "Input Tensor is not allocated"
HOST_OR_DEVICE = Operands(on_host=None, deallocated=_NOT_ALLOCATED)
DEVICE_ONLY = LAUNCHED


def unchanged(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
    """The torch reference of operations that move a tensor without changing its values."""
    return tensor


def _through_dtype(tensor: torch.Tensor, dtype: DataType | None = None, **kwargs: Any) -> torch.Tensor:
    return tensor if dtype is None else Tensor(tensor, dtype).to_torch()


def _to_torch_dtype(tensor: torch.Tensor, dtype: torch.dtype | None = None) -> torch.Tensor:
    return tensor if dtype is None else tensor.to(dtype)


@operation("ttnn.from_torch", _through_dtype, operands=ANYWHERE)
def from_torch(
    tensor: Any,
    dtype: DataType | None = None,
    *,
    tile: Tile | None = None,
    pad_value: float | None = None,
    layout: Layout | None = None,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    mesh_mapper: MeshMapper | None = None,
    cq_id: int | None = None,
    preserve_nan_values: bool = False,
    col_tilize: bool = False,
    enable_bfloat_opt: bool = False,
) -> Tensor | None:
    """A tensor of the values of a torch tensor or numpy array, which are copied; None for None."""
    if tensor is None:
        return None
    if memory_config is not None and memory_config.is_sharded():
        if memory_config.shard_spec is None and memory_config.nd_shard_spec is None:
            raise RuntimeError("ttnn.from_torch: Shard spec must not be None for sharded tensors")
    if layout is Layout.ROW_MAJOR and tile is not None and tile != Tile((TILE_SIZE, TILE_SIZE)):
        raise fatal("Configuring a ROW MAJOR page config with a custom tile configuration is not supported.")
    values = tensor if isinstance(tensor, torch.Tensor) else _from_numpy(tensor)
    if col_tilize:
        if dtype not in BLOCK_FLOATS:
            raise RuntimeError("ttnn.from_torch: col_tilize=True requires BFP dtype (bfloat8_b or bfloat4_b)")
        values = values.transpose(-2, -1)
    return Tensor(
        values,
        dtype,
        device,
        layout,
        memory_config,
        tile,
        pad_value=pad_value,
        mesh_mapper=mesh_mapper,
    )


def _from_numpy(array: Any) -> torch.Tensor:
    if not hasattr(array, "__array_interface__"):
        raise incompatible("ttnn.from_torch", array)
    return torch.from_numpy(array)


@operation("ttnn.as_tensor", _through_dtype, operands=ANYWHERE)
def as_tensor(
    tensor: Any,
    dtype: DataType | None = None,
    *,
    layout: Layout = Layout.ROW_MAJOR,
    device: MeshDevice | None = None,
    memory_config: MemoryConfig | None = None,
    cache_file_name: str | Path | None = None,
    preprocess: _Preprocessing | None = None,
    mesh_mapper: MeshMapper | None = None,
) -> Tensor:
    """``from_torch`` that wants to be told the memory configuration along with the device."""
    if cache_file_name is not None:
        raise NotEmulated("ttnn.as_tensor with cache_file_name")
    if device is not None and memory_config is None:
        raise RuntimeError("memory_config must be specified when device is specified")
    values = tensor if preprocess is None else preprocess(tensor)
    return Tensor(values, dtype, device, layout, memory_config, mesh_mapper=mesh_mapper)


@operation("ttnn.to_torch", _to_torch_dtype, operands=HOST_OR_DEVICE)
def to_torch(
    tensor: Tensor,
    dtype: torch.dtype | None = None,
    *,
    torch_rank: int | None = None,
    mesh_composer: MeshComposer | None = None,
    device: MeshDevice | None = None,
    cq_id: int | None = None,
) -> torch.Tensor:
    """The values as a torch tensor of its own, with leading ones dropped until it has ``torch_rank`` dimensions."""
    values = tensor.to_torch(mesh_composer)
    if torch_rank is not None:
        dropped = max(values.dim() - torch_rank, 0)
        if any(size != 1 for size in values.shape[:dropped]):
            raise RuntimeError("ttnn: Unable to squeeze to desired rank!")
        values = values.reshape(values.shape[dropped:])
    return values if dtype is None else values.to(dtype)


@operation("ttnn.to_dtype", _through_dtype, operands=ANYWHERE)
def to_dtype(tensor: Tensor, dtype: DataType) -> Tensor:
    """A host tensor in another data type; block floats come out tiled."""
    if tensor.storage_type() is StorageType.DEVICE:
        raise fatal("Expected Tensor with HostStorage, got StorageType::DEVICE")
    layout = Layout.TILE if dtype in BLOCK_FLOATS else tensor.layout
    converted = tensor.placed(device=None, dtype=dtype, layout=layout)
    before, after = (_physical(shape) for shape in (tensor.padded_shape, converted.padded_shape))
    if before != after:
        raise fatal(
            f"to_dtype: Converting layout to Layout::TILE implicitly changed physical shape from {before} to {after} "
            "due to alignment constraints. This is currently unsupported. Please pad the tensor explicitly before "
            "conversion."
        )
    return converted


def _physical(padded_shape: Shape) -> tuple[int, int]:
    *batch, width = padded_shape
    return prod(batch), width


@operation("ttnn.to_device", unchanged, operands=ANYWHERE)
def to_device(tensor: Tensor, device: MeshDevice, memory_config: MemoryConfig | None = None) -> Tensor:
    """A host tensor on ``device``, by default in DRAM; one that is on a device already stays where it is."""
    if not isinstance(device, MeshDevice):
        raise incompatible("ttnn.to_device", tensor, device)
    if tensor.storage_type() is StorageType.DEVICE:
        return tensor.shared()
    return tensor.placed(device=device, memory_config=memory_config or DRAM_MEMORY_CONFIG)


@operation("ttnn.from_device", unchanged, operands=HOST_OR_DEVICE)
def from_device(tensor: Tensor, blocking: bool = True) -> Tensor:
    """The tensor on the host, with the memory configuration that it had."""
    return tensor.cpu()


@operation("ttnn.deallocate", None)
def deallocate(tensor: Any, force: bool = True) -> None:
    """Give back a device tensor's memory, by default even when another tensor shares it; a second time does nothing."""
    if not isinstance(tensor, Tensor):
        raise incompatible("ttnn.deallocate", tensor)
    tensor.deallocate(force=force)
