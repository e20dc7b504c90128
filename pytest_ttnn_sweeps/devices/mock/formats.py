"""What a dtype of ttnn makes of values, by ttnn's own packers; and tensors of ttnn's on the host that hold values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

_MASKS = {"UINT8": (0xFF, torch.uint8), "UINT16": (0xFFFF, torch.uint16), "UINT32": (0xFFFFFFFF, torch.uint32)}
_SIGNED = {"INT8": torch.int8, "INT32": torch.int32}
_BLOCKS = ("BFLOAT8_B", "BFLOAT4_B")


def stored(ttnn: Any, values: torch.Tensor, dtype: Any) -> torch.Tensor:
    """``values`` as a tensor of ``dtype`` has them, in the dtype that ``to_torch`` gives; never the same memory."""
    name: str = dtype.name
    values = values.detach()
    if name == "BFLOAT16":
        return _copied(values, torch.bfloat16)
    if name == "FLOAT32":
        return _copied(values, torch.float32)
    if name == "FP8_E4M3":
        return values.float().to(torch.float8_e4m3fn)
    if name in _BLOCKS:
        if not values.numel():
            return values.float()
        packed = ttnn.Tensor(tensor=_plain(values.float()), data_type=dtype, layout=ttnn.TILE_LAYOUT)
        return torch.Tensor(packed.to_torch())
    if values.is_floating_point():
        packed = ttnn.Tensor(tensor=_plain(values.float()), data_type=dtype, layout=ttnn.ROW_MAJOR_LAYOUT)
        result: torch.Tensor = packed.to_torch()
        return result
    if name in _SIGNED:
        return _copied(values, _SIGNED[name])
    mask, kind = _MASKS[name]
    return (values.to(torch.int64) & mask).to(kind)


def on_host(ttnn: Any, tensor: Any, shards: Sequence[torch.Tensor]) -> Any:
    """A tensor of ttnn's on the host that is as ``tensor``, on a device, and holds ``shards``, one for each device."""
    parts = [
        ttnn.Tensor(
            tensor=_plain(shard),
            data_type=tensor.dtype,
            layout=tensor.layout,
            mem_config=tensor.memory_config(),
            tile=tensor.tile if tensor.layout == ttnn.TILE_LAYOUT else None,
        )
        for shard in shards
    ]
    if len(parts) == 1:
        return parts[0]
    whole = ttnn.from_host_shards(parts, tensor.device().shape)
    whole.update_tensor_topology(tensor.tensor_topology())
    return whole


def widened(value: Any) -> Any:
    """An own copy of the tensors in a golden function's argument, small floats as float32: goldens compute in that."""
    if isinstance(value, torch.Tensor):
        if value.dtype in (torch.bfloat16, torch.float16, torch.float8_e4m3fn):
            return value.to(torch.float32)
        return value.clone()
    if type(value) in (list, tuple):
        return type(value)(widened(element) for element in value)
    if type(value) is dict:
        return {key: widened(element) for key, element in value.items()}
    return value


def _copied(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return values.to(dtype, copy=True).contiguous()


def _plain(values: torch.Tensor) -> torch.Tensor:
    # Of a subclass, or lazily negated, ttnn can't take a tensor's memory.
    return values.as_subclass(torch.Tensor).contiguous().resolve_neg()
