"""Which vectors to look at first: the slowest, the furthest from the roofline, the least steady, the largest.

The terminal and ``ttnn-sweeps results perf`` show the same tables of it. Imports no pydantic: a session that has just
measured something shows them too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Literal

from pytest_ttnn_sweeps.results.analysis.quantities import duration, rate, share, size
from pytest_ttnn_sweeps.results.analysis.visible import cut, visible_line

Aspect = Literal["time", "device", "roofline", "spread", "memory"]
ASPECTS: tuple[Aspect, ...] = ("time", "device", "roofline", "spread", "memory")

BOUND, NO_RATIO, NO_MEMORY = "roofline_bound", "roofline_missing", "memory_missing"
NOTES = (BOUND, NO_RATIO, NO_MEMORY)
"""The notes that the tables tell of."""
NOT_SILICON = {
    "emulated": "an emulation ran this on the host: its times say nothing of a device",
    "mock": "a mock device computes nothing: its times say nothing of a device",
    "simulator": "a simulator ran this: its times say nothing of a device",
}
"""By the name of the provider."""
_MOST_REASONS = 3
_LONGEST_REASON = 160


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured of one vector: metrics and notes by name."""

    name: str
    metrics: Mapping[str, float]
    notes: Mapping[str, str]
    passed: bool
    run: str = ""
    """Which run, where there are several."""
    identity: tuple[str, str, str] = ("", "", "")
    """Module, suite and vector id, where the tables are data."""

    def get(self, name: str) -> float | None:
        """The metric; None where there is none, or no finite one."""
        value = self.metrics.get(name)
        return value if value is not None and isfinite(value) else None

    @property
    def clock(self) -> Literal["e2e", "run"] | None:
        """What was timed: what the sweep measures itself, else the whole call.

        None without a time, and where the only execution is one that failed: nothing was timed then.
        """
        if self.get("e2e_ms") is not None and (self.passed or "run_ms" in self.metrics):
            return "e2e"
        return "run" if self.get("run_ms") is not None else None

    @property
    def time_ns(self) -> float | None:
        value = self.get(f"{self.clock}_ms")
        return None if value is None else value * 1e6

    @property
    def interval_ns(self) -> tuple[float, float] | None:
        """Of the median; None where there were too few samples for one."""
        low, high = self.get(f"{self.clock}_low_ms"), self.get(f"{self.clock}_high_ms")
        return None if low is None or high is None else (low * 1e6, high * 1e6)

    @property
    def spread(self) -> float | None:
        """The median absolute deviation over the median; None where nothing was timed twice."""
        deviation, time = self.get(f"{self.clock}_mad_ms"), self.time_ns
        return deviation * 1e6 / time if deviation is not None and time else None

    @property
    def is_bistable(self) -> bool:
        return bool(self.get(f"{self.clock}_bistable"))

    @property
    def peak_l1(self) -> float | None:
        """Bytes a core; where programs aren't known, of tensors alone."""
        peak = self.get("peak_l1_bytes_per_core")
        return self.get("peak_l1_buffer_bytes_per_core") if peak is None else peak

    def own(self, name: str) -> float | None:
        """The package's own count, which has a name of its own where the sweep reports another number."""
        measured = self.get(f"measured_{name}")
        return self.get(name) if measured is None else measured

    @property
    def roofline_time_ns(self) -> float | None:
        """The time that the ratio is to; None without a ratio."""
        ideal, ratio = self.get("ideal_ns"), self.get("roofline_ratio")
        return ideal / ratio if ideal is not None and ratio else None


@dataclass(frozen=True, slots=True)
class Ranking:
    """A table: its vectors have a key, the smallest first; cells are texts, empty where there is nothing to tell."""

    aspect: Aspect
    title: str
    key: Callable[[Figures], tuple[float, ...] | None]
    columns: Mapping[str, Callable[[Figures], str]]


def _descending(value: float | None) -> tuple[float, ...] | None:
    return None if value is None else (-value,)


def _furthest(figures: Figures) -> tuple[float, ...] | None:
    ratio = figures.get("roofline_ratio")
    # Launching takes longer than the work: their ratios are small and say little.
    return None if ratio is None else (float(figures.notes.get(BOUND) == "launch"), ratio)


def _ideal(figures: Figures) -> tuple[float, ...] | None:
    return None if figures.get("roofline_ratio") is not None else _descending(figures.get("ideal_ns"))


def _least_steady(figures: Figures) -> tuple[float, ...] | None:
    spread = figures.spread
    # The median of two modes is neither; the deviation from it may be small all the same.
    return None if spread is None else (float(not figures.is_bistable), -spread)


def _largest(figures: Figures) -> tuple[float, ...] | None:
    peak = figures.peak_l1
    return None if peak is None else (-peak, -(figures.get("peak_dram_bytes") or 0.0))


def _metric(name: str, text: Callable[[float], str], *, own: bool = False) -> Callable[[Figures], str]:
    def cell(figures: Figures) -> str:
        value = figures.own(name) if own else figures.get(name)
        return "" if value is None else text(value)

    return cell


def _of(value: Callable[[Figures], float | None], text: Callable[[float], str]) -> Callable[[Figures], str]:
    def cell(figures: Figures) -> str:
        found = value(figures)
        return "" if found is None else text(found)

    return cell


def _interval(figures: Figures) -> str:
    interval = figures.interval_ns
    return "" if interval is None else f"{duration(interval[0])} to {duration(interval[1])}"


def _per_second(name: str, unit: str) -> Callable[[Figures], str]:
    def cell(figures: Figures) -> str:
        count, time = figures.own(name), figures.roofline_time_ns
        return rate(count / time * 1e9, unit) if count and time else ""

    return cell


def _milliseconds(value: float) -> str:
    return duration(value * 1e6)


_TIME = {"time": _of(lambda figures: figures.time_ns, duration), "of": lambda figures: figures.clock or ""}
_BOUND = {"bound": lambda figures: figures.notes.get(BOUND, "")}
_RANKINGS = (
    Ranking(
        "time",
        "slowest",
        lambda figures: _descending(figures.time_ns),
        {
            **_TIME,
            "95 % interval": _interval,
            "first e2e": _metric("first_e2e_ms", _milliseconds),
            "whole call": _metric("run_ms", _milliseconds),
            "processor": _metric("run_cpu_ms", _milliseconds),
        },
    ),
    Ranking(
        "device",
        "slowest on the device",
        lambda figures: _descending(figures.get("device_kernel_ns")),
        {
            "kernels": _metric("device_kernel_ns", duration),
            "firmware": _metric("device_fw_ns", duration),
            "operations": _metric("device_ops", lambda value: f"{value:.0f}"),
            **_TIME,
        },
    ),
    Ranking(
        "roofline",
        "furthest from the roofline",
        _furthest,
        {
            "of ideal": _metric("roofline_ratio", share),
            "ideal": _metric("ideal_ns", duration),
            "measured": _of(lambda figures: figures.roofline_time_ns, duration),
            **_BOUND,
            "computing": _per_second("flop_count", "flop/s"),
            "DRAM": _per_second("byte_count", "B/s"),
        },
    ),
    Ranking(
        "roofline",
        "longest ideal times, without a time to hold against",
        _ideal,
        {
            "ideal": _metric("ideal_ns", duration),
            **_BOUND,
            "flop": _metric("flop_count", lambda value: rate(value, "flop"), own=True),
            "DRAM": _metric("byte_count", size, own=True),
        },
    ),
    Ranking(
        "spread",
        "largest spread of times",
        _least_steady,
        {
            "deviation": _of(lambda figures: figures.spread, share),
            **_TIME,
            "95 % interval": _interval,
            "modes": lambda figures: "two" if figures.is_bistable else "",
        },
    ),
    Ranking(
        "memory",
        "most L1 of a core",
        _largest,
        {
            "L1 a core": _of(lambda figures: figures.peak_l1, size),
            "of all": _metric("l1_share", share),
            "programs": _metric("peak_cb_bytes_per_core", size),
            "tensors": _metric("peak_l1_buffer_bytes_per_core", size),
            "DRAM": _metric("peak_dram_bytes", size),
        },
    ),
)


@dataclass(frozen=True, slots=True)
class RankedTable:
    """A table to show: the vector is the last column, and columns without any text are left out."""

    aspect: Aspect
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    figures: Sequence[Figures]
    """Of each row."""
    total: int
    """How many vectors there were to choose from."""


class Performance:
    """Takes the figures of vectors and keeps those that come first: ``most`` of each table, all for 0."""

    def __init__(self, aspects: Sequence[Aspect] = ASPECTS, *, most: int) -> None:
        self._leaders = [_Leaders(ranking, most) for ranking in _RANKINGS if ranking.aspect in aspects]
        self._aspects = aspects
        self._bistable = self._launch = self._untimed = 0
        self._missing: Counter[tuple[str, str]] = Counter()

    def add(self, figures: Figures) -> None:
        for leaders in self._leaders:
            leaders.add(figures)
        self._bistable += figures.is_bistable
        self._untimed += figures.clock == "e2e" and "run_ms" not in figures.metrics
        self._launch += figures.get("roofline_ratio") is not None and figures.notes.get(BOUND) == "launch"
        for name, aspect in ((NO_RATIO, "roofline"), (NO_MEMORY, "memory")):
            if name in figures.notes and aspect in self._aspects:
                self._missing[name, figures.notes[name]] += 1

    def tables(self) -> Iterator[RankedTable]:
        """Those that have a row."""
        for leaders in self._leaders:
            found = leaders.first()
            if found:
                yield _table(leaders.ranking, found, leaders.total)

    def remarks(self, providers: Sequence[str | None]) -> Iterator[str]:
        """What to know of the tables, of runs on these providers."""
        clocks = {figures.clock for leaders in self._leaders for figures in leaders.first()} - {None}
        has_times = any(aspect in self._aspects for aspect in ("time", "spread"))
        if not has_times:
            clocks = set()
        if clocks:
            words = {"e2e": "e2e is what the sweep itself measures", "run": "run is its whole call"}
            told = ", ".join(words[clock] for clock in ("e2e", "run") if clock in clocks)
            yield f"times are by the host's clock, the median of the timed executions: {told}"
        if clocks and self._untimed:
            yield f"{_vectors(self._untimed)} without timed executions: the time is the verdict's, which compiles"
        for provider in dict.fromkeys(providers):
            if clocks and provider in NOT_SILICON:
                yield NOT_SILICON[provider]
        if "spread" in self._aspects and self._bistable:
            yield f"{_vectors(self._bistable)} with two modes: the median is neither of them"
        if "roofline" in self._aspects and self._launch:
            yield f"{_vectors(self._launch)} bound by launching, last in the table: the ratio says little there"
        order = sorted(self._missing.items(), key=lambda item: (-item[1], item[0]))
        for (name, reason), count in order[:_MOST_REASONS]:
            yield f"{name} {count}x: {cut(visible_line(reason), _LONGEST_REASON)}"
        if len(order) > _MOST_REASONS:
            yield f"... and {len(order) - _MOST_REASONS} more reasons"


class _Leaders:
    """The first of a ranking, without holding the others."""

    def __init__(self, ranking: Ranking, most: int) -> None:
        self.ranking = ranking
        self.total = 0
        self._most = most
        self._kept: list[tuple[tuple[float, ...], str, str, Figures]] = []

    def add(self, figures: Figures) -> None:
        key = self.ranking.key(figures)
        if key is None:
            return
        self.total += 1
        self._kept.append((key, figures.name, figures.run, figures))
        if self._most and len(self._kept) > 2 * self._most + 100:
            self._trim()

    def first(self) -> list[Figures]:
        self._trim()
        return [entry[-1] for entry in self._kept]

    def _trim(self) -> None:
        # By name where keys are equal: workers report in any order.
        self._kept.sort(key=lambda entry: entry[:3])
        if self._most:
            del self._kept[self._most :]


def _table(ranking: Ranking, found: Sequence[Figures], total: int) -> RankedTable:
    columns = dict(ranking.columns)
    if any(figures.run for figures in found):
        columns["run"] = lambda figures: figures.run
    columns["vector"] = lambda figures: visible_line(figures.name)
    cells = {name: [cell(figures) for figures in found] for name, cell in columns.items()}
    kept = {name: column for name, column in cells.items() if any(column)}
    rows = list(zip(*kept.values()))
    return RankedTable(ranking.aspect, ranking.title, list(kept), rows, found, total)


def _vectors(count: int) -> str:
    return f"{count} vector{'' if count == 1 else 's'}"
