"""Statistics of repeated measurements, beside closed forms, scipy's and the error rates that are promised."""

from __future__ import annotations

import math
from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure.spread import LEAST_FOR_MODES, is_bistable, median_deviation
from pytest_ttnn_sweeps.results.analysis.intervals import LEAST_FOR_INTERVAL, median_interval

stats = pytest.importorskip("scipy.stats")

Draw = Callable[[np.random.Generator, int], np.ndarray]


def test_the_deviation_of_known_samples() -> None:
    """The median's median distance: of 1, 1, 2, 2, 4, 6, 9 it is 1, and one outlier doesn't move it."""
    assert median_deviation([1, 1, 2, 2, 4, 6, 9]) == 1
    assert median_deviation([1, 1, 2, 2, 4, 6, 9000]) == 1
    assert median_deviation([3.0, 4.0]) == 0.5
    assert median_deviation([5.0]) == 0


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=40))
def test_the_deviation_is_scipys(samples: list[float]) -> None:
    """An implementation of others agrees."""
    assert median_deviation(samples) == pytest.approx(stats.median_abs_deviation(samples), rel=1e-12, abs=1e-12)


def exact_distribution(count: int) -> list[float]:
    """The probability that a resample's median is the k-th smallest of ``count`` samples, an odd number (Efron 1979).

    At most the k-th: more than half of the draws are among the k smallest, and each is with probability k / count.
    """
    half = (count + 1) // 2
    below = [
        sum(comb(count, j) * (k / count) ** j * (1 - k / count) ** (count - j) for j in range(half, count + 1))
        for k in range(count + 1)
    ]
    return list(np.diff(below))


@pytest.mark.parametrize("count", [7, 15, 31, 101])
def test_the_interval_is_that_of_the_exact_bootstrap(count: int) -> None:
    """2000 resamples come as near to the closed form as so many can: within three standard errors of the percentile."""
    samples = np.random.default_rng(count).lognormal(0, 1, count)
    below = np.cumsum(exact_distribution(count))
    error = 3 * math.sqrt(0.025 * 0.975 / 2000)
    ordered = np.sort(samples)

    interval = median_interval(list(samples))

    assert interval is not None
    for bound, tail in zip(interval, (0.025, 0.975)):
        lowest = ordered[np.searchsorted(below, tail - error)]
        highest = ordered[min(count - 1, np.searchsorted(below, tail + error))]
        assert lowest <= bound <= highest


@pytest.mark.parametrize("count", [8, 20])
def test_the_interval_is_scipys(count: int) -> None:
    """scipy's percentile bootstrap, which draws its own resamples, gives the same within what drawing moves."""
    samples = np.random.default_rng(count).normal(100, 5, count)
    theirs = stats.bootstrap((samples,), np.median, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    # Neighbouring order statistics are as far apart as drawing can move a bound.
    step = float(np.diff(np.sort(samples)).max())

    interval = median_interval(list(samples))

    assert interval == pytest.approx((theirs.low, theirs.high), abs=step)


def test_the_interval_covers_the_median_as_often_as_it_says() -> None:
    """Of 300 sets of 20 normal samples about 95 % have an interval around the true median; chance allows 91 %."""
    generator = np.random.default_rng(5)
    intervals = [median_interval(list(generator.normal(0, 1, 20))) for _ in range(300)]

    covered = sum(interval is not None and interval[0] <= 0 <= interval[1] for interval in intervals)

    assert 273 <= covered <= 299


@given(st.lists(st.floats(0, 1e6), min_size=LEAST_FOR_INTERVAL, max_size=30))
def test_the_interval_lies_within_the_samples_and_is_always_the_same(samples: list[float]) -> None:
    """It holds nothing that wasn't measured, and doesn't depend on order or on the process."""
    interval = median_interval(samples)

    assert interval is not None
    assert min(samples) <= interval[0] <= interval[1] <= max(samples)
    assert median_interval(samples) == interval


def test_there_is_no_interval_of_too_few_samples() -> None:
    """Nor of what isn't finite."""
    assert median_interval([1.0] * (LEAST_FOR_INTERVAL - 1)) is None
    assert median_interval([1.0] * LEAST_FOR_INTERVAL) == (1.0, 1.0)
    assert median_interval([1.0] * 9 + [math.nan]) is None
    assert median_interval([1.0] * 9 + [math.inf]) is None


def test_the_interval_of_many_samples() -> None:
    """Resamples are drawn in parts; that of 5,000 samples is as narrow as theory says."""
    samples = np.random.default_rng(0).normal(0, 1, 5_000)

    interval = median_interval(list(samples))

    assert interval is not None
    # The standard error of a normal sample's median is 1.2533 times that of its mean.
    assert interval[1] - interval[0] == pytest.approx(2 * 1.96 * 1.2533 / math.sqrt(5_000), rel=0.2)


UNIMODAL: dict[str, Draw] = {
    "normal": lambda generator, count: generator.normal(100, 5, count),
    "uniform": lambda generator, count: generator.uniform(50, 150, count),
    "exponential": lambda generator, count: 100 + generator.exponential(50, count),
    "lognormal": lambda generator, count: 100 + 50 * generator.lognormal(0, 1, count),
    "heavy tails": lambda generator, count: 100 + 10 * generator.standard_t(2, count),
}


@pytest.mark.parametrize("name", UNIMODAL)
@pytest.mark.parametrize(("count", "most"), [(LEAST_FOR_MODES, 0.034), (50, 0.012)])
def test_one_mode_is_seldom_taken_for_two(name: str, count: int, most: float) -> None:
    """The error rates that the documentation promises (2 % and 0.5 %), with what chance adds in 500 sets."""
    generator = np.random.default_rng(7)

    found = [is_bistable(list(UNIMODAL[name](generator, count))) for _ in range(500)]

    assert sum(map(bool, found)) <= most * 500
    assert None not in found


@pytest.mark.parametrize(("apart", "least"), [(8, 0.75), (10, 0.95), (20, 0.98)])
def test_two_modes_are_found(apart: float, least: float) -> None:
    """Two modes so many standard deviations apart, each as likely, at twenty samples."""
    generator = np.random.default_rng(11)

    def draw() -> list[float]:
        return list(np.where(generator.random(20) < 0.5, 100, 100 + apart) + generator.normal(0, 1, 20))

    assert sum(bool(is_bistable(draw())) for _ in range(400)) >= least * 400


def test_what_is_no_second_mode() -> None:
    """A few outliers, steps of the clock, a mode that differs by too little, and equal times."""
    assert is_bistable([1.0] * 10 + [2.0] * 10) is True
    assert is_bistable([1.0] * 16 + [2.0] * 4) is True
    assert is_bistable([1.0] * 17 + [2.0] * 3) is False
    assert is_bistable([1.0] * 10 + [1.04] * 10) is False
    assert is_bistable([1.0] * 20) is False
    assert is_bistable([1.0] * 10 + [2.0] * (LEAST_FOR_MODES - 11)) is None
    assert is_bistable([1.0] * 10 + [2.0] * 10 + [math.nan]) is None
