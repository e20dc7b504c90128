"""A suite is the product of its axes, decoded from indexes; each vector owns its containers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.vectors.suite import Suite, SuiteError, own_copy, read_suite, read_suites

axes = st.lists(st.lists(st.integers(), max_size=4), max_size=5)


def suite_of(declaration: Any, name: object = "nightly") -> Suite:
    return read_suite(name, declaration, place="relu.py")


def named(lists: list[list[int]]) -> dict[str, list[int]]:
    return {f"p{number}": values for number, values in enumerate(lists)}


@given(axes)
def test_vectors_are_those_of_itertools_product(lists: list[list[int]]) -> None:
    """Index by index a suite is ``itertools.product`` of its values, the last parameter fastest."""
    suite = suite_of(named(lists))
    expected = list(itertools.product(*lists))
    assert suite.size == len(expected)
    assert [tuple(suite.vector(index).values()) for index in range(suite.size)] == expected
    assert all(list(suite.vector(index)) == [*named(lists)] for index in range(suite.size))


@given(axes, st.data())
def test_indexes_are_those_of_the_product_of_positions(lists: list[list[int]], data: st.DataObject) -> None:
    """``indexes`` gives, ascending, exactly the vectors whose every position was chosen; ``positions`` undoes it."""
    suite = suite_of(named(lists))
    wanted = [data.draw(st.sets(st.sampled_from(range(len(values)))).map(sorted)) if values else [] for values in lists]
    everything = list(itertools.product(*(range(len(values)) for values in lists)))
    expected = [at for at, positions in enumerate(everything) if all(map(lambda p, w: p in w, positions, wanted))]
    assert list(suite.indexes(wanted)) == expected
    assert [suite.positions(index) for index in expected] == [list(everything[index]) for index in expected]
    assert list(suite.indexes(suite.all_positions())) == list(range(suite.size))


def test_a_whole_suite_is_a_range() -> None:
    """Ten to the thirtieth vectors are counted and indexed without making one."""
    suite = suite_of({f"p{axis}": range(1000) for axis in range(10)})
    assert suite.size == 10**30
    assert suite.indexes(suite.all_positions()) == range(10**30)
    assert suite.vector(10**30 - 1) == {f"p{axis}": 999 for axis in range(10)}


@pytest.mark.parametrize("index", [-1, 6, 10**9])
def test_there_is_no_vector_outside_the_suite(index: int) -> None:
    """A negative or too large index is an ``IndexError`` that names suite and size."""
    with pytest.raises(IndexError, match="'nightly' has 6 vectors"):
        suite_of({"a": [1, 2], "b": [1, 2, 3]}).vector(index)


class Opaque:
    """Like ttnn's objects, it can't be copied."""

    def __deepcopy__(self, memo: object) -> None:
        raise TypeError

    __copy__ = None


def test_every_vector_owns_its_containers() -> None:
    """Lists, dicts, sets and tuples of a vector, at any depth, can be changed without another vector noticing."""
    opaque = Opaque()
    inner = [1, [2], {"k": [3]}, {4}, ([5], opaque)]
    suite = suite_of({"a": [inner], "b": [0, 1]})
    vector: Any = suite.vector(0)
    copied = vector["a"]
    assert copied == inner
    assert copied[4][1] is opaque
    copied.append(0)
    copied[1].append(0)
    copied[2]["k"].append(0)
    copied[2]["new"] = 0
    copied[3].add(0)
    copied[4][0].append(0)
    assert suite.vector(1)["a"] == suite.vector(0)["a"] == [1, [2], {"k": [3]}, {4}, ([5], opaque)]
    assert inner == [1, [2], {"k": [3]}, {4}, ([5], opaque)]


def test_a_copy_keeps_types_and_order() -> None:
    """Subclasses of containers are the module's own objects and are passed as they are; dicts keep their order."""

    class Pair(tuple):
        pass

    pair = Pair([[1]])
    assert own_copy(pair) is pair
    assert list(own_copy({"b": 1, "a": 2})) == ["b", "a"]  # type: ignore[call-overload]
    assert [type(own_copy(value)) for value in ([], (), {}, set(), frozenset(), "", None)] == [
        *(list, tuple, dict, set, frozenset, str, type(None))
    ]


def test_iterators_are_read_once() -> None:
    """A generator's values serve every vector, in the order of declaration, and are asked for one time."""
    asked: list[str] = []

    def values(name: str, *numbers: int) -> Iterator[int]:
        asked.append(name)
        yield from numbers

    suite = suite_of({"a": values("a", 1, 2), "b": values("b", 3, 4), "c": map(str, [5])})
    assert asked == ["a", "b"]
    for _ in range(2):
        assert [tuple(suite.vector(index).values()) for index in range(4)] == [
            *((1, 3, "5"), (1, 4, "5"), (2, 3, "5"), (2, 4, "5"))
        ]


def test_zipped_parameters_vary_together() -> None:
    """A key with commas names parameters whose values come in rows; blanks around names don't count."""
    suite = suite_of({"shape , dtype": [([1], "f"), [[2], "g"]], "dim": (0, 1)})
    assert suite.parameter_names == ("shape", "dtype", "dim")
    assert [suite.vector(index) for index in (0, 3)] == [
        {"shape": [1], "dtype": "f", "dim": 0},
        {"shape": [2], "dtype": "g", "dim": 1},
    ]


def test_what_is_iterable_and_ordered_serves_as_values() -> None:
    """Tuples, ranges, dict views, mapping proxies as suites, and suites without vectors are all well-formed."""
    suites = read_suites(
        MappingProxyType({"a": {"x": range(3), "y": {"k": 1}.keys()}, "empty": {"x": []}, "bare": {}}), place="relu.py"
    )
    assert {name: suite.size for name, suite in suites.items() if isinstance(suite, Suite)} == {
        "a": 3,
        "empty": 0,
        "bare": 1,
    }


@pytest.mark.parametrize(
    ("declaration", "complaint"),
    [
        ([1], "suite 'nightly' is a list; expected a dict"),
        (None, "is a NoneType"),
        ({1: [1]}, "parameter name 1 is an int; expected text"),
        ({"a": 1}, "'a' is an int; expected a list of values"),
        ({"a": "bfloat16"}, r"'a' is a str; .* Wrap it: \['bfloat16'\]"),
        ({"a": b"x"}, "'a' is a bytes"),
        ({"a": {1: 2}}, "'a' is a dict; expected a list of values"),
        ({"a": {1, 2}}, "'a' is a set; expected a list of values"),
        ({"a,b": [(1, 2, 3)]}, r"row 0 of the zipped key 'a,b' is \(1, 2, 3\); expected 2 values"),
        ({"a,b": [(1, 2), 3]}, "row 1 of the zipped key 'a,b' is 3"),
        ({"a,b": ["xy"]}, "row 0 of the zipped key 'a,b' is 'xy'"),
        ({"a,b": [{"x", "y"}]}, "row 0 of the zipped key 'a,b'"),
        ({"a,b": [{"x": 1, "y": 2}]}, "row 0 of the zipped key 'a,b'"),
        ({"a,b": [(1, 2)], "b": [3]}, "parameter 'b' is declared twice"),
        ({"a,a": [(1, 2)]}, "parameter 'a' is declared twice"),
    ],
)
def test_a_wrong_declaration_is_an_error_with_place_and_remedy(declaration: Any, complaint: str) -> None:
    """The error is one line that begins with the file and says what was found and expected."""
    with pytest.raises(SuiteError, match=complaint) as caught:
        suite_of(declaration)
    assert str(caught.value).startswith("relu.py: suite 'nightly'")
    assert "\n" not in str(caught.value)


def test_one_wrong_suite_spares_the_others() -> None:
    """``read_suites`` keeps an error in the place of the suite that it concerns."""
    suites = read_suites({"good": {"a": [1]}, "bad": {"a": 1}, 7: {"a": [1]}}, place="relu.py")
    assert {name: type(suite) for name, suite in suites.items()} == {"good": Suite, "bad": SuiteError, "7": SuiteError}


@pytest.mark.parametrize("parameters", [None, [], "nightly", 3, {"nightly"}])
def test_parameters_must_be_a_dict(parameters: object) -> None:
    """Anything but a mapping of suites is one error for the whole file."""
    with pytest.raises(SuiteError, match=r"^relu\.py: 'parameters' is an? \w+; expected a dict"):
        read_suites(parameters, place="relu.py")


def test_a_long_value_does_not_make_a_long_error() -> None:
    """Errors quote the beginning of a value."""
    with pytest.raises(SuiteError) as caught:
        suite_of({"a": "x" * 100_000})
    assert len(str(caught.value)) < 1000
