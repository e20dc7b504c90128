"""ttnn's broadcasting: torch's rule with ttnn's refusals, and the sharding that the result inherits."""

from __future__ import annotations

from collections.abc import Sequence

from ..enums import BufferType
from ..errors import fatal, throw
from ..memory_config import MemoryConfig
from ..tensor import Tensor


def broadcast_shape(a: Sequence[int], b: Sequence[int]) -> tuple[int, ...]:
    """The shape that ``a`` and ``b`` broadcast to, or ttnn's error.

    Within the last two dimensions ttnn first looks for a pattern its kernels have, and has one as soon as any of the
    four sizes is 1.
    """
    rank = max(len(a), len(b))
    wide_a, wide_b = (1,) * (rank - len(a)) + tuple(a), (1,) * (rank - len(b)) + tuple(b)
    tile_a, tile_b = ((1, 1, *wide_a)[-2:], (1, 1, *wide_b)[-2:])
    if tile_a != tile_b and 1 not in (*tile_a, *tile_b):
        raise throw("Invalid subtile broadcast type")
    for index in range(-1, -rank - 1, -1):
        if wide_a[index] != wide_b[index] and 1 not in (wide_a[index], wide_b[index]):
            sizes = f"dim a: {wide_a[index]}, dim b: {wide_b[index]}"
            raise fatal(f"Broadcasting rule violation at dimension index {index} (output rank {rank}), {sizes}")
    return tuple(other if size == 1 else size for size, other in zip(wide_a, wide_b, strict=True))


def model_operand(a: Tensor, b: Tensor) -> Tensor:
    """The operand whose place in memory the result takes when the caller names none.

    The first, unless the second is sharded and the first is interleaved in DRAM or sharded over fewer cores (measured
    on ttnn 0.81.1).
    """
    config_a, config_b = a.memory_config(), b.memory_config()
    if not config_b.is_sharded():
        return a
    if config_a.is_sharded():
        return b if _cores(config_b) > _cores(config_a) else a
    return b if config_a.buffer_type is BufferType.DRAM else a


def _cores(config: MemoryConfig) -> int:
    return config.shard_spec.grid.num_cores() if config.shard_spec else 0
