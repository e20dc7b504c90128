"""Operations that read the elements as another type: typecast and bitcast; and the counter plus_one."""

from __future__ import annotations

import torch

from ..coordinates import CoreRangeSet
from ..enums import DataType, Layout
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import ANYWHERE, operation
from ..tensor import Tensor
from .result import as_stored, output


def _typecast(input_tensor: torch.Tensor, *dtypes: DataType, **named: DataType) -> torch.Tensor:
    return as_stored(input_tensor, (*dtypes, *(named[name] for name in ("dtype", "output_dtype") if name in named))[-1])


def _typecast_from(
    input_tensor: Tensor,
    input_dtype: DataType,
    output_dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    if input_dtype is not input_tensor.dtype:
        raise fatal("input dtype and input tensor's dtype provided should match")
    return _cast(input_tensor, output_dtype, memory_config, output_tensor)


def _cast(tensor: Tensor, dtype: DataType, memory_config: MemoryConfig | None, into: Tensor | None) -> Tensor:
    if into is not None and into.dtype is not dtype:
        raise fatal("If both output dtype and output tensor provided dtype should match")
    return output(tensor.values, tensor, dtype=dtype, memory_config=memory_config, into=into)


@operation("ttnn.typecast", _typecast, others=[_typecast_from], operands=ANYWHERE)
def typecast(
    input_tensor: Tensor,
    dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensor in another data type."""
    return _cast(input_tensor, dtype, memory_config, output_tensor)


@operation("ttnn.experimental.typecast", _typecast, operands=ANYWHERE)
def experimental_typecast(
    input_tensor: Tensor,
    dtype: DataType,
    memory_config: MemoryConfig | None = None,
    optional_output_tensor: Tensor | None = None,
) -> Tensor:
    """The tensor in another data type."""
    if input_tensor.layout is not Layout.TILE and dtype is not input_tensor.dtype:
        raise fatal("Only tile layout supports dtype conversion")
    return _cast(input_tensor, dtype, memory_config, optional_output_tensor)


def _bitcast(input_tensor: torch.Tensor, dtype: DataType) -> torch.Tensor:
    return input_tensor.view(as_stored(torch.zeros(1), dtype).dtype)


@operation("ttnn.bitcast", _bitcast)
def bitcast(
    input_tensor: Tensor,
    dtype: DataType,
    *,
    memory_config: MemoryConfig | None = None,
    output_tensor: Tensor | None = None,
    sub_core_grids: CoreRangeSet | None = None,
) -> Tensor:
    """The tensor's bits taken for another data type of the same size."""
    four_bytes = {DataType.FLOAT32, DataType.INT32, DataType.UINT32}
    if not {input_tensor.dtype, dtype} <= four_bytes:
        raise NotEmulated(f"bits of {input_tensor.dtype.name} taken for {dtype.name}")
    bits = input_tensor.values if input_tensor.dtype is not DataType.UINT32 else input_tensor.values.to(torch.int32)
    values = bits.view(torch.float32 if dtype is DataType.FLOAT32 else torch.int32)
    return output(values, input_tensor, dtype=dtype, memory_config=memory_config, into=output_tensor)


def _plus_one(input_tensor: torch.Tensor) -> torch.Tensor:
    return input_tensor + 1


@operation("ttnn.plus_one", _plus_one)
def plus_one(
    input_tensor: Tensor, sub_core_grids: CoreRangeSet | None = None, skip_negative_entries: bool = False
) -> Tensor:
    """One more, in the tensor's own memory."""
    if input_tensor.dtype not in (DataType.INT32, DataType.UINT32):
        raise fatal("Only INT32 and UINT32 is supported for inputs!")
    if input_tensor.layout is not Layout.ROW_MAJOR:
        raise fatal("Only ROW_MAJOR layout is supported for inputs!")
    values = input_tensor.values.long()
    more = torch.where(values >= 0, values + 1, values) if skip_negative_entries else values + 1
    return output(more, input_tensor, into=input_tensor)
