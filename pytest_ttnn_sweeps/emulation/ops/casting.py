"""Operations that read the elements as another type: typecast and bitcast; and the counter plus_one."""

from __future__ import annotations

import torch

from ..coordinates import CoreRangeSet
from ..enums import DataType, Layout, StorageType
from ..errors import NotEmulated, fatal
from ..memory_config import MemoryConfig
from ..operation import ANYWHERE, operation
from ..tensor import Tensor
from .result import BLOCK_FLOATS, as_stored, cpp, is_without_shards, output

_WHOLE = {DataType.UINT8: 2**8 - 1, DataType.UINT16: 2**16 - 1, DataType.UINT32: 2**32 - 1}
"""The largest numbers of the unsigned types, which a device converts to by rules other than the host's."""


def _converted(values: torch.Tensor, dtype: DataType, *, from_block_float: bool = False) -> torch.Tensor:
    """``values`` as a device converts them to ``dtype``, where that differs from storing them.

    UINT16 takes the nearest whole number, but of block floats the next towards zero; it and UINT32 stop at the ends of
    their ranges, UINT8 wraps around.
    """
    if dtype not in _WHOLE:
        return values
    if values.is_floating_point():
        rounds = dtype is DataType.UINT16 and not from_block_float
        values = torch.floor(values.float() + 0.5) if rounds else torch.trunc(values.float())
    whole = values.to(torch.int64)
    return whole % (_WHOLE[dtype] + 1) if dtype is DataType.UINT8 else whole.clamp(0, _WHOLE[dtype])


def _typecast(input_tensor: torch.Tensor, *dtypes: DataType, **named: DataType) -> torch.Tensor:
    dtype = (*dtypes, *(named[name] for name in ("dtype", "output_dtype") if name in named))[-1]
    return as_stored(_converted(input_tensor, dtype), dtype)


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
    _check_places(input_tensor, memory_config)
    return _cast(input_tensor, output_dtype, memory_config, output_tensor)


def _check_places(tensor: Tensor, wanted: MemoryConfig | None) -> None:
    """Raise ttnn's error for an output in another kind of memory layout than its input."""
    own = tensor.memory_config()
    if wanted is None or tensor.storage_type() is StorageType.HOST or wanted.memory_layout is own.memory_layout:
        return
    if is_without_shards(wanted):
        raise RuntimeError("bad optional access")
    layouts = f"Input layout: {cpp(own.memory_layout)}, Output layout: {cpp(wanted.memory_layout)}"
    raise fatal(f"Typecast operation requires Input and Output memory layout to match. {layouts}")


def _cast(tensor: Tensor, dtype: DataType, memory_config: MemoryConfig | None, into: Tensor | None) -> Tensor:
    if into is not None and into.dtype is not dtype:
        raise fatal("If both output dtype and output tensor provided dtype should match")
    values = tensor.values
    if tensor.storage_type() is StorageType.DEVICE and tensor.dtype is not dtype:
        values = _converted(values, dtype, from_block_float=tensor.dtype in BLOCK_FLOATS)
    return output(values, tensor, dtype=dtype, memory_config=memory_config, into=into)


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
    _check_places(input_tensor, memory_config)
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
