"""Totals, failures by value, and commands that run a vector again."""

from __future__ import annotations

import math
import shlex
import subprocess
from pathlib import Path

import pytest
from hostile import TEXTS
from hypothesis import example, given
from hypothesis import strategies as st
from records import body, write_run

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.analysis.failures import EXAMPLES, FailureAnalysis
from pytest_ttnn_sweeps.results.analysis.rerun import quoted, rerun_command
from pytest_ttnn_sweeps.results.analysis.spread import Spread
from pytest_ttnn_sweeps.results.analysis.summary import sum_of, totals_by_suite
from pytest_ttnn_sweeps.results.reading import StoredRun, open_run
from pytest_ttnn_sweeps.results.records import SweepResult
from pytest_ttnn_sweeps.results.stored_text import original_text


@given(st.lists(st.floats()))
@example([8.988465674311579e307, 8.98846567431158e307])
def test_a_spread_leaves_no_number_out(numbers: list[float]) -> None:
    """NaN and infinities are counted and don't poison the rest."""
    spread = Spread()
    for number in numbers:
        spread.add(number)
    finite = sorted(number for number in numbers if math.isfinite(number))

    assert (spread.count, spread.not_finite) == (len(numbers), len(numbers) - len(finite))
    assert (spread.least, spread.most) == (min(finite, default=None), max(finite, default=None))
    if finite:
        assert spread.quantile(0.0) == finite[0]
        assert spread.quantile(1.0) == finite[-1]
        assert sum(number <= spread.quantile(0.5) for number in finite) * 2 >= len(finite)
    assert (spread.mean is not None and math.isfinite(spread.mean)) if finite else spread.mean is None


def fail(message: str) -> Outcome:
    return Outcome(False, message)


def run_of(tmp_path: Path, *bodies: dict[str, object], **facts: object) -> StoredRun:
    return open_run(write_run(tmp_path, bodies, **facts))  # type: ignore[arg-type]


def test_totals_count_each_vector_once_by_its_last_attempt(tmp_path: Path) -> None:
    """Skips, vectors that the machine didn't run, and expected failures are neither passed nor failed."""
    nan = Outcome(True, "", (Metric("pcc", float("nan"), "", "higher"),))
    stored = run_of(
        tmp_path,
        body(1, status=Status.FAIL_CRASH_HANG, outcome=fail("hang")),
        body(1),
        body(2, status=Status.FAIL_ASSERT_EXCEPTION, outcome=fail("no")),
        body(3, status=Status.NOT_RUN, outcome=Outcome(True, "n150 only", skip_reason="n150 only")),
        body(4, status=Status.NOT_RUN, outcome=fail("no device")),
        body(5, status=Status.XFAIL, outcome=fail("as expected"), suite="xfail"),
        body(6, status=Status.PASS, outcome=nan, suite="other"),
    )

    parts = totals_by_suite(stored.final_records())
    total = sum_of(parts.values())

    assert {suite: totals.vectors for (_, suite), totals in parts.items()} == {"nightly": 4, "xfail": 1, "other": 1}
    assert (total.vectors, total.passed, total.failed, total.skipped, total.not_judged) == (6, 2, 1, 1, 1)
    assert total.pass_rate == pytest.approx(2 / 3)
    assert (total.pcc.count, total.pcc.not_finite, total.pcc.least) == (2, 1, 0.99)
    assert total.duration_s.count == 4
    assert sum_of([]).pass_rate is None


def dtype(name: str) -> dict[str, object]:
    return {"enum": ["ttnn:DataType", name]}


def test_values_that_fail_more_than_others_are_found(tmp_path: Path) -> None:
    """By parameter, and by kind of value over all parameters; a value without an alternative says nothing."""
    bodies = []
    for number in range(40):
        first = dtype("BFLOAT8_B" if number % 2 else "BFLOAT16")
        parameters = {"a": first, "b": dtype("BFLOAT16"), "fixed": 7, "n": number % 4}
        fails = number % 4 == 1
        status, outcome = (Status.FAIL_ASSERT_EXCEPTION, fail(f"bad {number}")) if fails else (Status.PASS, None)
        bodies.append(body(number, status=status, outcome=outcome, parameters=parameters))
    bodies.append(
        body(99, status=Status.NOT_RUN, outcome=Outcome(True, "", skip_reason="x"), parameters={"a": dtype("INT32")})
    )

    analysis = FailureAnalysis.of(run_of(tmp_path, *bodies).final_records())

    (group,) = analysis.groups()
    assert (group.count, group.error.text, len(group.examples)) == (10, "bad #", EXAMPLES)
    assert group.suites == {("eltwise.unary.relu", "nightly"): 10}
    assert [(one.error.text, one.count) for one in analysis.not_run()] == [("x", 1)]
    rows = [(row.name, row.value, row.is_trait, row.vectors, row.failed, row.others, row.others_failed)
            for row in analysis.values()]  # fmt: skip
    assert rows == [
        ("n", "1", False, 10, 10, 30, 0),
        ("DataType", "BFLOAT8_B", True, 20, 10, 20, 0),
        ("a", "BFLOAT8_B", False, 20, 10, 20, 0),
    ]


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ((), ""),
        (("-k", "relu", "--sweep-sample", "3", "-q", "--tb=short"), ""),
        (("--sweep-device", "emulated", "-p", "ttnn_sweeps"), "--sweep-device emulated -p ttnn_sweeps"),
        (("--sweep-seed=7", "--sweep-device=mock"), "--sweep-seed=7 --sweep-device=mock"),
        (("-pttnn_sweeps", "--sweep-master=my file.json"), "-pttnn_sweeps '--sweep-master=my file.json'"),
        (("--sweep-device",), "--sweep-device"),
    ],
)
def test_the_command_keeps_what_makes_the_vector(tmp_path: Path, command: tuple[str, ...], kept: str) -> None:
    """Where it ran, and from what seed; not what else was selected."""
    stored = run_of(tmp_path, body(5), command=["pytest", *command])

    assert rerun_command(record_of(stored), stored.run) == " ".join(
        filter(None, ["pytest", kept, f"sweeps/relu.py::nightly::{5:012x}"])
    )


def record_of(stored: StoredRun) -> SweepResult:
    (record,) = stored.records()
    return record


def test_an_unknown_node_has_no_command(tmp_path: Path) -> None:
    """Better none than one that runs everything."""
    stored = run_of(tmp_path, body(node_id=""))

    assert rerun_command(record_of(stored), stored.run) == ""


@pytest.mark.parametrize("name", [name for name in TEXTS if name not in ("NUL", "empty", "surrogates that would pair")])
def test_a_quoted_word_is_one_word_for_a_shell(name: str) -> None:
    """With every byte that it had, and nothing in it that the terminal acts on when it is pasted."""
    text = TEXTS[name]
    word = quoted(text)

    assert word.isprintable()
    given = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert given == text.encode("utf-8", "surrogatepass")
    if "$'" not in word:
        assert shlex.split(word) == [text]


def test_a_node_id_with_a_dash_first_is_no_option(tmp_path: Path) -> None:
    """And texts come back from their stored form."""
    stored = run_of(tmp_path, body(node_id="-x\ud800.py::s::1"))
    record = record_of(stored)

    assert original_text(record.node_id) == "-x\ud800.py::s::1"
    assert rerun_command(record, stored.run) == r"pytest $'./-x\xed\xa0\x80.py::s::1'"
