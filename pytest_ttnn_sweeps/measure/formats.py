"""The storage format of an output, by the name of its ttnn dtype.

Block floats are rounded as the emulation rounds them, which recorded conversions of the wheel check bit for bit. ttnn
itself would do it only where a device is open, by sending the expectation through the very code that is under test.
"""

from __future__ import annotations

from functools import cache, partial

import torch

from pytest_ttnn_sweeps.emulation.storage_format import BLOCK_FLOATS, quantise
from pytest_ttnn_sweeps.testing.formats import StorageFormat, block_float, format_of

_BLOCK_FLOATS = {dtype.name.lower(): dtype for dtype in BLOCK_FLOATS}
# torch has int32 for unsigned ones too: what counts here is that they are whole numbers.
_TORCH_NAMES = {"fp8_e4m3": "float8_e4m3fn"}


@cache
def storage_format(name: str) -> StorageFormat | None:
    """The format of ``bfloat16``, ``bfloat8_b``, ...; None for a dtype that is unknown here."""
    dtype = _BLOCK_FLOATS.get(name)
    if dtype is not None:
        return block_float(name, BLOCK_FLOATS[dtype], partial(quantise, dtype=dtype))
    torch_dtype = getattr(torch, _TORCH_NAMES.get(name, name), None)
    return format_of(torch_dtype) if isinstance(torch_dtype, torch.dtype) else None
