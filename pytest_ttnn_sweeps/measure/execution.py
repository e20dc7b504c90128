"""One execution of a vector's ``run``, as those see it who measure it, and what they have measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isclose
from statistics import median
from types import MappingProxyType
from typing import Literal

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Metric, Outcome
from pytest_ttnn_sweeps.results.metrics import Better, known_metric
from pytest_ttnn_sweeps.results.outcome import Fault, as_number

Kind = Literal["verdict", "warmup", "timed", "inspect"]
"""What an execution is for: the verdict decides whether the vector passes; warm-ups and timed ones, which follow a
verdict that passed, must pass too; an inspection is a meter's own, and its verdict is ignored."""
DeviceCoverage = Literal["run", "run without set-up", "timed"]
"""Which operations of ``run`` a device time is of: all; all but the moves of tensors that the host made for them; those
that the sweep times."""

_SAME = 1e-6
"""Relative difference up to which a measured number and one in a sweep's message are one: messages are rounded."""


class MeasuringError(SweepError):
    """A meter did what can't be recorded, or raised."""

    details: str = ""
    """The traceback, where it helps whoever wrote the meter."""


class MeasuredVector:
    """A vector, to read: ``id`` (32 hexadecimal digits), ``module``, ``suite``, ``index`` and ``values``."""

    def __init__(
        self, id: str, module: str, suite: str, index: int, values: Callable[[], Mapping[str, object]]
    ) -> None:
        self.id = id
        self.module = module
        self.suite = suite
        self.index = index
        self._make_values = values

    @cached_property
    def values(self) -> Mapping[str, object]:
        """The parameters by name, apart from what ``run`` gets: it may change its own."""
        return MappingProxyType(dict(self._make_values()))


@dataclass
class Execution:
    """One call of ``run``. What it gave is there after a hook implementation's ``yield``."""

    kind: Kind
    number: int
    """1, 2, ... within its kind."""
    measurements: Measurements
    purpose: str = ""
    """Of an inspection: what it was requested for."""
    returned: object = None
    """What ``run`` returned; None where it raised."""
    error: BaseException | None = None
    """What ``run`` raised."""
    has_run: bool = False
    outcome: Outcome | None = None
    """What it returned, normalised; there once the hook has ended."""
    wall_ns: int | None = None
    """Time of the call of ``run``, by ``time.perf_counter_ns``, without the making of its arguments."""
    cpu_ns: int | None = None
    """Processor time of all threads of the process in that call, by ``time.process_time_ns``."""

    def __str__(self) -> str:
        purpose = f" for {self.purpose}" if self.purpose else ""
        return f"{self.kind} execution {self.number}{purpose}"

    def add(
        self, name: str, value: float, unit: str = "", better: Better | None = None, samples: Iterable[float] = ()
    ) -> None:
        """Add a metric to the vector's record. Raises `MeasuringError` for what is no number or no name.

        A name of `results.metrics` has its unit and direction from there. NaN and infinities are kept. A metric that
        several executions give is one, with the median for its value and what was given for its samples; within one
        execution a second, different number of a name is an error, as is another unit.
        """
        self.measurements.add(name, value, unit, better, samples, execution=self)

    def note(self, name: str, text: str) -> None:
        """Add a fact in words to the vector's record; a later text of the same name takes the place of an earlier."""
        self.measurements.note(name, text)

    def request_inspection(self, purpose: str) -> None:
        """Have ``run`` executed once more, after all others, with ``kind`` inspect and this ``purpose``.

        For what disturbs a measurement or the result: a capture, a tracer. Requests of one purpose are one.
        """
        if self.kind != "inspect" and purpose not in self.measurements.inspections:
            self.measurements.inspections.append(purpose)


@dataclass
class _Gathered:
    metric: Metric
    last: Execution | None


class Measurements:
    """What the executions of one vector have given so far."""

    def __init__(self) -> None:
        self.executions: list[Execution] = []
        """In their order, the present one included."""
        self.inspections: list[str] = []
        """Purposes for which inspections were requested."""
        self.notes: dict[str, str] = {}
        self.fault: tuple[Fault, str] | None = None
        """What a meter of the package saw that decides the vector's status, and its words for it."""
        self.device_coverage: DeviceCoverage = "run"
        self._gathered: dict[str, _Gathered] = {}

    def __bool__(self) -> bool:
        return bool(self._gathered or self.notes or self.fault)

    @property
    def has_passed(self) -> bool:
        """Whether all executions so far, inspections apart, have passed."""
        judged = [execution for execution in self.executions if execution.kind != "inspect"]
        return bool(judged) and all(execution.outcome is not None and execution.outcome.ok for execution in judged)

    def begin(self, kind: Kind, *, purpose: str = "") -> Execution:
        """The next execution of its kind."""
        number = 1 + sum(execution.kind == kind for execution in self.executions)
        execution = Execution(kind, number, self, purpose)
        self.executions.append(execution)
        return execution

    def of_kind(self, kind: Kind) -> list[Execution]:
        """The executions of a kind, in their order."""
        return [execution for execution in self.executions if execution.kind == kind]

    def get(self, name: str) -> Metric | None:
        """The metric of that name, if one was added."""
        found = self._gathered.get(name)
        return found.metric if found is not None else None

    def add(
        self,
        name: str,
        value: float,
        unit: str = "",
        better: Better | None = None,
        samples: Iterable[float] = (),
        *,
        execution: Execution | None = None,
    ) -> None:
        """As `Execution.add`, outside of any execution unless one is given."""
        new = _metric(name, value, unit, better, tuple(samples))
        known = self._gathered.get(name)
        if known is None:
            self._gathered[name] = _Gathered(new, execution)
            return
        old = known.metric
        if (old.unit, old.better) != (new.unit, new.better):
            msg = f"the metric {name!r} is given in {new.unit or 'no unit'}, and was in {old.unit or 'no unit'} before"
            if old.unit == new.unit:
                msg = f"the metric {name!r} is better {new.better}, and was better {old.better} before"
            raise MeasuringError(msg)
        if known.last is execution:
            if not _alike(old, new):
                msg = f"the metric {name!r} is given twice: {old.value!r}, then {new.value!r}; give each its own name"
                raise MeasuringError(msg)
            return
        gathered = (old.samples or (old.value,)) + (new.samples or (new.value,))
        known.metric = replace(old, value=_median(gathered), samples=gathered)
        known.last = execution

    def note(self, name: str, text: str) -> None:
        """As `Execution.note`."""
        if type(name) is not str or not name or not isinstance(text, str):
            msg = f"a note {name!r}: {text!r}; expected a name and a text"
            raise MeasuringError(msg)
        self.notes[name] = str.__str__(text)

    def applied(self, outcome: Outcome) -> Outcome:
        """``outcome`` with what was measured.

        Of a name that the sweep itself gives another number, the sweep's stays, for it made the verdict, and the
        measured one becomes ``measured_<name>``. The time that the sweep returned gives way to the median of several.
        A ``fault`` fails it; the sweep's own message becomes the note ``sweep_message``.
        """
        if not self:
            return outcome
        own = {metric.name: metric for metric in outcome.metrics}
        for name, gathered in self._gathered.items():
            metric = gathered.metric
            before = own.get(name)
            if before is not None and not _alike(before, metric, tolerance=_SAME):
                metric = replace(metric, name=f"measured_{name}")
            own[metric.name] = metric
        e2e = self._gathered.get("e2e_ms")
        if self.fault is not None and outcome.fault is None and outcome.skip_reason is None:
            fault, reason = self.fault
            said = {"sweep_message": outcome.message} if outcome.message else {}
            outcome = replace(outcome, ok=False, message=reason, fault=fault, notes={**outcome.notes, **said})
        return replace(
            outcome,
            metrics=tuple(own[name] for name in sorted(own)),
            e2e_ms=e2e.metric.value if e2e is not None else outcome.e2e_ms,
            notes={**outcome.notes, **self.notes},
        )


def _metric(name: object, value: object, unit: str, better: Better | None, samples: tuple[object, ...]) -> Metric:
    if type(name) is not str or not name:
        msg = f"{name!r} is no name of a metric"
        raise MeasuringError(msg)
    number, *numbers = (as_number(one) for one in (value, *samples))
    if number is None or None in numbers:
        msg = f"the metric {name!r} is given {value!r}{f' with samples {samples!r}' if samples else ''}: no number"
        raise MeasuringError(msg)
    if better not in (None, "higher", "lower", "none"):
        msg = f"the metric {name!r} is better {better!r}; expected higher, lower or none"
        raise MeasuringError(msg)
    known = known_metric(name, number)
    return replace(
        known,
        unit=unit or known.unit,
        better=better or known.better,
        samples=tuple(one for one in numbers if one is not None),
    )


def _alike(one: Metric, other: Metric, *, tolerance: float = 0.0) -> bool:
    same = one.value == other.value or (one.value != one.value and other.value != other.value)
    return same or isclose(one.value, other.value, rel_tol=tolerance)


def _median(samples: tuple[float, ...]) -> float:
    # NaN has no place in an order.
    return next((sample for sample in samples if sample != sample), None) or median(samples)
