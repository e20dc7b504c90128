"""What a tensor is made of: values, storage format, place in memory; and what ttnn tells about them."""

from __future__ import annotations

from math import prod

import torch

from .allocator import Buffer
from .device import MeshDevice
from .enums import DataType, Layout, StorageType
from .errors import NotEmulated, fatal
from .memory_config import MemoryConfig
from .shape import Shape, Tile, element_bytes
from .storage_format import BLOCK_FLOATS
from .tensor_layout import Placement


class StoredTensor:
    """The parts of a tensor: one for each chip of a mesh; those of a replicated tensor are one torch tensor."""

    __slots__ = (
        "__weakref__",
        "_buffer",
        "_device",
        "_dtype",
        "_layout",
        "_memory_config",
        "_padding",
        "_parts",
        "_placement",
        "_tile",
        "tensor_id",
    )

    _parts: tuple[torch.Tensor, ...]
    _dtype: DataType
    _layout: Layout
    _tile: Tile
    _device: MeshDevice | None
    _memory_config: MemoryConfig
    _padding: float | None
    _placement: Placement
    _buffer: Buffer | None
    tensor_id: int

    @property
    def values(self) -> torch.Tensor:
        """The values in the logical shape, for reading only.

        bfloat16 for BFLOAT16; float32 for FLOAT32, BFLOAT8_B, BFLOAT4_B; int32 for INT32, INT8, UINT16, UINT8; int64
        for UINT32. Raises ttnn's error when the tensor has been deallocated, and ``NotEmulated`` when the chips of a
        mesh hold different values.
        """
        parts = self.parts
        if len(parts) > 1 and self.is_distributed:
            raise NotEmulated("an operation on a tensor that is sharded over a mesh")
        if self._device is not None and len(parts) != self._device.get_num_devices():
            raise NotEmulated("an operation on one chip of a mesh")
        return parts[0]

    @property
    def parts(self) -> tuple[torch.Tensor, ...]:
        """The values on each chip, like ``values``; one part for a tensor on the host that isn't meant for a mesh."""
        if not self.is_allocated():
            raise fatal("Input Tensor is not allocated", "input_tensor.is_allocated()")
        if self._device is not None and not self._device.is_open:
            raise fatal("cq_id 0 is out of range", "id < mesh_command_queues_.size()")
        return self._parts

    @property
    def is_distributed(self) -> bool:
        """Whether the chips of a mesh hold different values."""
        return any(part is not self._parts[0] for part in self._parts[1:])

    @property
    def shape(self) -> Shape:
        """The logical shape."""
        return Shape(self._parts[0].shape)

    @property
    def padded_shape(self) -> Shape:
        """The logical shape with the padding of tiles or shards."""
        return Shape(self._placement.padded)

    @property
    def is_padded(self) -> bool:
        """Whether tiles or shards hold more than the logical shape."""
        return prod(self._placement.padded) != self._parts[0].numel()

    @property
    def dtype(self) -> DataType:
        """How elements are stored."""
        return self._dtype

    @property
    def layout(self) -> Layout:
        """Rows or tiles."""
        return self._layout

    @property
    def tile(self) -> Tile:
        """The tile, which only matters to a tiled tensor."""
        return self._tile

    def get_dtype(self) -> DataType:
        """``dtype``."""
        return self._dtype

    def get_layout(self) -> Layout:
        """``layout``."""
        return self._layout

    def get_tile(self) -> Tile:
        """``tile``."""
        return self._tile

    def device(self) -> MeshDevice | None:
        """The device that holds the tensor; None for a host or deallocated tensor."""
        return self._device if self.is_allocated() else None

    def devices(self) -> list[MeshDevice]:
        """``device`` in a list; empty where there is none."""
        device = self.device()
        return [] if device is None else [device]

    def storage_type(self) -> StorageType:
        """HOST or DEVICE, also after deallocation."""
        return StorageType.HOST if self._buffer is None else StorageType.DEVICE

    def memory_config(self) -> MemoryConfig:
        """Where the tensor is, or on the host where it is meant to go."""
        return self._memory_config

    def is_sharded(self) -> bool:
        """Whether a device tensor lies in shards; False on the host whatever the memory configuration says."""
        return self._buffer is not None and self._buffer.is_allocated and self._memory_config.is_sharded()

    def is_allocated(self) -> bool:
        """Whether the values are there: always on the host, until deallocation on a device."""
        return self._buffer is None or self._buffer.is_allocated

    def volume(self) -> int:
        """Elements with padding."""
        return prod(self._placement.padded)

    def logical_volume(self) -> int:
        """Elements without padding."""
        return self._parts[0].numel()

    def element_size(self) -> int:
        """Bytes of an element; ``ValueError`` for block floats, which have no whole number of them."""
        if self._dtype in BLOCK_FLOATS:
            raise ValueError("datum for bfp2, bfp4, bfp8 is invalid")
        return element_bytes(self._dtype)

    def buffer_address(self) -> int:
        """The address in every bank, in bytes."""
        return self._allocated_buffer("buffer_address").address

    def buffer_page_size(self) -> int:
        """Bytes of a page: a tile, a row, or a row of a shard."""
        self._allocated_buffer("buffer_page_size")
        return self._placement.footprint.page_bytes

    def buffer_num_pages(self) -> int:
        """Pages on one chip."""
        self._allocated_buffer("buffer_num_pages")
        return self._placement.footprint.pages

    def _allocated_buffer(self, method: str) -> Buffer:
        if self._buffer is None:
            raise fatal(f"StorageType::HOST doesn't support {method} method", "is_device_tensor(self)")
        if not self._buffer.is_allocated:
            raise fatal("Tensor is not allocated.", "self.is_allocated()")
        return self._buffer

    def __del__(self) -> None:
        buffer = getattr(self, "_buffer", None)  # the constructor may have failed
        if buffer is not None:
            buffer.let_go()
