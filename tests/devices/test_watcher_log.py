from __future__ import annotations

from pathlib import Path

import pytest

from pytest_ttnn_sweeps.devices.debug_environment import DEVICE_PERF, wanted, watching
from pytest_ttnn_sweeps.devices.watcher_log import WatcherLog, log_path

DATA = Path(__file__).parents[1] / "data" / "watcher"
OVERFLOW = (DATA / "stack_overflow.log").read_text()


def test_only_what_was_appended_counts(tmp_path):
    """A reader gets each piece of the log once, and a log that was begun anew from its beginning."""
    path = tmp_path / "watcher.log"
    log = WatcherLog(path)

    assert log.read_on() == ""
    path.write_text("one\n")
    assert log.read_on() == "one\n"
    assert log.read_on() == ""
    with path.open("a") as file:
        file.write("two\n")
    assert log.read_on() == "two\n"
    path.write_text("3\n")
    assert log.read_on() == "3\n"
    path.unlink()
    assert log.read_on() == ""
    (tmp_path / "new").write_text("another file, longer\n")
    (tmp_path / "new").rename(path)
    assert log.read_on() == "another file, longer\n"


def test_states_that_stay_are_told_once(tmp_path):
    """What every later dump repeats is a finding of the first vector alone."""
    log = WatcherLog(tmp_path / "watcher.log")

    assert len(log.new_findings(OVERFLOW)) == 1
    assert log.new_findings(OVERFLOW) == []


def test_a_huge_log_is_read_from_its_end(tmp_path):
    """Of more than the reader takes in, the end is read."""
    path = tmp_path / "watcher.log"
    path.write_text("x" * (5 << 20) + "\n" + OVERFLOW)

    text = WatcherLog(path).read_on()

    assert len(text) == 4 << 20
    assert text.endswith(OVERFLOW)


def test_where_the_log_is(tmp_path, monkeypatch):
    """The log lies below TT_METAL_LOGS_PATH, else here, or where an older tt-metal has left one."""
    monkeypatch.chdir(tmp_path)
    end = Path("generated", "watcher", "watcher.log")
    home = tmp_path / "home"

    assert log_path({"TT_METAL_LOGS_PATH": "logs", "TT_METAL_HOME": str(home)}) == tmp_path / "logs" / end
    assert log_path({"TT_METAL_HOME": str(home)}) == tmp_path / end
    (home / end).parent.mkdir(parents=True)
    (home / end).touch()
    assert log_path({"TT_METAL_HOME": str(home)}) == home / end
    (tmp_path / end).parent.mkdir(parents=True)
    (tmp_path / end).touch()
    assert log_path({"TT_METAL_HOME": str(home)}) == tmp_path / end


@pytest.mark.parametrize(
    ("seconds", "before", "interval"), [(0, {}, "10"), (0, {"TT_METAL_WATCHER": "120"}, "120"), (5, {}, "5")]
)
def test_the_watchers_interval(seconds, before, interval):
    """A number that is given wins over the user's environment, and that over the default."""
    assert watching(seconds, before) == {"TT_METAL_WATCHER": interval, "TT_METAL_WATCHER_APPEND": "1"}


def test_workers_have_directories_of_their_own(tmp_path, monkeypatch):
    """A worker's logs are in a directory named after it, also where what it starts is asked again."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TT_METAL_LOGS_PATH", raising=False)
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)

    assert "TT_METAL_LOGS_PATH" not in wanted(device_perf=False, watcher=0)
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw3")
    assert wanted(device_perf=False, watcher=0)["TT_METAL_LOGS_PATH"] == str(tmp_path / "gw3")
    monkeypatch.setenv("TT_METAL_LOGS_PATH", str(tmp_path / "gw3"))
    assert wanted(device_perf=False, watcher=0)["TT_METAL_LOGS_PATH"] == str(tmp_path / "gw3")
    assert wanted(device_perf=True, watcher=None) == DEVICE_PERF
