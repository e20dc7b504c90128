"""Places on a chip's grid of cores: a core, a rectangle of cores, a set of rectangles.

Texts, JSON, equality and order are those of ttnn 0.81.1. Ranges compare by value but hash by identity there, so here.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from itertools import combinations
from typing import Any

from .errors import fatal, incompatible, throw

_UINT64 = 2**64 - 1


def compact_json(value: object) -> str:
    """JSON as ttnn writes it: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


class CoreCoord:
    """A core's column ``x`` and row ``y``."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_x", "_y")

    def __init__(self, *xy: Any) -> None:
        pair = xy[0] if len(xy) == 1 and isinstance(xy[0], (tuple, list)) else xy
        if len(pair) != 2 or not all(isinstance(part, int) and part >= 0 for part in pair):
            raise incompatible("CoreCoord", *xy)
        self._x, self._y = int(pair[0]), int(pair[1])

    @property
    def x(self) -> int:
        """The column."""
        return self._x

    @property
    def y(self) -> int:
        """The row."""
        return self._y

    def to_json(self) -> str:
        """``{"x":1,"y":2}``."""
        return compact_json(as_plain(self))

    @classmethod
    def from_json(cls, text: str) -> CoreCoord:
        """The coordinate that ``to_json`` wrote."""
        return _coord(parsed_json(text))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, CoreCoord):
            raise incompatible("__eq__", self, other)
        return self._x == other._x and self._y == other._y

    def __hash__(self) -> int:
        # boost::hash_combine over x and y, from 0: ttnn's number, so that recorded hashes can be compared.
        seed = 0
        for part in (self._x, self._y):
            seed ^= (part + 0x9E3779B9 + (seed << 6) + (seed >> 2)) & _UINT64
        return hash(seed)

    def __repr__(self) -> str:
        return f"{self._x}-{self._y}"


class CoreRange:
    """The rectangle of cores from ``start`` (top left) to ``end`` (bottom right), both included."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_end", "_start")

    def __init__(self, start: CoreCoord | Sequence[int], end: CoreCoord | Sequence[int]) -> None:
        first, last = _as_coord(start), _as_coord(end)
        if last.x < first.x or last.y < first.y:
            raise fatal(f"Invalid core range for start_coord: {first}, end_coord: {last}")
        self._start, self._end = first, last

    @property
    def start(self) -> CoreCoord:
        """The top left core."""
        return self._start

    @property
    def end(self) -> CoreCoord:
        """The bottom right core."""
        return self._end

    def grid_size(self) -> CoreCoord:
        """Columns and rows."""
        return CoreCoord(self._end.x - self._start.x + 1, self._end.y - self._start.y + 1)

    def contains(self, other: CoreCoord | CoreRange | CoreRangeSet) -> bool:
        """Whether every core of ``other`` lies in the rectangle."""
        return all(self._holds(part) for part in _ranges_of(other))

    def _holds(self, other: CoreRange) -> bool:
        columns = self._start.x <= other._start.x and other._end.x <= self._end.x
        return columns and self._start.y <= other._start.y and other._end.y <= self._end.y

    def to_json(self) -> str:
        """``{"end":{...},"start":{...}}``."""
        return compact_json(as_plain(self))

    @classmethod
    def from_json(cls, text: str) -> CoreRange:
        """The range that ``to_json`` wrote."""
        return _range(parsed_json(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CoreRange) and corners(self) == corners(other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"[{self._start} - {self._end}]"


def corners(core_range: CoreRange) -> tuple[int, int, int, int]:
    """Left, top, right, bottom: also the order in which ttnn keeps a set of ranges."""
    return core_range.start.x, core_range.start.y, core_range.end.x, core_range.end.y


def cores_of(core_range: CoreRange, *, row_wise: bool) -> Iterator[CoreCoord]:
    """Every core of a rectangle, along rows or along columns."""
    left, top, right, bottom = corners(core_range)
    columns, rows = range(left, right + 1), range(top, bottom + 1)
    if row_wise:
        return (CoreCoord(x, y) for y in rows for x in columns)
    return (CoreCoord(x, y) for x in columns for y in rows)


def _overlap(one: CoreRange, other: CoreRange) -> CoreRange | None:
    """The cores in both rectangles."""
    left, top = max(one.start.x, other.start.x), max(one.start.y, other.start.y)
    right, bottom = min(one.end.x, other.end.x), min(one.end.y, other.end.y)
    return CoreRange((left, top), (right, bottom)) if left <= right and top <= bottom else None


def _without(core_range: CoreRange, other: CoreRange) -> Iterator[CoreRange]:
    """The rectangles that remain: left and right of the overlap at full height, then above and below it."""
    hole = _overlap(core_range, other)
    if hole is None:
        yield core_range
        return
    left, top, right, bottom = corners(core_range)
    if left < hole.start.x:
        yield CoreRange((left, top), (hole.start.x - 1, bottom))
    if hole.end.x < right:
        yield CoreRange((hole.end.x + 1, top), (right, bottom))
    if top < hole.start.y:
        yield CoreRange((hole.start.x, top), (hole.end.x, hole.start.y - 1))
    if hole.end.y < bottom:
        yield CoreRange((hole.start.x, hole.end.y + 1), (hole.end.x, bottom))


class CoreRangeSet:
    """Rectangles that don't overlap; a list keeps its order, a set is ordered by corners. Equality minds the order."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_ranges",)

    def __init__(self, core_ranges: Collection[CoreRange]) -> None:
        if not isinstance(core_ranges, (Sequence, Set)) or not all(isinstance(part, CoreRange) for part in core_ranges):
            raise incompatible("CoreRangeSet", core_ranges)
        ranges = sorted(core_ranges, key=corners) if isinstance(core_ranges, Set) else list(core_ranges)
        for one, other in combinations(ranges, 2):
            if _overlap(one, other):
                raise throw(
                    "Cannot create CoreRangeSet with specified core ranges because core ranges "
                    f"{one} and {other} overlap!"
                )
        self._ranges = ranges

    def ranges(self) -> list[CoreRange]:
        """The rectangles in their order."""
        return list(self._ranges)

    def size(self) -> int:
        """The number of rectangles."""
        return len(self._ranges)

    def empty(self) -> bool:
        """Whether there is no rectangle."""
        return not self._ranges

    def num_cores(self) -> int:
        """The number of cores."""
        return sum(part.grid_size().x * part.grid_size().y for part in self._ranges)

    def bounding_box(self) -> CoreRange:
        """The smallest rectangle around all of them."""
        if not self._ranges:
            raise fatal("Cannot get bounding_box of an empty CoreRangeSet!", "!this->ranges().empty()")
        lefts, tops, rights, bottoms = zip(*map(corners, self._ranges), strict=True)
        return CoreRange((min(lefts), min(tops)), (max(rights), max(bottoms)))

    def contains(self, other: CoreCoord | CoreRange | CoreRangeSet) -> bool:
        """Whether every rectangle of ``other`` lies within a single rectangle of this set."""
        return all(any(own.contains(part) for own in self._ranges) for part in _ranges_of(other))

    def merge(self, other: CoreRangeSet) -> CoreRangeSet:
        """The cores of both, as runs along rows joined downwards where their columns are the same."""
        cores = {(core.x, core.y) for part in self._ranges + other._ranges for core in cores_of(part, row_wise=True)}
        return _joined_rows(cores)

    def subtract(self, other: CoreRangeSet) -> CoreRangeSet:
        """The cores of this set that aren't in ``other``."""
        nothing = CoreRangeSet([])
        remaining = self.merge(nothing)._ranges
        for hole in other.merge(nothing)._ranges:
            remaining = [piece for part in remaining for piece in _without(part, hole)]
        return CoreRangeSet(remaining)

    def to_json(self) -> str:
        """A list of ranges."""
        return compact_json(as_plain(self))

    @classmethod
    def from_json(cls, text: str) -> CoreRangeSet:
        """The set that ``to_json`` wrote."""
        return range_set_from_plain(parsed_json(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CoreRangeSet) and self._ranges == other._ranges

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self._ranges)) + "}"


class CoreGrid:
    """A number of columns ``x`` and rows ``y``; compared by identity, as in ttnn."""

    __module__ = "ttnn._ttnn.types"
    __slots__ = ("_x", "_y")

    def __init__(self, *, x: int, y: int) -> None:
        if not all(isinstance(part, int) and part >= 0 for part in (x, y)):
            raise incompatible("CoreGrid", x, y)
        self._x, self._y = x, y

    @property
    def x(self) -> int:
        """Columns."""
        return self._x

    @property
    def y(self) -> int:
        """Rows."""
        return self._y

    @property
    def num_cores(self) -> int:
        """Columns times rows."""
        return self._x * self._y

    def __repr__(self) -> str:
        return f"ttnn.CoreGrid(x={self._x}, y={self._y})"


def num_cores_to_corerangeset(
    target_num_cores: int, grid_size: CoreCoord | Sequence[int], row_wise: bool = False
) -> CoreRangeSet:
    """The first ``target_num_cores`` cores of a grid, whole rows (or columns) first, then the rest of the next one."""
    grid = _as_coord(grid_size)
    available = grid.x * grid.y
    if target_num_cores > available:
        raise fatal(
            f"Target number of cores {target_num_cores} is greater than total number of available cores {available}",
            "target_num_cores <= total_available_cores",
        )
    line = grid.x if row_wise else grid.y
    whole, rest = divmod(target_num_cores, line)
    spans = [(0, 0, line - 1, whole - 1)] if whole else []
    spans += [(0, whole, rest - 1, whole)] if rest else []
    if not row_wise:
        spans = [(top, left, bottom, right) for left, top, right, bottom in spans]
    return CoreRangeSet([CoreRange((left, top), (right, bottom)) for left, top, right, bottom in spans])


def corerange_to_cores(
    core_range_set: CoreRangeSet, max_cores: int | None = None, row_wise: bool = False
) -> list[CoreCoord]:
    """The cores of a set, range by range, at most ``max_cores`` of them."""
    cores = [core for part in core_range_set.ranges() for core in cores_of(part, row_wise=row_wise)]
    return cores[:max_cores]


def as_plain(value: CoreCoord | CoreRange | CoreRangeSet) -> Any:
    """The dicts and lists that ttnn's JSON consists of."""
    if isinstance(value, CoreCoord):
        return {"x": value.x, "y": value.y}
    if isinstance(value, CoreRange):
        return {"end": as_plain(value.end), "start": as_plain(value.start)}
    return [as_plain(part) for part in value.ranges()]


def parsed_json(text: str) -> Any:
    """``text`` as JSON; ``RuntimeError`` as ttnn's parser raises when it isn't any."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise RuntimeError(f"[json.exception.parse_error.101] {error}") from None


def range_set_from_plain(plain: Any) -> CoreRangeSet:
    """The set whose ``as_plain`` is ``plain``."""
    return CoreRangeSet([_range(part) for part in plain])


def _coord(plain: Any) -> CoreCoord:
    return CoreCoord(plain["x"], plain["y"])


def _range(plain: Any) -> CoreRange:
    return CoreRange(_coord(plain["start"]), _coord(plain["end"]))


def _as_coord(value: CoreCoord | Sequence[int]) -> CoreCoord:
    return value if isinstance(value, CoreCoord) else CoreCoord(*value)


def _ranges_of(value: CoreCoord | CoreRange | CoreRangeSet) -> Iterable[CoreRange]:
    if isinstance(value, CoreRangeSet):
        return value.ranges()
    return [CoreRange(value, value) if isinstance(value, CoreCoord) else value]


def _joined_rows(cores: set[tuple[int, int]]) -> CoreRangeSet:
    finished: list[tuple[int, int, int, int]] = []
    open_spans: dict[tuple[int, int], int] = {}  # columns of a run -> the row it began in
    for y in range(min((y for _, y in cores), default=0), max((y for _, y in cores), default=-1) + 2):
        spans: list[tuple[int, int]] = []
        for x in sorted(x for x, row in cores if row == y):
            if spans and spans[-1][1] == x - 1:
                spans[-1] = (spans[-1][0], x)
            else:
                spans.append((x, x))
        ended = [span for span in open_spans if span not in spans]
        finished.extend((left, open_spans.pop((left, right)), right, y - 1) for left, right in ended)
        for span in spans:
            open_spans.setdefault(span, y)
    return CoreRangeSet([CoreRange((left, top), (right, bottom)) for left, top, right, bottom in sorted(finished)])
