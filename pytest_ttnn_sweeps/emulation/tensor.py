"""The tensor: a shape, a storage format, a place in memory, and torch values that have been through that format."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from math import prod
from typing import Any

import torch

from .allocator import Buffer
from .device import MeshDevice
from .enums import DataType, Layout, StorageType
from .errors import NotEmulated, fatal, incompatible
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from .shape import DEFAULT_TILE, Shape, Tile
from .storage_format import default_dtype, quantise, storage_bytes, torch_dtype
from .tensor_layout import Placement, place
from .tensor_text import tensor_text

_ids = count()


class Tensor:
    """A ttnn tensor whose values live in torch.

    Operations read ``values`` and make their results with ``Tensor.create``; nothing else knows about storage. A tensor
    of a mesh has one part for each chip; the parts of a replicated tensor are one torch tensor.
    """

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = (
        "__weakref__",
        "_buffer",
        "_device",
        "_dtype",
        "_layout",
        "_memory_config",
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
    _placement: Placement
    _buffer: Buffer | None
    tensor_id: int

    def __init__(
        self,
        tensor: torch.Tensor,
        data_type: DataType | None = None,
        device: MeshDevice | None = None,
        layout: Layout | None = None,
        mem_config: MemoryConfig | None = None,
        tile: Tile | None = None,
        pad_value: float | None = None,
    ) -> None:
        """A tensor of a torch tensor's values, which are copied; defaults as in ``ttnn.from_torch``."""
        if not isinstance(tensor, torch.Tensor):
            raise incompatible("Tensor", tensor)
        dtype = default_dtype(tensor.dtype) if data_type is None else data_type
        values = tensor.detach()
        stored = quantise(values, dtype, pad_value, (tile or DEFAULT_TILE).width)
        # The caller may go on writing to its own tensor.
        parts = [
            stored.clone() if stored.untyped_storage().data_ptr() == values.untyped_storage().data_ptr() else stored
        ]
        self._fill(parts, dtype, layout or default_layout(dtype), device, mem_config, tile)

    @classmethod
    def create(
        cls,
        values: torch.Tensor,
        *,
        dtype: DataType,
        layout: Layout,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
        tile: Tile | None = None,
    ) -> Tensor:
        """A tensor of ``values.shape`` holding ``values`` as ``dtype`` stores them, bit for bit.

        ``values`` is any torch tensor; it becomes the tensor's own and must not be written afterwards. On a device the
        memory is accounted for, by default as interleaved DRAM; on the host ``memory_config`` is kept as a wish.
        Raises ttnn's own errors for a layout, shard geometry or amount of memory that ttnn refuses.
        """
        return cls.distribute(
            [values], dtype=dtype, layout=layout, device=device, memory_config=memory_config, tile=tile
        )

    @classmethod
    def distribute(
        cls,
        parts: Sequence[torch.Tensor],
        *,
        dtype: DataType,
        layout: Layout,
        device: MeshDevice | None = None,
        memory_config: MemoryConfig | None = None,
        tile: Tile | None = None,
    ) -> Tensor:
        """Like ``create``, with the values of each chip of a mesh, all of one shape; a single part goes to all chips."""
        tensor = cls.__new__(cls)
        tensor._fill([quantise(part, dtype) for part in parts], dtype, layout, device, memory_config, tile)
        return tensor

    def _fill(
        self,
        parts: Sequence[torch.Tensor],
        dtype: DataType,
        layout: Layout,
        device: MeshDevice | None,
        memory_config: MemoryConfig | None,
        tile: Tile | None,
    ) -> None:
        self._dtype, self._layout, self._tile = dtype, layout, tile or DEFAULT_TILE
        self._device = device
        self._memory_config = (memory_config or DRAM_MEMORY_CONFIG).with_derived_nd_spec()
        self._placement = place(tuple(parts[0].shape), dtype, layout, self._tile, self._memory_config)
        self._buffer = None
        self._parts = tuple(parts)
        self.tensor_id = next(_ids)
        if device is not None:
            self._buffer = device.memory.allocate(self._memory_config.buffer_type, self._placement.footprint)
            if len(parts) == 1:
                self._parts *= device.get_num_devices()

    def _alias(self, parts: tuple[torch.Tensor, ...]) -> Tensor:
        """The same memory, layout and place with other values."""
        other = type(self).__new__(type(self))
        for name in ("_dtype", "_layout", "_tile", "_device", "_memory_config", "_placement", "_buffer"):
            setattr(other, name, getattr(self, name))
        other._parts = parts
        other.tensor_id = next(_ids)
        return other

    @property
    def values(self) -> torch.Tensor:
        """The values in the logical shape, for reading only.

        bfloat16 for BFLOAT16; float32 for FLOAT32, BFLOAT8_B, BFLOAT4_B; int32 for INT32, INT8, UINT16, UINT8; int64
        for UINT32. Raises ttnn's error when the tensor has been deallocated, and ``NotEmulated`` when the chips of a
        mesh hold different values.
        """
        if self.is_distributed:
            raise NotEmulated("an operation on a tensor that is sharded over a mesh")
        return self.parts[0]

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

    def overwrite(self, values: torch.Tensor) -> None:
        """Put ``values`` (of the tensor's shape) in the place of the tensor's own, as its dtype stores them.

        Other tensors that share the memory keep what they had.
        """
        if tuple(values.shape) != tuple(self.parts[0].shape):
            raise ValueError(f"values of shape {tuple(values.shape)} can't replace those of {self.shape}")
        self._parts = (quantise(values, self._dtype),) * len(self._parts)

    def reshaped(self, shape: Shape | Sequence[int]) -> Tensor:
        """The same values and the same memory under another logical shape of equal volume; interleaved tensors only."""
        dimensions = Shape(shape).dimensions
        view = self._alias(tuple(part.reshape(dimensions) for part in self.parts))
        view._placement = place(dimensions, self._dtype, self._layout, self._tile, self._memory_config)
        return view

    def chip_tensors(self) -> list[Tensor]:
        """One tensor for each chip, sharing this one's memory."""
        return [self._alias((part,)) for part in self.parts]

    @property
    def shape(self) -> Shape:
        """The logical shape."""
        return Shape(self._parts[0].shape)

    @property
    def padded_shape(self) -> Shape:
        """The logical shape with the padding of tiles or shards."""
        return Shape(self._placement.padded)

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

    def deallocate(self, force: bool = False) -> None:
        """Give back the device memory, for every tensor that shares it. Host tensors stay as they are."""
        if self._buffer is not None:
            self._buffer.deallocate()

    def volume(self) -> int:
        """Elements with padding."""
        return prod(self._placement.padded)

    def logical_volume(self) -> int:
        """Elements without padding."""
        return self._parts[0].numel()

    def element_size(self) -> int:
        """Bytes of an element; 1 for block floats, whose exponents don't count."""
        return storage_bytes(self._dtype)

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

    def cpu(self, blocking: bool = True, cq_id: int | None = None) -> Tensor:
        """The tensor on the host, with the memory configuration it had."""
        on_host = self._alias(self.parts)
        on_host._device = on_host._buffer = None
        return on_host

    def to(
        self, target: MeshDevice | Layout, mem_config: MemoryConfig | None = None, cq_id: int | None = None
    ) -> Tensor:
        """The tensor on a device, by default where its memory configuration says; or in another layout."""
        device, layout, wish = self._device, self._layout, mem_config or self._memory_config
        if isinstance(target, Layout):
            layout = target
        elif isinstance(target, MeshDevice):
            device = target
        else:
            raise incompatible("to", self, target)
        if (device, layout) == (self._device, self._layout):
            return self._alias(self.parts)
        return self.placed(device=device, layout=layout, memory_config=wish)

    def placed(
        self,
        *,
        device: MeshDevice | None,
        layout: Layout | None = None,
        memory_config: MemoryConfig | None = None,
        dtype: DataType | None = None,
    ) -> Tensor:
        """A copy on ``device`` (None: the host), with its own layout, memory configuration and dtype by default."""
        return Tensor.distribute(
            self.parts if self.is_distributed else self.parts[:1],
            dtype=dtype or self._dtype,
            layout=layout or self._layout,
            device=device,
            memory_config=memory_config or self._memory_config,
            tile=self._tile,
        )

    def to_torch(self, mesh_composer: Any = None) -> torch.Tensor:
        """The values in the dtype that torch has for them, in a torch tensor of their own."""
        parts = [part.to(torch_dtype(self._dtype), copy=True) for part in self.parts]
        if mesh_composer is not None:
            composed: torch.Tensor = mesh_composer.compose(parts)
            return composed
        if len(parts) > 1:
            raise fatal(
                f"Can't convert a tensor distributed on MeshShape([1, {len(parts)}]) mesh to row-major logical tensor. "
                "Supply a mesh composer to concatenate multi-device shards.",
                "buffers.size() == 1",
            )
        return parts[0]

    def to_numpy(self, mesh_composer: Any = None) -> Any:
        """The values as a numpy array."""
        return self.to_torch(mesh_composer).numpy()

    def to_list(self) -> Any:
        """The values as nested lists of Python numbers."""
        return self.to_torch().tolist()

    def item(self) -> float | int:
        """The only value."""
        if self.logical_volume() != 1:
            raise fatal(
                f"tensor.item() requires tensor to have exactly one element, but got {self.logical_volume()} elements",
                "self.logical_volume() == 1",
            )
        value: float | int = self.values.item()
        return value

    def reshape(self, *shape: Any) -> Tensor:
        """``ttnn.reshape``."""
        dimensions = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
        reshaped: Tensor = self._apply("reshape", self, dimensions)
        return reshaped

    @staticmethod
    def _apply(name: str, *operands: Any) -> Any:
        # Operations are made of tensors, so the table of operations can't be imported any earlier.
        from .operation import operation_named

        return operation_named(name)(*operands)

    def __add__(self, other: Any) -> Any:
        return self._apply("add", self, other)

    def __radd__(self, other: Any) -> Any:
        return self._apply("add", self, other)

    def __sub__(self, other: Any) -> Any:
        return self._apply("subtract", self, other)

    def __rsub__(self, other: Any) -> Any:
        return self._apply("subtract", other, self)

    def __mul__(self, other: Any) -> Any:
        return self._apply("multiply", self, other)

    def __rmul__(self, other: Any) -> Any:
        return self._apply("multiply", self, other)

    def __truediv__(self, other: Any) -> Any:
        return self._apply("divide", self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self._apply("rdiv", self, other)

    def __matmul__(self, other: Any) -> Any:
        return self._apply("matmul", self, other)

    def __eq__(self, other: object) -> Any:
        return self._apply("eq", self, other)

    def __ne__(self, other: object) -> Any:
        return self._apply("ne", self, other)

    def __gt__(self, other: Any) -> Any:
        return self._apply("gt", self, other)

    def __ge__(self, other: Any) -> Any:
        return self._apply("ge", self, other)

    def __lt__(self, other: Any) -> Any:
        return self._apply("lt", self, other)

    def __le__(self, other: Any) -> Any:
        return self._apply("le", self, other)

    __hash__ = object.__hash__

    def __getitem__(self, index: Any) -> Tensor:
        sliced: Tensor = self._apply("Tensor.__getitem__", self, index)
        return sliced

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotEmulated(f"Tensor.{name}")

    def __repr__(self) -> str:
        parts = self._parts if self.is_allocated() else (None,)
        return "\n".join(tensor_text(part, self.shape, self._dtype, self._layout) for part in parts)


def default_layout(dtype: DataType) -> Layout:
    """The layout of a tensor for which none was asked: tiles for block floats, which have no other."""
    return Layout.TILE if dtype in (DataType.BFLOAT8_B, DataType.BFLOAT4_B) else Layout.ROW_MAJOR
