"""What many measurements of one quantity come to."""

from __future__ import annotations

import math
from array import array


class Spread:
    """Numbers, 8 bytes each; NaN and infinities are counted apart, for no average can be had with them."""

    def __init__(self) -> None:
        self._values = array("d")
        self.not_finite = 0

    def add(self, value: float) -> None:
        if math.isfinite(value):
            self._values.append(value)
        else:
            self.not_finite += 1

    def extend(self, other: Spread) -> None:
        self._values.extend(other._values)
        self.not_finite += other.not_finite

    @property
    def count(self) -> int:
        """How many numbers there are, those that aren't finite included."""
        return len(self._values) + self.not_finite

    @property
    def least(self) -> float | None:
        """Of the finite ones, as are the others; None where there is none."""
        return min(self._values, default=None)

    @property
    def most(self) -> float | None:
        return max(self._values, default=None)

    @property
    def total(self) -> float:
        """The sum; infinite where no float is as large."""
        try:
            return math.fsum(self._values)
        except OverflowError:
            return sum(self._values)

    @property
    def mean(self) -> float | None:
        if not self._values:
            return None
        count = len(self._values)
        try:
            return math.fsum(self._values) / count
        except OverflowError:
            return math.fsum(value / count for value in self._values)

    def quantile(self, share: float) -> float | None:
        """The smallest number that at least this share of them doesn't exceed."""
        if not self._values:
            return None
        ordered = sorted(self._values)
        return ordered[max(0, math.ceil(share * len(ordered)) - 1)]

    def facts(self) -> dict[str, float | int | None]:
        """As plain data."""
        return {
            "count": self.count,
            "not_finite": self.not_finite,
            "min": self.least,
            "mean": self.mean,
            "median": self.quantile(0.5),
            "p95": self.quantile(0.95),
            "max": self.most,
        }
