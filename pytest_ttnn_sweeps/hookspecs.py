"""Hooks of pytest-ttnn-sweeps, for conftests and other plugins. Imported in every pytest run: nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.measure import Execution, MeasuredVector, Measurements
    from pytest_ttnn_sweeps.results.destinations import Destination


def pytest_ttnn_sweeps_destinations(config: pytest.Config) -> Sequence[Destination]:  # type: ignore[empty-body]
    """Return destinations of your own, which take this session's records beside those of ``--sweep-to``.

    Called once, before the first record is written, in the process that owns the terminal. Each destination works in a
    thread of its own there; what raises is tried again, and reported once at the end.
    """


@pytest.hookspec(firstresult=True)
def pytest_sweep_measure(item: pytest.Item, vector: MeasuredVector, device: object, call: Execution) -> object:
    """Measure an execution of a vector's ``run``, which happens at the ``yield`` of an implementation.

    Called around every execution, in the process that runs the vector; without an implementation nothing of this takes
    place. Implement it as a wrapper (``hookimpl(hookwrapper=True)`` for every version of pluggy)::

        @pytest.hookimpl(hookwrapper=True)
        def pytest_sweep_measure(item, vector, device, call):
            before = read_power()
            yield
            if call.kind == "timed":
                call.add("energy_j", read_power() - before, unit="J", better="lower")

    The order of executions is: the verdict, which alone decides whether the vector passes and without whose passing
    there are no others; warm-ups; timed ones; and one inspection for each purpose that ``call.request_inspection`` has
    named. Leave a timed execution as it is unless its time is what you measure.

    ``vector`` is there to read: ``id``, ``module``, ``suite``, ``index`` and ``values``. ``device`` is what ``run``
    gets. ``call`` says which execution it is and, after the ``yield``, what it gave; ``call.add`` and ``call.note`` put
    metrics and texts into the vector's record. See ``pytest_ttnn_sweeps.measure.Execution``.

    What an implementation raises fails the vector with an error that names its plugin. It can't change what ``run``
    returned or raised. Stops at the first result that is no ``None``, which ``run`` itself gives.
    """


def pytest_sweep_measured(
    item: pytest.Item, vector: MeasuredVector, device: object, measurements: Measurements
) -> None:
    """Sum up a vector's measurements: called once, after the last of its executions, also where one failed.

    ``measurements`` has ``executions``, ``of_kind``, ``get``, ``add`` and ``note``. What raises is treated as in
    ``pytest_sweep_measure``.
    """
