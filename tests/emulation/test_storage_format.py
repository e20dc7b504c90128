"""Whether values come out of every storage format as they came out of ttnn 0.81.1's."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.emulation.enums import DataType
from pytest_ttnn_sweeps.emulation.errors import NotEmulated
from pytest_ttnn_sweeps.emulation.storage_format import quantise, torch_dtype, working_dtype

GOLDEN = np.load(Path(__file__).parents[1] / "data" / "dtype_roundtrip_golden.npz")
OUTPUTS = [key for key in GOLDEN.files if key.startswith("out/")]
DTYPES = {dtype.name.lower(): dtype for dtype in DataType}


def _given(name: str) -> torch.Tensor:
    array = GOLDEN[f"in/{name}"]
    if array.dtype == np.uint32:
        return torch.from_numpy(array.view(np.int32).copy()).view(torch.float32)
    if array.dtype == np.uint16:
        return torch.from_numpy(array.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def _bits(values: torch.Tensor) -> np.ndarray:
    if values.dtype is torch.float32:
        return values.view(torch.int32).numpy().view(np.uint32)
    if values.dtype is torch.bfloat16:
        return values.view(torch.int16).numpy().view(np.uint16)
    return values.numpy()


@pytest.mark.parametrize("output", OUTPUTS)
def test_formats_are_bit_exact(output: str) -> None:
    """Every recorded value, of every kind of input, comes back with the same bits."""
    _, name, dtype = output.split("/")[:3]

    stored = quantise(_given(name), DTYPES[dtype])

    assert stored.dtype == working_dtype(DTYPES[dtype])
    found = _bits(stored.to(torch_dtype(DTYPES[dtype])))
    assert found.dtype == GOLDEN[output].dtype
    assert np.array_equal(found, GOLDEN[output])


def test_the_recording_is_whole() -> None:
    """All 177 recorded arrays are there: 32 inputs and 145 outputs."""
    assert (len(GOLDEN.files), len(OUTPUTS)) == (177, 145)


@pytest.mark.parametrize("dtype", [DataType.BFLOAT8_B, DataType.BFLOAT4_B])
def test_a_row_is_rounded_alike_wherever_it_lies(dtype: DataType) -> None:
    """More rows than are worked on at once, of any width, come out as each row does alone."""
    torch.manual_seed(0)
    values = torch.randn(3, 1500, 70) * torch.exp2(torch.randint(-40, 40, (3, 1500, 1)).float())

    stored = quantise(values, dtype)

    for part, row in ((0, 0), (1, 749), (2, 1499)):
        assert torch.equal(stored[part, row], quantise(values[part, row], dtype))


_FLOATS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=40)


@settings(deadline=None)
@given(_FLOATS, st.sampled_from([DataType.BFLOAT8_B, DataType.BFLOAT4_B]))
def test_block_floats_keep_their_promise(numbers: list[float], dtype: DataType) -> None:
    """No value moves by more than its block's unit; without underflow, storing again changes nothing."""
    values = torch.tensor(numbers)
    bits = 7 if dtype is DataType.BFLOAT8_B else 3

    stored = quantise(values, dtype)

    for start in range(0, len(numbers), 16):
        block, kept = values[start : start + 16], stored[start : start + 16]
        largest = block.abs().max().item()
        if largest >= 2.0**-100:
            unit = 2.0 ** (math.frexp(largest)[1] - bits)
            assert ((block.double() - kept.double()).abs() <= unit).all()
            assert torch.equal(quantise(kept, dtype), kept)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=10))
def test_integers_wrap(numbers: list[int]) -> None:
    """An integer is stored modulo two to the number of bits."""
    values = torch.tensor(numbers)

    for dtype, bits in ((DataType.UINT8, 8), (DataType.UINT16, 16), (DataType.UINT32, 32)):
        assert quantise(values, dtype).tolist() == [number % 2**bits for number in numbers]


def test_values_in_their_format_are_not_copied() -> None:
    """Storing what is stored costs nothing: the same tensor comes back."""
    for dtype in (DataType.BFLOAT16, DataType.FLOAT32, DataType.INT32):
        values = torch.zeros(2, 3, dtype=torch_dtype(dtype))

        assert quantise(values, dtype) is values


def test_an_unknown_format_is_named() -> None:
    """A format that the emulation hasn't is refused by name."""
    with pytest.raises(NotEmulated, match=r"DataType\.FP8_E4M3 is not emulated"):
        quantise(torch.zeros(2), DataType.FP8_E4M3)
