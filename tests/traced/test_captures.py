"""What is read from the files of every tracer: the same calls, or an error that says where."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import OperationFilter, TracedConfiguration, read_master
from pytest_ttnn_sweeps.traced.capture import Call, Capture, CaptureError, read_captures
from pytest_ttnn_sweeps.traced.capture import files as capture_files
from pytest_ttnn_sweeps.traced.summary import Findings
from pytest_ttnn_sweeps.traced.values import (
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    Opaque,
    ShardSpec,
    Struct,
    TensorSpec,
)

DATA = Path(__file__).parents[1] / "data"
CALLS = DATA / "captured_calls"
DRAM = MemoryConfig("INTERLEAVED", "DRAM")


def traced(captures: Iterable[Capture]) -> dict[str, Call]:
    """The model's calls of traced operations by the hash of their arguments."""
    operations = OperationFilter.load()
    calls = [call for capture in captures for call in capture.calls if not call.depth]
    return {call.configuration().content_hash: call for call in calls if operations.includes(call.operation)}


def seen_by_tracer() -> dict[str, TracedConfiguration]:
    data = json.loads((CALLS / "traced.json").read_text(encoding="utf-8"))
    return {configuration.content_hash: configuration for configuration in Findings.from_json(data).configurations}


def write(path: Path, data: object) -> Path:
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("place", "incomplete"),
    [
        # Their texts of these configurations leave fields out.
        ("report.json", {"layer_norm", "matmul"}),
        ("report.python_io.json", {"layer_norm", "matmul"}),
        # Its JSON has the number of the fused operation, not its name.
        ("operations", {"layer_norm", "matmul"}),
    ],
)
def test_each_capture_of_ttnns_own_has_the_calls_that_the_tracer_saw(place: str, incomplete: set[str]) -> None:
    """All arguments are equal, but for configurations whose texts ttnn leaves incomplete."""
    read, expected = traced(read_captures(CALLS / place)), seen_by_tracer()

    assert {expected[key].operation for key in expected.keys() - read.keys()} == incomplete
    assert {read[key].operation for key in read.keys() - expected.keys()} == incomplete
    assert len(read) == len(expected) == 14


def test_what_a_text_leaves_out_is_the_only_difference() -> None:
    """The matmul of the report lacks its kernel configuration, which ttnn prints as an address, and nothing else."""
    (read,) = [call for call in traced(read_captures(CALLS / "report.json")).values() if call.operation == "matmul"]
    (seen,) = [entry for entry in seen_by_tracer().values() if entry.operation == "matmul"]
    keywords = dict(read.keywords)

    kernel = keywords.pop("compute_kernel_config")
    assert isinstance(kernel, Opaque)
    assert kernel.text == "<ttnn._ttnn.operations.core.WormholeComputeKernelConfig object>"  # no address
    rest = {name: value for name, value in seen.keywords.items() if name != "compute_kernel_config"}
    assert TracedConfiguration("matmul", read.positional, keywords).content_hash == (
        TracedConfiguration("matmul", seen.positional, rest).content_hash
    )


@pytest.mark.parametrize("place", ["report.json", "report.python_io.json", "operations"])
def test_calls_inside_and_calls_that_raised_are_no_models_calls(place: str) -> None:
    """``x[...]`` calls slice inside; the reshape that raised isn't there."""
    (capture,) = read_captures(CALLS / place)
    own = [call.operation for call in capture.calls if not call.depth]

    assert "slice" not in own
    assert own.count("reshape") == 1
    assert "Tensor.__getitem__" in own


def test_a_report_tells_machine_and_version() -> None:
    (capture,) = read_captures(CALLS / "report.json")

    assert capture.ttnn_version == "0.81.1"
    assert capture.machine is not None
    assert (capture.machine.board_type, capture.machine.device_series) == ("Wormhole", ("n150",))


def test_shards_over_several_core_ranges_are_kept_in_order() -> None:
    """The ShardSpec of ttnn 0.81.1's text, which lacks braces."""
    (call,) = [call for call in read_captures(CALLS / "report.json")[0].calls if call.operation == "silu"]
    (tensor,) = call.positional

    assert isinstance(tensor, TensorSpec)
    assert tensor.memory_config is not None
    grid = (CoreRange(Core(0, 0), Core(7, 0)), CoreRange(Core(0, 1), Core(2, 1)))
    assert tensor.memory_config.shard_spec == ShardSpec(grid, (32, 32), "COL_MAJOR")


def test_the_host_prepares_weights() -> None:
    """The padding of a host tensor is told from the calls on the device."""
    calls = traced(read_captures(CALLS / "report.json")).values()

    assert [call.operation for call in calls if call.is_on_host] == ["pad"]


def test_findings_cross_processes_unchanged() -> None:
    """Every configuration that the wheel's models called, with where and how often."""
    master = read_master(DATA / "models_traced_on_wheel.json")
    entries = [entry for operation in master.operations for entry in master.configurations(operation)]
    findings = Findings.of(entries, excluded={"to_torch": 2}, unknown={}, nested={"slice": 1}, host=3)

    again = Findings.from_json(json.loads(json.dumps(findings.to_json())))

    assert again == findings
    assert [entry.content_hash for entry in again.configurations] == [entry.content_hash for entry in entries]


def node(kind: str, name: str = "", arguments: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"node_type": kind, "params": {"name": name}, "arguments": list(arguments), "connections": []}


TENSOR = (
    "Tensor(storage=DeviceStorage(),tensor_spec=TensorSpec(logical_shape=Shape([1, 1, 56, 32]),"
    "tensor_layout=TensorLayout(dtype=DataType::BFLOAT8_B,page_config=PageConfig(config=TilePageConfig("
    "tile=Tile(tile_shape={32, 32},face_shape={16, 16},num_faces=4))),memory_config=MemoryConfig("
    "memory_layout=TensorMemoryLayout::INTERLEAVED,buffer_type=BufferType::DRAM,shard_spec=std::nullopt,"
    "nd_shard_spec=std::nullopt,created_with_nd_shard_spec=0),alignment=Alignment([32, 32]))))"
)
CLASSIC = [
    node("capture_start"),
    node("function_start", "ttnn::add", (TENSOR, "1.5", "nullopt", "DataType::BFLOAT16")),
    node("function_start", "ttnn::repeat", (TENSOR, "Shape([1, 1, 1, 2])")),
    node("function_end", "ttnn::repeat"),
    node("function_end", "ttnn::add"),
    node("function_start", "ttnn::sigmoid_accurate", (TENSOR, "[ unsupported type , std::reference_wrapper<X>]")),
    node("function_end", "ttnn::sigmoid_accurate"),
    node("capture_end"),
]


def test_a_graph_of_2025_has_arguments_and_depths(tmp_path: Path) -> None:
    """Texts become values, an argument without one is kept as it is, and the repeat inside add is add's."""
    (capture,) = read_captures(write(tmp_path / "graph.json", CLASSIC))
    tensor = TensorSpec((1, 1, 56, 32), "BFLOAT8_B", "TILE", DRAM, "DEVICE", (32, 32))

    add, repeat, sigmoid = capture.calls
    assert add == Call("add", (tensor, 1.5, None, Enumerator("DataType", "BFLOAT16")))
    assert (repeat.operation, repeat.depth) == ("repeat", 1)
    assert sigmoid.positional[0] == tensor
    assert isinstance(sigmoid.positional[1], Opaque)
    assert capture.troubles == ()


def test_a_graph_without_arguments_says_where_they_are() -> None:
    """That of ttnn 0.81.1, whose arguments stand beside it."""
    sample = json.loads((DATA / "graph_capture_sample.json").read_text(encoding="utf-8"))
    capture = capture_files.graph.capture_of(sample["NORMAL"], None, "g.json")

    assert not [call for call in capture.calls if not call.depth]
    assert "python_io.json" in capture.troubles[0]

    capture = capture_files.graph.capture_of(sample["NORMAL"], sample["python_io"], "g.json")
    assert [call.operation for call in capture.calls if not call.depth] == [
        "from_torch",
        "from_torch",
        "sigmoid_accurate",
        "matmul",
        "deallocate",
    ]


def test_a_file_of_an_older_tracer_gives_its_calls(tmp_path: Path) -> None:
    """``{"content": [...]}`` with the arguments of a v1 master; what is no record is skipped."""
    sample = json.loads((DATA / "traced_master_sample.json").read_text(encoding="utf-8"))
    entry = sample["operations"]["ttnn::sigmoid_accurate"]["configurations"][0]
    content = [{"operation": "ttnn::sigmoid_accurate", "arguments": entry}, None]

    (capture,) = read_captures(write(tmp_path / "test_x_filtered_ops_20251107_120000.json", {"content": content}))

    expected = read_master(DATA / "traced_master_sample.json").configurations("sigmoid_accurate")[0]
    assert [call.configuration().content_hash for call in capture.calls] == [expected.content_hash]
    assert "inside" in capture.troubles[0]


def test_directories_of_upstreams_driver_are_tests_with_an_outcome(tmp_path: Path) -> None:
    """Each test has a directory, whose files are read by their numbers; status and machine lie beside them."""
    for number in (10, 9):
        record = {
            "operation_name": "ttnn.relu",
            "args": [{"position": 0, "value": number}, {"position": 1, "value": "1"}],
            "kwargs": {"memory_config": None, "queue_id": 0},
        }
        test = tmp_path / "0123456789abcdef"
        test.mkdir(exist_ok=True)
        write(test / f"{number}_ttnn_relu_20260131_120000_000001.json", record)
    write(test / "_status.json", {"test_nodeid": "test_m.py::test_m", "status": "failed"})
    machine = {"board_type": "Wormhole", "device_series": "n300", "card_count": 1}
    write(test / "_trace_metadata.json", {"machine_info": machine, "trace_uid": "u", "timestamp": "2026-01-31"})

    (capture,) = read_captures(tmp_path)

    assert (capture.source, capture.status, capture.trace) == ("test_m.py::test_m", "failed", "u")
    assert capture.machine is not None
    assert capture.machine.device_series == ("n300",)
    # A text of Python's stays one, and None isn't what wasn't passed.
    assert capture.calls == (
        Call("relu", (9, "1"), (("memory_config", None),)),
        Call("relu", (10, "1"), (("memory_config", None),)),
    )


def test_devices_and_kernel_settings_have_one_form_in_every_spelling(tmp_path: Path) -> None:
    config = {"math_fidelity": "MathFidelity.HiFi4", "math_approx_mode": "True", "fp32_dest_acc_en": False}
    record = {
        "operation_name": "ttnn.full",
        "args": [],
        "kwargs": {"device": {"type": "MeshDevice", "repr": "x", "shape": [1, 1], "device_ids": [0]}, "config": config},
    }
    text = {"name": "ttnn.full", "arguments": {"device": "MeshDevice(1x1 grid, 1 devices)"}}
    (one,) = read_captures(write(tmp_path / "1_full_0.json", record))[0].calls
    (other,) = read_captures(write(tmp_path / "r.python_io.json", [text]))[0].calls

    assert dict(one.keywords)["device"] == dict(other.keywords)["device"] == Struct("MeshDevice", (("shape", (1, 1)),))
    settings = dict(one.keywords)["config"]
    assert isinstance(settings, Struct)
    assert settings.name == "WormholeComputeKernelConfig"
    assert dict(settings.fields)["math_fidelity"] == Enumerator("MathFidelity", "HiFi4")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"name": "ttnn.add", ', r"c\.json: .* line 1 column 2\d"),
        ("\x00\xff", "line 1 column 1"),
        ("[" * 100_000, "recursion limit"),
        ("{}", "no capture"),
        ("[]", "no capture"),
        ('{"operations": {}, "metadata": {}}', "ops merge"),
        ("3", "no capture"),
    ],
)
def test_what_is_no_capture_is_refused_in_one_line_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CaptureError, match=message) as caught:
        read_captures(write(tmp_path / "c.json", text))

    assert "\n" not in str(caught.value)


def test_missing_empty_and_oversized_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CaptureError, match="can't read"):
        read_captures(tmp_path / "none.json")
    with pytest.raises(CaptureError, match="no file of captured calls"):
        read_captures(tmp_path)
    monkeypatch.setattr(capture_files, "MAX_BYTES", 10)
    with pytest.raises(CaptureError, match="more than"):
        read_captures(write(tmp_path / "c.json", "[" + " " * 20 + "]"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["name", "arguments", "node_type", "params", "graph", "content", "0", "arg0"]
) | st.sampled_from(
    ["operation", "operation_name", "args", "kwargs", "position", "value", "error", "type", "memory_config", "devices"]
)
SHAPED = st.recursive(JSON, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner), max_leaves=8)


@given(data=SHAPED)
@settings(max_examples=150, deadline=None)
def test_any_json_is_a_capture_or_an_error(data: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Nothing but ``SweepError`` comes out, and what is read can be stored."""
    path = tmp_path_factory.getbasetemp() / "1_fuzzed.json"
    write(path, data)
    try:
        captures = read_captures(path)
    except SweepError:
        return
    for capture in captures:
        for call in capture.calls:
            assert call.configuration().content_hash


@pytest.mark.parametrize("seed", range(8))
def test_damaged_captures_are_read_or_refused_in_bounded_time(seed: int, tmp_path: Path) -> None:
    """Bytes of real files are changed, cut, and repeated; nothing in them is executed."""
    chance = random.Random(seed)
    sources = [CALLS / "report.json", CALLS / "report.python_io.json", *sorted((CALLS / "operations").glob("7_*"))]
    began = time.process_time()
    for number in range(12):
        data = bytearray(chance.choice(sources).read_bytes())
        for _ in range(chance.randrange(1, 30)):
            place = chance.randrange(len(data))
            action = chance.randrange(3)
            if action == 0:
                data[place] = chance.choice(b'{}[]",:()=<>0-x\\\xff')
            elif action == 1:
                del data[place : place + chance.randrange(1, 60)]
            else:
                data[place:place] = data[place : place + chance.randrange(1, 300)] * 3
        path = tmp_path / f"{number}_damaged.json"
        path.write_bytes(data)
        try:
            traced(read_captures(path))
        except SweepError as error:
            assert str(path) in str(error)  # noqa: PT017
    assert time.process_time() - began < 20


@pytest.mark.parametrize(
    "text",
    ["__import__('os').system('touch {place}')", "(" * 5000, "[" * 5000 + "]" * 5000, "9" * 100_000, "<" * 50_000],
)
def test_hostile_texts_are_kept_as_texts(text: str, tmp_path: Path) -> None:
    """Code isn't run and nesting doesn't exhaust the stack: such an argument is opaque, and tells why."""
    place = tmp_path / "touched"
    record = {"name": "ttnn.relu", "arguments": {"0": text.format(place=place)}}

    (call,) = read_captures(write(tmp_path / "r.python_io.json", [record]))[0].calls

    assert isinstance(call.positional[0], Opaque)
    assert call.positional[0].reason
    assert not place.exists()
