"""Requirements: what an expression says, and what an outcome has to meet."""

from __future__ import annotations

import math
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure.requirements import (
    Requirement,
    RequirementError,
    held,
    need_accuracy,
    parse_requirement,
)
from pytest_ttnn_sweeps.results import Outcome
from pytest_ttnn_sweeps.results.metrics import Metric, declare_metric, known_metric, known_names

OPERATORS = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}
NAMES = sorted(known_names())
finite = st.floats(allow_nan=False, allow_infinity=False)
spaces = st.text(" \t", max_size=2)


def outcome(*, notes: dict[str, str] | None = None, message: str = "0.9999", **metrics: float) -> Outcome:
    found = tuple(known_metric(name, value) for name, value in metrics.items())
    return Outcome(True, message, found, notes=notes or {})


def mistake_in(text: str) -> str | None:
    try:
        parse_requirement(text)
    except SweepError as error:
        return str(error)
    return None


class TestParsing:
    @given(st.sampled_from(NAMES), st.sampled_from(sorted(OPERATORS)), finite, spaces, spaces, spaces)
    def test_what_is_written_is_read(self, name, symbol, bound, before, between, after):
        """Name, operator and number come back as they were, whatever the spaces."""
        text = f"{before}{name}{between}{symbol}{between}{bound!r}{after}"

        assert parse_requirement(text) == Requirement(name, symbol, bound, "--sweep-require")

    @given(st.integers(-(10**12), 10**12))
    def test_integers(self, bound):
        """An integer is a number."""
        assert parse_requirement(f"max_ulp<={bound}").bound == bound

    @given(st.text(max_size=30))
    def test_anything_else_is_a_mistake_of_one_line(self, text):
        """No text is anything but a requirement or an error that shows it and the grammar, or the metrics."""
        mistake = mistake_in(text)

        if mistake is None:
            assert parse_requirement(text).metric in known_names()
            assert math.isfinite(parse_requirement(text).bound)
        else:
            assert mistake.startswith(f"--sweep-require {text!r}: ")
            assert "\n" not in mistake

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "expected METRIC<=NUMBER (or <, >=, >, ==), for example max_ulp<=2"),
            ("max_ulp", "expected METRIC<=NUMBER"),
            ("max_ulp=2", "expected METRIC<=NUMBER"),
            ("max_ulp!=2", "expected METRIC<=NUMBER"),
            ("2>=max_ulp", "'max_ulp' is no finite number"),
            ("max_ulp<=two", "'two' is no finite number"),
            ("max_ulp<=nan", "'nan' is no finite number"),
            ("max_ulp<=inf", "'inf' is no finite number"),
            ("max_ulp<=1e999", "'1e999' is no finite number"),
            ("max_ulp<=0x2", "'0x2' is no finite number"),
            ("max_ulp<=2ulp", "'2ulp' is no finite number"),
            ("max_ulps<=2", "there is no metric 'max_ulps'; did you mean max_ulp?"),
            ("zzz<=2", "there is no metric 'zzz'; the metrics are "),
        ],
    )
    def test_mistakes(self, text, why):
        with pytest.raises(RequirementError) as refused:
            parse_requirement(text)
        assert f"--sweep-require {text!r}: {why}" in str(refused.value)

    def test_a_plugins_own_metric(self, monkeypatch):
        """What a plugin declares may be required; a second declaration mustn't say another thing."""
        monkeypatch.setattr("pytest_ttnn_sweeps.results.metrics._KNOWN", {})

        declare_metric("energy_j", unit="J", better="lower")
        declare_metric("energy_j", unit="J", better="lower")

        assert parse_requirement("energy_j<3").metric == "energy_j"
        assert known_metric("energy_j", 1.0) == Metric("energy_j", 1.0, "J", "lower")
        with pytest.raises(ValueError, match="known already, with unit 'J' and better 'lower'"):
            declare_metric("energy_j", unit="kJ", better="lower")
        with pytest.raises(ValueError, match="no name of a metric"):
            declare_metric("energy j")


class TestHolding:
    @given(st.sampled_from(sorted(OPERATORS)), st.floats(), finite)
    def test_passes_where_the_comparison_holds(self, symbol, value, bound):
        """An outcome stays as it is exactly where its value compares so; NaN never does."""
        before = outcome(max_ulp=value)

        after = held(before, [Requirement("max_ulp", symbol, bound, "somebody")])

        assert (after is before) == OPERATORS[symbol](value, bound)
        assert after.ok == OPERATORS[symbol](value, bound)

    def test_message(self):
        """The line names metric, value, bound and who asked, for each bound, and what the sweep said."""
        requirements = [parse_requirement("max_ulp<=2"), Requirement("pcc", ">=", 0.9995, "sweeps/a.py: accuracy")]

        failure = held(outcome(max_ulp=64.0, pcc=0.999), requirements)

        assert failure.message == (
            "unmet: max_ulp is 64.0, required <= 2 by --sweep-require; "
            "pcc is 0.999, required >= 0.9995 by sweeps/a.py: accuracy (the sweep itself passed: 0.9999)"
        )
        assert failure.metrics == outcome(max_ulp=64.0, pcc=0.999).metrics

    def test_the_element_of_most_ulps_is_named(self):
        """Whoever missed a zero by a little sees that it was a zero."""
        measured = outcome(max_ulp=1e31, notes={"worst_ulp": "[3] expected 0.0, actual 1e-09"}, message="")

        failure = held(measured, [parse_requirement("max_ulp<=2")])

        place = "[3] expected 0.0, actual 1e-09"
        assert failure.message == f"unmet: max_ulp is 1e+31 ({place}), required <= 2 by --sweep-require"

    def test_a_metric_that_was_not_measured(self):
        """It is no pass, and the line says what it takes."""
        unmeasured = {
            "e2e_ms<5": "e2e_ms wasn't measured (it takes --sweep-perf, or a run() that returns its time)",
            "device_fw_ns<5": "device_fw_ns wasn't measured (it takes --sweep-device-perf)",
            "peak_dram_bytes<5": "peak_dram_bytes wasn't measured (it takes --sweep-memory)",
            "max_ulp<5": "max_ulp wasn't measured (run() compared nothing that the meter knows)",
        }
        for text, why in unmeasured.items():
            failure = held(outcome(message=""), [parse_requirement(text)])

            assert not failure.ok
            assert failure.message == f"unmet: {why}, required < 5 by --sweep-require"

    def test_the_reason_why_it_is_missing(self):
        failure = held(outcome(notes={"accuracy_missing": "shapes differ"}), [parse_requirement("max_ulp<5")])

        assert "max_ulp wasn't measured (shapes differ)" in failure.message

        failure = held(outcome(notes={"output_dtype": "bfloat16"}), [parse_requirement("pcc_margin>0")])

        assert "pcc_margin wasn't measured (no check has a threshold of the PCC)" in failure.message

    def test_the_time_that_run_returned(self):
        """It is a metric without any meter."""
        passed = Outcome(True, "", e2e_ms=4.0)

        assert held(passed, [parse_requirement("e2e_ms<5")]) is passed
        assert "e2e_ms is 4.0, required < 3" in held(passed, [parse_requirement("e2e_ms<3")]).message

    def test_what_the_sweep_says_and_what_was_measured(self):
        """Where they differ both have to meet it."""
        both = outcome(pcc=0.9999, measured_pcc=math.nan)

        failure = held(both, [parse_requirement("pcc>=0.99")])

        assert failure.message.startswith("unmet: measured_pcc is nan, required >= 0.99")


class TestDtypes:
    special = Requirement("max_ulp", "<=", 4.0, "there", dtype="bfloat8_b")
    others = Requirement("max_ulp", "<=", 1.0, "there", exempt_dtypes=frozenset({"bfloat8_b"}))

    @pytest.mark.parametrize(
        ("dtype", "ulps", "ok"),
        [("bfloat8_b", 3.0, True), ("bfloat8_b", 5.0, False), ("bfloat16", 3.0, False), ("bfloat16", 1.0, True)],
    )
    def test_each_has_its_own(self, dtype, ulps, ok):
        assert held(outcome(max_ulp=ulps, notes={"output_dtype": dtype}), [self.special, self.others]).ok is ok

    def test_several_outputs_of_other_dtypes(self):
        """Where none has a bound of its own the general one counts."""
        assert held(outcome(max_ulp=1.0, notes={"output_dtype": "bfloat16, int32"}), [self.special, self.others]).ok

    @pytest.mark.parametrize(
        ("notes", "why"),
        [
            ({}, "the output's dtype isn't known"),
            ({"output_dtype": "bfloat16, bfloat8_b"}, "the outputs are bfloat16 and bfloat8_b"),
        ],
    )
    def test_what_can_not_be_told_is_no_pass(self, notes, why):
        failure = held(outcome(max_ulp=0.0, notes=notes), [self.special, self.others])

        assert f"max_ulp has bounds by dtype, but {why}; required <= 4 by there" in failure.message


def test_what_takes_the_accuracy_meter():
    assert need_accuracy([parse_requirement("e2e_ms<3"), parse_requirement("max_ulp<3")])
    assert not need_accuracy([parse_requirement("e2e_ms<3")])
    assert need_accuracy([Requirement("e2e_ms", "<", 3.0, "there", dtype="bfloat16")])
