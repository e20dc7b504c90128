"""What a hang and a crash of a vector cost beyond the deadline, in a child process under the emulation.

    python benchmarks/faults.py [VECTORS]

Runs as many faulty vectors (20 by default) between as many passing ones, and the same without the faults, in processes
of their own; the difference of the clock, less the deadlines, is what the faults cost. Aims: under 1 s for a hang,
under 0.5 s for a crash.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEADLINE = 0.5
SWEEP = """
import ctypes, os, signal, time
import torch, ttnn
TIMEOUT = {deadline}
parameters = {{"s": {{"n": list(range({count})), "how": ["passes", {how!r}]}}}}

def run(n, how, *, device):
    if how == "sleeps":
        time.sleep(60)
    if how == "spins, deaf to signals":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        ctypes.PyDLL(None).usleep(60_000_000)
    if how == "reads a null pointer":
        ctypes.string_at(0)
    if how == "exits":
        os._exit(3)
    return True, "1.0"
"""
AIMS = {"sleeps": 1.0, "spins, deaf to signals": 1.0, "reads a null pointer": 0.5, "exits": 0.5}


def seconds(how: str, count: int) -> float:
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        (root / "pytest.ini").write_text("[pytest]\n")
        (root / "sweeps").mkdir()
        (root / "sweeps" / "faulty.py").write_text(SWEEP.format(deadline=DEADLINE, count=count, how=how))
        options = ("--sweep-device=emulated", "--sweep-isolation=process", "--sweep-max-device-failures=0")
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "no:cacheprovider", *options],
            cwd=root,
            stdout=subprocess.DEVNULL,
            check=False,
        )
        return time.perf_counter() - start


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    base = min(seconds("passes too", count) for _ in range(2))
    print("| a vector that | costs beyond its deadline | aim |\n|---|---|---|")
    for how, aim in AIMS.items():
        deadline = DEADLINE if aim == 1.0 else 0.0
        lost = (seconds(how, count) - base) / count - deadline
        print(f"| {how} | {lost:.3f} s | {aim} s |", flush=True)


if __name__ == "__main__":
    main()
