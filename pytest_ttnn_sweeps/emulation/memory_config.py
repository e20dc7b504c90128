"""Where a tensor's pages live: interleaved over banks, or in shards on cores.

Texts, JSON and equality are those of ttnn 0.81.1, oddities included: ``ShardSpec``'s text drops a brace after each
range, and a tensor's own configuration equals the one it was asked for but hashes differently, because the tensor's
carries the derived n-dimensional specification.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .coordinates import CoreRangeSet, as_plain, compact_json, corners, parsed_json, range_set_from_plain
from .enums import BufferType, ShardDistributionStrategy, ShardOrientation, TensorMemoryLayout
from .errors import NotEmulated, incompatible
from .shape import Shape, as_dimensions


def _cpp(member: BufferType | TensorMemoryLayout | ShardOrientation | ShardDistributionStrategy) -> str:
    return f"{type(member).__name__}::{member.name}"


def _grid_text(grid: CoreRangeSet, closing: str) -> str:
    return ", ".join(
        f'{{"start":{{"x":{left},"y":{top}}},"end":{{"x":{right},"y":{bottom}}}{closing}'
        for left, top, right, bottom in map(corners, grid.ranges())
    )


class ShardSpec:
    """Shards of ``shape`` (height, width in elements) laid over the cores of ``grid`` in ``orientation``'s order."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_shape", "grid", "orientation")

    def __init__(self, grid: CoreRangeSet, shard_shape: Sequence[int], shard_orientation: ShardOrientation) -> None:
        if not isinstance(grid, CoreRangeSet) or not isinstance(shard_orientation, ShardOrientation):
            raise incompatible("ShardSpec", grid, shard_shape, shard_orientation)
        self.grid = grid
        self.shape = shard_shape
        self.orientation = shard_orientation

    @property
    def shape(self) -> list[int]:
        """Height and width of a shard in elements."""
        return list(self._shape)

    @shape.setter
    def shape(self, shard_shape: Sequence[int]) -> None:
        sides = as_dimensions(shard_shape, "ShardSpec")
        if len(sides) != 2:
            raise incompatible("ShardSpec", shard_shape)
        self._shape = sides

    def num_cores(self) -> int:
        """The number of cores in the grid."""
        return self.grid.num_cores()

    def to_json(self) -> str:
        """Grid, orientation (a number) and shape."""
        return compact_json(self._plain())

    @classmethod
    def from_json(cls, text: str) -> ShardSpec:
        """The specification that ``to_json`` wrote."""
        return cls._from_plain(parsed_json(text))

    def _plain(self) -> dict[str, Any]:
        return {"grid": as_plain(self.grid), "orientation": self.orientation.value, "shape": self.shape}

    @classmethod
    def _from_plain(cls, plain: Any) -> ShardSpec:
        return cls(range_set_from_plain(plain["grid"]), plain["shape"], ShardOrientation(plain["orientation"]))

    def _key(self) -> tuple[Any, ...]:
        return tuple(map(corners, self.grid.ranges())), self._shape, self.orientation

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ShardSpec) and self._key() == other._key()

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        grid, orientation = _grid_text(self.grid, ""), _cpp(self.orientation)
        return f"ShardSpec{{grid=[{grid}], shape={self.shape}, orientation={orientation}}}"


class NdShardSpec:
    """Shards of any rank, given to the cores of ``grid`` one after another."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("grid", "orientation", "shard_distribution_strategy", "shard_shape")

    def __init__(
        self,
        shard_shape: Shape | Sequence[int],
        grid: CoreRangeSet,
        orientation: ShardOrientation = ShardOrientation.ROW_MAJOR,
        shard_distribution_strategy: ShardDistributionStrategy = ShardDistributionStrategy.ROUND_ROBIN_1D,
    ) -> None:
        if not isinstance(grid, CoreRangeSet):
            raise incompatible("NdShardSpec", shard_shape, grid)
        self.shard_shape = Shape(shard_shape)
        self.grid = grid
        self.orientation = orientation
        self.shard_distribution_strategy = shard_distribution_strategy

    def num_cores(self) -> int:
        """The number of cores in the grid."""
        return self.grid.num_cores()

    def to_json(self) -> str:
        """Not available: ttnn writes a text that it can't read back."""
        raise NotEmulated("NdShardSpec.to_json", "ttnn 0.81.1 writes an 'Unsupported type' text for it")

    @classmethod
    def from_json(cls, text: str) -> NdShardSpec:
        """Not available: ttnn's process ends where it reads the text."""
        raise NotEmulated("NdShardSpec.from_json", "ttnn 0.81.1 can't read its own text")

    def _key(self) -> tuple[Any, ...]:
        cores = tuple(map(corners, self.grid.ranges()))
        return self.shard_shape.dimensions, cores, self.orientation, self.shard_distribution_strategy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NdShardSpec) and self._key() == other._key()

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return (
            f'{{"shard_shape":{list(self.shard_shape)},"grid":[{_grid_text(self.grid, "}")}],'
            f'"orientation":"{_cpp(self.orientation)}",'
            f'"shard_distribution_strategy":"{_cpp(self.shard_distribution_strategy)}"}}'
        )


class MemoryConfig:
    """A memory, a layout in it, and the shards if the layout has any. Immutable."""

    __module__ = "ttnn._ttnn.tensor"
    __slots__ = ("_buffer_type", "_made_from_nd", "_memory_layout", "_nd_shard_spec", "_shard_spec")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """``(memory_layout=INTERLEAVED, buffer_type=DRAM, shard_spec=None)`` or ``(buffer_type, nd_shard_spec)``."""
        names = ("memory_layout", "buffer_type", "shard_spec")
        if "nd_shard_spec" in kwargs or (args and isinstance(args[0], BufferType)):
            names = ("buffer_type", "nd_shard_spec", "")
        given = dict(zip(names, args, strict=False), **kwargs)
        self._memory_layout: TensorMemoryLayout = given.pop("memory_layout", TensorMemoryLayout.INTERLEAVED)
        self._buffer_type: BufferType = given.pop("buffer_type", BufferType.DRAM)
        self._shard_spec: ShardSpec | None = given.pop("shard_spec", None)
        self._nd_shard_spec: NdShardSpec | None = given.pop("nd_shard_spec", None)
        self._made_from_nd = self._nd_shard_spec is not None
        if given or len(args) > len(names) or not self._is_well_typed() or (names[2] == "" and not self._made_from_nd):
            raise incompatible("MemoryConfig", *args, *kwargs.values())
        if self._made_from_nd:
            self._memory_layout = TensorMemoryLayout.ND_SHARDED

    def _is_well_typed(self) -> bool:
        return (
            isinstance(self._memory_layout, TensorMemoryLayout)
            and isinstance(self._buffer_type, BufferType)
            and isinstance(self._shard_spec, (ShardSpec, type(None)))
            and isinstance(self._nd_shard_spec, (NdShardSpec, type(None)))
        )

    @property
    def memory_layout(self) -> TensorMemoryLayout:
        """How pages are spread."""
        return self._memory_layout

    @property
    def buffer_type(self) -> BufferType:
        """The memory they are in."""
        return self._buffer_type

    @property
    def shard_spec(self) -> ShardSpec | None:
        """The two-dimensional shards."""
        return self._shard_spec

    @property
    def nd_shard_spec(self) -> NdShardSpec | None:
        """The n-dimensional shards: given, or derived from ``shard_spec`` when a tensor was made."""
        return self._nd_shard_spec

    @property
    def created_with_nd_shard_spec(self) -> bool:
        """Whether the n-dimensional shards were given rather than derived."""
        return self._made_from_nd

    @property
    def interleaved(self) -> bool:
        """Whether pages go round all banks."""
        return not self.is_sharded()

    def is_sharded(self) -> bool:
        """Whether the layout is one of the sharded ones, with or without a specification."""
        return self._memory_layout is not TensorMemoryLayout.INTERLEAVED

    def with_shard_spec(self, shard_spec: ShardSpec | None) -> MemoryConfig:
        """This configuration with other two-dimensional shards: a method of older releases."""
        return MemoryConfig(self._memory_layout, self._buffer_type, shard_spec)

    def with_derived_nd_spec(self, *, of_a_row: bool) -> MemoryConfig:
        """This configuration as a tensor reports it, with the n-dimensional form of its shards filled in.

        ``of_a_row`` says that the tensor is one row without a height, and so are its shards.
        """
        spec = self._shard_spec
        if spec is None or self._nd_shard_spec is not None:
            return self
        in_two_dimensions = self._memory_layout is TensorMemoryLayout.BLOCK_SHARDED
        derived = MemoryConfig(self._memory_layout, self._buffer_type, spec)
        derived._nd_shard_spec = NdShardSpec(
            spec.shape[1:] if of_a_row else spec.shape,
            spec.grid,
            spec.orientation,
            ShardDistributionStrategy.GRID_2D if in_two_dimensions else ShardDistributionStrategy.ROUND_ROBIN_1D,
        )
        return derived

    def to_json(self) -> str:
        """Enumerations as numbers; an absent shard specification is left out."""
        if self._made_from_nd:
            raise NotEmulated("MemoryConfig.to_json with n-dimensional shards", "ttnn 0.81.1 can't read its own text")
        plain: dict[str, Any] = {
            "buffer_type": self._buffer_type.value,
            "created_with_nd_shard_spec": False,
            "memory_layout": self._memory_layout.value,
            "per_core_allocation": False,
        }
        if self._shard_spec is not None:
            plain["shard_spec"] = self._shard_spec._plain()
        return compact_json(plain)

    @classmethod
    def from_json(cls, text: str) -> MemoryConfig:
        """The configuration that ``to_json`` wrote; absent keys that older versions lacked count as false."""
        plain = parsed_json(text)
        spec = plain.get("shard_spec")
        for flag in ("created_with_nd_shard_spec", "per_core_allocation"):
            if plain.get(flag):
                raise NotEmulated(f"MemoryConfig.from_json with {flag}")
        return cls(
            TensorMemoryLayout(plain["memory_layout"]),
            BufferType(plain["buffer_type"]),
            None if spec is None else ShardSpec._from_plain(spec),
        )

    def _key(self) -> tuple[Any, ...]:
        spec = self._shard_spec
        return self._memory_layout, self._buffer_type, None if spec is None else spec._key(), self._made_from_nd

    def _nd_key(self) -> tuple[Any, ...] | None:
        return None if self._nd_shard_spec is None else self._nd_shard_spec._key()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MemoryConfig) or self._key() != other._key():
            return False
        return not self._made_from_nd or self._nd_key() == other._nd_key()

    def __hash__(self) -> int:
        return hash((self._key(), self._nd_key()))

    def __repr__(self) -> str:
        return (
            f"MemoryConfig(memory_layout={_cpp(self._memory_layout)},buffer_type={_cpp(self._buffer_type)},"
            f"shard_spec={_optional(self._shard_spec)},nd_shard_spec={_optional(self._nd_shard_spec)},"
            f"created_with_nd_shard_spec={int(self._made_from_nd)},per_core_allocation=0,range_lockstep_allocation=0)"
        )


def _optional(value: object) -> str:
    return "std::nullopt" if value is None else repr(value)


DRAM_MEMORY_CONFIG = MemoryConfig(TensorMemoryLayout.INTERLEAVED, BufferType.DRAM)
L1_MEMORY_CONFIG = MemoryConfig(TensorMemoryLayout.INTERLEAVED, BufferType.L1)
L1_HEIGHT_SHARDED_MEMORY_CONFIG = MemoryConfig(TensorMemoryLayout.HEIGHT_SHARDED, BufferType.L1)
L1_WIDTH_SHARDED_MEMORY_CONFIG = MemoryConfig(TensorMemoryLayout.WIDTH_SHARDED, BufferType.L1)
L1_BLOCK_SHARDED_MEMORY_CONFIG = MemoryConfig(TensorMemoryLayout.BLOCK_SHARDED, BufferType.L1)
