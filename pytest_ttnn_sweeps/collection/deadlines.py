"""How long a vector may take, and pytest-timeout, which holds it to that where no child can be killed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps.errors import SweepError

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.item import SweepItem

DEFAULT_SECONDS = 30.0
"""Upstream's."""

_ARMED = pytest.StashKey[Any]()
"""pytest-timeout's settings for an item, while `enforced` is in force."""
_FAILURES = ("Timeout (>", "Timeout >")
"""How the words of pytest-timeout begin, and those of 2.2."""


@dataclass(frozen=True)
class Deadline:
    """Seconds from the start of ``run``, None for ever; and whose they are, for the message."""

    seconds: float | None
    source: str


def deadline_of(item: SweepItem) -> Deadline:
    """The deadline of the item's verdict: that of an execution, for each run that ``--sweep-repeat-check`` makes."""
    times = item.parent.parent.sweep_session.settings.repeat_check or 1
    once = deadline_of_execution(item)
    return (
        once if times == 1 or once.seconds is None else Deadline(times * once.seconds, f"{once.source}, {times} runs")
    )


def deadline_of_execution(item: SweepItem) -> Deadline:
    """The item's ``timeout`` mark's, else ``--sweep-timeout``, else its module's ``TIMEOUT`` or 30 s.

    The module's, or the 30 s, are cut to what pytest-timeout allows every test. Zero is no deadline.
    """
    settings = _settings(item)
    if settings is not None and item.get_closest_marker("timeout") is not None:
        return Deadline(settings.timeout or None, "its timeout mark")
    asked = item.parent.parent.sweep_session.settings.timeout
    if asked is not None:
        return Deadline(float(asked) or None, "--sweep-timeout")
    declared = _declared(item)
    own = Deadline(
        DEFAULT_SECONDS if declared is None else declared or None, "the default" if declared is None else "its TIMEOUT"
    )
    common = settings.timeout if settings is not None else None
    if common and (own.seconds is None or common < own.seconds):
        return Deadline(common, "pytest-timeout")
    return own


@contextmanager
def enforced(item: SweepItem, seconds: float | None) -> Iterator[None]:
    """Have pytest-timeout interrupt the block after ``seconds``, by its configured method."""
    settings = _settings(item) if seconds is not None else None
    if settings is None:
        yield
        return
    hook = item.config.pluginmanager.hook
    item.stash[_ARMED] = settings
    hook.pytest_timeout_set_timer(item=item, settings=settings._replace(timeout=seconds))
    try:
        yield
    finally:
        hook.pytest_timeout_cancel_timer(item=item)
        item.stash[_ARMED] = None


def begin_again(item: SweepItem, seconds: float | None) -> None:
    """Have what `enforced` interrupts interrupted ``seconds`` from now instead; nothing where it isn't in force."""
    settings = item.stash.get(_ARMED, None)
    if settings is not None:
        hook = item.config.pluginmanager.hook
        hook.pytest_timeout_cancel_timer(item=item)
        if seconds is not None:
            hook.pytest_timeout_set_timer(item=item, settings=settings._replace(timeout=seconds))


def is_armed(item: pytest.Item) -> bool:
    """Whether a timer for ``item`` is asked for by `enforced`, and not by pytest-timeout for the whole of its test."""
    return item.stash.get(_ARMED, None) is not None


def is_timeout(failure: BaseException) -> bool:
    """Whether pytest-timeout raised ``failure``."""
    return isinstance(failure, pytest.fail.Exception) and str(failure.msg).startswith(_FAILURES)


def _declared(item: SweepItem) -> float | None:
    """What the module says, read where Python has evaluated it. Raises ``SweepError`` for what is no time."""
    declared = getattr(item.definition.module, "TIMEOUT", None)
    if declared is None:
        return None
    if isinstance(declared, bool) or not isinstance(declared, (int, float)) or not 0 <= declared < math.inf:
        msg = f"{item.definition.place}: TIMEOUT is {declared!r}; expected a number of seconds, 0 for no deadline"
        raise SweepError(msg)
    return float(declared)


def _settings(item: pytest.Item) -> Any:
    """pytest-timeout's settings for ``item``; None where the plugin is off."""
    if not item.config.pluginmanager.has_plugin("timeout"):
        return None
    from pytest_timeout import _get_item_settings

    return _get_item_settings(item)
