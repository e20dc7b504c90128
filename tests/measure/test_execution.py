"""What executions gather: metrics that merge, conflicts, and how they come onto an outcome."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.measure import MeasuredVector, Measurements, MeasuringError
from pytest_ttnn_sweeps.results import Metric, Outcome


def test_executions_are_numbered_within_their_kind() -> None:
    """Each kind counts from 1, in the order in which executions began."""
    measurements = Measurements()

    began = [str(measurements.begin(kind)) for kind in ("verdict", "warmup", "timed", "timed")]  # type: ignore[arg-type]

    assert began == ["verdict execution 1", "warmup execution 1", "timed execution 1", "timed execution 2"]
    assert [call.number for call in measurements.of_kind("timed")] == [1, 2]
    assert str(measurements.begin("inspect", purpose="capture")) == "inspect execution 1 for capture"


def test_a_known_name_has_its_unit_and_direction() -> None:
    """What the table of names says need not be said again; what isn't in it is as it is given."""
    measurements = Measurements()
    call = measurements.begin("verdict")

    call.add("max_ulp", 2)
    call.add("energy", np.float32(1.5), unit="J", better="lower", samples=[np.float64(1), 2])

    assert measurements.get("max_ulp") == Metric("max_ulp", 2.0, "ulp", "lower")
    energy = measurements.get("energy")
    assert energy == Metric("energy", 1.5, "J", "lower", (1.0, 2.0))
    assert all(type(value) is float for value in (energy.value, *energy.samples))
    assert measurements.get("nothing") is None


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=9))
def test_what_several_executions_give_is_one_metric(values: list[float]) -> None:
    """Its value is the median, its samples are all that was given, in order."""
    measurements = Measurements()
    for value in values:
        measurements.begin("timed").add("m", value)

    metric = measurements.get("m")

    assert metric is not None
    assert metric.value == pytest.approx(float(np.median(values)), abs=1e-6)
    assert metric.samples == (tuple(values) if len(values) > 1 else ())


def test_samples_of_several_executions_are_joined() -> None:
    """An execution may give samples of its own."""
    measurements = Measurements()
    measurements.begin("timed").add("m", 2, samples=[1, 2, 3])
    measurements.begin("timed").add("m", 5)

    assert measurements.get("m") == Metric("m", 2.5, samples=(1.0, 2.0, 3.0, 5.0))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_not_finite_are_kept(value: float) -> None:
    """They are what was measured; a NaN among samples leaves no median."""
    measurements = Measurements()
    measurements.begin("timed").add("m", value)
    measurements.begin("timed").add("m", 1.0)

    metric = measurements.get("m")

    assert metric is not None
    assert str(metric.samples) == str((value, 1.0))
    assert math.isnan(metric.value) == math.isnan(value)


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (lambda call: call.add("m", 2.0), "the metric 'm' is given twice: 1.0, then 2.0"),
        (lambda call: call.add("m", 1.0, unit="s"), "the metric 'm' is given in s, and was in no unit before"),
        (lambda call: call.add("m", 1.0, better="lower"), "the metric 'm' is better lower, and was better none before"),
        (lambda call: call.add("n", "2"), "the metric 'n' is given '2': no number"),
        (lambda call: call.add("n", True), "the metric 'n' is given True: no number"),
        (lambda call: call.add("n", 1, samples=[1, None]), r"the metric 'n' is given 1 with samples \(1, None\): no n"),
        (lambda call: call.add("", 1), "'' is no name of a metric"),
        (lambda call: call.add("n", 1, better="more"), "the metric 'n' is better 'more'; expected higher, lower or"),
        (lambda call: call.note("why", 3), "a note 'why': 3; expected a name and a text"),
    ],
)
def test_what_cant_be_recorded_is_refused(second: Callable[..., None], complaint: str) -> None:
    """One line names the metric and what is wrong with it."""
    call = Measurements().begin("verdict")
    call.add("m", 1.0)
    call.add("m", 1.0)

    with pytest.raises(MeasuringError, match=complaint):
        second(call)


def test_inspections_are_requested_once_for_each_purpose() -> None:
    """In the order of the first request; an inspection can't ask for another."""
    measurements = Measurements()
    verdict = measurements.begin("verdict")
    for purpose in ("capture", "trace", "capture"):
        verdict.request_inspection(purpose)

    measurements.begin("inspect", purpose="capture").request_inspection("more")

    assert measurements.inspections == ["capture", "trace"]


def test_what_was_measured_comes_onto_the_outcome() -> None:
    """Metrics sorted by name, notes beside them; without any the outcome is the very same."""
    outcome = Outcome(True, "PCC 0.99", (Metric("pcc", 0.99, "", "higher"),), 2.0, notes={"own": "note"})
    measurements = Measurements()
    assert measurements.applied(outcome) is outcome

    call = measurements.begin("verdict")
    call.add("z", 1)
    call.add("a", 2)
    call.note("why", "because")
    found = measurements.applied(outcome)

    assert [metric.name for metric in found.metrics] == ["a", "pcc", "z"]
    assert found.notes == {"own": "note", "why": "because"}
    assert (found.ok, found.message, found.e2e_ms) == (True, "PCC 0.99", 2.0)
    assert measurements.applied(found) == found


def test_the_sweeps_own_number_stays() -> None:
    """It made the verdict; another number of that name is kept beside it, one that was only rounded takes its place."""
    outcome = Outcome(True, "", (Metric("max_ulp", 3.0, "ulp", "lower"), Metric("pcc", 0.999999, "", "higher")))
    measurements = Measurements()
    call = measurements.begin("verdict")
    call.add("pcc", 0.9999990004)
    call.add("max_ulp", 4)

    values = {metric.name: metric.value for metric in measurements.applied(outcome).metrics}

    assert values == {"pcc": 0.9999990004, "max_ulp": 3.0, "measured_max_ulp": 4.0}


def test_the_time_of_timed_executions_takes_the_place_of_the_verdicts() -> None:
    """`e2e_ms` is one number, wherever it is read."""
    measurements = Measurements()
    measurements.add("e2e_ms", 1.5, samples=[1, 2])

    outcome = measurements.applied(Outcome(True, "", (), 9.0))

    assert outcome.e2e_ms == 1.5
    assert outcome.metrics == (Metric("e2e_ms", 1.5, "ms", "lower", (1.0, 2.0)),)


def test_a_vectors_values_can_only_be_read() -> None:
    """They are made once, when they are asked for."""
    made = []

    def values() -> dict[str, object]:
        made.append(1)
        return {"shape": [1, 2]}

    vector = MeasuredVector("0" * 32, "add", "nightly", 3, values)
    assert not made

    assert vector.values["shape"] == [1, 2]
    assert vector.values["shape"] is vector.values["shape"]
    with pytest.raises(TypeError):
        vector.values["shape"] = []  # type: ignore[index]
    assert made == [1]
