"""Devices: what opening a board gives, and the memory that tensors take on it.

A device is a mesh of chips, as in ttnn: ``open_device`` gives a mesh of one. All chips of a mesh allocate in lockstep,
so a mesh has one memory, and two meshes over one chip have two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from math import prod
from typing import Any, NamedTuple
from weakref import WeakSet

from .allocator import DeviceMemory, MemoryOptions
from .boards import Board, board_in_use
from .coordinates import CoreCoord, CoreGrid
from .enums import Arch, BufferType, DispatchCoreAxis, DispatchCoreType
from .errors import NotEmulated, fatal, incompatible, throw
from .shape import as_dimensions

DEFAULT_L1_SMALL_SIZE = 0
DEFAULT_TRACE_REGION_SIZE = 0
_mesh_ids = count()
_open_devices: WeakSet[MeshDevice] = WeakSet()


class MeshShape:
    """The rows and columns of a mesh of chips; equal and hashed by value."""

    __module__ = "ttnn._ttnn.multi_device"
    __slots__ = ("_sizes",)

    def __init__(self, *sizes: int | Sequence[int]) -> None:
        given = sizes[0] if len(sizes) == 1 else sizes
        self._sizes = as_dimensions(given, "MeshShape")

    def dims(self) -> int:
        """The number of dimensions."""
        return len(self._sizes)

    def mesh_size(self) -> int:
        """The number of chips."""
        return prod(self._sizes)

    def __iter__(self) -> Iterator[int]:
        return iter(self._sizes)

    def __getitem__(self, index: int) -> int:
        return self._sizes[index]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MeshShape):
            raise incompatible("__eq__", self, other)
        return self._sizes == other._sizes

    # As with most of ttnn's types, equal ones needn't hash equal.
    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"MeshShape({list(self._sizes)})"


class DispatchCoreConfig:
    """Which cores dispatch commands; kept, but the emulated grids are those of dispatch from worker cores."""

    __module__ = "ttnn.device"

    def __init__(
        self,
        type: DispatchCoreType | None = None,
        axis: DispatchCoreAxis | None = None,
        fabric_tensix_config: object = None,
    ) -> None:
        self.type = type or DispatchCoreType.WORKER
        self.axis = axis or DispatchCoreAxis.ROW


class MemoryView(NamedTuple):
    """The state of one kind of memory; bytes are per bank."""

    num_banks: int
    total_bytes_per_bank: int
    total_bytes_allocated_per_bank: int
    total_bytes_free_per_bank: int
    largest_contiguous_bytes_free_per_bank: int


class MeshDevice:
    """An open mesh of chips of one board."""

    __module__ = "ttnn._ttnn.multi_device"

    def __init__(self, board: Board, shape: MeshShape, chips: Sequence[int], memory: DeviceMemory) -> None:
        self.board = board
        self._shape = shape
        self._chips = tuple(chips)
        self._id = next(_mesh_ids)
        self._memory: DeviceMemory | None = memory
        _open_devices.add(self)

    @property
    def memory(self) -> DeviceMemory:
        """The memory of every chip; ttnn's error when the device has been closed."""
        if self._memory is None:
            raise throw(
                f"SubDeviceManagerTracker is not initialized on MeshDevice {self._id}. This MeshDevice contains only "
                "remote devices (no local devices on this host). Operations requiring local device access cannot be "
                "performed on remote-only MeshDevices. Use is_remote_only() to check before calling this method."
            )
        return self._memory

    @property
    def is_open(self) -> bool:
        """Whether the device has not been closed."""
        return self._memory is not None

    def close(self) -> None:
        """Give up the memory; tensors on the device keep their shapes, but can't be read any more."""
        self._memory = None
        _open_devices.discard(self)

    @property
    def shape(self) -> MeshShape:
        """Rows and columns of chips."""
        return self._shape

    @property
    def core_grid(self) -> CoreGrid:
        """The compute grid of one chip."""
        return self.board.core_grid

    def compute_with_storage_grid_size(self) -> CoreCoord:
        """Columns and rows of the compute grid of one chip."""
        return CoreCoord(self.board.columns, self.board.rows)

    def dram_grid_size(self) -> CoreCoord:
        """DRAM banks in a row."""
        return CoreCoord(self.board.dram_banks, 1)

    def arch(self) -> Arch:
        """The chips' architecture."""
        return self.board.arch

    def id(self) -> int:
        """The mesh's number in this process, which isn't the chip's."""
        return self._id

    def get_num_devices(self) -> int:
        """The number of chips."""
        return len(self._chips)

    def get_device_ids(self) -> list[int]:
        """The numbers of the chips."""
        return list(self._chips)

    def sfpu_eps(self) -> float:
        """The vector unit's machine epsilon."""
        return 1.1920899822825959e-07

    def sfpu_nan(self) -> float:
        """The number that the vector unit takes for not a number."""
        return 7.0039998997052e19

    def sfpu_inf(self) -> float:
        """The number that the vector unit takes for infinity."""
        return 1.7013999693950742e38

    def enable_program_cache(self) -> None:
        """Nothing: there are no programs to cache."""

    clear_program_cache = disable_and_clear_program_cache = enable_program_cache

    def set_program_cache_misses_allowed(self, allowed: bool) -> None:
        """Nothing: there are no programs to cache."""

    def num_program_cache_entries(self) -> int:
        """None: there are no programs to cache."""
        return 0

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise NotEmulated(f"MeshDevice.{name}")

    def __repr__(self) -> str:
        return f"MeshDevice({'x'.join(map(str, self._shape))} grid, {len(self._chips)} devices)"


def open_device(
    *,
    device_id: int,
    l1_small_size: int = DEFAULT_L1_SMALL_SIZE,
    trace_region_size: int = DEFAULT_TRACE_REGION_SIZE,
    num_command_queues: int = 1,
    dispatch_core_config: DispatchCoreConfig | None = None,
    worker_l1_size: int = 0,
) -> MeshDevice:
    """A mesh of the one chip ``device_id`` of the board in use; sizes in bytes as in ``MemoryOptions``."""
    board = board_in_use()
    if not 0 <= device_id < board.chips:
        raise fatal(f"Device index {device_id} out of range. There are {board.chips} devices available.")
    memory = _memory(board, MemoryOptions(l1_small_size, trace_region_size, worker_l1_size))
    next(_mesh_ids)  # ttnn opens the whole board first, as a mesh with a number of its own
    return MeshDevice(board, MeshShape(1, 1), [device_id], memory)


def open_mesh_device(
    mesh_shape: MeshShape | None = None,
    l1_small_size: int = DEFAULT_L1_SMALL_SIZE,
    trace_region_size: int = DEFAULT_TRACE_REGION_SIZE,
    num_command_queues: int = 1,
    dispatch_core_config: DispatchCoreConfig | None = None,
    offset: object = None,
    physical_device_ids: Sequence[int] = (),
    worker_l1_size: int = 0,
) -> MeshDevice:
    """A mesh of the first chips of the board in use, by default of all of them in a row."""
    board = board_in_use()
    shape = mesh_shape or MeshShape(1, board.chips)
    if offset is not None or physical_device_ids:
        raise NotEmulated("open_mesh_device with an offset or physical_device_ids")
    if shape.mesh_size() > board.chips:
        raise fatal(
            f"Requested mesh shape {shape} requires {shape.mesh_size()} devices, but only {board.chips} devices are "
            f"available in the system mesh {MeshShape(1, board.chips)}.",
            "requested_size <= system_size",
        )
    memory = _memory(board, MemoryOptions(l1_small_size, trace_region_size, worker_l1_size))
    return MeshDevice(board, shape, range(shape.mesh_size()), memory)


def _memory(board: Board, options: MemoryOptions) -> DeviceMemory:
    """A memory as ``options`` say, or as those of a device that is open say: the first to open a board decides."""
    others = (device.memory for device in _open_devices if device.board is board)
    return DeviceMemory(board, next((memory.options for memory in others), options))


def create_device(
    device_id: int,
    num_command_queues: int = 1,
    l1_small_size: int = DEFAULT_L1_SMALL_SIZE,
    trace_region_size: int = DEFAULT_TRACE_REGION_SIZE,
    dispatch_core_config: DispatchCoreConfig | None = None,
    *,
    worker_l1_size: int = 0,
) -> MeshDevice:
    """``open_device`` with positional arguments: ttnn's ``CreateDevice``."""
    return open_device(
        device_id=device_id,
        l1_small_size=l1_small_size,
        trace_region_size=trace_region_size,
        worker_l1_size=worker_l1_size,
    )


def close_device(device: MeshDevice) -> None:
    """Close a device; closing it again does nothing."""
    if not isinstance(device, MeshDevice):
        raise incompatible("close_device", device)
    device.close()


def synchronize_device(device: MeshDevice, *args: object, **kwargs: object) -> None:
    """Nothing: every operation is over when it returns."""
    if not isinstance(device, MeshDevice):
        raise incompatible("synchronize_device", device)


@contextmanager
def manage_device(device_id: int) -> Iterator[MeshDevice]:
    """Open a device for the length of a ``with`` block."""
    device = open_device(device_id=device_id)
    try:
        yield device
    finally:
        close_device(device)


def get_memory_view(device: MeshDevice, buffer_type: BufferType) -> MemoryView:
    """How full one kind of memory is."""
    banks = device.memory.banks(buffer_type)
    return MemoryView(
        num_banks=banks.count if banks.size or buffer_type is not BufferType.L1_SMALL else 0,
        total_bytes_per_bank=banks.size,
        total_bytes_allocated_per_bank=banks.allocated,
        total_bytes_free_per_bank=banks.size - banks.allocated,
        largest_contiguous_bytes_free_per_bank=banks.largest_free,
    )


def num_devices() -> int:
    """The chips of the board in use."""
    return board_in_use().chips


def device_ids() -> list[int]:
    """The numbers of the chips of the board in use."""
    return list(range(board_in_use().chips))


def num_pcie_devices() -> int:
    """The chips that the host reaches without going through another: one a board."""
    return 1


def arch_name() -> str:
    """The architecture of the board in use, as ``wormhole_b0``."""
    return board_in_use().arch_name


def is_wormhole_b0(device: MeshDevice | None = None) -> bool:
    """Whether ``device``, or the board in use, is a Wormhole."""
    return _arch(device) is Arch.WORMHOLE_B0


def is_blackhole(device: MeshDevice | None = None) -> bool:
    """Whether ``device``, or the board in use, is a Blackhole."""
    return _arch(device) is Arch.BLACKHOLE


def is_grayskull(device: MeshDevice | None = None) -> bool:
    """False: ttnn 0.81.1 knows no Grayskull any more, but older sweep modules ask."""
    return False


def keep_or_report_nothing() -> None:
    """Nothing: there are no kernels to keep, and no memory reports are written."""


def _arch(device: MeshDevice | None) -> Arch:
    return board_in_use().arch if device is None else device.arch()


class _DefaultDevice:
    device: MeshDevice | None = None


def set_default_device(device: MeshDevice | None) -> None:
    """Remember ``device`` for ``get_default_device``; nothing in the emulation falls back on it."""
    _DefaultDevice.device = device


def get_default_device() -> MeshDevice | None:
    """The device last set as default."""
    return _DefaultDevice.device
