"""Writing masters: many writers lose nothing, a killed one breaks nothing, a corrupt file stays as it is."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_ttnn_sweeps.traced import MasterError, read_master
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.master import open_master
from pytest_ttnn_sweeps.traced.store import Added, TraceContext, merge, record
from pytest_ttnn_sweeps.traced.values import TensorSpec

N300 = Machine("Wormhole", ("n300",), 1)


def call(operation: str, number: int) -> TracedConfiguration:
    return TracedConfiguration(operation, (TensorSpec((number, 32), "BFLOAT16", "TILE", None), number))


def held(path: Path) -> dict[str, set[object]]:
    """Everything that a master holds, by configuration: what two masters must agree in to be the same."""
    master = open_master(path)
    return {
        configuration.name: set(configuration.executions)
        for operation in master.operations
        for configuration in master.configurations(operation)
    }


def test_recording_counts_calls_and_says_what_is_new(tmp_path: Path) -> None:
    """n equal calls are one configuration that was executed n times; a known one gains an execution, not an entry."""
    path = tmp_path / "deep" / "m.json"
    first = TraceContext("a.py::t", N300, "0.81.1", "2026-01-01T00:00:00Z", "run1")
    second = TraceContext("b.py::t", N300, "0.81.1", "2026-01-02T00:00:00Z", "run2")

    assert record(path, [call("add", 1), call("add", 1), call("exp", 2)], first) == Added(
        configurations=2, by_operation={"add": 1, "exp": 1}, operations=2
    )
    assert record(path, [call("add", 1), call("add", 3)], second) == Added(
        configurations=1, known=1, executions=1, by_operation={"add": 1}
    )

    [known, new] = read_master(path).configurations("add")
    assert set(known.executions) == {
        Execution("a.py::t", N300, 2, "run1", "0.81.1", "2026-01-01T00:00:00Z"),
        Execution("b.py::t", N300, 1, "run2", "0.81.1", "2026-01-02T00:00:00Z"),
    }
    assert new.sources == ("b.py::t",)
    metadata = read_master(path).metadata
    assert metadata["models"] == ["a.py::t", "b.py::t"]
    assert metadata["operations_summary"] == {"ttnn.add": 2, "ttnn.exp": 1}
    assert (metadata["unique_operations"], metadata["total_configurations"]) == (2, 3)


def test_recording_again_changes_nothing(tmp_path: Path) -> None:
    """The file isn't even written; a later run of the same test keeps the larger count and the later time."""
    path = tmp_path / "m.json"
    record(path, [call("add", 1)] * 3, TraceContext("t", timestamp="2026-01-01T00:00:00Z"))
    before = path.stat()

    record(path, [call("add", 1)] * 3, TraceContext("t", timestamp="2026-01-01T00:00:00Z"))
    assert path.stat() == before

    record(path, [call("add", 1)] * 2, TraceContext("t", timestamp="2026-01-02T00:00:00Z"))
    [execution] = read_master(path).configurations("add")[0].executions
    assert (execution.count, execution.timestamp) == (3, "2026-01-02T00:00:00Z")


def test_operations_that_no_one_calls_stay_byte_for_byte(tmp_path: Path) -> None:
    """A new ``exp`` leaves the text of ``add`` alone, whatever is written there by hand, and doesn't parse it."""
    path = tmp_path / "m.json"
    record(path, [call("add", 1)])
    edited = path.read_bytes().replace(b'"original_shape":[1,32]', b'"original_shape" :  [1, 32]')
    path.write_bytes(edited)
    line = next(line for line in edited.splitlines() if b"original_shape" in line)

    record(path, [call("exp", 1)])

    assert line in path.read_bytes().splitlines()
    assert set(read_master(path).operations) == {"add", "exp"}


def test_an_entry_of_another_tracer_in_a_current_master_is_read_and_taken_over(tmp_path: Path) -> None:
    """tt-metal's tools append their own form; it is one configuration with ours, and the next writing unites them."""
    path = tmp_path / "m.json"
    record(path, [call("add", 1)], TraceContext("ours"))
    content = json.loads(path.read_text())
    [entry] = content["operations"]["ttnn.add"]["configurations"]
    theirs = {
        "config_id": 7,
        "config_hash": "abc",
        "arguments": entry["arguments"],
        "executions": [{"source": "theirs", "machine_info": None, "count": 1}],
    }
    content["operations"]["ttnn.add"]["configurations"].append(theirs)
    path.write_text(json.dumps(content, sort_keys=True))

    assert read_master(path).configurations("add")[0].sources == ("ours", "theirs")
    record(path, [call("add", 2)], TraceContext("ours"))

    master = read_master(path)
    assert master.operations == {"add": 2}
    assert set(master.configurations("add")[0].sources) == {"ours", "theirs"}
    assert master.configurations("add")[0].former_hashes == ("v2:abc",)


WRITER = """
import sys
import time
from pathlib import Path
from pytest_ttnn_sweeps.traced.configuration import Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.store import TraceContext, merge, record
from pytest_ttnn_sweeps.traced.values import TensorSpec
writer, rounds, *samples = sys.argv[1:]
print("ready", flush=True)
for path in iter(sys.stdin.readline, ""):
    for turn in range(int(rounds)):
        calls = [
            TracedConfiguration(operation, (TensorSpec((number, 32), "BFLOAT16", "TILE", None), number))
            for operation in ("add", f"only_{writer}")
            for number in (turn, turn, 100 + int(writer))
        ]
        record(path.strip(), calls, TraceContext(f"{writer}.py::t{turn % 2}", Machine("Wormhole", ("n300",), 1)))
        if samples:
            merge(path.strip(), [samples[turn % len(samples)]])
        print(turn, flush=True)
"""


class Writer:
    """A process that writes to each path that it is told."""

    def __init__(self, number: int, rounds: int, samples: tuple[Path, ...] = ()) -> None:
        arguments = [str(number), str(rounds), *map(str, samples)]
        self._rounds = rounds
        self._process = subprocess.Popen(
            [sys.executable, "-c", WRITER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.wait_for_line()

    def start(self, path: Path) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()

    def wait(self) -> None:
        for _ in range(self._rounds):
            self.wait_for_line()

    def wait_for_line(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline()

    def end(self) -> None:
        self._process.communicate()
        assert self._process.returncode == 0

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


def test_four_writers_at_once_give_what_they_give_in_turn(sample: SimpleNamespace, tmp_path: Path) -> None:
    """Twenty times in a row: same configurations, executions and counts as one after the other."""
    writers = [Writer(number, 3, sample.every) for number in range(4)]
    serial = tmp_path / "serial.json"
    for writer in writers:
        writer.start(serial)
        writer.wait()
    expected = held(serial)

    for repetition in range(20):
        path = tmp_path / f"{repetition}.json"
        for writer in writers:
            writer.start(path)
        for writer in writers:
            writer.wait()

        assert held(path) == expected
    for writer in writers:
        writer.end()
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_killed_writer_leaves_a_whole_master(sample: SimpleNamespace, tmp_path: Path) -> None:
    """SIGKILL at many moments: the file is always one of those that were written, and the next writer goes on."""
    path = tmp_path / "m.json"
    merge(path, sample.every)
    chance = random.Random(0)
    for _ in range(25):
        writer = Writer(0, 1000)
        writer.start(path)
        for _ in range(chance.randint(1, 4)):
            writer.wait_for_line()
        # Some way into the next writing, which takes a few milliseconds.
        spin(chance.random() * 0.006)
        writer.kill()

        master = open_master(path)
        assert master.operations["sigmoid_accurate"] == 31
        assert sum(master.operations.values()) == master.metadata["total_configurations"]

    # A turn's calls are all there or none: add and only_0 are written together.
    both = open_master(path)
    assert both.operations["only_0"] == len({c.positional[1] for c in both.configurations("add")} & set(range(101)))
    record(path, [call("after", 1)])
    assert not list(tmp_path.glob(".*.tmp"))
    assert open_master(path).operations["after"] == 1


DYING = """
import os, signal, sys
from pytest_ttnn_sweeps.traced import store
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
path, name, moment = sys.argv[1:]
original = getattr(os, name)
def die(*arguments, **keywords):
    if moment == "after":
        original(*arguments, **keywords)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(os, name, die)
store.record(path, [TracedConfiguration("new", (1,))])
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", ["link", "fdopen", "fchmod", "fsync", "replace"])
def test_each_step_of_writing_may_be_the_last(sample: SimpleNamespace, tmp_path: Path, step: str, moment: str) -> None:
    """A writer that dies at any step leaves the old master or the new one; which one, the step tells."""
    path = tmp_path / "m[1].json"
    path.write_bytes(sample.v1.read_bytes())

    done = subprocess.run([sys.executable, "-c", DYING, str(path), step, moment], check=False)

    assert done.returncode == -signal.SIGKILL
    if (step, moment) == ("replace", "after"):
        assert open_master(path).operations["new"] == 1
    else:
        assert path.read_bytes() == sample.v1.read_bytes()
    # The lock died with its holder, and the next writer clears up.
    assert record(path, [call("next", 1)]).configurations == 1
    assert not list(tmp_path.glob(".*.tmp"))
    assert any(former.read_bytes() == sample.v1.read_bytes() for former in tmp_path.glob("m*former*.json"))


def spin(seconds: float) -> None:
    """Let time pass, more exactly than sleeping does."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_a_corrupt_master_is_refused_and_stays(tmp_path: Path, sample: SimpleNamespace) -> None:
    """The position is said, nothing is written, kept or left beside it."""
    path = tmp_path / "m.json"
    good = sample.v1.read_bytes()
    path.write_bytes(good[:5000])

    with pytest.raises(MasterError, match=r"m\.json: the master is not valid JSON: .* line \d+ column \d+") as caught:
        record(path, [call("add", 1)])

    assert "trace again" in str(caught.value)
    assert path.read_bytes() == good[:5000]
    assert sorted(os.listdir(tmp_path)) == [".m.json.lock", "m.json"]
    with pytest.raises(MasterError, match="not valid JSON"):
        merge(tmp_path / "other.json", [path])
    assert not (tmp_path / "other.json").exists()


def test_a_newer_master_is_refused_and_stays(tmp_path: Path) -> None:
    """What a later version of this package wrote isn't taken for something it isn't."""
    path = tmp_path / "m.json"
    path.write_text('{"schema_version": 4, "operations": {}}')

    with pytest.raises(MasterError, match="schema_version 4, this package knows up to 3; update"):
        record(path, [call("add", 1)])
    assert json.loads(path.read_text())["schema_version"] == 4


def test_an_older_master_is_kept_as_it_was(tmp_path: Path, sample: SimpleNamespace) -> None:
    """The first recording converts it, once; further ones keep nothing more, and no name is taken twice."""
    path = tmp_path / "m.json"
    path.write_bytes(sample.v1.read_bytes())
    (tmp_path / "m.former1.json").write_text("someone's")

    added = record(path, [call("add", 1)])
    again = record(path, [call("add", 2)])

    assert added.former == str(tmp_path / "m.former2.json")
    assert again.former is None
    assert (tmp_path / "m.former2.json").read_bytes() == sample.v1.read_bytes()
    assert (tmp_path / "m.former1.json").read_text() == "someone's"
    assert read_master(path).operations["sigmoid_accurate"] == 30


def test_a_known_call_leaves_an_older_master_alone(tmp_path: Path, sample: SimpleNamespace) -> None:
    """Nothing new, nothing written: tracing what is there doesn't convert the file."""
    path = tmp_path / "m.json"
    path.write_bytes(sample.v1.read_bytes())

    added = record(path, read_master(sample.v1).configurations("add"))

    assert added == Added(known=5)
    assert path.read_bytes() == sample.v1.read_bytes()


def test_a_busy_master_is_said_to_be_busy(tmp_path: Path) -> None:
    """Who waits too long is told which lock."""
    from filelock import FileLock

    path = tmp_path / "m.json"
    with FileLock(tmp_path / ".m.json.lock"), pytest.raises(MasterError, match=r"another process .*/\.m\.json\.lock"):
        record(path, [call("add", 1)], lock_seconds=0.05)
    assert record(path, [call("add", 1)]).configurations == 1


def test_links_and_permissions_stay(tmp_path: Path) -> None:
    """A link to a master stays one, and who could read the file still can."""
    (tmp_path / "real").mkdir()
    real, link = tmp_path / "real" / "m.json", tmp_path / "link.json"
    record(real, [call("add", 1)])
    os.chmod(real, 0o640)
    link.symlink_to(real)

    record(link, [call("add", 2)])

    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert read_master(real).operations == {"add": 2}


def test_a_new_master_has_the_umasks_permissions(tmp_path: Path) -> None:
    """Like any new file, and not a temporary file's."""
    path = tmp_path / "m.json"
    record(path, [call("add", 1)])
    other = tmp_path / "other"
    other.touch()

    assert path.stat().st_mode == other.stat().st_mode


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_leaves_the_master(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says so, the master is as it was, the half-written file is gone."""
    path = tmp_path / "m.json"
    record(path, [call("add", 1)])
    before = path.read_bytes()
    opened = os.open

    def full(name: object, flags: int, *mode: int) -> int:
        return opened("/dev/full" if str(name).endswith(".tmp") else name, flags & ~os.O_EXCL, *mode)  # type: ignore[arg-type]

    monkeypatch.setattr("pytest_ttnn_sweeps.traced.store.os.open", full)
    with pytest.raises(MasterError, match="can't be written: No space left on device"):
        record(path, [call("add", 2)])

    monkeypatch.undo()
    assert path.read_bytes() == before


def test_merging_has_no_order(sample: SimpleNamespace, tmp_path: Path) -> None:
    """Any order of masters, any of them twice: the same set; and everything of each is there."""
    one, other = tmp_path / "one.json", tmp_path / "other.json"
    merge(one, sample.every)
    merge(other, [*reversed(sample.every), sample.v1, one])
    merge(other, [other])

    assert held(one) == held(other)
    for source in sample.every:
        assert held(source).keys() <= held(one).keys()
