"""How traced calls are made: by position or keyword, None or absent, with which objects."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pytest_ttnn_sweeps.traced import TracedConfiguration, UnavailableConfiguration, read_master
from pytest_ttnn_sweeps.traced.calling import call_of, make
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.values import (
    ABSENT,
    UNPRINTED,
    Enumerator,
    MemoryConfig,
    Opaque,
    Queue,
    Struct,
    TensorSpec,
)

DRAM = MemoryConfig("INTERLEAVED", "DRAM")
TENSOR = TensorSpec((32, 32), "BFLOAT16", "TILE", DRAM)
DEVICE = Struct("MeshDevice", ())
LOST = Opaque("[ unsupported type , X]", UNPRINTED)


def test_a_call_with_keywords_is_repeated_as_it_stands() -> None:
    configuration = TracedConfiguration("sum", (TENSOR, -1), {"keepdim": True, "memory_config": None})

    call = call_of(configuration)

    assert call.positional == (TENSOR, -1)
    assert call.keywords == {"keepdim": True, "memory_config": None}


def test_a_cpp_call_passes_by_keyword_what_python_takes_by_keyword() -> None:
    """C++ gives every argument its place; nullopt is what nobody passed."""
    dtype = Enumerator("DataType", "BFLOAT16")
    configuration = TracedConfiguration("add", (Queue(0), TENSOR, TENSOR, dtype, None, None, (), (), (), None))

    call = call_of(configuration)

    assert call.positional == (TENSOR, TENSOR)
    assert call.keywords == {"dtype": dtype}


def test_flags_that_cpp_prints_as_numbers_are_bools() -> None:
    configuration = TracedConfiguration("matmul", (TENSOR, TENSOR, 0, 1))

    assert call_of(configuration).keywords == {"transpose_a": False, "transpose_b": True}
    assert type(call_of(configuration).keywords["transpose_b"]) is bool


def test_positions_before_a_required_argument_stay() -> None:
    call = call_of(TracedConfiguration("pad", (TENSOR, (1, 1, 64, 64), (0, 0, 0, 0), 0.0)))

    assert call.positional == (TENSOR, (1, 1, 64, 64), (0, 0, 0, 0), 0.0)
    assert call.keywords == {}


def test_an_operation_that_takes_the_device_takes_keywords_alone() -> None:
    arguments = (TENSOR, TENSOR, DEVICE, 3, 8, 1, 32, 32, (3, 3))

    call = call_of(TracedConfiguration("conv2d", arguments))

    assert call.positional == ()
    assert list(call.keywords)[:4] == ["input_tensor", "weight_tensor", "device", "in_channels"]
    assert make(call, NativeValuesOfNothing(), lambda spec, keyword: keyword, "the device").keywords == {
        "input_tensor": "input_tensor",
        "weight_tensor": "weight_tensor",
        "device": "the device",
        "in_channels": 3,
        "out_channels": 8,
        "batch_size": 1,
        "input_height": 32,
        "input_width": 32,
        "kernel_size": [3, 3],
    }


class NativeValuesOfNothing(NativeValues):
    """Values that need no ttnn."""

    def __init__(self) -> None: ...


def test_an_unknown_operation_is_called_as_recorded_without_queue_and_absent_ends() -> None:
    configuration = TracedConfiguration("brand.new", (Queue(0), TENSOR, None, 3, ABSENT), {"a": ABSENT, "b": None})

    call = call_of(configuration)

    assert call.positional == (TENSOR, None, 3)
    assert call.keywords == {"b": None}


def test_a_position_that_is_not_recorded_makes_the_call_unavailable() -> None:
    with pytest.raises(UnavailableConfiguration, match="argument 1 isn't in the trace, later ones are"):
        call_of(TracedConfiguration("brand.new", (TENSOR, ABSENT, 3)))


def test_what_was_not_printed_is_left_out_only_where_the_default_is_assumed() -> None:
    configuration = TracedConfiguration("add", (TENSOR, TENSOR, None, None, None, LOST))

    assert call_of(configuration, ["activations"]).keywords == {}
    call = call_of(configuration)
    with pytest.raises(UnavailableConfiguration, match="argument 'activations': it can't be read from the trace"):
        make(call, NativeValuesOfNothing(), lambda spec, keyword: spec, None)


def test_tensors_in_lists_are_made_and_mapped() -> None:
    call = call_of(TracedConfiguration("concat", ((TENSOR, TENSOR),), {"dim": -1}))

    made = make(call, NativeValuesOfNothing(), lambda spec, keyword: "tensor", None)

    assert made.positional == [["tensor", "tensor"]]
    assert made.mapped(lambda value: (value,)).positional == [[("tensor",), ("tensor",)]]


def test_every_call_of_the_project_master_keeps_its_tensors_and_passes_no_nullopt(
    sample: SimpleNamespace, ttnn: Any
) -> None:
    """None of them passes None where C++ had nullopt, and none loses a tensor."""
    master = read_master(sample.project)
    for operation in master.operations:
        for configuration in master.configurations(operation):
            call = call_of(configuration)
            values = (*call.positional, *call.keywords.values())
            recorded = [value for _, value in configuration.named_arguments()]
            tensors = [value for value in recorded if isinstance(value, TensorSpec)]
            assert [value for value in values if isinstance(value, TensorSpec)] == tensors
            assert configuration.keywords or None not in values
