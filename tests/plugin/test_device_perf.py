"""``--sweep-device-perf``: a stand-in for ttnn whose profiler says what programs took."""

from __future__ import annotations

import json
import os
import re

import pytest

_TTNN = """
from types import SimpleNamespace

_pending, _latest = [], {}

def ran(*durations):
    _pending.extend(durations)

def ReadDeviceProfiler(device):
    assert device is not None
    names = ("DEVICE_PROFILER", "PROFILER_MID_RUN_DUMP", "PROFILER_CPP_POST_PROCESS")
    is_on = all(os.environ.get("TT_METAL_" + name) == "1" for name in names)
    _latest.clear()
    if _pending and is_on:
        _latest[0] = [
            SimpleNamespace(
                program_execution_uid=SimpleNamespace(runtime_id=at, trace_id=1 << 63, trace_id_counter=1 << 63),
                core_count=8,
                program_analyses_results={
                    "DEVICE FW DURATION [ns]": SimpleNamespace(start_timestamp=1, end_timestamp=2, duration=duration)
                },
            )
            for at, duration in enumerate(_pending)
        ]
    _pending.clear()

def get_latest_programs_perf_data():
    return dict(_latest)

class Tensor:
    def __init__(self, place):
        self.layout, self.place = TILE_LAYOUT, place
        self.padded_shape = (32, 32)
    def is_allocated(self):
        return True
    def is_sharded(self):
        return False
    def memory_config(self):
        return self.place
    def device(self):
        return self
    def storage_type(self):
        return StorageType.HOST if self.place is None else StorageType.DEVICE

class MemoryConfig:
    def is_sharded(self):
        return False

TILE_LAYOUT, L1, DRAM = "tile", MemoryConfig(), MemoryConfig()
StorageType = SimpleNamespace(HOST="host", DEVICE="device")

def from_torch(tensor, dtype=None, *, device=None, memory_config=None):
    if device is not None:
        ran(50, 7)
    return Tensor(None if device is None else memory_config or DRAM)

def to_memory_config(tensor, memory_config, dtype=None):
    if tensor.place is not memory_config:
        ran(30)
    return Tensor(memory_config)

def from_device(tensor):
    return Tensor(None)

def to_device(tensor, device, memory_config=None):
    return Tensor(memory_config or DRAM)
"""

_SETS_UP = """
import ttnn

def start_measuring_time():
    return 0

def stop_measuring_time(start):
    return start

parameters = {"s": {"times": [%s]}}

def run(times, *, device):
    tensor = ttnn.from_torch([1.0], device=device)
    tensor = ttnn.to_memory_config(tensor, ttnn.L1)
    ttnn.ran(500)
    start = start_measuring_time() if times != "nothing" else 0
    if times == "all":
        tensor = ttnn.to_memory_config(tensor, ttnn.DRAM)
        ttnn.ran(1000)
    if times != "nothing":
        stop_measuring_time(start)
    ttnn.to_memory_config(tensor, ttnn.L1)
    return [(True, "0.99"), 1]
"""

_MODULE = """
import ttnn

parameters = {"s": {"what": ["two", "fails", "raises", "none", "skips", "after"]}}

def run(what, *, device):
    if what == "none":
        return True, "no program"
    ttnn.ran(1000, 200)
    if what == "raises":
        raise RuntimeError("in the middle")
    if what == "skips":
        return {"skip": "not here"}
    return what != "fails", what
"""
_STATUSES = [
    "PASS",
    "FAIL_ASSERT_EXCEPTION",
    "FAIL_ASSERT_EXCEPTION",
    "FAIL_UNSUPPORTED_DEVICE_PERF",
    "NOT_RUN",
    "PASS",
]
_TIMES = {"device_fw_ns": 1200.0, "device_ops": 2.0, "device_cores": 8.0}


@pytest.fixture(autouse=True)
def _profiled(boards):
    boards.extend_ttnn(_TTNN)


def records(tree) -> list[dict]:
    (journal,) = tree.pytester.path.glob(".ttnn_sweeps/runs/*/journal.jsonl")
    found = [json.loads(line) for line in journal.read_text().splitlines()]
    return sorted((record for record in found if "vector_id" in record), key=lambda record: record["index"])


def times(record: dict) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in record.get("metrics", []) if "device" in metric["name"]}


@pytest.mark.parametrize("isolation", ["process", "none"])
def test_device_times_are_recorded(tree, isolation):
    """A vector's programs are summed, one without a program has failed for that, and nothing is left for the next."""
    tree.write("m", _MODULE, device=True)

    result = tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn", "--sweep-isolation", isolation)

    found = records(tree)
    assert [record["status"] for record in found] == _STATUSES
    assert [times(found[at]) for at in (0, 1, 5)] == [_TIMES] * 3
    assert found[3]["message"].startswith("no device time: the profiler has no program of this call")
    assert found[3]["notes"]["sweep_message"] == "no program"
    assert {metric["name"]: metric.get("unit") for metric in found[0]["metrics"]}["device_fw_ns"] == "ns"
    result.stdout.fnmatch_lines(["*no device time: the profiler has no program of this call*"])


def test_programs_of_the_set_up_do_not_count(tree):
    """Of a module that times its operation only what it times; of one that doesn't all but inputs, which it says."""
    tree.write("m", _SETS_UP % "'all', 'nothing', 'view'", device=True)

    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn")

    timed, untimed, empty = records(tree)
    assert times(timed) == {"device_fw_ns": 1030.0, "device_ops": 2.0, "device_cores": 8.0}
    assert timed["notes"]["device_perf_programs"] == (
        "those between start_measuring_time and stop_measuring_time; 1 ran outside"
    )
    assert times(untimed) == {"device_fw_ns": 500.0, "device_ops": 1.0, "device_cores": 8.0}
    assert untimed["notes"]["device_perf_programs"] == "all of run: start_measuring_time isn't called"
    assert empty["status"] == "FAIL_UNSUPPORTED_DEVICE_PERF"
    assert empty["message"].endswith("sets _DEVICE_SIDE_SETUP = True")


@pytest.mark.parametrize("by", ["module", "option", "environment"])
def test_set_up_on_the_device(tree, monkeypatch, by):
    """Where the module, an option or tt-metal's variable asks, inputs are as written and every program counts."""
    tree.write("m", _SETS_UP % "'all'" + ("\n_DEVICE_SIDE_SETUP = True\n" if by == "module" else ""), device=True)
    if by == "environment":
        monkeypatch.setenv("TTNN_SWEEP_DEVICE_SIDE_SETUP", "1")

    options = ["--sweep-device-side-setup"] if by == "option" else []
    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn", *options)

    (record,) = records(tree)
    assert times(record)["device_fw_ns"] == 50 + 7 + 30 + 500 + 30 + 1000 + 30
    assert record["notes"]["device_perf_programs"].startswith("all of run, set-up included")


def test_workers_measure_too_and_exports_have_upstreams_names(tree, boards):
    """Workers have the profiler's variables, and tt-metal's records its names of metrics."""
    boards.devices("0", "1")
    tree.write("m", _MODULE, device=True)

    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn", "-n2", "--sweep-to", "files:out")

    assert [record["status"] for record in records(tree)] == _STATUSES
    (export,) = tree.pytester.path.glob("out/m_*.json")
    names = {metric["metric_name"] for test in json.loads(export.read_text()) for metric in test["metrics"]}
    assert {"device_DEVICE FW DURATION [ns]", "device_CORE COUNT", "device_ops"} <= names


def test_modules_may_have_none(tree):
    """A module that sets _SKIP_DEVICE_PERF passes without a time, which its record says."""
    tree.write("m", _MODULE + "    \n_SKIP_DEVICE_PERF = True\n", device=True)

    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn", "--sweep-where", "what=none", "--sweep-suite", "s")

    (record,) = records(tree)
    assert record["status"] == "PASS"
    assert record["notes"] == {"device_perf_missing": "the module sets _SKIP_DEVICE_PERF"}


def test_modules_that_open_their_own_device(tree):
    """The device that a module without one keeps in _CUR_DEVICE is read; without that there is no time, and why."""
    text = _MODULE.replace('"two", "fails", "raises", "none", "skips", "after"', '"two"')
    tree.write("its_own", text.replace("    ttnn.ran", "    globals()['_CUR_DEVICE'] = object()\n    ttnn.ran"))
    tree.write("none", text)

    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn")

    by_module = {record["module"]: record for record in records(tree)}
    assert times(by_module["its_own"]) == _TIMES
    assert by_module["none"]["status"] == "FAIL_UNSUPPORTED_DEVICE_PERF"
    assert "the module has no device open after run()" in by_module["none"]["message"]


def test_suites_that_expect_failure(tree):
    """As upstream has it, a missing device time is an expected failure where failure is expected."""
    text = _MODULE.replace('"s":', '"xfail_s":').replace('"two", "fails", "raises", "none", "skips", "after"', '"none"')
    tree.write("m", text, device=True)

    tree.run_apart("--sweep-device-perf", "--sweep-device", "ttnn").assert_outcomes(xfailed=1)

    assert records(tree)[0]["status"] == "XFAIL"


def test_the_emulation_is_refused(tree):
    """The emulation has no profiler: a usage error of one line, and the environment is as it was."""
    tree.write("m", _MODULE, device=True)

    result = tree.run("--sweep-device-perf", "--sweep-device", "emulated")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--sweep-device-perf: no device profiler on the emulation; give --sweep-device ttnn"])
    assert not [name for name in os.environ if re.match("TT_METAL_(DEVICE_)?PROFILER", name)]


def test_a_build_without_the_profiler_is_refused(tree, boards):
    """What ttnn says when it refuses the profiler's variable is the usage error, before anything runs."""
    boards.extend_ttnn(
        "\nif 'TT_METAL_DEVICE_PROFILER' in os.environ:\n"
        "    raise RuntimeError('TT_FATAL @ rtoptions.cpp:1048: false\\ninfo:\\nTT_METAL_DEVICE_PROFILER requires a "
        "Tracy-enabled build of tt-metal.\\nbacktrace:\\n --- f()')\n"
    )
    tree.write("m", _MODULE, device=True)

    result = tree.run_apart("--sweep-device-perf")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*--sweep-device-perf: ttnn 9.9: TT_METAL_DEVICE_PROFILER requires a Tracy-enabled build of tt-metal."]
    )
