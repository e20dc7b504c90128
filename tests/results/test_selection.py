"""What a run was to run: kept beside its journal, and what of it has no record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import body, write_run

from pytest_ttnn_sweeps.cli.main import main
from pytest_ttnn_sweeps.results.journal import JournalError, RecordError
from pytest_ttnn_sweeps.results.reading import open_run, write_bundle
from pytest_ttnn_sweeps.results.runs import RunDirectory, RunWriter
from pytest_ttnn_sweeps.results.selection import SelectedSuite, Selection, node_of

MODULE = "eltwise.unary.relu"


def ids(*numbers: int) -> list[str]:
    """The ids that `records.body` gives, whose first digits all are the same."""
    return [f"{number:032x}" for number in numbers]


def suite(vectors: list[str] | None, node: str = "nightly", module: str = MODULE) -> SelectedSuite:
    return SelectedSuite(module, node, "sweeps/relu.py", node, vectors)


def write_selected(root: Path, vectors: list[str], bodies: list[dict[str, object]], *, sealed: bool) -> RunDirectory:
    """A run that selected ``vectors`` and recorded ``bodies``."""
    writer = RunWriter.create(root, {"started_at": "2026-01-01T00:00:00.000000Z", "command": ("pytest",)})
    writer.select([suite(vectors), suite(ids(1, 2), "other")])
    for record in bodies:
        writer.append(**record)  # type: ignore[arg-type]
    if sealed:
        writer.seal({"exit_code": 1}, {"status": "fail"})
    else:
        writer.abandon()
    return writer.directory


@given(
    st.dictionaries(
        st.tuples(st.text(min_size=1), st.text(min_size=1)),
        st.sets(st.integers(0, 2**128 - 1), min_size=1, max_size=20),
        max_size=5,
    )
)
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, chosen: dict[tuple[str, str], set[int]]
) -> None:
    """Any names of modules and suites; a vector is in it by its whole id, others aren't."""
    path = tmp_path_factory.mktemp("run") / "selection.jsonl"
    suites = [
        SelectedSuite(module, node, "x.py", node, [f"{number:032x}"[:12] for number in numbers])
        for (module, node), numbers in chosen.items()
    ]
    path.write_text("".join(one.line(Selection().add(one)) for one in suites), encoding="ascii")

    selection = Selection.read(path)

    assert selection is not None
    for (module, node), numbers in chosen.items():
        assert all(selection.has(module, node, f"{number:032x}") for number in numbers)
        other = next(
            n for n in range(1 << 80, 1 << 90, 1 << 80) if f"{n:032x}"[:12] not in {f"{m:032x}"[:12] for m in numbers}
        )
        assert not selection.has(module, node, f"{other:032x}")
        assert not selection.has(module, f"{node}x", f"{min(numbers):032x}") or (module, f"{node}x") in chosen


def test_names_that_begin_alike_are_kept_long() -> None:
    """And those that were given longer than need be are known by their beginnings."""
    selection = Selection()

    assert selection.add(suite(ids(1, 2, 2))) == ids(1, 2)
    assert selection.add(suite(ids(2, 3))) == ids(3)
    assert not selection.has(MODULE, "nightly", ids(4)[0])
    other = Selection()
    assert other.add(suite(["0123456789abcd", "fedcba987654"])) == ["0123456789ab", "fedcba987654"]
    assert other.add(suite(["0123456789ab"])) == []


def test_what_could_not_be_collected_may_be_anything() -> None:
    """A module or a suite of it, and no other."""
    selection = Selection()
    selection.add(suite(None, node=""))
    selection.add(suite(None, node="s", module="other"))

    assert selection.has(MODULE, "any", ids(1)[0])
    assert selection.has("other", "s", ids(1)[0])
    assert not selection.has("other", "t", ids(1)[0])
    assert selection.may_have(MODULE)
    assert not selection.may_have("third")
    assert selection.may_have(MODULE, "any")
    assert selection.may_have("other", "s")
    assert not selection.may_have("other", "t")


def test_a_torn_last_line_is_none_and_a_damaged_one_is_an_error(tmp_path: Path) -> None:
    """With the place."""
    path = tmp_path / "selection.jsonl"
    path.write_text(suite(ids(1)).line(ids(1)) + '{"module": "x", "no', encoding="ascii")

    selection = Selection.read(path)

    assert selection is not None
    assert list(selection.paths) == ["sweeps/relu.py"]
    path.write_text('{"module": "x"}\n', encoding="ascii")
    with pytest.raises(RecordError, match=r"selection\.jsonl:1: no suite of a selection"):
        Selection.read(path)
    assert Selection.read(tmp_path / "none") is None


def test_the_name_of_a_suite_in_a_node_id() -> None:
    """Whatever the path holds."""
    assert node_of("sweeps/a::b.py::nightly::3fa9") == "nightly"
    assert node_of("") == ""


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "killed"])
def test_every_view_tells_what_was_not_reached(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], sealed: bool
) -> None:
    """Wherever the run is; a killed one too."""
    directory = write_selected(tmp_path, ids(0, 1, 2, 3), [body(0), body(0), body(1)], sealed=sealed)
    bundle = tmp_path / "run.jsonl"
    write_bundle(open_run(directory), bundle)

    for place in (directory.path, bundle):
        assert main(["results", "summary", "--json", str(place)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["totals"]["vectors"] == 2
        assert found["totals"]["not_reached"] == 4
        assert {(one["suite"], one["not_reached"]) for one in found["suites"]} == {("nightly", 2), ("other", 2)}
        assert main(["results", "summary", str(place), "--suite", "other"]) == 0
        assert (
            f"note: 2 of 6 selected vectors were not reached: pytest --sweep-resume={directory.run_id} runs them"
            in (capsys.readouterr().out)
        )
        assert main(["results", "summary", "--json", "--status", "pass", str(place)]) == 0
        assert json.loads(capsys.readouterr().out)["totals"]["not_reached"] == 0


def test_a_vector_that_was_not_reached_is_no_stranger(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``results show`` knows it, by its id and by its node id."""
    directory = write_selected(tmp_path, ids(0, 3), [body(0)], sealed=True)

    for text in (ids(3)[0], f"sweeps/relu.py::nightly::{ids(3)[0]}"):
        assert main(["results", "show", text, str(directory.path)]) != 0
        assert f"{MODULE}::nightly {ids(3)[0]} was to run and was not reached; pytest --sweep-resume=" in (
            capsys.readouterr().err
        )
    assert main(["results", "show", "ffff", str(directory.path)]) != 0
    assert "has no such vector" in capsys.readouterr().err
    assert main(["runs", "list", "--results-dir", str(tmp_path)]) == 0
    assert "PASS=1 not reached=3" in capsys.readouterr().out


def test_a_resumed_run_selects_what_is_new(tmp_path: Path) -> None:
    """Vectors count once; a run that began without a selection doesn't get that of its rest."""
    directory = write_selected(tmp_path, ids(0, 1), [body(0)], sealed=False)
    session = {"started_at": "2026-01-02T00:00:00.000000Z", "command": ("pytest",)}

    writer = RunWriter.resume(directory, session)
    writer.select([suite(ids(1, 5))])
    assert (writer.facts["selected"], writer.not_reached) == (5, 4)
    writer.name_suite(MODULE, "other", "the other")
    writer.abandon()

    run = open_run(directory).run
    assert [(one.suite, one.node, one.vectors) for one in run.selection] == [
        ("nightly", "nightly", 3),
        ("the other", "other", 2),
    ]
    older = write_run(tmp_path, [body(0)], sealed=False)
    writer = RunWriter.resume(older, session)
    writer.select([suite(ids(1, 2))])
    writer.abandon()
    assert not older.selection.exists()
    assert open_run(older).run.selected is None


def test_a_run_record_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """A directory in its place stands for a disk that takes no more; nothing half written stays."""
    writer = RunWriter.create(tmp_path, {"started_at": "2026-01-01T00:00:00.000000Z", "command": ("pytest",)})
    writer.directory.record.unlink()
    writer.directory.record.mkdir()

    for write in (lambda: writer.select([suite(ids(1))]), lambda: writer.seal({"exit_code": 0}, {"status": "passed"})):
        with pytest.raises(JournalError, match=r"run\.json: results can't be written any more"):
            write()
    writer.abandon()

    assert not list(writer.directory.path.glob(".*"))
