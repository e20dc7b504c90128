"""Conditions on parameters, in the spellings that people use, and reproducible samples."""

from __future__ import annotations

import enum
import subprocess
import sys
import tracemalloc
from fractions import Fraction
from itertools import islice
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.display import one_line, parameter_lines, spellings
from pytest_ttnn_sweeps.vectors.selection import draw, parse_condition, positions_where
from pytest_ttnn_sweeps.vectors.suite import read_suite


class DataType(enum.Enum):
    BFLOAT16 = 0
    BFLOAT8_B = 3


class Layout(enum.Enum):
    TILE = 1
    ROW_MAJOR = 0


class BufferType(enum.Enum):
    DRAM = 0
    L1 = 1


class TensorMemoryLayout(enum.Enum):
    INTERLEAVED = 0
    HEIGHT_SHARDED = 2


SHARDED = SimpleNamespace(buffer_type=BufferType.L1, memory_layout=TensorMemoryLayout.HEIGHT_SHARDED)
DRAM = SimpleNamespace(buffer_type=BufferType.DRAM, memory_layout=TensorMemoryLayout.INTERLEAVED)


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError

    __str__ = __repr__


TABLE: list[tuple[str, object, bool]] = [
    ("p=bfloat16", DataType.BFLOAT16, True),
    ("p=BFLOAT16", DataType.BFLOAT16, True),
    ("p == DataType.BFLOAT16", DataType.BFLOAT16, True),
    ("p=ttnn.bfloat16", DataType.BFLOAT16, True),
    ("p=bfloat8_b", DataType.BFLOAT16, False),
    ("p=bfloat", DataType.BFLOAT16, False),
    ("p!=bfloat16", DataType.BFLOAT16, False),
    ("p!=bfloat16", DataType.BFLOAT8_B, True),
    ("p=0", DataType.BFLOAT16, False),
    ("p=tile", Layout.TILE, True),
    ("p=TILE_LAYOUT", Layout.TILE, True),
    ("p=row_major", Layout.ROW_MAJOR, True),
    ("p=l1", SHARDED, True),
    ("p=height_sharded", SHARDED, True),
    ("p=l1_height_sharded", SHARDED, True),
    ("p=dram", SHARDED, False),
    ("p=DRAM_INTERLEAVED", DRAM, True),
    ("p=3", 3, True),
    ("p=3", 3.0, True),
    ("p=3.0", 3, True),
    ("p=3", "3", True),
    ("p=3", 33, False),
    ("p=-1", -1, True),
    ("p=0x10", 16, True),
    ("p=.5", 0.5, True),
    ("p=1e-3", 0.001, True),
    ("p=nan", float("nan"), True),
    ("p=inf", float("inf"), True),
    ("p=1", True, False),
    ("p=true", True, True),
    ("p=True", True, True),
    ("p=True", 1, False),
    ("p=0", False, False),
    ("p=none", None, True),
    ("p=None", None, True),
    ("p!=None", 3, True),
    ("p=None", "None", True),
    ("p=max", "max", True),
    ("p='max'", "max", True),
    ("p=a b", "a b", True),
    ("p=a=b", "a=b", True),
    ("p=[1,32]", [1, 32], True),
    ("p=[1, 32]", [1, 32], True),
    ("p=(1,32)", [1, 32], True),
    ("p=[1,32]", (1, 32), True),
    ("p=[[1],[2]]", [(1,), [2]], True),
    ("p=[1,0]", [True, False], False),
    ("p=[1,32]", [32, 1], False),
    ("p=[1,32]", [1, 32, 1], False),
    ("p=[]", [], True),
    ("p={'h': 1}", {"h": 1}, True),
    ("p={[1]}", {1}, False),
    ("p=(((((", "(((((", True),
    ("p>=3", 3, True),
    ("p>3", 3, False),
    ("p<3.5", 3, True),
    ("p<=-1", -1, True),
    ("p<3", float("nan"), False),
    ("p>=3", Fraction(7, 2), True),
    ("p>=3", numpy.int64(3), True),
    ("p<3", numpy.float32(2.5), True),
    ("p=3", numpy.int64(3), True),
    ("p>=3", numpy.array([3, 4]), False),
    ("p>=3", "4", False),
    ("p>=0", None, False),
    ("p>=0", [1], False),
    ("p=x", Broken(), False),
    ("p!=x", Broken(), True),
]


@pytest.mark.parametrize(("condition", "value", "holds"), TABLE, ids=[f"{row[0]}:{one_line(row[1])}" for row in TABLE])
def test_a_condition_means_what_a_person_means(condition: str, value: object, holds: bool) -> None:
    """Enum members by name, memory configs by place and layout, numbers as numbers, lists and tuples alike."""
    assert parse_condition(condition).holds(value) is holds


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=3), st.text()))
def test_a_value_meets_the_condition_of_its_own_repr(value: Any) -> None:
    """What a failure shows as ``name = value`` selects the vector when it is given back as a condition."""
    shown = one_line(value)
    assert parse_condition(f"p={shown}").holds(value)
    assert not parse_condition(f"p!={shown}").holds(value)


@given(st.text(max_size=30))
def test_any_text_is_a_condition_or_a_one_line_error(text: str) -> None:
    """No text crashes the parser, and no condition crashes on a value."""
    try:
        condition = parse_condition(text)
    except SweepError as error:
        complaint = str(error)
    else:
        complaint = ""
        for value in (1, "x", None, [1], DataType.BFLOAT16, SHARDED):
            condition.holds(value)
    assert "\n" not in complaint


@pytest.mark.parametrize("text", ["", "p", "=3", "p=", "p= ", "p~3", "a b=3", "p>=x", "p<[1]", "p>"])
def test_a_wrong_condition_is_an_error_with_the_grammar(text: str) -> None:
    """The error quotes the option's value."""
    with pytest.raises(SweepError, match=r"^--sweep-where .*(expected NAME=VALUE|is no number)"):
        parse_condition(text)


def test_conditions_choose_positions() -> None:
    """Every condition must hold; on zipped parameters they meet row by row; an unknown name leaves nothing."""
    suite = read_suite("n", {"a,b": [(1, 2), (1, 3), (4, 3)], "c": ["x", "y"]}, place="")

    def chosen(*texts: str) -> list[list[int]]:
        return positions_where(suite, [parse_condition(text) for text in texts])

    assert chosen() == [[0, 1, 2], [0, 1]]
    assert chosen("a=1", "b=3") == [[1], [0, 1]]
    assert chosen("a=1", "c!=x") == [[0, 1], [1]]
    assert chosen("a=9") == [[], [0, 1]]
    assert list(suite.indexes(chosen("a=9"))) == []
    assert list(suite.indexes(chosen("a=1", "nowhere=1"))) == []
    bare = read_suite("n", {}, place="")
    assert list(bare.indexes(positions_where(bare, []))) == [0]
    assert list(bare.indexes(positions_where(bare, [parse_condition("a=1")]))) == []


def test_spellings_are_folded() -> None:
    """Case never decides, beyond ASCII neither."""
    assert "straße".casefold() in spellings("STRASSE")


def test_one_line_is_one_line() -> None:
    """Line ends and runs of blanks are folded, long texts are cut, a broken ``repr`` is named."""
    assert one_line([1, "a  b\n\tc"]) == r"[1, 'a b\n\tc']"
    assert one_line("x" * 1000).endswith("... (1002 characters)")
    assert len(one_line("x" * 10**6)) < 500
    assert one_line(Broken()) == "<Broken whose repr raises RuntimeError>"
    assert parameter_lines({"shape": [1, 32], "text": "a\nb", "broken": Broken()}).splitlines() == [
        "shape = [1, 32]",
        r"text = 'a\nb'",
        "broken = <Broken whose repr raises RuntimeError>",
    ]


@given(st.integers(0, 200), st.text(max_size=5))
def test_a_draw_is_a_permutation(size: int, seed: str) -> None:
    """Every index comes once, in an order that seed and size decide."""
    drawn = list(draw(size, seed=seed))
    assert sorted(drawn) == list(range(size))
    assert drawn == list(draw(size, seed=seed))


def test_draws_differ_by_seed_and_are_uniform() -> None:
    """Another seed draws in another order, and every index is as likely to come first."""
    assert len({tuple(draw(10, seed=str(seed))) for seed in range(50)}) == 50
    firsts = [next(draw(5, seed=str(seed))) for seed in range(2000)]
    assert all(300 < firsts.count(index) < 500 for index in range(5))


def test_a_draw_of_a_huge_suite_is_small() -> None:
    """A hundred draws of 10**15 cost what a hundred draws of 1,000 cost."""
    tracemalloc.start()
    drawn = list(islice(draw(10**15, seed="s"), 100))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(set(drawn)) == 100
    assert peak < 100_000


def test_draws_do_not_depend_on_the_process_nor_disturb_it() -> None:
    """Another hash seed draws the same, and Python's own generator goes on as if nothing had been drawn."""
    program = (
        "import random; from pytest_ttnn_sweeps.vectors.selection import draw;"
        "random.seed(1); expected = random.random(); random.seed(1);"
        "print(list(draw(50, seed='0:relu:nightly'))); assert random.random() == expected"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True)
        for seed in ("0", "1")
    ]
    assert runs[0].stdout == runs[1].stdout


def test_samples_never_change() -> None:
    """The same sample on every machine and Python: its results can be compared over time."""
    assert list(islice(draw(1_000_000, seed="0:relu:nightly"), 5)) == SAMPLE


SAMPLE = [94075, 588160, 766049, 571621, 134280]
