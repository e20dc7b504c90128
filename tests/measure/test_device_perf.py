from __future__ import annotations

import importlib.util
import subprocess
import sys
import threading
from types import SimpleNamespace

import pytest

from pytest_ttnn_sweeps.devices.debug_environment import DEVICE_PERF
from pytest_ttnn_sweeps.devices.debug_support import UnsupportedDebugging, check_device_perf
from pytest_ttnn_sweeps.devices.provider import Provider
from pytest_ttnn_sweeps.devices.watcher_findings import findings_in
from pytest_ttnn_sweeps.devices.watcher_log import log_path
from pytest_ttnn_sweeps.measure.device_perf.profiler import programs_of, read_programs
from pytest_ttnn_sweeps.measure.device_perf.programs import NoDeviceTime, Program, totals
from pytest_ttnn_sweeps.results.device_keys import metric_of, upstream_name

UNSET = 1 << 63
FW, KERNEL, BRISC = (f"DEVICE {part} DURATION [ns]" for part in ("FW", "KERNEL", "BRISC KERNEL"))


def analysed(runtime_id: int, *, trace: tuple[int, int] = (UNSET, UNSET), cores: int = 8, **durations: int):
    """What the wheel's ``ProgramAnalysisData`` has: its attributes, without the wheel."""
    keys = {"fw": FW, "kernel": KERNEL, "brisc": BRISC, "other": "OP TO OP LATENCY [ns]"}
    results = {
        keys[name]: SimpleNamespace(start_timestamp=10, end_timestamp=10 + duration, duration=duration)
        for name, duration in durations.items()
    }
    return SimpleNamespace(
        program_execution_uid=SimpleNamespace(runtime_id=runtime_id, trace_id=trace[0], trace_id_counter=trace[1]),
        core_count=cores,
        num_available_cores=64,
        program_analyses_results=results,
    )


@pytest.mark.parametrize(
    ("key", "metric"),
    [
        (FW, "device_fw_ns"),
        (KERNEL, "device_kernel_ns"),
        (BRISC, "device_brisc_ns"),
        ("DEVICE NCRISC KERNEL DURATION [ns]", "device_ncrisc_ns"),
        ("DEVICE TRISC2 KERNEL DURATION [ns]", "device_trisc2_ns"),
        ("DEVICE ERISC KERNEL DURATION [ns]", "device_erisc_ns"),
    ],
)
def test_names_of_times(key, metric):
    """The profiler's durations have our names, and in upstream's records theirs again."""
    assert metric_of(key) == metric
    assert upstream_name(metric) == f"device_{key}"


@pytest.mark.parametrize(
    "key",
    [
        "OP TO OP LATENCY [ns]",
        "DEVICE KERNEL DURATION DM START [ns]",
        "DEVICE KERNEL DURATION PER CORE MAX [ns]",
        "DEVICE KERNEL FIRST TO LAST START [ns]",
        "DEVICE TRACE KERNEL DURATION [ns]",
        "HOST DURATION [ns]",
    ],
)
def test_other_columns_are_no_times_of_a_program(key):
    """What would not add up to a program's time has no name; neither have metrics of other kinds an upstream one."""
    assert metric_of(key) is None
    assert upstream_name("pcc") == "pcc"
    assert upstream_name("device_ops") == "device_ops"
    assert upstream_name("device_cores") == "device_CORE COUNT"


def test_composite_operations_are_summed_and_chips_are_not():
    """A call's programs add up; of the chips that run one program the slowest counts."""
    data = {
        0: [analysed(1, fw=100, kernel=80, brisc=60, other=5), analysed(2, fw=10, kernel=8, cores=64)],
        1: [analysed(1, fw=120, kernel=70, brisc=65), analysed(2, fw=9, kernel=9)],
    }

    assert totals(programs_of(data)) == {
        "device_fw_ns": 130.0,
        "device_kernel_ns": 89.0,
        "device_brisc_ns": 65.0,
        "device_ops": 2.0,
        "device_cores": 64.0,
    }


def test_launches_are_told_apart():
    """Replays of a trace are launches of their own, and so are launches that have no number."""
    data = {0: [analysed(7, trace=(1, count), fw=10) for count in (1, 2)] + [analysed(UNSET, fw=5)] * 3}

    assert totals(programs_of(data)) == {"device_fw_ns": 35.0, "device_ops": 5.0, "device_cores": 8.0}


def test_an_analysis_that_found_nothing_is_no_zero():
    """The profiler's own form of a missing result doesn't count as a duration."""
    program = analysed(1, fw=100)
    nothing = SimpleNamespace(start_timestamp=2**64 - 1, end_timestamp=0, duration=0)
    program.program_analyses_results[KERNEL] = nothing

    assert programs_of({0: [program]}) == [Program(0, (1, -1, -1, 1), {"device_fw_ns": 100}, 8)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (None, "the profiler's data are a NoneType"),
        ({0: [object()]}, "the profiler's data of chip 0 have another form than ttnn 0.81's"),
        ({"a": [analysed(1, fw=1)]}, "the profiler's data of chip a have another form"),
        ({0: [SimpleNamespace(**{**vars(analysed(1)), "program_analyses_results": {FW: 5}})]}, "have another form"),
    ],
)
def test_data_of_another_form_are_missing_data(data, reason):
    """What can't be read is a reason, never a number."""
    with pytest.raises(NoDeviceTime, match=reason):
        programs_of(data)


def test_reading_has_a_limit():
    """A read that doesn't come back is given up, one that raises is told, and a build without the profiler is named."""
    never = threading.Event()
    slow = SimpleNamespace(ReadDeviceProfiler=lambda device: never.wait(), get_latest_programs_perf_data=dict)

    def fail(device: object) -> None:
        raise RuntimeError("no DRAM buffer")

    with pytest.raises(NoDeviceTime, match=r"took more than 0\.05 s"):
        read_programs(slow, None, seconds=0.05)
    never.set()
    with pytest.raises(NoDeviceTime, match="raised RuntimeError: no DRAM buffer"):
        read_programs(SimpleNamespace(ReadDeviceProfiler=fail, get_latest_programs_perf_data=dict), None)
    with pytest.raises(NoDeviceTime, match="no get_latest_programs_perf_data"):
        read_programs(SimpleNamespace(ReadDeviceProfiler=fail), None)
    assert read_programs(slow, None) == []


def test_the_emulation_has_no_profiler():
    """Asking the emulation for device times is refused in one line."""
    with pytest.raises(UnsupportedDebugging, match=r"^--sweep-device-perf: no device profiler on the emulation"):
        check_device_perf(Provider("emulated", "2.6", "n150"))


# The wheel on a mock device, in a process of its own: what it says of the profiler, and how its watcher ends a process.
_ON_MOCK = """
import os
# The provider keeps both from a mock device.
kept = {name: os.environ[name] for name in ("TT_METAL_LOGS_PATH", "TT_METAL_WATCHER") if name in os.environ}
from pytest_ttnn_sweeps.devices.provider import choose, provide
provide(choose("mock"))
os.environ.update(kept)
"""
_ADD = f"""{_ON_MOCK}
import ttnn, torch
device = ttnn.open_device(device_id=0)
one = ttnn.from_torch(torch.ones(32, 32), dtype=ttnn.bfloat16, layout=ttnn.TILE_LAYOUT, device=device)
ttnn.add(one, one)
from pytest_ttnn_sweeps.measure.device_perf.profiler import read_programs
print(read_programs(ttnn, device))
ttnn.close_device(device)
"""
_CHECK = """
from pytest_ttnn_sweeps.devices.debug_environment import DEVICE_PERF
from pytest_ttnn_sweeps.devices.debug_support import check_device_perf
from pytest_ttnn_sweeps.devices.provider import Provider
try:
    check_device_perf(Provider("mock", "0.81.1", "n150"))
except Exception as error:
    print(error)
"""

needs_wheel = pytest.mark.skipif(importlib.util.find_spec("ttnn") is None, reason="needs the ttnn wheel")


def run(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False)


@needs_wheel
def test_the_wheel_without_the_profiler(monkeypatch):
    """Without the variables the wheel has no data; built without Tracy it refuses them, and we say so in one line."""
    for name in DEVICE_PERF:
        monkeypatch.delenv(name, raising=False)

    assert run(_ADD + _CHECK).stdout.splitlines()[-2:] == [
        "[]",
        "--sweep-device-perf: ttnn 0.81.1: TT_METAL_DEVICE_PROFILER requires a Tracy-enabled build of tt-metal.",
    ]


@needs_wheel
def test_the_wheels_own_watcher_is_understood(tmp_path, monkeypatch):
    """The real watcher, which on a mock device finds zeros, ends the process; its words are one finding."""
    monkeypatch.setenv("TT_METAL_LOGS_PATH", str(tmp_path))
    monkeypatch.setenv("TT_METAL_WATCHER", "1")

    done = run(_ADD)

    assert done.returncode < 0
    assert log_path().read_text().startswith("At ")
    (finding,) = findings_in(done.stdout + done.stderr)
    assert str(finding).startswith("Watcher read invalid watcher.enable on Device 0 worker core(x= 0,y= 0)")
