"""Cases: what is different on a p150."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BOARD = "p150"
NEEDS_DEVICE = True


def _view(t: Any, device: Any, buffer: str) -> Any:
    view = t.get_memory_view(device, getattr(t.BufferType, buffer))
    return [view.num_banks, view.total_bytes_per_bank, view.total_bytes_allocated_per_bank]


def _placed(t: Any, device: Any, shape: Any, dtype: str, layout: str, config: Any) -> Any:
    tensor = t.empty(
        shape, dtype=getattr(t, dtype), layout=getattr(t.Layout, layout), device=device, memory_config=config
    )
    return [tensor.padded_shape, tensor.buffer_address(), _view(t, device, config.buffer_type.name)]


def _height_shards(t: Any, shape: Any, cores: Any, buffer: str = "L1") -> Any:
    grid = t.CoreRangeSet([t.CoreRange((0, 0), (cores[0] - 1, cores[1] - 1))])
    spec = t.ShardSpec(grid, shape, t.ShardOrientation.ROW_MAJOR)
    return t.MemoryConfig(t.TensorMemoryLayout.HEIGHT_SHARDED, getattr(t.BufferType, buffer), spec)


CASES: dict[str, Callable[[Any, Any], Any]] = {
    "the device": lambda t, d: [
        d,
        d.arch(),
        d.core_grid,
        d.compute_with_storage_grid_size(),
        d.dram_grid_size(),
        d.sfpu_nan(),
        d.sfpu_inf(),
        d.sfpu_eps(),
        t.get_arch_name(),
        t.get_max_worker_l1_unreserved_size(),
        t.device.is_blackhole(d),
        t.device.is_wormhole_b0(),
    ],
    "the memory": lambda t, d: [_view(t, d, buffer) for buffer in ("DRAM", "L1", "L1_SMALL", "TRACE")],
    **{
        f"{shape} {dtype} {layout} in {memory}": (
            lambda t, d, shape=shape, dtype=dtype, layout=layout, memory=memory: _placed(
                t, d, shape, dtype, layout, getattr(t, f"{memory}_MEMORY_CONFIG")
            )
        )
        for shape in ((32, 32), (1024, 1024), (5, 7), (100, 33), (1,))
        for dtype, layout in (
            ("bfloat16", "TILE"),
            ("bfloat8_b", "TILE"),
            ("float32", "ROW_MAJOR"),
            ("uint8", "ROW_MAJOR"),
        )
        for memory in ("L1", "DRAM")
    },
    "too large for L1": lambda t, d: _placed(t, d, (16384, 16384), "bfloat16", "TILE", t.L1_MEMORY_CONFIG),
    "shards on the last column": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _height_shards(t, (32, 64), (13, 10))
    ),
    "shards outside": lambda t, d: _placed(t, d, (64, 64), "bfloat16", "TILE", _height_shards(t, (32, 64), (14, 1))),
    "shards outside DRAM": lambda t, d: _placed(
        t, d, (64, 64), "bfloat16", "TILE", _height_shards(t, (32, 64), (9, 1), "DRAM")
    ),
}
