"""What golden values cost on the mock device: time per call beside the same call without them, and memory over vectors.

    python benchmarks/golden_values.py [VECTORS]

Needs the ttnn wheel. Times are medians of calls on [1, 1, 64, 64] bfloat16 tensors, the golden function's own included.
Then as many vectors (10,000 by default) run in one child; each makes, computes and reads tensors of one of 10 shapes.
Of some of them the child's resident memory, the table's size and the allocated device memory are shown.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SWEEP = """
import json, pathlib
import torch, ttnn
from pytest_ttnn_sweeps.devices.mock.following import installed

parameters = {{"s": {{"n": list(range({count}))}}}}
OUT = pathlib.Path({out!r})

def run(n, *, device):
    height, width = 32 * (1 + n % 10), 32 * (1 + n % 5)
    a = torch.randn(1, 1, height, width)
    x = ttnn.from_torch(a, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    y = ttnn.from_torch(a, dtype=ttnn.bfloat8_b, layout=ttnn.TILE_LAYOUT, device=device)
    read = ttnn.to_torch(ttnn.add(ttnn.relu(x), ttnn.to_memory_config(y, ttnn.L1_MEMORY_CONFIG)))
    del x, y
    if n % {step} == {step} - 1:
        status = pathlib.Path("/proc/self/status").read_text().splitlines()
        rss = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
        left = sum(
            ttnn.get_memory_view(device, kind).total_bytes_allocated_per_bank
            for kind in (ttnn.BufferType.DRAM, ttnn.BufferType.L1)
        )
        table = installed().shadows
        with OUT.open("a") as file:
            file.write(json.dumps([n + 1, rss, len(table), table.size, left]) + "\\n")
    return bool((read.float() - (a.relu() + a)).abs().max() < 0.1), "1.0"
"""
CALLS = """
import json, statistics, time
import torch, ttnn
from pytest_ttnn_sweeps.devices.mock.following import installed
parameters = {{"s": {{"n": [0, 1]}}}}

def run(n, *, device):
    values = installed()
    make = lambda: ttnn.from_torch(a, dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    a = torch.randn(1, 1, 64, 64)
    x, y = make(), make()
    calls = {{
        "from_torch": make,
        "add": lambda: ttnn.add(x, y),
        "matmul": lambda: ttnn.matmul(x, y),
        "softmax": lambda: ttnn.softmax(x, dim=-1),
        "relu": lambda: ttnn.relu(x),
        "permute": lambda: ttnn.permute(x, (0, 1, 3, 2)),
        "to_memory_config": lambda: ttnn.to_memory_config(x, ttnn.L1_MEMORY_CONFIG),
        "typecast to bfloat8_b": lambda: ttnn.typecast(x, ttnn.bfloat8_b),
        "to_torch": lambda: ttnn.to_torch(x),
    }}
    def median(call):
        times = []
        for _ in range(200):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return statistics.median(times) * 1e3
    found = {{}}
    for name, call in calls.items():
        call()
        with values.unfollowed():
            alone = median(call)
        found[name] = [alone, median(call)]
    open({out!r}, "w").write(json.dumps(found))
    return True, "1.0"
"""


def run(text: str, **names: object) -> list[str]:
    """Lines of what a sweep module on the mock device has written."""
    with tempfile.TemporaryDirectory() as directory:
        root, out = Path(directory), Path(directory) / "out"
        (root / "pytest.ini").write_text("[pytest]\n")
        (root / "sweeps").mkdir()
        (root / "sweeps" / "golden.py").write_text(text.format(out=str(out), **names))
        options = ("--sweep-device=mock", "--sweep-isolation=process", "--sweep-timeout=0", "-p", "no:cacheprovider")
        command = [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", "-q", "--tb=short", *options]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(done.stdout[-4000:])
        return out.read_text().splitlines()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    print("| call | without golden values, ms | with them, ms |\n|---|---|---|")
    for name, (alone, followed) in json.loads(run(CALLS)[0]).items():
        print(f"| {name} | {alone:.2f} | {followed:.2f} |")
    start = time.perf_counter()
    lines = [json.loads(line) for line in run(SWEEP, count=count, step=max(1, count // 10))]
    print(f"\n{count} vectors in {time.perf_counter() - start:.0f} s\n")
    print("| vectors | resident, MiB | tensors in the table | their values, KiB | device memory per bank, B |")
    print("|---|---|---|---|---|")
    for vectors, rss, entries, size, left in lines:
        print(f"| {vectors} | {rss / 1024:.0f} | {entries} | {size / 1024:.0f} | {left} |")


if __name__ == "__main__":
    main()
