"""Shards: every vector in exactly one, whatever else its suite holds, and about as many in each."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.identity import VectorIds, item_names
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard, parse_shard, shard_keys
from pytest_ttnn_sweeps.vectors.suite import Suite, read_suite

SWEEPS = Path(__file__).parents[2] / "sweeps"

ids = st.lists(st.integers(0, 2**128 - 1), min_size=1, unique=True)
counts = st.integers(1, 12)


def ids_of(declaration: dict[str, Any]) -> list[int]:
    suite = read_suite("nightly", declaration, place="relu.py")
    return VectorIds(suite, place="relu.py").numbers(suite.all_positions())


@given(ids, counts, counts)
def test_each_vector_is_in_one_shard_and_in_one_part_of_it(numbers: list[int], count: int, workers: int) -> None:
    """Shards are disjoint and complete, and so are the parts of a shard, which lie within it."""
    for key in shard_keys(numbers):
        (shard,) = [shard for shard in (Shard(number, count) for number in range(1, count + 1)) if key in shard]
        for other in range(1, count + 1):
            parts = [Shard(other, count).part(number, workers) for number in range(1, workers + 1)]
            assert sum(key in part for part in parts) == (other == shard.number)


@given(ids, counts)
def test_an_items_name_tells_its_shard(numbers: list[int], count: int) -> None:
    """A name says what the id says, also where it has more than twelve digits."""
    for name, key in zip(item_names(numbers), shard_keys(numbers)):
        for number in range(1, count + 1):
            assert Shard(number, count).has(name) == (key in Shard(number, count))
            assert Shard(number, count).has(f"{name:0<32}") == (key in Shard(number, count))


@pytest.mark.parametrize("text", ["test_it", "abc", "0123456789AB", "", "0123456789abcdefg"])
def test_what_names_no_vector_is_in_every_shard(text: str) -> None:
    """pytest is left to say that there is no such item."""
    assert all(Shard(number, 5).has(text) for number in range(1, 6))


def test_a_vector_stays_in_its_shard_when_the_grid_changes() -> None:
    """Values that come and go move no other vector."""
    shard = Shard(2, 3)

    def own(values: list[int]) -> set[int]:
        numbers = ids_of({"a": values, "b": [1, 2, 3]})
        return {number for number, key in zip(numbers, shard_keys(numbers)) if key in shard}

    few, more = own([1, 2, 3]), own([7, 3, 2, 1, 9])

    assert few
    assert few <= more


def grids() -> list[dict[str, Any]]:
    draw = random.Random(1)
    product = {f"p{axis}": list(range(size)) for axis, size in enumerate((2, 2, 2, 2, 3, 5, 8))}
    return [
        product,
        {f"p{axis}": [True, False] for axis in range(11)},
        {"shape": [[1, 1, 32 * draw.randrange(1, 99), 32 * step] for step in range(500)], "dtype": ["a", "b"]},
        {"x": list(range(2000))},
    ]


@pytest.mark.parametrize("count", [2, 3, 4, 8, 16, 64])
@pytest.mark.parametrize("grid", grids(), ids=["mixed", "binary", "shapes", "line"])
def test_shards_are_even_although_ids_are_sums(grid: dict[str, Any], count: int) -> None:
    """Chi-squared: no further from even than random numbers are but once in a million."""
    keys = shard_keys(ids_of(grid))

    assert_even(keys, count)


def assert_even(keys: list[int], count: int) -> None:
    sizes = [sum(key in Shard(number, count) for key in keys) for number in range(1, count + 1)]
    expected = len(keys) / count
    chi_squared = sum((size - expected) ** 2 / expected for size in sizes)
    # Wilson and Hilferty's approximation of the distribution; 4.75 standard deviations.
    freedom = count - 1
    bound = freedom * (1 - 2 / (9 * freedom) + 4.75 * (2 / (9 * freedom)) ** 0.5) ** 3
    assert chi_squared <= bound, f"{sizes}"


def test_remainders_of_the_ids_themselves_would_not_do() -> None:
    """The grid shows in their lowest bits: some grid of binary axes falls to one half alone, but for the hash."""
    uneven = []
    for grid in ({f"p{axis}{seed}": [1, 2] for axis in range(3)} for seed in range(40)):
        numbers = ids_of(grid)
        if len({number % 2 for number in numbers}) == 1:
            uneven.append(shard_keys(numbers))

    assert uneven
    assert any(len({key % 2 for key in keys}) == 2 for keys in uneven)


def test_shards_of_a_sweep_of_this_project_are_even() -> None:
    """Real suites: every vector of the suites of addition."""
    pytest.importorskip("torch")
    from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
    from pytest_ttnn_sweeps.vectors.module import import_sweep

    finder = provide(choose("emulated"))
    try:
        definition = import_sweep(SWEEPS / "eltwise" / "binary" / "add.py", root=SWEEPS, namespace="sweeps")
        suites = [suite for suite in definition.suites.values() if isinstance(suite, Suite)]
        keys = [shard_keys(VectorIds(s, place="add.py").numbers(s.all_positions())) for s in suites]
    finally:
        withdraw(finder)
        sys.modules.pop("sweeps.eltwise.binary.add", None)
    assert max(map(len, keys)) >= 20
    for of_suite in keys:
        assert_even(of_suite, 2)


@pytest.mark.parametrize(("text", "shard"), [("1/1", EVERYTHING), ("2/8", Shard(2, 8)), (" 8 / 8 ", Shard(8, 8))])
def test_a_shard_is_read(text: str, shard: Shard) -> None:
    """NUMBER/COUNT, from 1 on."""
    assert parse_shard(text) == shard
    assert parse_shard(str(shard)) == shard


@pytest.mark.parametrize("text", ["0/4", "5/4", "1/0", "a/b", "3", "1/2/3", "-1/2", "", "1.0/2", "²/3"])
def test_what_is_no_shard_is_refused_with_the_grammar(text: str) -> None:
    """One line that says what was meant to stand there."""
    with pytest.raises(SweepError, match=r"^--sweep-shard '.*': expected NUMBER/COUNT"):
        parse_shard(text)
