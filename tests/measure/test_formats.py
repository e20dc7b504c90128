"""Formats by the name of ttnn's dtype, against what the wheel's conversions gave (dtype_roundtrip_golden.npz)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from pytest_ttnn_sweeps.measure.formats import storage_format
from pytest_ttnn_sweeps.testing import measure_accuracy

GOLDEN = np.load(Path(__file__).parents[1] / "data" / "dtype_roundtrip_golden.npz")
INPUTS = ["normal32", "normal64x96", "unaligned50x70", "unit", "wide", "narrow", "closeexp"]


def values(key: str) -> torch.Tensor:
    bits = GOLDEN[key]
    if bits.dtype == np.uint16:
        return torch.from_numpy(bits.view(np.int16).copy()).view(torch.bfloat16)
    return torch.from_numpy(bits.view(np.int32).copy()).view(torch.float32)


@pytest.mark.parametrize("dtype", ["bfloat16", "bfloat8_b", "bfloat4_b", "float32"])
@pytest.mark.parametrize("name", INPUTS)
def test_what_the_wheel_stores_has_the_formats_error_and_no_other(name: str, dtype: str) -> None:
    """All of the error is the format's, and is at most an ulp: less is kept only of what saturates."""
    expected, stored = values(f"in/{name}"), values(f"out/{name}/{dtype}")

    metrics = measure_accuracy(expected, stored, output_format=storage_format(dtype)).metrics

    assert metrics["format_error_share"] == 1.0
    assert metrics["max_ulp"] <= 1.0


@pytest.mark.parametrize(("dtype", "ulp"), [("bfloat8_b", 2.0**-6), ("bfloat4_b", 2.0**-2)])
def test_spacing_is_what_the_wheel_keeps(dtype: str, ulp: float) -> None:
    """No two values that the wheel stored beside each other in a block are closer than the spacing says."""
    stored = values(f"out/normal64x96/{dtype}").double().numpy()
    blocks = stored.reshape(-1, 16)
    units = np.exp2(np.floor(np.log2(np.abs(blocks).max(axis=1, keepdims=True)))) * ulp
    format_ = storage_format(dtype)
    assert format_ is not None

    assert np.array_equal(format_.spacing(stored).reshape(-1, 16), np.broadcast_to(units, blocks.shape))
    assert np.array_equal(np.round(blocks / units), blocks / units)


def test_whole_numbers_and_what_is_unknown() -> None:
    for name in ("uint8", "uint16", "uint32", "int32", "int8"):
        format_ = storage_format(name)
        assert format_ is not None
        assert format_.spacing(np.zeros((1, 1))) == 1.0
    assert storage_format("invalid") is None
    assert storage_format("bfloat3") is None
    assert storage_format("nn") is None
