"""Memory banks: where a buffer goes, and when there is no room for it.

All banks of a kind are filled in lockstep, so one list of addresses stands for all of them. ttnn takes the first free
range that fits: DRAM from the lowest address up, L1 from the highest down. Both were checked against 1,200 recorded
allocations and frees (``tests/data/ttnn_allocations.json``).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import NamedTuple

from .boards import L1_ALIGNMENT, Board
from .coordinates import CoreCoord
from .enums import BufferType
from .errors import fatal

_TRACE_GRANULE = 8192


class Footprint(NamedTuple):
    """What a tensor asks of a memory: ``pages`` of ``page_bytes`` each.

    ``shard_cores`` are the cores whose banks hold its ``shards`` in turn, None when its pages go round all banks.
    """

    page_bytes: int
    pages: int
    pages_per_shard: int = 0
    shards: int = 0
    shard_cores: tuple[CoreCoord, ...] | None = None


def _up_to_multiple(size: int, of: int) -> int:
    return -(-size // of) * of


class Buffer:
    """A range of addresses in every bank, given back when it is deallocated or when its last holder lets go of it.

    A view is a buffer over another's memory. Deallocating the view gives back that memory; deallocating the other
    doesn't tell the view, which then still reads as allocated. That is ttnn's way, and so is a soft deallocation, which
    leaves a buffer alone that somebody else holds.
    """

    __slots__ = ("_banks", "_holders", "_root", "address", "bytes_per_bank", "content_bytes", "is_allocated")

    def __init__(
        self, banks: Banks, address: int, bytes_per_bank: int, root: Buffer | None = None, content_bytes: int = 0
    ) -> None:
        self._banks = banks
        self._root = root
        self._holders = 0
        self.address = address
        self.bytes_per_bank = bytes_per_bank
        self.content_bytes = content_bytes
        self.is_allocated = True

    def view(self) -> Buffer:
        """Another buffer over the same memory."""
        root = self._root or self
        return Buffer(self._banks, self.address, self.bytes_per_bank, root.held())

    def held(self) -> Buffer:
        """This buffer, with one more holder."""
        self._holders += 1
        return self

    def let_go(self) -> None:
        """One holder less."""
        self._holders -= 1
        if self._holders:
            return
        if self._root is None:
            self.deallocate()
        else:
            self._root.let_go()

    def deallocate(self, *, force: bool = True) -> None:
        """Give the memory back, unless that has happened, or others hold it and it isn't forced."""
        if not self.is_allocated or (not force and self._holders > 1):
            return
        if self._root is not None:
            self._root.deallocate(force=force)
            self.is_allocated = self._root.is_allocated and not force
        else:
            self.is_allocated = False
            self._banks.release(self)


class MemoryUsage:
    """What buffers take at most while it watches, beyond what they took before: see ``DeviceMemory.watched``."""

    def __init__(self) -> None:
        self.peak_l1_bytes_per_bank = 0
        """Of L1 and L1_SMALL together; buffers that lie on some cores only count as if they lay on one and the same."""
        self.peak_dram_bytes = 0
        """Of all banks together, without what aligns pages."""
        self._l1 = self._dram = 0

    def changed(self, kind: BufferType, bytes_per_bank: int, content_bytes: int) -> None:
        """Told of every allocation, and of every deallocation with negative numbers."""
        if kind in (BufferType.L1, BufferType.L1_SMALL):
            self._l1 += bytes_per_bank
            self.peak_l1_bytes_per_bank = max(self.peak_l1_bytes_per_bank, self._l1)
        elif kind is BufferType.DRAM:
            self._dram += content_bytes
            self.peak_dram_bytes = max(self.peak_dram_bytes, self._dram)


class Banks:
    """The banks of one kind of memory of one device."""

    def __init__(self, kind: BufferType, count: int, base: int, size: int, alignment: int, *, grows_down: bool) -> None:
        self.watchers: list[MemoryUsage] = []
        self.kind = kind
        self.count = count
        self.size = size
        self._base = base
        self._alignment = alignment
        self._grows_down = grows_down
        self._taken: list[tuple[int, int]] = []  # (first, one past last) addresses, sorted

    @property
    def allocated(self) -> int:
        """Bytes taken in each bank."""
        return sum(end - start for start, end in self._taken)

    @property
    def largest_free(self) -> int:
        """Bytes of the largest range in each bank that a buffer could have."""
        return max((end - start for start, end in self._free_ranges()), default=0)

    def allocate(self, bytes_per_bank: int, total_bytes: int, banks: int, content_bytes: int = 0) -> Buffer:
        """A buffer of ``bytes_per_bank`` in every bank; ttnn's out-of-memory error when no free range is that long.

        ``total_bytes`` and ``banks`` are what the error's text says about the request, ``content_bytes`` what the
        pages hold without what aligns them.
        """
        size = _up_to_multiple(bytes_per_bank, self._alignment)
        ranges = self._free_ranges()
        for start, end in reversed(ranges) if self._grows_down else ranges:
            if end - start >= size:
                address = end - size if self._grows_down else start
                insort(self._taken, (address, address + size))
                for watcher in self.watchers:
                    watcher.changed(self.kind, size, content_bytes)
                return Buffer(self, address, size, content_bytes=content_bytes)
        raise fatal(self._complaint(bytes_per_bank, total_bytes, banks))

    def release(self, buffer: Buffer) -> None:
        """Take back a buffer's addresses."""
        if buffer.bytes_per_bank:
            self._taken.remove((buffer.address, buffer.address + buffer.bytes_per_bank))
            for watcher in self.watchers:
                watcher.changed(self.kind, -buffer.bytes_per_bank, -buffer.content_bytes)

    def _free_ranges(self) -> list[tuple[int, int]]:
        starts = chain([self._base], (end for _, end in self._taken))
        ends = chain((start for start, _ in self._taken), [self._base + self.size])
        return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]

    def _complaint(self, bytes_per_bank: int, total_bytes: int, banks: int) -> str:
        text = (
            f"Out of Memory: Not enough space to allocate {total_bytes} B {self.kind.name} buffer across {banks} "
            f"banks, where each bank needs to store {bytes_per_bank} B, but bank size is {self.size} B (allocated: "
            f"{self.allocated} B, free: {self.size - self.allocated} B, largest free block: {self.largest_free} B)."
        )
        if self.kind is not BufferType.L1_SMALL:
            return text
        if self.size:
            return (
                f"{text} The L1_SMALL region is sized at device open; increase l1_small_size when opening the device."
            )
        return (
            f"{text} The L1_SMALL region is 0 B because it is reserved at device open; set l1_small_size large enough "
            "for this allocation when opening the device."
        )


class MemoryOptions(NamedTuple):
    """What is set aside when a device is opened, in bytes."""

    l1_small_size: int
    """of each core's L1"""
    trace_region_size: int
    """of all DRAM banks together"""
    worker_l1_size: int
    """what each core's L1 has for tensors, L1_SMALL included; 0 for all there is"""


class DeviceMemory:
    """All memory of one device: DRAM, L1, and the regions of both that are set aside."""

    def __init__(self, board: Board, options: MemoryOptions) -> None:
        self._board = board
        self.options = options
        l1_small_size, trace_region_size, worker_l1_size = options
        if worker_l1_size > board.l1_unreserved:
            raise fatal(f"Worker L1 size {worker_l1_size} is larger than max size {board.l1_unreserved}")
        l1_bytes = worker_l1_size or board.l1_bytes
        small = _up_to_multiple(l1_small_size, board.dram_alignment)
        if small >= l1_bytes:
            raise fatal("Reserved size must be less than bank size")
        trace = _up_to_multiple(-(-trace_region_size // board.dram_banks), _TRACE_GRANULE)
        dram_end, l1_end = board.dram_base + board.dram_bytes, board.l1_end
        regions = (
            (BufferType.DRAM, board.dram_banks, board.dram_base, dram_end - trace, False),
            (BufferType.TRACE, board.dram_banks, dram_end - trace, dram_end, False),
            (BufferType.L1, board.columns * board.rows, l1_end - l1_bytes, l1_end - small, True),
            (BufferType.L1_SMALL, board.columns * board.rows, l1_end - small, l1_end, True),
        )
        self._banks = {
            kind: Banks(kind, count, start, end - start, board.dram_alignment, grows_down=grows_down)
            for kind, count, start, end, grows_down in regions
        }

    def banks(self, kind: BufferType) -> Banks:
        """The banks of one kind of memory."""
        return self._banks[kind]

    @contextmanager
    def watched(self) -> Iterator[MemoryUsage]:
        """Watch what buffers take during the block."""
        usage = MemoryUsage()
        for banks in self._banks.values():
            banks.watchers.append(usage)
        try:
            yield usage
        finally:
            for banks in self._banks.values():
                banks.watchers.remove(usage)

    def allocate(self, kind: BufferType, footprint: Footprint) -> Buffer:
        """A buffer for ``footprint``; ttnn's errors for cores that have no bank and for too little memory.

        Nothing takes no memory: a tensor without elements gets a buffer at address 0.
        """
        banks = self._banks[kind]
        in_dram = kind in (BufferType.DRAM, BufferType.TRACE)
        if footprint.shard_cores is not None:
            self._check_cores(footprint.shard_cores, in_dram)
        elif kind is BufferType.L1_SMALL:
            raise fatal("L1_SMALL only supports sharded allocations, see validate_num_banks")
        if not footprint.pages:
            return Buffer(banks, 0, 0)
        page = _up_to_multiple(footprint.page_bytes, self._board.dram_alignment if in_dram else L1_ALIGNMENT)
        if footprint.shard_cores is None:
            per_bank = -(-footprint.pages // banks.count) * page
            content = footprint.pages * footprint.page_bytes
            return banks.allocate(per_bank, footprint.pages * page, banks.count, content)
        used_banks = min(footprint.shards, len(footprint.shard_cores))
        per_bank = -(-footprint.shards // len(footprint.shard_cores)) * footprint.pages_per_shard * page
        content = footprint.shards * footprint.pages_per_shard * footprint.page_bytes
        return banks.allocate(per_bank, per_bank * used_banks, used_banks, content)

    def _check_cores(self, cores: tuple[CoreCoord, ...], in_dram: bool) -> None:
        board = self._board
        for core in cores:
            if in_dram and core.y != 0:
                raise fatal(
                    f"Invalid DRAM shard grid: shard core ({core.x}, {core.y}) is not on row 0. DRAM banks are 1D "
                    "(bank_id == logical x-coordinate), so every shard core must have y == 0."
                )
            columns, rows = (board.dram_banks, 1) if in_dram else (board.columns, board.rows)
            if core.x >= columns or core.y >= rows:
                memory = "DRAM" if in_dram else "L1"
                raise fatal(
                    f"Invalid shard grid: shard core ({core.x}, {core.y}) has no {memory} bank on this device, which "
                    f"has {columns * rows} of them. Derive the shard grid from the device (dram_grid_size() for DRAM, "
                    "compute_with_storage_grid_size() for L1) rather than assuming a fixed size -- a harvested device "
                    "exposes fewer banks than an unharvested one of the same type. An L1 shard core outside the "
                    "compute grid is legal only while it is claimed via ServiceCoreManager."
                )
