"""The tensor: a shape, a storage format, a place in memory, and torch values that have been through that format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any

import torch

from .allocator import Buffer
from .device import MeshDevice
from .enums import DataType, Layout
from .errors import NotEmulated, fatal, incompatible, throw
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from .mesh import MeshComposer, MeshMapper
from .shape import Shape, Tile
from .storage_format import BLOCK_FLOATS, as_accepted, default_dtype, default_layout, quantise, torch_dtype
from .stored_tensor import StoredTensor
from .tensor_layout import place
from .tensor_operators import TensorOperators
from .tensor_text import tensor_text
from .torch_device import torch_device_in_use

_ids = count()
_WHOLE_TILE = Tile()


class Tensor(TensorOperators, StoredTensor):
    """A ttnn tensor whose values live in torch.

    Operations read ``values`` and make their results with ``Tensor.create``; nothing else knows about storage.
    """

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ()

    def __init__(
        self,
        tensor: object,
        data_type: DataType | None = None,
        device: MeshDevice | None = None,
        layout: Layout | None = None,
        mem_config: MemoryConfig | None = None,
        tile: Tile | None = None,
        pad_value: float | None = None,
        mesh_mapper: MeshMapper | None = None,
    ) -> None:
        """A tensor of a torch tensor's values, which are copied; defaults as in ``ttnn.from_torch``."""
        if isinstance(tensor, (list, tuple)):
            raise NotEmulated("ttnn.Tensor of a list")
        if not isinstance(tensor, torch.Tensor):
            raise incompatible("Tensor", tensor)
        if tensor.dtype.is_complex:
            bits = tensor.dtype.itemsize * 8
            raise throw(f"get_ttnn_datatype_from_dtype: got unexpected dlpack dtype. code: 5, bits: {bits}")
        dtype = default_dtype(tensor.dtype) if data_type is None else data_type
        if dtype in BLOCK_FLOATS and layout not in (None, Layout.TILE):
            raise fatal("Layout must be Layout::TILE for bfloat8_b or bfloat4_b!", "layout == Layout::TILE")
        values = tensor.detach()
        parts = [values] if mesh_mapper is None else mesh_mapper.parts(values)
        width = (tile or _WHOLE_TILE).tile_shape[1]

        def stored_copy(part: torch.Tensor) -> torch.Tensor:
            stored = quantise(as_accepted(part.to(torch_device_in_use()), dtype), dtype, pad_value, width)
            return stored.clone() if stored is part else stored

        self._place(parts[0].shape, dtype, layout or default_layout(dtype), device, mem_config, tile)
        self._hold(_each_once(stored_copy, parts), pad_value or 0.0)

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
        padded_to: Sequence[int] | None = None,
        padding: float | None = None,
    ) -> Tensor:
        """Like ``create``, with the values of each chip of a mesh, all of one shape; a single part goes to all chips.

        ``padded_to`` is a padded shape larger than the one that the layout asks for; ``padding`` is what the padding
        holds, None if nobody knows.
        """
        tensor = cls.__new__(cls)
        tensor._place(padded_to or parts[0].shape, dtype, layout, device, memory_config, tile)
        row = tensor._placement.padded[-1]
        device_of_values = torch_device_in_use()
        tensor._hold(_each_once(lambda part: quantise(part.to(device_of_values), dtype, padding, row), parts), padding)
        return tensor

    def _place(
        self,
        sizes: Sequence[int],
        dtype: DataType,
        layout: Layout,
        device: MeshDevice | None,
        memory_config: MemoryConfig | None,
        tile: Tile | None,
    ) -> None:
        """Check the geometry and take the memory: what ttnn may refuse comes before the work of storing values."""
        self._buffer = None
        self._dtype, self._layout, self._tile, self._device = dtype, layout, tile or _WHOLE_TILE, device
        self.tensor_id = next(_ids)
        of_a_row = layout is not Layout.TILE and len(sizes) < 2
        self._memory_config = (memory_config or DRAM_MEMORY_CONFIG).with_derived_nd_spec(of_a_row=of_a_row)
        self._placement = place(tuple(sizes), dtype, layout, self._tile, self._memory_config)
        if device is not None:
            self._buffer = device.memory.allocate(self._memory_config.buffer_type, self._placement.footprint).held()

    def _hold(self, parts: list[torch.Tensor], padding: float | None) -> None:
        """Keep stored values; one part goes to all chips of the device."""
        self._padding = padding
        chips = len(parts) if self._device is None else self._device.get_num_devices()
        if len(parts) not in (1, chips):
            raise NotEmulated("a tensor on some chips of a mesh only")
        self._parts = tuple(parts * (chips // len(parts)))

    def _alias(self, parts: tuple[torch.Tensor, ...], buffer: Buffer | None) -> Tensor:
        other = type(self).__new__(type(self))
        other._buffer = None if buffer is None else buffer.held()
        for name in ("_dtype", "_layout", "_tile", "_device", "_memory_config", "_padding", "_placement"):
            setattr(other, name, getattr(self, name))
        other._parts = parts
        other.tensor_id = next(_ids)
        return other

    def overwrite(self, values: torch.Tensor) -> None:
        """Put ``values`` (of the tensor's shape) in the place of the tensor's own, as its dtype stores them.

        Other tensors that share the memory keep what they had.
        """
        if tuple(values.shape) != tuple(self.parts[0].shape):
            raise ValueError(f"values of shape {tuple(values.shape)} can't replace those of {self.shape}")
        self._parts = (quantise(values.to(torch_device_in_use()), self._dtype),) * len(self._parts)
        self._padding = None

    def reshaped(self, shape: Shape | Sequence[int]) -> Tensor:
        """A view: the same values and memory under another logical shape of equal volume; interleaved tensors only."""
        dimensions = Shape(shape).dimensions
        buffer = None if self._buffer is None else self._buffer.view()
        view = self._alias(tuple(part.reshape(dimensions) for part in self.parts), buffer)
        view._placement = place(dimensions, self._dtype, self._layout, self._tile, self._memory_config)
        return view

    def chip_tensors(self) -> list[Tensor]:
        """One tensor for each chip, sharing this one's memory."""
        return [self._alias((part,), self._buffer) for part in self.parts]

    def shared(self) -> Tensor:
        """Another tensor of the same values and memory: what an operation returns that has nothing to do."""
        return self._alias(self.parts, self._buffer)

    def deallocate(self, force: bool = False) -> None:
        """Give back the device memory, unless another tensor shares it and it isn't forced; nothing on the host."""
        if self._buffer is not None:
            self._buffer.deallocate(force=force)

    def cpu(self, blocking: bool = True, cq_id: int | None = None) -> Tensor:
        """The tensor on the host, with the memory configuration it had."""
        on_host = self._alias(self.parts, None)
        on_host._device = None
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
            return self.shared()
        return self.placed(device=device, layout=layout, memory_config=wish)

    def placed(
        self,
        *,
        device: MeshDevice | None,
        layout: Layout | None = None,
        memory_config: MemoryConfig | None = None,
        dtype: DataType | None = None,
        padding: float = 0.0,
    ) -> Tensor:
        """A copy on ``device`` (None: the host), with its own layout, memory configuration and dtype by default.

        The copy's padding holds what the tensor's does, or ``padding`` where the tensor has none.
        """
        return Tensor.distribute(
            self.parts if self.is_distributed else self.parts[:1],
            dtype=dtype or self._dtype,
            layout=layout or self._layout,
            device=device,
            memory_config=memory_config or self._memory_config,
            tile=self._tile,
            padding=self._padding if self.is_padded else padding,
        )

    def to_torch(self, mesh_composer: MeshComposer | None = None) -> torch.Tensor:
        """The values in the dtype that torch has for them, in a torch tensor of their own."""
        return self._read(self.parts, mesh_composer)

    def to_torch_with_padded_shape(self) -> torch.Tensor:
        """The values and the padding behind them, in the padded shape.

        Raises ``NotEmulated`` for the padding of an operation's result, which nobody should need and nobody keeps.
        """
        if self.is_padded and self._padding is None:
            raise NotEmulated("reading the padding of an operation's result")
        return self._read([self._with_padding(part) for part in self.parts], None)

    def _with_padding(self, part: torch.Tensor) -> torch.Tensor:
        padded = self._placement.padded
        values = part.reshape((1,) * (len(padded) - part.dim()) + tuple(part.shape))
        missing = [size - own for size, own in zip(padded, values.shape, strict=True)]
        behind = [amount for size in reversed(missing) for amount in (0, size)]
        return quantise(torch.nn.functional.pad(values, behind, value=self._padding or 0.0), self._dtype)

    def _read(self, parts: Sequence[torch.Tensor], mesh_composer: MeshComposer | None) -> torch.Tensor:
        own = [part.cpu().to(torch_dtype(self._dtype), copy=True) for part in parts]
        if mesh_composer is not None:
            return mesh_composer.compose(own)
        if len(own) > 1:
            raise fatal(
                f"Can't convert a tensor distributed on MeshShape([1, {len(own)}]) mesh to row-major logical tensor. "
                "Supply a mesh composer to concatenate multi-device shards.",
                "buffers.size() == 1",
            )
        return own[0]

    def to_numpy(self, mesh_composer: MeshComposer | None = None) -> Any:
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

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if hasattr(type(self), name):
            return object.__getattribute__(self, name)  # a property that refused: let it say why once more
        raise NotEmulated(f"Tensor.{name}")

    def __repr__(self) -> str:
        parts = self._parts if self.is_allocated() else (None,)
        return "\n".join(tensor_text(part, self.shape, self._dtype, self._layout) for part in parts)


def combine_device_tensors(*, tensors: Sequence[Tensor]) -> Tensor:
    """One tensor of a mesh from a tensor for each chip, as ``Tensor.chip_tensors`` gives them."""
    if any(tensor.device() is None for tensor in tensors):
        raise fatal("All tensor shards must be on device")
    first = tensors[0]
    return Tensor.distribute(
        [part for tensor in tensors for part in tensor.parts],
        dtype=first.dtype,
        layout=first.layout,
        device=first.device(),
        memory_config=first.memory_config(),
        tile=first.tile,
    )


def _each_once(change: Callable[[torch.Tensor], torch.Tensor], parts: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Each part changed; one that occurs twice is changed once, so that replicated values stay one tensor."""
    if len(parts) == 1:
        return [change(parts[0])]
    changed = {id(part): change(part) for part in {id(part): part for part in parts}.values()}
    return [changed[id(part)] for part in parts]
