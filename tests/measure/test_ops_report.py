from __future__ import annotations

import os
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from profiler_report import COLUMNS, matmul, row, write

from pytest_ttnn_sweeps.measure.device_perf.ops_report import ReportError, newest_report, read_report
from pytest_ttnn_sweeps.measure.device_perf.programs import Program, merged, totals


def test_a_report_gives_the_programs_that_ran(tmp_path):
    """Rows with device times are programs; signposts and operations of the host are none."""
    report = write(
        tmp_path / "ops_perf_results.csv",
        row(OP_CODE="start", OP_TYPE="signpost"),
        matmul(1024),
        row(OP_CODE="torch.add", OP_TYPE="python_fallback", GLOBAL_CALL_COUNT=2048, HOST_DURATION=77),
        matmul(3072, METAL_TRACE_ID=0, METAL_TRACE_REPLAY_SESSION_ID=1, fw="2000.0"),
        matmul(3072, METAL_TRACE_ID=0, METAL_TRACE_REPLAY_SESSION_ID=2),
        "",
    )

    programs = read_report(report)

    assert programs[0] == Program(
        0,
        (1024, -1, -1),
        {"device_fw_ns": 1000, "device_kernel_ns": 900, "device_brisc_ns": 500},
        64,
        "MatmulDeviceOperation",
    )
    assert [program.execution for program in programs] == [(1024, -1, -1), (3072, 0, 1), (3072, 0, 2)]
    assert totals(programs) == {
        "device_fw_ns": 4000.0,
        "device_kernel_ns": 2700.0,
        "device_brisc_ns": 1500.0,
        "device_ops": 3.0,
        "device_cores": 64.0,
    }


def test_the_profilers_own_report_is_read_too(tmp_path):
    """``cpp_device_perf_report.csv`` has OP NAME and fewer columns."""
    report = tmp_path / "cpp_device_perf_report.csv"
    report.write_text(
        "GLOBAL CALL COUNT,METAL TRACE ID,METAL TRACE REPLAY SESSION ID,DEVICE ID,DEVICE ARCH,OP NAME,CORE COUNT,"
        "AVAILABLE WORKER CORE COUNT,DEVICE FW DURATION [ns]\n1,,,0,wormhole_b0,Add,8,64,17\n"
    )

    assert read_report(report) == [Program(0, (1, -1, -1), {"device_fw_ns": 17}, 8, "Add")]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n1,2\n", "row 1: no column 'GLOBAL CALL COUNT'"),
        ("GLOBAL CALL COUNT,DEVICE ID\n1,2\n", "row 1: no column of a device duration"),
        (
            "DEVICE ID,GLOBAL CALL COUNT,DEVICE FW DURATION [ns],DEVICE ID\n",
            "row 1: the column 'DEVICE ID' is there twice",
        ),
    ],
)
def test_what_is_no_report_is_refused(tmp_path, content, error):
    """Files without the columns of a report are refused with the file's name and the row."""
    report = tmp_path / "r.csv"
    report.write_text(content)

    with pytest.raises(ReportError) as raised:
        read_report(report)

    assert str(raised.value).startswith(f"{report}: {error}")


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([matmul(1), matmul(2, fw="nan")], "row 3: DEVICE FW DURATION [ns] is 'nan'; expected a whole number"),
        ([matmul(1, fw="fast")], "row 2: DEVICE FW DURATION [ns] is 'fast'"),
        ([matmul(1, fw="1.5")], "row 2: DEVICE FW DURATION [ns] is '1.5'"),
        ([matmul(1, fw="inf")], "row 2: DEVICE FW DURATION [ns] is 'inf'"),
        ([matmul(1, fw="-1")], "row 2: DEVICE FW DURATION [ns] is '-1'"),
        ([matmul(1, kernel=2**64 - 1)], "row 2: DEVICE KERNEL DURATION [ns] is 18446744073709551615"),
        ([matmul(1, fw="9" * 5000)], f"row 2: DEVICE FW DURATION [ns] is {'9' * 40!r}"),
        ([matmul(1), "", matmul(1)], "row 4: GLOBAL CALL COUNT 1 of device 0 is in row 2 already"),
        (
            [matmul(1), "MatmulDeviceOperation,tt_dnn_device,10"],
            "row 3: 3 values for 23 columns; was the file cut off?",
        ),
        ([matmul(1) + ",1"], "row 2: 24 values for 23 columns"),
        ([matmul("")], "row 2: GLOBAL CALL COUNT is empty where there is a device duration"),
        ([matmul(1, chip="zero")], "row 2: DEVICE ID is 'zero'"),
    ],
)
def test_hostile_rows_are_refused(tmp_path, rows, error):
    """A value that can't be what the profiler measured is an error with file and row, never a number."""
    report = write(tmp_path / "r.csv", *rows)

    with pytest.raises(ReportError) as raised:
        read_report(report)

    assert str(raised.value).startswith(f"{report}: {error}")


def test_files_that_can_not_be_read(tmp_path):
    """A missing file, a directory without reports and bytes that are no text are errors with the path."""
    with pytest.raises(ReportError, match=r"nowhere.csv: No such file"):
        read_report(tmp_path / "nowhere.csv")
    with pytest.raises(ReportError, match=r"no ops_perf_results\*.csv in it"):
        newest_report(tmp_path)
    (tmp_path / "b.csv").write_bytes(b"OP CODE\xff\n")
    with pytest.raises(ReportError, match="byte 7 is no UTF-8"):
        read_report(tmp_path / "b.csv")


def test_the_newest_report_of_a_directory(tmp_path):
    """Reports lie in directories by date; the one written last is meant."""
    for seconds, name in ((20, "2026_a"), (30, "2025_b"), (10, "2027_c")):
        directory = tmp_path / name
        directory.mkdir()
        report = write(directory / f"ops_perf_results_{name}.csv", matmul(1))
        os.utime(report, (seconds, seconds))

    assert newest_report(tmp_path).parent.name == "2025_b"


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.integers(0, 10**9)),
        unique_by=lambda one: one[:2],
        min_size=1,
    )
)
def test_of_several_chips_the_slowest_counts(launches):
    """The sum over a mesh is that of each launch's longest time, whatever the order of the rows."""
    programs = [Program(chip, (call,), {"device_fw_ns": time}) for call, chip, time in launches]
    slowest = {call: max(time for other, _, time in launches if other == call) for call, _, _ in launches}

    assert totals(programs)["device_fw_ns"] == sum(slowest.values())
    assert totals(programs)["device_ops"] == len(slowest)
    assert totals(reversed(programs)) == totals(programs) == totals(merged(programs))


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_any_text_is_read_or_refused(tmp_path_factory, rows):
    """No file makes the reader fail in another way than by ``ReportError``."""
    report = tmp_path_factory.mktemp("r") / "r.csv"
    report.write_text("\n".join([",".join(COLUMNS), *rows]), encoding="utf-8")

    with suppress(ReportError):
        read_report(report)
