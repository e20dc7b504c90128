"""Measured numbers as texts that people read: three digits, and the unit that suits them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

_TIMES = (("ns", 1.0), ("µs", 1e3), ("ms", 1e6), ("s", 1e9))
_SIZES = (("B", 1.0), ("KiB", 1024.0), ("MiB", 1024.0**2), ("GiB", 1024.0**3), ("TiB", 1024.0**4))
_PREFIXES = (("", 1.0), ("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15))


def duration(nanoseconds: float) -> str:
    """A time: ``850 ns``, ``12.3 ms``."""
    return _in_unit(nanoseconds, _TIMES)


def size(count: float) -> str:
    """A number of bytes: ``1.37 MiB``."""
    return _in_unit(count, _SIZES)


def rate(per_second: float, unit: str) -> str:
    """Something a second: ``1.23 Tflop/s`` of ``flop/s``."""
    return _in_unit(per_second, [(f"{prefix}{unit}", factor) for prefix, factor in _PREFIXES])


def share(fraction: float) -> str:
    """A part of a whole in percent: ``12.3 %``."""
    percent = 100 * fraction
    if not isfinite(percent):
        return f"{percent} %"
    return f"{percent:.2g} %" if 0 < abs(percent) < 0.095 else f"{_digits(percent)} %"


def _in_unit(value: float, units: Sequence[tuple[str, float]]) -> str:
    if not isfinite(value):
        return f"{value} {units[0][0]}".rstrip()
    for name, factor in units:
        scaled = value / factor
        # Whole bytes have no decimals.
        text = f"{scaled:.0f}" if scaled == round(scaled) and units is _SIZES else _digits(scaled)
        # 999.9 of one unit are 1 of the next.
        if abs(float(text)) < (1024 if units is _SIZES else 1000) or (name, factor) == units[-1]:
            break
    return f"{text} {name}"


def _digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 99.95 or not value else f"{value:.{1 if abs(value) >= 9.995 else 2}f}"
