"""Memory of captured graphs: the figures of ttnn itself, and those of the emulation's accounts on the same calls."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.measure.graph_memory import UnreadableGraph, memory_peaks

torch = pytest.importorskip("torch")

DATA = Path(__file__).parents[1] / "data" / "memory_graphs.json"
RECORDED: dict[str, dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))
WITH_INTERMEDIATES = {"summed": (0, 28672), "convolution": (0, 65536)}
"""What the emulation counts of operations that ttnn makes of several: their results without what lies in between."""


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_figures_are_ttnns(name: str) -> None:
    """Totals and tensors are what ``extract_resource_usage_per_core`` gives; programs lie between its parts' peaks."""
    peaks, usage = memory_peaks(RECORDED[name]["graph"]), RECORDED[name]["usage"]
    parts = [usage["peak_cb"], usage["peak_dataflow_buffer"], usage["peak_scratchpad"]]
    assert (peaks.l1_per_core, peaks.buffers_per_core) == (usage["peak_total"], usage["peak_l1"])
    assert max(parts) <= peaks.program_per_core <= sum(parts)


@pytest.fixture(scope="module")
def emulated() -> Iterator[tuple[Any, Any]]:
    finder = provide(choose("emulated:n150"))
    import ttnn

    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    yield ttnn, device
    ttnn.close_device(device)
    withdraw(finder)


@cache
def cases() -> dict[str, Any]:
    """The calls that the graphs are of, from the file beside the script that records them."""
    spec = importlib.util.spec_from_file_location("memory_cases", Path(__file__).parent / "wheel" / "memory_cases.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_the_emulation_counts_tensors_alike(emulated: tuple[Any, Any], name: str) -> None:
    """L1 and DRAM of tensors are those of ttnn, but for what its composite operations keep in between."""
    ttnn, device = emulated
    with device.memory.watched() as usage:
        cases()[name](ttnn, device)
    counted = (usage.peak_l1_bytes_per_bank, usage.peak_dram_bytes)
    peaks = memory_peaks(RECORDED[name]["graph"])
    if name in WITH_INTERMEDIATES:
        assert counted == WITH_INTERMEDIATES[name]
        assert counted[0] <= peaks.buffers_per_core
        assert counted[1] <= peaks.dram
    else:
        assert counted == (peaks.buffers_per_core, peaks.dram)


def test_programs_that_borrow_a_tensors_memory_take_none() -> None:
    """A circular buffer on a shard is the shard; the next program takes the place of the one before."""
    graph = [
        allocate(1, "L1", 4096),
        {"node_type": "circular_buffer_deallocate_all", "params": {}, "connections": []},
        {
            "node_type": "circular_buffer_allocate",
            "params": {"size": 100, "globally_allocated": "1"},
            "connections": [],
        },
        {
            "node_type": "circular_buffer_allocate",
            "params": {"size": 200, "globally_allocated": "0"},
            "connections": [],
        },
        {"node_type": "dataflow_buffer_allocate", "params": {"size": 300, "borrows_memory": "0"}, "connections": []},
        {"node_type": "scratchpad_allocate", "params": {"size": 1}, "connections": []},
        {"node_type": "circular_buffer_deallocate_all", "params": {}, "connections": []},
        {"node_type": "dataflow_buffer_allocate", "params": {"size": 400, "borrows_memory": "0"}, "connections": []},
    ]
    peaks = memory_peaks(graph)
    assert (peaks.l1_per_core, peaks.program_per_core, peaks.buffers_per_core, peaks.dram) == (4597, 501, 4096, 0)


def test_a_capture_without_sizes_per_bank_is_refused() -> None:
    """Older versions don't say what a bank holds; a guess would be a wrong number."""
    node = {"node_type": "buffer_allocate", "params": {"type": "L1", "size": 64}, "connections": [1]}
    with pytest.raises(UnreadableGraph, match="don't say what a buffer takes of a bank"):
        memory_peaks([node])


def allocate(number: int, kind: str, size: int) -> dict[str, Any]:
    params = {"type": kind, "size": size, "max_size_per_bank": size}
    return {"node_type": "buffer_allocate", "params": params, "connections": [number]}


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["L1", "DRAM"]), st.integers(0, 2**30)), max_size=30))
def test_peaks_are_those_of_a_stack(steps: list[tuple[bool, str, int]]) -> None:
    """Against the plainest account there is: the sums after each allocation and deallocation."""
    graph, stack, sums = [], [], [(0, 0)]
    for number, (frees, kind, size) in enumerate(steps):
        if frees and stack:
            node = stack.pop()
            graph.append({**node, "node_type": "buffer_deallocate"})
        else:
            stack.append(allocate(number, kind, size))
            graph.append(stack[-1])
        sums.append(
            tuple(sum(n["params"]["size"] for n in stack if n["params"]["type"] == kind) for kind in ("L1", "DRAM"))
        )
    peaks = memory_peaks(graph)
    assert (peaks.buffers_per_core, peaks.dram) == tuple(map(max, zip(*sums)))
    assert peaks.l1_per_core == peaks.buffers_per_core
