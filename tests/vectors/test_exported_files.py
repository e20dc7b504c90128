"""Suites from vector files of both eras; whatever else a file holds is one clear error."""

from __future__ import annotations

import io
import json
import os
import textwrap
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors import exported
from pytest_ttnn_sweeps.vectors.exported import MANIFEST, ExportedDefinition, vector_files, with_vectors_of
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.json_stream import JsonStream, MalformedJson
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, import_sweep
from pytest_ttnn_sweeps.vectors.suite import Suite

MODULE = """
    import enum

    class Mode(enum.Enum):
        UP = 1

    parameters = {
        "nightly": {"shape": [[1, 32], (2, 2)], "mode": [Mode.UP, "sum", "1", 1.5, None], "config_hash": ["", "c0"]},
        "other": {"flag": [1, "1"]},
    }

    def invalidate_vector(vector):
        raise RuntimeError("the files say what is valid")

    def run(shape, mode, config_hash, flag=0, *, device):
        return True, ""
"""


def module_of(directory: Path, text: str = MODULE, name: str = "unary/relu") -> SweepDefinition:
    path = directory / "sweeps" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return import_sweep(path, root=directory / "sweeps", namespace="")


def written(directory: Path, content: Any, name: str = "unary.relu.json") -> Path:
    path = directory / "vectors" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def read(path: Path, module: SweepDefinition) -> ExportedDefinition:
    return with_vectors_of([path], module)


def values_of(definition: SweepDefinition, suite: str = "nightly") -> list[dict[str, object]]:
    found = definition.suites[suite]
    assert isinstance(found, Suite)
    return [found.vector(index) for index in range(found.size)]


OLD = {
    "shape": "[1, 32]",
    "mode": "Mode.UP",
    "config_hash": "",
    "suite_name": "nightly",
    "validity": "VectorValidity.VALID",
    "invalid_reason": "",
    "status": "VectorStatus.CURRENT",
    "sweep_name": "unary.relu",
    "timestamp": "2025-09-22_01-02-03",
    "input_hash": "aa",
    "tag": "someone",
}
"""A vector as the scripts of September 2025 wrote it."""
NEW = OLD | {"shape": [1, 32], "validity": "VALID", "traced_source": [], "traced_machine_info": None}


@pytest.mark.parametrize("vector", [OLD, NEW], ids=["2025", "2026"])
def test_a_vector_of_either_era_is_that_of_the_module(tmp_path: Path, vector: dict[str, Any]) -> None:
    """Upstream's keys are no parameters; a declared value is itself, also one that no table knows."""
    module = module_of(tmp_path)
    definition = read(written(tmp_path, {"nightly": {"aa": vector}}), module)

    assert values_of(definition) == [{"shape": [1, 32], "mode": module.module.Mode.UP, "config_hash": ""}]
    own, suite = module.suites["nightly"], definition.suites["nightly"]
    assert isinstance(own, Suite)
    assert isinstance(suite, Suite)
    assert VectorIds(suite, place="").of(0) == VectorIds(own, place="").of(0)
    assert definition.invalid_reason(suite, 0) is None


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ("1", "1"),
        ("1.5", 1.5),
        ("sum", "sum"),
        ("None", None),
        ("2", 2),
        ("(2, 3)", (2, 3)),
        ("Mode-DOWN", "Mode-DOWN"),
    ],
)
def test_texts_of_2025_are_the_values_that_the_module_declares_or_literals(
    tmp_path: Path, wire: str, value: object
) -> None:
    """``"1"`` is the text where the module declares the text; ``sum`` is never the function."""
    definition = read(written(tmp_path, {"nightly": {"aa": OLD | {"mode": wire}}}), module_of(tmp_path))
    assert [vector["mode"] for vector in values_of(definition)] == [value]


def test_a_text_of_two_declared_values_is_refused(tmp_path: Path) -> None:
    """2025's files write 1 and "1" alike; newer ones don't."""
    module = module_of(tmp_path)
    vector = {key: OLD[key] for key in ("suite_name", "validity", "sweep_name")} | {"suite_name": "other"}
    old = written(tmp_path, {"other": {"aa": vector | {"flag": "1"}}})
    with pytest.raises(SweepError, match=r"suite 'other': vector 'aa': 'flag': '\"1' is the text of int and of str;"):
        read(old, module)
    new = written(
        tmp_path, {"other": {k: vector | {"validity": "VALID", "flag": f} for k, f in (("a", 1), ("b", "1"))}}
    )
    assert [vector["flag"] for vector in values_of(read(new, module), "other")] == [1, "1"]


def test_validity_comes_from_the_file(tmp_path: Path) -> None:
    """The module's own ``invalidate_vector`` isn't asked."""
    vectors = {
        "a": NEW | {"validity": "INVALID", "invalid_reason": "too wide"},
        "b": OLD | {"validity": "VectorValidity.INVALID", "invalid_reason": "None"},
        "c": OLD,
    }
    definition = read(written(tmp_path, {"nightly": vectors}), module_of(tmp_path))
    suite = definition.suites["nightly"]
    assert isinstance(suite, Suite)
    assert [definition.invalid_reason(suite, at) for at in range(3)] == ["too wide", "no reason given", None]


def test_files_of_one_module_are_found_by_name_and_add_up(tmp_path: Path) -> None:
    """Suffixes of meshes and hardware belong to the file, not to the module."""
    suffixes = ["", ".mesh_1x1", ".mesh_4x8", "__mesh_2x2", ".hw_wormhole_n300_4c", ".hw_galaxy_wh_32c.mesh_4x8"]
    for suffix in suffixes:
        written(tmp_path, {"nightly": {"a": OLD}}, f"unary.relu{suffix}.json")
    written(tmp_path, {}, "unary.relu_bw.json")
    (tmp_path / "vectors" / "unary.relu.json.corrupted.20260101_000000").write_text("{")

    files = vector_files(tmp_path / "vectors")
    assert {module: len(paths) for module, paths in files.items()} == {"unary.relu": 6, "unary.relu_bw": 1}
    assert len(values_of(with_vectors_of(files["unary.relu"], module_of(tmp_path)))) == 6


def test_a_manifest_tells_which_of_a_modules_files_count(tmp_path: Path) -> None:
    """Files left over from an earlier grouping don't; a module that isn't listed does, for one run alone is listed."""
    for name in ("a.json", "a.mesh_1x1.json", "b.json"):
        written(tmp_path, {}, name)
    written(tmp_path, {"vector_files": ["a.mesh_1x1.json"]}, MANIFEST)
    files = vector_files(tmp_path / "vectors")
    assert {module: [path.name for path in paths] for module, paths in files.items()} == {
        "a": ["a.mesh_1x1.json"],
        "b": ["b.json"],
    }
    written(tmp_path, {"vector_files": ["vectors_export/gone.json"]}, MANIFEST)
    with pytest.raises(
        SweepError, match=r"generation_manifest.json: lists 'gone\.json', which isn't in the directory$"
    ):
        vector_files(tmp_path / "vectors")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"vector_files": 1}', '{"vector_files": [1]}', "[" * 5000])
def test_a_manifest_that_is_none_is_said(tmp_path: Path, text: str) -> None:
    """One line that names the file."""
    written(tmp_path, text, MANIFEST)
    with pytest.raises(SweepError, match=r"generation_manifest\.json: is no manifest: "):
        vector_files(tmp_path / "vectors")


def test_a_directory_that_is_none_is_said(tmp_path: Path) -> None:
    """With the system's words."""
    with pytest.raises(SweepError, match="No such file or directory"):
        vector_files(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", "expected {, not 'the end of the file'"),
        ("[]", "expected {, not '['"),
        ('{"nightly": []}', "suite 'nightly': expected {, not '['"),
        ('{"nightly": {"a": 1}}', "vector 'a': expected an object or a text, not '1'"),
        ('{"nightly": {"a": []}}', "vector 'a': no JSON object"),
        ('{"nightly": {"a": {"x": 1}', "vector 'a': "),
        ('{"nightly": {"a": {"x": ', "vector 'a': no JSON"),
        ('{"nightly": {}} {}', "expected the end of the file, not '{'"),
        ('{"nightly": {}, "nightly": {}}', "the key 'nightly' is there twice"),
        ('{"nightly": {"a": ' + '{"x":' * 100_000, "vector 'a': nests too deeply"),
        ('{"nightly": {"a": {"x": ' + "[" * 100_000, "vector 'a': nests too deeply"),
        ({"nightly": {"a": {"mode": "[" * 40}}}, "vector 'a': 'mode': the text '[[["),
        (
            {"nightly": {"a": {"mode": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}}},
            "'mode': values nest",
        ),
        ({"nightly": {"a": OLD | {"sweep_name": "../x"}}}, "'sweep_name': '../x', where 'unary.relu' is expected"),
        ({"nightly": {"a": OLD | {"suite_name": ["x"]}}}, "'suite_name': \"['x']\", where 'nightly' is expected"),
        ({"nightly": {"a": OLD | {"validity": "MAYBE"}}}, "'validity' is 'MAYBE'"),
        ({"nightly": {"a": OLD | {"invalid_reason": {}}}}, "'validity' is 'VectorValidity.VALID' for '{}'"),
        ({"nightly": {"a": OLD, "b": OLD | {"more": 1}}}, "vector 'b': 'more': not a parameter of all vectors"),
        ({"nightly": {"a": OLD, "b": {}}}, "vector 'b': 'config_hash': not a parameter of all vectors"),
    ],
)
def test_what_is_no_vector_file_is_one_error(tmp_path: Path, content: Any, error: str) -> None:
    """It names file, suite, vector and key, as far as these are known."""
    path = written(tmp_path, content)
    with pytest.raises(SweepError) as raised:
        read(path, module_of(tmp_path))
    assert str(raised.value).startswith(f"{path}: ")
    assert error in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 1000


def test_what_is_too_large_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file, the vectors of a file, one vector, and the distinct values of a parameter have a limit."""
    module = module_of(tmp_path)
    vectors = {f"v{number}": OLD | {"mode": f"text {number}"} for number in range(10)}
    path = written(tmp_path, {"nightly": vectors})
    for name, limit, error in (
        ("_MAX_VALUES", 30, "'mode': the distinct values have more than 30 characters"),
        ("_MAX_VECTORS", 9, "vector 'v9': more than 9 vectors"),
        ("_MAX_FILE", 100, "bytes, at most 100 are read"),
    ):
        with monkeypatch.context() as patch, pytest.raises(SweepError, match=error):
            patch.setattr(exported, name, limit)
            read(path, module)
    with pytest.raises(SweepError, match="vector 'a': no JSON, or longer than 4194304 characters"):
        read(written(tmp_path, {"nightly": {"a": {"mode": "x" * (9 << 20)}}}), module)


def test_only_ordinary_files_of_the_directory_are_opened(tmp_path: Path) -> None:
    """No link out of it, no pipe that would never end, no directory."""
    module = module_of(tmp_path)
    outside = tmp_path / "secret.json"
    outside.write_text(json.dumps({"nightly": {"a": OLD}}))
    directory = tmp_path / "vectors"
    directory.mkdir()
    (directory / "link.json").symlink_to(outside)
    (directory / "folder.json").mkdir()
    os.mkfifo(directory / "pipe.json")
    for name, error in (("link", "is a link out of its directory"), ("folder", "is no file"), ("pipe", "is no file")):
        with pytest.raises(SweepError, match=f"{name}.json: {error}"):
            read(directory / f"{name}.json", module)


def test_bytes_that_are_no_text_are_said(tmp_path: Path) -> None:
    """Not UTF-8."""
    path = written(tmp_path, "")
    path.write_bytes(b'{"nightly": {"\xff')
    with pytest.raises(SweepError, match="can't decode byte 0xff"):
        read(path, module_of(tmp_path))


wires = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["[1]", "(1,", "1-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(
    ["shape", "mode", "config_hash", "suite_name", "validity", "invalid_reason", "traced_source", "x"]
)
vector_like = st.dictionaries(keys, wires, max_size=6) | st.just(OLD) | wires
file_like = st.dictionaries(st.text(max_size=4), st.dictionaries(st.text(max_size=4), vector_like, max_size=4) | wires)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> tuple[SweepDefinition, Path]:
    directory = tmp_path_factory.mktemp("fuzzed")
    return module_of(directory), directory


@given(content=file_like | wires, cut=st.integers(0, 400), junk=st.binary(max_size=4))
def test_any_file_is_read_or_refused(shared: tuple[SweepDefinition, Path], content: Any, cut: int, junk: bytes) -> None:
    """Any JSON, also cut off or damaged: suites, or one ``SweepError`` that names the file."""
    module, directory = shared
    whole = json.dumps(content).encode()
    for text in (whole, whole[:cut] + junk, whole[:cut] + junk + whole[cut:]):
        path = written(directory, "")
        path.write_bytes(text)
        with suppress(SweepError):
            definition = read(path, module)
            assert all(isinstance(suite, Suite) for suite in definition.suites.values())


@given(st.dictionaries(st.text(), st.dictionaries(st.text(), st.lists(st.text())), max_size=3), st.integers(1, 64))
def test_a_stream_gives_what_json_gives(content: dict[str, dict[str, list[str]]], chunk: int) -> None:
    """However the file comes in pieces."""

    class Slow(io.StringIO):
        def read(self, size: int | None = -1) -> str:
            return super().read(min(size or chunk, chunk))

    stream = JsonStream(Slow(json.dumps(content, indent=2)))
    found = {outer: {inner: stream.value() for inner in stream.members()} for outer in stream.members()}
    stream.end()
    assert json.dumps(found) == json.dumps(content)


def test_a_stream_refuses_a_value_that_is_too_long() -> None:
    """Without reading much more than that."""
    with pytest.raises(MalformedJson, match="longer than 1000 characters"):
        JsonStream(io.StringIO('"' + "x" * 1_000_000), longest=1000).value()
