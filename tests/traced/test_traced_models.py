"""There and back: real model tests are traced, and what they called runs again as tests.

``tests/models`` runs in processes of its own, on the emulation; a recording of the same tests on the wheel says what
they call there.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.traced import TracedConfiguration, read_master

pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
ON_WHEEL = ROOT / "tests" / "data" / "models_traced_on_wheel.json"
REPLAY = Path(__file__).with_name("replayed_calls.py")


def run_pytest(*arguments: str) -> str:
    """The output of pytest, which must pass."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return done.stdout


def trace(master: Path, *arguments: str) -> str:
    return run_pytest("tests/models", "--sweep-device=emulated", f"--ttnn-trace={master}", *arguments)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The models traced once."""
    path = tmp_path_factory.mktemp("models") / "master.json"
    output = trace(path)
    assert re.search(r"Added 106 new unique configurations to \S+master\.json\n", output)
    return path


def configurations(path: Path) -> dict[str, TracedConfiguration]:
    master = read_master(path)
    return {entry.content_hash: entry for operation in master.operations for entry in master.configurations(operation)}


def executions(path: Path) -> dict[str, set[tuple[str | None, int | None]]]:
    return {
        key: {(execution.source, execution.count) for execution in entry.executions}
        for key, entry in configurations(path).items()
    }


def test_the_emulation_and_the_wheel_see_the_same_calls(master: Path) -> None:
    """Operations with all arguments, how often, and in which test: equal without exception."""
    assert executions(master) == executions(ON_WHEEL)
    assert len(read_master(master).operations) == 31


def test_tracing_again_and_with_workers_adds_nothing(master: Path) -> None:
    assert "Added 0 new unique configurations" in trace(master, "-n2")


def test_what_was_traced_runs_as_sweeps(master: Path) -> None:
    """Each configuration of an operation that has a sweep module is an item that passes, or one that says why not."""
    swept = ["eltwise", "matmul", "conv2d", "data_movement/reshape.py", "data_movement/permute.py", "transformer"]
    output = run_pytest(
        *(f"sweeps/{name}" for name in swept),
        "-kmodel_traced",
        "-rs",
        f"--sweep-master={master}",
        f"--sweep-results-dir={master.parent / 'runs'}",
        "--sweep-device=emulated",
    )

    assert re.search(r"\b60 passed, 1 skipped\b", output), output[-3000:]
    assert "argument 'activations': the call passes a value other than ttnn's default" in output


def test_every_call_can_be_made_again(master: Path) -> None:
    """All 106, of operations without sweep modules too: rebuilt from the master alone, the emulation takes each."""
    done = subprocess.run(
        [sys.executable, str(REPLAY), str(master)], capture_output=True, text=True, check=False, timeout=240
    )

    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["106 of 106"]), done.stdout + done.stderr
