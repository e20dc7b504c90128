"""Vector ids: what a vector is, and nothing else; found without visiting the others."""

from __future__ import annotations

import itertools
import json
import os
import random
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.identity import NAME_DIGITS, VectorIds, is_id_prefix, item_names
from pytest_ttnn_sweeps.vectors.suite import Suite, read_suite

GOLDEN = Path(__file__).parents[1] / "data" / "vector_ids.json"


def suite_of(declaration: dict[str, Any], name: str = "nightly") -> Suite:
    return read_suite(name, declaration, place="relu.py")


def ids_of(declaration: dict[str, Any], name: str = "nightly") -> VectorIds:
    return VectorIds(suite_of(declaration, name), place="relu.py")


def all_ids(declaration: dict[str, Any], name: str = "nightly") -> list[str]:
    ids = ids_of(declaration, name)
    return [ids.of(index) for index in range(suite_of(declaration, name).size)]


names = st.text(string.ascii_lowercase, min_size=1, max_size=3)
parameter_values = st.one_of(
    st.integers(0, 3),
    st.booleans(),
    st.none(),
    st.text(max_size=2),
    st.floats(),
    st.lists(st.integers(0, 2), max_size=2),
)
declarations = st.dictionaries(names, st.lists(parameter_values, max_size=5), max_size=4)


@given(declarations)
def test_ids_come_in_the_order_of_indexes(declaration: dict[str, Any]) -> None:
    """``numbers`` of all positions are the ids of all indexes, 32 hexadecimal digits each."""
    suite, ids = suite_of(declaration), ids_of(declaration)
    found = all_ids(declaration)
    assert [f"{number:032x}" for number in ids.numbers(suite.all_positions())] == found
    assert all(len(vector_id) == 32 and is_id_prefix(vector_id) for vector_id in found)


@given(declarations, st.data())
def test_numbers_follow_the_chosen_positions(declaration: dict[str, Any], data: st.DataObject) -> None:
    """``numbers`` and ``Suite.indexes`` of the same positions speak of the same vectors in the same order."""
    suite, ids = suite_of(declaration), ids_of(declaration)
    positions = [
        data.draw(st.sets(st.sampled_from(list(all_)) if all_ else st.nothing()).map(sorted))
        for all_ in suite.all_positions()
    ]
    assert [f"{number:032x}" for number in ids.numbers(positions)] == [ids.of(at) for at in suite.indexes(positions)]


@given(declarations, st.randoms())
def test_an_id_is_independent_of_everything_around_the_vector(declaration: dict[str, Any], shuffler: Any) -> None:
    """Neither the order of parameters, nor the suite, nor its other values, nor the index have part in an id."""
    items = list(declaration.items())
    shuffler.shuffle(items)
    shuffled = dict(items)
    assert sorted(all_ids(shuffled, "another suite")) == sorted(all_ids(declaration))
    for index in range(min(5, suite_of(declaration).size)):
        alone = {name: [value] for name, value in suite_of(declaration).vector(index).items()}
        assert all_ids(alone) == [ids_of(declaration).of(index)]


@given(st.lists(st.tuples(parameter_values, parameter_values), max_size=4))
def test_zipped_parameters_have_the_ids_of_single_ones(rows: list[tuple[Any, Any]]) -> None:
    """Whether parameters are declared alone or zipped is not part of a vector."""
    singles = [all_ids({"a": [one], "b": [other]})[0] for one, other in rows]
    assert all_ids({"a,b": rows}) == singles
    assert all_ids({"b, a": [(other, one) for one, other in rows]}) == singles


def test_ids_do_not_depend_on_the_process() -> None:
    """Another hash seed, another working directory: the same ids."""
    program = (
        "from pytest_ttnn_sweeps.vectors.identity import VectorIds;"
        "from pytest_ttnn_sweeps.vectors.suite import read_suite;"
        "suite = read_suite('n', {'a': [{'x', 'y', 'z'}, {'k': 1, 'l': (None, True)}], 'b': ['t', 1.5]}, place='');"
        "print([VectorIds(suite, place='').of(index) for index in range(4)])"
    )
    root = str(Path(__file__).parents[2])
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": root, "PATH": os.defpath},
            cwd=directory,
            capture_output=True,
            check=True,
        ).stdout
        for seed, directory in (("0", root), ("1", "/"), ("77", root))
    }
    assert len(outputs) == 1


def test_distinct_vectors_have_distinct_ids() -> None:
    """100,000 vectors of values that look alike, and no two ids are the same."""
    alike = [
        0,
        1,
        True,
        False,
        None,
        "0",
        "1",
        "",
        0.0,
        -0.0,
        1.0,
        [],
        [0],
        [[0]],
        (),
        (0,),
        {},
        {"a": 1},
        {1: "a"},
        b"",
    ]
    declaration = dict.fromkeys(("a", "b", "ab", "ba"), alike[:18])
    suite, ids = suite_of(declaration), ids_of(declaration)
    numbers = ids.numbers(suite.all_positions())
    assert len(set(numbers)) == len(numbers) == 18**4


def test_equal_values_give_equal_ids() -> None:
    """A combination that occurs twice in a suite has one id; the order of a dict makes no other vector."""
    assert len(set(all_ids({"a": [[1, 2], [1, 2]], "b": ["x", "x"]}))) == 1
    assert len(set(all_ids({"a": [{"h": 1, "w": 2}, {"w": 2, "h": 1}]}))) == 1


@given(declarations, st.data())
def test_find_gives_what_looking_at_every_vector_gives(declaration: dict[str, Any], data: st.DataObject) -> None:
    """``find`` of any prefix, of ids that exist and of others, is brute force's answer, ascending."""
    found = all_ids(declaration)
    digits = st.text("0123456789abcdef", min_size=1, max_size=32)
    prefixes = st.one_of(
        digits,
        st.sampled_from(["0", "f", "00", "ff", "8", "f" * 32, "0" * 32]),
        *([st.builds(lambda one, length: one[:length], st.sampled_from(found), st.integers(1, 32))] if found else []),
    )
    prefix = data.draw(prefixes)
    expected = [index for index, vector_id in enumerate(found) if vector_id.startswith(prefix)]
    assert ids_of(declaration).find(prefix) == expected


def test_find_does_not_walk_a_large_suite() -> None:
    """One of 10**8 vectors is found, and the index that comes back is its own."""
    declaration = {f"p{axis}": list(range(100)) for axis in range(4)}
    ids, suite = ids_of(declaration), suite_of(declaration)
    index = 12_345_678
    assert suite.size == 10**8
    assert ids.find(ids.of(index)) == [index]
    assert ids.find(ids.of(index)[:20]) == [index]


@pytest.mark.parametrize("text", ["", "A", "3FA9", "g", "0x1", "-1", " 1", "1 ", "1_0", "\u0661", "f" * 33])
def test_what_is_no_prefix_finds_nothing(text: str) -> None:
    """Upper case, signs, other digits than 0-9a-f and too many of them are no prefix of any id."""
    assert not is_id_prefix(text)
    assert ids_of({"a": [1, 2]}).find(text) == []


def test_names_are_short_unless_they_coincide() -> None:
    """Twelve digits name a vector; ids that share them are named by more, the others stay short."""
    close = [0xABC << 116 | 1, 0xABC << 116 | 2, 0xDEF << 116]
    assert item_names(close) == [f"{close[0]:032x}", f"{close[1]:032x}", f"{close[2]:032x}"[:NAME_DIGITS]]
    generator = random.Random(0)
    many = [generator.getrandbits(128) for _ in range(2000)]
    many += [number ^ 1 << generator.randrange(90) for number in many]
    named = item_names(many)
    assert len(set(named)) == len(many)
    assert all(f"{number:032x}".startswith(name) and len(name) >= NAME_DIGITS for number, name in zip(many, named))
    assert item_names([]) == []


def test_a_value_without_encoding_is_an_error_with_its_place() -> None:
    """The error names file, suite and parameter."""
    with pytest.raises(SweepError, match=r"relu\.py: suite 'nightly': 'b': .*object"):
        ids_of({"a": [1], "b": [object()]})


def test_odd_parameter_names_have_ids() -> None:
    """Names need not be ASCII, nor well-formed Unicode."""
    assert len({all_ids({name: [1]})[0] for name in ("größe", "\ud800", "a\0b", "")}) == 4


def test_an_empty_choice_on_any_axis_is_no_vector() -> None:
    """A suite without parameters has one vector, which an empty choice leaves out as well."""
    suite, ids = suite_of({}), ids_of({})
    assert (suite.size, len(ids.numbers([])), len(suite.indexes([]))) == (1, 1, 1)
    assert (ids.numbers([[]]), list(suite.indexes([[]]))) == ([], [])


def test_ids_never_change() -> None:
    """Recorded ids of recorded vectors: another encoding or hash would cut every result off from its history."""
    golden = json.loads(GOLDEN.read_text())
    assert {case["declaration"]: all_ids(DECLARATIONS[case["declaration"]]) for case in golden} == {
        case["declaration"]: case["ids"] for case in golden
    }
    assert {case["declaration"] for case in golden} == set(DECLARATIONS)


DECLARATIONS: dict[str, dict[str, Any]] = {
    "no parameters": {},
    "numbers": {"a": [0, -1, 2**64, 1.5, -0.0, 1e300, float("nan"), float("inf"), True, None]},
    "texts": {"a": ["", "relu", "größe", "\U0001f600", "\ud800", '"', "\n"]},
    "containers": {
        "a": [[], [1, 2], (), (1, [2]), {"h": 1, "w": (2,)}, {3, 1, 2}, frozenset({"a"}), range(3), b"\x00"]
    },
    "product": {"input_shape": [[1, 1, 32, 32], [2, 3, 64, 128]], "dim": [-1, 0], "keepdim": [True, False]},
    "zipped": {"input_shape,dim": [([1, 32], 0), ([64], -1)], "scale": [0.5]},
}


def record() -> None:
    """Write the golden file anew: only together with a new ``identity.FORMAT``."""
    cases = [{"declaration": name, "ids": all_ids(declaration)} for name, declaration in DECLARATIONS.items()]
    GOLDEN.write_text(json.dumps(cases, indent=1) + "\n")


def test_the_order_of_a_suite_is_that_of_itertools_product() -> None:
    """The id at an index is the id of what ``itertools.product`` has there."""
    declaration = {"a": [1, 2, 3], "b": ["x", "y"], "c": [None, 0.5]}
    alone = [
        all_ids({name: [value] for name, value in zip(declaration, values)})[0]
        for values in itertools.product(*declaration.values())
    ]
    assert all_ids(declaration) == alone


if __name__ == "__main__":
    record()
