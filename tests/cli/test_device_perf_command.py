"""``ttnn-sweeps results device-perf``."""

from __future__ import annotations

import json

import pytest

from pytest_ttnn_sweeps.cli import main

REPORT = """\
GLOBAL CALL COUNT,DEVICE ID,OP CODE,CORE COUNT,DEVICE FW DURATION [ns],DEVICE KERNEL DURATION [ns]
2,0,Add,8,50,40
1,0,Matmul,64,1000,900
1,1,Matmul,64,1100,800
3,0,Matmul,64,1000,900
"""


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "2026_01_01" / "ops_perf_results_2026_01_01.csv"
    path.parent.mkdir()
    path.write_text(REPORT)
    return path


def test_times_by_operation(report, capsys):
    """Operations with the most time come first; a launch on two chips counts once, with the longest time."""
    assert main(["results", "device-perf", str(report.parent.parent), "--json"]) == 0

    data = json.loads(capsys.readouterr().out)
    assert data["report"] == str(report)
    assert data["totals"]["device_fw_ns"] == 2150
    rows = [(row["operation"], row["launches"], row["device_fw_ns"]) for row in data["operations"]]
    assert rows == [("Matmul", 2, 2100), ("Add", 1, 50)]


def test_times_by_launch(report, capsys):
    """Launches are shown in the report's order, with the number that joins them to a captured graph."""
    assert main(["results", "device-perf", str(report), "--each", "--csv"]) == 0

    assert capsys.readouterr().out.splitlines() == [
        "operation,call,cores,device_fw_ns,device_kernel_ns",
        "Add,2,8.0,50.0,40.0",
        "Matmul,1,64.0,1100.0,900.0",
        "Matmul,3,64.0,1000.0,900.0",
    ]


def test_a_report_without_programs(report, capsys):
    """A report of the host alone is an empty table, and no error."""
    report.write_text(REPORT.splitlines()[0] + "\n")

    assert main(["results", "device-perf", str(report)]) == 0
    assert str(report) in capsys.readouterr().out


def test_a_damaged_report(report, capsys):
    """What can't be read is one line with file and row."""
    report.write_text(REPORT + "4,0,Add,8,much,40\n")

    assert main(["results", "device-perf", str(report)]) == 2
    error = capsys.readouterr().err
    assert error.strip().endswith(f"{report}: row 6: DEVICE FW DURATION [ns] is 'much'; expected a whole number")
