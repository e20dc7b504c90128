"""What the first suite from a large master costs, next to ``json.load`` of the same file, and what the next ones cost.

    python benchmarks/master_load.py [MEGABYTES]

Makes a master of about that size (100 by default) in a temporary directory: the project's real configurations over and
over under the names of 115 operations, each with another shape, written with ``indent=2`` as tracers write it. Each
side is timed in fresh processes, by turns, and the best of three counts. Aims: the first suite within 1.3 of
``json.load``, the next ones under 1 % of it.
"""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).parents[1]
OPERATIONS = 115
"""As many as upstream has modules with traced suites."""
ROUNDS = 3

LOAD = """
import json, sys, time
start = time.perf_counter()
with open(sys.argv[1]) as file:
    json.load(file)
print(json.dumps({"load": time.perf_counter() - start}))
"""
SUITES = """
import json, sys, time
from pytest_ttnn_sweeps.traced import MasterConfigLoader
def seconds(operation):
    start = time.perf_counter()
    names = MasterConfigLoader(sys.argv[1]).get_suite_parameters(operation)["traced_config_name"]
    return time.perf_counter() - start, len(names)
first, vectors = seconds("operation_0")
again, _ = seconds("operation_0")
others = sorted(seconds(f"operation_{number}")[0] for number in range(1, 12))
print(json.dumps({"first": first, "vectors": vectors, "again": again, "other": others[len(others) // 2]}))
"""


# The first length of a shape, in clean JSON and in the escaped text of an unparsed argument.
_LEADING = re.compile(r'(logical_shape\\*": ?\[)1(?=,)')


def write_master(path: Path, megabytes: float) -> int:
    """A master of about ``megabytes``; how many configurations it holds."""
    real = json.loads((PROJECT / "traced_operations" / "ttnn_operations_master.json").read_text(encoding="utf-8"))
    texts = [json.dumps(call) for entry in real["operations"].values() for call in entry["configurations"]]
    copies = itertools.count(2)
    operations: dict[str, list[object]] = {f"ttnn::operation_{number}": [] for number in range(OPERATIONS)}
    names = itertools.cycle(operations)
    size = count = 0
    while size < megabytes * 1e6:
        replacement = rf"\g<1>{next(copies)}"
        for text in texts:
            call = json.loads(_LEADING.sub(replacement, text))
            operations[next(names)].append(call)
            size += len(json.dumps(call, indent=2)) + 20 * text.count("{")
            count += 1
    content = {"operations": {name: {"configurations": calls} for name, calls in operations.items()}}
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return count


def run(code: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 100.0
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "ttnn_operations_master.json"
        count = write_master(path, megabytes)
        print(f"{path.stat().st_size / 1e6:.0f} MB, {OPERATIONS} operations, {count} configurations")
        rounds = [{**run(LOAD, path), **run(SUITES, path)} for _ in range(ROUNDS)]
    best = {name: min(measured[name] for measured in rounds) for name in rounds[0]}
    load = best.pop("load")
    vectors = int(best.pop("vectors"))
    print(f"json.load: {load:.3f} s; get_suite_parameters ({vectors} vectors), and its ratio to that:")
    for label, name in (("first", "first"), ("the same again", "again"), ("of another operation", "other")):
        print(f"  {label:22}{best[name]:9.4f} s  {best[name] / load:8.4f}")


if __name__ == "__main__":
    main()
