"""Measuring a vector: its executions, each inside the hook of those who measure, and what they found on its outcome."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from importlib import import_module
from time import monotonic, perf_counter_ns, process_time_ns
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps.collection import debugging
from pytest_ttnn_sweeps.collection.deadlines import Deadline, begin_again, deadline_of_execution, is_timeout
from pytest_ttnn_sweeps.collection.relay import outcome_data, outcome_from
from pytest_ttnn_sweeps.devices.child_process import BeginStep
from pytest_ttnn_sweeps.devices.framing import Message
from pytest_ttnn_sweeps.measure import Execution, MeasuredVector, Measurements, MeasuringError
from pytest_ttnn_sweeps.measure.clocks import synchroniser
from pytest_ttnn_sweeps.measure.times import executions_asked
from pytest_ttnn_sweeps.results import Outcome, normalise, outcome_of_exception

if TYPE_CHECKING:
    from types import TracebackType

    from pytest_ttnn_sweeps.collection.item import SweepItem
    from pytest_ttnn_sweeps.collection.session import SweepSession

MEASUREMENTS = pytest.StashKey[Measurements]()
"""On an item, where it was measured in this process."""

BEGIN_STEP = pytest.StashKey[BeginStep]()
"""On an item, in a child: tells pytest's process that the next execution begins, and its deadline with it, and what the
one before gave."""

_IHOOK = pytest.StashKey[Any]()
"""On a module's node: its hooks, which pytest puts together anew for whoever asks."""

_HOOKS = ("pytest_sweep_measure", "pytest_sweep_measured")
_OUTCOMES = (pytest.skip.Exception, pytest.xfail.Exception, pytest.fail.Exception)
_SKIPPED = "skipped, as the execution before was not"
Run = Callable[..., object]


class ExecutionFailed(Exception):
    """An execution after a verdict that passed did not; its cause is what it raised, if it did."""

    def __init__(self, place: str, outcome: Outcome) -> None:
        message = f"{place}: {outcome.message or 'run() returned that the vector failed'}"
        super().__init__(message)
        self.place = place
        self.outcome = replace(outcome, ok=False, message=message, skip_reason=None)


def register(config: pytest.Config, session: SweepSession) -> None:
    """Make the meters that the options ask for."""
    for meter in import_module("pytest_ttnn_sweeps.measure.meters").meters(session.settings):
        config.pluginmanager.register(meter, f"ttnn_sweeps_{type(meter).__name__}")


def is_measured(node: pytest.Collector) -> bool:
    """Whether anybody, a conftest above ``node`` or a plugin, measures its vectors."""
    hooks = node.stash[_IHOOK] = node.ihook
    return any(getattr(hooks, name).get_hookimpls() for name in _HOOKS)


def with_measurements(item: SweepItem, outcome: Outcome) -> Outcome:
    """``outcome`` with what was measured of the item in this process; asked for once, as a report is made once."""
    measurements = item.stash.get(MEASUREMENTS, None)
    return outcome if measurements is None else measurements.applied(outcome)


def with_executions(item: SweepItem, outcome: Outcome, told: Sequence[Message]) -> Outcome:
    """``outcome``, of a child's end, with what the executions before it gave, as `BEGIN_STEP` has told of each.

    That is what was known when the verdict had been given, and the host's times of all that ended; what meters added
    later, or would have summed up, is gone.
    """
    if not told:
        return outcome
    measurements = Measurements()
    for data in told:
        execution = measurements.begin(data["kind"])
        execution.wall_ns, execution.cpu_ns = data["wall_ns"], data["cpu_ns"]
        execution.outcome = outcome_from(data["outcome"])
    times: Any = item.config.pluginmanager.get_plugin("ttnn_sweeps_HostTimes")
    if times is not None:
        times.pytest_sweep_measured(measurements=measurements)
    verdict = measurements.executions[0].outcome
    assert verdict is not None
    known = replace(outcome, metrics=verdict.metrics, e2e_ms=verdict.e2e_ms, notes=verdict.notes)
    return measurements.applied(known)


def with_own_executions(item: SweepItem, outcome: Outcome) -> Outcome:
    """The same of an item that ran in this process and was interrupted in its last execution."""
    measurements = item.stash.get(MEASUREMENTS, None)
    ended = measurements.executions[:-1] if measurements is not None else ()
    return with_executions(item, outcome, [_data_of(execution) for execution in ended])


def _data_of(call: Execution) -> Message:
    """What an execution that has ended gave, as data."""
    outcome = call.outcome or Outcome(True, "")
    is_first = call.kind == "verdict"
    told = call.measurements.applied(outcome) if is_first else Outcome(outcome.ok, "", e2e_ms=outcome.e2e_ms)
    return {"kind": call.kind, "wall_ns": call.wall_ns, "cpu_ns": call.cpu_ns, "outcome": outcome_data(told)}


def verdict_of(item: SweepItem) -> Outcome:
    """What the item's ``run`` gave in the execution that decides, as far as it got."""
    verdicts = item.stash[MEASUREMENTS].of_kind("verdict")
    return (verdicts[0].outcome if verdicts else None) or Outcome(True, "")


def during(item: SweepItem) -> str:
    """Which execution the item's last one was, as the beginning of a message; empty for the first."""
    measurements = item.stash.get(MEASUREMENTS, None)
    executions = measurements.executions if measurements is not None else []
    return f"{executions[-1]}: " if len(executions) > 1 else ""


@contextmanager
def measured(item: SweepItem, device: object) -> Iterator[VectorMeasuring]:
    """Measure what the block has executed, and sum up at its end. Raises ``MeasuringError``."""
    __tracebackhide__ = True
    measuring = VectorMeasuring(item, device)
    try:
        yield measuring
    except Exception:
        try:
            measuring.finish()
        except MeasuringError as failure:
            measuring.measurements.note("measuring_error", str(failure))
        raise
    measuring.finish()


class VectorMeasuring:
    """The executions of one item's vector."""

    def __init__(self, item: SweepItem, device: object) -> None:
        self.measurements = item.stash[MEASUREMENTS] = Measurements()
        self._item = item
        self._device = device
        self._node = item.parent.parent
        self._hooks = self._node.stash[_IHOOK]
        self._synchronize = synchroniser(device) if executions_asked(self._node.sweep_session.settings)[1] else None

    @cached_property
    def _facts(self) -> dict[str, object]:
        item = self._item
        vector = MeasuredVector(
            item.vector_id, item.definition.name, item.parent.suite_name, item.index, lambda: item.vector
        )
        return {"item": item, "vector": vector, "device": self._device}

    def verdict(self, run: Run) -> object:
        """What ``run`` returns in the execution that decides. Raises what it raises, and ``MeasuringError``."""
        __tracebackhide__ = True
        return self._execute(run, self.measurements.begin("verdict"))

    def follow(self, run: Run) -> None:
        """The executions after a verdict that passed. Raises ``ExecutionFailed`` for the first that doesn't pass.

        Each has the deadline of a single execution. Warm-ups and timed ones have as long together: when that has
        passed, no other is begun, except a first that is timed.
        """
        __tracebackhide__ = True
        deadline, began = self._deadline, monotonic()
        counts = dict(zip(("warmup", "timed"), executions_asked(self._node.sweep_session.settings)))
        for kind in ("warmup", "timed"):
            for number in range(counts[kind]):
                is_over = deadline.seconds is not None and monotonic() - began >= deadline.seconds
                if is_over and (kind == "warmup" or number):
                    self.measurements.note(
                        f"{kind}_executions",
                        f"{number} of {counts[kind]}: the {deadline.seconds:g} s that warm-ups and timed executions "
                        f"have together ({deadline.source}) had passed",
                    )
                    break
                self._repeat(run, self.measurements.begin(kind), f" of {counts[kind]}")
        for purpose in self.measurements.inspections:
            self._inspect(run, self.measurements.begin("inspect", purpose=purpose))

    def _repeat(self, run: Run, call: Execution, of: str) -> None:
        __tracebackhide__ = True
        place = f"{call}{of}"
        self._begin_step(place)
        try:
            self._execute(run, call)
        except MeasuringError:
            raise
        except pytest.skip.Exception as skipped:
            raise ExecutionFailed(place, Outcome(False, f"{_SKIPPED}: {skipped.msg}")) from None
        except Exception as error:
            raise ExecutionFailed(place, outcome_of_exception(error)) from error
        outcome = call.outcome
        assert outcome is not None
        if outcome.skip_reason is not None:
            raise ExecutionFailed(place, Outcome(False, f"{_SKIPPED}: {outcome.skip_reason}"))
        if not outcome.ok:
            raise ExecutionFailed(place, outcome)

    def _inspect(self, run: Run, call: Execution) -> None:
        """Execute for a meter; what becomes of it is for that meter to judge."""
        __tracebackhide__ = True
        self._begin_step(str(call))
        try:
            self._execute(run, call)
        except MeasuringError:
            raise
        except _OUTCOMES as outcome:
            if is_timeout(outcome):
                raise
        except Exception as error:  # noqa: BLE001 - it has been seen by who asked for it
            debugging.forget_locals(error)

    def _begin_step(self, step: str) -> None:
        begin = self._item.stash.get(BEGIN_STEP, None)
        if begin is not None:
            begin(step, _data_of(self.measurements.executions[-2]))
        else:
            begin_again(self._item, self._deadline.seconds)

    @cached_property
    def _deadline(self) -> Deadline:
        return deadline_of_execution(self._item)

    def finish(self) -> None:
        """Let those who measure sum up. Raises ``MeasuringError``."""
        __tracebackhide__ = True
        hook = self._hooks.pytest_sweep_measured
        if hook.get_hookimpls():
            try:
                hook(**self._facts, measurements=self.measurements)
            except Exception as error:
                raise _named(error, hook, "after its executions") from error

    def _execute(self, run: Run, call: Execution) -> object:
        __tracebackhide__ = True
        hook = self._hooks.pytest_sweep_measure
        returned: object = None
        raised: BaseException | None = None
        trace: TracebackType | None = None

        def perform() -> bool:
            __tracebackhide__ = True
            nonlocal returned, raised, trace
            arguments = self._item.arguments(self._device)
            synchronize = self._synchronize if call.kind != "inspect" else None
            if synchronize is not None:
                synchronize()
            cpu, wall = process_time_ns(), perf_counter_ns()
            try:
                returned = call.returned = run(**arguments)
                if synchronize is not None:
                    synchronize()
            except BaseException as error:
                raised = call.error = error
                trace = error.__traceback__
                raise
            finally:
                call.wall_ns, call.cpu_ns = perf_counter_ns() - wall, process_time_ns() - cpu
                call.has_run = True
            return True

        failure: MeasuringError | None = None
        try:
            # Innermost and first: all others are there to measure it.
            if hook.get_hookimpls():
                hook.call_extra([perform], {**self._facts, "call": call})
            else:
                perform()
        except Exception as error:  # noqa: BLE001 - anybody's
            if error is not raised:
                failure = _named(error, hook, f"in the {call}")
        # Tensors, and through frames everything: what was measured lives longer than they may.
        call.returned = call.error = None
        if failure is None and not call.has_run:
            failure = MeasuringError(
                f"a plugin's pytest_sweep_measure gave a result before the {call}; make it a wrapper"
            )
        if raised is None and call.has_run:
            call.outcome = normalise(returned)
        # Of two failures the vector's own is told.
        own = raised is not None or (call.outcome is not None and _ends(call.outcome))
        if failure is not None:
            if not own:
                raise failure
            self.measurements.note("measuring_error", str(failure))
        if raised is not None:
            raise raised.with_traceback(trace)
        return returned


def _ends(outcome: Outcome) -> bool:
    return not outcome.ok or outcome.skip_reason is not None


def _named(error: Exception, hook: Any, when: str) -> MeasuringError:
    """``error`` as one of the plugin that raised it."""
    if type(error).__name__ == "PluggyTeardownRaisedWarning" and isinstance(error.__context__, Exception):
        # pluggy warns of what a wrapper raises after its yield, and warnings may be errors.
        error = error.__context__
    codes = {getattr(impl.function, "__code__", None): impl.plugin_name for impl in hook.get_hookimpls()}
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    names = [codes[frame.f_code] for frame in frames if frame.f_code in codes]
    # pluggy itself complains of wrappers that don't yield once, and says where they are.
    names = names or [name for code, name in codes.items() if code is not None and code.co_filename in str(error)]
    failure = MeasuringError(
        f"measuring failed {when}: {names[-1] if names else 'a plugin'} raised {type(error).__name__}: {error}"
    )
    failure.details = "".join(
        traceback.format_exception(type(error), error, debugging.without_ours(error.__traceback__))
    )
    debugging.forget_locals(error)
    return failure
