"""``ttnn-sweeps ops``: what it tells of masters, and what it does to them."""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

pytest.importorskip("torch")

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.cli.ops import with_action
from pytest_ttnn_sweeps.traced import (
    Machine,
    TraceContext,
    TracedConfiguration,
    read_master,
    record,
    registry,
    set_default_master,
)
from pytest_ttnn_sweeps.traced.master_schema import json_schema

DATA = Path(__file__).parents[1] / "data"
SCHEMA_PAGE = Path(__file__).parents[2] / "docs" / "master.schema.json"
VERBATIM = DATA / "traced_configurations_verbatim.json"
N300, P150 = Machine("Wormhole", ("n300",), 1), Machine("Blackhole", ("p150",), 1)


@pytest.fixture(autouse=True)
def search_from_here(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The default master is the nearest one, as in a process of its own; pytest's own session has another."""
    monkeypatch.delenv(registry.MASTER_VARIABLE, raising=False)
    path, below = set_default_master(None)
    yield
    set_default_master(path, below=below)


@pytest.fixture
def master(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A master of older schemas as a file of its own, which is the default one."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / registry.MASTER_LOCATION
    path.parent.mkdir()
    shutil.copy(VERBATIM, path)
    return path


def printed(capsys: pytest.CaptureFixture[str], *arguments: object, status: int = 0) -> str:
    """What ``ttnn-sweeps ops ARGUMENTS`` prints."""
    assert main(["ops", *map(str, arguments)]) == status
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("ops", "ops list"),
        ("ops add", "ops show add"),
        ("ops ttnn::add --all", "ops show ttnn::add --all"),
        ("ops --all add", "ops show --all add"),
        ("ops --master m.json", "ops list --master m.json"),
        ("ops --master m.json add", "ops show --master m.json add"),
        ("ops --dtype BFLOAT16", "ops list --dtype BFLOAT16"),
        ("ops list", "ops list"),
        ("ops merge a b", "ops merge a b"),
        ("ops coverage --missing", "ops coverage --missing"),
        ("ops -h", "ops -h"),
        ("doctor", "doctor"),
        ("", ""),
    ],
)
def test_the_action_may_be_left_out(given: str, meant: str) -> None:
    """``ops`` lists and ``ops NAME`` shows, with options before or behind."""
    assert with_action(given.split()) == meant.split()


def test_the_listing_of_the_guide(capsys: pytest.CaptureFixture[str], master: Path) -> None:
    """sigmoid_accurate as users know it: shape, dtype, memory, shard shape, grid ranges, orientation."""
    text = printed(capsys, "show", "sigmoid_accurate")

    assert text.startswith("Operation: sigmoid_accurate\nConfigurations: 30\n")
    shards = "shard(shard_shape=[224, 32], grid=[(0,0)→(7,6)], orientation=ROW_MAJOR)"
    assert f"Tensor(shape=[1, 1, 12544, 32], dtype=BFLOAT8_B, memory=L1_HEIGHT_SHARDED, {shards})" in text
    assert "shard_shape=[224, 32], grid=[(0,0)→(7,0), (0,1)→(6,1)], orientation=ROW_MAJOR" in text
    assert printed(capsys, "sigmoid_accurate") == text
    assert "Operation: sigmoid_accurate (30 configurations)" in printed(capsys).splitlines()


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        (["--memory", "L1_WIDTH_SHARDED"], {"sigmoid_accurate": 11}),
        (["--memory", "l1_width_sharded", "--memory", "L1_HEIGHT_SHARDED"], {"sigmoid_accurate": 17}),
        (["--board", "tt-galaxy-wh"], {"add": 4}),
        (["--model", "SWEEPS_RUNNER"], {"add": 4}),
        (["--model", "tests/*/sweeps_runner.py"], {"add": 4}),
        (["--dtype", "FLOAT32", "--board", "wormhole"], {"add": 2, "pad": 7}),
        (["--dtype", "FLOAT99"], {}),
    ],
)
def test_conditions_select(
    capsys: pytest.CaptureFixture[str], master: Path, conditions: list[str], names: dict[str, int]
) -> None:
    """One value of each condition is enough, every condition must be met, case doesn't matter."""
    rows = json.loads(printed(capsys, "list", "--json", *conditions))

    found = {row["operation"]: row["configurations"] for row in rows}
    assert names.items() <= found.items()
    assert bool(found) == bool(names)


def test_data_formats_hold_every_fact(capsys: pytest.CaptureFixture[str], master: Path) -> None:
    """CSV has a row an argument with shards in columns; JSON has the entries of the current schema."""
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "show", "sigmoid_accurate", "--csv"))))
    first = next(row for row in rows if row["argument"] == "arg0")
    entries = json.loads(printed(capsys, "show", "sigmoid_accurate", "--json"))

    assert first["shape"] == "[1, 1, 12544, 32]"
    assert (first["dtype"], first["buffer"], first["memory_layout"]) == ("BFLOAT8_B", "L1", "HEIGHT_SHARDED")
    assert (first["shard_shape"], first["grid"], first["orientation"]) == ("[224, 32]", "(0,0)→(7,6)", "ROW_MAJOR")
    assert len(entries) == len({row["configuration"] for row in rows}) == 30
    assert {entry["name"] for entry in entries} == {row["configuration"] for row in rows}
    assert entries[0]["arguments"]["arg0"]["original_shape"] == [1, 1, 12544, 32]


def test_models_by_operation(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Both ways round, with counts; what has no source is said to have none."""
    path = tmp_path / "m.json"
    record(path, [TracedConfiguration("add", (1,))] * 3, TraceContext("a.py::t"))
    record(path, [TracedConfiguration("add", (1,)), TracedConfiguration("exp", (2,))], TraceContext("b.py::t"))
    record(path, [TracedConfiguration("exp", (3,))])

    assert printed(capsys, "models", "--master", path).splitlines() == [
        "(no source was recorded)",
        "  exp: 1 configuration",
        "a.py::t",
        "  add: 1 configuration",
        "b.py::t",
        "  add: 1 configuration",
        "  exp: 1 configuration",
    ]
    assert printed(capsys, "models", "--by-operation", "--master", path, "--model", "a.py").splitlines() == [
        "add",
        "  a.py::t: 1 configuration",
    ]
    rows = json.loads(printed(capsys, "models", "--json", "--master", path))
    assert {"model": "a.py::t", "operation": "add", "configurations": 1, "executed": 3} in rows


def test_migrating_keeps_what_diff_compares(capsys: pytest.CaptureFixture[str], master: Path) -> None:
    """The migrated master has the same configurations, validates, and is migrated once."""
    old = master.with_name("old.json")
    shutil.copy(master, old)

    assert "96 distinct configurations in schema 3; as it was: " in printed(capsys, "migrate")
    assert "has schema 3 already" in printed(capsys, "migrate", master)
    assert ", 96 in both, 0 of them seen elsewhere" in printed(capsys, "diff", old, master)
    assert "no errors" in printed(capsys, "validate")
    printed(capsys, "validate", "--strict", status=1)


def test_a_difference_is_told_and_is_the_exit_status(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Configurations of one master alone by sign, executions of common ones by source."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    common, gone, new = (TracedConfiguration("add", (number,)) for number in range(3))
    record(first, [common, gone], TraceContext("a.py"))
    record(second, [common, new], TraceContext("b.py"))

    lines = printed(capsys, "diff", first, second, status=1).splitlines()

    assert lines == [
        f"- {gone.name}: arg0=1",
        f"+ {new.name}: arg0=2",
        f"~ {common.name}: - a.py",
        f"~ {common.name}: + b.py",
        f"1 only in {first}, 1 only in {second}, 1 in both, 1 of them seen elsewhere",
    ]
    rows = json.loads(printed(capsys, "diff", first, second, "--json", status=1))
    assert [row["configuration"] for row in rows] == [gone.name, new.name]
    assert "- " not in printed(capsys, "diff", first, first, "--brief")


def test_tracing_again_is_no_difference(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """When a test ran last, and how often it made a call, is nothing about where the call is made."""
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    call = TracedConfiguration("add", (1,))
    record(first, [call], TraceContext("a.py", timestamp="2026-01-31T12:00:00+00:00"))
    record(second, [call, call], TraceContext("a.py", timestamp="2026-02-01T12:00:00+00:00"))

    (line,) = printed(capsys, "diff", first, second).splitlines()
    assert line.endswith("1 in both, 0 of them seen elsewhere")


def test_one_test_on_two_machines_is_told_with_what_differs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    call = TracedConfiguration("add", (1,))
    record(first, [call], TraceContext("a.py", Machine("Wormhole", ("n150",)), "0.81.1"))
    record(second, [call], TraceContext("a.py", Machine("Blackhole", ("p150",)), "0.82.0"))

    assert printed(capsys, "diff", first, second).splitlines() == [
        f"~ {call.name}: - a.py, Wormhole n150, ttnn 0.81.1",
        f"~ {call.name}: + a.py, Blackhole p150, ttnn 0.82.0",
        f"0 only in {first}, 0 only in {second}, 1 in both, 1 of them seen elsewhere",
    ]


def test_merging_tells_what_was_new(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Every sample into one master; the same again brings nothing."""
    samples = sorted(DATA.glob("*master*.json"))
    path = tmp_path / "m.json"

    assert f"{path}: 100 new configurations, 16 new operations" in printed(capsys, "merge", path, *samples)
    assert "0 new configurations" in printed(capsys, "merge", path, *samples)
    assert "no errors" in printed(capsys, "validate", path)


def test_a_broken_master_merges_nothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """One line with the place, exit status 2, and nothing is written."""
    broken = tmp_path / "broken.json"
    broken.write_text('{"operations": {')

    assert main(["ops", "merge", str(tmp_path / "m.json"), str(broken)]) == 2
    assert "line 1 column 17" in capsys.readouterr().err
    assert not (tmp_path / "m.json").exists()
    assert "error: " in printed(capsys, "validate", broken, status=1)


def damaged(path: Path, change: Any) -> Path:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            lambda c: c["operations"]["ttnn.add"]["configurations"][0].update(content_hash="0" * 64),
            "content_hash is '0000",
        ),
        (
            lambda c: c["operations"]["ttnn.add"]["configurations"][0]["arguments"].update(arg0=5),
            "its arguments' is",
        ),
        (
            lambda c: c["operations"]["ttnn.add"]["configurations"][0]["executions"][0].update(count="3"),
            "ttnn.add[0].executions[0].count: Input should be a valid integer",
        ),
        (lambda c: c["operations"]["ttnn.add"].update(more=1), "ttnn.add.more: Extra inputs are not permitted"),
        (
            lambda c: c["operations"]["ttnn.add"]["configurations"].append(
                c["operations"]["ttnn.add"]["configurations"][0]
            ),
            "occurs twice",
        ),
        (lambda c: c["metadata"].update(total_configurations=9), "metadata.total_configurations isn't"),
        (lambda c: c["metadata"].pop("models"), None),
        (lambda c: c["metadata"].update(last_updated=5), "metadata.last_updated: Input should be a valid string"),
    ],
)
def test_validation_finds_what_is_wrong(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, change: Any, text: str | None
) -> None:
    """Each with its place; what the schema doesn't ask for is no error."""
    path = tmp_path / "m.json"
    record(path, [TracedConfiguration("add", (1,)), TracedConfiguration("add", (2,))], TraceContext("a.py"))
    damaged(path, change)

    out = printed(capsys, "validate", path, status=0 if text is None else 1)

    if text is None:
        assert "error:" not in out
    else:
        assert any(line.startswith("error: ") and text in line for line in out.splitlines())


def test_validation_names_operations_that_no_list_knows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Unknown and excluded operations are reported, not dropped."""
    path = tmp_path / "m.json"
    record(path, [TracedConfiguration(name, (1,)) for name in ("add", "sigmod", "to_device")], TraceContext("a.py"))

    out = printed(capsys, "validate", path)

    assert "note: on no list of operations: sigmod" in out
    assert "note: excluded from tracing: to_device" in out
    assert "to_device: 1" in printed(capsys, "prune", "--excluded", "--master", path)
    assert set(read_master(path).operations) == {"add", "sigmod"}


def test_pruning_takes_executions_and_what_is_left_without(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Conditions narrow each other down; a rehearsal changes nothing; what no one saw stays."""
    path = tmp_path / "m.json"
    shared, alone, unseen = (TracedConfiguration("add", (number,)) for number in range(3))
    record(path, [shared, alone], TraceContext("a.py", N300, timestamp="2025-01-01T00:00:00Z"))
    record(path, [shared], TraceContext("b.py", P150, timestamp="2026-01-01T00:00:00Z"))
    record(path, [unseen])
    before = path.read_bytes()

    assert "2 executions would be dropped" in printed(capsys, "prune", "--master", path, "--model", "a.py", "--dry-run")
    assert path.read_bytes() == before
    printed(capsys, "prune", "--master", path, "--model", "a.py", "--board", "p150")
    assert path.read_bytes() == before
    printed(capsys, "prune", "--master", path, "--model", "a.py", "--before", "2026-01-01")

    master = read_master(path)
    assert {found.name for found in master.configurations("add")} == {shared.name, unseen.name}
    assert [found.sources for found in master.configurations("add")] == [("b.py",), ()]
    assert "no errors" in printed(capsys, "validate", path)


def test_pruning_needs_a_condition_that_makes_sense(capsys: pytest.CaptureFixture[str], master: Path) -> None:
    """Nothing, an unknown operation and a time that is none are mistakes, and nothing is dropped."""
    before = master.read_bytes()

    for arguments, text in (
        ([], "nothing is said to go"),
        (["--operation", "sigmod_accurate"], "near names: sigmoid_accurate"),
        (["--before", "yesterday"], "is no time"),
    ):
        assert main(["ops", "prune", *arguments]) == 2
        assert text in capsys.readouterr().err
    assert master.read_bytes() == before


def test_the_schema_is_that_of_what_is_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A validator of its own accepts every migrated sample by the printed schema, and not another number; the page of
    the documents is what is printed.
    """
    schema = json.loads(printed(capsys, "schema"))
    validator = jsonschema.Draft202012Validator(schema)
    path = tmp_path / "m.json"
    printed(capsys, "merge", path, *DATA.glob("*master*.json"))
    content = json.loads(path.read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    validator.validate(content)
    assert schema == json_schema() == json.loads(SCHEMA_PAGE.read_text())
    assert not validator.is_valid({**content, "schema_version": 2})
    assert not validator.is_valid({**content, "operations": {"ttnn.add": []}})
    assert not validator.is_valid(json.loads(VERBATIM.read_text()))


def test_texts_of_masters_move_no_cursor_and_calculate_nothing(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """Whoever writes a master may not write to the terminal, nor to the spreadsheet, of those who look at it."""
    path = tmp_path / "m.json"
    names = ["red\x1b[31m\x1b[2J", "lone\ud800", "=1+1"]
    entry = {"configurations": [{"arguments": {"arg0": "\x1b]0;title\x07"}}]}
    path.write_text(json.dumps({"operations": dict.fromkeys(names, entry)}), encoding="utf-8")

    for action in (["list", "--master", path], ["models", "--master", path], ["validate", path]):
        assert "\x1b" not in printed(capsys, *action)
    shown = printed(capsys, "show", "=1+1", "--master", path)
    assert "\\x1b]0;title\\x07" in shown
    assert "\x1b" not in shown
    rows = list(csv.DictReader(io.StringIO(printed(capsys, "list", "--master", path, "--csv"))))
    assert "'=1+1" in [row["operation"] for row in rows]
