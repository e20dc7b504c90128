"""The classic form: names that unpack to tensors, the same in every module, process and master."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.traced import (
    MasterConfigLoader,
    MasterError,
    TracedConfigWarning,
    TracedNameError,
    UnavailableConfiguration,
    default_master_path,
    describe_operation,
    get_traced_config,
    list_operations,
    load_unary_op_configs,
    read_master,
    resolve_name,
    set_default_master,
    unpack_binary_traced_config,
    unpack_traced_config,
)
from pytest_ttnn_sweeps.traced.registry import MASTER_LOCATION, MASTER_VARIABLE


@pytest.fixture(autouse=True)
def recording_ttnn(ttnn: Any) -> None:
    """Every test here may make ttnn values."""


@pytest.fixture
def loader(sample: SimpleNamespace) -> MasterConfigLoader:
    return MasterConfigLoader(sample.v1)


def write(path: Path, operations: dict[str, list[object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {name: {"configurations": configurations} for name, configurations in operations.items()}
    path.write_text(json.dumps({"operations": content}))
    return path


def relu(size: int, **more: object) -> list[object]:
    memory_config = {"memory_layout": "TensorMemoryLayout::INTERLEAVED", "buffer_type": "BufferType::DRAM"}
    fields = {"shape": [1, size], "dtype": "DataType::BFLOAT16", "layout": "Layout::TILE", **more}
    return [{"arg0": {"Tensor": {"memory_config": memory_config, **fields}}}]


def test_a_unary_suite_is_names_that_unpack_to_five_values(loader: MasterConfigLoader, ttnn: Any) -> None:
    """30 configurations give 30 names; the fifth value, the output's memory configuration, is the input's."""
    suite = loader.get_suite_parameters("sigmoid_accurate")

    assert list(suite) == ["traced_config_name"]
    assert len(set(suite["traced_config_name"])) == 30
    shape, dtype, layout, memory_config, output = unpack_traced_config(suite["traced_config_name"][22])
    assert (shape, dtype, layout) == ([1, 1, 196, 672], ttnn.DataType.BFLOAT8_B, ttnn.Layout.TILE)
    assert memory_config.positional[0] is ttnn.TensorMemoryLayout.BLOCK_SHARDED
    assert memory_config.positional[2].positional[1] == [32, 96]
    assert output is memory_config


def test_a_binary_suite_is_names_that_unpack_to_seven_values(loader: MasterConfigLoader, ttnn: Any) -> None:
    """Shapes of both inputs as self and other, then dtypes, layouts and memory configurations of a and b."""
    names = loader.get_suite_parameters("ttnn::multiply")["traced_config_name"]

    shapes, dtype_a, dtype_b, layout_a, layout_b, memory_a, memory_b = unpack_binary_traced_config(names[2])

    assert len(names) == 4
    assert shapes == {"self": [1, 1, 1, 32], "other": [1, 1, 12544, 32]}
    assert dtype_a is dtype_b is ttnn.DataType.BFLOAT8_B
    assert layout_a is layout_b is ttnn.Layout.TILE
    assert memory_a == memory_b
    assert memory_a.name == "MemoryConfig"


def test_all_cases_multiplies_inputs_and_ties_the_output(loader: MasterConfigLoader) -> None:
    """26 shapes times 25 memory configurations make 650 vectors, in which the output always lies like the input."""
    suite = loader.get_suite_parameters("sigmoid_accurate", all_cases=True)

    assert {key: len(values) for key, values in suite.items()} == {
        "input_shape": 26,
        "input_a_dtype": 1,
        "input_a_layout": 1,
        "input_a_memory_config,output_memory_config": 25,
    }
    assert all(taken is given for taken, given in suite["input_a_memory_config,output_memory_config"])
    assert loader.describe("sigmoid_accurate") == (
        "sigmoid_accurate: 30 traced configurations, 30 distinct inputs "
        "(26 shapes, 1 dtype, 1 layout, 25 memory configs); all_cases: 650 vectors"
    )


def test_all_cases_of_a_binary_operation(loader: MasterConfigLoader) -> None:
    """Pairs of shapes stay pairs; dtypes, layouts and memory configurations of a and b are keys of their own."""
    suite = loader.get_suite_parameters("multiply", all_cases=True)

    assert list(suite) == [
        "input_shape",
        *("input_a_dtype", "input_b_dtype", "input_a_layout", "input_b_layout"),
        *("input_a_memory_config", "input_b_memory_config"),
    ]
    assert suite["input_shape"][2] == {"self": [1, 1, 1, 32], "other": [1, 1, 12544, 32]}
    assert [len(values) for values in suite.values()] == [4, 1, 1, 1, 1, 4, 4]


def test_equal_inputs_are_one_vector(tmp_path: Path, sample: SimpleNamespace) -> None:
    """A master that was traced with two library versions has each input twice; the vectors would be the same."""
    loader = MasterConfigLoader(sample.directory / "traced_master_sample_oct2025.json")

    assert len(loader.get_operation_configs("sigmoid_accurate")) == 2
    assert len(loader.get_suite_parameters("sigmoid_accurate")["traced_config_name"]) == 1


def test_names_of_any_loader_resolve_at_any_time(tmp_path: Path) -> None:
    """A second module's loader doesn't take the first one's names away, not even when its file has gone."""
    one = write(tmp_path / "one.json", {"relu": [relu(1), relu(2)]})
    two = write(tmp_path / "two.json", {"relu": [relu(3)]})
    first = MasterConfigLoader(one).get_suite_parameters("relu")["traced_config_name"]
    second = MasterConfigLoader(two).get_suite_parameters("relu")["traced_config_name"]
    one.unlink()

    assert [unpack_traced_config(name)[0] for name in first + second] == [[1, 1], [1, 2], [1, 3]]


def test_names_resolve_where_no_loader_was_ever_made(sample: SimpleNamespace) -> None:
    """A child process unpacks names that its parent collected: the default master is always searched."""
    name = MasterConfigLoader(sample.v1).get_suite_parameters("silu")["traced_config_name"][0]
    code = f"from pytest_ttnn_sweeps.traced import get_traced_config; print(get_traced_config({name!r}).operation)"

    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[2]), MASTER_VARIABLE: str(sample.v1)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == "silu\n"


def test_a_place_is_an_alias_of_a_stable_name(loader: MasterConfigLoader) -> None:
    """``op_traced_<i>`` means the i-th configuration; it is translated to the name that vectors carry."""
    names = loader.get_suite_parameters("sigmoid_accurate")["traced_config_name"]

    assert resolve_name("sigmoid_accurate_traced_20") == names[20]
    assert resolve_name("ttnn::sigmoid_accurate_traced_20") == names[20]
    assert get_traced_config("sigmoid_accurate_traced_20").name == names[20]
    assert resolve_name(names[20]) == names[20]
    assert resolve_name("sigmoid_accurate_traced_30") == "sigmoid_accurate_traced_30"
    assert resolve_name("anything else") == "anything else"


def test_an_alias_that_means_two_configurations_is_an_error(tmp_path: Path) -> None:
    """With two masters in use the place alone doesn't tell; the message has the stable names."""
    for size in (1, 2):
        MasterConfigLoader(write(tmp_path / f"{size}.json", {"relu": [relu(size)]})).get_operation_configs("relu")

    with pytest.raises(TracedNameError, match=r"ambiguous.*relu_traced_[0-9a-f]{12}, relu_traced_[0-9a-f]{12}"):
        get_traced_config("relu_traced_0")


@pytest.mark.parametrize("name", ["sigmoid_accurate_traced_zz", "sigmod_accurate_traced_0", "sigmoid_accurate", ""])
def test_an_unknown_name_is_an_error_with_near_names(loader: MasterConfigLoader, name: str) -> None:
    """A sweep never runs on None: the miss is an error, and the defaults come only where they are asked for."""
    loader.get_suite_parameters("sigmoid_accurate")

    with pytest.raises(TracedNameError, match="no traced configuration is called"):
        unpack_traced_config(name)
    with pytest.raises(TracedNameError):
        unpack_binary_traced_config(name)
    assert unpack_traced_config(name, use_defaults=True)[0] == [1, 32, 32]
    assert unpack_binary_traced_config(name, use_defaults=True)[0] == {"self": [1, 32, 32], "other": [1, 32, 32]}


def test_the_wrong_unpacker_says_which_is_right(loader: MasterConfigLoader) -> None:
    """A binary configuration isn't cut to one input, a unary one isn't given a second."""
    add = loader.get_suite_parameters("add")["traced_config_name"][0]
    silu = loader.get_suite_parameters("silu")["traced_config_name"][0]

    with pytest.raises(TracedNameError, match=r"unpack_binary_traced_config\(\)"):
        unpack_traced_config(add)
    with pytest.raises(TracedNameError, match=r"unpack_traced_config\(\)"):
        unpack_binary_traced_config(silu)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"dtype": "DataType::FLOAT7"}, "no DataType.FLOAT7"),
        ({"storage_type": "StorageType::HOST"}, "was on the host"),
        ({"layout": None}, "layout"),
        ({"shape": None}, "can't be read"),
    ],
)
def test_unpacking_what_cant_be_represented_raises_the_reason(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    """The name is in the suite, so the configuration is seen; unpacking it raises what the plugin makes a skip of."""
    loader = MasterConfigLoader(write(tmp_path / "m.json", {"relu": [relu(1, **change)]}))
    [name] = loader.get_suite_parameters("relu")["traced_config_name"]

    with pytest.raises(UnavailableConfiguration, match=reason) as caught:
        unpack_traced_config(name)

    assert caught.value.reason == str(caught.value)
    assert name in caught.value.reason


def test_a_scalar_operand_is_unavailable_in_the_binary_form(tmp_path: Path) -> None:
    """add(tensor, 2) beside add(tensor, tensor) is one skip, not a unary operation and not a wrong call."""
    path = write(tmp_path / "m.json", {"add": [[*relu(1), {"arg1": "2"}], [*relu(2), {"arg1": relu(2)[0]["arg0"]}]]})  # type: ignore[index]
    names = MasterConfigLoader(path).get_suite_parameters("add")["traced_config_name"]

    with pytest.raises(UnavailableConfiguration, match="is a number"):
        unpack_binary_traced_config(names[0])
    assert unpack_binary_traced_config(names[1])[0] == {"self": [1, 2], "other": [1, 2]}


def test_all_cases_says_how_many_it_leaves_out(tmp_path: Path) -> None:
    """A configuration that can't take part in the product is counted in a warning, not multiplied as a skip."""
    path = write(tmp_path / "m.json", {"relu": [relu(1), relu(2, dtype="DataType::FLOAT7")]})

    with pytest.warns(TracedConfigWarning, match="1 of 2 configurations of 'relu'"):
        suite = MasterConfigLoader(path).get_suite_parameters("relu", all_cases=True)

    assert suite["input_shape"] == [[1, 1]]


def test_all_cases_of_nothing_representable_is_the_empty_suite(tmp_path: Path) -> None:
    """There is one form of an empty suite, whatever the reason."""
    path = write(tmp_path / "m.json", {"relu": [relu(2, dtype="DataType::FLOAT7")]})

    with pytest.warns(TracedConfigWarning, match="1 of 1"):
        assert MasterConfigLoader(path).get_suite_parameters("relu", all_cases=True) == {"traced_config_name": []}


def test_an_operation_without_configurations_warns_once(loader: MasterConfigLoader) -> None:
    """Text, near names and remedy; the suite is empty; the next module's question for it is silent."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        suites = [loader.get_suite_parameters("sigmoid", all_cases=all_cases) for all_cases in (False, True)]

    assert suites == [{"traced_config_name": []}] * 2
    [warning] = caught
    text = str(warning.message)
    assert text.startswith("No configurations found for operation 'sigmoid' in ")
    assert "near names: sigmoid_accurate" in text
    assert "ttnn::x, ttnn.x" in text
    assert warning.filename == __file__


def test_without_any_master_a_module_still_imports() -> None:
    """Nightly suites don't need a master, so its absence is the same warning, with what to do."""
    assert default_master_path() is None
    with pytest.warns(TracedConfigWarning, match="no traced_operations.*name a master or trace a model"):
        assert MasterConfigLoader().get_suite_parameters("add") == {"traced_config_name": []}
    assert MasterConfigLoader().get_all_operations() == []
    assert MasterConfigLoader().get_raw_configurations("add") == []


def test_a_named_master_must_be_there(tmp_path: Path) -> None:
    """A path that someone gave is a promise; a wrong one is an error rather than an empty suite."""
    with pytest.raises(MasterError, match="nowhere"):
        MasterConfigLoader(tmp_path / "nowhere.json").get_suite_parameters("add")


def test_which_master_is_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Explicit path, then ``set_default_master``, then the environment, then the nearest one upwards."""
    near = write(tmp_path / "project" / MASTER_LOCATION, {"relu": [relu(1)]})
    other = write(tmp_path / "other.json", {"relu": [relu(2)]})
    third = write(tmp_path / "third.json", {"relu": [relu(3)]})
    inside = tmp_path / "project" / "sweeps" / "eltwise"
    inside.mkdir(parents=True)

    def size(path: Path | None = None) -> int:
        [name] = MasterConfigLoader(path).get_suite_parameters("relu")["traced_config_name"]
        return unpack_traced_config(name)[0][1]

    monkeypatch.chdir(inside)
    assert default_master_path() == near
    assert size() == 1
    monkeypatch.setenv(MASTER_VARIABLE, str(other))
    assert size() == 2
    set_default_master(third)
    assert size() == 3
    assert size(near) == 1
    monkeypatch.delenv(MASTER_VARIABLE)
    monkeypatch.chdir(tmp_path)
    set_default_master(None)
    assert default_master_path() is None
    set_default_master(None, below=inside)
    assert default_master_path() == near


def test_operations_and_raw_configurations(loader: MasterConfigLoader, sample: SimpleNamespace) -> None:
    """Operations by canonical name with recorded counts; raw configurations are the file's own JSON."""
    raw = json.loads(sample.v1.read_text())["operations"]["ttnn::pad"]["configurations"]

    names = ["add", "conv2d", "multiply", "pad", "permute", "reshape", "sigmoid_accurate", "silu", "swish", "transpose"]
    assert loader.get_all_operations() == names
    assert loader.get_operations_with_configs()["sigmoid_accurate"] == 30
    assert loader.get_raw_configurations("ttnn.pad") == raw
    assert loader.get_raw_configurations("pad", max_configs=2) == raw[:2]
    assert [configuration.operation for configuration in loader.get_operation_configs("ttnn::permute")] == ["permute"]


def test_parsers_take_the_masters_spellings(ttnn: Any) -> None:
    """dtype, layout and memory configuration as a master spells them; unknown ones are unavailable, not replaced."""
    loader = MasterConfigLoader()
    config = {
        "memory_layout": "TensorMemoryLayout::HEIGHT_SHARDED",
        "buffer_type": "BufferType::L1",
        "shard_spec": {
            "grid": [{"x": 0, "y": 0}, {"x": 7, "y": 6}],
            "shape": [224, 32],
            "orientation": "ShardOrientation::ROW_MAJOR",
        },
    }

    spec = loader.parse_memory_config(config, [1, 1, 12544, 32]).positional[2]

    assert spec.positional[1] == [224, 32]
    for spelling in ("DataType::BFLOAT4_B", "DataType.BFLOAT4_B", "BFLOAT4_B"):
        assert loader.parse_dtype(spelling) is ttnn.DataType.BFLOAT4_B
    assert loader.parse_layout("Layout::ROW_MAJOR") is ttnn.Layout.ROW_MAJOR
    for parse, wrong in ((loader.parse_dtype, "DataType::X"), (loader.parse_layout, "DataType::BFLOAT16")):
        with pytest.raises(UnavailableConfiguration):
            parse(wrong)
    with pytest.raises(UnavailableConfiguration, match="no memory configuration"):
        loader.parse_memory_config({"buffer_type": "BufferType::L1"})


def test_pairs_of_shape_and_memory(sample: SimpleNamespace) -> None:
    """``load_unary_op_configs``: pairs as traced, or the distinct ones of each."""
    set_default_master(sample.v1)

    pairs = load_unary_op_configs("sigmoid_accurate")
    separate = load_unary_op_configs("sigmoid_accurate", all_cases=True)

    assert [len(pair) for pair in pairs["traced_config"]] == [2] * 30
    assert {key: len(values) for key, values in separate.items()} == {"input_shapes": 26, "input_memory_config": 25}


def test_descriptions_can_be_grepped(sample: SimpleNamespace) -> None:
    """Tensors with shard shape and grid on one line each, and operations as ``Operation:`` lines."""
    master = read_master(sample.v1)
    lines = describe_operation(master, "sigmoid_accurate").splitlines()

    assert lines[:2] == ["Operation: sigmoid_accurate", "Configurations: 30"]
    tensors = [line for line in lines if line.startswith("  arg0: ")]
    assert tensors[0] == (
        "  arg0: Tensor(shape=[1, 1, 12544, 32], dtype=BFLOAT8_B, memory=L1_HEIGHT_SHARDED, "
        "shard(shard_shape=[224, 32], grid=[(0,0)→(7,6)], orientation=ROW_MAJOR))"
    )
    assert "grid=[(0,0)→(7,0), (0,1)→(6,1)]" in tensors[20]
    assert not any("None" in line for line in lines)
    assert "Operation: sigmoid_accurate (30 configurations)" in list_operations(master).splitlines()
    assert "  arg2: None" in describe_operation(master, "sigmoid_accurate", everything=True)


def test_descriptions_show_what_cant_be_read_and_where_it_ran(sample: SimpleNamespace) -> None:
    """An argument that no reader understands is marked; unprintable ones show only where everything is wanted."""
    attention = read_master(sample.directory / "traced_master_sample_source_schema.json")
    conv = read_master(sample.v1)

    text = describe_operation(attention, "transformer.scaled_dot_product_attention_decode")

    assert "  arg11: PARSE_ERROR(expected a field name" in text
    assert "Source: models/demos/gemma3/demo/text_demo.py, machine: Wormhole n300 4 cards" in text
    assert "MemoryConfig(DRAM_INTERLEAVED)" in text
    assert "Unprinted" not in describe_operation(conv, "conv2d")
    assert "  arg15: Unprinted([ unsupported type" in describe_operation(conv, "conv2d", everything=True)


def test_descriptions_show_what_is_out_of_the_ordinary(sample: SimpleNamespace) -> None:
    """Row-major layout, host storage and a mesh are told; the usual tiles on one device aren't."""
    master = read_master(sample.verbatim)

    assert "memory=DRAM_INTERLEAVED, layout=ROW_MAJOR, storage=HOST)" in describe_operation(master, "pad")
    assert "memory=L1_INTERLEAVED, mesh=4x8)" in describe_operation(master, "add")


def test_nothing_is_printed(loader: MasterConfigLoader, capfd: pytest.CaptureFixture[str]) -> None:
    """Collection stays quiet: what there is to say is returned or warned."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for all_cases in (False, True):
            for operation in loader.get_all_operations():
                loader.get_suite_parameters(operation, all_cases=all_cases)

    assert capfd.readouterr() == ("", "")
