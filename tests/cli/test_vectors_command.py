"""``ttnn-sweeps vectors``: figures that agree and differ; files written for a selection."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import textwrap
from hashlib import sha224
from pathlib import Path

import pytest

COMMAND = "import sys; from pytest_ttnn_sweeps.cli import main; sys.exit(main(sys.argv[1:]))"
RELU = """
import random

parameters = {
    "nightly": {"size": [1, 2, 1], "seed": [random.randint(0, 99)]},
    "empty": {"size": [], "seed": [1]},
}

def invalidate_vector(vector):
    breakpoint()
    return vector["size"] == 2, "even"

def run(size, seed, *, device):
    return True, ""
"""
DRAWN = 49
"""What Python's generator, seeded with 0, draws first from 0 to 99."""


def ids_of_relu() -> list[str]:
    """Upstream's ids of the suite ``nightly``, its text written out."""
    rows = [(1, "VALID", ""), (2, "INVALID", "even"), (1, "VALID", "")]
    texts = [
        f"{{'size': '{size}', 'seed': '{DRAWN}', 'suite_name': 'nightly', 'validity': 'VectorValidity.{validity}', "
        f"'invalid_reason': '{reason}', 'status': 'VectorStatus.CURRENT', 'sweep_name': 'unary.relu'}}"
        for size, validity, reason in rows
    ]
    return [sha224(text.encode()).hexdigest() for text in texts]


def row_of_relu(**changed: str) -> dict[str, str]:
    ids = ids_of_relu()
    summary = sha224("\n".join(sorted(set(ids))).encode()).hexdigest()
    return {
        "module": "unary.relu",
        "suite": "nightly",
        "vectors": "3",
        "invalid": "1",
        "unique_ids": "2",
        "hash_of_sorted_ids": summary,
        "hash_of_sorted_ids_es": summary,
        "status": "ok",
        "ids": "seed-dependent",
        "first_id": ids[0],
        "last_id": ids[-1],
        **changed,
    }


EMPTY = row_of_relu() | {
    "suite": "empty",
    "vectors": "0",
    "invalid": "0",
    "unique_ids": "0",
    "status": "ok;zero-vectors",
    **dict.fromkeys(("hash_of_sorted_ids", "hash_of_sorted_ids_es", "first_id", "last_id", "ids"), ""),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nsweep_roots = operations\n")
    write(tmp_path, "unary.relu", RELU)
    return tmp_path


def write(project: Path, name: str, text: str) -> None:
    path = project.joinpath("operations", *name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))


def record(project: Path, *rows: dict[str, str]) -> str:
    with (project / "record.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return "record.csv"


def vectors(project: Path, *arguments: str, below: str = ".") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", COMMAND, "vectors", *arguments]
    return subprocess.run(command, cwd=project / below, capture_output=True, text=True, check=False)


def test_figures_that_agree_are_a_summary(project: Path) -> None:
    """The seed and the generator are upstream's; a forgotten breakpoint() stops nobody; the root comes from the ini."""
    done = vectors(project, "check", record(project, row_of_relu(), EMPTY))
    assert done.stdout.splitlines() == ["1 modules, 2 suites compared: no differences"]
    assert done.returncode == 0, done.stderr


def test_the_root_can_be_named(project: Path) -> None:
    """Relative to the working directory."""
    name = record(project, row_of_relu(), EMPTY)
    done = vectors(project, "check", f"../{name}", "--root", ".", below="operations")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("column", "figure"),
    [
        ("vectors", "4"),
        ("invalid", "0"),
        ("unique_ids", "3"),
        ("first_id", "0" * 56),
        ("last_id", "0" * 56),
        ("hash_of_sorted_ids", "0" * 56),
        ("hash_of_sorted_ids_es", "0" * 56),
    ],
)
def test_each_figure_that_differs_is_a_line(project: Path, column: str, figure: str) -> None:
    """With what is found and what was recorded."""
    done = vectors(project, "check", record(project, row_of_relu(**{column: figure}), EMPTY))
    assert done.returncode == 1
    found = row_of_relu()[column]
    assert done.stdout.splitlines() == [
        f"unary.relu::nightly: {column} is {found}, recorded is {figure}",
        "1 modules, 2 suites compared: 1 difference",
    ]


def test_what_cannot_be_compared_is_a_line(project: Path) -> None:
    """Modules that aren't there or can't be imported, suites of one side alone."""
    write(project, "broken", "parameters = {}\ndef run(): ...\nraise RuntimeError('no luck')")
    write(project, "known", "parameters = {}\ndef run(): ...\nraise RuntimeError('bad luck')")
    rows = [
        row_of_relu(),
        row_of_relu(suite="gone"),
        row_of_relu(module="unary.gone"),
        row_of_relu(module="broken"),
        dict.fromkeys(row_of_relu(), "") | {"module": "known", "status": "import-error: RuntimeError: bad luck"},
    ]
    done = vectors(project, "check", record(project, *rows))
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "unary.relu::gone: the module has no such suite",
        "unary.relu::empty: the record has no such suite",
        "unary.gone: there is no such sweep module below operations",
        "broken: RuntimeError: no luck",
        "known: RuntimeError: bad luck (recorded: import-error: RuntimeError: bad luck)",
        "4 modules, 4 suites compared: 4 differences",
    ]


@pytest.mark.parametrize(
    ("text", "error"), [("a,b\n1,2\n", "record.csv: there is no column 'module'"), ("\0", "record.csv: ")]
)
def test_a_record_that_is_none_is_a_mistake(project: Path, text: str, error: str) -> None:
    """Exit status 2 and one line."""
    (project / "record.csv").write_text(text)
    done = vectors(project, "check", "record.csv")
    assert done.returncode == 2
    assert done.stderr.startswith(f"ttnn-sweeps: {error}")
    assert vectors(project, "check", "nowhere.csv").returncode == 2


def test_a_selection_is_written_with_its_manifest(project: Path) -> None:
    """Modules, suites and conditions as in pytest; what can't be written is a line, and the rest is written."""
    write(
        project,
        "unary.gelu",
        "parameters = {'nightly': {'size': [1], 'a': [object()]}}\ndef run(size, a, *, device): ...",
    )
    write(project, "binary.add", "parameters = {'nightly': {'a': [1]}}\ndef run(a, *, device): ...")
    selection = ("--module", "unary", "--suite", "night*", "--where", "size=1")
    done = vectors(project, "export", "out", *selection, "--tag", "alice")
    assert done.returncode == 1
    assert done.stderr.startswith("unary.gelu: not written: operations/unary/gelu.py: suite 'nightly'")
    assert done.stdout.splitlines() == [
        "out/unary.relu.json: 1 vector",
        "1 vector of 1 module in out; 1 module not written",
    ]
    content = json.loads((project / "out" / "unary.relu.json").read_text())
    assert [(vector["size"], vector["seed"], vector["tag"]) for vector in content["nightly"].values()] == [
        (1, DRAWN, "alice")
    ]
    assert json.loads((project / "out" / "generation_manifest.json").read_text())["vector_files"] == ["unary.relu.json"]


def test_a_selection_of_nothing_is_a_mistake(project: Path) -> None:
    """With the nearest name."""
    done = vectors(project, "export", "out", "--module", "unary.rellu")
    assert done.returncode == 2
    assert "--sweep-module 'unary.rellu' selects nothing; there is unary.relu" in done.stderr
    assert not (project / "out").exists()
