"""Cases: tensors on the two chips of an n300."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

BOARD = "n300"
NEEDS_DEVICE = True

_VALUES = torch.arange(4 * 2 * 3 * 2, dtype=torch.float32).reshape(4, 2, 3, 2)


def _on_host(t: Any, values: torch.Tensor, mapper: Any, **options: Any) -> Any:
    return t.from_torch(values, mesh_mapper=mapper, **options)


def _sharded(t: Any, d: Any, dim: int, **options: Any) -> Any:
    return _on_host(t, _VALUES, t.ShardTensorToMesh(d, dim=dim), **options)


def _chips(t: Any, tensor: Any) -> Any:
    return [[chip.shape, chip.storage_type()] for chip in t.get_device_tensors(tensor)]


CASES: dict[str, Callable[[Any, Any], Any]] = {
    "the board": lambda t, d: [
        t.get_num_devices(),
        t.GetNumAvailableDevices(),
        t.GetNumPCIeDevices(),
        t.get_device_ids(),
    ],
    "the mesh": lambda t, d: [d, d.shape, d.get_num_devices(), d.get_device_ids()],
    **{
        f"sharded on the host along {dim}": lambda t, d, dim=dim: (
            lambda tensor: [tensor.shape, tensor.storage_type(), tensor.device(), _chips(t, tensor)]
        )(_sharded(t, d, dim))
        for dim in (0, 1, 3, -1)
    },
    "sharded on the host, chip by chip": lambda t, d: [
        t.to_torch(chip) for chip in t.get_device_tensors(_sharded(t, d, 0))
    ],
    **{
        f"sharded along {dim}, composed along {again}": lambda t, d, dim=dim, again=again: t.to_torch(
            _sharded(t, d, dim, dtype=t.bfloat16), mesh_composer=t.ConcatMeshToTensor(d, dim=again)
        )
        for dim in (0, 1)
        for again in (0, 1, -1)
    },
    "sharded on the device": lambda t, d: (
        lambda tensor: [tensor.shape, tensor.device() == d, _chips(t, tensor), tensor.memory_config()]
    )(_sharded(t, d, 0, device=d, layout=t.TILE_LAYOUT, dtype=t.bfloat16)),
    "sharded along 5": lambda t, d: _sharded(t, d, 5),
    "sharded unevenly": lambda t, d: _on_host(t, torch.zeros(3, 32), t.ShardTensorToMesh(d, dim=0)),
    "sharded unevenly in five": lambda t, d: _on_host(t, torch.zeros(5, 32), t.ShardTensorToMesh(d, dim=0)),
    "sharded without a dim": lambda t, d: t.ShardTensorToMesh(d),
    "composed along 7": lambda t, d: t.to_torch(_sharded(t, d, 0), mesh_composer=t.ConcatMeshToTensor(d, dim=7)),
    "read without a composer": lambda t, d: t.to_torch(_sharded(t, d, 0)),
    "read from the device without a composer": lambda t, d: t.to_torch(t.from_torch(_VALUES, device=d)),
    "replicated on the device": lambda t, d: (
        lambda tensor: [
            tensor.shape,
            _chips(t, tensor),
            t.to_torch(tensor, mesh_composer=t.ConcatMeshToTensor(d, dim=0)).shape,
        ]
    )(t.from_torch(_VALUES, device=d)),
    "replicated on the host, text": lambda t, d: repr(_on_host(t, torch.zeros(2, 2), t.ReplicateTensorToMesh(d))),
    "replicated on the host": lambda t, d: [
        [chip.shape, chip.storage_type()]
        for chip in t.get_device_tensors(t.to_device(_on_host(t, torch.zeros(2, 2), t.ReplicateTensorToMesh(d)), d))
    ],
    **{
        f"split over a mesh of one row along {dims}": lambda t, d, dims=dims: [
            _chips(t, _on_host(t, _VALUES, t.ShardTensor2dMesh(d, mesh_shape=(1, 2), dims=dims)))
        ]
        for dims in ((None, 3), (1, 3), (0, None))
    },
    "composed from a mesh of one row": lambda t, d: t.to_torch(
        _on_host(t, _VALUES, t.ShardTensor2dMesh(d, mesh_shape=(1, 2), dims=(1, 3))),
        mesh_composer=t.ConcatMesh2dToTensor(d, mesh_shape=(1, 2), dims=(1, 3)),
    ),
    "host chips combined": lambda t, d: t.combine_device_tensors(tensors=t.get_device_tensors(_sharded(t, d, 0))),
    "device chips combined": lambda t, d: (lambda tensor: [tensor.shape, _chips(t, tensor)])(
        t.combine_device_tensors(tensors=t.get_device_tensors(_sharded(t, d, 0, device=d)))
    ),
    "chips combined by position": lambda t, d: t.combine_device_tensors([]),
    "sharded, moved to the device and back": lambda t, d: t.from_device(t.to_device(_sharded(t, d, 0), d)).shape,
}
