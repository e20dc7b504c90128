"""Keys and values of attention kept from step to step: a user's whole sequence filled in, a position of all updated."""

from __future__ import annotations

import torch

from ..enums import DataType, Layout, TensorMemoryLayout
from ..errors import NotEmulated, fatal
from ..operation import operation
from ..shape import TILE_SIZE
from ..tensor import Tensor
from .result import FLOATS, cpp, output, working


def _fill_cache(cache: torch.Tensor, input: torch.Tensor, batch_index: int, update_idx: int = 0) -> torch.Tensor:
    filled = cache.clone()
    filled[batch_index : batch_index + 1, :, update_idx : update_idx + input.shape[-2]] = input
    return filled


def _update_cache(cache: torch.Tensor, input: torch.Tensor, update_index: int, batch_offset: int = 0) -> torch.Tensor:
    updated = cache.clone()
    users = cache.shape[0]
    updated[:, :, update_index] = input[0, :, batch_offset : batch_offset + users].transpose(0, 1)
    return updated


def _check_cache(cache: Tensor, input: Tensor) -> None:
    """Raise ttnn's error for a tensor that can't be put into the cache, whatever the place."""
    if Layout.ROW_MAJOR in (cache.layout, input.layout):
        raise fatal("Inputs to update_cache must be tilized")
    if input.dtype not in FLOATS - {DataType.BFLOAT4_B}:
        raise fatal(f"Input tensor dtype must be FLOAT32, BFLOAT16, or BFLOAT8_B but got {cpp(input.dtype)}")
    if input.shape[-1] != cache.shape[-1]:
        raise fatal(f"Input tensor width ({input.shape[-1]}) must equal cache tensor width ({cache.shape[-1]})")
    if input.shape[0] != 1:
        raise fatal(f"Input tensor batch size must be 1 but got {input.shape[0]}")
    scheme = input.memory_config().memory_layout
    if scheme is TensorMemoryLayout.WIDTH_SHARDED:
        raise fatal(f"Input tensor memory layout must not be WIDTH_SHARDED but got {cpp(scheme)}")


def _fill(cache: Tensor, input: Tensor, batch_index: int, *, update_idx: int = 0) -> Tensor:
    """One user's keys or values put into the cache, in its own memory."""
    if input.dtype is not cache.dtype:
        raise fatal("Input and cache tensors must have same dtype!")
    _check_cache(cache, input)
    if batch_index >= cache.shape[0]:
        raise fatal(f"Batch index ({batch_index}) must be less than cache tensor batch size ({cache.shape[0]})")
    if input.shape[1] != cache.shape[1]:
        raise fatal(f"Input tensor height ({input.shape[1]}) must equal cache tensor height ({cache.shape[1]})")
    end = update_idx + input.shape[2]
    if end > cache.shape[2]:
        what = f"Fill update_idx ({update_idx}) + input tensor height ({input.shape[2]})"
        raise fatal(f"{what} must be <= cache tensor height ({cache.shape[2]})")
    spec = input.memory_config().shard_spec
    if spec is not None and input.padded_shape[2] % spec.shape[0]:
        raise fatal("Seq len must be divisible by shard height!")
    return output(_fill_cache(working(cache), working(input), batch_index, update_idx), cache, into=cache)


def _update(
    cache: Tensor, input: Tensor, update_index: int, batch_offset: int = 0, compute_kernel_config: object = None
) -> Tensor:
    """One position of every user's keys or values put into the cache, in its own memory."""
    _check_cache(cache, input)
    if input.shape[1] != cache.shape[1]:
        raise fatal(f"Input tensor height ({input.shape[1]}) must equal cache tensor height ({cache.shape[1]})")
    users = cache.shape[0]
    if input.padded_shape[2] != -(-users // TILE_SIZE) * TILE_SIZE:
        what = f"Input batch height ({input.padded_shape[2]}) must equal cache batch ({users})"
        raise fatal(f"{what} rounded up to a tile")
    if not 0 <= update_index < cache.shape[2]:
        raise NotEmulated(f"position {update_index} of a cache of length {cache.shape[2]}")
    return output(_update_cache(working(cache), working(input), update_index, batch_offset), cache, into=cache)


_CACHE_NAMES: dict[str, str | None] = {
    "cache_tensor": "cache",
    "input_tensor": "input",
    "batch_idx": "batch_index",
    "update_idx": "update_index",
}
_FILL_NAMES = {name: target for name, target in _CACHE_NAMES.items() if name != "update_idx"}
fill_cache = operation("ttnn.fill_cache", _fill_cache, renamed=_FILL_NAMES)(_fill)
fill_cache_for_user_ = operation("ttnn.kv_cache.fill_cache_for_user_", _fill_cache, renamed=_FILL_NAMES)(_fill)
update_cache = operation("ttnn.update_cache", _update_cache, renamed=_CACHE_NAMES)(_update)
update_cache_for_token_ = operation("ttnn.kv_cache.update_cache_for_token_", _update_cache, renamed=_CACHE_NAMES)(
    _update
)
