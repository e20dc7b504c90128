"""One vector as a pytest item."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from textwrap import indent
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import debugging
from pytest_ttnn_sweeps.collection.deadlines import deadline_of, enforced, is_timeout
from pytest_ttnn_sweeps.collection.measuring import (
    ExecutionFailed,
    VectorMeasuring,
    during,
    measured,
    verdict_of,
    with_own_executions,
)
from pytest_ttnn_sweeps.collection.relay import shown_of
from pytest_ttnn_sweeps.collection.repeating import NonDeterministic, call_repeatedly
from pytest_ttnn_sweeps.collection.requiring import Requirements, unmet
from pytest_ttnn_sweeps.collection.validating import validated
from pytest_ttnn_sweeps.devices.allocation import TooManyElements, bounded_allocation
from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.measure import MeasuringError
from pytest_ttnn_sweeps.results import Outcome, normalise, outcome_of_exception, outcome_of_fault, ttnn_error_message
from pytest_ttnn_sweeps.traced import UnavailableConfiguration
from pytest_ttnn_sweeps.vectors.display import parameter_lines
from pytest_ttnn_sweeps.vectors.module import SweepDefinition
from pytest_ttnn_sweeps.vectors.seeding import seed_generators
from pytest_ttnn_sweeps.vectors.suite import Suite, Vector
from pytest_ttnn_sweeps.vectors.unavailable import Unavailable

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.isolation import Isolation
    from pytest_ttnn_sweeps.collection.nodes import SweepSuite
    from pytest_ttnn_sweeps.collection.session import SweepSession

OUTCOME = pytest.StashKey["Outcome | None"]()
"""What an item's ``run`` gave, once it has returned, or what whoever ran it saw."""


class SweepFailure(Exception):
    """``run`` returned that the vector failed; carries the outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.message)
        self.outcome = outcome

    @property
    def details(self) -> str:
        """What a process that hung or crashed has left, in paragraphs of their own."""
        outcome = self.outcome
        if outcome.fault is None:
            return ""
        parts = [("its Python frames:", outcome.traceback), ("its last lines on stderr:", outcome.exception_text)]
        return "".join(f"\n{title}\n{indent(text.rstrip(), '  ')}\n" for title, text in parts if text)


class SweepItem(pytest.Function):
    """Runs vector ``index`` of its suite on the device of its module."""

    parent: SweepSuite
    index: int
    invalid_reason: str | None
    _raised: BaseException | None = None
    _place: str = ""
    """The execution that failed, where it wasn't the one that gives the verdict."""
    pci_ids: tuple[int, ...] = ()
    """tt-metal's own conftest reads this attribute when an item fails."""

    @property
    def _sweeps(self) -> SweepSession:
        return self.parent.parent.sweep_session

    @property
    def _isolation(self) -> Isolation:
        return self._sweeps.devices.isolation(self.session)

    @property
    def definition(self) -> SweepDefinition:
        return self.parent.parent.definition

    @property
    def suite(self) -> Suite:
        suite = self.parent.suite
        assert isinstance(suite, Suite), "a suite with an error has no items"
        return suite

    @property
    def requirements(self) -> Requirements:
        """What the vector's metrics are held against."""
        return self.parent.parent.requirements[self.parent.suite_name]

    @property
    def vector(self) -> Vector:
        """The vector's native values, an own copy at each call."""
        return self.suite.vector(self.index)

    @property
    def vector_id(self) -> str:
        """All 32 digits of the vector's id."""
        return self.parent.ids.of(self.index)

    def setup(self) -> None:
        __tracebackhide__ = True
        # Before any fixture: a vector that won't run must not open a device.
        if self.invalid_reason is not None:
            _compat.skip(f"INVALID VECTOR: {self.invalid_reason}")
        for name, value in self.vector.items():
            if isinstance(value, Unavailable):
                _compat.skip(f"{name}: {value.reason}")
        if self.parent.has_hung and self._sweeps.settings.skip_on_timeout:
            self.leave("NOT RUN: an earlier vector of the suite has hung (--sweep-skip-on-timeout)")
        self.with_own_frames(super().setup)
        if self._isolation.holds(self.device):
            self._isolation.prepare(self)

    def leave(self, reason: str) -> NoReturn:
        """Skip a vector that should have run: it has no final outcome."""
        self.stash[OUTCOME] = Outcome(ok=False, message=reason)
        _compat.skip(reason)

    def with_own_frames(self, step: Callable[[], object]) -> None:
        """Do ``step``; what it raises has no frames of the package where it has others."""
        __tracebackhide__ = True
        try:
            step()
        except BaseException as error:
            error.__traceback__ = debugging.without_ours(error.__traceback__)
            raise

    @property
    def device(self) -> Any:
        """What the fixture gave; set up."""
        return self.funcargs["sweep_device"]

    def runtest(self) -> None:
        __tracebackhide__ = True
        try:
            if self._isolation.holds(self.device):
                self._isolation.run(self)
                return
            self._isolation.check_local(self)
            with enforced(self, deadline_of(self).seconds):
                self.run_vector(self.device)
        except BaseException as error:
            if is_timeout(error):
                self.stash[OUTCOME] = with_own_executions(self, outcome_of_fault("hang", f"{during(self)}{error}"))
            # A failure that `run` returned holds nothing, unless its frame was kept for the debugger.
            if not isinstance(error, SweepFailure) or self.config.option.usepdb:
                self._raised = error
            raise
        finally:
            outcome = self.stash.get(OUTCOME, None)
            if outcome is not None and outcome.fault == "hang":
                self.parent.has_hung = True

    def teardown(self) -> None:
        # Reports and debuggers have had it.
        if self._raised is not None:
            debugging.forget_locals(self._raised)
            self._raised = None
        super().teardown()

    def run_vector(self, device: Any) -> None:
        """Run the vector in this process. Raises what tells pytest that it failed or was skipped."""
        __tracebackhide__ = True
        self._run_vector(device)
        outcome = self.stash.get(OUTCOME, None)
        failure = unmet(self, outcome) if outcome is not None else None
        if failure is not None:
            self.stash[OUTCOME] = failure
            raise SweepFailure(failure)

    def _run_vector(self, device: Any) -> None:
        """Run the vector, by its own verdict."""
        __tracebackhide__ = True
        self._place = ""
        run = debugging.keep_frame(self.definition.run) if self.config.option.usepdb else self.definition.run
        call = partial(self.call, run, device)
        if self._sweeps.settings.validate_only:
            check = partial(validated, self, device)
            self._judge(run, check, check)
            return
        if not self.parent.parent.is_measured:
            self._judge(run, call, call)
            return
        try:
            with measured(self, device) as measuring:
                self._judge(run, partial(measuring.verdict, run), call)
                self._follow(measuring)
        except MeasuringError as failure:
            verdict = self.stash.get(OUTCOME, None) or verdict_of(self)
            told = outcome_of_exception(failure)
            self.stash[OUTCOME] = replace(told, metrics=verdict.metrics, e2e_ms=verdict.e2e_ms)
            raise
        if measuring.measurements.fault is not None:
            outcome = self.stash[OUTCOME] = measuring.measurements.applied(self.stash[OUTCOME] or Outcome(True, ""))
            raise SweepFailure(outcome)

    def _follow(self, measuring: VectorMeasuring) -> None:
        """The executions after a verdict that passed. Raises what the first of them raised that failed."""
        __tracebackhide__ = True
        failed: ExecutionFailed | None = None
        try:
            with bounded_allocation(self._sweeps.settings.max_elements):
                # Without a kept frame, which costs more than most calls take.
                measuring.follow(self.definition.run)
        except ExecutionFailed as failure:
            failed = failure
        if failed is not None:
            self.stash[OUTCOME], self._place = failed.outcome, failed.place
            raise failed.__cause__ or SweepFailure(failed.outcome)

    def _judge(self, run: Callable[..., object], first: Callable[[], object], again: Callable[[], object]) -> None:
        """The vector's verdict by what ``first`` returns, and by what ``again`` does where it is to be the same."""
        __tracebackhide__ = True
        settings = self._sweeps.settings
        try:
            with bounded_allocation(settings.max_elements):
                if settings.repeat_check is None:
                    returned = first()
                else:
                    returned = call_repeatedly(self, first, again, settings.repeat_check)
        except TooManyElements as refused:
            _compat.skip(f"{refused} (--sweep-max-elements)")
        except (UnavailableConfiguration, NoGoldenValue) as unavailable:
            _compat.skip(str(unavailable))
        except NonDeterministic as differs:
            outcome = self.stash[OUTCOME] = outcome_of_fault("non_deterministic", str(differs))
            raise SweepFailure(outcome) from None
        except Exception as error:
            if _is_not_emulated(error):
                _compat.skip(str(error))
            if self.config.option.usepdb:
                raise error.with_traceback(
                    debugging.until_last_frame_of_others(error.__traceback__)
                ) from error.__cause__
            raise
        outcome = normalise(returned)
        self.stash[OUTCOME] = outcome
        if outcome.skip_reason is not None:
            _compat.skip(outcome.skip_reason)
        if not outcome.ok:
            raise SweepFailure(outcome).with_traceback(debugging.kept_frame(run))

    def call(self, run: Callable[..., object], device: Any) -> object:
        """What ``run`` returns for the vector."""
        __tracebackhide__ = True
        return run(**self.arguments(device))

    def arguments(self, device: Any) -> dict[str, object]:
        """What ``run`` gets, its own, with the generators of random numbers freshly seeded for it."""
        # A vector's random numbers depend on the vector alone: not on order, worker or what ran before.
        seed_generators((int(self.vector_id[:8], 16) + self._sweeps.settings.seed) % 2**32)
        return {**self.vector, "device": device}

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The parameters, one a line, then the sweep's message, or its own traceback without the plugin's frames."""
        error = excinfo.value
        from_child = shown_of(error)
        if from_child is not None:
            return from_child
        if isinstance(error, (SweepFailure, SweepError)):
            message = str(error) or "run() returned that the vector failed"
            details = error.details if isinstance(error, (SweepFailure, MeasuringError)) else ""
            text = f"{self._parameters()}\n\n{message}\n{details}"
            return _compat.failure_text(text, self.path, self.parent.line, message)
        excinfo.traceback = debugging.shown(excinfo.traceback)
        # ttnn's own words come after a line that says where in C++ it found the fault.
        words = ttnn_error_message(str(error)) if isinstance(error, RuntimeError) else None
        shown = super().repr_failure(excinfo)
        return _compat.put_first(shown, f"{self._parameters()}\n", summary=words)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.parent.line - 1, f"{self.parent.name}.{self.name}"

    def _parameters(self) -> str:
        title = f"vector {self.vector_id} of suite {self.parent.suite_name}"
        place = f"\n\nin the {self._place}, after a verdict that passed" if self._place else ""
        return f"{title}\n{indent(parameter_lines(self.vector), '  ')}{place}"


def _is_not_emulated(error: Exception) -> bool:
    # By name: the emulation, and torch with it, may never have been imported.
    return any(kind.__name__ == "NotEmulated" for kind in type(error).__mro__)
