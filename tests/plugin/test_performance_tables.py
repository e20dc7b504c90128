"""The terminal's tables of what was measured."""

from __future__ import annotations

import pytest
from sweep_tree import SweepTree

# Vectors whose returned times are 1, 2, ... ms, steady but for the third, whose are 30 to 50 ms; the twelfth fails.
TIMED = """
parameters = {"s": {"n": list(range(1, 13))}}
calls = 0

def run(n, *, device):
    global calls
    calls += 1
    time = n * 1_000_000
    if n == 3:
        time = 30_000_000 + 10_000_000 * (calls % 3)
    return [(n != 12, "1.0"), time]
"""

PRODUCT = """
import torch, ttnn
parameters = {"s": {"n": [32, 2048]}}

def run(n, *, device):
    given = {"dtype": ttnn.bfloat16, "layout": ttnn.TILE_LAYOUT, "device": device}
    ttnn.relu(ttnn.from_torch(torch.ones(n, n), **given))
    return [(True, "1.0"), 7]
"""


def tables(result: pytest.RunResult) -> dict[str, list[list[str]]]:
    """Rows of words by title, with the heads first."""
    found: dict[str, list[list[str]]] = {}
    lines = result.outlines
    start = next((at for at, line in enumerate(lines) if "sweep measurements" in line), len(lines))
    rows: list[list[str]] = []
    for line in lines[start + 1 :]:
        if line.startswith("  "):
            rows.append(line.split())
        elif line.endswith(":"):
            rows = found[line.partition(",")[0].rstrip(":")] = []
    return found


@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_slowest_and_least_steady_come_first(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """Medians of timed executions, ten rows, -v more; a vector that failed was not timed; so it is with workers."""
    tree.write("timed", TIMED)

    result = tree.run("--sweep-perf", "--sweep-repeat=8", "--tb=no", *workers)

    shown = tables(result)
    assert list(shown) == ["slowest", "largest spread of times"]
    heads, *rows = shown["slowest"]
    assert (heads[0], heads[-1]) == ("time", "vector")
    times = [float(row[0]) for row in rows]
    assert 30 <= times[0] <= 50
    assert times[1:] == [*map(float, range(11, 3, -1)), 2.0]
    assert all(row[1:3] == ["ms", "e2e"] for row in rows)
    assert all(row[-1].startswith("timed::s::") and len(row[-1]) == 22 for row in rows)
    third = rows[0][-1]
    assert shown["largest spread of times"][1][-1] == third
    result.stdout.fnmatch_lines(["slowest, 10 of 11:", "times are by the host's clock, *", "-v shows 40 rows, *"])
    verbose = tree.run("--sweep-perf", "--sweep-repeat=8", "--tb=no", "-v", *workers)
    assert len(tables(verbose)["slowest"]) == 12
    assert "-v shows" not in verbose.stdout.str()


def test_nothing_is_told_where_nothing_was_measured(tree: SweepTree) -> None:
    """Without an option, of vectors that failed, with -q, and where nothing ran."""
    tree.write("timed", TIMED)
    tree.write("failing", "parameters = {'s': {'n': [1, 2]}}\ndef run(n, *, device):\n    return False, ''\n")

    for arguments in (
        ("--tb=no",),
        ("--sweep-perf", "--tb=no", "sweeps/failing.py"),
        ("--sweep-perf", "--tb=no", "-q"),
        ("--sweep-perf", "--collect-only"),
    ):
        assert "sweep measurements" not in tree.run(*arguments).stdout.str(), arguments


def test_an_emulation_has_ideal_times_and_tensors_alone_and_says_so(tree: SweepTree) -> None:
    """No ratio; each reason once, with the number of vectors."""
    pytest.importorskip("torch")
    tree.write("product", PRODUCT, device=True)

    result = tree.run("--sweep-device=emulated:n300", "--sweep-perf", "--sweep-memory")

    shown = tables(result)
    assert list(shown) == ["slowest", "longest ideal times", "most L1 of a core"]
    large, small = shown["longest ideal times"][1:]
    # 16 MiB over 288 GB/s.
    assert large[:3] == ["58.3", "µs", "dram"]
    assert small[2] == "launch"
    assert shown["most L1 of a core"][0] == ["L1", "a", "core", "tensors", "DRAM", "vector"]
    result.stdout.fnmatch_lines(
        [
            "an emulation ran this on the host: *",
            "memory_missing 2x: the emulation has no programs*",
            "roofline_missing 2x: no ratio: times of an emulated device*",
        ]
    )
