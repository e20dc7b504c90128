from __future__ import annotations

import enum
import json
import math
import pickle
import subprocess
import sys
from dataclasses import dataclass, fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import (
    Metric,
    Outcome,
    UnusableReturn,
    normalise,
    outcome_of_exception,
    outcome_of_skip,
    ttnn_error_message,
)
from pytest_ttnn_sweeps.testing import check_equal, check_with_pcc

ERRORS = {
    error["case"]: error
    for error in json.loads((Path(__file__).parents[1] / "data" / "ttnn_error_texts.json").read_text())
}


def pcc(value: float) -> Metric:
    return Metric("pcc", value, "", "higher")


class Text(str):
    def __str__(self) -> str:
        return "not the text"


class Number(float):
    def __float__(self) -> float:
        return self


class Word(str, enum.Enum):
    GOOD = "0.75"


@dataclass
class Result:
    passed: bool
    message: str = ""
    pcc: float | None = None
    e2e_ns: int | None = None


PASSED = Outcome(True, "0.99998", (pcc(0.99998),))

FORMS = {
    "nothing": (None, Outcome(True, "")),
    "true": (True, Outcome(True, "")),
    "false": (False, Outcome(False, "run() returned False")),
    "numpy bool": (np.bool_(True), Outcome(True, "")),
    "torch bool": (torch.tensor([1, 2]).eq(torch.tensor([1, 3])).all(), Outcome(False, "run() returned False")),
    "numpy array of one bool": (np.array([True]), Outcome(True, "")),
    "pair": ((True, "0.99998"), PASSED),
    "pair in a list": ([True, "0.99998"], PASSED),
    "pair and time": ([(True, "0.99998"), 1_250_000], Outcome(True, "0.99998", (pcc(0.99998),), 1.25)),
    "pair and time in a tuple": (((True, "0.99998"), 1_250_000), Outcome(True, "0.99998", (pcc(0.99998),), 1.25)),
    "list and time": ([[True, "0.99998"], 1_250_000], Outcome(True, "0.99998", (pcc(0.99998),), 1.25)),
    "three": ([(True, "0.99998"), 1_250_000, "BFLOAT16"], Outcome(True, "0.99998", (pcc(0.99998),), 1.25)),
    "five": ([(True, ""), 5e6, None, {}, 1], Outcome(True, "", (), 5.0)),
    "no time": ([(True, "0.99998"), None], PASSED),
    "only a pair in a list": ([(True, "0.99998")], PASSED),
    "time of zero": ([(True, ""), 0], Outcome(True, "", (), 0.0)),
    "numpy time": ([(True, ""), np.int64(2_000_000)], Outcome(True, "", (), 2.0)),
    "torch time": ([(True, ""), torch.tensor(2_000_000)], Outcome(True, "", (), 2.0)),
    "infinite time": ([(True, ""), math.inf], Outcome(True, "", (), math.inf)),
    "longdouble time": ([(True, ""), np.longdouble(1e6)], Outcome(True, "", (), 1.0)),
    "failure": ([(False, "shapes differ"), 3_000_000], Outcome(False, "shapes differ", (), 3.0)),
    "numpy verdict and PCC": ((np.bool_(True), np.float64(0.98)), Outcome(True, "0.98", (pcc(0.98),))),
    "torch verdict and PCC": ((torch.tensor(False), torch.tensor(0.5)), Outcome(False, "0.5", (pcc(0.5),))),
    "PCC as an int": ((True, 1), Outcome(True, "1.0", (pcc(1.0),))),
    "no message": ((False, None), Outcome(False, "")),
    "exception as message": ((False, KeyError("x")), Outcome(False, "'x'")),
    "empty exception as message": ((False, AssertionError()), Outcome(False, "AssertionError")),
    "several outputs": ((False, "0.9999, 0.25, 1.0"), Outcome(False, "0.9999, 0.25, 1.0", (pcc(0.25),))),
    "subclasses": ((True, Text("0.5")), Outcome(True, "0.5", (pcc(0.5),))),
    "enumeration": ((True, Word.GOOD), Outcome(True, "0.75", (pcc(0.75),))),
    "float subclass": ((True, Number(0.5)), Outcome(True, "0.5", (pcc(0.5),))),
    "mapping": ({"ok": True, "message": "fine"}, Outcome(True, "fine")),
    "mapping, passed": ({"passed": np.bool_(False)}, Outcome(False, "")),
    "mapping, all": (
        {"ok": True, "message": "m", "pcc": np.float32(0.5), "e2e_ns": 10**6, "metrics": {"flops": 7}, "skip": None},
        Outcome(True, "m", (Metric("flops", 7.0, "", "none"), pcc(0.5)), 1.0),
    ),
    "explicit PCC wins": ({"ok": True, "message": "0.5", "pcc": 0.25}, Outcome(True, "0.5", (pcc(0.25),))),
    "object": (Result(True, "0.5", e2e_ns=2_000_000), Outcome(True, "0.5", (pcc(0.5),), 2.0)),
    "namespace": (SimpleNamespace(ok=False, pcc=0.1), Outcome(False, "", (pcc(0.1),))),
    "skip": ({"skip": "needs 8 devices"}, outcome_of_skip("needs 8 devices")),
    "skip of an object": (SimpleNamespace(ok=False, skip="needs 8 devices"), outcome_of_skip("needs 8 devices")),
    "no skip": ({"ok": True, "skip": False}, Outcome(True, "")),
    "roofline": (
        [(True, "PCC 0.9999 ROOFLINE 12.5 BYTECOUNT 3200 FLOP_COUNT 64 ROOFLINE% 0.25 TFLOPS 1e-3"), 1_000_000],
        Outcome(
            True,
            "PCC 0.9999 ROOFLINE 12.5 BYTECOUNT 3200 FLOP_COUNT 64 ROOFLINE% 0.25 TFLOPS 1e-3",
            (
                Metric("byte_count", 3200.0, "B", "none"),
                Metric("flop_count", 64.0, "flop", "none"),
                pcc(0.9999),
                Metric("roofline_ns", 12.5, "ns", "none"),
                Metric("roofline_ratio", 0.25, "", "higher"),
                Metric("tflops", 0.001, "Tflop/s", "higher"),
            ),
            1.0,
        ),
    ),
}


def assert_builtin(outcome: Outcome) -> None:
    """Nothing in the outcome is of a type that another process, JSON or a database may not know."""
    for field in fields(outcome):
        if field.name not in ("metrics", "notes"):
            assert type(getattr(outcome, field.name)) in (bool, str, float, type(None))
    assert type(outcome.ok) is bool
    assert type(outcome.message) is str
    for metric in outcome.metrics:
        assert (type(metric.name), type(metric.value)) == (str, float)


@pytest.mark.parametrize("form", FORMS)
def test_return_forms(form):
    """Every form that a run() may return has the outcome that the table says, of builtin types."""
    returned, expected = FORMS[form]

    outcome = normalise(returned)

    assert outcome == expected
    assert_builtin(outcome)


UNUSABLE = {
    "two numbers": ([1.0, 0.0], "1.0 is no bool"),
    "four values": ((False, RuntimeError("no fabric"), None, None), "it has 4 values where (ok, message) has two"),
    "empty": ([], "it has 0 values"),
    "one": ((True,), "it has 1 values"),
    "triple": ((True, "0.9", 12), "it has 3 values"),
    "triple verdict": ([(True, "0.9", 1), 12], "it has 3 values"),
    "verdict of text": (("True", "0.9"), "'True' is no bool"),
    "time without a pair": ([True, [3]], "the message [3] is no number"),
    "message of a list": ((True, [0.9]), "the message [0.9] is no number"),
    "message of a bool": ((True, False), "the message False is no number"),
    "time of text": ([(True, ""), "12"], "the time '12' is no number"),
    "time of a bool": ([(True, ""), True], "the time True is no number"),
    "time beyond floats": ([(True, ""), 10**400], "the time is beyond the range of a float"),
    "time of a tensor": ([(True, ""), torch.zeros(2)], "the time tensor([0., 0.]) is no number"),
    "complex time": ([(True, ""), np.complex128(1)], "is no number"),
    "longdouble complex time": ([(True, ""), np.clongdouble(1)], "is no number"),
    "number": (0.999, "it has no verdict"),
    "text": ("PASS", "it has no verdict"),
    "tensor": (torch.zeros(4, 4), "it has no verdict"),
    "type": (np.float32, "it has no verdict"),
    "unreadable tensor": (torch.empty((), device="meta"), "it has no verdict"),
    "empty mapping": ({}, "it has no verdict"),
    "PCC alone": ({"pcc": 0.9}, "it has no verdict"),
    "two verdicts": ({"ok": True, "passed": True}, "it has both 'ok' and 'passed'"),
    "unknown key": ({"ok": True, "msg": "m"}, "'msg' is none of its keys ok, passed,"),
    "unhashable PCC": ({"ok": True, "pcc": "high"}, "the PCC 'high' is no number"),
    "metrics of a list": ({"ok": True, "metrics": [1]}, "its metrics [1] are no mapping"),
    "metrics of an array": ({"ok": True, "metrics": np.zeros(3)}, "its metrics array([0., 0., 0.]) are no mapping"),
    "nameless metric": ({"ok": True, "metrics": {1: 1}}, "1 is no name of a metric"),
    "metric of text": ({"ok": True, "metrics": {"x": "y"}}, "the metric 'x' 'y' is no number"),
    "skip without a reason": ({"skip": True}, "'skip' is not the text of a reason"),
    "skip with an empty reason": ({"skip": ""}, "'skip' is not the text of a reason"),
    "coroutine-like": (iter([1]), "it has no verdict"),
}


@pytest.mark.parametrize("form", UNUSABLE)
def test_unusable_forms(form):
    """What holds no verdict is refused in one line that shows it, says why and what is accepted."""
    returned, why = UNUSABLE[form]

    with pytest.raises(UnusableReturn) as refused:
        normalise(returned)

    text = str(refused.value)
    assert text.startswith("run() returned ")
    assert why in text
    assert text.endswith(
        "expected None, a bool, (ok, message), [(ok, message), e2e_ns], or a mapping or object with 'ok' or 'skip'"
    )
    assert "\n" not in text
    assert isinstance(refused.value, SweepError)


def test_unusable_return_shows_its_message():
    """The text that a sweep wanted to give stays readable in the refusal."""
    with pytest.raises(UnusableReturn, match="no fabric"):
        normalise((False, RuntimeError("no fabric"), None, None))
    with pytest.raises(UnusableReturn, match="an int too large to print"):
        normalise([10**5000])


def test_metrics_of_a_check():
    """A check's metrics are taken over, with units and directions."""
    check = check_with_pcc(torch.tensor([1.0, 2, 3, 4]), torch.tensor([1.0, 2, 3, 5]), 0.9)

    outcome = normalise([check, 1_000_000])

    assert {metric.name: metric.value for metric in outcome.metrics} == check.metrics
    assert {metric.name: metric.better for metric in outcome.metrics} == {
        "pcc": "higher",
        "max_abs_error": "lower",
        "max_rel_error": "lower",
        "rms_error": "lower",
        "max_ulp": "lower",
        "nonfinite_mismatches": "lower",
    }
    assert (outcome.ok, outcome.message, outcome.e2e_ms) == (True, check.message, 1.0)


@pytest.mark.parametrize("actual", [[1.0, 2, 3, 4], [1.0, 2, 3, 9], [1.0, math.nan, 3, 4], [1.0, 2, 3]])
def test_unpacked_check_keeps_its_pcc(actual):
    """A check that went through `ok, message = ...` still has its PCC, if it had one."""
    for check in (check_with_pcc, check_equal):
        ok, message = check(torch.tensor([1.0, 2, 3, 4]), torch.tensor(actual))
        whole = normalise(check(torch.tensor([1.0, 2, 3, 4]), torch.tensor(actual)))

        found = [metric for metric in normalise((ok, message)).metrics if metric.name == "pcc"]

        if ok or check is check_with_pcc:
            assert found == [metric for metric in whole.metrics if metric.name == "pcc"]
        else:
            assert found == []


numbers = (
    st.integers()
    | st.floats()
    | st.floats(width=32).map(np.float32)
    | st.integers(-128, 127).map(np.int8)
    | st.floats().map(torch.tensor)
    | st.floats(width=16).map(np.float16)
)
scalars = (
    st.none()
    | st.booleans()
    | st.booleans().map(np.bool_)
    | st.booleans().map(torch.tensor)
    | numbers
    | st.text()
    | st.text().map(np.str_)
    | st.binary()
    | st.complex_numbers().map(np.complex128)
    | st.sampled_from(
        ["0.5", "PCC 0.5", "0.5, 0.25", "PCC: nan", Text("0.5"), Number(0.5), Word.GOOD, np.float32, torch]
    )
)
anything: Any = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.tuples(st.booleans(), inner)
        | st.tuples(st.tuples(st.booleans(), inner), numbers)
        | st.dictionaries(
            st.sampled_from(["ok", "passed", "message", "pcc", "metrics", "e2e_ns", "skip"]) | st.text(), inner
        )
        | st.builds(SimpleNamespace, ok=inner, message=inner, metrics=st.none() | st.dictionaries(st.text(), inner))
    ),
    max_leaves=8,
)


@given(anything)
def test_any_return(returned):
    """Whatever run() returns, there is an outcome of builtin types or one line that says why not; nothing else."""
    refusal = ""
    try:
        outcome = normalise(returned)
    except UnusableReturn as unusable:
        refusal = str(unusable)

    assert "\n" not in refusal
    if not refusal:
        assert_builtin(outcome)
        assert pickle.loads(pickle.dumps(outcome)).message == outcome.message  # noqa: S301 - its own bytes


class TestExceptions:
    def test_type_text_and_traceback_are_kept(self):
        """An exception keeps its type, its text and its traceback."""
        try:
            _ = {}["missing"]
        except KeyError as error:
            outcome = outcome_of_exception(error)

        assert (outcome.ok, outcome.message) == (False, "'missing'")
        assert (outcome.exception_type, outcome.exception_text) == ("KeyError", "'missing'")
        assert outcome.traceback is not None
        assert outcome.traceback.startswith("Traceback (most recent call last):")
        assert outcome.traceback.endswith("KeyError: 'missing'\n")
        assert_builtin(outcome)

    def test_empty_message(self):
        """An exception without a text has its type for a message."""
        assert outcome_of_exception(AssertionError()).message == "AssertionError"

    def test_type_of_a_module(self):
        """Types other than Python's own are named with their module."""
        assert outcome_of_exception(json.JSONDecodeError("bad", "", 0)).exception_type == "json.decoder.JSONDecodeError"

    def test_broken_text(self):
        """An exception whose text can't be had is an outcome all the same."""

        class Broken(Exception):
            def __str__(self) -> str:
                raise ValueError("no text")

        outcome = outcome_of_exception(Broken())

        assert outcome.message.endswith("Broken (its text can't be had: ValueError)")

    def test_text_subclass(self):
        """The text is a plain string even where the exception's argument is not."""
        assert_builtin(outcome_of_exception(RuntimeError(np.str_("text"))))

    @pytest.mark.parametrize("case", ERRORS)
    def test_ttnn_message(self, case):
        """The message of a ttnn error is what stands between its header and its backtrace; the text is kept whole."""
        text = ERRORS[case]["text"]

        outcome = outcome_of_exception(RuntimeError(text))

        assert outcome.exception_text == text
        assert "backtrace:" not in outcome.message
        assert "TT_FATAL" not in outcome.message
        assert "site-packages" not in outcome.message
        assert outcome.message in text

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("TT_FATAL @ a.cpp:1: x > 0\ninfo:\nx is 0\nbacktrace:\n --- f()\n", "x is 0"),
            ("TT_THROW @ a.cpp:1: tt::exception\ninfo:\ntwo\nlines\nbacktrace:\n --- f()", "two\nlines"),
            ("conv failed: TT_THROW @ a.cpp:1: tt::exception\ninfo:\nreason", "reason"),
            ("info:\nx\nbacktrace:\n", None),
            ("TT_FATAL is what it said", None),
            ("", None),
        ],
    )
    def test_form_of_a_ttnn_error(self, text, message):
        """A text has a ttnn message when it has ttnn's header, and only then."""
        assert ttnn_error_message(text) == message


def test_results_load_neither_torch_nor_numpy_nor_pytest():
    """Importing the room loads none of the heavy libraries, nor pytest, nor ttnn."""
    code = (
        "import sys, pytest_ttnn_sweeps.results; "
        "print([m for m in ('torch', 'numpy', 'pandas', 'pytest', '_pytest', 'ttnn', 'pydantic') if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"
