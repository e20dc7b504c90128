"""A module's ``accuracy``: which bound counts for which suite and dtype, and what can't be understood."""

from __future__ import annotations

import math
from enum import Enum
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure.declarations import DTYPES, declared_requirements
from pytest_ttnn_sweeps.measure.requirements import Requirement, RequirementError, held
from pytest_ttnn_sweeps.results import Outcome, known_metric

SUITES = ("nightly", "model_traced", "xfail")


class DataType(Enum):
    """As ttnn's prints itself."""

    BFLOAT16 = 0
    BFLOAT8_B = 3

    def __str__(self) -> str:
        return f"DataType.{self.name}"


def requirements(declared: object, suite: str = "nightly") -> tuple[Requirement, ...]:
    return declared_requirements(declared, SUITES, place="sweeps/a.py")[suite]


def bound(declared: object, suite: str, dtype: str) -> float | None:
    """The largest whole number of ulps up to 20 that an output of that dtype may have; None for any."""
    passing = []
    for ulps in range(21):
        outcome = Outcome(True, "", (known_metric("max_ulp", float(ulps)),), notes={"output_dtype": dtype})
        if held(outcome, requirements(declared, suite)).ok:
            passing.append(ulps)
    return None if passing == list(range(21)) else max(passing)


class TestForms:
    def test_directions(self):
        """What is better lower is bounded above, what is better higher below."""
        assert requirements({"max_ulp": 2, "pcc": 0.99}) == (
            Requirement("max_ulp", "<=", 2.0, "sweeps/a.py: accuracy"),
            Requirement("pcc", ">=", 0.99, "sweeps/a.py: accuracy"),
        )

    def test_no_declaration(self):
        """None, and a function or a module that happens to have the name, ask nothing."""
        for nothing in (None, {}, print, ModuleType("accuracy")):
            assert requirements(nothing) == ()

    def test_source_is_the_place_in_the_module(self):
        declared = {"xfail*": {DataType.BFLOAT8_B: {"max_ulp": 3}}}

        (one,) = requirements(declared, "xfail")

        assert one.source == "sweeps/a.py: accuracy['xfail*']['bfloat8_b']"
        assert requirements(declared) == ()


DECLARED = {
    "max_ulp": 1,
    "bfloat8_b": {"max_ulp": 2},
    "xfail": {"max_ulp": 3, DataType.BFLOAT16: {"max_ulp": 4}},
    "model_*": {"max_ulp": None},
}


class TestMostSpecialCounts:
    @pytest.mark.parametrize(
        ("suite", "dtype", "ulps"),
        [
            ("nightly", "float32", 1),
            ("nightly", "bfloat8_b", 2),
            ("xfail", "float32", 3),
            ("xfail", "bfloat8_b", 3),
            ("xfail", "bfloat16", 4),
            ("model_traced", "float32", None),
            ("model_traced", "bfloat8_b", None),
        ],
    )
    def test_table(self, suite, dtype, ulps):
        """The suite's for the dtype, the suite's, the dtype's, the module's; None is no bound."""
        assert bound(DECLARED, suite, dtype) == ulps

    def test_other_metrics_stay(self):
        """A special bound on one metric leaves the general ones on others."""
        declared = {"pcc": 0.9, "max_ulp": 1, "nightly": {"max_ulp": 5}}

        assert {one.metric: one.bound for one in requirements(declared)} == {"pcc": 0.9, "max_ulp": 5.0}

    @given(
        st.fixed_dictionaries(
            {},
            optional={
                "max_ulp": st.integers(0, 20),
                "bfloat16": st.fixed_dictionaries({"max_ulp": st.integers(0, 20)}),
                "nightly": st.fixed_dictionaries(
                    {},
                    optional={
                        "max_ulp": st.integers(0, 20),
                        "bfloat16": st.fixed_dictionaries({"max_ulp": st.integers(0, 20)}),
                    },
                ),
            },
        )
    )
    def test_lookup_from_the_most_special_on(self, declared):
        """What counts is what a search from the most special place finds first."""
        suite = declared.get("nightly", {})
        places = [suite.get("bfloat16"), suite, declared.get("bfloat16"), declared]
        expected = next((place["max_ulp"] for place in places if place and "max_ulp" in place), None)

        assert bound(declared, "nightly", "bfloat16") == (None if expected == 20 else expected)


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("max_ulp<=2", "sweeps/a.py: accuracy is 'max_ulp<=2'; expected bounds by metric, such as {'max_ulp': 2}"),
        ([2], "sweeps/a.py: accuracy is [2]; expected bounds"),
        ({"max_ulps": 2}, "sweeps/a.py: accuracy: there is no metric 'max_ulps'; did you mean max_ulp?"),
        ({"max_ulp": "2"}, "accuracy['max_ulp'] is '2'; expected a finite number, or None for no bound"),
        ({"max_ulp": True}, "accuracy['max_ulp'] is True; expected a finite number"),
        ({"max_ulp": math.nan}, "accuracy['max_ulp'] is nan; expected a finite number"),
        ({"max_ulp": {"nightly": 2}}, "accuracy['max_ulp']: 'max_ulp' is no dtype of ttnn and no suite of the module"),
        ({"nightli": {"max_ulp": 2}}, "its suites are nightly, model_traced, xfail"),
        ({"nightly": 2}, "accuracy['nightly'] is 2; expected bounds"),
        ({"nightly": {"xfail": {"max_ulp": 2}}}, "accuracy['nightly']['xfail']: 'xfail' is no dtype of ttnn"),
        ({"bfloat16": 2}, "accuracy['bfloat16'] is 2; expected bounds"),
        ({"bfloat16": {"nightly": {}}}, "accuracy['bfloat16']: there is no metric 'nightly'"),
        ({3: 2}, "accuracy[3]: 3 is no name of a metric, no dtype and no suite"),
        ({"byte_count": 2}, "byte_count is better neither higher nor lower; bound it by --sweep-require"),
        ({"bfloat16": {}, DataType.BFLOAT16: {}}, "bounds for bfloat16 are given twice"),
    ],
)
def test_mistakes(declared, message):
    """What can't be understood in one way only is an error that says where it stands."""
    with pytest.raises(RequirementError) as refused:
        requirements(declared)
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["max_ulp", "float32"])
def test_a_suite_of_a_metrics_or_a_dtypes_name(name):
    """It can be named by a pattern."""
    with pytest.raises(RequirementError, match="name the suite by a pattern"):
        declared_requirements({name: {"pcc": 1}}, [name], place="a.py")

    found = declared_requirements({f"[{name[0]}]{name[1:]}": {"pcc": 1}}, [name], place="a.py")
    assert [one.metric for one in found[name]] == ["pcc"]


def test_dtypes_are_ttnns():
    """Every dtype of ttnn has a key."""
    from pytest_ttnn_sweeps.emulation import enums

    assert {dtype.name.lower() for dtype in enums.DataType} - {"invalid"} == DTYPES
