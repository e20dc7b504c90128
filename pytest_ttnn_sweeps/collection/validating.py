"""``--sweep-validate-only``: a vector's outcome where ttnn's checks run and no value is computed, and their table."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Status, normalise, ttnn_error_message

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.item import SweepItem
    from pytest_ttnn_sweeps.settings import Settings

_ACCEPTED = (True, "accepted by ttnn; no values were computed (--sweep-validate-only)")
_OPTION = "--sweep-validate-only"
_MOST_REASONS = 20


def check_validation(settings: Settings) -> None:
    """Raise ``SweepError`` for what can't be had without values."""
    if settings.validate_only and settings.repeat_check is not None:
        msg = f"{_OPTION} with --sweep-repeat-check: there are no values that could differ; leave out one of them"
        raise SweepError(msg)


def validated(item: SweepItem, device: Any) -> object:
    """What the item's ``run`` returns where it is called without values. Raises what ttnn refuses the vector with.

    What ``run`` returns or raises because of the values that it read back says nothing, and is passed over; a refusal
    that it caught and returned as its message counts.
    """
    __tracebackhide__ = True
    from pytest_ttnn_sweeps.devices.mock.validation import Unjudged, the_validation
    from pytest_ttnn_sweeps.measure.comparisons import CHECKS

    validation = the_validation(CHECKS)
    definition, most = item.definition, item.parent.parent.sweep_session.settings.max_elements
    try:
        run = partial(item.call, definition.run, device)
        returned = validation.call(run, definition.module, device, most_elements=most)
    except Unjudged:
        return _ACCEPTED
    if validation.has_read:
        return returned if _tells_of_refusal(returned) else _ACCEPTED
    outcome = normalise(returned)
    return returned if not outcome.ok or outcome.skip_reason is not None else _ACCEPTED


def _tells_of_refusal(returned: object) -> bool:
    try:
        outcome = normalise(returned)
    except SweepError:
        return False
    return not outcome.ok and ttnn_error_message(outcome.message) is not None


class Refusals:
    """The vectors that ttnn refused, by reason; what differs from vector to vector of one reason is folded away."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()
        self._examples: dict[tuple[str, str], str] = {}
        self._accepted = 0

    def add(self, status: str, message: str, node_id: str) -> None:
        """Count one vector that ran."""
        from pytest_ttnn_sweeps.results.analysis.error_text import folded_error

        if status in (Status.PASS.name, Status.XPASS.name):
            self._accepted += 1
            return
        reason = status, folded_error(ttnn_error_message(message) or message)
        self._counts[reason] += 1
        self._examples.setdefault(reason, node_id)

    def lines(self, *, all_of_them: bool) -> list[str]:
        """The table, the most frequent reason first; each with a vector that it was given to."""
        total = self._accepted + sum(self._counts.values())
        if not total:
            return []
        lines = [f"validated {total}: {self._accepted} accepted, {total - self._accepted} refused or failed"]
        # By text where counts are equal: workers report in any order.
        order = sorted(self._counts, key=lambda reason: (-self._counts[reason], reason))
        for status, text in order if all_of_them else order[:_MOST_REASONS]:
            lines += [
                f"{self._counts[status, text]:6}x {status}  {text}",
                f"        such as {self._examples[status, text]}",
            ]
        if not all_of_them and len(order) > _MOST_REASONS:
            lines.append(f"... and {len(order) - _MOST_REASONS} more reasons (-v shows them)")
        return lines
