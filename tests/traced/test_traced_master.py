"""Masters of every schema read as one, cheaply, and a broken one says what is wrong where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.traced import (
    MasterError,
    OperationNameError,
    canonical_operation,
    find_operation,
    near_operations,
    read_master,
)
from pytest_ttnn_sweeps.traced.configuration import Execution, Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.schemas import read_configuration
from pytest_ttnn_sweeps.traced.values import ABSENT, MemoryConfig, Opaque, TensorSpec


def write(path: Path, content: object) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def master_of(operations: dict[str, list[object]]) -> dict[str, object]:
    return {"operations": {name: {"configurations": configurations} for name, configurations in operations.items()}}


@pytest.mark.parametrize(
    ("file", "operation", "count", "recorded"),
    [
        ("traced_master_sample.json", "sigmoid_accurate", 30, 30),
        ("traced_master_sample_oct2025.json", "linear", 5, 5),
        ("traced_master_sample_source_schema.json", "pad", 8, 8),
        ("traced_master_sample_v2.json", "add", 4, 4),
        ("ttnn_operations_master_mini.json", "slice", 1, 1),
    ],
)
def test_every_schema_is_read(sample: SimpleNamespace, file: str, operation: str, count: int, recorded: int) -> None:
    """Each sample's configurations are typed tensors under a canonical operation name."""
    master = read_master(sample.directory / file)

    configurations = master.configurations(operation)

    assert len(configurations) == count
    assert master.operations[operation] == recorded
    assert all(isinstance(configuration.positional[0], TensorSpec) for configuration in configurations)


def test_the_facts_of_the_flagship_operation(sample: SimpleNamespace) -> None:
    """sigmoid_accurate: 30 inputs, 26 shapes, 25 memory configurations, 6 of them on several core ranges."""
    inputs = [c.positional[0] for c in read_master(sample.v1).configurations("sigmoid_accurate")]
    tensors = [tensor for tensor in inputs if isinstance(tensor, TensorSpec)]
    memory_configs = {tensor.memory_config for tensor in tensors if tensor.memory_config is not None}
    specs = [config.shard_spec for config in memory_configs if config.shard_spec is not None]

    assert len(tensors) == 30
    assert len({tensor.shape for tensor in tensors}) == 26
    assert len(memory_configs) == 25
    assert sum(len(spec.grid) > 1 for spec in specs) == 6
    assert {(tensor.dtype, tensor.layout) for tensor in tensors} == {("BFLOAT8_B", "TILE")}


def test_provenance_of_each_schema() -> None:
    """Sources, machines and counts come out of every schema, paired where the schema pairs them."""
    machine = {"board_type": "Wormhole", "device_series": "n300", "card_count": 1}
    n300 = Machine("Wormhole", ("n300",), 1)
    arguments = [{"arg0": "1"}]

    def executions(raw: object) -> tuple[Execution, ...]:
        return read_configuration("op", raw).executions

    assert executions(arguments) == ()
    assert executions({"arguments": arguments, "source": "a.py", "machine_info": [machine]}) == (
        Execution("a.py", n300),
    )
    assert executions({"arguments": arguments, "source": ["a.py", "b.py"], "machine_info": None}) == (
        Execution("a.py"),
        Execution("b.py"),
    )
    assert executions(
        {"arguments": arguments, "contexts": [{"source": ["a.py"], "machine_info": machine}, {"source": "b.py"}]}
    ) == (Execution("a.py", n300), Execution("b.py"))
    seen = read_configuration(
        "op",
        {
            "arguments": {"arg0": 1},
            "executions": [
                {"source": "a.py", "machine_info": machine, "count": 4, "trace_uid": "t"},
                {"source": "a.py", "machine_info": None, "count": 2},
            ],
        },
    )
    assert seen.executions == (Execution("a.py", n300, 4, "t"), Execution("a.py", None, 2))
    assert (seen.sources, seen.machines, seen.execution_count) == (("a.py",), (n300,), 6)


def test_positions_keywords_and_gaps() -> None:
    """Argument names decide, not their order; a position that nobody recorded is absent, not None."""
    configuration = read_configuration("op", [{"arg2": "nullopt"}, {"arg0": "5"}, {"dim": "-1"}])

    assert configuration.positional == (5, ABSENT, None)
    assert configuration.keywords == {"dim": -1}


def test_an_unparsed_argument_has_its_name_in_its_text() -> None:
    """Its place in the list counts only where the text has no name."""
    named = {"UnparsedElement": {"error": "x", "element_info": '{"arg1": {"Shape":[1, 32]}}'}}
    nameless = {"UnparsedElement": {"error": "x", "element_info": "Shape([2])"}}

    configuration = read_configuration("op", [named, {"arg0": "5"}, nameless])

    assert configuration.positional == (5, (1, 32), (2,))


@pytest.mark.parametrize(
    "raw",
    [
        5,
        None,
        "text",
        {},
        {"arguments": 3},
        [{"arg0": "1"}, {"arg0": "2"}],
        {"error": "Complete failure"},
        {"arguments": {"a,b": 1}},
    ],
)
def test_a_configuration_that_is_none_stays_visible(raw: object) -> None:
    """It becomes one opaque argument with its JSON and a reason, instead of vanishing or breaking the operation."""
    configuration = read_configuration("op", raw)

    [argument] = configuration.positional
    assert isinstance(argument, Opaque)
    assert json.loads(argument.text) == raw
    assert argument.reason


def test_spellings_of_an_operation_are_one(sample: SimpleNamespace, tmp_path: Path) -> None:
    """``ttnn::add`` and ``ttnn.add`` of one file are one operation, and equal configurations of it are one."""
    v1 = json.loads(sample.v1.read_text())["operations"]["ttnn::add"]["configurations"]
    first, second = ({"arguments": v1[0], "source": source} for source in ("one.py", "two.py"))
    path = write(tmp_path / "m.json", master_of({"ttnn::add": v1, "ttnn.add": [first, v1[1]], "add": [v1[2], second]}))

    configurations = read_master(path).configurations("add")

    assert len(configurations) == len(v1)
    assert configurations[0].sources == ("one.py", "two.py")
    assert read_master(path).operations == {"add": len(v1) + 4}


def test_legacy_records_are_grouped(tmp_path: Path) -> None:
    """The content list of a per-test file groups by operation; calls without a name are passed over."""
    records = [
        {"operation": "ttnn::relu", "arguments": [{"arg0": "1"}]},
        None,
        {"operation": "ttnn::add", "arguments": [{"arg0": "1"}]},
        {"operation": "ttnn::relu", "arguments": [{"arg0": "2"}]},
    ]

    master = read_master(write(tmp_path / "m.json", {"content": records}))

    assert master.operations == {"relu": 2, "add": 1}
    assert [c.positional for c in master.configurations("relu")] == [(1,), (2,)]


@given(st.randoms(use_true_random=False), st.integers(0, 29))
def test_ids_survive_growth_and_reordering(random: object, kept: int) -> None:
    """An id depends on the configuration alone: not on its neighbours, its place or the file."""
    directory = Path(__file__).parents[1] / "data"
    raw = json.loads((directory / "traced_master_sample.json").read_text())["operations"]["ttnn::sigmoid_accurate"]
    configurations = raw["configurations"]
    before = {read_configuration("sigmoid_accurate", c).name for c in configurations}
    random.shuffle(configurations)  # type: ignore[attr-defined]

    after = {read_configuration("sigmoid_accurate", c).name for c in configurations[: kept + 1]}

    assert len(before) == 30
    assert len(after) == kept + 1
    assert after <= before


def test_ids_are_what_they_were() -> None:
    """Stored names keep their meaning from release to release; this one was given by the first."""
    memory_config = MemoryConfig("INTERLEAVED", "DRAM")
    configuration = TracedConfiguration("relu", (TensorSpec((1, 32), "BFLOAT16", "TILE", memory_config), None))

    assert configuration.name == "relu_traced_30e5ee379a07"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"operations": {"a": ', r"not valid JSON: Expecting value: line 1 column 22"),
        ("", "not valid JSON"),
        ("version https://git-lfs.github.com/spec/v1", "not valid JSON"),
        ("[1, 2]", "holds a JSON list, expected an object"),
        ("{}", "neither 'operations' nor 'content'"),
        ('{"operations": {"ttnn::add": 5}}', "operation 'ttnn::add' has no list of 'configurations'"),
        ('{"operations": {"ttnn::add": {"configurations": {}}}}', "operation 'ttnn::add' has no list"),
        ("[" * 3000, "not valid JSON"),
        ('{"operations": "\ud800"}', "not valid JSON"),
    ],
)
def test_a_broken_master_is_one_line_with_path_and_remedy(tmp_path: Path, content: str, message: str) -> None:
    """The error names the file, what is wrong and where, and what to do; Python never sees a raw JSON error."""
    path = tmp_path / "broken.json"
    path.write_bytes(content.encode("utf-8", "surrogatepass"))

    with pytest.raises(MasterError, match=message) as caught:
        read_master(path)

    assert str(path) in str(caught.value)
    assert "trace again" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_master_says_so(tmp_path: Path) -> None:
    """A path that isn't there, or is a directory, is the user's mistake and told as such."""
    with pytest.raises(MasterError, match="No such file"):
        read_master(tmp_path / "nowhere.json")
    with pytest.raises(MasterError, match="Is a directory"):
        read_master(tmp_path)


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    """Editors on other systems put one in front."""
    path = tmp_path / "m.json"
    path.write_bytes(b'\xef\xbb\xbf{"operations": {}}')

    assert read_master(path).operations == {}


def test_a_master_is_parsed_once_until_it_changes(tmp_path: Path) -> None:
    """The same object comes back for every spelling of the path; a new size or time means a new reading."""
    path = write(tmp_path / "m.json", master_of({"a": [[{"arg0": "1"}]]}))
    first = read_master(path)

    assert read_master(tmp_path / "." / "m.json") is first
    assert read_master(str(path)) is first

    write(path, master_of({"a": [[{"arg0": "1"}]], "b": []}))
    second = read_master(path)
    assert second.operations == {"a": 1, "b": 0}
    os.utime(path, (1, 1))
    assert read_master(path) is not second


def test_operations_convert_only_when_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading a master and using one operation converts nothing of the others, and that one once."""
    converted: list[str] = []

    def spy(operation: str, raw: object) -> TracedConfiguration:
        converted.append(operation)
        return read_configuration(operation, raw)

    monkeypatch.setattr("pytest_ttnn_sweeps.traced.master.read_configuration", spy)
    master = read_master(write(tmp_path / "m.json", master_of({"a": [[{"arg0": "1"}]], "b": [[{"arg0": "1"}]]})))
    assert converted == []

    master.configurations("a")
    master.configurations("a")

    assert converted == ["a"]


@pytest.mark.parametrize("name", ["ttnn::transformer::x", "ttnn.transformer.x", "transformer::x", "transformer.x", "x"])
def test_every_spelling_of_a_name_finds_its_operation(name: str) -> None:
    """The delimiter, the leading ``ttnn`` and, where it is unique, the namespace may vary."""
    assert find_operation(name, {"transformer.x", "add"}) == "transformer.x"


def test_an_exact_name_wins_and_an_ambiguous_one_is_an_error() -> None:
    """``add`` is ``ttnn.add`` even if ``experimental.add`` exists; a name in two namespaces names the candidates."""
    assert find_operation("add", {"add", "experimental.add"}) == "add"
    assert find_operation("relu_", {"relu"}) is None
    with pytest.raises(OperationNameError, match=r"ambiguous: experimental\.add, prim\.add"):
        find_operation("add", {"experimental.add", "prim.add"})
    assert canonical_operation(" ttnn::prim::binary ") == "prim.binary"


def test_near_names_help() -> None:
    """A misspelling and a part of a name find what was meant."""
    known = {"sigmoid_accurate", "softmax", "transformer.scaled_dot_product_attention_decode"}

    assert near_operations("sigmod_accurate", known)[0] == "sigmoid_accurate"
    assert near_operations("ttnn::sigmoid", known)[0] == "sigmoid_accurate"
    assert near_operations("scaled_dot_product", known) == ["transformer.scaled_dot_product_attention_decode"]


def test_importing_the_package_is_light(sample: SimpleNamespace) -> None:
    """The names load neither torch nor ttnn nor pandas nor a JSON library; those come with the first value or file."""
    heavy = (
        "{name for name in ('torch', 'ttnn', 'pandas', 'numpy', 'pydantic', 'pydantic_core') if name in sys.modules}"
    )
    code = (
        "import sys, pytest_ttnn_sweeps.traced as traced\n"
        "[getattr(traced, name) for name in traced.__all__]\n"
        f"print(sorted({heavy}))\n"
        f"traced.read_master({str(sample.v1)!r}).configurations('add')\n"
        f"print(sorted({heavy} - {{'pydantic_core'}}))\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.split("\n")[:2] == ["[]", "[]"]
