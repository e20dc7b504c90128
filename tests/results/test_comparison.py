"""Two runs beside one another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from records import body, write_run

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.comparison import Comparison, Limits, compare
from pytest_ttnn_sweeps.results.reading import open_run


def passed(number: int, *, pcc: float | None = 0.999, e2e_ms: float | None = 10.0) -> dict[str, Any]:
    metrics = () if pcc is None else (Metric("pcc", pcc, "", "higher"),)
    return body(number, outcome=Outcome(True, "", metrics, e2e_ms))


def failed(number: int, message: str = "no", status: Status = Status.FAIL_ASSERT_EXCEPTION) -> dict[str, Any]:
    return body(number, status=status, outcome=Outcome(False, message))


def skipped(number: int) -> dict[str, Any]:
    return body(number, status=Status.NOT_RUN, outcome=Outcome(True, "", skip_reason="not here"))


def of(tmp_path: Path, before: list[Any], after: list[Any], limits: Limits | None = None, **facts: Any) -> Comparison:
    first = open_run(write_run(tmp_path, before, card_type="n150", provider="ttnn"))
    second = open_run(write_run(tmp_path, after, **{"card_type": "n150", "provider": "ttnn", **facts}))
    return compare(first, second, limits=limits or Limits())


def kinds(comparison: Comparison) -> dict[str, list[int]]:
    return {
        kind: [int(change.vector_id, 16) for change in changes]
        for kind, changes in comparison.changes.items()
        if changes
    }


def test_each_vector_is_of_one_kind(tmp_path: Path) -> None:
    """Attempts count by the last; the same error with other numbers is the same."""
    before = [
        *(passed(1), failed(2), passed(3), failed(5, "needs 3 banks"), failed(6, "needs 3 banks")),
        *(passed(7), failed(8), skipped(9), failed(10), passed(10), failed(11)),
    ]
    after = [
        *(passed(1), passed(2), failed(4), failed(5, "needs 9 banks"), failed(6, "other")),
        *(skipped(7), skipped(8), failed(9), failed(10), failed(11, status=Status.FAIL_CRASH_HANG), passed(12)),
    ]

    comparison = of(tmp_path, before, after)

    assert kinds(comparison) == {
        "new_failure": [9, 10],
        "missing": [3],
        "status_change": [6, 7, 8, 11],
        "fixed": [2],
        "new_vector": [4, 12],
    }
    assert comparison.common == 9
    assert comparison.has_new_failures
    assert comparison.notes == []


def test_a_run_is_like_itself(tmp_path: Path) -> None:
    """Also where there is NaN, which is unlike itself."""
    run = open_run(write_run(tmp_path, [passed(1, pcc=float("nan")), failed(2), passed(3, pcc=float("inf"))]))

    comparison = compare(run, run)

    assert kinds(comparison) == {}
    assert not comparison.has_new_failures


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (0.999, 0.9985, False),
        (0.999, 0.9975, True),
        (0.9975, 0.999, True),
        (0.999, float("nan"), True),
        (float("nan"), 0.999, True),
        (0.999, None, True),
        (float("inf"), float("-inf"), True),
    ],
)
def test_the_pcc_differs_beyond_a_limit(tmp_path: Path, before: float, after: float | None, differs: bool) -> None:
    """NaN always does."""
    comparison = of(tmp_path, [passed(1, pcc=before)], [passed(1, pcc=after)])

    assert kinds(comparison) == ({"pcc": [1]} if differs else {})


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (10.0, 13.0, True),
        (10.0, 7.0, True),
        (10.0, 11.9, False),
        (0.1, 0.5, False),
        (None, 10.0, False),
        (0.0, 5.0, False),
    ],
)
def test_times_differ_by_share_and_by_milliseconds(
    tmp_path: Path, before: float | None, after: float, differs: bool
) -> None:
    """Microseconds that double are noise; times of different sorts, or on different cards, aren't compared."""
    pair = [passed(1, e2e_ms=before)], [passed(1, e2e_ms=after)]

    assert kinds(of(tmp_path, *pair)) == ({"time": [1]} if differs else {})
    other = of(tmp_path, *pair, card_type="p150")
    assert kinds(other) == {}
    assert other.notes == ["card: n150 before, p150 after", "times and memory of different devices aren't compared"]


def test_the_worst_changes_come_first(tmp_path: Path) -> None:
    """A PCC that is lost or NaN before the largest drop; the slowest before the faster."""
    before = [passed(number) for number in range(1, 7)]
    after = [
        *(passed(1, pcc=0.9), passed(2, pcc=0.5), passed(3, pcc=float("nan")), passed(4, pcc=1.1)),
        *(passed(5, e2e_ms=5), passed(6, e2e_ms=50)),
    ]

    assert kinds(of(tmp_path, before, after)) == {"pcc": [3, 2, 1, 4], "time": [6, 5]}


def test_a_run_that_was_killed_is_named(tmp_path: Path) -> None:
    """What it lacks may not be missing."""
    first = open_run(write_run(tmp_path, [passed(1), passed(2)]))
    second = open_run(write_run(tmp_path, [passed(1)], sealed=False))

    comparison = compare(first, second)

    assert kinds(comparison) == {"missing": [2]}
    (note,) = comparison.notes
    assert "has not ended" in note


def test_suites_that_are_gone_as_a_whole_are_named(tmp_path: Path) -> None:
    """The second run may have selected less."""
    other = body(7, suite="other")

    assert of(tmp_path, [passed(1), other], [passed(1)]).notes == [
        "1 suites of the first run have no vector in the second"
    ]
    assert of(tmp_path, [passed(1), passed(2)], [passed(1)]).notes == []


def measured(number: int, *metrics: Metric) -> dict[str, Any]:
    return body(number, outcome=Outcome(True, "", metrics))


def timed(median: float, low: float | None = None, high: float | None = None, clock: str = "e2e") -> list[Metric]:
    found = [Metric(f"{clock}_ms", median)]
    ends = [(f"{clock}_low_ms", low), (f"{clock}_high_ms", high)]
    return found + [Metric(name, value) for name, value in ends if value is not None]


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (timed(10, 9, 11), timed(14, 13, 15), True),
        (timed(14, 13, 15), timed(10, 9, 11), True),
        (timed(10, 9, 13), timed(14, 13, 15), False),
        # One that was measured once counts as it is.
        (timed(10, 9, 11), timed(14), True),
        (timed(10, 9, 14.5), timed(14), False),
        # However sure: too small to matter.
        (timed(10, 9.9, 10.1), timed(11, 10.9, 11.1), False),
        (timed(10, 9, 11, "run"), timed(14, 13, 15, "run"), True),
        (timed(10, 9, 11, "run"), timed(14, 13, 15), False),
    ],
)
def test_times_differ_where_their_intervals_do(
    tmp_path: Path, before: list[Metric], after: list[Metric], differs: bool
) -> None:
    """Beyond the limits, and beyond what the samples say by themselves; times of other clocks aren't compared."""
    comparison = of(tmp_path, [measured(1, *before)], [measured(1, *after)])

    assert kinds(comparison) == ({"time": [1]} if differs else {})


def device(*samples: float) -> Metric:
    return Metric("device_kernel_ns", sorted(samples)[len(samples) // 2], "ns", "lower", samples)


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        (device(100, 101, 102, 103, 104, 105, 106), device(140, 141, 142, 143, 144, 145, 146), True),
        (device(100, 101, 102, 103, 104, 105, 106), device(140, 100, 100, 143, 100, 145, 146), False),
        (device(100, 101, 102, 103, 104, 105, 106), device(110, 111, 112, 113, 114, 115, 116), False),
        (device(100, 101, 150), device(130, 131, 132), True),
        (device(100), device(float("nan")), False),
    ],
)
def test_device_times_differ_by_their_samples(tmp_path: Path, before: Metric, after: Metric, differs: bool) -> None:
    """From six samples on by the interval of the median, below that by the share alone; nanoseconds count."""
    comparison = of(tmp_path, [measured(1, before)], [measured(1, after)])

    assert kinds(comparison) == ({"device": [1]} if differs else {})


def test_memory_differs_by_its_share(tmp_path: Path) -> None:
    """The largest growth first; a vector that lost its figure is no change of the memory."""
    before = [measured(number, Metric("peak_l1_bytes_per_core", 1000.0)) for number in range(5)]
    after = [
        *(
            measured(number, Metric("peak_l1_bytes_per_core", value))
            for number, value in enumerate((1005.0, 900.0, 1100.0, 2e3))
        ),
        measured(4),
    ]

    assert kinds(of(tmp_path, before, after)) == {"memory": [3, 2, 1]}
    assert kinds(of(tmp_path, before, after, Limits(memory_share=0.5))) == {"memory": [3]}
    assert kinds(of(tmp_path, before, after, card_type="p150")) == {}
