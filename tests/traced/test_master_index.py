"""Large masters open through an index, which is never believed further than the bytes bear out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.traced import MasterError, index
from pytest_ttnn_sweeps.traced import master as masters
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.master import open_master, read_master
from pytest_ttnn_sweeps.traced.scan import Contents, scan
from pytest_ttnn_sweeps.traced.store import record

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """The masters that are scanned from here on; every file counts as large, and there is a cache."""
    scanned: list[Path] = []

    def counted(path: Path, data: bytes) -> Contents:
        scanned.append(path)
        return scan(path, data)

    monkeypatch.setattr(index, "LARGE", 1)
    monkeypatch.setattr(masters, "scan", counted)
    (tmp_path / ".pytest_cache").mkdir()
    return scanned


def written(path: Path, operations: dict[str, list[object]]) -> Path:
    entries = {name: {"configurations": configurations} for name, configurations in operations.items()}
    path.write_text(json.dumps({"operations": entries, "metadata": {"models": ["t"]}}, indent=2))
    return path


def an_index(tmp_path: Path) -> Path:
    [place] = tmp_path.glob(".pytest_cache/d/ttnn-sweeps-masters/*.json")
    return place


def test_a_second_opening_scans_nothing(scans: list[Path], sample: SimpleNamespace) -> None:
    """The index gives the same contents, metadata and configurations as the scan."""
    first, second = open_master(sample.v1), open_master(sample.v1)

    assert scans == [sample.v1]
    assert second.contents == first.contents
    assert second.metadata == first.metadata
    assert second.configurations("add") == first.configurations("add")


def test_a_copy_or_checkout_is_recognised_by_its_content(scans: list[Path], tmp_path: Path) -> None:
    """Another time alone scans nothing, and the index knows the new time."""
    path = written(tmp_path / "m.json", {"add": [[{"arg0": "1"}]]})
    open_master(path)
    os.utime(path, ns=(5, 5))

    open_master(path)

    assert scans == [path]
    assert json.loads(an_index(tmp_path).read_text())["mtime_ns"] == 5


def test_a_change_of_the_same_size_is_seen(scans: list[Path], tmp_path: Path) -> None:
    """By its time; and where even that was set back, by the digest of what is read."""
    path = written(tmp_path / "m.json", {"add": [[{"arg0": "1"}]], "exp": [[{"arg0": "3"}]]})
    open_master(path)
    before = path.stat()
    path.write_text(path.read_text().replace('"1"', '"2"'))

    assert open_master(path).configurations("add")[0].positional == (2,)
    assert len(scans) == 2
    path.write_text(path.read_text().replace('"2"', '"4"'))
    stamp = json.loads(an_index(tmp_path).read_text())["mtime_ns"]
    os.utime(path, ns=(before.st_mtime_ns, stamp))

    master = open_master(path)
    assert master.configurations("exp")[0].positional == (3,)
    assert len(scans) == 2
    assert master.configurations("add")[0].positional == (4,)
    assert len(scans) == 3


def test_a_writer_doesnt_believe_an_index_of_other_bytes(scans: list[Path], tmp_path: Path) -> None:
    """What is copied into the new file is what the file holds, not what an index of it says."""
    path = tmp_path / "m.json"
    record(path, [TracedConfiguration("add", (1,)), TracedConfiguration("exp", (3,))])
    stamp = path.stat().st_mtime_ns
    path.write_text(path.read_text().replace('"arg0":3', '"arg0":5').replace("content_hash", "content_hach"))
    os.utime(path, ns=(stamp, stamp))

    record(path, [TracedConfiguration("add", (2,))])

    assert open_master(path).configurations("exp")[0].positional == (5,)


def test_writing_leaves_an_index_of_what_it_wrote(scans: list[Path], tmp_path: Path) -> None:
    """The next process scans nothing: the writer knows where everything stands."""
    path = tmp_path / "m.json"
    record(path, [TracedConfiguration("add", (number,)) for number in range(5)])
    record(path, [TracedConfiguration("exp", (1,))])

    assert open_master(path).operations == {"add": 5, "exp": 1}
    assert scans == []
    assert open_master(path).contents == scan(path, path.read_bytes())


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: "",
        lambda text: text[:-20],
        lambda text: "[]",
        lambda text: "{}",
        lambda text: text.replace('"rest": "', '"rest": "0'),
        lambda text: text.replace("add", "sub"),
        lambda text: "[" * 100_000,
        lambda text: '{"check": "' + "0" * 64 + '", "format": 1}',
    ],
)
def test_a_damaged_index_is_made_anew(scans: list[Path], tmp_path: Path, damage: object) -> None:
    """Whatever stands in its place: the master is read right, and the next opening has an index again."""
    path = written(tmp_path / "m.json", {"add": [[{"arg0": "1"}]]})
    open_master(path)
    place = an_index(tmp_path)
    place.write_text(damage(place.read_text()))  # type: ignore[operator]

    assert open_master(path).operations == {"add": 1}
    assert open_master(path).operations == {"add": 1}
    assert scans == [path, path]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.data())
def test_no_byte_of_an_index_can_mislead(scans: list[Path], tmp_path: Path, data: st.DataObject) -> None:
    """Any byte changed: the master is read as it is."""
    path = written(tmp_path / "m.json", {"ttnn::add": [[{"arg0": "1"}]], "ttnn::exp": [[{"arg0": "2"}], []]})
    open_master(path)
    place = an_index(tmp_path)
    content = bytearray(place.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
    place.write_bytes(content)

    master = open_master(path)

    assert master.operations == {"add": 1, "exp": 2}
    assert master.configurations("add")[0].positional == (1,)


def test_without_a_cache_there_is_no_index(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is written anywhere else, and a cache that can't be written is no trouble."""
    monkeypatch.setattr(index, "LARGE", 1)
    path = written(tmp_path / "m.json", {"add": []})
    before = set(tmp_path.rglob("*"))
    open_master(path)
    assert set(tmp_path.rglob("*")) == before

    (tmp_path / ".pytest_cache").mkdir()
    (tmp_path / ".pytest_cache" / "d").touch()
    assert open_master(path).operations == {"add": 0}


def test_small_masters_have_none(tmp_path: Path, sample: SimpleNamespace) -> None:
    """They are scanned faster than an index is found."""
    (tmp_path / ".pytest_cache").mkdir()
    open_master(sample.v1)

    assert not list(tmp_path.glob(".pytest_cache/*"))


def test_a_replaced_master_is_read_as_it_was(tmp_path: Path) -> None:
    """A tracer that writes while a suite runs changes nothing for the suite; a new reading sees it."""
    path = written(tmp_path / "m.json", {"add": [[{"arg0": "1"}]], "exp": [[{"arg0": "1"}]]})
    master = read_master(path)
    record(path, [TracedConfiguration("exp", (2,))])

    assert master.operations == {"add": 1, "exp": 1}
    assert len(master.configurations("exp")) == 1
    assert read_master(path).operations == {"add": 1, "exp": 2}
    path.unlink()
    assert len(master.configurations("add")) == 1


def test_a_master_that_is_rewritten_in_place_is_read_as_it_is(tmp_path: Path) -> None:
    """An editor that writes into the same file: the new content, or an error if that is broken, never a mixture."""
    path = written(tmp_path / "m.json", {"add": [[{"arg0": "1"}]], "exp": [[{"arg0": "1"}]]})
    master = open_master(path)
    assert len(master.configurations("add")) == 1
    written(path, {"a much longer name": [], "exp": [[{"arg0": "7"}]]})

    assert master.configurations("exp")[0].positional == (7,)

    broken = open_master(path)
    path.write_text('{"operations": {"exp": ')
    with pytest.raises(MasterError, match="not valid JSON"):
        broken.configurations("exp")


def test_nothing_stays_open(tmp_path: Path) -> None:
    """A master that is no longer used closes its file."""
    path = written(tmp_path / "m.json", {})
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        open_master(path)

    assert len(os.listdir("/proc/self/fd")) == before


def test_many_processes_may_make_the_index_at_once(tmp_path: Path, sample: SimpleNamespace) -> None:
    """Workers that open a master together all read it right, and leave one whole index."""
    (tmp_path / ".pytest_cache").mkdir()
    code = (
        "import sys; from pathlib import Path; from pytest_ttnn_sweeps.traced import index; index.LARGE = 1\n"
        "from pytest_ttnn_sweeps.traced.master import open_master\n"
        "for _ in range(20): assert open_master(Path(sys.argv[1])).operations['sigmoid_accurate'] == 30\n"
    )
    workers = [subprocess.Popen([sys.executable, "-c", code, str(sample.v1)], cwd=tmp_path) for _ in range(4)]

    assert [worker.wait() for worker in workers] == [0] * 4
    assert [place.suffix for place in an_index(tmp_path).parent.iterdir()] == [".json"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
NAMES = st.sampled_from(["ttnn::add", "ttnn.add", "exp", "ünïcode", "", "operations", "configurations"])
MASTERS = st.fixed_dictionaries(
    {"operations": st.dictionaries(NAMES, st.fixed_dictionaries({"configurations": st.lists(JSON, max_size=4)}))},
    optional={"metadata": JSON, "content": JSON, "other": JSON},
)


def scanned_or_refused(data: bytes) -> tuple[Contents | None, str]:
    try:
        return scan(Path("m.json"), data), ""
    except MasterError as error:
        return None, str(error)


@settings(deadline=None)
@given(MASTERS, st.booleans(), st.sampled_from([None, 0, 2]), st.booleans())
def test_any_json_in_any_layout_is_found(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, object], ascii_: bool, indent: int | None, bom: bool
) -> None:
    """The scan's places hold exactly what ``json`` reads there, with other scripts and a byte order mark too."""
    text = json.dumps(content, ensure_ascii=ascii_, indent=indent)
    data = (b"\xef\xbb\xbf" if bom else b"") + text.encode("utf-8", "surrogatepass")
    contents, trouble = scanned_or_refused(data)

    if contents is None:
        assert "UTF-8" in trouble
        return
    assert contents.describes(data)
    found = {span.name: json.loads(data[span.start : span.end]) for span in contents.spans}
    assert repr(found) == repr(content["operations"])


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_master_is_an_error_with_a_position_or_reads_as_json_does(
    data: st.DataObject,
) -> None:
    """Bytes cut, changed, put in: what Python's own parser refuses is refused, in one line that says where."""
    content = bytearray((DATA / "ttnn_operations_master_mini.json").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 40)))
        content[start:end] = data.draw(st.binary(max_size=6) | st.sampled_from([b"{", b"]", b'"', b",", b"9" * 5000]))
    damaged = bytes(content)
    try:
        expected = json.loads(damaged)
    except (ValueError, RecursionError):
        expected = None

    contents, trouble = scanned_or_refused(damaged)

    assert "\n" not in trouble
    if contents is not None:
        assert isinstance(expected, dict)
        assert contents.describes(damaged)
    elif expected is None:
        assert "line" in trouble
    else:
        assert not isinstance(expected, dict) or "operation" in trouble or "schema" in trouble


@pytest.mark.parametrize(
    "content",
    [
        "[" * 1_000_000,
        '{"operations": ' + '{"a":' * 100_000,
        '{"operations": {"a": {"configurations": [' + "[" * 100_000,
        '{"operations": {"a": {"configurations": [' + "9" * 1_000_000 + "]}}}",
        '{"operations": {"a": {"configurations": ["' + "\\u0000" * 200_000,
        '{"operations": {' + ", ".join(f'"o{number}": []' for number in range(50_000)),
        " " * 1_000_000,
        '{"operations"' + " " * 1_000_000,
        '"' * 1_000_001,
    ],
    ids=["lists", "objects", "arguments", "digits", "escapes", "operations", "spaces", "colon", "quotes"],
)
def test_hostile_masters_end_soon_and_small(tmp_path: Path, content: str) -> None:
    """A megabyte made to break parsers: an error with its place, in a process with little memory and little time."""
    path = tmp_path / "m.json"
    path.write_text(content)
    code = (
        "import resource, sys\n"
        "from pathlib import Path\n"
        "from pytest_ttnn_sweeps.traced.errors import MasterError\n"
        "from pytest_ttnn_sweeps.traced.master import open_master\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (10, 10))\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (2**28, 2**28))\n"
        "try: open_master(Path(sys.argv[1]))\n"
        "except MasterError as error: print(str(error)[:300])\n"
    )

    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "line 1 column" in done.stdout
    assert len(done.stdout.splitlines()) == 1


def test_an_operation_that_only_the_scan_takes_is_an_error_of_its_own(tmp_path: Path) -> None:
    """Nested 300 deep: the others can be used, this one says where and why, and nothing runs out of stack."""
    path = tmp_path / "m.json"
    deep = "[" * 300 + "]" * 300
    path.write_text(f'{{"operations": {{"deep": {{"configurations": [{deep}]}}, "add": {{"configurations": [[]]}}}}}}')
    master = open_master(path)

    assert len(master.configurations("add")) == 1
    with pytest.raises(MasterError, match=r"operation 'deep', which begins at byte 24: recursion limit exceeded"):
        master.configurations("deep")


def test_nothing_in_a_master_is_run(tmp_path: Path) -> None:
    """Texts that would do something if they were evaluated are texts."""
    path = tmp_path / "m.json"
    trap = f"__import__('pathlib').Path({str(tmp_path / 'trap')!r}).touch()"
    arguments = {"arg0": trap, "arg1": {"type": "eval", "value": trap}, "arg2": {"$": "struct", "name": trap}}
    written(
        path, {trap: [{"arguments": arguments}], "add": [[{"arg0": trap}, {"UnparsedElement": {"element_info": trap}}]]}
    )

    master = open_master(path)
    for operation in master.operations:
        assert master.configurations(operation)
    record(tmp_path / "copy.json", master.configurations("add"))

    assert not (tmp_path / "trap").exists()
