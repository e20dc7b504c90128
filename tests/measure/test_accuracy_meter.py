"""What the accuracy meter makes of several comparisons in one run."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType, SimpleNamespace

import pytest
import torch

from pytest_ttnn_sweeps.measure import Measurements
from pytest_ttnn_sweeps.measure.accuracy import AccuracyMeter
from pytest_ttnn_sweeps.testing import check_equal, check_with_pcc

VALUES = torch.arange(1.0, 65.0)
NAN = VALUES.clone()
NAN[7] = math.nan


def measured(run: Callable[[ModuleType], object], *, kind: str = "verdict") -> Measurements:
    """What the meter adds where ``run`` compares with the checks of the module that it gets."""
    module = ModuleType("sweep")
    vars(module).update(check_with_pcc=check_with_pcc, check_equal=check_equal)
    measurements = Measurements()
    call = measurements.begin(kind)  # type: ignore[arg-type]
    item = SimpleNamespace(definition=SimpleNamespace(module=module))
    hook = AccuracyMeter().pytest_sweep_measure(item, call)
    next(hook)
    call.wall_ns = call.cpu_ns = 10**9
    try:
        run(module)
    except ArithmeticError as error:
        call.error = error
    with pytest.raises(StopIteration):
        hook.send(None)
    return measurements


def value(measurements: Measurements, name: str) -> float | None:
    metric = measurements.get(name)
    return None if metric is None else metric.value


def test_each_metric_has_its_own_worst():
    """The largest error of one comparison, the smallest correlation of another."""

    def run(module):
        module.check_with_pcc(VALUES * 100, VALUES * 101, 0.99)
        module.check_with_pcc(VALUES, VALUES.flip(0), 0.5)

    found = measured(run)

    assert value(found, "pcc") == pytest.approx(-1.0)
    assert value(found, "pcc_margin") == pytest.approx(-1.5)
    assert value(found, "max_abs_error") == 64.0
    assert value(found, "max_rel_error") == 63.0
    assert found.notes["comparisons"] == (
        "2: check_with_pcc, check_with_pcc; worst pcc of 2, max_abs_error of 1, max_rel_error of 2, rms_error of 1, "
        "max_ulp of 2, nonfinite_mismatches of 1, format_error_share of 1, pcc_margin of 2"
    )
    assert found.notes["worst_elements"].startswith("comparison 1: [63] expected 6400.0, actual 6464.0; [62] expected")


def test_where_the_most_ulps_are():
    """The element is named, which need not be one of the largest errors."""
    expected, actual = torch.tensor([0.0, 1000.0]), torch.tensor([1e-9, 1008.0]).bfloat16()

    found = measured(lambda module: module.check_equal(expected, actual))

    assert found.notes["worst_ulp"] == f"[0] expected 0.0, actual {actual[0].item()!r}"
    assert found.notes["worst_elements"].startswith("[1] expected 1000.0")
    assert "worst_ulp" not in measured(lambda module: module.check_equal(VALUES, VALUES)).notes
    assert "worst_ulp" not in measured(lambda module: module.check_equal(VALUES, NAN)).notes


@pytest.mark.parametrize("first", [True, False])
def test_nan_is_the_worst(first):
    """Whether it comes first or last; what isn't finite is counted where it is most."""
    pairs = [(VALUES, NAN), (VALUES, VALUES + 1)]

    found = measured(lambda module: [module.check_equal(*pair) for pair in (pairs if first else pairs[::-1])])

    assert value(found, "nonfinite_mismatches") == 1
    assert math.isnan(value(found, "max_abs_error"))
    number = 1 if first else 2
    assert found.notes["nonfinite"].startswith(f"comparison {number}: 1 of 64 values are NaN or infinite in one tensor")


def test_what_one_comparison_lacks_is_not_given_of_the_others():
    """The worst of a part could meet a requirement that the whole doesn't; a margin is of those with a threshold."""

    def run(module):
        module.check_with_pcc(VALUES, VALUES + 1, 0.99)
        module.check_equal(VALUES, VALUES)

    assert value(measured(run), "pcc_margin") == pytest.approx(0.01)

    def unmeasurable(module):
        run(module)
        module.check_equal(VALUES, VALUES[:5])

    found = measured(unmeasurable)

    assert value(found, "max_abs_error") is None
    assert value(found, "pcc_margin") is None
    assert found.notes["accuracy_missing"] == "comparison 3 (check_equal): shapes differ: expected [64], actual [5]"


def test_nothing_compared():
    """It is told of a run that returned, not of one that raised."""
    assert measured(lambda module: None).notes == {"accuracy_missing": "run() compared nothing that the meter knows"}
    assert measured(lambda module: 1 / 0).notes == {}


def test_other_executions_are_left_alone():
    """Timed ones would be slower for it."""
    found = measured(lambda module: module.check_equal(VALUES, VALUES + 1), kind="timed")

    assert not found
    assert found.executions[0].wall_ns == 10**9


def test_what_it_takes_is_not_the_runs():
    """The times that others read are without it."""
    found = measured(lambda module: module.check_equal(VALUES, VALUES + 1))

    assert 0 < found.executions[0].wall_ns < 10**9
    assert 0 < found.executions[0].cpu_ns < 10**9
