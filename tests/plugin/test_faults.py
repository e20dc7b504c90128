"""Vectors that do their worst, in child processes: each costs itself, and what follows it runs."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sweep_tree import SweepTree

from pytest_ttnn_sweeps.devices.child import descendants

FAULTS = """
import ctypes, os, resource, signal, sys, threading, time
import pytest

TIMEOUT = {timeout}
parameters = {{"s": {{"n,how": {vectors}}}}}

class Odd(BaseException):
    pass

def run(n, how, *, device):
    libc = ctypes.PyDLL(None)
    if how == "spins":  # in C, with the interpreter's lock and all signals blocked
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        libc.usleep(60_000_000)
    elif how == "deadlocks":
        lock = threading.Lock()
        lock.acquire()
        lock.acquire()
    elif how == "sleeps":
        time.sleep(60)
    elif how == "segfaults":
        ctypes.string_at(0)
    elif how == "aborts":
        os.abort()
    elif how == "exits":
        os._exit(3)
    elif how == "exhausts":
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20), used + (64 << 20)))
        libc.malloc.restype = libc.memset.argtypes = None
        libc.malloc.restype = ctypes.c_void_p
        libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
        while True:
            libc.memset(libc.malloc(1 << 20), 1, 1 << 20)
    elif how == "leaves a process":
        if os.fork() == 0:
            time.sleep(60)
            os._exit(0)
    elif how == "floods":
        for _ in range(100):
            sys.stderr.write("x" * (1 << 20))
    elif how == "raises":
        raise RuntimeError("went wrong")
    elif how == "raises oddly":
        raise Odd("odd")
    elif how == "quits":
        sys.exit(4)
    elif how == "interrupts":
        raise KeyboardInterrupt
    elif how == "skips":
        pytest.skip("not today")
    elif how == "closes":
        for fd in (0, 1, 2):
            os.close(fd)
        sys.stdout.close()
    elif how == "leaves a thread":
        threading.Thread(target=time.sleep, args=(60,), daemon=False).start()
    elif how == "fails":
        return False, "0.5"
    return True, "0.999"
"""

EXPECTED = {
    "passes": "PASS",
    "spins": "FAIL_CRASH_HANG",
    "deadlocks": "FAIL_CRASH_HANG",
    "sleeps": "FAIL_CRASH_HANG",
    "segfaults": "FAIL_CRASH_HANG",
    "aborts": "FAIL_CRASH_HANG",
    "exits": "FAIL_CRASH_HANG",
    "exhausts": "FAIL_CRASH_HANG",
    "leaves a process": "PASS",
    "floods": "PASS",
    "raises": "FAIL_ASSERT_EXCEPTION",
    "raises oddly": "FAIL_ASSERT_EXCEPTION",
    "quits": "FAIL_ASSERT_EXCEPTION",
    "interrupts": "FAIL_ASSERT_EXCEPTION",
    "skips": "NOT_RUN",
    "closes": "PASS",
    "leaves a thread": "PASS",
    "fails": "FAIL_ASSERT_EXCEPTION",
}

RECORDER = """
import json, os, pytest

def pytest_configure(config):
    global WORKER
    WORKER = getattr(config, "workerinput", {}).get("workerid", "")

def files():
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return {os.readlink(link) for link in links if os.path.islink(link)}

def pytest_collection_modifyitems(items):
    with open("asked.json", "w") as file:
        json.dump({item.nodeid: item.vector["how"] for item in items}, file)

@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session):
    session.files = files()

def pytest_runtest_logreport(report):
    if not WORKER and hasattr(report, "ttnn_sweep"):
        with open("became.txt", "a") as file:
            print(report.nodeid, report.ttnn_sweep["status"], report.outcome, file=file)

@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if hasattr(session, "files"):
        leaked = [file for file in files() - session.files if file.startswith(("pipe:", "socket:", "anon_inode:"))]
        with open(f"leaked{WORKER}.json", "w") as file:
            json.dump(leaked, file)
"""

ISOLATED = (
    "--sweep-device=emulated",
    "--sweep-isolation=process",
    "--sweep-max-device-failures=0",
    "-p",
    "no:cacheprovider",
)


def write_faults(tree: SweepTree, hows: list[str], *, timeout: float = 1.0) -> None:
    tree.write("faults", FAULTS.format(vectors=list(enumerate(hows)), timeout=timeout))
    tree.pytester.makeconftest(RECORDER)


def check_outcomes(tree: SweepTree, hows: list[str]) -> None:
    """Every vector has one outcome, its own; nothing is left of the run."""
    directory = tree.pytester.path
    asked: dict[str, str] = json.loads((directory / "asked.json").read_text())
    assert sorted(asked.values()) == sorted(hows)
    became = [line.split() for line in (directory / "became.txt").read_text().splitlines()]
    assert sorted(name for name, *_ in became) == sorted(asked)
    wrong = {name: (asked[name], status) for name, status, _ in became if status != EXPECTED[asked[name]]}
    assert not wrong
    for leaked in directory.glob("leaked*.json"):
        assert json.loads(leaked.read_text()) == []
    assert processes_in(directory) == []


def processes_in(directory: Path) -> list[str]:
    """Processes that work in the directory, orphans too, a moment after their killers have gone."""
    deadline = time.monotonic() + 5
    while True:
        found = []
        for entry in Path("/proc").glob("[0-9]*/cwd"):
            try:
                # pytester works there itself.
                if entry.parent.name != str(os.getpid()) and Path(os.readlink(entry)).is_relative_to(directory):
                    found.append((entry.parent / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.01)


@pytest.mark.parametrize("how", EXPECTED)
def test_a_fault_costs_its_vector_alone(tree: SweepTree, how: str) -> None:
    """Before and after the fault vectors pass; the fault has its status; no process and no file is left."""
    hows = ["passes", how, "passes"]
    write_faults(tree, hows)

    result = tree.run_apart(*ISOLATED)

    check_outcomes(tree, hows)
    assert result.ret == (0 if EXPECTED[how] in ("PASS", "NOT_RUN") else 1)


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_any_mixture_of_faults(tree: SweepTree, workers: tuple[str, ...]) -> None:
    """200 vectors, half of them faulty, in an order drawn once for all: one outcome each, the right one."""
    draw = random.Random(20240817)
    faults = [how for how in EXPECTED if how != "floods"]
    hows = [draw.choice(faults) if draw.random() < 0.5 else "passes" for _ in range(200)]
    write_faults(tree, hows, timeout=0.3)

    tree.run_apart(*ISOLATED, "-q", "--tb=no", *workers)

    check_outcomes(tree, hows)


def test_the_reason_tells_what_happened(tree: SweepTree) -> None:
    """Signal or status, the frames of ``run`` where they are known, and the last lines on stderr."""
    tree.write(
        "reasons",
        """
        import ctypes, os, sys, time
        parameters = {"s": {"how": ["segfaults", "exits", "hangs"]}}
        TIMEOUT = 0.5

        def run(how, *, device):
            print("\\n".join(f"line {number}" for number in range(100)), file=sys.stderr)
            if how == "segfaults":
                ctypes.string_at(0)
            if how == "exits":
                os._exit(3)
            time.sleep(60)
        """,
    )

    result = tree.run_apart(*ISOLATED, "--show-capture=no", "-vv")

    result.stdout.fnmatch_lines(
        [
            "vector * of suite s",
            "  how = 'segfaults'",
            "crashed: killed by SIGSEGV (Segmentation fault)",
            "its Python frames:",
            "  Fatal Python error: Segmentation fault",
            '    File "*reasons.py", line 9 in run',
            "its last lines on stderr:",
            "  line 50",
            "  line 99",
            "crashed: exited with status 3",
            "hung: no result within 0.5 s (its TIMEOUT)",
            '    File "*reasons.py", line 12 in run',
            "*FAIL_CRASH_HANG 3*",
        ]
    )
    result.stdout.no_fnmatch_line("  line 49")
    result.stdout.no_fnmatch_line('*File "*item.py"*')


def test_the_kernels_out_of_memory_kill_is_recognised(tree: SweepTree) -> None:
    """A vector that the kernel kills for want of memory says so, and not just that it was killed."""
    group = Path("/sys/fs/cgroup/memory") / f"ttnn-sweeps-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(600 << 20))
    except OSError:
        pytest.skip("needs the right to make a control group of memory (version 1)")
    tree.write(
        "hungry",
        f"""
        parameters = {{"s": {{"how": ["passes", "eats", "passes again"]}}}}

        def run(how, *, device):
            if how == "eats":
                open({str(group / "cgroup.procs")!r}, "w").write("0")
                kept = [bytearray(64 << 20) for _ in range(100)]
        """,
    )
    try:
        result = tree.run_apart(*ISOLATED)
    finally:
        group.rmdir()

    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["crashed: killed by SIGKILL (Killed): out of memory*"])


def test_ctrl_c_during_a_hang_ends_the_run_at_once(tree: SweepTree) -> None:
    """The interrupt gets through while a vector spins in C with signals blocked; no process stays."""
    write_faults(tree, ["passes", "spins"], timeout=60)
    directory = tree.pytester.path
    with (directory / "output.txt").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", *ISOLATED], cwd=directory, stdout=output
        )
        while process.poll() is None and not (directory / "became.txt").exists():
            time.sleep(0.01)
        child = descendants(process.pid)
        while process.poll() is None and not (child and "S" in state_of(child[0])):
            child = descendants(process.pid)
            time.sleep(0.01)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        status = process.wait(30)

    assert status == pytest.ExitCode.INTERRUPTED
    assert time.monotonic() - start < 5
    assert "KeyboardInterrupt" in (directory / "output.txt").read_text()
    assert processes_in(directory) == []


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_skip_on_timeout_leaves_the_rest_of_the_suite(tree: SweepTree) -> None:
    """After a hang the suite's other vectors are NOT_RUN, with the reason; other suites run."""
    tree.write(
        "slow",
        """
        import time
        parameters = {"a": {"n": [0, 1, 2, 3]}, "b": {"n": [0, 2]}}
        TIMEOUT = 0.3

        def run(n, *, device):
            if n == 1:
                time.sleep(60)
        """,
    )

    result = tree.run_apart(*ISOLATED, "--sweep-skip-on-timeout", "-rs")

    result.assert_outcomes(passed=3, failed=1, skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED [[]2] *NOT RUN: an earlier vector of the suite has hung*"])


def test_an_expected_failure_is_no_expected_crash(tree: SweepTree) -> None:
    """In a suite that is to fail, an exception is XFAIL; a crash and a hang fail."""
    tree.write(
        "expected",
        """
        import os, time
        parameters = {"xfail_suite": {"how": ["raises", "crashes", "hangs"]}}
        TIMEOUT = 0.3

        def run(how, *, device):
            if how == "raises":
                raise RuntimeError
            if how == "crashes":
                os.abort()
            time.sleep(60)
        """,
    )

    tree.run_apart(*ISOLATED).assert_outcomes(xfailed=1, failed=2)
