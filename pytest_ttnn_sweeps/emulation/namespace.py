"""What stands under which dotted name: the table that ``install`` makes module objects of.

Classes lie in ``ttnn``, in ``ttnn.types`` and in the module that they say they are from; operations under their names.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from typing import TypeVar

from . import (
    complex_tensor,
    conversion,
    convolution_configs,
    coordinates,
    creation,
    device,
    enums,
    kernel_config,
    memory_config,
    mesh,
    ops,
    program_configs,
    relayout,
    resharding,
    shape,
    sharding,
    tensor,
    unary_settings,
)
from .boards import board_in_use
from .enums import DataType, Layout, StorageType
from .operation import OPERATIONS, get_golden_function

VERSION = "0.81.1+emulated"
_ROOMS_OF_TYPES = (
    enums,
    coordinates,
    shape,
    memory_config,
    unary_settings,
    kernel_config,
    program_configs,
    convolution_configs,
    device,
    tensor,
    complex_tensor,
)
_ROOMS_OF_OPERATIONS = (conversion, creation, ops, relayout, resharding)  # importing them fills the table
_Value = TypeVar("_Value")

_DTYPE_NAMES = (
    "bfloat16",
    "float32",
    "bfloat8_b",
    "bfloat4_b",
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int32",
    "fp8_e4m3",
)
_CONSTANTS: dict[str, object] = {
    **{name: DataType[name.upper()] for name in _DTYPE_NAMES},
    "ROW_MAJOR_LAYOUT": Layout.ROW_MAJOR,
    "TILE_LAYOUT": Layout.TILE,
    "TILE_SIZE": shape.TILE_SIZE,
    "DEVICE_STORAGE_TYPE": StorageType.DEVICE,
    "Device": device.MeshDevice,
}
_DEVICE_FUNCTIONS: dict[str, object] = {
    "open_device": device.open_device,
    "CreateDevice": device.create_device,
    "close_device": device.close_device,
    "CloseDevice": device.close_device,
    "manage_device": device.manage_device,
    "synchronize_device": device.synchronize_device,
    "SetDefaultDevice": device.set_default_device,
    "GetDefaultDevice": device.get_default_device,
    "GetNumAvailableDevices": device.num_devices,
    "GetNumPCIeDevices": device.num_pcie_devices,
    "get_memory_view": device.get_memory_view,
    "get_max_worker_l1_unreserved_size": lambda: board_in_use().l1_unreserved,
}
_FUNCTIONS: dict[str, object] = {
    "open_mesh_device": device.open_mesh_device,
    "close_mesh_device": device.close_device,
    "get_num_devices": device.num_devices,
    "get_device_ids": device.device_ids,
    "get_pcie_device_ids": device.device_ids,
    "get_arch_name": device.arch_name,
    "init_device_compute_kernel_config": kernel_config.init_device_compute_kernel_config,
    "num_cores_to_corerangeset": coordinates.num_cores_to_corerangeset,
    "corerange_to_cores": coordinates.corerange_to_cores,
    "create_sharded_memory_config": sharding.create_sharded_memory_config,
    "create_sharded_memory_config_": sharding.create_sharded_memory_config_,
    "ReplicateTensorToMesh": mesh.replicate_tensor_to_mesh,
    "ShardTensorToMesh": mesh.shard_tensor_to_mesh,
    "ShardTensor2dMesh": mesh.shard_tensor_to_2d_mesh,
    "ConcatMeshToTensor": mesh.concat_mesh_to_tensor,
    "ConcatMesh2dToTensor": mesh.concat_2d_mesh_to_tensor,
    "get_device_tensors": tensor.Tensor.chip_tensors,
    "combine_device_tensors": tensor.combine_device_tensors,
    "is_tensor_storage_on_device": lambda value: value.storage_type() is StorageType.DEVICE,
    "has_storage_type_of": lambda value, storage_type: value.storage_type() is storage_type,
    "is_sharded": tensor.Tensor.is_sharded,
    "get_memory_config": tensor.Tensor.memory_config,
    "get_golden_function": get_golden_function,
}
_DEVICE_MODULE: dict[str, object] = {
    "Arch": enums.Arch,
    "is_wormhole_b0": device.is_wormhole_b0,
    "is_blackhole": device.is_blackhole,
    "is_grayskull": device.is_grayskull,
    "DEFAULT_L1_SMALL_SIZE": device.DEFAULT_L1_SMALL_SIZE,
    "DEFAULT_TRACE_REGION_SIZE": device.DEFAULT_TRACE_REGION_SIZE,
    "Device": device.MeshDevice,
    # Older releases had the first two, and upstream's helpers call them still.
    **dict.fromkeys(
        ("EnablePersistentKernelCache", "DisablePersistentKernelCache", "EnableMemoryReports", "DisableMemoryReports"),
        device.keep_or_report_nothing,
    ),
}


def _nearest_32(size: float) -> int:
    return math.ceil(size / shape.TILE_SIZE) * shape.TILE_SIZE


def _nothing_to_do(name: str) -> Callable[[_Value], _Value]:
    def unchanged(values: _Value) -> _Value:
        warnings.warn(f"tt_lib.utils.{name} does nothing: ttnn lays tiles out itself", DeprecationWarning, stacklevel=2)
        return values

    return unchanged


_TT_LIB_UTILS: dict[str, object] = {
    "_nearest_32": _nearest_32,
    "tilize": _nothing_to_do("tilize"),
    "untilize": _nothing_to_do("untilize"),
}


def dotted_names() -> Iterator[tuple[str, object]]:
    """Every name with its module, and what it stands for; the operations are those in the table at this moment."""
    yield "ttnn.__version__", VERSION
    for name, value in (*_types(), *_CONSTANTS.items()):
        yield f"ttnn.{name}", value
        yield f"ttnn.types.{name}", value
        if isinstance(value, type):
            yield f"{value.__module__}.{value.__name__}", value
    for name, value in _DEVICE_FUNCTIONS.items():
        yield f"ttnn.{name}", value
    for name, value in (*_DEVICE_FUNCTIONS.items(), *_DEVICE_MODULE.items()):
        yield f"ttnn.device.{name}", value
    for name, value in _FUNCTIONS.items():
        yield f"ttnn.{name}", value
    for name, value in _TT_LIB_UTILS.items():
        yield f"tt_lib.utils.{name}", value
    yield from OPERATIONS.items()


def _types() -> Iterator[tuple[str, object]]:
    """The classes, constants and members that the rooms hold: whatever is, or is an instance of, a class of ttnn's."""
    for room in _ROOMS_OF_TYPES:
        for name, value in vars(room).items():
            if not name.startswith("_") and _is_ttnns(value if isinstance(value, type) else type(value)):
                yield name, value


def _is_ttnns(cls: type) -> bool:
    return cls.__module__.partition(".")[0] == "ttnn"
