"""What a run and its modules require of metrics, and whether an item's have met it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from pytest_ttnn_sweeps.collection.measuring import with_measurements
from pytest_ttnn_sweeps.measure.declarations import NAME, declared_requirements
from pytest_ttnn_sweeps.measure.requirements import Requirement, held, need_accuracy, parse_requirement
from pytest_ttnn_sweeps.results import Outcome

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.item import SweepItem
    from pytest_ttnn_sweeps.collection.nodes import SweepModule
    from pytest_ttnn_sweeps.settings import Settings

Requirements = tuple[Requirement, ...]

_METER = "ttnn_sweeps_AccuracyMeter"


def asked_for(settings: Settings) -> Requirements:
    """What ``--sweep-require`` and the ini file ask of every vector. Raises ``SweepError``."""
    return tuple(map(parse_requirement, settings.require))


def requirements_of(node: SweepModule) -> Mapping[str, Requirements]:
    """What is asked of the vectors of each of the module's suites; has what it takes measured.

    Nothing, where no values are computed. Raises ``SweepError``.
    """
    definition, settings = node.definition, node.sweep_session.settings
    asked = asked_for(settings)
    declared = declared_requirements(getattr(definition.module, NAME, None), definition.suites, place=definition.place)
    found = {suite: () if settings.validate_only else (*asked, *own) for suite, own in declared.items()}
    if settings.accuracy or any(map(need_accuracy, found.values())):
        _measure_accuracy(node.config, settings)
    return found


def _measure_accuracy(config: pytest.Config, settings: Settings) -> None:
    """Register the meter, which leaves alone what no requirement takes it for."""
    if config.pluginmanager.has_plugin(_METER):
        return
    from pytest_ttnn_sweeps.measure.accuracy import AccuracyMeter

    meter = AccuracyMeter(lambda item: settings.accuracy or need_accuracy(item.requirements))
    config.pluginmanager.register(meter, _METER)


def unmet(item: SweepItem, outcome: Outcome) -> Outcome | None:
    """The failure that ``outcome``, which passed in this process, becomes by what is required; None where it stays."""
    if not item.requirements:
        return None
    judged = held(with_measurements(item, outcome), item.requirements)
    return None if judged.ok else judged
