"""Delivery beside a session: the courier's process for URLs, a thread for each destination that a hook gives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps.results.courier import Courier, Undelivered
from pytest_ttnn_sweeps.results.destinations import Destination, resolve

if TYPE_CHECKING:
    from pytest_ttnn_sweeps.results.delivery import Delivery, Progress
    from pytest_ttnn_sweeps.results.runs import RunDirectory
    from pytest_ttnn_sweeps.settings import Settings


class SessionDelivery:
    """Delivers the run in ``directory`` while it is written."""

    def __init__(self, config: pytest.Config, settings: Settings, directory: RunDirectory) -> None:
        self._seconds = settings.delivery_timeout
        self._directory = directory
        self._courier: Courier | None = None
        if settings.to:
            urls = [resolve(url) for url in settings.to]
            self._courier = Courier(directory, urls, base=config.rootpath, seconds=self._seconds)
        self._progress: Progress | None = None
        self._threads: list[tuple[Delivery, threading.Thread]] = []
        found: list[list[Any]] = config.hook.pytest_ttnn_sweeps_destinations(config=config)
        if destinations := [destination for some in found for destination in some]:
            self._start_threads(destinations)

    def finish(self) -> list[Undelivered]:
        """Wait for what is left of the sealed run, as long as the options allow; what was not delivered."""
        if self._progress is not None:
            self._progress.end(sealed=True, within=self._seconds)
        undelivered = self._courier.finish() if self._courier is not None else []
        return [*undelivered, *self._join_threads()]

    def abandon(self) -> None:
        """Leave the rest to the courier, which outlives this session."""
        if self._courier is not None:
            self._courier.abandon()
        if self._progress is not None:
            self._progress.end(sealed=False, within=0.0)

    def _start_threads(self, destinations: list[Destination]) -> None:
        # Here, because these come with objects, and bring pydantic along.
        from pytest_ttnn_sweeps.results.delivery import Delivery, Progress

        self._progress = Progress()
        for destination in destinations:
            delivery = Delivery(destination, self._directory, self._progress)
            thread = threading.Thread(target=delivery.run, name=f"deliver to {delivery.report.name}", daemon=True)
            self._threads.append((delivery, thread))
            thread.start()

    def _join_threads(self) -> list[Undelivered]:
        if self._progress is None:
            return []
        from pytest_ttnn_sweeps.results.delivery import note

        for _, thread in self._threads:
            thread.join(self._progress.remaining)
        reports = [delivery.report for delivery, _ in self._threads]
        note(self._directory, reports)
        late = "it was still busy when the time for delivering was up"
        return [Undelivered(report.name, report.error or late) for report in reports if not report.complete]
