"""``ttnn-sweeps runs`` and ``replay``."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "results"))
from records import body, write_run

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.results.reading import open_run
from pytest_ttnn_sweeps.results.runs import write_json


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for number in range(3):
        write_run(tmp_path / "runs", [body(number)], card_type="n150 (emulated)", git_sha="0123456789ab")
    return tmp_path / "runs"


def ids(root: Path) -> list[str]:
    return sorted(path.parent.name for path in root.glob("*/run.json"))


def test_list_has_a_line_for_each_run(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Id, state, card, commit, counts; as JSON, the records."""
    write_run(root, [body()], sealed=False)
    write_json(root / ids(root)[0] / "delivery.json", {"sqlite:///x": {"complete": False}})
    (root / ids(root)[1] / "pinned").touch()

    assert main(["runs", "list", "--results-dir", str(root)]) == 0

    first, second, third, fourth = (line.split("  ") for line in capsys.readouterr().out.splitlines())
    assert [line[0] for line in (first, second, third, fourth)] == ids(root)
    assert [line[1].strip() for line in (first, second, third, fourth)] == [
        *("passed, undelivered", "passed, pinned", "passed", "unsealed"),
    ]
    assert third[-3:] == ["n150 (emulated)", "0123456789", "PASS=1"]
    assert main(["runs", "list", "--json", "--results-dir", str(root)]) == 0
    assert [json.loads(line)["run_id"] for line in capsys.readouterr().out.splitlines()] == ids(root)


def test_show_has_the_record_and_what_was_delivered(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON."""
    assert main(["replay", "last", "--to", f"sqlite:///{root}/x.db", "--results-dir", str(root)]) == 0
    assert capsys.readouterr().out == f"sqlite:///{root}/x.db: 1 records\n"
    assert main(["runs", "show", "last", "--results-dir", str(root)]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["counts"] == {"PASS": 1}
    assert shown["delivery"] == {f"sqlite:///{root}/x.db": {"delivered": 1, "complete": True, "error": None}}


def test_export_is_read_back(root: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """To a file, to stdout, as tt-metal's files."""
    target = tmp_path / "run.jsonl"
    assert main(["runs", "export", "last", "--output", str(target), "--results-dir", str(root)]) == 0
    capsys.readouterr()
    assert main(["runs", "export", "last", "--results-dir", str(root)]) == 0

    assert capsys.readouterr().out == target.read_text()
    assert list(open_run(target).records()) == list(open_run("last", root=root).records())
    assert main(["runs", "export", "last", "--format=files", f"--output={tmp_path}/out", f"--results-dir={root}"]) == 0
    assert capsys.readouterr().out.strip() == str(next((tmp_path / "out").glob("oprun_*.json")))


def test_prune_removes_says_and_spares(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run removes nothing; a pinned run stays until it is unpinned."""
    first, second, third = ids(root)
    where = ["--results-dir", str(root)]
    assert main(["runs", "prune", "--keep=1", "--dry-run", *where]) == 0
    assert ids(root) == [first, second, third]
    assert main(["runs", "pin", first, *where]) == 0
    capsys.readouterr()
    assert main(["runs", "prune", "--keep=1", *where]) == 0
    assert capsys.readouterr().out.splitlines() == [
        *(f"kept {first}: pinned", f"removed {second}", f"kept {third}: among the newest"),
    ]
    assert main(["runs", "unpin", first, *where]) == 0
    assert main(["runs", "prune", "--keep=1", *where]) == 0
    assert ids(root) == [third]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["runs", "prune"], "say which runs may go"),
        (["runs", "prune", "--keep=-1"], "--keep -1: expected 0 or more"),
        (["runs", "show", "nothing"], "'nothing' is no run in"),
        (["replay", "last", "--to", "ftp://me:Geheim@x"], "no destination is called 'ftp'"),
    ],
)
def test_mistakes_are_one_line(
    root: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    """Exit code 2, no secret."""
    assert main([*arguments, "--results-dir", str(root)]) == 2

    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert "Geheim" not in error


def test_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With its version and both kinds."""
    assert main(["runs", "schema"]) == 0

    schema = json.loads(capsys.readouterr().out)
    assert {"version", "result", "run"} <= set(schema)
