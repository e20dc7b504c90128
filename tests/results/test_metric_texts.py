from __future__ import annotations

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results import known_metric
from pytest_ttnn_sweeps.results.metrics import metrics_in

TEXTS = {
    "0.99998": {"pcc": 0.99998},
    "1.0": {"pcc": 1.0},
    "1": {"pcc": 1.0},
    "-0.25": {"pcc": -0.25},
    "9.5e-05": {"pcc": 9.5e-05},
    "1.0000000000000002": {"pcc": 1.0000000000000002},
    "0.9999, 0.5, 1.0": {"pcc": 0.5},
    "PCC 0.999": {"pcc": 0.999},
    "PCC 0.999.": {"pcc": 0.999},
    "PCC: 0.5": {"pcc": 0.5},
    "PCC 0.98 is below 0.9999, max abs error 0.031 at [0, 0, 3, 7]: expected 1.0, actual 1.031": {"pcc": 0.98},
    "0.9999, PCC 0.98 is below 0.9999, max abs error 3 at [0]: expected 1.0, actual 4.0": {"pcc": 0.98},
    "PCC 0.98 is below 0.99, max abs error 3 at [0]: expected 1, actual 4, PCC 0.5 is below 0.99": {"pcc": 0.5},
    "Max ATOL Delta: 0.5, Max RTOL Delta: 0.1, PCC: 0.9876": {"pcc": 0.9876},
    "Max ATOL Delta: 0.5, Max RTOL Delta: 0.1, PCC: 0.9876, Equal check failed": {"pcc": 0.9876},
    "PCC 0.9 ROOFLINE 12.5 BYTECOUNT 3200": {"pcc": 0.9, "roofline_ns": 12.5, "byte_count": 3200.0},
    "PCC 0.9 ROOFLINE 1e3 BYTECOUNT 3200.0 FLOP_COUNT 64": {
        "pcc": 0.9,
        "roofline_ns": 1000.0,
        "byte_count": 3200.0,
        "flop_count": 64.0,
    },
    "": {},
    "42": {},
    "inf": {},
    "3 of 4 values differ, first at [0]: expected 1.0, actual 0.5": {},
    "expected PCC 0.999": {},
    "PCC below 0.999": {},
    "PCC 0.9x": {},
    "PCC 1.2.3": {},
    "PCC 99%": {},
    "NPCC 0.5": {},
    "0.9999 0.5": {},
    "took 0.5": {},
    "0.5\n": {},
    "ROOFLINE 12.5": {},
    "1 of 2 values are NaN, first at [0]: expected 1.0, actual nan (PCC of the finite rest: 0.5)": {},
}


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    """A message has the metrics that the table says; numbers in other texts are none."""
    assert metrics_in(text) == TEXTS[text]


@pytest.mark.parametrize("text", ["nan", "0.5, nan", "nan, 0.5", "PCC nan", "PCC: nan, PCC: 0.5"])
def test_nan_is_the_worst(text):
    """A PCC of NaN is kept, and it is the worst of several."""
    assert math.isnan(metrics_in(text)["pcc"])


@given(st.floats(-1, 1))
def test_every_number_is_read_back(pcc):
    """A PCC written with repr is read to the last bit, alone, named or in a roofline text."""
    assert metrics_in(repr(pcc)) == metrics_in(f"PCC {pcc!r}") == {"pcc": pcc}
    assert metrics_in(f"PCC {pcc!r} ROOFLINE 1")["pcc"] == pcc


@given(st.text(alphabet="PC0123456789.,: einf-+%ROLFBYT_", max_size=60))
def test_any_text(text):
    """Any text gives floats under known names, and never raises."""
    for name, value in metrics_in(text).items():
        assert known_metric(name, value).better in ("higher", "lower", "none")
        assert type(value) is float


def test_unknown_metric_has_no_direction():
    """A metric of an unknown name is kept, without unit and direction."""
    metric = known_metric("cache_misses", 3.0)

    assert (metric.name, metric.value, metric.unit, metric.better) == ("cache_misses", 3.0, "", "none")


def test_metrics_are_immutable():
    """A metric can't be changed once made, and has no room for more."""
    metric = known_metric("pcc", 1.0)

    with pytest.raises(dataclasses.FrozenInstanceError):
        metric.value = 0.0
    assert not hasattr(metric, "__dict__")
