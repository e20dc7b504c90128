"""Cases: opening, asking, closing, and using a device that is closed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

BOARD = "n150"
NEEDS_DEVICE = False

_OPTIONS: tuple[dict[str, int], ...] = (
    {},
    {"l1_small_size": 24576},
    {"l1_small_size": 24577},
    {"trace_region_size": 1000},
    {"trace_region_size": 98304},
    {"trace_region_size": 98305},
    {"trace_region_size": 200000},
    {"worker_l1_size": 1000000},
    {"worker_l1_size": 1600000},
    {"l1_small_size": 1393312},
)


def _view(t: Any, device: Any, buffer: str) -> Any:
    view = t.get_memory_view(device, getattr(t.BufferType, buffer))
    return [
        view.num_banks,
        view.total_bytes_per_bank,
        view.total_bytes_allocated_per_bank,
        view.total_bytes_free_per_bank,
        view.largest_contiguous_bytes_free_per_bank,
    ]


def _views(t: Any, device: Any) -> Any:
    return [_view(t, device, buffer) for buffer in ("DRAM", "L1", "L1_SMALL", "TRACE")]


def _opened(t: Any, use: Callable[[Any], Any], **options: Any) -> Any:
    device = t.open_device(device_id=0, **options)
    try:
        return use(device)
    finally:
        t.close_device(device)


def _closed(t: Any, use: Callable[[Any, Any], Any]) -> Any:
    device = t.open_device(device_id=0)
    tensor = t.empty((32, 32), layout=t.TILE_LAYOUT, device=device)
    t.close_device(device)
    try:
        return use(device, tensor)
    except RuntimeError as error:
        # The number of the mesh depends on how many were opened before.
        raise RuntimeError(str(error).replace(f"MeshDevice {device.id()}", "MeshDevice N")) from None


def _numbers(t: Any) -> Any:
    first = _opened(t, lambda device: device.id())
    second = _opened(t, lambda device: device.id())
    mesh = t.open_mesh_device(t.MeshShape(1, 1))
    t.close_mesh_device(mesh)
    return [second - first, mesh.id() - second]


def _asked(device: Any) -> Any:
    return [
        device, device.shape, device.arch(), device.core_grid, device.compute_with_storage_grid_size(),
        device.dram_grid_size(), device.get_num_devices(), device.get_device_ids(), device.sfpu_nan(),
        device.sfpu_inf(), device.sfpu_eps(), device.num_program_cache_entries(), device == device,
        device.enable_program_cache(),
    ]  # fmt: skip


def _two(t: Any) -> Any:
    """A second device on an open chip: its memory is its own, its options are the first one's."""
    first = t.open_device(device_id=0, l1_small_size=24576)
    second = t.open_device(device_id=0, trace_region_size=98304)
    tensors = [t.empty((32, 32), layout=t.TILE_LAYOUT, device=device) for device in (first, second)]
    seen = [first == second, [tensor.buffer_address() for tensor in tensors], _views(t, second)]
    t.close_device(first)
    seen.append(t.empty((32, 32), layout=t.TILE_LAYOUT, device=second).buffer_address())
    t.close_device(second)
    return seen


def _default(t: Any) -> Any:
    def use(device: Any) -> Any:
        before = t.GetDefaultDevice()
        t.SetDefaultDevice(device)
        during = t.GetDefaultDevice() == device
        t.SetDefaultDevice(None)
        return [before, during, t.GetDefaultDevice()]

    return _opened(t, use)


def _managed(t: Any) -> Any:
    with t.manage_device(device_id=0) as device:
        return repr(device)


CASES: dict[str, Callable[[Any], Any]] = {
    "the board": lambda t: [
        t.get_num_devices(),
        t.GetNumAvailableDevices(),
        t.GetNumPCIeDevices(),
        t.get_device_ids(),
        t.get_pcie_device_ids(),
        t.get_arch_name(),
        t.get_max_worker_l1_unreserved_size(),
    ],
    "what a device answers": lambda t: _opened(t, _asked),
    "the architecture's questions": lambda t: _opened(
        t,
        lambda d: [
            t.device.is_wormhole_b0(d),
            t.device.is_wormhole_b0(),
            t.device.is_blackhole(d),
            t.device.is_blackhole(),
        ],
    ),
    "meshes are numbered": _numbers,
    "two devices on one chip": _two,
    "default device": _default,
    "managed device": _managed,
    "device by older name": lambda t: (lambda d: [repr(d), t.CloseDevice(d)])(t.CreateDevice(device_id=0)),
    "device by position": lambda t: t.open_device(0),
    "device with an unknown option": lambda t: t.open_device(device_id=0, colour=1),
    "more command queues": lambda t: _opened(t, repr, num_command_queues=2),
    "no device to close": lambda t: t.close_device(None),
    "too large a mesh": lambda t: t.open_mesh_device(t.MeshShape(1, 2)),
    "mesh shapes": lambda t: [
        t.MeshShape(1, 2),
        t.MeshShape((1, 2)),
        t.MeshShape([2]),
        t.MeshShape(2, 3).mesh_size(),
        t.MeshShape(1, 2).dims(),
        t.MeshShape(1, 2) == t.MeshShape([1, 2]),
        hash(t.MeshShape(1, 2)) == hash(t.MeshShape(1, 2)),
        list(t.MeshShape(1, 2)),
    ],
    "mesh shape against a tuple": lambda t: t.MeshShape(1, 2) == (1, 2),
    **{
        f"memory when opened with {options}": lambda t, options=options: _opened(t, lambda d: _views(t, d), **options)
        for options in _OPTIONS
    },
    "closed twice": lambda t: _closed(t, lambda d, x: t.close_device(d)),
    "closed, asked": lambda t: _closed(
        t, lambda d, x: [d, d.shape, d.core_grid, d.compute_with_storage_grid_size(), d.arch()]
    ),
    "closed, synchronised": lambda t: _closed(t, lambda d, x: t.synchronize_device(d)),
    "closed, a new tensor": lambda t: _closed(t, lambda d, x: t.empty((32, 32), layout=t.TILE_LAYOUT, device=d)),
    "closed, memory asked": lambda t: _closed(t, lambda d, x: t.get_memory_view(d, t.BufferType.L1)),
    "closed, tensor asked": lambda t: _closed(
        t, lambda d, x: [x.is_allocated(), x.shape, x.buffer_address(), x.device() == d]
    ),
    "closed, tensor read": lambda t: _closed(t, lambda d, x: t.to_torch(x)),
    "closed, tensor deallocated": lambda t: _closed(t, lambda d, x: [t.deallocate(x), x.is_allocated()]),
}
