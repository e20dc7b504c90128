"""Values on a row of chips: how they are split over them, and how they are put together again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch

from .device import MeshDevice, MeshShape
from .errors import NotEmulated, fatal


class MeshMapper(NamedTuple):
    """Splits values over ``chips`` along ``dim``; gives every chip all of them where ``dim`` is None."""

    chips: int
    dim: int | None

    def parts(self, values: torch.Tensor) -> list[torch.Tensor]:
        """The values of each chip; an error when they don't split into equal parts, one for each chip."""
        if self.dim is None:
            return [values] * self.chips
        parts = list(values.chunk(self.chips, _checked(self.dim, values.dim())))
        if parts[0].shape != parts[-1].shape:
            sizes = f"expected Shape({list(parts[0].shape)}) but got Shape({list(parts[-1].shape)})"
            raise fatal(f"Shard shape mismatch: {sizes}", "shard_shape.value() == xtensor_shard_shape")
        if len(parts) != self.chips:
            raise NotEmulated("a tensor on some chips of a mesh only")
        return parts


class MeshComposer(NamedTuple):
    """Puts the chips' values side by side along ``dim``."""

    chips: int
    dim: int

    def compose(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        """One torch tensor of all chips' values."""
        return torch.cat(list(parts), _checked(self.dim, parts[0].dim()))


def _checked(dim: int, rank: int) -> int:
    if not -rank <= dim < rank:
        raise fatal(f"Invalid dimension index; got dims: {{{dim}}}, tensor dimension: {rank}")
    return dim % rank


def replicate_tensor_to_mesh(mesh_device: MeshDevice) -> MeshMapper:
    """ttnn's ``ReplicateTensorToMesh``."""
    return MeshMapper(mesh_device.get_num_devices(), None)


def shard_tensor_to_mesh(mesh_device: MeshDevice, dim: int) -> MeshMapper:
    """ttnn's ``ShardTensorToMesh``."""
    return MeshMapper(mesh_device.get_num_devices(), dim)


def shard_tensor_to_2d_mesh(
    mesh_device: MeshDevice, mesh_shape: MeshShape | Sequence[int], dims: Sequence[int | None]
) -> MeshMapper:
    """ttnn's ``ShardTensor2dMesh`` on a mesh of one row: the second of ``dims`` is split over the columns."""
    _, columns = _one_row(mesh_shape)
    return MeshMapper(columns, dims[1])


def concat_mesh_to_tensor(mesh_device: MeshDevice, dim: int) -> MeshComposer:
    """ttnn's ``ConcatMeshToTensor``."""
    return MeshComposer(mesh_device.get_num_devices(), dim)


def concat_2d_mesh_to_tensor(
    mesh_device: MeshDevice, mesh_shape: MeshShape | Sequence[int], dims: Sequence[int]
) -> MeshComposer:
    """ttnn's ``ConcatMesh2dToTensor`` on a mesh of one row."""
    _, columns = _one_row(mesh_shape)
    return MeshComposer(columns, dims[1])


def _one_row(mesh_shape: MeshShape | Sequence[int]) -> tuple[int, int]:
    rows, columns = mesh_shape
    if rows != 1:
        raise NotEmulated(f"a mesh of {rows} rows")
    return rows, columns
