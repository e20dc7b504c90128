"""``ttnn-sweeps results``: the same numbers in the terminal, as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
import subprocess
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
from pytest_ttnn_sweeps.results.runs import RunDirectory

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")


def failed(number: int, message: str, **changed: Any) -> dict[str, Any]:
    return body(number, status=Status.FAIL_ASSERT_EXCEPTION, outcome=Outcome(False, message), **changed)


def vectors() -> list[dict[str, Any]]:
    nan = Outcome(True, "", (Metric("pcc", float("nan"), "", "higher"),))
    return [
        *(body(number) for number in range(6)),
        *(failed(number, f"needs {number} banks at 0x{number:x}") for number in range(6, 10)),
        failed(10, "other trouble", module="eltwise.binary.add", suite="model_traced"),
        body(11, outcome=nan, module="eltwise.binary.add", suite="model_traced"),
    ]


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return write_run(tmp_path / "runs", vectors(), provider="emulated", card_type="n150 (emulated)")


def output(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["results", *arguments]) == status
    return capsys.readouterr().out


def test_the_summary_is_the_same_in_every_form(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """Suites with failures first, and a total."""
    data = json.loads(output(capsys, "summary", str(run.path), "--json"))
    rows = list(csv.DictReader(io.StringIO(output(capsys, "summary", str(run.path), "--csv"))))
    shown = output(capsys, "summary", str(run.path))

    assert {key: data["totals"][key] for key in ("vectors", "passed", "failed", "skipped")} == {
        "vectors": 12,
        "passed": 7,
        "failed": 5,
        "skipped": 0,
    }
    assert data["totals"]["pcc"]["not_finite"] == 1
    assert [(row["module"], row["suite"], int(row["failed"])) for row in rows] == [
        (suite["module"], suite["suite"], suite["failed"]) for suite in data["suites"]
    ]
    assert rows[0]["pass rate"] == "0.6"
    assert "eltwise.unary.relu::nightly" in shown
    assert "an emulation ran this" in shown
    total = next(line for line in shown.splitlines() if line.strip().startswith("total"))
    assert total.split()[1:4] == ["12", "7", "5"]
    assert "58.3 %" in total


def test_a_selection_of_nothing_says_so(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no vector of the run is selected" in output(capsys, "summary", str(run.path), "--module", "eltwise.bin")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["results", "report", "RUN", "--output", "."], "."),
        (["runs", "export", "RUN", "--output", "."], "."),
        (["runs", "export", "RUN", "--format", "files", "--output", "file"], "file"),
    ],
)
def test_a_place_that_takes_no_file_is_one_line(
    run: RunDirectory,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.joinpath("file").touch()

    assert main([str(run.path) if argument == "RUN" else argument for argument in arguments]) == 2

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"ttnn-sweeps: {words}: ")


@pytest.mark.parametrize("rows", ["-1", "x", ""])
def test_a_number_of_rows_that_is_none_is_told(
    run: RunDirectory, capsys: pytest.CaptureFixture[str], rows: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["results", "summary", str(run.path), f"--limit={rows}"])
    assert f"{rows!r} is no number of rows" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "vectors"),
    [
        (["--module", "eltwise.binary"], 2),
        (["--module", "eltwise.bin"], 0),
        (["--suite", "model_*"], 2),
        (["--status", "fail"], 5),
        (["--status", "pass", "--suite", "nightly"], 6),
    ],
)
def test_conditions_narrow_what_is_counted(
    run: RunDirectory, capsys: pytest.CaptureFixture[str], options: list[str], vectors: int
) -> None:
    """As pytest's options of these names do."""
    found = json.loads(output(capsys, "summary", str(run.path), "--json", "--by", "module", *options))

    assert found["totals"]["vectors"] == vectors


def test_a_status_that_is_none_is_one_line(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the option that was given, and what there is."""
    assert main(["results", "summary", str(run.path), "--status", "green"]) == 2
    assert capsys.readouterr().err.startswith("ttnn-sweeps: --status 'green': no such status; there is pass, ")


def test_failures_are_grouped_and_a_group_is_shown_with_its_commands(
    run: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells that there are some."""
    data = json.loads(output(capsys, "failures", str(run.path), "--json", status=1))
    group = data["groups"][0]
    shown = output(capsys, "failures", str(run.path), status=1)
    of_group = json.loads(output(capsys, "failures", str(run.path), "--group", group["group"], "--json", status=1))

    assert (group["vectors"], group["error"]) == (4, "needs # banks at 0x#")
    assert "needs # banks at 0x#" in shown
    assert [one["message"] for one in of_group] == [f"needs {n} banks at 0x{n:x}" for n in range(6, 10)]
    assert of_group[0]["rerun"] == f"pytest sweeps/relu.py::nightly::{6:012x}"
    assert output(capsys, "failures", str(run.path), "--status", "pass").splitlines()[-1] == "no failures"


def test_one_vector_is_shown_with_everything(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """By the beginning of its id or by its node id; several, or none, are told."""
    node_id = f"sweeps/relu.py::nightly::{6:012x}"

    shown = output(capsys, "show", node_id, str(run.path))

    assert "status: FAIL_ASSERT_EXCEPTION" in shown
    assert "parameter a: 6" in shown
    assert f"rerun: pytest {node_id}" in shown
    (record,) = json.loads(output(capsys, "show", f"{6:032x}", str(run.path), "--json"))
    assert record["message"] == "needs 6 banks at 0x6"
    assert main(["results", "show", "ffff", str(run.path)]) == 2
    assert "has no such vector" in capsys.readouterr().err


def test_two_runs_are_compared(run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code tells of new failures alone."""
    later = [body(0, status=Status.FAIL_ASSERT_EXCEPTION, outcome=Outcome(False, "broken")), *vectors()[1:9]]
    after = write_run(tmp_path / "runs", later, provider="emulated", card_type="n150 (emulated)")

    data = json.loads(output(capsys, "compare", str(run.path), str(after.path), "--json", status=1))
    shown = output(capsys, "compare", str(run.path), str(after.path), status=1)
    rows = list(
        csv.DictReader(io.StringIO(output(capsys, "compare", str(run.path), str(after.path), "--csv", status=1)))
    )

    assert {kind: count for kind, count in data["counts"].items() if count} == {"new_failure": 1, "missing": 3}
    assert [row["change"] for row in rows] == ["new_failure", "missing", "missing", "missing"]
    assert "1 new failures, 3 missing" in shown
    assert "broken" in shown
    output(capsys, "compare", str(after.path), str(run.path), status=1)
    output(capsys, "compare", str(run.path), str(run.path))


def test_a_database_gives_the_same_numbers(
    run: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Summary, failures and differences of what was delivered are those of the journal."""
    url = f"sqlite:///{tmp_path}/results.sqlite"
    deliver(run, url)

    def numbers(source: str) -> Any:
        data = json.loads(output(capsys, "summary", source, "--json"))
        return data["totals"], data["suites"], output(capsys, "failures", source, "--json", status=1)

    assert numbers(url) == numbers(str(run.path))
    assert json.loads(output(capsys, "compare", str(run.path), url, "--json"))["changes"] == []
    (rows,) = json.loads(output(capsys, "sql", "SELECT count(*) AS n FROM sweep_results", url, "--json"))["rows"]
    assert rows == [12]


def test_sql_takes_runs_or_one_database(run: RunDirectory, capsys: pytest.CaptureFixture[str]) -> None:
    """Not both; its rows come in every form."""
    query = "SELECT '=1+1' AS formula, -1.5 AS number, NULL AS empty"

    assert output(capsys, "sql", query, str(run.path), "--csv") == "formula,number,empty\n'=1+1,-1.5,\n"
    assert "=1+1" in output(capsys, "sql", query, str(run.path))
    assert main(["results", "sql", query, str(run.path), "sqlite:///x"]) == 2
    assert "one database, whole, or runs" in capsys.readouterr().err
    assert main(["results", "sql", "DELETE FROM sweep_runs", str(run.path)]) == 2
    assert "only reading is allowed" in capsys.readouterr().err


@pytest.mark.parametrize("action", [["summary"], ["failures"], ["show", "000000000000000000000000000000"]])
def test_hostile_texts_harm_no_terminal_and_no_spreadsheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: list[str]
) -> None:
    """No escape sequences, no cells that a spreadsheet calculates, JSON that every parser takes."""
    run = write_run(tmp_path / "runs", hostile_bodies(TEXTS.values(), NUMBERS))
    arguments = [*action, str(run.path)]
    status = int(action == ["failures"])

    for form in ([], ["--csv"], ["--json"]):
        text = output(capsys, *arguments, *form, status=status)
        assert not any(ord(c) < 32 and c not in "\n\t" for c in text)
        text.encode("utf-8")
    cells = [
        cell for row in csv.reader(io.StringIO(output(capsys, *arguments, "--csv", status=status))) for cell in row
    ]
    for cell in cells:
        assert not cell.startswith(FORMULAS) or is_number(cell), cell
    json.loads(output(capsys, *arguments, "--json", status=status), parse_constant=pytest.fail)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_pipe_of_ascii_alone_gets_everything(run: RunDirectory) -> None:
    """What it can't take is escaped."""
    command = "import sys; from pytest_ttnn_sweeps.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", command, "results", "summary", str(run.path)],
        env={"PYTHONIOENCODING": "ascii", "PATH": ""},
        capture_output=True,
        check=True,
    )

    assert b"eltwise.unary.relu::nightly" in done.stdout


def test_the_command_line_starts_without_what_its_tables_need() -> None:
    """Neither rich, nor pydantic, nor a database until one is asked for."""
    code = "import sys, pytest_ttnn_sweeps.cli; print({'rich', 'pydantic', 'sqlalchemy', 'torch'} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout == b"set()\n"


def test_json_and_csv_do_without_rich(run: RunDirectory) -> None:
    """It is imported where a table is printed, only."""
    code = (
        "import sys; from pytest_ttnn_sweeps.cli import main; "
        f"main(['results', 'failures', {str(run.path)!r}, '--csv']); sys.exit('rich' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=False).returncode == 0
