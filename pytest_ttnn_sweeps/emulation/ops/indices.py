"""Operations that find elements by a condition, or write elements where indices say: nonzero, scatter."""

from __future__ import annotations

import torch

from ..enums import DataType, Layout
from ..errors import fatal
from ..memory_config import DRAM_MEMORY_CONFIG, MemoryConfig
from ..operation import Operands, operation
from ..tensor import Tensor
from .result import working

_OPERANDS = Operands(on_host="Device Operations expect device tensors as inputs")
_COUNT_SIZES = (1, 1, 1, 8)
_COORDINATES = 4


def _nonzero(input_tensor: torch.Tensor) -> list[torch.Tensor]:
    found = torch.nonzero(input_tensor)
    count = torch.zeros(_COUNT_SIZES, dtype=torch.int64)
    count[0, 0, 0, 0] = found.shape[0]
    indices = torch.zeros((1, 1, 1, input_tensor.numel() * _COORDINATES), dtype=torch.int64)
    indices[0, 0, 0, : found.numel()] = found.reshape(-1)
    return [count, indices]


@operation("ttnn.nonzero", _nonzero, operands=_OPERANDS)
def nonzero(input_tensor: Tensor, *, memory_config: MemoryConfig | None = None) -> list[Tensor]:
    """How many elements aren't zero, as the first of eight, and their four coordinates, one element after the other.

    Both in rows of UINT32, in DRAM unless told otherwise; there is room for every element, with zeros behind.
    """
    if len(input_tensor.shape) != _COORDINATES:
        raise fatal(f"non_zero_indices: input must be rank-4, got rank {len(input_tensor.shape)}")
    return [
        Tensor.create(
            values,
            dtype=DataType.UINT32,
            layout=Layout.ROW_MAJOR,
            device=input_tensor.device(),
            memory_config=memory_config or DRAM_MEMORY_CONFIG,
        )
        for values in _nonzero(working(input_tensor))
    ]
