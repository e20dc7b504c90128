"""Numbers with units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results.analysis.quantities import duration, rate, share, size

_FACTORS = {"ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}


@given(st.floats(0.01, 1e13))
def test_a_time_is_what_its_text_says(nanoseconds: float) -> None:
    """To three digits, in the unit that has at most three before the point; seconds are the last."""
    number, unit = duration(nanoseconds).split()

    assert float(number) * _FACTORS[unit] == pytest.approx(nanoseconds, rel=0.0051, abs=0.0051)
    assert float(number) < 1000 or unit == "s"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (duration(999.96), "1.00 µs"),
        (duration(1_234_567), "1.23 ms"),
        (duration(0), "0 ns"),
        (duration(float("nan")), "nan ns"),
        (size(0), "0 B"),
        (size(1023), "1023 B"),
        (size(1463968), "1.40 MiB"),
        (size(40960), "40 KiB"),
        (rate(2.62e14, "flop/s"), "262 Tflop/s"),
        (rate(0.0, "B/s"), "0 B/s"),
        (share(0.999999), "100 %"),
        (share(0.12345), "12.3 %"),
        (share(0.00001), "0.001 %"),
        (share(float("inf")), "inf %"),
    ],
)
def test_units_suit_the_number(text: str, expected: str) -> None:
    assert text == expected
