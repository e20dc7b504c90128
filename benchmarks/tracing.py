"""What tracing adds to a call of an operation, on the ttnn that is installed or on the emulation.

    python benchmarks/tracing.py [CALLS]

Times CALLS (1,000 by default) of each of a few calls in one process, traced and not traced by turns, and prints the
medians of five turns in microseconds; then what it takes to add 1,000 distinct configurations to a master. The wheel's
mock device computes nothing, so there the share is the largest that it can be.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.provider import choose, provide
from pytest_ttnn_sweeps.traced import TraceContext, TracedConfiguration, record
from pytest_ttnn_sweeps.traced.tracer import trace_operations, ttnn_version

TURNS = 5
CONFIGURATIONS = 1000


def cases(ttnn: Any, device: Any) -> dict[str, Callable[[], Any]]:
    def tensor(*shape: int, **keywords: Any) -> Any:
        keywords = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device, **keywords}
        return ttnn.from_torch(torch.ones(shape), **keywords)

    shards = ttnn.create_sharded_memory_config(
        [1, 1, 64, 32], ttnn.CoreGrid(x=2, y=1), ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR
    )
    plain, weights = tensor(1, 1, 64, 64), tensor(64, 64)
    sharded = tensor(1, 1, 64, 32, memory_config=shards)
    kernel = ttnn.WormholeComputeKernelConfig(math_fidelity=ttnn.MathFidelity.HiFi4)
    grid = ttnn.CoreGrid(x=2, y=1)
    return {
        "relu(interleaved)": lambda: ttnn.relu(plain),
        "add(interleaved, interleaved)": lambda: ttnn.add(plain, plain),
        "relu(sharded, memory_config=)": lambda: ttnn.relu(sharded, memory_config=shards),
        "linear(kernel config, grid)": lambda: ttnn.linear(
            plain, weights, compute_kernel_config=kernel, core_grid=grid, dtype=ttnn.bfloat16
        ),
    }


def seconds(call: Callable[[], Any], calls: int, traced: bool) -> float:
    with trace_operations() if traced else nullcontext():
        start = time.process_time()
        for _ in range(calls):
            call()
        return time.process_time() - start


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    if importlib.util.find_spec("ttnn") is None:
        provide(choose("emulated"))
    import ttnn

    device = ttnn.open_device(device_id=0)
    print(f"ttnn {ttnn_version()}\n\n| call | alone, µs | traced, µs | added, µs |\n|---|---|---|---|")
    for name, call in cases(ttnn, device).items():
        seconds(call, 10, traced=True)
        turns = [(seconds(call, calls, traced=False), seconds(call, calls, traced=True)) for _ in range(TURNS)]
        alone, traced = (median(side) / calls * 1e6 for side in zip(*turns))
        print(f"| {name} | {alone:.0f} | {traced:.0f} | {traced - alone:.0f} |", flush=True)
    ttnn.close_device(device)
    with tempfile.TemporaryDirectory() as directory:
        entries = [TracedConfiguration("add", (number,)) for number in range(CONFIGURATIONS)]
        start = time.perf_counter()
        record(Path(directory) / "m.json", entries, TraceContext("t"))
        print(f"\n{CONFIGURATIONS} new configurations to a master: {(time.perf_counter() - start) * 1e3:.0f} ms")


if __name__ == "__main__":
    main()
