"""Arguments in every spelling become the same typed values, and nothing of them is lost or invented."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.traced.arguments import argument_from_json, argument_from_text, argument_from_unparsed
from pytest_ttnn_sweeps.traced.values import (
    UNPRINTED,
    Core,
    CoreRange,
    Enumerator,
    MemoryConfig,
    NdShardSpec,
    Opaque,
    Placement,
    Queue,
    ShardSpec,
    Struct,
    TensorSpec,
    Value,
    canonical,
    content_hash,
)

DATA = Path(__file__).parents[1] / "data"
GRID = (CoreRange(Core(0, 0), Core(7, 0)), CoreRange(Core(0, 1), Core(6, 1)))
SHARDED = MemoryConfig("WIDTH_SHARDED", "L1", ShardSpec(GRID, (224, 32), "ROW_MAJOR"))
TENSOR = TensorSpec((1, 1, 196, 480), "BFLOAT8_B", "TILE", SHARDED)

CPP_GRID = '{[{"x":0,"y":0} - {"x":7,"y":0}], [{"x":0,"y":1} - {"x":6,"y":1}]}'
CPP_MEMORY = (
    "MemoryConfig(memory_layout=TensorMemoryLayout::WIDTH_SHARDED,buffer_type=BufferType::L1,"
    f"shard_spec=ShardSpec(grid={CPP_GRID},shape={{224, 32}},orientation=ShardOrientation::ROW_MAJOR),"
    "nd_shard_spec=std::nullopt,created_with_nd_shard_spec=0)"
)


def cpp_tensor(page: str, alignment: str, dtype: str = "BFLOAT8_B", storage: str = "DeviceStorage") -> str:
    return (
        f"Tensor(storage={storage}(),tensor_spec=TensorSpec(logical_shape=Shape([1, 1, 196, 480]),"
        f"tensor_layout=TensorLayout(dtype=DataType::{dtype},page_config=PageConfig(config={page}(tile=Tile("
        "tile_shape={32, 32},face_shape={16, 16},num_faces=4))),"
        f"memory_config={CPP_MEMORY},alignment=Alignment({alignment}))))"
    )


def test_tiles_of_another_size_are_not_taken_for_ttnns_own() -> None:
    """A tensor in tiles of 16 by 32 is kept as its text, in every spelling; in rows a tile's size says nothing."""
    tiled, rows = cpp_tensor("TilePageConfig", "[32, 32]"), cpp_tensor("RowMajorPageConfig", "[1]", "BFLOAT16")
    page = {"page_config": {"config": {"tile": {"tile_shape": "{16, 32}"}}}, "dtype": "DataType::BFLOAT16"}
    spec = {"logical_shape": [1, 32], "tensor_layout": {**page, "alignment": [32, 32]}}

    small = argument_from_text(tiled.replace("tile_shape={32, 32}", "tile_shape={16, 32}"))
    from_json = argument_from_json({"Tensor": {"tensor_spec": spec}})

    assert argument_from_text(tiled) == replace(TENSOR, storage="DEVICE", alignment=(32, 32))
    for value in (small, from_json):
        assert isinstance(value, Opaque)
        assert "only tiles of 32 by 32 are made" in value.reason
    assert isinstance(argument_from_text(rows.replace("{32, 32}", "{16, 32}", 1)), TensorSpec)


def unparsed_elements(paths: tuple[Path, ...]) -> list[str]:
    def walk(value: Any) -> list[str]:
        if isinstance(value, dict):
            if "UnparsedElement" in value:
                return [value["UnparsedElement"]["element_info"]]
            return [text for item in value.values() for text in walk(item)]
        return [text for item in value for text in walk(item)] if isinstance(value, list) else []

    return [text for path in paths for text in walk(json.loads(path.read_text()))]


def test_every_unparsed_element_of_the_samples_comes_back_typed(sample: SimpleNamespace) -> None:
    """79 of the 80 texts that older tracers gave up on are tensors and memory configurations with their shards."""
    texts = unparsed_elements(sample.every)

    values = [argument_from_unparsed(text) for text in texts]

    opaque = [value for _, value in values if isinstance(value, Opaque)]
    typed = [value for _, value in values if isinstance(value, (TensorSpec, MemoryConfig))]
    assert (len(texts), len(typed), len(opaque)) == (80, 79, 1)
    assert all(name and name.startswith("arg") for name, _ in values)
    assert '"SDPAProgramConfig"' in opaque[0].text
    assert opaque[0].text in texts, "what can't be read stays verbatim"
    for value in typed:
        memory_config = value.memory_config if isinstance(value, TensorSpec) else value
        assert memory_config is not None
        assert memory_config.shard_spec is not None


def test_a_rewritten_text_is_the_tensor_that_was_printed() -> None:
    """The half-JSON of an ``UnparsedElement``, the C++ text and clean JSON are one tensor with one hash."""
    json_grid = [[{"x": 0, "y": 0}, {"x": 7, "y": 0}], [{"x": 0, "y": 1}, {"x": 6, "y": 1}]]
    fields = {
        "memory_layout": "TensorMemoryLayout::WIDTH_SHARDED",
        "buffer_type": "BufferType::L1",
        "shard_spec": {"grid": json_grid, "shape": "[224, 32]", "orientation": "ShardOrientation::ROW_MAJOR"},
        "nd_shard_spec": "std::nullopt",
        "created_with_nd_shard_spec": 0,
    }
    clean = {
        "Tensor": {
            "storage": {},
            "tensor_spec": {
                "logical_shape": [1, 1, 196, 480],
                "tensor_layout": {"dtype": "DataType::BFLOAT8_B", "memory_config": fields, "alignment": [32, 32]},
            },
        }
    }
    rewritten = json.dumps({"arg0": clean}, separators=(",", ":")).replace('{"arg0":', '{"arg0": ')
    rewritten = rewritten.replace(json.dumps(json_grid, separators=(",", ":")), CPP_GRID)

    values = [
        argument_from_text(cpp_tensor("TilePageConfig", "[32, 32]")),
        argument_from_json(clean),
        argument_from_unparsed(rewritten)[1],
        argument_from_json(
            {
                "type": "ttnn.Tensor",
                "original_shape": [1, 1, 196, 480],
                "original_dtype": "DataType.BFLOAT8_B",
                "layout": "Layout.TILE",
                "storage_type": "StorageType.DEVICE",
                "memory_config": {
                    "memory_layout": "TensorMemoryLayout.WIDTH_SHARDED",
                    "buffer_type": "BufferType.L1",
                    "shard_spec": {
                        "grid": [
                            {"start": {"x": 0, "y": 0}, "end": {"x": 7, "y": 0}},
                            {"start": {"x": 0, "y": 1}, "end": {"x": 6, "y": 1}},
                        ],
                        "shape": [224, 32],
                        "orientation": "ROW_MAJOR",
                    },
                    "hash": 1234,
                },
            }
        ),
        argument_from_text(
            "ttnn.Tensor(shape=Shape([1, 1, 196, 480]), dtype=DataType.BFLOAT8_B, layout=Layout.TILE, "
            f"memory_config={CPP_MEMORY}, storage_type=StorageType.DEVICE, tensor_id=17, mesh_shape=MeshShape([1, 1]), "
            "placements=['PlacementReplicate()'])"
        ),
    ]

    for value in values:
        assert isinstance(value, TensorSpec), value
        assert value.memory_config == SHARDED
        assert content_hash(canonical(value)) == content_hash(canonical(TENSOR))


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (cpp_tensor("TilePageConfig", "[32]", "BFLOAT16"), "TILE"),
        (cpp_tensor("RowMajorPageConfig", "[32, 32]", "BFLOAT16"), "ROW_MAJOR"),
        (cpp_tensor("PageConfig", "[49]", "BFLOAT16"), "ROW_MAJOR"),
        (cpp_tensor("PageConfig", "[224, 32]", "BFLOAT16"), "TILE"),
        (cpp_tensor("PageConfig", "[3, 5]", "BFLOAT16"), None),
        (cpp_tensor("PageConfig", "[3, 5]", "BFLOAT4_B"), "TILE"),
        (cpp_tensor("TilePageConfig", "[1]", "BFLOAT16")[:-1] + ", layout=Layout::ROW_MAJOR)", "ROW_MAJOR"),
    ],
)
def test_the_layout_comes_from_the_best_evidence(text: str, layout: str | None) -> None:
    """The layout field beats the page configuration, that beats the alignment; without evidence it is unknown."""
    value = argument_from_text(text)

    assert isinstance(value, TensorSpec)
    assert value.layout == layout


def test_the_alignment_rule_agrees_with_every_recorded_layout(sample: SimpleNamespace) -> None:
    """Where the December 2025 sample records both, recovering from the alignment gives the recorded layout."""
    agreed = 0
    for operation in json.loads((sample.directory / "traced_master_sample_source_schema.json").read_text())[
        "operations"
    ].values():
        for configuration in operation["configurations"]:
            for argument in configuration["arguments"]:
                tensor = argument.get("arg0", {}).get("Tensor") if isinstance(argument.get("arg0"), dict) else None
                if tensor and "layout" in tensor:
                    recorded = argument_from_json({"Tensor": tensor})
                    recovered = argument_from_json({"Tensor": {k: v for k, v in tensor.items() if k != "layout"}})
                    assert isinstance(recorded, TensorSpec)
                    assert isinstance(recovered, TensorSpec)
                    assert recovered.layout == recorded.layout
                    agreed += 1
    assert agreed >= 7


@pytest.mark.parametrize(
    ("storage", "expected"), [("DeviceStorage", "DEVICE"), ("HostStorage", "HOST"), ("OwnedStorage", "HOST")]
)
def test_storage_is_kept_where_the_text_has_it(storage: str, expected: str) -> None:
    """A tensor's C++ storage type tells host from device; the rewritten ``{}`` tells nothing."""
    value = argument_from_text(cpp_tensor("TilePageConfig", "[32, 32]", storage=storage))

    assert isinstance(value, TensorSpec)
    assert value.storage == expected
    assert argument_from_json({"Tensor": {"storage": {}, "shape": [1], "dtype": "BFLOAT16"}}) == TensorSpec(
        (1,), "BFLOAT16", None, None
    )


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("\x00", Queue(0)),
        ("nullopt", None),
        ("[ unsupported type , std::reference_wrapper<std::nullopt_t const>]", None),
        ("-2", -2),
        ("DataType::BFLOAT8_B", Enumerator("DataType", "BFLOAT8_B")),
        ("[[0, 0], [0, 13]]", ((0, 0), (0, 13))),
        ("SmallVector([0, 2, 3, 1])", (0, 2, 3, 1)),
        ("ttnn.CoreGrid(x=8, y=7)", Struct("CoreGrid", (("x", 8), ("y", 7)))),
        ("[ unsupported type , X]", Opaque("[ unsupported type , X]", UNPRINTED)),
        ("<nullopt>", None),
        (
            "[ unsupported type , V<std::nullopt_t, int>]",
            Opaque("[ unsupported type , V<std::nullopt_t, int>]", UNPRINTED),
        ),
        ({"Shape": [1, 32]}, (1, 32)),
        ({"Shape": {"shape": [1, 32]}}, (1, 32)),
        ({"unsupported type": "X"}, Opaque("X", UNPRINTED)),
        ({"type": "DataType", "repr": "DataType.BFLOAT16"}, Enumerator("DataType", "BFLOAT16")),
        ({"type": "CoreGrid", "value": "ttnn.CoreGrid(x=8, y=7)"}, Struct("CoreGrid", (("x", 8), ("y", 7)))),
        ("nearest", "nearest"),
        ("inf", float("inf")),
        ("torch.float32", "torch.float32"),
        (
            {"math_fidelity": "LoFi", "math_approx_mode": "True"},
            Struct("", (("math_fidelity", Enumerator("MathFidelity", "LoFi")), ("math_approx_mode", True))),
        ),
    ],
)
def test_other_arguments(raw: object, value: Value) -> None:
    """Scalars, lists, enumerators, configurations and what could not be printed, in both eras' spellings."""
    read = argument_from_text(raw) if isinstance(raw, str) else argument_from_json(raw)

    assert read == value


def test_a_plain_string_of_a_later_master_stays_one() -> None:
    """A Python string argument that is no notation (an einsum equation) isn't opaque."""
    assert argument_from_json("ij,jk->ik") == "ij,jk->ik"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"shard_spec": {"grid": [], "shape": [1, 2], "orientation": "ROW_MAJOR"}}, "grid .* is empty"),
        ({"shard_spec": {"grid": [{"x": 0, "y": 0}], "shape": [1, 2], "orientation": "ROW_MAJOR"}}, "no core range"),
        ({"shard_spec": {"grid": CPP_GRID, "shape": [1, 2, 3], "orientation": "ROW_MAJOR"}}, "height and a width"),
        ({"shard_spec": {"grid": CPP_GRID, "shape": [1, 2]}}, "'orientation' is missing"),
        ({"shard_spec": "gibberish ("}, "expected"),
        ({"buffer_type": None}, "'buffer_type' is missing"),
        ({"memory_layout": "Layout::TILE"}, "is no TensorMemoryLayout"),
    ],
)
def test_a_damaged_memory_config_is_opaque_with_a_reason(change: dict[str, object], reason: str) -> None:
    """Nothing falls back to interleaved: the argument keeps its text and says what is wrong with it."""
    fields = {"memory_layout": "TensorMemoryLayout::WIDTH_SHARDED", "buffer_type": "BufferType::L1", **change}

    value = argument_from_json({"MemoryConfig": fields})

    assert isinstance(value, Opaque)
    assert json.loads(value.text) == {"MemoryConfig": fields}
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(value.reason)


def test_nd_shards_and_meshes_are_kept() -> None:
    """An n-dimensional shard specification of its own defines the configuration; a mesh placement is recorded."""
    memory = argument_from_text(
        "MemoryConfig(memory_layout=TensorMemoryLayout::ND_SHARDED,buffer_type=BufferType::L1,shard_spec=std::nullopt,"
        'nd_shard_spec={"shard_shape":[2, 64, 32],"grid":[{"start":{"x":0,"y":0},"end":{"x":7,"y":0}}],'
        '"orientation":"ShardOrientation::COL_MAJOR","shard_distribution_strategy":"ShardDistributionStrategy::GRID_2D"},'
        "created_with_nd_shard_spec=1,per_core_allocation=0,range_lockstep_allocation=0)"
    )
    tensor = argument_from_json(
        {
            "type": "ttnn.Tensor",
            "original_shape": [1],
            "original_dtype": "DataType.UINT32",
            "tensor_placement": {
                "placement": "['PlacementShard(2)', 'PlacementReplicate']",
                "mesh_device_shape": "[4, 8]",
            },
        }
    )

    assert isinstance(memory, MemoryConfig)
    assert memory.defining_spec == NdShardSpec((GRID[0],), (2, 64, 32), "COL_MAJOR", "GRID_2D")
    assert isinstance(tensor, TensorSpec)
    assert tensor.placement == Placement((4, 8), ("PlacementShard(2)", "PlacementReplicate"))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Tensor",
                    "Shape",
                    "type",
                    "repr",
                    "x",
                    "y",
                    "start",
                    "end",
                    "shape",
                    "dtype",
                    "tensor_spec",
                    "memory_config",
                    "memory_layout",
                    "buffer_type",
                    "shard_spec",
                    "grid",
                    "UnparsedElement",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(deadline=None)
@given(json_values)
def test_any_json_is_a_value_with_an_identity(raw: Any) -> None:
    """Whatever a master holds in an argument's place, reading it raises nothing and the result can be hashed."""
    value = argument_from_json(raw)

    assert len(content_hash(canonical(value))) == 64
    assert hash(value) == hash(argument_from_json(raw)) or value != value


def test_json_as_deep_as_the_parser_allows_is_a_value() -> None:
    """With little of the stack left it is an opaque one, never a ``RecursionError``."""
    raw: Any = 1
    for _ in range(190):
        raw = {"a": raw}

    def with_frames_left(count: int) -> Value:
        return argument_from_json(raw) if count == 0 else with_frames_left(count - 1)

    assert isinstance(with_frames_left(sys.getrecursionlimit() - 400), Opaque)


@pytest.mark.parametrize(
    ("one", "other"), [(1, True), (0, False), (2, 2.0), ((1, 0.0), (True, 0)), (None, None), (-0.0, 0)]
)
def test_numbers_are_identified_by_value(one: Value, other: Value) -> None:
    """C++ prints flags and whole floats as integers, so these must not make two configurations."""
    assert content_hash(canonical(one)) == content_hash(canonical(other))


@given(st.lists(st.integers(0, 3), min_size=2, max_size=2, unique=True))
def test_what_matters_is_in_the_identity(differences: list[int]) -> None:
    """Range order, shard shape, host storage and layout each make another configuration."""
    variants = [
        TENSOR,
        TensorSpec(
            (1, 1, 196, 480),
            "BFLOAT8_B",
            "TILE",
            MemoryConfig("WIDTH_SHARDED", "L1", ShardSpec(GRID[::-1], (224, 32), "ROW_MAJOR")),
        ),
        TensorSpec((1, 1, 196, 480), "BFLOAT8_B", "TILE", SHARDED, storage="HOST"),
        TensorSpec((1, 1, 196, 480), "BFLOAT8_B", "ROW_MAJOR", SHARDED),
    ]
    one, other = (content_hash(canonical(variants[index])) for index in differences)

    assert one != other
