"""Cases: enumerations, shapes, tiles, coordinates and grids."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BOARD = "n150"
NEEDS_DEVICE = False

_ENUMERATIONS = [
    "DataType", "Layout", "BufferType", "TensorMemoryLayout", "StorageType", "ShardOrientation", "ShardStrategy",
    "ShardDistributionStrategy", "MathFidelity", "BcastOpMath", "BcastOpDim", "EmbeddingsType", "LossReductionMode",
    "UnaryOpType", "ThrottleLevel",
]  # fmt: skip
_CLASSES = [
    "CoreCoord", "CoreRange", "CoreRangeSet", "CoreGrid", "Shape", "Tile", "ShardSpec", "NdShardSpec",
    "MemoryConfig", "Tensor",
]  # fmt: skip
_CONSTANTS = [
    "bfloat16", "float32", "bfloat8_b", "bfloat4_b", "uint8", "uint16", "uint32", "int8", "int32", "TILE_LAYOUT",
    "ROW_MAJOR_LAYOUT",
]  # fmt: skip
_SOME_RANGES = [
    [[(1, 5, 2, 7), (3, 5, 3, 7)], [(1, 6, 5, 6)]],
    [[(0, 2, 6, 5), (6, 0, 6, 0)], [(5, 4, 6, 6), (4, 1, 4, 3), (0, 0, 1, 0), (1, 3, 3, 7)]],
    [[(3, 0, 4, 0), (5, 5, 6, 5), (4, 1, 4, 3)], [(0, 3, 1, 7), (6, 3, 6, 5), (4, 4, 4, 4)]],
    [[(3, 0, 5, 5), (6, 2, 7, 6)], [(1, 1, 1, 2), (4, 3, 5, 3)]],
    [[(6, 3, 7, 6), (0, 4, 5, 5)], [(5, 6, 7, 7)]],
    [[(1, 4, 4, 7), (6, 3, 7, 7), (0, 2, 0, 3)], [(0, 5, 2, 6)]],
    [[(0, 0, 0, 0)], [(0, 0, 0, 0)]],
]
_CORE_COUNTS = [
    (1, (8, 8), False), (8, (8, 8), False), (8, (8, 8), True), (10, (8, 8), False), (10, (8, 8), True),
    (16, (8, 8), True), (64, (8, 8), True), (65, (8, 8), False), (0, (8, 8), False), (12, (4, 3), True),
    (13, (4, 3), True), (5, (2, 3), False), (5, (2, 3), True),
]  # fmt: skip


def _grid(t: Any, corners: list[tuple[int, int, int, int]]) -> Any:
    ranges = [t.CoreRange(t.CoreCoord(left, top), t.CoreCoord(right, bottom)) for left, top, right, bottom in corners]
    return t.CoreRangeSet(ranges)


def _pair(t: Any, pair: Any) -> tuple[Any, Any]:
    return _grid(t, pair[0]), _grid(t, pair[1])


def _tile(t: Any, sides: list[int]) -> Any:
    tile = t.Tile(sides)
    sizes = {dtype.name: tile.get_tile_size(dtype) for dtype in t.DataType if dtype.name not in ("INVALID", "FP8_E4M3")}
    return repr(tile), tile.tile_shape, tile.face_shape, tile.num_faces, tile.partial_face, tile.narrow_tile, sizes


CASES: dict[str, Callable[[Any], Any]] = {
    **{
        f"members of {name}": lambda t, name=name: [
            (member.name, member.value, repr(member), str(member)) for member in getattr(t, name)
        ]
        for name in _ENUMERATIONS
    },
    **{
        f"module of {name}": lambda t, name=name: str(getattr(t, name)).replace("nanobind.nb_type", "type")
        for name in (*_ENUMERATIONS, *_CLASSES)
    },
    **{f"constant {name}": lambda t, name=name: getattr(t, name) for name in _CONSTANTS},
    "an enumeration's unknown value": lambda t: t.Layout(7),
    "shape text": lambda t: [t.Shape([1, 2, 3]), str(t.Shape(())), t.Shape(shape=[4])],
    "shape of a shape": lambda t: t.Shape(t.Shape([1, 2])),
    "shape of negatives": lambda t: t.Shape([-1, 2]),
    "shape of fractions": lambda t: t.Shape([1.5]),
    "shape of a generator": lambda t: t.Shape(size for size in [1, 2]),
    "shape of huge sizes": lambda t: t.Shape([2**32]),
    "shape indices": lambda t: [t.Shape([5, 2])[index] for index in (0, 1, -1, -2, -3, -4)],
    "shape index too large": lambda t: t.Shape([5, 2])[2],
    "shape index too small": lambda t: t.Shape([5, 2])[-5],
    "shape of rank 5, index too small": lambda t: t.Shape([1, 2, 3, 4, 5])[-6],
    "shape sliced": lambda t: t.Shape([1, 2])[0:1],
    "shape equality": lambda t: [
        t.Shape([1, 2]) == other for other in ([1, 2], (1, 2), [1.0, 2], [1, 1, 2], 5, None, "12", t.Shape([1, 2]))
    ],
    "shape inequality": lambda t: [t.Shape([1, 2]) != [1, 2], t.Shape([1, 2]) == [1, 2]],
    "shape rank": lambda t: [t.Shape([1, 1, 5]).rank, len(t.Shape([])), t.Shape([1, 1, 5]).to_rank(1)],
    "shape to higher rank": lambda t: t.Shape([2, 5]).to_rank(4),
    "shape to too low a rank": lambda t: t.Shape([2, 5]).to_rank(1),
    "shape membership": lambda t: [2 in t.Shape([2, 3]), list(t.Shape([2, 3])), tuple(t.Shape([]))],
    **{
        f"tile {sides}": lambda t, sides=sides: _tile(t, sides)
        for sides in ([h, w] for h in (1, 2, 4, 8, 16, 32, 64) for w in (8, 16, 32))
    },
    "tile equality": lambda t: [t.Tile([32, 32]) == t.Tile((32, 32)), t.Tile([16, 32]) == t.Tile([32, 32])],
    "tile transposed": lambda t: [
        t.Tile([32, 32], True) == t.Tile([32, 32]),
        t.Tile([32, 32], True).transpose_of_faces,
    ],
    "tile of one side": lambda t: t.Tile([32]),
    "coordinate text": lambda t: [t.CoreCoord(1, 2), str(t.CoreCoord((3, 4)))],
    "coordinate json": lambda t: [t.CoreCoord(1, 2).to_json(), t.CoreCoord.from_json('{"x":5,"y":6}')],
    "coordinate equality": lambda t: [
        t.CoreCoord(1, 2) == t.CoreCoord(1, 2),
        t.CoreCoord(1, 2) != t.CoreCoord(1, 2),
        t.CoreCoord(0, 0) == t.CoreCoord(0, 1),
    ],
    "coordinate against a number": lambda t: t.CoreCoord(1, 2) == 5,
    "coordinate hashes": lambda t: [hash(t.CoreCoord(x, y)) for x, y in ((0, 0), (0, 1), (1, 0), (7, 7), (12, 9))],
    "coordinate below zero": lambda t: t.CoreCoord(-1, 2),
    "coordinate by name": lambda t: t.CoreCoord(x=1, y=2),
    "coordinate assigned": lambda t: setattr(t.CoreCoord(1, 2), "x", 3),
    "range text": lambda t: [t.CoreRange(t.CoreCoord(0, 0), t.CoreCoord(3, 1)), t.CoreRange((0, 0), (1, 1))],
    "range parts": lambda t: (lambda r: [r.start, r.end, r.grid_size(), r.to_json()])(t.CoreRange((1, 2), (3, 4))),
    "range from json": lambda t: t.CoreRange.from_json('{"end":{"x":3,"y":1},"start":{"x":0,"y":0}}'),
    "range reversed": lambda t: t.CoreRange(t.CoreCoord(3, 3), t.CoreCoord(0, 0)),
    "range equality": lambda t: [
        t.CoreRange((0, 0), (1, 1)) == t.CoreRange((0, 0), (1, 1)),
        t.CoreRange((0, 0), (1, 1)) == 1,
    ],
    "range contains": lambda t: [
        t.CoreRange((0, 0), (3, 1)).contains(other)
        for other in (t.CoreCoord(1, 1), t.CoreCoord(4, 1), t.CoreRange((0, 0), (1, 1)), _grid(t, [(0, 0, 4, 4)]))
    ],
    "ranges in a list keep their order": lambda t: _grid(t, [(0, 7, 3, 7), (0, 0, 7, 6)]),
    "ranges in a set are sorted": lambda t: t.CoreRangeSet(
        set(_grid(t, [(3, 0, 3, 0), (0, 3, 0, 4), (1, 1, 2, 1)]).ranges())
    ),
    "ranges in another order differ": lambda t: (
        _grid(t, [(0, 7, 3, 7), (0, 0, 7, 6)]) == _grid(t, [(0, 0, 7, 6), (0, 7, 3, 7)])
    ),
    "ranges json": lambda t: [
        _grid(t, [(0, 0, 7, 6), (0, 7, 3, 7)]).to_json(),
        _grid(t, []).to_json(),
        t.CoreRangeSet.from_json("[]"),
    ],
    "ranges counted": lambda t: (lambda g: [g.num_cores(), g.size(), g.empty(), g.ranges(), g.bounding_box()])(
        _grid(t, [(0, 0, 7, 6), (0, 7, 3, 7)])
    ),
    "ranges that overlap": lambda t: _grid(t, [(0, 0, 3, 3), (2, 2, 4, 4)]),
    "no ranges": lambda t: [_grid(t, []), _grid(t, []).num_cores()],
    "no ranges, bounding box": lambda t: _grid(t, []).bounding_box(),
    "ranges of a range": lambda t: t.CoreRangeSet(t.CoreRange((0, 0), (1, 1))),
    "ranges of coordinates": lambda t: t.CoreRangeSet([t.CoreCoord(0, 0)]),
    **{
        f"ranges {index} merged, subtracted, contained": lambda t, pair=pair: (
            lambda a, b: [a.merge(b), a.subtract(b), a.contains(b), b.contains(a)]
        )(*_pair(t, pair))
        for index, pair in enumerate(_SOME_RANGES)
    },
    "cores of ranges": lambda t: [
        t.corerange_to_cores(_grid(t, [(0, 0, 1, 2), (3, 0, 4, 0)]), *rest) for rest in ((), (None, True), (3, True))
    ],
    "grid": lambda t: (lambda g: [g, str(g), g.x, g.y, g.num_cores, g == t.CoreGrid(x=8, y=7)])(t.CoreGrid(x=8, y=7)),
    "grid by position": lambda t: t.CoreGrid(8, 7),
    **{
        f"{count} cores of {size}{', by rows' if row_wise else ''}": (
            lambda t, count=count, size=size, row_wise=row_wise: t.num_cores_to_corerangeset(
                count, t.CoreCoord(*size), row_wise
            )
        )
        for count, size, row_wise in _CORE_COUNTS
    },
}
