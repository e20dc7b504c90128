"""``--sweep-watcher``: a stand-in for ttnn whose watcher writes its log, and dies, as the real one does."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

_TTNN = """
import sys

def _watcher_log():
    return pathlib.Path(os.environ.get("TT_METAL_LOGS_PATH", "."), "generated", "watcher", "watcher.log")

def watcher_says(text):
    with _watcher_log().open("a") as log:
        log.write(text)

_open = open_device

def open_device(*, device_id):
    if "TT_METAL_WATCHER" in os.environ:
        _watcher_log().parent.mkdir(parents=True, exist_ok=True)
        watcher_says("At 0.712s starting\\n" + "every " + os.environ["TT_METAL_WATCHER"] + "\\n")
    return _open(device_id=device_id)

BUSY = "Device 0 worker core(x= 1,y= 0) virtual(x= 2,y= 2): CWFW,CRBW,   R,   R,   R  rmsg:D0G|BNT h_id:  5\\n"

def watcher_stops():
    # The dump isn't completed: the thread that writes it throws, which ends the process.
    watcher_says("-----\\nDump #1 at 1.000s\\n" + BUSY)
    print("2026-01-20 12:59:58.640 | warning  |           Metal | Device 0 worker core(x= 1,y= 0) virtual(x= 2,y= 2): "
          " brisc tripped an assert on line 231. Current kernel: writer.cpp. (watcher_device_reader.cpp:800)",
          flush=True)
    print("terminate called after throwing an instance of 'std::runtime_error'\\n"
          "  what():  TT_THROW @ /project/tt_metal/impl/debug/watcher_device_reader.cpp:813: tt::exception\\n"
          "info:\\nWatcher detected tripped assert and stopped device.\\nbacktrace:\\n", file=sys.stderr, flush=True)
    os.abort()
"""

_OVERFLOW = (
    "\\ttrisc1 highest stack usage: 0 bytes free, on core (x=2,y=2), running kernel eltwise_sfpu.cpp (OVERFLOW)\\n"
)
_MODULE = f"""
import ttnn

parameters = {{"s": {{"what": ["well", "overflow", "overflow again", "PCC 0.5 Watcher", "assert", "after"]}}}}

def run(what, *, device):
    if what.startswith("overflow"):
        ttnn.watcher_says("Stack usage summary:\\n{_OVERFLOW}")
    if what == "assert":
        ttnn.watcher_stops()
    return (what != "PCC 0.5 Watcher", what)
"""
_STATUSES = ["PASS", "FAIL_WATCHER", "PASS", "FAIL_ASSERT_EXCEPTION", "FAIL_WATCHER", "PASS"]


@pytest.fixture(autouse=True)
def _watched(boards, monkeypatch):
    boards.extend_ttnn(_TTNN)
    for name in ("TT_METAL_WATCHER", "TT_METAL_WATCHER_APPEND", "TT_METAL_LOGS_PATH", "TT_METAL_HOME"):
        monkeypatch.delenv(name, raising=False)


def records(tree) -> list[dict]:
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    return sorted((record for record in found if "vector_id" in record), key=lambda record: record["index"])


def log_of(directory: Path) -> str:
    return (directory / "generated" / "watcher" / "watcher.log").read_text()


def test_findings_in_the_log_fail_their_vector(tree):
    """What the watcher appends while a vector runs fails that vector, once; a mention fails nothing more."""
    tree.write("m", _MODULE, device=True)

    result = tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn", "--sweep-isolation", "process")

    found = records(tree)
    assert [record["status"] for record in found] == _STATUSES
    overflow, stopped = found[1], found[4]
    assert overflow["message"] == (
        "core (x=2,y=2), trisc1: stack overflow: 0 bytes free, on core (x=2,y=2), running kernel eltwise_sfpu.cpp"
    )
    assert overflow["notes"] == {"sweep_message": "overflow"}
    assert stopped["message"] == (
        "device 0, worker core (1,0), brisc: tripped an assert on line 231. Current kernel: writer.cpp. (the process "
        "crashed: killed by SIGABRT (Aborted))"
    )
    assert "CWFW,CRBW,   R,   R,   R" in stopped["exception_text"]
    assert "(the watcher did not complete this dump)" in stopped["exception_text"]
    assert "Watcher detected tripped assert" in stopped["exception_text"]
    result.stdout.fnmatch_lines(["*brisc: tripped an assert on line 231*"])
    assert "every 10\n" in log_of(tree.pytester.path)


def test_a_vector_alone_has_a_child_too(tree):
    """The watcher ends the process in which it finds something: under it a single vector runs in a child as well."""
    tree.write("m", _MODULE.replace('"well", ', "").replace('"overflow", ', ""), device=True)

    tree.run_apart("--sweep-watcher=7", "--sweep-device", "ttnn", "--sweep-where", "what=assert")

    assert [record["status"] for record in records(tree)] == ["FAIL_WATCHER"]
    assert "every 7\n" in log_of(tree.pytester.path)


def test_in_pytests_own_process(tree):
    """Without a child, findings that end nothing fail their vector."""
    tree.write("m", _MODULE.replace('"assert", ', ""), device=True)

    tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn", "--sweep-isolation", "none")

    assert [record["status"] for record in records(tree)] == [*_STATUSES[:4], "PASS"]


def test_workers_have_logs_of_their_own(tree, boards):
    """Each worker reads its own log: another's finding fails none of its vectors."""
    boards.devices("0", "1")
    tree.write("m", _MODULE, device=True)

    tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn", "-n2", "-p", "xdist")

    statuses = [record["status"] for record in records(tree)]
    # Where the two overflows run on different workers, each is the first there.
    assert [status for at, status in enumerate(statuses) if at != 2] == _STATUSES[:2] + _STATUSES[3:]
    assert "At 0.712s starting" in log_of(tree.pytester.path / "gw0") + log_of(tree.pytester.path / "gw1")
    assert not (tree.pytester.path / "generated").exists()


def test_a_finding_explains_a_hang_and_an_exception(tree, boards, monkeypatch):
    """A finding that came before a hang or an exception is the vector's status; its own words are kept."""
    tree.write(
        "m",
        """
        import ttnn, time

        TIMEOUT = 1
        parameters = {"s": {"what": ["hang", "raise", "plain hang"]}}

        def run(what, *, device):
            if what != "plain hang":
                ttnn.watcher_says("\\ttrisc1 highest stack usage: 0 bytes free, on core (x=2,y=2), running kernel "
                                  + what + " (OVERFLOW)\\n")
            if what == "raise":
                raise RuntimeError("read back nonsense")
            ttnn.watcher_says("-----\\nDump #1 at 1.000s\\n" + ttnn.BUSY + "Dump #1 completed at 1.020s\\n")
            time.sleep(60)
        """,
        device=True,
    )

    result = tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn", "--sweep-reset-command", "none")

    hung, raised, plain = records(tree)
    assert [hung["status"], raised["status"], plain["status"]] == ["FAIL_WATCHER", "FAIL_WATCHER", "FAIL_CRASH_HANG"]
    assert "running kernel hang (the process hung: no result within 1 s" in hung["message"]
    assert raised["exception_text"] == "read back nonsense"
    assert raised["notes"] == {"sweep_message": "read back nonsense"}
    assert "CWFW,CRBW" in plain["exception_text"]
    result.stdout.fnmatch_lines(["watcher: core (x=2,y=2), trisc1: stack overflow:*"])


def test_a_stopped_core_is_reset(tree, tmp_path):
    """After a finding that ended the child the board is reset, which no other crash is a reason for."""
    tree.write("m", _MODULE, device=True)
    (tmp_path / "reset").mkdir()
    command = f"sh -c 'echo reset >> {tmp_path}/reset/log'"

    tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn", "--sweep-reset-command", command)

    # One for the stack that overflowed, one for the assert.
    assert (tmp_path / "reset" / "log").read_text() == "reset\n" * 2


def test_a_watcher_that_does_not_run_is_told(tree, boards):
    """Where ttnn was initialised before the option could ask for the watcher, vectors don't pass unwatched."""
    boards.extend_ttnn("\nopen_device = _open\n")
    tree.write("m", "parameters = {'s': {'a': [1, 2]}}\ndef run(a, *, device):\n    return True, ''\n", device=True)

    result = tree.run_apart("--sweep-watcher", "--sweep-device", "ttnn")

    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*the watcher writes no log at *generated/watcher/watcher.log*"])


def test_conftests_see_the_environment_and_it_is_restored(tree, monkeypatch):
    """The variables are there when conftests are imported, and afterwards are what they were."""
    monkeypatch.setenv("TT_METAL_WATCHER", "77")
    tree.pytester.makeconftest(
        "import os, pathlib\n"
        "pathlib.Path('seen').write_text(os.environ['TT_METAL_WATCHER'] + os.environ['TT_METAL_WATCHER_APPEND'])\n"
    )

    tree.run("--sweep-watcher", "--collect-only")

    assert Path("seen").read_text() == "771"
    assert os.environ["TT_METAL_WATCHER"] == "77"
    assert "TT_METAL_WATCHER_APPEND" not in os.environ


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--sweep-watcher", "--sweep-device", "emulated"], "*--sweep-watcher: the emulation has no kernels to watch*"),
        (
            ["--sweep-watcher", "--sweep-device-perf"],
            "*the watcher changes the kernels, and times under it mean nothing*",
        ),
        (["--sweep-watcher=-1"], "*--sweep-watcher=-1: expected the seconds between two looks, from 1 on*"),
    ],
)
def test_what_can_not_be_watched_is_refused(tree, arguments, line):
    """Options that can't mean what they say are usage errors of one line."""
    tree.write("m", "parameters = {'s': {'a': [1]}}\ndef run(a, *, device):\n    return True, ''\n")

    result = tree.run(*arguments)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([line])
