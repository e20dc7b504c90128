"""``--sweep-device mock``: the real ttnn, on each board, prepared by nobody, leaving nothing behind."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.devices.mock.environment import variables
from pytest_ttnn_sweeps.devices.mock.preparing import prepare
from pytest_ttnn_sweeps.devices.mock.wheel import find_wheel

BOARDS = {
    "n150": ("wormhole_b0", (8, 8), 1),
    "n300": ("wormhole_b0", (8, 8), 2),
    "p150": ("blackhole", (13, 10), 1),
}

FACTS = """
import os, torch, ttnn
parameters = {"s": {"height": [32, 512]}}

def run(height, *, device):
    grid = device.compute_with_storage_grid_size()
    print("device:", ttnn.get_arch_name(), grid.x, grid.y, ttnn.get_num_devices())
    print("in child:", os.environ["TTNN_SWEEPS_MOCK"], os.environ.get("PYTEST_XDIST_WORKER"))
    tensor = ttnn.from_torch(torch.ones(height, 64), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
    made = ttnn.exp(ttnn.matmul(tensor, ttnn.permute(tensor, (1, 0))))
    return tuple(made.shape) == (height, height) and made.device() == device, "shapes"
"""


def records(directory: Path) -> list[dict[str, object]]:
    (journal,) = (directory / ".ttnn_sweeps" / "runs").glob("*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    return [line for line in lines if "card_type" in line]


@pytest.mark.parametrize("board", BOARDS)
def test_a_board_is_what_it_is_called(tree: SweepTree, monkeypatch: pytest.MonkeyPatch, board: str) -> None:
    """Architecture, grid and devices as on the card; header and records say that it is a mock one."""
    tree.write("facts", FACTS, device=True)
    # Another device than the one that was asked for.
    monkeypatch.setenv("TT_METAL_SIMULATOR", "/nowhere")
    monkeypatch.setenv("TT_VISIBLE_DEVICES", "7")
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    result = tree.run_apart(f"--sweep-device=mock:{board}", "-rA")

    arch, (x, y), devices = BOARDS[board]
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines([f"sweeps: ttnn * on {board}, a MOCK device: *", f"sweeps: board {board}, *"])
    assert result.outlines.count(f"device: {arch} {x} {y} {devices}") == 2
    assert result.outlines.count(f"in child: {board} None") == 2
    assert {(line["provider"], line["card_type"]) for line in records(tree.pytester.path)} == {
        ("mock", f"{board} (mock)")
    }


def test_neither_the_wheel_nor_its_own_caches_are_touched(tree: SweepTree) -> None:
    """Only the directory of ours, and what pytest and the run write."""
    package = find_wheel().package
    before = {path: path.lstat().st_mtime_ns for path in package.rglob("*") if "__pycache__" not in path.parts}
    tree.write("facts", FACTS, device=True)

    tree.run_apart("--sweep-device=mock", "-p", "no:cacheprovider").assert_outcomes(passed=2)

    after = {path: path.lstat().st_mtime_ns for path in package.rglob("*") if "__pycache__" not in path.parts}
    assert after == before
    # pytester makes its directory the home of what it runs, too.
    assert not {"generated", ".cache"} & {path.name for path in tree.pytester.path.iterdir()}


def test_each_worker_has_a_mock_device(tree: SweepTree) -> None:
    """As many as there are workers, whatever devices the host has; also where the ini file asks for it."""
    tree.write("facts", FACTS.replace("[32, 512]", "[32, 64, 96, 128]"), device=True)

    tree.pytester.makeini("[pytest]\nsweep_device = mock:p150")

    result = tree.run_apart("-rA", "-n2", "--dist=each")

    result.assert_outcomes(passed=8)
    for worker in ("gw0", "gw1"):
        assert result.outlines.count(f"in child: p150 {worker}") == 4


SESSIONS = """
import os, sys, pytest
def changed():
    return sorted(name for name in {*os.environ, *before} if os.environ.get(name) != before.get(name))
os.environ.pop("PYTEST_CURRENT_TEST", None)
before = dict(os.environ)
print("first:", int(pytest.main(["-p", "ttnn_sweeps", "-q", "--sweep-device=mock", *sys.argv[1:]])), changed())
print("second:", int(pytest.main(["-p", "ttnn_sweeps", "-q", "--sweep-device=mock:n150", *sys.argv[1:]])), changed())
print("other board:", int(pytest.main(["-p", "ttnn_sweeps", "-q", "--sweep-device=mock:n300"])), changed())
"""


def test_the_environment_is_restored(tree: SweepTree) -> None:
    """After a session, so that what follows in the process doesn't inherit it; ttnn stays what it was imported as."""
    tree.write("facts", FACTS, device=True)
    script = tree.pytester.makepyfile(sessions=SESSIONS)

    result = tree.pytester.runpython(script)

    told = [line for line in result.outlines if line.startswith(("first:", "second:", "other board:"))]
    assert told == [
        "first: 0 []",
        "second: 0 []",
        "other board: 4 []",
    ]
    result.stderr.fnmatch_lines(["ERROR: --sweep-device mock:n300: ttnn is imported already, from *"])


def test_what_reads_a_devices_memory_is_off(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """The watcher, ttnn's prints of kernels and its profiler find zeros there, and end the process."""
    tree.write("facts", FACTS, device=True)
    for name in ("TT_METAL_WATCHER", "TT_METAL_DEVICE_PROFILER"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("TT_METAL_DPRINT_CORES", "0,0")

    assert tree.run_apart("--sweep-device=mock").ret == pytest.ExitCode.OK


def test_a_conftest_may_import_ttnn(tree: SweepTree) -> None:
    """The environment is there before it, in workers too."""
    tree.write("facts", FACTS, device=True)
    tree.pytester.makeconftest("import ttnn")

    tree.run_apart("--sweep-device=mock", "-n1").assert_outcomes(passed=2)


def test_a_plugin_that_imports_ttnn_before_is_told(tree: SweepTree) -> None:
    """With one line, whether the option or the ini file asks for the mock device."""
    tree.write("facts", FACTS, device=True)
    tree.pytester.makepyfile(early="import ttnn")

    result = tree.run_apart("-p", "early", "--sweep-device=mock")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --sweep-device mock:n150: ttnn is imported already, from *"])

    tree.pytester.makeini("[pytest]\nsweep_device = mock")
    result = tree.run_apart("-p", "early")
    assert result.ret != 0
    result.stdout.fnmatch_lines(["*--sweep-device mock:n150: ttnn is imported already, from *"])


def test_the_users_own_mock_device_serves_and_is_marked(tree: SweepTree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment variables that name one make it the device that the wheel finds."""
    for name, value in variables("n150", prepare(find_wheel()), {}).items():
        if value is not None and name != "TTNN_CONFIG_OVERRIDES":
            monkeypatch.setenv(name, value)
    tree.write("facts", FACTS, device=True)

    result = tree.run_apart("--sweep-device=ttnn")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["sweeps: ttnn * on wormhole_b0 (1 device), a MOCK device: *"])
    assert {line["provider"] for line in records(tree.pytester.path)} == {"mock"}


def test_the_doctor_tells_of_it(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Board, files, and that it is a mock device; the environment stays what it is."""
    monkeypatch.setenv("TT_METAL_LOGGER_LEVEL", "debug")
    before = dict(os.environ)

    status = main(["doctor", "--device", "mock:p150"])

    told = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines())
    facts = {name: fact.strip() for name, fact in told.items()}
    assert status == 0
    assert "on p150, a MOCK device" in facts["import ttnn gives"]
    assert facts["board"] == "p150, blackhole, grid 13x10, fast dispatch"
    assert facts["files of the mock device"] == str(prepare(find_wheel()).path)
    assert facts["reset command"] == "none needed"
    assert "debug variables" not in facts
    assert dict(os.environ) == before


def test_preparing_again_takes_no_time() -> None:
    """A session pays for a look at what is there, and no more."""
    wheel = find_wheel()
    prepare(wheel)
    took = []
    for _ in range(5):
        start = time.perf_counter()
        prepare(wheel)
        took.append(time.perf_counter() - start)

    assert min(took) < 0.1
