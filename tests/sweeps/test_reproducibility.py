"""The digits of a run don't depend on how it is distributed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
SWEEPS = ("sweeps/normalization/softmax.py", "sweeps/matmul/linear.py")


def _measured(report: Path, *arguments: str) -> dict[str, set[tuple[str | None, str | None]]]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}"]
    subprocess.run([*command, *arguments, *SWEEPS], cwd=ROOT, check=True, capture_output=True)
    return {
        f"{case.get('classname')}.{case.get('name')}": {
            (item.get("name"), item.get("value")) for item in case.iter("property") if item.get("name") != "e2e_ms"
        }
        for case in ElementTree.parse(report).iter("testcase")
    }


def test_two_workers_measure_what_one_process_measures(tmp_path: Path) -> None:
    """Every vector has the same status and the same PCC, to the last digit, with and without xdist."""
    alone = _measured(tmp_path / "alone.xml")
    shared = _measured(tmp_path / "shared.xml", "-n", "2")

    assert alone == shared
    assert len(alone) > 100
