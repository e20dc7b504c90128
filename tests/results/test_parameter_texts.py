"""Stored parameters as people read them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results.analysis.parameter_text import spelled, spelled_parameters, traits
from pytest_ttnn_sweeps.vectors.codec import encode

DRAM = {
    "ttnn": [
        "MemoryConfig",
        [{"enum": ["ttnn:TensorMemoryLayout", "INTERLEAVED"]}, {"enum": ["ttnn:BufferType", "DRAM"]}, None],
    ]
}


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (None, "None"),
        (True, "True"),
        ("relu", "'relu'"),
        ("a\x1b[0m\nb", "'a\\x1b[0m\\nb'"),
        ([1, 1, 32], "[1, 1, 32]"),
        ({"tuple": [1]}, "(1,)"),
        ({"float": "nan"}, "nan"),
        ({"dict": [["a", 1], ["b", {"tuple": []}]]}, "{'a': 1, 'b': ()}"),
        ({"enum": ["ttnn:DataType", "BFLOAT16"]}, "BFLOAT16"),
        (DRAM, "MemoryConfig(INTERLEAVED, DRAM, None)"),
        ({"ttnn": ["CoreGrid", {"x": 8, "y": 4}]}, "CoreGrid(x=8, y=4)"),
        ({"torch.dtype": "int32"}, "torch.int32"),
        ({"range": [0, 4, 2]}, "range(0, 4, 2)"),
        ({"operation": "ttnn.relu"}, "ttnn.relu"),
        ({"unavailable": "no such class"}, "unavailable: no such class"),
        ({"of a later version": [1]}, '{"of a later version":[1]}'),
        ({"enum": "damaged"}, '{"enum":"damaged"}'),
    ],
)
def test_values_read_as_they_are_written(encoded: Any, text: str) -> None:
    """ttnn's by their names; what isn't known as it is stored."""
    assert spelled(encoded) == text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.binary(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple),
    max_leaves=6,
)


@given(VALUES, VALUES)
def test_other_values_have_other_texts(first: object, second: object) -> None:
    """A table of values must not take two for one."""
    texts = spelled(encode(first)), spelled(encode(second))

    assert (texts[0] == texts[1]) == (json.dumps(encode(first)) == json.dumps(encode(second)))


def test_dicts_are_their_entries() -> None:
    """A sweep's specification is a table of parameters."""
    inner = {"dict": [["shape", [1, 2]], ["layout", {"enum": ["ttnn:Layout", "TILE"]}]]}
    spec = {"spec": {"dict": [["a", inner]]}, "empty": {"dict": []}, "odd": {"dict": [[1, 2]]}}

    assert spelled_parameters(spec) == {
        "spec.a.shape": "[1, 2]",
        "spec.a.layout": "TILE",
        "empty": "{}",
        "odd": "{1: 2}",
    }


def test_traits_are_found_however_deep() -> None:
    """Each once, whichever parameter has them."""
    dtype = {"enum": ["ttnn:DataType", "BFLOAT8_B"]}
    parameters = {"a": dtype, "b": {"dict": [["x", [dtype, {"torch.dtype": "int8"}]]]}, "memory": DRAM, "n": 1}

    assert traits(parameters) == {
        ("DataType", "BFLOAT8_B"),
        ("torch.dtype", "int8"),
        ("TensorMemoryLayout", "INTERLEAVED"),
        ("BufferType", "DRAM"),
    }
