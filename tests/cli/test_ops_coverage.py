"""``ttnn-sweeps ops coverage``: what is emulated, used, swept and traced, told from text alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_ttnn_sweeps.vectors.usage import used_names

pytest.importorskip("torch")

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.cli.ops_coverage import coverage

MASTER = Path(__file__).parents[1] / "data" / "traced_configurations_verbatim.json"
SWEEP = "parameters = {'s': {'a': [1]}}\n"


def used(tmp_path: Path, text: str) -> set[str]:
    path = tmp_path / "module.py"
    path.write_text(text, encoding="utf-8")
    return used_names(path)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("import ttnn\nttnn.relu(x)", {"ttnn.relu"}),
        ("import ttnn\nf = ttnn.transformer.concatenate_heads", {"ttnn.transformer.concatenate_heads"}),
        ("import ttnn as tt\ntt.relu(tt.exp(x))", {"ttnn.relu", "ttnn.exp"}),
        ("import ttnn.device\nttnn.device.is_wormhole_b0(d)", {"ttnn.device.is_wormhole_b0"}),
        ("import ttnn.device as d\nd.is_wormhole_b0(x)", {"ttnn.device.is_wormhole_b0"}),
        ("from ttnn import relu as r\nr(x)", {"ttnn.relu"}),
        ("from ttnn.operations import matmul\nmatmul.linear(x)", {"ttnn.operations.matmul.linear"}),
        ("import ttnn\nttnn.relu(x).shape.rank", {"ttnn.relu"}),
        ("import ttnn\ngetattr(ttnn, 'relu')(x)", set()),
        ("import torch\ntorch.relu(x)", set()),
        ("ttnn.relu(x)", set()),
        ("from . import ttnn\nttnn.relu(x)", set()),
        ("import ttnn\n'ttnn.relu'  # ttnn.exp", set()),
    ],
)
def test_names_are_read_from_the_syntax_tree(tmp_path: Path, text: str, names: set[str]) -> None:
    """Through aliases and chains; neither texts, comments, nor names that are computed."""
    assert used(tmp_path, text) == names


def test_rows_tell_emulated_used_swept_and_traced() -> None:
    """Types, constants and helper functions are no rows; an operation that isn't emulated and used is missing."""
    modules = {
        "eltwise.unary.relu": {"ttnn.relu", "ttnn.from_torch", "ttnn.bfloat16", "ttnn.TILE_LAYOUT", "ttnn.open_device"},
        "eltwise.relu.relu_sharded": {"ttnn.relu", "ttnn.ShardSpec", "ttnn.MathFidelity.HiFi4"},
        "odd.frobnicate_twice": {"ttnn.frobnicate", "ttnn.frob", "ttnn.experimental.defrost"},
    }

    rows = {row.operation: row for row in coverage(modules, {"add": 7, "thaw": 2})}

    relu, add, frobnicate = rows["relu"], rows["add"], rows["frobnicate"]
    assert (relu.emulated, relu.used, relu.swept, relu.traced) == (True, 2, 2, 0)
    assert relu.modules == ["eltwise.unary.relu", "eltwise.relu.relu_sharded"]
    assert (add.emulated, add.used, add.traced, add.is_missing) == (True, 0, 7, False)
    assert (frobnicate.emulated, frobnicate.used, frobnicate.swept, frobnicate.is_missing) == (False, 1, 1, True)
    assert (rows["frob"].swept, rows["thaw"].is_missing) == (0, False)
    assert rows["experimental.defrost"].is_missing
    assert rows["from_torch"].swept == 0
    assert not {"bfloat16", "TILE_LAYOUT", "open_device", "ShardSpec", "MathFidelity"} & set(rows)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "sweeps"
    root.mkdir()
    (root / "relu.py").write_text(f"import ttnn\n{SWEEP}def run(a, *, device): ttnn.relu(a)\n", encoding="utf-8")
    (root / "frob.py").write_text(f"import ttnn\n{SWEEP}def run(a, *, device): ttnn.frob(a)\n", encoding="utf-8")
    (root / "helper.py").write_text("import ttnn\nttnn.unfrob\n", encoding="utf-8")
    return root


def rows_of(text: str) -> dict[str, dict[str, Any]]:
    return {row["operation"]: row for row in json.loads(text)}


def test_the_command_reads_the_sweeps_root(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table with totals, JSON of the same, and only what is missing."""
    assert main(["ops", "coverage"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split() == ["operation", "emulated", "used", "swept", "traced"]
    assert table[-1] == "1 used but not emulated"

    assert main(["ops", "coverage", "--json", "--master", str(MASTER)]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows["add"]["traced"] == 10
    assert rows["relu"] == {
        "operation": "relu",
        "emulated": True,
        "used": 1,
        "swept": 1,
        "traced": 0,
        "modules": ["relu"],
    }
    assert "unfrob" not in rows

    assert main(["ops", "coverage", "--json", "--missing", "--root", str(root)]) == 0
    assert list(rows_of(capsys.readouterr().out)) == ["frob"]


def test_files_that_do_not_parse_are_named(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One broken file costs its own row, not the report."""
    (root / "broken.py").write_text("parameters = run = (\n", encoding="utf-8")

    assert main(["ops", "coverage"]) == 0

    assert "broken.py can't be read" in capsys.readouterr().err


def test_a_root_that_is_not_there_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, exit status 2."""
    monkeypatch.chdir(tmp_path)

    assert main(["ops", "coverage"]) == 2
    assert main(["ops", "coverage", "--root", "nowhere"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("ttnn-sweeps: no sweeps root here (looked for sweeps,")
    assert lines[-1] == "ttnn-sweeps: --root nowhere: no such directory"
