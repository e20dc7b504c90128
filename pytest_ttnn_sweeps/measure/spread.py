"""How repeated measurements spread: robust statistics, for times that have a long tail and now and then two modes.

numpy is imported with the first of them: a run that times nothing needs none.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, isfinite
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

LEAST_FOR_MODES = 20
"""Below that more than 2 % of samples of one mode look as if they had two; see `is_bistable`."""

_SHARE = 0.2
_GAP = 2.0
_RELEVANT = 0.05


def median_deviation(samples: Sequence[float]) -> float:
    """The median of the absolute deviations from the median (MAD), unscaled.

    A normal distribution's standard deviation is 1.4826 times as large.
    """
    import numpy as np

    values = np.asarray(samples, dtype=np.float64)
    return float(np.median(np.abs(values - np.median(values))))


def is_bistable(samples: Sequence[float]) -> bool | None:
    """Whether the samples fall into two groups, as a kernel's times do that has two ways to run.

    They do where, of the gaps between neighbours that leave at least a fifth of the samples (and three) on either side,
    the widest is more than twice the interquartile range of either side, and the medians of the sides differ by more
    than 5 % of the lower: less is a matter of the clock. Of samples of one mode (normal, uniform, exponential,
    lognormal, Student's t with 2 degrees of freedom) at most 2 % pass for two at 20 samples, and fewer at more; modes
    that are eight standard deviations apart are found in about 85 % of cases at 20 samples, those nearer than six
    often aren't. The bimodality coefficient isn't used, which takes every skewed distribution, as that of times is,
    for two modes.

    None for fewer than 20 samples, and where one isn't finite.
    """
    import numpy as np

    if len(samples) < LEAST_FOR_MODES or not all(map(isfinite, samples)):
        return None
    values = np.sort(np.asarray(samples, dtype=np.float64))
    least = max(3, ceil(_SHARE * len(values)))
    gaps = np.diff(values)[least - 1 : len(values) - least]
    at = int(np.argmax(gaps)) + least
    sides = values[:at], values[at:]
    low, high = (float(np.median(side)) for side in sides)
    return bool(gaps.max() > _GAP * max(map(_quartile_range, sides))) and high - low > _RELEVANT * abs(low)


def _quartile_range(values: NDArray[float64]) -> float:
    import numpy as np

    low, high = np.quantile(values, [0.25, 0.75])
    return float(high - low)
