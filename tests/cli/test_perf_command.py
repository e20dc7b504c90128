"""``ttnn-sweeps results perf``, over journals, exported runs and a database."""

from __future__ import annotations

import csv
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
from hostile import NUMBERS, TEXTS
from records import body, hostile_bodies, write_run
from replaying import deliver

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.metrics import known_metric
from pytest_ttnn_sweeps.results.runs import RunDirectory


def measured(
    number: int, *, status: Status = Status.PASS, notes: dict[str, str] | None = None, **metrics: float
) -> dict[str, Any]:
    """Vector ``number`` with these metrics; times have samples around them."""
    found = []
    for name, value in metrics.items():
        metric = known_metric(name, value)
        samples = (value, value - 0.5, value + 0.5) if name in ("e2e_ms", "run_ms") else ()
        found.append(Metric(name, value, metric.unit, metric.better, samples))
    outcome = Outcome(status is Status.PASS, "", tuple(found), notes=notes or {})
    module = ("eltwise.relu", "matmul.linear")[number % 2]
    return body(number, module=module, outcome=outcome, status=status)


def vectors() -> list[dict[str, Any]]:
    """Ten: times up, ratios down, spreads of their own; one failed untimed, one later, one passed untimed."""
    return [
        *(
            measured(
                number,
                e2e_ms=float(number + 1),
                run_ms=float(number + 2),
                e2e_mad_ms=(0.5, 0.1, 0.3, 0.2, 0.0)[number],
                e2e_bistable=float(number == 4),
                ideal_ns=1000.0,
                flop_count=2e6,
                byte_count=4096.0,
                roofline_ratio=1e-3 / (number + 1),
                device_kernel_ns=1000.0 * (number + 1),
                peak_l1_bytes_per_core=1024.0 * (5 - number),
                l1_share=0.1,
                notes={
                    "roofline_bound": "launch" if number == 4 else "dram",
                    "roofline_basis": f"{('relu', 'linear x2, add')[number % 2]}, the operations that the sweep times",
                },
            )
            for number in range(5)
        ),
        measured(5, e2e_ms=100.0, status=Status.FAIL_ASSERT_EXCEPTION),
        measured(6, e2e_ms=50.0, run_ms=60.0, status=Status.FAIL_ASSERT_EXCEPTION),
        measured(7, e2e_ms=float("nan"), run_ms=float("inf")),
        measured(9, e2e_ms=0.5),
        measured(8, ideal_ns=5e6, notes={"roofline_bound": "compute", "roofline_missing": "=no ratio: \x1b[31mmock"}),
    ]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return write_run(tmp_path / "runs", vectors(), provider="ttnn", card_type="wormhole_b0 x1")


def output(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["results", "perf", *arguments]) == 0
    return capsys.readouterr().out


def order(data: dict[str, Any], sort: str) -> list[list[int]]:
    """The vectors of the tables of one sort."""
    return [[int(row["vector_id"], 16) for row in table["rows"]] for table in data["tables"] if table["sort"] == sort]


def test_what_comes_first(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """A time counts where it was timed or the vector passed; bistable times come first, launching comes last."""
    data = json.loads(output(capsys, str(run.path), "--json"))

    assert order(data, "time") == [[6, 4, 3, 2, 1, 0, 9]]
    assert order(data, "device") == [[4, 3, 2, 1, 0]]
    assert order(data, "roofline") == [[3, 2, 1, 0, 4], [8]]
    assert order(data, "spread") == [[4, 0, 2, 1, 3]]
    assert order(data, "memory") == [[0, 1, 2, 3, 4]]
    assert [remark.partition(":")[0] for remark in data["remarks"]] == [
        "times are by the host's clock, the median of the timed executions",
        "1 vector without timed executions",
        "1 vector with two modes",
        "1 vector bound by launching, last in the table",
        "roofline_missing 1x",
    ]


def test_tables_are_the_same_wherever_the_run_is(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory, an exported file, a database; the numbers have their units."""
    url = f"sqlite:///{tmp_path / 'results.db'}"
    deliver(run, url)
    bundle = tmp_path / "run.jsonl"
    assert main(["runs", "export", str(run.path), "--output", str(bundle)]) == 0
    capsys.readouterr()

    of_directory, *others = (output(capsys, source, "--json") for source in (str(run.path), str(bundle), url))

    assert others == [of_directory] * 2
    shown = output(capsys, url)
    assert "slowest: 7 of 7" in shown
    assert "50.0 ms" in shown
    # 1000 ns ideal by a ratio of 1/1000: 2 Mflop and 4 KiB in a millisecond.
    assert all(text in shown for text in ("0.10 %", "1.00 ms", "2.00 Gflop/s", "4.10 MB/s"))
    assert "\x1b" not in shown


def test_the_choice_narrows_the_tables(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """By module, suite, status, operation and number of rows; one table alone."""

    def times(*arguments: str) -> list[list[int]]:
        return order(json.loads(output(capsys, str(run.path), "--json", "--sort", "time", *arguments)), "time")

    assert times("--top", "2") == [[6, 4]]
    assert times("--top", "0") == [[6, 4, 3, 2, 1, 0, 9]]
    assert times("--module", "matmul") == [[3, 1, 9]]
    assert times("--op", "linear") == [[3, 1, 9]]
    assert times("--op", "add") == [[3, 1]]
    assert times("--op", "re*", "--status", "pass") == [[4, 2, 0]]
    assert times("--op", "operations") == []
    assert times("--suite", "none") == []
    text = output(capsys, str(run.path), "--suite", "none")
    assert "nothing was measured of the chosen vectors" in text
    with pytest.raises(SystemExit):
        main(["results", "perf", "--sort", "name"])


def test_several_runs_are_one_table(run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the run of each row; what a mock device's times are worth is told."""
    other = write_run(tmp_path / "runs", [measured(1, e2e_ms=30.0, run_ms=31.0)], provider="mock")

    text = output(capsys, str(run.path), str(other.path), "--sort", "time", "--top", "3", "--json")

    data = json.loads(text)
    assert [row["run"] for row in data["tables"][0]["rows"]] == [run.run_id, other.run_id, run.run_id]
    assert "a mock device computes nothing: its times say nothing of a device" in data["remarks"]


def test_every_sample_is_exported(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for the metric, then one for each sample, whatever the tables leave out."""
    rows = list(csv.DictReader(io.StringIO(output(capsys, str(run.path), "--csv", "--top", "1"))))

    assert {row["vector"] for row in rows} == {f"{number:032x}" for number in range(10)}
    third = [row for row in rows if row["vector"] == f"{2:032x}" and row["metric"] == "e2e_ms"]
    assert [(row["sample"], row["value"]) for row in third] == [("", "3.0"), ("1", "3.0"), ("2", "2.5"), ("3", "3.5")]
    assert {(row["unit"], row["better"]) for row in third} == {("ms", "lower")}


def test_hostile_texts_stay_texts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names that spreadsheets would calculate, and numbers that aren't finite."""
    run = write_run(tmp_path / "runs", hostile_bodies([*TEXTS.values(), "=1+1"], NUMBERS))

    rows = list(csv.reader(io.StringIO(output(capsys, str(run.path), "--csv"))))

    assert all(not cell.startswith(("=", "@", "\t", "\r")) for row in rows for cell in row)
    output(capsys, str(run.path))
