"""How much memory a captured graph's calls take at most: its allocations and deallocations, one after another.

A graph is what ``ttnn.graph.end_graph_capture`` gives. Numbers agree with those of ttnn's own
``extract_resource_usage_per_core`` where it has them; it has none of DRAM, and keeps apart what programs take in
circular and in dataflow buffers, whose peaks may come at different moments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_BORROWED = {"circular_buffer_allocate": "globally_allocated", "dataflow_buffer_allocate": "borrows_memory"}
"""Buffers of programs, and what says that one lies in a tensor's memory."""
_SCRATCHPAD = "scratchpad_allocate"


class UnreadableGraph(Exception):
    """A graph lacks what memory is counted by; the text says what."""


@dataclass(frozen=True, slots=True)
class MemoryPeaks:
    """The most bytes at one moment. Those of parts need not be those of the whole: peaks come at different moments."""

    l1_per_core: int
    """Tensors and programs together."""
    program_per_core: int
    """Circular buffers, dataflow buffers and scratchpads of a program."""
    buffers_per_core: int
    """Tensors in L1."""
    dram: int
    """Tensors in DRAM, of all banks together."""


def memory_peaks(graph: Iterable[Mapping[str, Any]]) -> MemoryPeaks:
    """The peaks of a captured graph. Raises `UnreadableGraph` for one of another version of ttnn.

    A core's share is that of the core with the largest share: of tensors what a bank holds, of a program all buffers,
    as if each had a part on that core.
    """
    program = buffers = dram = 0
    peak_all = peak_program = peak_buffers = peak_dram = 0
    live: dict[object, tuple[int, int]] = {}
    for node in graph:
        kind, params = node["node_type"], node["params"]
        if kind == "buffer_allocate":
            taken = _taken(params)
            live[_buffer(node)] = taken
            buffers, dram = buffers + taken[0], dram + taken[1]
        elif kind == "buffer_deallocate":
            freed = live.pop(_buffer(node), (0, 0))
            buffers, dram = buffers - freed[0], dram - freed[1]
        elif kind == "circular_buffer_deallocate_all":
            program = 0
        elif kind == _SCRATCHPAD or (kind in _BORROWED and str(params.get(_BORROWED[kind])) == "0"):
            program += int(params["size"])
        peak_all = max(peak_all, program + buffers)
        peak_program, peak_buffers, peak_dram = (
            max(peak_program, program),
            max(peak_buffers, buffers),
            max(peak_dram, dram),
        )
    return MemoryPeaks(peak_all, peak_program, peak_buffers, peak_dram)


def _taken(params: Mapping[str, Any]) -> tuple[int, int]:
    """What a buffer takes of a core's L1, and of DRAM."""
    if params["type"] == "DRAM":
        return 0, int(params["size"])
    if "max_size_per_bank" not in params:
        raise UnreadableGraph("this ttnn's captures don't say what a buffer takes of a bank")
    return int(params["max_size_per_bank"]), 0


def _buffer(node: Mapping[str, Any]) -> object:
    """The node of the buffer that ``node`` is about: addresses are all 0 where nothing is dispatched."""
    return node["connections"][0] if node["connections"] else None
