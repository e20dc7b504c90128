"""Record ``tests/data/memory_graphs.json`` from a real ttnn: what it captures of each case, and what it counts.

    python tests/measure/wheel/record_memory.py > tests/data/memory_graphs.json

Of the graphs only the nodes are kept that are about memory. Addresses are 0 and are left out.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from loguru import logger
from memory_cases import CASES

_KINDS = (
    "buffer_allocate",
    "buffer_deallocate",
    "circular_buffer_allocate",
    "circular_buffer_deallocate_all",
    "dataflow_buffer_allocate",
    "scratchpad_allocate",
)
_PARAMS = ("type", "size", "max_size_per_bank", "globally_allocated", "borrows_memory")
_FIGURES = ("peak_cb", "peak_dataflow_buffer", "peak_l1", "peak_scratchpad", "peak_total")


def main() -> None:
    import ttnn

    logger.disable("ttnn.graph")
    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    found = {name: recorded(ttnn, device, case) for name, case in CASES.items()}
    ttnn.close_device(device)
    json.dump(found, sys.stdout, separators=(",", ":"))
    print()


def recorded(ttnn: Any, device: Any, case: Any) -> dict[str, Any]:
    ttnn.graph.begin_graph_capture(ttnn.graph.RunMode.NO_DISPATCH)
    result = case(ttnn, device)
    del result
    graph = ttnn.graph.end_graph_capture()
    usage = ttnn.graph.extract_resource_usage_per_core(graph)
    nodes = [
        {
            "node_type": node["node_type"],
            "params": {name: value for name, value in (node["params"] or {}).items() if name in _PARAMS},
            "connections": node["connections"][:1],
        }
        for node in graph
        if node["node_type"] in _KINDS
    ]
    figures = {name: getattr(usage, name) for name in _FIGURES}
    return {"graph": nodes, "usage": figures, "device_l1": ttnn.graph.extract_peak_L1_memory_usage(graph)}


if __name__ == "__main__":
    main()
