"""``--sweep-vectors``: the vectors of files, run by the sweep module as it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import ADD, SweepTree

RELU = """
import enum

class Mode(enum.Enum):
    UP = 1
    DOWN = 2

parameters = {
    "nightly": {
        "shape": [[1, 2], (3, 4), [5]],
        "mode": [Mode.UP, Mode.DOWN, "1"],
        "scale,bias": [(1, None), (1.5, True)],
    },
    "xfail more": {"shape": [[7]], "mode": ["sum"], "scale": [float("nan")], "bias": [{"a": [1, (2, 3)]}]},
}

def invalidate_vector(vector):
    return vector["shape"] == [5], "shapes of rank 1"

def run(shape, mode, scale, bias, *, device):
    assert isinstance(shape, (list, tuple)) and isinstance(mode, (Mode, str))
    return True, f"{shape} {mode} {scale} {bias}"
"""
EXPORT = "import sys; from pytest_ttnn_sweeps.cli import main; sys.exit(main(sys.argv[1:]))"


def export(tree: SweepTree, *arguments: str) -> Path:
    """Write the tree's vectors as a user would; pytester's own process has imported the modules already."""
    command = [sys.executable, "-c", EXPORT, "vectors", "export", "vectors", *arguments]
    done = subprocess.run(command, cwd=tree.pytester.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return tree.pytester.path / "vectors"


def vector_file(tree: SweepTree, module: str, suites: dict[str, Any], *, suffix: str = "") -> Path:
    path = tree.pytester.path / "vectors" / f"{module}{suffix}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(suites))
    return path


def old(sweep_name: str, suite_name: str, **parameters: str) -> dict[str, str]:
    """A vector as upstream wrote it in September 2025: every value as text."""
    return {
        **parameters,
        "suite_name": suite_name,
        "validity": "VectorValidity.VALID",
        "invalid_reason": "",
        "status": "VectorStatus.CURRENT",
        "sweep_name": sweep_name,
        "timestamp": "2025-09-22_01-02-03",
        "input_hash": "00",
        "tag": "someone",
    }


def test_exported_vectors_are_the_same_items(tree: SweepTree) -> None:
    """Same node ids in the same order, same outcomes, same counts of invalid vectors."""
    tree.write("unary.relu", RELU)
    tree.write("binary.add", ADD)
    directory = export(tree)
    declared, read = tree.ids(), tree.ids(f"--sweep-vectors={directory}")
    assert read == declared
    assert len(read) == 12 + 1 + 8

    for arguments in ([], ["--sweep-vectors=vectors"]):
        result = tree.run(*arguments)
        result.assert_outcomes(passed=12 + 7, failed=1, xpassed=1)
        result.stdout.fnmatch_lines(["invalid 6x: shapes of rank 1"])


def test_a_file_of_2025_runs_with_the_modules_own_values(tree: SweepTree) -> None:
    """Also values that the module doesn't declare, suites that it hasn't, and a file name with a suffix."""
    tree.write("unary.relu", RELU)
    values = {"shape": "(3, 4)", "mode": "Mode.DOWN", "scale": "1.5", "bias": "True"}
    vectors = {
        "aa": old("unary.relu", "nightly", **values),
        "bb": old("unary.relu", "nightly", **values | {"scale": "9"}),
    }
    only_here = {"cc": old("unary.relu", "only here", **values | {"mode": "down"})}
    vector_file(tree, "unary.relu", {"nightly": vectors, "only here": only_here}, suffix=".mesh_1x1")

    declared = tree.ids()
    read = tree.ids("--sweep-vectors=vectors")
    assert len(read) == 3
    assert read[0] in declared
    assert read[1] not in declared
    assert read[2].split("::")[1] == "only_here"
    tree.run("--sweep-vectors", "vectors").assert_outcomes(passed=3)
    tree.run("--sweep-vectors=vectors", read[2]).assert_outcomes(passed=1)
    tree.run("--sweep-vectors=vectors", "-k", "nightly").assert_outcomes(passed=2)
    tree.run("--sweep-vectors=vectors", "--sweep-where", "scale=9").assert_outcomes(passed=1)


def test_workers_collect_the_same(tree: SweepTree) -> None:
    """xdist's workers read the files themselves."""
    tree.write("unary.relu", RELU)
    export(tree)
    tree.run_apart("--sweep-vectors=vectors", "-n2").assert_outcomes(passed=12, xpassed=1)


def test_ttnn_objects_come_back(tree: SweepTree) -> None:
    """A memory config, an enum's member and a program's grid reach run() as ttnn's own objects."""
    pytest.importorskip("torch")
    tree.write(
        "matmul",
        """
        import ttnn
        cores = ttnn.CoreRangeSet([ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(1, 1))])
        sharded = ttnn.MemoryConfig(
            ttnn.TensorMemoryLayout.BLOCK_SHARDED,
            ttnn.BufferType.L1,
            ttnn.ShardSpec(cores, [32, 32], ttnn.ShardOrientation.ROW_MAJOR),
        )
        parameters = {
            "nightly": {
                "config": [sharded, ttnn.DRAM_MEMORY_CONFIG],
                "layout": [ttnn.TILE_LAYOUT],
                "grid": [ttnn.CoreGrid(x=2, y=3)],
                "nested": [[ttnn.bfloat16, {"x": ttnn.L1_MEMORY_CONFIG}], (ttnn.bfloat8_b, 1)],
            },
        }

        def run(config, layout, grid, nested, *, device):
            assert config in (sharded, ttnn.DRAM_MEMORY_CONFIG) and layout is ttnn.TILE_LAYOUT
            assert (grid.x, grid.y) == (2, 3)
            assert nested[0] in (ttnn.bfloat16, ttnn.bfloat8_b)
            return True, ""
        """,
    )
    declared = tree.ids("--sweep-device=emulated")
    export(tree)
    assert tree.ids("--sweep-device=emulated", "--sweep-vectors=vectors") == declared
    tree.run("--sweep-device=emulated", "--sweep-vectors=vectors").assert_outcomes(passed=4)


def test_files_are_a_selection(tree: SweepTree) -> None:
    """A module without a file has no items, and says so only where it is named."""
    tree.write("binary.add", ADD)
    other = tree.write("unary.relu", RELU)
    export(tree, "--module", "binary")
    tree.run("--sweep-vectors=vectors").assert_outcomes(passed=7, failed=1)
    result = tree.run("--sweep-vectors=vectors", str(other))
    result.stdout.fnmatch_lines(["*--sweep-vectors: *vectors has no vectors of unary.relu"])


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        (None, "", "*there are no vector files (MODULE.json) in *vectors"),
        ("unary.gone", "{}", "*unary.gone.json: there is no sweep module 'unary.gone' below *sweeps"),
        ("..passwd", "{}", "*..passwd.json: there is no sweep module '..passwd' below *sweeps"),
    ],
)
def test_a_directory_that_does_not_fit_is_one_mistake(
    tree: SweepTree, name: str | None, content: str, error: str
) -> None:
    """Said before anything is collected."""
    tree.write("unary.relu", RELU)
    (tree.pytester.path / "vectors").mkdir()
    if name is not None:
        (tree.pytester.path / "vectors" / f"{name}.json").write_text(content)
    result = tree.run("--sweep-vectors=vectors")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {error}"])


def test_a_broken_file_is_one_error_of_its_module(tree: SweepTree) -> None:
    """With file, suite, vector and key; the other modules are collected."""
    tree.write("unary.relu", RELU)
    tree.write("binary.add", ADD)
    export(tree)
    vector = old("unary.relu", "nightly", shape="[" * 99, mode="1", scale="1", bias="1")
    vector_file(tree, "unary.relu", {"nightly": {"aa": vector}})
    result = tree.run("--sweep-vectors=vectors", "--collect-only", "-q")
    place = "*vectors/unary.relu.json: suite 'nightly': vector 'aa': 'shape'"
    result.stdout.fnmatch_lines([f"{place}: the text '*' nests deeper than 32 levels"])
    assert sum("::" in line and "add.py" in line for line in result.outlines) == 8
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_vector_that_run_cannot_take_is_refused(tree: SweepTree) -> None:
    """A parameter that the module's run() doesn't know."""
    tree.write("binary.add", ADD)
    vector_file(tree, "binary.add", {"nightly": {"aa": old("binary.add", "nightly", a="1", b="2", gone="3")}})
    result = tree.run("--sweep-vectors=vectors")
    result.stdout.fnmatch_lines(["*suite 'nightly': run() takes no parameter 'gone'; it takes a, b, device*"])
