"""Writing upstream's files: its layout to the byte, the same bytes again, and reading gives the vectors back."""

from __future__ import annotations

import json
import os
import textwrap
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors import Unavailable
from pytest_ttnn_sweeps.vectors.codec import canonical_text
from pytest_ttnn_sweeps.vectors.export import Selected, Stamp, export_module, write_manifest
from pytest_ttnn_sweeps.vectors.exported import MANIFEST, manifest_names, vector_files, with_vectors_of
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, import_sweep
from pytest_ttnn_sweeps.vectors.suite import Suite, read_suite

STAMP = Stamp(datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc), "alice")


def module_of(directory: Path, text: str) -> SweepDefinition:
    path = directory / "sweeps" / "unary" / "relu.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text) + "\ndef run(**values):\n    return True, ''\n")
    return import_sweep(path, root=directory / "sweeps", namespace="", place="relu.py")


def everything(module: SweepDefinition) -> list[Selected]:
    suites = [suite for suite in module.suites.values() if isinstance(suite, Suite)]
    return [Selected(suite, range(suite.size)) for suite in suites]


def exported(module: SweepDefinition, directory: Path, **options: Any) -> Path | None:
    return export_module(module, everything(module), directory, **{"stamp": STAMP, **options})[0]


SMALL = """
parameters = {
    "nightly": {"size": [32], "shape": [(1, 2), [3, {"a": "é"}]], "none,flag": [(None, True)]},
    "empty": {"size": []},
}

def invalidate_vector(vector):
    return vector["shape"] == (1, 2), "tuple"
"""


def test_the_layout_is_upstreams_to_the_byte(tmp_path: Path) -> None:
    """Keys in upstream's order, two spaces, a suite without vectors left out."""
    path = exported(module_of(tmp_path, SMALL), tmp_path / "out")
    assert path == tmp_path / "out" / "unary.relu.json"
    content = json.loads(path.read_text())
    assert path.read_text() == json.dumps(content, indent=2) + "\n"
    assert list(content) == ["nightly"]
    first, second = content["nightly"].values()
    assert list(first.items()) == [
        ("size", 32),
        ("shape", "(1, 2)"),
        ("none", None),
        ("flag", True),
        ("suite_name", "nightly"),
        ("validity", "INVALID"),
        ("invalid_reason", "tuple"),
        ("status", "VectorStatus.CURRENT"),
        ("sweep_name", "unary.relu"),
        ("timestamp", "2026-01-02_03-04-05"),
        ("input_hash", next(iter(content["nightly"]))),
        ("tag", "alice"),
        ("traced_source", []),
    ]
    assert second["shape"] == [3, {"a": "é"}]
    assert all(key == vector["input_hash"] and len(key) == 56 for key, vector in content["nightly"].items())


def test_only_valid_vectors_where_only_those_are_asked_for(tmp_path: Path) -> None:
    """Upstream writes all, and so does export unless told otherwise."""
    path = exported(module_of(tmp_path, SMALL), tmp_path / "out", valid_only=True)
    assert path is not None
    assert [vector["validity"] for vector in json.loads(path.read_text())["nightly"].values()] == ["VALID"]


def test_a_second_export_leaves_the_file_unless_more_than_the_time_differs(tmp_path: Path) -> None:
    """The same inode stays, with the older time stamp; another tag is another file."""
    module = module_of(tmp_path, SMALL)
    path = exported(module, tmp_path / "out")
    assert path is not None
    before, inode = path.read_bytes(), path.stat().st_ino
    later = Stamp(datetime(2027, 1, 1, tzinfo=timezone.utc), "alice")
    exported(module, tmp_path / "out", stamp=later)
    assert (path.read_bytes(), path.stat().st_ino) == (before, inode)
    exported(module, tmp_path / "out", stamp=Stamp(later.time, "bob"))
    assert b'"tag": "bob"' in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o666 & ~_umask()
    assert os.listdir(tmp_path / "out") == ["unary.relu.json"]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_module_without_vectors_has_no_file_but_empties_an_old_one(tmp_path: Path) -> None:
    """Old vectors would be taken for the module's."""
    nothing = 'parameters = {"nightly": {"a": []}}'
    assert exported(module_of(tmp_path, nothing), tmp_path / "out") is None
    assert os.listdir(tmp_path / "out") == []
    path = exported(module_of(tmp_path, SMALL), tmp_path / "out")
    assert exported(module_of(tmp_path, nothing), tmp_path / "out") == path
    assert path is not None
    assert json.loads(path.read_text()) == {}


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ('{"a": [object]}', "'a': a value of type builtins.type can't be stored;"),
        ('{"a": [[lambda: 1]]}', "'a': a value of type builtins.function can't be stored;"),
        ('{"a": ["\\ud800"]}', "'a': upstream can't write this str: 'utf-8' codec can't encode"),
        ('{"timestamp": [1]}', "'timestamp' is a key of upstream's own"),
        ('{"config_hash": ["c0ffee"], "a": [1, 2]}', "two vectors would have the id c0ffee, by their 'config_hash'"),
    ],
)
def test_what_a_file_cannot_give_back_is_refused_and_the_old_file_stays(
    tmp_path: Path, values: str, error: str
) -> None:
    """The error names suite and key."""
    path = exported(module_of(tmp_path, SMALL), tmp_path / "out")
    assert path is not None
    before = path.read_bytes()
    with pytest.raises(SweepError) as raised:
        exported(module_of(tmp_path, f'parameters = {{"nightly": {{"b": [1]}}, "bad": {values}}}'), tmp_path / "out")
    assert str(raised.value).startswith("relu.py: suite 'bad': ")
    assert error in str(raised.value)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path / "out") == ["unary.relu.json"]


def test_what_upstreams_form_cannot_hold_is_written_in_a_form_of_our_own(tmp_path: Path) -> None:
    """Values of one text, texts that name an address, and values that a trace lacks, all come back."""

    module = module_of(tmp_path, SMALL)
    texts = ["(1, 2)", (1, 2), {1: 2}, {"1": 2}, "<x at 0x7f00>", ["<y at 0xf>"]]
    suite = read_suite("traced", {"a": [*texts, Unavailable("no mesh")]}, place="relu.py")
    plain = type(module)(**{**vars(module), "_invalidate_vector": None})
    path, count = export_module(plain, [Selected(suite, range(7))], tmp_path / "out", stamp=STAMP)
    assert path is not None
    assert count == 7
    forms = [vector["a"] for vector in json.loads(path.read_text())["traced"].values()]
    assert all(form["type"] == "ttnn-sweeps 1" for form in forms)
    read = with_vectors_of([path], plain).suites["traced"]
    assert isinstance(read, Suite)
    assert [read.vector(index)["a"] for index in range(7)] == [suite.vector(index)["a"] for index in range(7)]


def test_the_manifest_lists_these_files_and_earlier_ones_that_are_there(tmp_path: Path) -> None:
    """Upstream's runner aborts where a listed file is missing, and hides what isn't listed."""
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text("{}")
    write_manifest(tmp_path, [tmp_path / "a.json"], stamp=STAMP, modules="a", suites="")
    write_manifest(tmp_path, [tmp_path / "b.json"], stamp=STAMP, modules="", suites="nightly")
    assert manifest_names(tmp_path / MANIFEST) == {"a.json", "b.json"}
    (tmp_path / "a.json").unlink()
    write_manifest(tmp_path, [], stamp=STAMP, modules="", suites="nightly")
    assert json.loads((tmp_path / MANIFEST).read_text()) == {
        "generated_at_utc": "2026-01-02T03:04:05Z",
        "vector_grouping_mode": "mesh",
        "module_name": None,
        "model_traced": None,
        "suite_name": "nightly",
        "vector_files": ["b.json"],
    }


def test_the_time_can_be_given_for_files_that_can_be_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The convention of reproducible builds."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert Stamp.now("").time == datetime(1970, 1, 1, tzinfo=timezone.utc)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.sampled_from(["1", "None", "sum", "DataType.BFLOAT16", "(1, 2)", "[", "\n"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=2)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepDefinition, Path]:
    directory = tmp_path_factory.mktemp("exported")
    return module_of(directory, SMALL), directory / "out"


@given(declared=st.dictionaries(st.sampled_from(["a", "b", "x y", "é"]), st.lists(values, min_size=1, max_size=4)))
def test_reading_gives_the_vectors_back(shared: tuple[SweepDefinition, Path], declared: dict[str, list[Any]]) -> None:
    """Whatever is declared, its distinct vectors come back in order."""
    module, directory = shared
    suite = read_suite("any", declared, place="relu.py")
    module.suites["any"] = suite
    plain = type(module)(**{**vars(module), "_invalidate_vector": None})
    path, count = export_module(plain, [Selected(suite, range(suite.size))], directory, stamp=STAMP)
    assert path is not None
    read = with_vectors_of(vector_files(directory)["unary.relu"], plain).suites["any"]
    assert isinstance(read, Suite)
    expected = dict.fromkeys(VectorIds(suite, place="").numbers(suite.all_positions()))
    assert VectorIds(read, place="").numbers(read.all_positions()) == list(expected)
    assert read.size == count
    if read.size:
        assert canonical_text(read.vector(0)) == canonical_text(suite.vector(0))
