"""Values of vector files: every written form is read back, and nothing in a file runs, hangs or crashes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.provider import choose, provide, withdraw
from pytest_ttnn_sweeps.vectors.codec import canonical_text
from pytest_ttnn_sweeps.vectors.wire import MAX_TEXT, UnreadableValue, read_value

DATA = Path(__file__).parents[1] / "data" / "ttnn_upstream_texts.json"
READABLE = (
    *("data type", "layout", "shard strategy", "math fidelity", "bcast math", "unary operation type"),
    *("coordinate", "range", "range set", "empty range set", "grid", "shape", "empty shape", "shard spec"),
    *("dram", "l1", "height sharded without spec", "height sharded", "block sharded"),
    *("matmul", "matmul on some cores", "matmul multicast", "matmul multicast 1d", "matmul dram sharded"),
)
"""The values of ``ttnn_values.py`` that need no module's declaration to be read."""
PROGRAM = """
import json, runpy, sys
from pytest_ttnn_sweeps.devices.provider import choose, provide
provide(choose("emulated"))
import ttnn
from pytest_ttnn_sweeps.vectors.codec import canonical_text
from pytest_ttnn_sweeps.vectors.wire import read_value
module = runpy.run_path(sys.argv[1])
expected = module["canonical_texts"](ttnn)
for name, wires in json.load(open(sys.argv[2])).items():
    for flavour in ("dump-file", "json"):
        if name in sys.argv[3:]:
            read = canonical_text(read_value(json.loads(json.dumps(wires[flavour]))))
            assert read == expected[name], (name, flavour, read, expected[name])
"""


@pytest.fixture(scope="module")
def ttnn() -> Iterator[Any]:
    finder = provide(choose("emulated"))
    try:
        yield import_module("ttnn")
    finally:
        withdraw(finder)


def test_the_wheels_own_texts_are_read_back() -> None:
    """What upstream writes for ttnn's objects, recorded from the wheel, gives objects equal to those."""
    values = Path(__file__).with_name("ttnn_values.py")
    arguments = [sys.executable, "-c", PROGRAM, str(values), str(DATA), *READABLE]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert set(READABLE) <= json.loads(DATA.read_text()).keys()


finite = st.floats(allow_nan=False, allow_infinity=False)
# Python's own reading of a complex number loses the sign of a zero.
complexes = st.builds(complex, finite.filter(bool), finite.filter(bool))
literals = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | complexes,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.integers() | st.text(), inner, max_size=3)
    ),
    max_leaves=20,
)


@given(literals)
def test_the_text_of_a_literal_is_that_literal(value: Any) -> None:
    """2025's files hold every plain value as its text."""
    read = read_value(str(value))
    assert type(read) is type(value)
    assert repr(read) == repr(value)


native = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)


@given(native)
def test_json_values_are_themselves(value: Any) -> None:
    """Newer files hold plain values as JSON, also nested."""
    assert canonical_text(read_value(json.loads(json.dumps(value)))) == canonical_text(value)


@pytest.mark.parametrize(
    "text",
    [
        *("sum", "max", "min", "mean", "std", "var", "len", "id", "nan", "inf", "hw", "relu", "", " ", "...", "a b"),
        *("__import__('os').system('false')", "open('x')", "(lambda: 1)()", "1 if True else 2", "[x for x in (1,)]"),
        *("1 + 1", "2 ** 99999999", "f'{1}'", "a.b", "os.system", "sys.modules", "no.such.thing", "torch.load"),
        *("().__class__", "{1}.pop()", "[1][0]", "()()", "'a' % 1", "1if 1else 2", "0777", "\\", "'", "#", "\x00"),
        *("torch.nothing", "CoreGrid(x=1)", "ttnn.CoreGrid(x=1, y=open)", "ttnn.relu", "Ellipsis", "b'", "rb''x"),
    ],
)
def test_what_is_no_value_stays_the_text_it_is(text: str, ttnn: Any) -> None:
    """Code, names and almost-literals: none of it runs."""
    assert read_value(text) == text


def test_enum_members_and_dtypes_come_by_name(ttnn: Any) -> None:
    """Whatever module ttnn keeps the class in."""
    assert read_value("DataType.BFLOAT16") is ttnn.bfloat16
    assert read_value("ttnn.DataType.BFLOAT16") is ttnn.bfloat16
    assert read_value("ttnn._ttnn.tensor.DataType.BFLOAT16") is ttnn.bfloat16
    assert read_value(["TensorMemoryLayout.BLOCK_SHARDED"]) == [ttnn.TensorMemoryLayout.BLOCK_SHARDED]
    assert read_value("ShardStrategy.HEIGHT") is ttnn.ShardStrategy.HEIGHT
    assert read_value("torch.bfloat16") is torch.bfloat16


def test_older_texts_of_memory_configs_are_read(ttnn: Any) -> None:
    """2025's shard specifications have a mode, and their memory configs fewer fields."""
    grid = [{"start": {"x": 0, "y": 0}, "end": {"x": 3, "y": 3}}]
    spec = {"grid": grid, "shape": [64, 32], "orientation": 0, "mode": 0, "physical_shard_shape": None}
    data = {"buffer_type": "L1", "created_with_nd_shard_spec": False, "memory_layout": "BLOCK_SHARDED"}
    for name in ("MemoryConfig", "ttnn.MemoryConfig", "ttnn._ttnn.tensor.MemoryConfig"):
        read = read_value({"type": name, "data": data | {"shard_spec": spec}})
        assert read.memory_layout is ttnn.TensorMemoryLayout.BLOCK_SHARDED
        assert read.buffer_type is ttnn.BufferType.L1
        assert list(read.shard_spec.shape) == [64, 32]
    with pytest.raises(UnreadableValue, match="logical shards"):
        read_value({"type": "ShardSpec", "data": spec | {"mode": 1}})


COORDINATE = {"x": 1, "y": 2}


@pytest.mark.parametrize(
    ("wire", "reason"),
    [
        ("DataType.BFLOAT61", "ttnn.DataType has no member 'BFLOAT61'; it has BFLOAT16"),
        ({"type": "ttnn._ttnn.tensor.Tensor", "data": {}}, "objects of ttnn.Tensor aren't read; there is CoreCoord"),
        ({"type": "ttnn._ttnn.tensor.NdShardSpec", "data": {}}, "objects of ttnn.NdShardSpec aren't read"),
        ({"type": "ttnn.CoreCoord", "data": {"x": 1}}, "is no ttnn.CoreCoord: ValueError: expected the fields x, y"),
        ({"type": "ttnn.CoreCoord", "data": [1, 2]}, "is no ttnn.CoreCoord: ValueError: expected the fields x, y"),
        ({"type": "ttnn.CoreCoord", "data": {"x": -1, "y": 0}}, "expected a natural number, not -1"),
        ({"type": "ttnn.CoreCoord", "data": {"x": True, "y": 0}}, "expected a natural number, not True"),
        ({"type": "ttnn.CoreCoord", "data": {"x": 2**80, "y": 0}}, "expected a natural number"),
        ({"type": "ttnn.CoreRangeSet", "data": COORDINATE}, "TypeError: expected a list of ranges"),
        ({"type": "MemoryConfig", "data": {"buffer_type": "DRAM"}}, "expected the fields memory_layout"),
        (
            {"type": "MemoryConfig", "data": {"buffer_type": "UNKNOWN_BUFFER_TYPE_9", "memory_layout": 0}},
            "is no ttnn.MemoryConfig: KeyError",
        ),
        (
            {"type": "MemoryConfig", "data": {"buffer_type": 0, "memory_layout": 0, "nd_shard_spec": {"a": 1}}},
            "n-dimensional shards and per-core allocation aren't read",
        ),
        ({"type": "ttnn-sweeps 1", "data": {"enum": ["os:path", "x"]}}, "is no encoded value"),
        ({"type": "ttnn-sweeps 1", "data": {"eval": "1"}}, "is no encoded value"),
        ("[" * 40 + "]" * 40, "nests deeper than 32 levels"),
        ("9" * (MAX_TEXT + 1), f"a text of {MAX_TEXT + 1} characters"),
    ],
)
def test_what_cannot_be_read_is_said(wire: Any, reason: str, ttnn: Any) -> None:
    """One line that says what was expected."""
    with pytest.raises(UnreadableValue) as raised:
        read_value(wire)
    assert reason in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_dict_that_happens_to_have_a_type_and_data_is_a_dict() -> None:
    """Only ttnn's classes are objects."""
    assert read_value({"type": "conv", "data": "[1]"}) == {"type": "conv", "data": [1]}


deep = st.sampled_from(["(", "[", "{", "-", "+", "~", "not ", "1-", "1+", "a.", "()", "[0]", "1**", "'a'", "1,", "{1:"])


@given(deep, st.integers(1, 40_000), st.sampled_from(["", "1"]))
def test_deep_texts_take_no_deep_stack(piece: str, count: int, end: str) -> None:
    """Repeated openings, signs, sums, calls: a text, a refusal or a literal, and the process goes on."""
    with suppress(UnreadableValue):
        read_value((piece * count)[: MAX_TEXT - 1] + end)


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | deep,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text() | st.sampled_from(["type", "data"]), inner, max_size=4)
        | st.fixed_dictionaries(
            {
                "type": st.sampled_from(
                    ["MemoryConfig", "ttnn._ttnn.tensor.ShardSpec", "ttnn.CoreRange", "ttnn.exec", "ttnn-sweeps 1"]
                ),
                "data": inner
                | st.dictionaries(
                    st.sampled_from(["x", "y", "start", "end", "grid", "shape", "orientation", "buffer_type"]), inner
                ),
            }
        )
    ),
    max_leaves=20,
)


@given(json_like)
def test_any_json_is_read_or_refused(ttnn: Any, wire: Any) -> None:
    """Nothing but ``UnreadableValue`` comes out."""
    with suppress(UnreadableValue):
        read_value(wire)
