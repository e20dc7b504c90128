"""A session that is killed at any moment: what has been reported is recorded, and resuming completes the run."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sweep_tree import SweepTree

VECTORS = 2000
MOMENTS = int(os.environ.get("SWEEP_TEST_KILLS", "5"))
"""How many random moments are tried, of each kind; the environment may ask for more."""

SWEEP = f"""
parameters = {{"s": {{"a": list(range({VECTORS // 4})), "b": [0, 1, 2, 3]}}}}

def run(a, b, *, device):
    return a % 100 != 7, f"PCC {{1 - b / 10}}"
"""

# What the session has dealt with, told by someone else: after our own hook, which is the first of all.
CONFTEST = """
import os
import pytest

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Witness(), "witness")

class Witness:
    def __init__(self):
        self.file = os.open("handled", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report):
        if report.when == "call":
            os.write(self.file, (report.nodeid + chr(10)).encode())
"""


def command(*arguments: str) -> list[str]:
    return [
        *(sys.executable, "-m", "pytest", "-q", "--tb=no", "-p", "ttnn_sweeps", "-p", "no:hypothesispytest"),
        *("--sweep-device=emulated", "-p", "no:randomly", *arguments),
    ]


def kill_after(records: int, journals: Path, *arguments: str) -> bool:
    """Run a session and kill -9 it when its journal has that many lines; whether it was still running then."""
    process = subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen, offset = 0, 0
    while seen < records and process.poll() is None:
        for path in journals.glob("*/journal.jsonl"):
            with path.open("rb") as file:
                file.seek(offset)
                new = file.read()
            seen, offset = seen + new.count(b"\n"), offset + len(new)
        time.sleep(0.0005)
    was_running = process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    return was_running


def records_in(journals: Path) -> list[dict[str, Any]]:
    (path,) = journals.glob("*/journal.jsonl")
    lines = path.read_bytes().split(b"\n")
    # What comes after the last newline is torn, or nothing.
    return [json.loads(line) for line in lines[:-1]]


def essence(record: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(record[key] for key in ("module", "suite", "vector_id", "index", "status", "message", "attempt"))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("arguments", [(), ("-n2",)], ids=["alone", "xdist"])
def test_killing_the_controller_loses_no_record(tree: SweepTree, arguments: tuple[str, ...]) -> None:
    """At random moments of 2,000 vectors: every report that was handled is recorded, once; resuming adds the rest."""
    tree.write("many", SWEEP)
    tree.pytester.makeconftest(CONFTEST)
    seed = random.SystemRandom().randrange(2**32)
    moments = random.Random(seed)
    subprocess.run(command(f"--sweep-results-dir={tree.pytester.path}/whole", *arguments), check=False)
    whole = sorted(map(essence, records_in(tree.pytester.path / "whole")))
    assert len(whole) == VECTORS
    for number in range(MOMENTS):
        at = moments.randrange(VECTORS)
        place = f"seed {seed}, moment {number}: after {at} records"
        handled = tree.pytester.path / "handled"
        handled.unlink(missing_ok=True)
        journals = tree.pytester.path / f"killed{number}"

        was_running = kill_after(at, journals, f"--sweep-results-dir={journals}", *arguments)

        finished = handled.read_text().split("\n")[:-1] if handled.exists() else []
        if not list(journals.glob("*")):
            assert not finished, place
            continue
        records = records_in(journals)
        ids = Counter(record["node_id"] for record in records)
        assert was_running, place
        assert not [node for node in finished if not ids[node]], place
        assert max(ids.values(), default=1) == 1, place
        # Only the one that was being handled may be recorded and not be witnessed.
        assert len(records) - len(finished) in (0, 1), place

        resumed = [f"--sweep-results-dir={journals}", "--sweep-resume"]
        done = subprocess.run(command(*resumed, *arguments), capture_output=True, text=True, check=False)

        assert done.returncode == 1, (place, done.stdout[-2000:])
        assert sorted(map(essence, records_in(journals))) == whole, place
        (run,) = journals.glob("*/run.json")
        facts = json.loads(run.read_text())
        assert facts["sealed_at"], place
        assert facts["counts"] == {"PASS": VECTORS * 99 // 100, "FAIL_ASSERT_EXCEPTION": VECTORS // 100}, place
        assert facts["status"] == "fail", place
        assert len(facts["sessions"]) == 2, place
        # `--lf` knows the failures of both sessions, though the first one could not tell it.
        failed = json.loads((tree.pytester.path / ".pytest_cache/v/cache/lastfailed").read_text())
        assert set(failed) == {record["node_id"] for record in records_in(journals) if record["status"] != "PASS"}, (
            place
        )
