"""Logical shapes, and the tile that a tiled tensor's last two dimensions are padded to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from .enums import DataType
from .errors import fatal, incompatible, throw

TILE_SIZE = 32
_LARGEST_DIMENSION = 2**32 - 1
_LEAST_INDEXABLE_RANK = 4


def as_dimensions(shape: object, function: str) -> tuple[int, ...]:
    """``shape`` as a tuple of dimensions; ``TypeError`` in ``function``'s name when it isn't a sequence of sizes."""
    if isinstance(shape, Shape):
        return shape.dimensions
    try:
        if not hasattr(shape, "__len__"):
            raise TypeError
        dimensions = tuple(size.__index__() for size in shape)  # type: ignore[attr-defined]
    except (TypeError, AttributeError):
        raise incompatible(function, shape) from None
    if any(not 0 <= size <= _LARGEST_DIMENSION for size in dimensions):
        raise incompatible(function, shape)
    return dimensions


class Shape:
    """The sizes of a tensor's dimensions; equal to any sequence of the same numbers, hashed by identity as ttnn does.

    A shape can be indexed as if it had at least four dimensions: ``Shape([5, 2])[-4]`` is 1.
    """

    __module__ = "ttnn._ttnn.types"
    __slots__ = ("dimensions",)

    dimensions: tuple[int, ...]

    def __init__(self, shape: Sequence[int] | Shape) -> None:
        self.dimensions = as_dimensions(shape, "Shape")

    @property
    def rank(self) -> int:
        """The number of dimensions."""
        return len(self.dimensions)

    def to_rank(self, rank: int) -> Shape:
        """The same shape with leading ones added or dropped; an error when a dropped dimension isn't one."""
        dropped = len(self.dimensions) - rank
        if any(size != 1 for size in self.dimensions[: max(dropped, 0)]):
            raise fatal("Can't convert shape rank", "self[cur_idx] == 1")
        return Shape((1,) * -dropped + self.dimensions[max(dropped, 0) :])

    def __len__(self) -> int:
        return len(self.dimensions)

    def __iter__(self) -> Iterator[int]:
        return iter(self.dimensions)

    def __getitem__(self, index: int) -> int:
        try:
            position = index.__index__()
        except AttributeError:
            raise incompatible("__getitem__", self, index) from None
        rank = len(self.dimensions)
        lowest = -max(rank, _LEAST_INDEXABLE_RANK)
        if not lowest <= position < rank:
            raise throw(f"ShapeBase[] index out of range. {position} not in [{lowest}, {rank})")
        return self.dimensions[position] if position >= -rank else 1

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Shape):
            return self.dimensions == other.dimensions
        if not isinstance(other, Sequence) or isinstance(other, str):
            return False
        return len(self.dimensions) == len(other) and all(
            hasattr(size, "__index__") and own == size for own, size in zip(self.dimensions, other, strict=True)
        )

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Shape({list(self.dimensions)})"


_FACE_SIDE = 16
_TILES = {(height, width) for height in (1, 2, 4, 8, 16, 32) for width in (16, 32)}
_ELEMENT_BYTES = {
    DataType.BFLOAT16: 2,
    DataType.FLOAT32: 4,
    DataType.UINT32: 4,
    DataType.UINT8: 1,
    DataType.UINT16: 2,
    DataType.INT32: 4,
    DataType.FP8_E4M3: 1,
    DataType.INT8: 1,
}
_BLOCK_FLOATS_IN_A_BYTE = {DataType.BFLOAT8_B: 1, DataType.BFLOAT4_B: 2}
_EXPONENT_ALIGNMENT = 16


def element_bytes(dtype: DataType) -> int:
    """Bytes of one element in a row-major page."""
    try:
        return _ELEMENT_BYTES[dtype]
    except KeyError:
        raise throw("Unsupported DataType") from None


class Tile:
    """A tile of ``height`` by ``width`` elements, made of faces of at most 16 by 16."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_height", "_width", "transpose_within_face")

    def __init__(self, tile_shape: Sequence[int] = (TILE_SIZE, TILE_SIZE), transpose_tile: bool = False) -> None:
        sides = as_dimensions(tile_shape, "Tile")
        if len(sides) != 2:
            raise incompatible("Tile", tile_shape)
        if sides not in _TILES:
            raise fatal("Tile size is not valid for our hardware", "it != TILE_FACE_HW_CHOICES.end()")
        self._height, self._width = sides
        self.transpose_within_face = bool(transpose_tile)

    @property
    def transpose_of_faces(self) -> bool:
        """Whether the faces are stored transposed; always as the elements within them."""
        return self.transpose_within_face

    @property
    def tile_shape(self) -> list[int]:
        """Height and width in elements."""
        return [self._height, self._width]

    @property
    def face_shape(self) -> list[int]:
        """Height and width of one face in elements."""
        return [min(self._height, _FACE_SIDE), _FACE_SIDE]

    @property
    def num_faces(self) -> int:
        """How many faces make up the tile."""
        return self._height * self._width // (self.face_shape[0] * _FACE_SIDE)

    @property
    def partial_face(self) -> int:
        """1 when the tile is at most one face high."""
        return int(self._height <= _FACE_SIDE)

    @property
    def narrow_tile(self) -> int:
        """1 when the tile is one face wide."""
        return int(self._width == _FACE_SIDE)

    def get_tile_size(self, dtype: DataType) -> int:
        """Bytes of one stored tile; block floats add one exponent byte per face row, rounded up to 16 of them."""
        return _tile_bytes(self._height, self._width, dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tile) and (self._height, self._width) == (other._height, other._width)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Tile with shape: {self.tile_shape}"


@cache
def _tile_bytes(height: int, width: int, dtype: DataType) -> int:
    elements = height * width
    if dtype in _BLOCK_FLOATS_IN_A_BYTE:
        exponents = elements // _FACE_SIDE
        padded_exponents = -(-exponents // _EXPONENT_ALIGNMENT) * _EXPONENT_ALIGNMENT
        return elements // _BLOCK_FLOATS_IN_A_BYTE[dtype] + padded_exponents
    return elements * element_bytes(dtype)
