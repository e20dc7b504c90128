"""``traced_parameters``: rows hold every argument under ttnn's names, exactly, or say why not."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced import NOT_PASSED, TracedConfigWarning, set_default_master, traced_parameters
from pytest_ttnn_sweeps.traced.operations import SIGNATURES
from pytest_ttnn_sweeps.traced.signatures import device, tensor
from pytest_ttnn_sweeps.traced.values import ABSENT
from pytest_ttnn_sweeps.vectors import Unavailable

ACTIVATIONS = ("activations", "input_tensor_a_activations", "input_tensor_b_activations")


@pytest.fixture(autouse=True)
def project_master(sample: SimpleNamespace, ttnn: Any) -> None:
    set_default_master(sample.verbatim)


def rows(operation: str, **options: Any) -> list[dict[str, Any]]:
    [(key, values)] = traced_parameters(operation, **options).items()
    return [dict(zip(key.split(","), row, strict=True)) for row in values]


def unavailable(row: dict[str, Any]) -> dict[str, str]:
    return {name: value.reason for name, value in row.items() if isinstance(value, Unavailable)}


def tensor_v2(shape: list[int], **more: object) -> dict[str, object]:
    memory_config = {"memory_layout": "TensorMemoryLayout.INTERLEAVED", "buffer_type": "BufferType.DRAM"}
    return {
        "type": "ttnn.Tensor",
        "original_shape": shape,
        "original_dtype": "DataType.BFLOAT16",
        "layout": "Layout.TILE",
        "storage_type": "StorageType.DEVICE",
        "memory_config": memory_config,
        **more,
    }


def traced(tmp_path: Path, operation: str, *calls: dict[str, object]) -> list[dict[str, Any]]:
    """The rows of a master with these calls (arguments in the v2 schema)."""
    path = tmp_path / "own.json"
    configurations = [{"arguments": arguments} for arguments in calls]
    path.write_text(json.dumps({"operations": {operation: {"configurations": configurations}}}))
    return rows(operation, master_file_path=path)


def test_one_zipped_key_with_a_row_per_configuration() -> None:
    """The suite is a single key, so vectors are not multiplied; every row ends with its configuration's name."""
    [(key, values)] = traced_parameters("sigmoid_accurate").items()

    assert key == (
        "input_a_shape,input_a_dtype,input_a_layout,input_a_memory_config,"
        "fast_and_approximate_mode,memory_config,traced_config_name"
    )
    assert len(values) == 30
    assert len({row[-1] for row in values}) == 30
    assert values[0][-1].startswith("sigmoid_accurate_traced_")


def test_the_shard_specification_is_the_traced_one(ttnn: Any) -> None:
    """Shard shape, range order and orientation reach ttnn's constructors as recorded, never recomputed."""
    row = rows("sigmoid_accurate")[20]

    assert row["input_a_shape"] == [1, 1, 196, 480]
    assert (row["input_a_dtype"], row["input_a_layout"]) == (ttnn.DataType.BFLOAT8_B, ttnn.Layout.TILE)
    memory_config = row["input_a_memory_config"]
    assert memory_config.positional[:2] == (ttnn.TensorMemoryLayout.WIDTH_SHARDED, ttnn.BufferType.L1)
    grid, shape, orientation = memory_config.positional[2].positional
    corners = [[corner.positional for corner in cores.positional] for cores in grid.positional[0]]
    assert corners == [[(0, 0), (7, 0)], [(0, 1), (6, 1)]]
    assert isinstance(grid.positional[0], list), "from a set, ttnn would sort the ranges"
    assert shape == [224, 32]
    assert orientation is ttnn.ShardOrientation.ROW_MAJOR
    assert row["memory_config"] is None
    assert row["fast_and_approximate_mode"] is True


@pytest.mark.parametrize(
    ("operation", "index", "expected"),
    [
        ("permute", 0, {"dims": [0, 2, 3, 1], "pad_value": 0}),
        ("transpose", 0, {"dim1": 1, "dim2": -2, "pad_value": 0}),
        ("reshape", 1, {"shape": [1, 1, 50176, 16], "padded_shape": [1, 1, 50176, 16], "memory_config": None}),
        ("reshape", 5, {"shape": [1, 1, 1, 32], "padded_shape": None}),
        (
            "pad",
            0,
            {
                "padding": [[0, 0], [0, 13], [0, 0], [0, 0]],
                "value": 0,
                "use_multicore": True,
                "input_tensor_start": None,
            },
        ),
        ("pad", 1, {"padding": None, "output_padded_shape": [32, 16, 3, 3], "input_tensor_start": [0, 0, 0, 0]}),
        ("tilize_with_val_padding", 0, {"output_tensor_shape": [1, 1, 224, 256], "pad_value": 0, "dtype": None}),
        ("linear", 0, {"transpose_a": False, "transpose_b": False, "activation": None, "bias_shape": [1, 1, 1, 32]}),
    ],
)
def test_arguments_have_ttnns_names(operation: str, index: int, expected: dict[str, object]) -> None:
    """The positional C++ arguments of the old masters come out under the keywords of ttnn's Python functions."""
    row = rows(operation, assume_defaults=["reshape_tile_mode"] if operation == "reshape" else [])[index]

    assert {name: row[name] for name in expected} == expected
    assert unavailable(row) == {}


def test_configuration_objects_are_rebuilt(ttnn: Any) -> None:
    """linear's program and kernel configurations, its output's sharding and dtype are ttnn objects."""
    row = rows("linear")[4]

    program = row["program_config"]
    assert program.name == "MatmulMultiCoreReuseMultiCast1DProgramConfig"
    assert program.keywords["compute_with_storage_grid_size"].positional == (8, 7)
    assert program.keywords["fuse_batch"] is True
    assert program.keywords["hop_cores"].name == "CoreRangeSet"
    assert program.keywords["fused_activation"] is None
    kernel = row["compute_kernel_config"]
    assert kernel.keywords["math_fidelity"] is ttnn.MathFidelity.LoFi
    assert kernel.keywords["fp32_dest_acc_en"] is True
    assert row["dtype"] is ttnn.DataType.BFLOAT8_B
    assert len(row["memory_config"].positional[2].positional[0].positional[0]) == 2


def test_what_the_tracer_could_not_print_skips_the_vector() -> None:
    """Arguments of which only the C++ type is known are unavailable and say how to state an assumption."""
    add = rows("add")[0]
    conv = rows("conv2d")[0]

    assert "assume_defaults=['activations']" in unavailable(add)["input_a_shape"]
    assert set(unavailable(conv)) == {"conv_config", "slice_config"}


def test_assumed_defaults_fill_only_what_is_unreadable(ttnn: Any) -> None:
    """``assume_defaults`` gives ttnn's default where the trace has none, and leaves recorded values alone."""
    adds = rows("add", assume_defaults=ACTIVATIONS)
    convs = rows("conv2d", assume_defaults=["conv_config", "slice_config", "stride", "return_output_dim"])

    assert [unavailable(row) for row in adds[:6]] == [{}] * 6
    assert unavailable(convs[0]) == {}
    assert convs[0]["conv_config"] is None
    assert convs[0]["stride"] == [1, 1]
    assert convs[0]["return_output_dim"] is True
    assert "kernel_size" in unavailable(convs[1]), "what has no default can't be assumed"
    assert "stride" not in unavailable(convs[1])


@pytest.mark.parametrize(("operation", "name"), [("add", "activation"), ("permute", "dims"), ("nlp_concat", "x")])
def test_an_impossible_assumption_is_an_error(tmp_path: Path, operation: str, name: str) -> None:
    """A misspelt name, a required argument and an operation without a signature are told apart from success."""
    path = tmp_path / "own.json"
    call = {"arguments": {"arg0": tensor_v2([1, 32])}}
    path.write_text(json.dumps({"operations": {operation: {"configurations": [call]}}}))

    with pytest.raises(SweepError, match=f"assume_defaults='{name}'"):
        traced_parameters(operation, assume_defaults=[name], master_file_path=path)


def test_a_tensor_and_a_scalar_operand_share_one_suite(tmp_path: Path, ttnn: Any) -> None:
    """Arity is per configuration: a number goes to ``scalar``, a tensor to ``input_b``, the other is None."""
    found = traced(
        tmp_path,
        "ttnn.multiply",
        {"arg0": tensor_v2([1, 32]), "arg1": 2.5},
        {"arg0": tensor_v2([1, 32]), "arg1": tensor_v2([32, 32])},
        {"input_tensor_a": tensor_v2([1, 32]), "input_tensor_b": tensor_v2([1, 32]), "dtype": None},
    )

    assert [(row["input_b_shape"], row["scalar"]) for row in found] == [(None, 2.5), ([32, 32], None), ([1, 32], None)]
    assert found[0]["input_b_memory_config"] is None
    assert all(unavailable(row) == {} for row in found)


def test_a_host_tensor_has_no_memory_config(sample: SimpleNamespace) -> None:
    """Its memory configuration is None, with which ``from_torch`` leaves it on the host."""
    hosts = [row for row in rows("pad") if row["input_a_memory_config"] is None]

    assert len(hosts) == 7
    assert all(row["input_a_shape"] and row["input_a_layout"].name == "ROW_MAJOR" for row in hosts)


def test_a_tensor_on_many_devices_is_unavailable() -> None:
    """The shards of a mesh are not the traced call on one device."""
    meshes = [unavailable(row) for row in rows("add", assume_defaults=ACTIVATIONS)[6:]]

    assert len(meshes) == 4
    assert all("4x8 mesh" in reasons["input_a_shape"] for reasons in meshes)


@pytest.mark.parametrize(
    ("change", "name", "reason"),
    [
        ({"original_dtype": "DataType.FLOAT7"}, "input_a_dtype", "no DataType.FLOAT7"),
        ({"original_dtype": "DataType.__class__"}, "input_a_dtype", "no DataType.__class__"),
        ({"layout": None}, "input_a_layout", "tells the tensor's layout"),
        ({"memory_config": None}, "input_a_memory_config", "no memory configuration"),
        (
            {"memory_config": {"memory_layout": "TensorMemoryLayout.HEIGHT_SHARDED", "buffer_type": "BufferType.L1"}},
            "input_a_memory_config",
            "without its shards",
        ),
        (
            {
                "memory_config": {
                    "memory_layout": "TensorMemoryLayout.HEIGHT_SHARDED",
                    "buffer_type": "BufferType.L1",
                    "shard_spec": {
                        "grid": [{"start": {"x": 3, "y": 3}, "end": {"x": 0, "y": 0}}],
                        "shape": [32, 32],
                        "orientation": "ROW_MAJOR",
                    },
                }
            },
            "input_a_memory_config",
            "ttnn refuses the recorded MemoryConfig: Invalid core range",
        ),
    ],
)
def test_what_ttnn_lacks_or_refuses_is_unavailable(
    tmp_path: Path, change: dict[str, object], name: str, reason: str
) -> None:
    """No dtype, layout or sharding is ever replaced: exactly that parameter holds the reason."""
    [row] = traced(tmp_path, "relu", {"arg0": tensor_v2([1, 32], **change)})

    assert list(unavailable(row)) == [name]
    assert reason in unavailable(row)[name]


def test_values_that_vectors_dont_carry_make_the_call_unavailable(tmp_path: Path) -> None:
    """A hidden argument with another value than ttnn's default, or arguments of no known form, are not dropped."""
    hidden, unknown, fine = traced(
        tmp_path,
        "add",
        {"arg0": tensor_v2([1]), "arg1": 1, "activations": ["relu"]},
        {"arg0": tensor_v2([1]), "arg1": 1, "surprise": 3},
        {"arg0": tensor_v2([1]), "arg1": 1, "activations": [], "surprise": None},
    )

    assert "'activations'" in unavailable(hidden)["input_a_shape"]
    assert "fit no known form of add" in unavailable(unknown)["input_a_shape"]
    assert unavailable(fine) == {}


def test_a_call_without_a_required_argument_fits_no_form(tmp_path: Path) -> None:
    """permute without its order is no permute: the vector is skipped, not run with something else."""
    [row] = traced(tmp_path, "permute", {"arg0": tensor_v2([1, 32])})

    assert "fit no known form of permute" in unavailable(row)["input_a_shape"]


def test_a_queue_in_front_is_passed_over(tmp_path: Path) -> None:
    """Older libraries passed the command queue first, printed as a control character."""
    path = tmp_path / "own.json"
    tensor_v1 = {"Tensor": {"shape": [1, 32], "dtype": "DataType::BFLOAT16", "layout": "Layout::TILE"}}
    call = [{"arg0": "\x00"}, {"arg1": tensor_v1}, {"arg2": "[0, 1]"}]
    path.write_text(json.dumps({"operations": {"ttnn::permute": {"configurations": [call]}}}))

    [row] = rows("permute", master_file_path=path)

    assert (row["input_a_shape"], row["dims"]) == ([1, 32], [0, 1])


def test_an_operation_without_a_signature_passes_everything_through(tmp_path: Path, ttnn: Any) -> None:
    """Tensors get letters, positional values their place, keywords their name; what only others pass is marked."""
    first, second = traced(
        tmp_path,
        "ttnn.experimental.mystery",
        {"arg0": tensor_v2([1]), "arg1": 7, "arg2": tensor_v2([2]), "mask": tensor_v2([3]), "mode": "fast"},
        {"arg0": tensor_v2([4]), "arg1": None, "epsilon": 0.5, "nothing": None, "device": {"type": "ttnn.MeshDevice"}},
    )

    assert list(first) == [
        *(f"input_a_{part}" for part in ("shape", "dtype", "layout", "memory_config")),
        *(f"input_b_{part}" for part in ("shape", "dtype", "layout", "memory_config")),
        *(f"mask_{part}" for part in ("shape", "dtype", "layout", "memory_config")),
        "arg1",
        "mode",
        "epsilon",
        "traced_config_name",
    ]
    assert (first["arg1"], first["mode"], first["epsilon"], first["mask_shape"]) == (7, "fast", NOT_PASSED, [3])
    assert (second["arg1"], second["mode"], second["epsilon"], second["mask_shape"]) == (None, NOT_PASSED, 0.5, None)


def test_a_list_of_tensors_gives_lists(tmp_path: Path, ttnn: Any) -> None:
    """concat's tensors are one argument, so each of its four parameters is a list."""
    [row] = traced(tmp_path, "concat", {"arg0": [tensor_v2([1, 32]), tensor_v2([2, 32])], "dim": 0})

    assert row["tensors_shape"] == [[1, 32], [2, 32]]
    assert row["tensors_dtype"] == [ttnn.DataType.BFLOAT16] * 2
    assert row["dim"] == 0


def test_fused_activations_and_unknown_objects(tmp_path: Path, ttnn: Any) -> None:
    """A fused activation is rebuilt; an object of a type that nobody listed is never constructed by name."""
    program = {"type": "MatmulMultiCoreReuseMultiCastProgramConfig", "fuse_batch": 1}
    activation = "UnaryWithParam(op_type=UnaryOpType::GELU, params=[1])"
    good, bad = traced(
        tmp_path,
        "matmul",
        {"arg0": tensor_v2([1]), "arg1": tensor_v2([1]), "program_config": {**program, "fused_activation": activation}},
        {"arg0": tensor_v2([1]), "arg1": tensor_v2([1]), "program_config": {"type": "open_device", "device_id": 0}},
    )

    fused = good["program_config"].keywords["fused_activation"]
    assert fused.positional == (ttnn.UnaryOpType.GELU, 1)
    assert "can't be rebuilt" in unavailable(bad)["program_config"]


def test_no_configurations_is_one_visible_empty_suite() -> None:
    """The module still imports, the suite is empty, and one warning says why and what to do."""
    with pytest.warns(TracedConfigWarning, match=r"No configurations found for operation 'sigmoid'.*sigmoid_accurate"):
        assert traced_parameters("sigmoid") == {"traced_config_name": []}


@pytest.mark.parametrize("operation", sorted(SIGNATURES))
def test_signatures_are_consistent(operation: str) -> None:
    """Names are unique, the first parameter is a tensor, and what vectors don't carry has a default."""
    parameters = SIGNATURES[operation].parameters
    columns = [parameter.scalar or parameter.name for parameter in parameters]

    assert len(columns) == len(set(columns))
    assert parameters[0].is_tensor
    assert all(parameter.default is not ABSENT for parameter in parameters if not parameter.is_shown)
    assert all(parameter.kind is not device or not parameter.is_shown for parameter in parameters)
    assert sum(parameter.kind is tensor for parameter in parameters) <= 6
