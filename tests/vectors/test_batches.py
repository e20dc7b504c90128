"""Batches: everything once, within the limit, balanced, the same every time."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.batches import Batch, Load, balanced_batches, batches_within
from pytest_ttnn_sweeps.vectors.durations import read_durations, with_durations


def load(path: str, suite: str, vectors: int, each: float = 1.0) -> Load:
    draw = random.Random(f"{path}::{suite}")
    keys = [draw.getrandbits(64) for _ in range(vectors)]
    return Load(module=path.removesuffix(".py"), suite=suite, path=path, keys=keys, each=each)


sizes = st.lists(st.lists(st.integers(0, 400), min_size=1, max_size=3), min_size=1, max_size=12)


def loads_of(modules: list[list[int]]) -> list[Load]:
    return [load(f"m{at}.py", f"s{n}", size) for at, suites in enumerate(modules) for n, size in enumerate(suites)]


def vectors_of(batches: Sequence[Batch]) -> Counter[tuple[str, str, int]]:
    return Counter(
        (load.path, load.suite, key)
        for batch in batches
        for load in batch.loads
        for key in load.keys
        if key in batch.shard
    )


@settings(deadline=None, max_examples=40)
@given(sizes, st.integers(60, 500))
def test_batches_hold_everything_once_within_the_limit(modules: list[list[int]], limit: int) -> None:
    """Suites and shards together are all vectors; each load has a job, also one without vectors."""
    loads = loads_of(modules)

    batches = batches_within(loads, limit=limit, most=256)

    assert vectors_of(batches) == vectors_of([Batch(tuple(loads), 0, 0.0)])
    assert {load.order for batch in batches for load in batch.loads} == {load.order for load in loads}
    assert all(batch.vectors <= limit for batch in batches)
    assert all(batch.vectors == sum(vectors_of([batch]).values()) for batch in batches)


@settings(deadline=None, max_examples=40)
@given(sizes, st.integers(1, 20))
def test_a_number_of_jobs_is_kept(modules: list[list[int]], most: int) -> None:
    """Never more jobs than asked for, and everything in them."""
    loads = loads_of(modules)

    batches = balanced_batches(loads, most=most)

    assert 1 <= len(batches) <= most
    assert vectors_of(batches) == vectors_of([Batch(tuple(loads), 0, 0.0)])


@settings(deadline=None, max_examples=40)
@given(sizes, st.randoms())
def test_the_order_of_loads_does_not_matter(modules: list[list[int]], draw: random.Random) -> None:
    """The same loads give the same matrix, however they were found."""
    loads = loads_of(modules)
    shuffled = draw.sample(loads, len(loads))

    assert batches_within(loads, limit=300, most=256) == batches_within(shuffled, limit=300, most=256)
    assert balanced_batches(loads, most=5) == balanced_batches(shuffled, most=5)


def test_jobs_are_even() -> None:
    """Longest first: many modules of odd sizes end within a tenth of the mean."""
    loads = [load(f"m{number}.py", "s", 1 + 7 * number % 90) for number in range(200)]

    weights = [batch.weight for batch in balanced_batches(loads, most=8)]

    assert len(weights) == 8
    assert max(weights) <= 1.1 * sum(weights) / 8


def test_a_suite_that_is_too_large_is_parted_and_small_modules_stay_whole() -> None:
    """Shards are for suites beyond the limit alone, and a job with a shard runs nothing else."""
    loads = [load("big.py", "huge", 10_000), load("big.py", "tiny", 3), load("a.py", "x", 40), load("a.py", "y", 50)]

    batches = batches_within(loads, limit=1000, most=256)

    shards = [batch for batch in batches if batch.shard.count > 1]
    assert all([load.suite for load in batch.loads] == ["huge"] for batch in shards)
    assert 11 <= len(shards) <= 13
    (whole,) = [batch for batch in batches if batch.shard.count == 1]
    assert [load.order for load in whole.loads] == [("a.py", "x"), ("a.py", "y"), ("big.py", "tiny")]


def test_too_many_jobs_are_an_error_that_says_what_would_do() -> None:
    """The limit it names keeps to the number of jobs."""
    loads = [load(f"m{number}.py", "s", 100) for number in range(300)]

    with pytest.raises(
        SweepError, match=r"a limit of 100 takes 300 jobs, and 256 is the most; (\d+) would do"
    ) as caught:
        batches_within(loads, limit=100, most=256)
    better = int(re.search(r"(\d+) would do", str(caught.value))[1])  # type: ignore[index]
    assert len(batches_within(loads, limit=better, most=256)) <= 256


def test_a_vector_that_is_longer_than_the_limit_is_an_error() -> None:
    """No number of jobs makes a vector shorter."""
    with pytest.raises(SweepError, match=r"one vector of slow s takes about 40 s, more than the limit of 30"):
        batches_within([load("slow.py", "s", 3, each=40.0)], limit=30, most=256)


def test_planning_takes_no_time_to_speak_of() -> None:
    """Two thousand modules and a suite of 300,000 vectors: nothing in it is quadratic."""
    loads = [load(f"m{number}.py", "s", 10) for number in range(2000)] + [load("big.py", "s", 300_000)]

    assert len(balanced_batches(loads, most=64)) <= 64


SPLIT = '{"sweeps/a.py::s::0123456789ab": 2.0, "sweeps/a.py::s::0123456789ac": 4.0, "sweeps/b.py::t::ff0123456789": 1}'
PAIRS = '[["sweeps/a.py::s::0123456789ab", 3.0], ["sweeps/b.py::t::ff0123456789", 1.0]]'
WHOLES = '{"b": 4.0, "sweeps/a.py::s": 30.0}'
JUNIT = """<testsuites><testsuite name="pytest">
<testcase classname="sweeps.a.s" name="0123456789ab" time="2.5"/><testcase classname="sweeps.a.s" name="1" time="3.5"/>
<testcase classname="sweeps.b.t" name="2" time="1.0"><skipped/></testcase></testsuite></testsuites>"""


@pytest.mark.parametrize("text", [SPLIT, PAIRS, WHOLES, JUNIT], ids=["split", "pairs", "wholes", "junit"])
def test_vectors_are_weighed_by_what_was_recorded(tmp_path: Path, text: str) -> None:
    """Each form gives 3 s a vector of one suite and 1 s of the other; unknown suites take the mean."""
    file = tmp_path / "durations"
    file.write_text(text, encoding="utf-8")
    loads = [
        Load("a", "s", "sweeps/a.py", range(10)),
        Load("b", "t", "sweeps/b.py", range(4)),
        Load("c", "u", "c.py", [1]),
    ]

    first, second, unknown = with_durations(loads, read_durations(file))

    assert (first.each, second.each) == (3.0, 1.0)
    assert unknown.each == pytest.approx((30 + 4) / 14)


def test_a_suite_without_records_takes_its_modules_mean(tmp_path: Path) -> None:
    """A new suite is likely to be as slow as its neighbours."""
    file = tmp_path / "durations.json"
    file.write_text('{"a.py::s::0123456789ab": 8.0, "b.py::s::0123456789ab": 2.0}', encoding="utf-8")
    loads = [Load("a", "s", "a.py", range(5)), Load("a", "new", "a.py", range(5)), Load("b", "s", "b.py", range(50))]

    assert with_durations(loads, read_durations(file))[1].each == 8.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "neither JSON nor JUnit XML"),
        ("<a", "no JUnit XML"),
        ("3", "expected an object of node ids"),
        ('{"a.py": "long"}', "'a.py' took 'long'; expected seconds"),
        ('{"a.py": -1}', "expected seconds"),
        ('{"a.py": NaN}', "expected seconds"),
        ('{"a.py": true}', "expected seconds"),
        ('<testsuite><testcase classname="a" name="b" time="x"/></testsuite>', "'a.b' took 'x'"),
        ('{"elsewhere.py": 1}', "no entry names a module, suite or vector"),
    ],
)
def test_durations_that_say_nothing_are_an_error(tmp_path: Path, text: str, words: str) -> None:
    """One line with the file and what was expected."""
    file = tmp_path / "durations.json"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(SweepError, match=words):
        with_durations([Load("a", "s", "a.py", [1])], read_durations(file))
