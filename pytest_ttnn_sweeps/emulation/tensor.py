"""The tensor: a shape, a storage format, a place in memory, and torch values that have been through that format."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from .enums import DataType, Layout, StorageType
from .memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from .shape import Shape, Tile

if TYPE_CHECKING:
    from .device import MeshDevice


class Tensor:
    """A ttnn tensor whose values live in torch.

    Operations read ``values`` and make their results with ``Tensor.create``; nothing else knows about storage.
    """

    __module__ = "ttnn._ttnn.tensor"

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
        raise NotImplementedError

    @property
    def values(self) -> torch.Tensor:
        """The values in the logical shape, for reading only.

        bfloat16 for BFLOAT16; float32 for FLOAT32, BFLOAT8_B, BFLOAT4_B; int32 for INT32, UINT16, UINT8; int64 for
        UINT32. Raises ttnn's error when the tensor has been deallocated.
        """
        raise NotImplementedError

    def overwrite(self, values: torch.Tensor) -> None:
        """Put ``values`` (of the tensor's shape) in the place of the tensor's own, as its dtype stores them."""

    def reshaped(self, shape: Shape | tuple[int, ...]) -> Tensor:
        """The same values and the same memory under another logical shape of equal volume."""
        raise NotImplementedError
