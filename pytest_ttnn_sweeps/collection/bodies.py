"""The body of an item's record, made where the item ran; what a suite's or a process's records share is made once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection import debugging
from pytest_ttnn_sweeps.collection.item import SweepItem
from pytest_ttnn_sweeps.devices.health import board_versions
from pytest_ttnn_sweeps.devices.lease import host_devices
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results import Outcome, Status, lines
from pytest_ttnn_sweeps.vectors.codec import canonical_text
from pytest_ttnn_sweeps.vectors.module import VALID
from pytest_ttnn_sweeps.vectors.upstream import Flavour, UpstreamIds

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.collection.nodes import SweepSuite
    from pytest_ttnn_sweeps.devices.provider import Provider

BODIES = pytest.StashKey["RecordBodies"]()
"""On ``config.stash``."""

SETUP_SECONDS = pytest.StashKey[float]()
"""On an item: how long its set-up took."""

EXECUTION = pytest.StashKey[dict[str, Any]]()
"""On an item, where its executor has something to tell: ``device_session`` (text), ``retries`` (int)."""


class RecordBodies:
    """Makes the bodies of one process's records."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._suites: dict[SweepSuite, _SuiteTexts] = {}
        self._circumstances: str | None = None

    def body(
        self,
        item: SweepItem,
        call: pytest.CallInfo[None],
        *,
        status: Status,
        outcome: Outcome,
        vector_id: str,
        xfail_reason: str | None,
    ) -> str:
        """The body of the record of ``item``, whose phase ``call`` decided its ``outcome``."""
        texts = self._suites.get(item.parent)
        if texts is None:
            texts = self._suites[item.parent] = _SuiteTexts(item)
        circumstances = self._circumstances
        if circumstances is None:
            circumstances = self._circumstances = _circumstances(self._config, item)
        execution = item.stash.get(EXECUTION, None)
        if execution is not None:
            session = execution.get("device_session")
            circumstances += lines.fields(device_session=None if session is None else str(session))
            circumstances += f',"retries":{int(execution.get("retries", 0))}'
        return lines.body(
            vector_id=vector_id,
            index=item.index,
            node_id=item.nodeid,
            place=texts.place + texts.upstream_ids(item),
            parameters=texts.parameters(item.index),
            status=status,
            outcome=outcome,
            xfail_reason=xfail_reason,
            started=call.start,
            ended=call.stop,
            duration_s=call.duration,
            setup_s=item.stash.get(SETUP_SECONDS, 0.0),
            circumstances=circumstances,
        )


class _SuiteTexts:
    """Pieces of the records of one suite; a value is encoded when a vector that has it is recorded."""

    def __init__(self, item: SweepItem) -> None:
        self.place = lines.fields(module=item.definition.name, suite=item.parent.suite_name)
        self._suite = item.suite
        definition = item.definition
        flavours: tuple[tuple[str, Flavour], ...] = (("input_hash", "json"), ("input_hash_2025", "dump-file"))
        self._upstream_ids = {
            field: UpstreamIds(definition.name, item.suite, flavour, place=definition.place)
            for field, flavour in flavours
        }
        self._rows: list[dict[int, str]] = [{} for _ in self._suite.axes]

    def upstream_ids(self, item: SweepItem) -> str:
        """The fields of upstream's ids; none where its form can't hold one of the suite's values."""
        if not self._upstream_ids:
            return ""
        verdict = VALID
        if item.invalid_reason is not None:
            # Its reason is part of the ids, also where it gave none. What it says besides, it said while collecting.
            with debugging.breakpoints_ignored(silently=True):
                verdict = item.definition.verdict(item.suite, item.index)
        try:
            return lines.fields(**{field: ids.of(item.index, verdict) for field, ids in self._upstream_ids.items()})
        except SweepError:
            self._upstream_ids = {}
            return ""

    def parameters(self, index: int) -> list[str]:
        found = []
        for axis, rows, position in zip(self._suite.axes, self._rows, self._suite.positions(index)):
            text = rows.get(position)
            if text is None:
                pairs = zip(axis.names, axis.values[position])
                text = rows[position] = ",".join(lines.parameter(name, canonical_text(value)) for name, value in pairs)
            found.append(text)
        return found


def _circumstances(config: pytest.Config, item: SweepItem) -> str:
    worker = _compat.worker_input(config).get("workerid", "main")
    try:
        provider = item.parent.parent.sweep_session.devices.provider
    except SweepError:
        return lines.fields(worker=worker)
    return lines.fields(worker=worker, **provider_facts(provider))


def provider_facts(provider: Provider) -> dict[str, str]:
    """The fields of records that tell what ``import ttnn`` gave; nobody can take another thing for silicon."""
    kind = f" ({provider.name})" if provider.name != "ttnn" else ""
    return {
        "provider": provider.name,
        "provider_version": provider.version,
        "card_type": f"{provider.device}{kind}",
        **(board_versions(host_devices()) if provider.has_board else {}),
    }
