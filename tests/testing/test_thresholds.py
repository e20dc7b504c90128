"""``check_with_dtype``: what a dtype's own rounding does passes, what it can't do fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.testing import THRESHOLDS, check_with_dtype


def rounded(values: torch.Tensor, name: str) -> torch.Tensor:
    # Here, because a test that runs pytest in this process must find the whole of the emulation loaded, or none of it.
    from pytest_ttnn_sweeps.emulation.enums import DataType
    from pytest_ttnn_sweeps.emulation.storage_format import quantise

    return quantise(values, DataType[name]).float()


@pytest.mark.parametrize("name", THRESHOLDS)
@pytest.mark.parametrize("draw", [torch.randn, torch.rand], ids=["normal", "uniform"])
def test_values_that_are_rounded_to_the_dtype_pass(name: str, draw: Callable[..., torch.Tensor]) -> None:
    torch.manual_seed(0)
    values = draw(256, 256)

    assert check_with_dtype(values, rounded(values, name), f"DataType.{name}").ok


@pytest.mark.parametrize("name", THRESHOLDS)
@pytest.mark.parametrize(
    "wrong",
    [lambda x: 1.5 * x, lambda x: x + 1, lambda x: -x, lambda x: x.roll(1), torch.zeros_like],
    ids=["factor", "offset", "sign", "place", "zeros"],
)
def test_values_that_are_wrong_fail(name: str, wrong: Callable[[torch.Tensor], torch.Tensor]) -> None:
    torch.manual_seed(0)
    values = torch.randn(64, 64)

    assert not check_with_dtype(values, wrong(values), f"DataType.{name}").ok


def test_an_error_that_the_correlation_is_blind_to_is_told() -> None:
    values = torch.randn(64, 64)

    check = check_with_dtype(values, 1.5 * values, "DataType.BFLOAT16")

    assert check.message.startswith("relative RMS error 0.5 is above 0.05 (PCC ")
    assert check.pcc > 0.9999


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1))
def test_unsigned_integers_are_equal_modulo_their_range(numbers: list[int]) -> None:
    """torch holds uint32 in int32: what is above its range comes back negative."""
    wide = torch.tensor(numbers, dtype=torch.int64)

    assert check_with_dtype(wide, wide.to(torch.int32), "DataType.UINT32").ok
    assert not check_with_dtype(wide, (wide + 1).to(torch.int32), "DataType.UINT32").ok


def test_signed_integers_have_to_be_equal() -> None:
    numbers = torch.arange(100, dtype=torch.int32)

    assert check_with_dtype(numbers, numbers.clone(), "DataType.INT32").ok
    assert not check_with_dtype(numbers, numbers.roll(1), "DataType.INT32").ok


def test_zeros_empty_tensors_and_shapes() -> None:
    zeros = torch.zeros(4, 4)

    assert check_with_dtype(zeros, zeros.clone(), "DataType.BFLOAT16").ok
    assert not check_with_dtype(zeros, zeros + 1, "DataType.BFLOAT16").ok
    assert check_with_dtype(torch.zeros(0), torch.zeros(0), "DataType.BFLOAT16").ok
    assert "shapes differ" in check_with_dtype(zeros, torch.zeros(4), "DataType.BFLOAT16").message


def test_a_dtype_without_a_threshold_is_refused() -> None:
    with pytest.raises(ValueError, match=r"no threshold for 'FP3'; expected a ttnn\.DataType among FLOAT32"):
        check_with_dtype(torch.zeros(1), torch.zeros(1), "FP3")
