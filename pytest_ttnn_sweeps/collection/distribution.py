"""``--sweep-dist=shard``: each of xdist's workers collects its own part of the vectors and runs it.

xdist's own ways have every worker collect everything and compare the lists, so that collecting takes as many times the
memory and the time as there are workers. Here no worker ever makes the items of another. What it costs is that nobody
helps a worker whose part takes longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.collection.item import SweepItem
from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.settings import Settings
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard

if TYPE_CHECKING:
    from xdist.workermanage import WorkerController  # type: ignore[import-untyped]

_KEY = "ttnn_sweeps_part"
"""In ``workerinput``: which part a worker has, from 1 on."""
_AHEAD_SECONDS = 0.5
_MOST_AHEAD = 1000


def worker_shard(config: pytest.Config, run_shard: Shard) -> Shard:
    """The part of ``run_shard`` that this process has: all of it but in a worker that collects its own part."""
    given = _compat.worker_input(config)
    return run_shard.part(given[_KEY], given["workercount"]) if _KEY in given else run_shard


def part_of(node: WorkerController) -> int | None:
    """Which part of the vectors a worker has, seen from the controller; None where each has them all."""
    part: int | None = node.workerinput.get(_KEY)
    return part


def check_distribution(config: pytest.Config, settings: Settings) -> None:
    """Raise ``SweepError`` where ``--sweep-dist`` isn't known or goes against ``--dist``."""
    if settings.dist is None:
        return
    if settings.dist != "shard":
        msg = f"--sweep-dist {settings.dist!r}: expected shard; xdist's own ways are --dist=load, --dist=worksteal, ..."
        raise SweepError(msg)
    theirs = config.getoption("dist", "no")
    if theirs not in ("no", "load", "each"):
        msg = f"--sweep-dist=shard and --dist={theirs} are two ways to share vectors among workers; leave one out"
        raise SweepError(msg)


class WorkerParts:
    """The plugin that hands out parts in the controller, and keeps a worker to its own."""

    def __init__(self) -> None:
        self._free: list[int] = []
        self._known = False

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        if not self._known:
            self._known = True
            self._free = list(range(1, node.workerinput["workercount"] + 1))
        node.workerinput[_KEY] = self._free.pop(0)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object | None) -> None:
        # Comes before xdist replaces a worker that crashed: the next one takes its part over.
        if error is not None:
            self._free.append(node.workerinput[_KEY])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config) -> PartScheduling:
        return PartScheduling(config)

    # Around pytest's own filters: `--lf` runs everything where it finds none of its failures among the items.
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> Generator[None, None, None]:
        yield
        own = worker_shard(config, EVERYTHING)
        if own.count > 1:
            items[:] = [item for item in items if isinstance(item, SweepItem) or _key(item) in own]


def _key(item: pytest.Item) -> int:
    return int.from_bytes(blake2b(item.nodeid.encode("utf-8", "replace"), digest_size=8).digest(), "big")


@dataclass
class _Part:
    """The items of one part, by their index in the collection of the worker that has it."""

    ids: list[str] | None = None
    waiting: deque[int] = field(default_factory=deque)
    sent: deque[int] = field(default_factory=deque)
    finished: int = 0
    seconds: float = 0.0

    @property
    def ahead(self) -> int:
        """How many items a worker is given at once: what it does in half a second, so that ``-x`` ends soon."""
        if not self.seconds:
            return 2 if not self.finished else _MOST_AHEAD
        return max(2, min(_MOST_AHEAD, int(_AHEAD_SECONDS * self.finished / self.seconds)))


class PartScheduling:
    """xdist's scheduler for workers whose collections have nothing in common; ``xdist.scheduler.Scheduling``."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._parts: dict[int, _Part] = {}
        self._part_of: dict[WorkerController, _Part] = {}
        self._started: set[WorkerController] = set()

    @property
    def nodes(self) -> list[WorkerController]:
        return list(self._part_of)

    @property
    def collection_is_completed(self) -> bool:
        return bool(self._parts) and all(part.ids is not None for part in self._parts.values())

    @property
    def has_pending(self) -> bool:
        return any(part.waiting or part.sent for part in self._parts.values())

    @property
    def tests_finished(self) -> bool:
        return self.collection_is_completed and not self.has_pending

    def add_node(self, node: WorkerController) -> None:
        if not self._parts:
            self._parts = {number: _Part() for number in range(1, node.workerinput["workercount"] + 1)}
        self._part_of[node] = self._parts[node.workerinput[_KEY]]

    def add_node_collection(self, node: WorkerController, collection: Sequence[str]) -> None:
        part = self._part_of[node]
        if part.ids is None:
            part.waiting = deque(range(len(collection)))
        elif part.ids != list(collection):
            self._take_over(node, part, collection)
        part.ids = list(collection)
        # xdist has just told pytest the number of this one worker.
        session: Any = self._config.pluginmanager.getplugin("session")
        session.testscollected = sum(len(part.ids or ()) for part in self._parts.values())

    def mark_test_complete(self, node: WorkerController, item_index: int, duration: float = 0) -> None:
        part = self._part_of[node]
        part.sent.remove(item_index)
        part.finished += 1
        part.seconds += duration
        self._send(node, part)

    def mark_test_pending(self, item: str) -> None:
        for part in self._parts.values():
            if part.ids is not None and item in part.ids:
                part.waiting.append(part.ids.index(item))

    def remove_pending_tests_from_node(self, node: WorkerController, indices: Sequence[int]) -> None:
        raise NotImplementedError

    def remove_node(self, node: WorkerController) -> str | None:
        part = self._part_of.pop(node)
        if not part.sent or part.ids is None:
            return None
        crashed = part.ids[part.sent.popleft()]
        part.waiting.extendleft(reversed(part.sent))
        part.sent.clear()
        return crashed

    def schedule(self) -> None:
        if not self._started:
            sizes = [len(part.ids or ()) for part in self._parts.values()]
            _compat.tell_workers(self._config, f"{len(sizes)} workers [items: {_joined(sizes)}]")
        for node, part in self._part_of.items():
            if node not in self._started and part.ids is not None:
                self._started.add(node)
                self._send(node, part)

    def _send(self, node: WorkerController, part: _Part) -> None:
        """Give ``node`` more items where it runs out of them, and an end where there are none."""
        if node.shutting_down:
            return
        ahead = part.ahead
        if part.waiting and len(part.sent) <= ahead // 2:
            more = [part.waiting.popleft() for _ in range(min(len(part.waiting), ahead - len(part.sent)))]
            part.sent.extend(more)
            node.send_runtest_some(more)
        if not part.waiting:
            # A worker starts its last item when it knows that it is the last one.
            node.shutdown()

    def _take_over(self, node: WorkerController, part: _Part, collection: Sequence[str]) -> None:
        """Translate what is left of ``part`` to the collection of the worker that takes it over."""
        assert part.ids is not None
        index = {name: at for at, name in enumerate(collection)}
        left = [part.ids[at] for at in part.waiting]
        part.waiting = deque(index[name] for name in left if name in index)
        lost = [name for name in left if name not in index]
        if lost:
            text = (
                f"worker {node.gateway.id} replaces one that crashed and doesn't collect {len(lost)} of its items, "
                f"which did not run: {', '.join(lost[:3])}{', ...' if len(lost) > 3 else ''}"
            )
            report = pytest.CollectReport(node.gateway.id, "failed", longrepr=text, result=[])
            self._config.hook.pytest_collectreport(report=report)


def _joined(sizes: list[int]) -> str:
    return f"{' + '.join(map(str, sizes))} = {sum(sizes)}" if len(sizes) > 1 else str(sum(sizes))
