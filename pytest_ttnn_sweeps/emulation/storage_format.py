"""How each data type stores numbers: torch values in, the values that ttnn would read back out, bit for bit.

The rules were checked against recorded host conversions of ttnn 0.81.1 (``tests/data/dtype_roundtrip_golden.npz``).

A block float keeps one shared exponent for 16 neighbours of a row and a sign and a few magnitude bits for each of them:

1. the shared exponent is the largest exponent field of the block; denormals count as zero;
2. each 24-bit mantissa is shifted right to the shared exponent, and the bits shifted out are forgotten;
3. what is left is rounded to 7 (bfloat8_b) or 3 (bfloat4_b) bits, to nearest, ties to even, and saturates;
4. a zero magnitude reads back as +0.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from .enums import DataType, Layout
from .errors import NotEmulated, throw

BLOCK_FLOATS = {DataType.BFLOAT8_B: 7, DataType.BFLOAT4_B: 3}
_BLOCK = 16
_MANTISSA_BITS = 24
# Big enough to hide the cost of a torch call, small enough for the second-level cache: 3x faster than whole tensors.
_ELEMENTS_AT_ONCE = 1 << 17
_LEAST_SCALABLE_EXPONENT = _MANTISSA_BITS
_NOT_FINITE = 255
_QUIET_NAN = 0x7FC0
_STRANGERS = frozenset({torch.float16, torch.float64, torch.int16, torch.int64})
# x86 turns a float that a 32-bit integer can't hold into the lowest one; ttnn's rules for such values follow from it.
_INT32_RANGE = 2.0**31

_WORKING_DTYPES = {
    DataType.BFLOAT16: torch.bfloat16,
    DataType.FLOAT32: torch.float32,
    DataType.BFLOAT8_B: torch.float32,
    DataType.BFLOAT4_B: torch.float32,
    DataType.UINT8: torch.int32,
    DataType.INT8: torch.int32,
    DataType.UINT16: torch.int32,
    DataType.INT32: torch.int32,
    DataType.UINT32: torch.int64,
}
_TORCH_DTYPES = {
    **_WORKING_DTYPES,
    DataType.UINT8: torch.uint8,
    DataType.INT8: torch.int8,
    DataType.UINT16: torch.uint16,
    DataType.UINT32: torch.uint32,
}
_DEFAULT_DTYPES = {
    torch.bfloat16: DataType.BFLOAT16,
    torch.float16: DataType.BFLOAT16,
    torch.float32: DataType.FLOAT32,
    torch.bool: DataType.UINT8,
    torch.uint8: DataType.UINT8,
    torch.int8: DataType.INT8,
    torch.uint16: DataType.UINT16,
    torch.int16: DataType.UINT16,
    torch.uint32: DataType.UINT32,
    torch.int64: DataType.UINT32,
    torch.int32: DataType.INT32,
}


def torch_dtype(dtype: DataType) -> torch.dtype:
    """The torch dtype that ``to_torch`` gives for ``dtype``; float32 for block floats."""
    return _TORCH_DTYPES[_known(dtype)]


def working_dtype(dtype: DataType) -> torch.dtype:
    """The torch dtype in which operations compute on ``dtype``: the narrowest that torch has arithmetic for."""
    return _WORKING_DTYPES[_known(dtype)]


def default_dtype(dtype: torch.dtype) -> DataType:
    """The data type of a tensor made from a torch tensor of ``dtype`` when none is asked for."""
    try:
        return _DEFAULT_DTYPES[dtype]
    except KeyError:
        raise throw("get_dtype_from_ttnn_datatype: got INVALID or unhandled DataType.") from None


def default_layout(dtype: DataType) -> Layout:
    """The layout of a tensor for which none was asked: tiles for block floats, which have no other."""
    return Layout.TILE if dtype in BLOCK_FLOATS else Layout.ROW_MAJOR


def _known(dtype: DataType) -> DataType:
    if dtype not in _WORKING_DTYPES:
        raise NotEmulated(str(dtype))
    return dtype


def quantise(values: torch.Tensor, dtype: DataType, pad_value: float | None = None, padded_to: int = 1) -> torch.Tensor:
    """``values`` as ``dtype`` stores them, in its working dtype; ``values`` itself when nothing has to change.

    Any shape; the last dimension is a row. Block floats share exponents along it in groups of 16 from its beginning,
    also with what the row is padded with: ``pad_value`` up to a multiple of ``padded_to`` elements.
    """
    if pad_value and dtype in BLOCK_FLOATS and values.dim() and values.shape[-1] % padded_to:
        width = values.shape[-1]
        padded = torch.nn.functional.pad(values, (0, -width % padded_to), value=pad_value)
        return _QUANTISERS[dtype](padded)[..., :width]
    return _QUANTISERS[_known(dtype)](values)


def as_accepted(values: torch.Tensor, dtype: DataType) -> torch.Tensor:
    """``values`` from outside, in a type that ttnn has, where the way there shows in what ``dtype`` keeps.

    Types that ttnn hasn't got are converted by torch first: for block floats to bfloat16, for uint32 to an integer.
    """
    if values.dtype in _STRANGERS and dtype in BLOCK_FLOATS:
        return _to_bfloat16(values)
    return values.to(torch.int64) if values.dtype is torch.float16 and dtype is DataType.UINT32 else values


def _to_float32(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.float32)


def _to_bfloat16(values: torch.Tensor) -> torch.Tensor:
    if values.dtype is torch.bfloat16:
        return values
    single = _to_float32(values)
    half = single.to(torch.bfloat16)
    # One sum tells whether a NaN is among the values (two infinities look the same, which only costs time).
    if single.sum().isnan():
        half.view(torch.int16)[single.isnan()] = _QUIET_NAN
    return half


def _to_unsigned(bits: int, saturates: bool) -> Callable[[torch.Tensor], torch.Tensor]:
    limit = 2**bits - 1

    def convert(values: torch.Tensor) -> torch.Tensor:
        if values.is_floating_point():
            single = values.to(torch.float32)
            if saturates:
                return single.where(single < _INT32_RANGE, 0).clamp(0, limit).to(torch.int32)
            values = single.where((single >= -_INT32_RANGE) & (single < limit + 1), _INT32_RANGE)
        wrapped = values.to(torch.int64).bitwise_and(limit)
        return wrapped if limit > 2**31 else wrapped.to(torch.int32)

    return convert


def _to_int32(values: torch.Tensor) -> torch.Tensor:
    if values.is_floating_point():
        single = values.to(torch.float32)
        return single.where(single.abs() < _INT32_RANGE, -_INT32_RANGE).to(torch.int32)
    return values.to(torch.int32)


def _to_int8(values: torch.Tensor) -> torch.Tensor:
    return values.to(torch.int32).to(torch.int8).to(torch.int32)


def _to_block_float(magnitude_bits: int) -> Callable[[torch.Tensor], torch.Tensor]:
    def convert(values: torch.Tensor) -> torch.Tensor:
        width = values.shape[-1] if values.dim() else 1
        missing = -width % _BLOCK
        padded = torch.nn.functional.pad(values.reshape(-1, width), (0, missing)) if missing else values
        blocks = padded.reshape(-1, _BLOCK)
        stored = torch.empty(blocks.shape, dtype=torch.float32, device=values.device)
        step = _ELEMENTS_AT_ONCE // _BLOCK
        for start in range(0, blocks.shape[0], step):
            _round_blocks(_to_float32(blocks[start : start + step]), stored[start : start + step], magnitude_bits)
        rows = stored.view(-1, width + missing)
        return (rows[:, :width] if missing else rows).reshape(values.shape)

    return convert


def _round_blocks(blocks: torch.Tensor, stored: torch.Tensor, magnitude_bits: int) -> None:
    """Round float32 ``blocks`` [n, 16] into ``stored`` with float arithmetic, which is exact for usual exponents.

    In units of the last bit of a mantissa that has the shared exponent, dropping a fraction is the shift of rule 2, and
    adding and subtracting a number of the right size is the rounding of rule 3.
    """
    largest = (blocks.view(torch.int32) & 0x7FFFFFFF).amax(-1, keepdim=True)
    exponent = largest >> (_MANTISSA_BITS - 1)
    unusual = ((exponent < _LEAST_SCALABLE_EXPONENT) & (largest != 0)) | (exponent == _NOT_FINITE)
    kept_unit = 2.0 ** (_MANTISSA_BITS - magnitude_bits)
    rounder = 1.5 * 2.0 ** (_MANTISSA_BITS - 1) * kept_unit
    limit = (2**magnitude_bits - 1) * kept_unit
    per_unit, unit = _power_of_two(277 - exponent), _power_of_two(exponent - 23)
    # Through int32 and back, as torch's trunc takes 25 times as long.
    whole_units = blocks.mul(per_unit).to(torch.int32)
    stored.copy_(whole_units).add_(rounder).sub_(rounder).clamp_(-limit, limit).mul_(unit)
    if unusual.any():
        where = unusual.squeeze(-1)
        stored[where] = _rounded_bits(blocks[where], magnitude_bits)


def _power_of_two(exponent_field: torch.Tensor) -> torch.Tensor:
    return (exponent_field.clamp(0, 254) << (_MANTISSA_BITS - 1)).view(torch.float32)


def _rounded_bits(blocks: torch.Tensor, magnitude_bits: int) -> torch.Tensor:
    """The rules word for word on bit patterns [n, 16]: for infinities, NaNs and exponents near the smallest.

    A magnitude that would need an exponent below the smallest wraps around in the exponent field, as in ttnn.
    """
    bits = blocks.contiguous().view(torch.int32)
    exponent, fraction = (bits >> 23) & 0xFF, bits & 0x7FFFFF
    shared = exponent.amax(-1, keepdim=True)
    mantissa = torch.where(exponent > 0, fraction | 1 << 23, 0)
    aligned = mantissa >> (shared - exponent).clamp(max=31)
    dropped = _MANTISSA_BITS - magnitude_bits
    kept = aligned >> dropped
    rest, half = aligned & ((1 << dropped) - 1), 1 << (dropped - 1)
    kept = kept + ((rest > half) | ((rest == half) & (kept & 1 == 1)))
    kept = kept.clamp(max=2**magnitude_bits - 1)
    # A small whole number as a float32 is already normalised; moving its exponent field gives the stored value.
    normalised = kept.to(torch.float32).view(torch.int32) + ((shared - 127 - (magnitude_bits - 1)) << 23)
    return torch.where(kept == 0, 0, normalised | (bits & -(2**31))).view(torch.float32)


_QUANTISERS: dict[DataType, Callable[[torch.Tensor], torch.Tensor]] = {
    DataType.BFLOAT16: _to_bfloat16,
    DataType.FLOAT32: _to_float32,
    DataType.BFLOAT8_B: _to_block_float(7),
    DataType.BFLOAT4_B: _to_block_float(3),
    DataType.UINT8: _to_unsigned(8, saturates=True),
    DataType.INT8: _to_int8,
    DataType.UINT16: _to_unsigned(16, saturates=True),
    DataType.INT32: _to_int32,
    DataType.UINT32: _to_unsigned(32, saturates=False),
}
