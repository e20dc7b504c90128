"""Batches of suites for a matrix of CI jobs: balanced, within a limit, a suite that is too large for one in shards.

Planning is pure and deterministic: the same loads give the same batches in the same order.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.shards import EVERYTHING, Shard


@dataclass(frozen=True)
class Load:
    """What one suite, or a module that can't be read, has to run."""

    module: str
    suite: str
    """Its name in node ids; empty for a whole module whose suites nobody knows."""
    path: str
    """The sweep file, relative to the rootdir, as in node ids."""
    keys: Sequence[int] = ()
    """``shard_keys`` of the vectors that become items."""
    each: float = 1.0
    """What a vector weighs: 1, or the seconds that it takes."""

    @property
    def weight(self) -> float:
        return len(self.keys) * self.each

    @property
    def order(self) -> tuple[str, str]:
        return self.path, self.suite


@dataclass(frozen=True)
class Batch:
    """The loads of one job; with a shard, that part of its one load."""

    loads: tuple[Load, ...]
    vectors: int
    weight: float
    shard: Shard = EVERYTHING


@dataclass
class _Bin:
    weight: float = 0.0
    groups: list[_Group] = field(default_factory=list)


@dataclass(frozen=True)
class _Group:
    """Loads that stay together: those of a module that fits into one batch, which then imports it once."""

    loads: tuple[Load, ...]

    @property
    def weight(self) -> float:
        return sum(load.weight for load in self.loads)


def batches_within(loads: Iterable[Load], *, limit: float, most: int) -> list[Batch]:
    """Batches that weigh at most ``limit``. Raises ``SweepError`` where that takes more than ``most``."""
    loads = sorted(loads, key=lambda load: load.order)
    found = _planned(loads, limit, most)
    if found is None or len(found) > most:
        least = _smallest_limit(loads, most)
        number = "more" if found is None else str(len(found))
        msg = f"a limit of {limit:g} takes {number} jobs, and {most} is the most; {_rounded(least)} would do"
        raise SweepError(msg)
    return found


def balanced_batches(loads: Iterable[Load], *, most: int) -> list[Batch]:
    """At most ``most`` batches of as little weight as that allows."""
    loads = sorted(loads, key=lambda load: load.order)
    return _planned(loads, _smallest_limit(loads, most), most, exactly=False) or []


def _smallest_limit(loads: Sequence[Load], most: int) -> float:
    """About the smallest limit that ``most`` batches can keep, sizes of shards being taken for even."""
    heaviest = max((load.each for load in loads if load.keys), default=1.0)
    low = max(heaviest, sum(load.weight for load in loads) / most)
    high = max(low, sum(load.weight for load in loads))
    for _ in range(40):
        if high - low <= 1e-3 * low:
            break
        middle = (low + high) / 2
        found = _planned(loads, middle, most, exactly=False)
        low, high = (low, middle) if found is not None and len(found) <= most else (middle, high)
    return high


def _planned(loads: Sequence[Load], limit: float, most: int, *, exactly: bool = True) -> list[Batch] | None:
    """Batches for ``limit``; None where a suite takes more than ``most`` shards.

    Shards are told by hashes, so they are not quite even; ``exactly`` looks for a number of them that all keep to the
    limit.
    """
    batches: list[Batch] = []
    groups: list[_Group] = []
    for group in _modules(loads):
        if group.weight <= limit:
            groups.append(group)
            continue
        for load in group.loads:
            if load.weight <= limit:
                groups.append(_Group((load,)))
            elif (shards := _shards(load, limit, most, exactly=exactly)) is not None:
                batches += shards
            else:
                return None
    batches += _packed(groups, limit)
    return sorted(batches, key=lambda batch: (batch.loads[0].order, batch.shard.number))


def _modules(loads: Sequence[Load]) -> list[_Group]:
    grouped: dict[str, list[Load]] = {}
    for load in loads:
        grouped.setdefault(load.path, []).append(load)
    return [_Group(tuple(group)) for group in grouped.values()]


def _shards(load: Load, limit: float, most: int, *, exactly: bool) -> list[Batch] | None:
    least = math.ceil(load.weight / limit)
    if not exactly:
        return None if least > most else _parted(load, least)
    if load.each > limit:
        msg = f"one vector of {load.module} {load.suite} takes about {load.each:g} s, more than the limit of {limit:g}"
        raise SweepError(msg)
    for count in range(least, most + 1):
        sizes = Counter(key % count for key in load.keys)
        if max(sizes.values()) * load.each <= limit:
            return _parted(load, count)
    return None


def _parted(load: Load, count: int) -> list[Batch]:
    sizes = Counter(key % count for key in load.keys)
    return [
        Batch((load,), vectors=sizes[number - 1], weight=sizes[number - 1] * load.each, shard=Shard(number, count))
        for number in range(1, count + 1)
        if sizes[number - 1]
    ]


def _packed(groups: Sequence[_Group], limit: float) -> list[Batch]:
    """Longest first, each to the lightest bin (Graham's LPT rule), with as few bins as keep to the limit."""
    if not groups:
        return []
    heaviest_first = sorted(groups, key=lambda group: (-group.weight, group.loads[0].order))
    count = max(1, math.ceil(sum(group.weight for group in groups) / limit))
    bins = _dealt(heaviest_first, count)
    while max(bin_.weight for bin_ in bins) > limit * (1 + 1e-9) and count < len(groups):
        count += 1
        bins = _dealt(heaviest_first, count)
    batches = []
    for bin_ in bins:
        loads = sorted((load for group in bin_.groups for load in group.loads), key=lambda load: load.order)
        if loads:
            batches.append(Batch(tuple(loads), vectors=sum(len(load.keys) for load in loads), weight=bin_.weight))
    return batches


def _dealt(groups: Sequence[_Group], count: int) -> list[_Bin]:
    bins = [_Bin() for _ in range(count)]
    lightest = [(0.0, 0, number) for number in range(count)]
    for group in groups:
        _, _, number = heappop(lightest)
        bins[number].weight += group.weight
        bins[number].groups.append(group)
        # Modules that can't be read weigh nothing; they are spread as well.
        heappush(lightest, (bins[number].weight, len(bins[number].groups), number))
    return bins


def _rounded(limit: float) -> str:
    return f"{math.ceil(limit * 1.05):g}"
