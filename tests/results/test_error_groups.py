"""Failures of one kind have one text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import body

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.analysis.error_text import error_group, folded_error
from pytest_ttnn_sweeps.results.records import SweepResult, read_result

NUMBERS = st.one_of(st.integers(0), st.floats(allow_nan=False, allow_infinity=False)).map(repr)
NAMES = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
PATHS = st.lists(NAMES, min_size=1, max_size=5).map(lambda names: "/" + "/".join(names))
ADDRESSES = st.integers(0, 2**64 - 1).map(lambda number: f"0x{number:x}")
SHAPES = st.lists(st.integers(0, 5000), min_size=2, max_size=6).map(str)


@given(*[st.tuples(NUMBERS, PATHS, ADDRESSES, SHAPES)] * 2)
def test_numbers_paths_addresses_and_shapes_make_no_difference(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    """Wherever they stand in one text."""

    def message(number: str, path: str, address: str, shape: str) -> str:
        return f"bank {number}: {path}/reader.cpp:{number} at {address}, shape {shape} (x={number}), {number}s"

    assert folded_error(message(*first)) == folded_error(message(*second))


@pytest.mark.parametrize(
    ("message", "folded"),
    [
        ("Out of Memory: Not enough space to allocate 1048576 B L1 buffer across 64 banks", None),
        ("dtype bfloat16 on L1 with Conv2d and n150", "dtype bfloat16 on L1 with Conv2d and n150"),
        ("shape [1, 1, 32, 32] of 32x64 tiles", "shape [#, …] of # tiles"),
        ("TT_FATAL @ /home/ci/work/ttnn/cpp/op.cpp:37: a != b", "TT_FATAL @ …/op.cpp:#: a != b"),
        ("core (x=1,y=2) and/or N/A", "core (x=#,y=#) and/or N/A"),
        ("-1.5e-05 < 0.99", "# < #"),
        ("tensor at 0x7ffd1234abcd", "tensor at 0x#"),
        ("run 3fa9c1d20b7e4411", "run #"),
        ("PCC nan", "PCC nan"),
        ("\x1b[31mred\x1b[0m\n  second   line", "red second line"),
        ("", ""),
    ],
)
def test_words_stay_and_numbers_go(message: str, folded: str | None) -> None:
    """Names that hold digits are words; NaN is another trouble than a number."""
    assert folded_error(message) == (folded or re.sub(r"(?<=\s)\d+", "#", message))


def test_a_message_of_megabytes_is_folded_in_no_time() -> None:
    """Only its beginning is read, and no pattern goes back and forth over it."""
    for text in ("0" * 10_000_000, "a/" * 5_000_000, "1, " * 3_000_000, "f" * 10_000_000, "-" * 10_000_000):
        assert len(folded_error(text)) <= 301


def record(message: str = "", **outcome: object) -> SweepResult:
    made = Outcome(False, message, **outcome)  # type: ignore[arg-type]
    return read_result(body(status=Status.FAIL_ASSERT_EXCEPTION, outcome=made)["body"] + "}", where="test")


def test_a_group_is_told_by_status_exception_and_text() -> None:
    """Its id is the same in every process."""
    first = error_group(record("needs 3 banks", exception_type="RuntimeError"))

    assert first == error_group(record("needs 14 banks", exception_type="RuntimeError"))
    assert first != error_group(record("needs 3 banks", exception_type="ValueError"))
    assert first.group_id == "7871e960"
    assert first.group_id != error_group(record("needs 3 banks")).group_id


def test_failures_without_words_have_a_text_too() -> None:
    """A number that is the PCC is called so; what has no message is called by its exception."""
    pcc = (Metric("pcc", 0.5, "", "higher"),)

    assert error_group(record("0.5", metrics=pcc)).text == "PCC #"
    assert error_group(record("0.5, 0.7", metrics=pcc)).text == "PCC #, …"
    assert error_group(record(exception_type="KeyError")).text == "KeyError"
    assert error_group(record()).text == "(no message)"
