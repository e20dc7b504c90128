"""What suites from a large master cost, next to ``json.load`` of the same file, and what writing to it costs.

    python benchmarks/master_load.py [MEGABYTES]

Makes a master of about that size (100 by default) in a temporary directory: the project's real configurations over and
over under the names of 115 operations, each with another shape, written with ``indent=2`` as older tracers write it;
and the same migrated to the current schema, which is about half as large. Each side is timed in fresh processes, by
turns, and the best of three counts. Aims: the first suite within 1.3 of ``json.load``, the next ones under 1 % of it.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_ttnn_sweeps.traced import migrate

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
RECORD = """
import json, sys, time
from pytest_ttnn_sweeps.traced import TraceContext, TracedConfiguration, record
def seconds(number):
    start = time.perf_counter()
    assert record(sys.argv[1], [TracedConfiguration("operation_0", (number,))], TraceContext("t")).configurations == 1
    return time.perf_counter() - start
print(json.dumps({"record": min(seconds(time.time_ns()) for _ in range(3))}))
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
    # From the master's directory, so that its index is kept in a pytest cache there, if there is one.
    done = subprocess.run(command, cwd=path.parent, stdout=subprocess.PIPE, text=True, check=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def measure(path: Path) -> None:
    """Print the ratios for the master at ``path``."""
    cache = path.parent / ".pytest_cache"
    load, without, indexed = ([] for _ in range(3))
    for _ in range(ROUNDS):
        shutil.rmtree(cache, ignore_errors=True)
        load.append(run(LOAD, path)["load"])
        without.append(run(SUITES, path))
        cache.mkdir()
        run(SUITES, path)
        indexed.append(run(SUITES, path))
    reference = min(load)
    rows = {
        "first": min(measured["first"] for measured in without),
        "first, indexed": min(measured["first"] for measured in indexed),
        "the same again": min(measured["again"] for measured in without),
        "of another operation": min(measured["other"] for measured in without),
    }
    size = path.stat().st_size / 1e6
    print(f"{path.name}: {size:.0f} MB, json.load: {reference:.3f} s; get_suite_parameters and its ratio to that:")
    print("\n".join(f"  {label:22}{seconds:9.4f} s  {seconds / reference:8.4f}" for label, seconds in rows.items()))


def main() -> None:
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 100.0
    with tempfile.TemporaryDirectory() as directory:
        older, current = Path(directory) / "older.json", Path(directory) / "current.json"
        count = write_master(older, megabytes)
        print(f"{OPERATIONS} operations, {count} configurations")
        start = time.perf_counter()
        shutil.copy(older, current)
        migrate(current, backup=False)
        print(f"migrated in {time.perf_counter() - start:.1f} s")
        for path in (older, current):
            measure(path)
        seconds = run(RECORD, current)["record"]
        print(f"one call recorded in current.json: {seconds:.3f} s")


if __name__ == "__main__":
    main()
