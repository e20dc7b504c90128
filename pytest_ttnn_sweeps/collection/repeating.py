"""``--sweep-repeat-check``: a vector run several times on the same input, which must give the same bits each time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_ttnn_sweeps.devices.repeat_check import EXEMPT, Verdict, compare, recorded
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import normalise

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.item import SweepItem

PROPERTY = "repeat_check"
"""Name of the property that holds the verdict."""


class NonDeterministic(SweepError):
    """A vector's runs differ; the message says in what."""


def call_repeatedly(item: SweepItem, first: Callable[[], object], again: Callable[[], object], times: int) -> object:
    """What ``first``, the first of ``times`` runs, returned, if the others have read back the same from the device.

    A run that fails is a failure as any other, and isn't repeated. Raises ``NonDeterministic``.
    """
    __tracebackhide__ = True
    module = item.definition.module
    if getattr(module, EXEMPT, False):
        item.user_properties.append((PROPERTY, "exempt"))
        return first()
    with recorded(module) as expected:
        returned = first()
    outcome = normalise(returned)
    if not outcome.ok or outcome.skip_reason is not None:
        return returned
    verdict = Verdict("")
    for number in range(2, times + 1):
        try:
            with recorded(module) as other:
                again()
        except Exception as error:  # noqa: BLE001 - whatever it is, the first run didn't raise it
            verdict = Verdict("differs", f"run {number} raised {type(error).__name__}: {error}; run 1 didn't")
        else:
            verdict = compare(expected, other, number)
        if verdict.name != "deterministic":
            break
    item.user_properties.append((PROPERTY, verdict.name))
    if verdict.difference:
        msg = f"NON_DETERMINISTIC: {verdict.difference}"
        raise NonDeterministic(msg)
    return returned
