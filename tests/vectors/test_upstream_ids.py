"""Upstream's ids: its own examples, its algorithm written out, and nothing serialised twice."""

from __future__ import annotations

import enum
import json
from hashlib import sha224
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.module import VALID, Verdict
from pytest_ttnn_sweeps.vectors.suite import Suite, read_suite
from pytest_ttnn_sweeps.vectors.upstream import FLAVOURS, Flavour, UpstreamIds, serialised, summary_hash, with_names


class Printed:
    """Prints as a ttnn enum's member does."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class MemoryConfig:
    """Has a ``to_json``, as ttnn's has."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    def to_json(self) -> str:
        self.asked += 1
        return self.text


MemoryConfig.__module__ = "ttnn._ttnn.tensor"
DRAM_2025 = '{"buffer_type":0,"created_with_nd_shard_spec":false,"memory_layout":0}'
DRAM = '{"buffer_type":0,"created_with_nd_shard_spec":false,"memory_layout":0,"per_core_allocation":false}'


def ids_of(suite: Suite, flavour: Flavour, *, module: str = "eltwise.demo.demo") -> UpstreamIds:
    return UpstreamIds(module, suite, flavour, place="demo.py")


def suite_of(declaration: dict[str, list[Any]], name: str = "demo") -> Suite:
    return read_suite(name, declaration, place="demo.py")


@pytest.mark.parametrize(
    ("flavour", "expected"),
    [
        ("dump-file", "4bc74d81c2205ac34b608ed34af8c1e2cc415e8b547c461eb0bb5c82"),
        ("json", "08d7dae30a319b215c24c87f7f00c5552ba6469b768bfdc0fd22be06"),
    ],
)
def test_ids_of_a_known_vector(flavour: Flavour, expected: str) -> None:
    """The same vector's ids in both eras, computed by upstream's rules outside this project."""
    suite = suite_of(
        {
            "height": [32],
            "dtype": [Printed("DataType.BFLOAT16")],
            "mem": [MemoryConfig(DRAM_2025)],
            "broadcast": [None],
        }
    )
    assert ids_of(suite, flavour).of(0, VALID) == expected


@pytest.mark.parametrize(
    ("flavour", "expected"),
    [
        ("dump-file", "9e377f35197c9bc2a1b6da7aff28bc1cd15a60f0b8ff5d25e1cdebf3"),
        ("elasticsearch", "1c5a5d3c468b1e847762a05120b73028731ed2e83b96cec08cbc135f"),
    ],
)
def test_ids_of_the_first_vector_of_tilize(flavour: Flavour, expected: str) -> None:
    """What upstream's generator gave for a real module, with ttnn 0.81.1."""
    suite = suite_of(
        {
            "input_shape": [[4, 7, 32, 64]],
            "input_a_dtype": [Printed("DataType.BFLOAT16")],
            "input_a_layout": [Printed("Layout.ROW_MAJOR")],
            "input_a_memory_config": [MemoryConfig(DRAM)],
            "output_memory_config": [MemoryConfig(DRAM)],
        },
        "nightly",
    )
    assert ids_of(suite, flavour, module="tilize").of(0, VALID) == expected


def written_out(module: str, suite: Suite, index: int, verdict: Verdict, flavour: Flavour) -> str:
    """Upstream's algorithm with nothing prepared."""
    invalid, reason = verdict
    validity = "INVALID" if invalid else "VALID"
    vector = suite.vector(index) | {
        "suite_name": suite.name,
        "validity": validity if flavour == "json" else f"VectorValidity.{validity}",
        "invalid_reason": reason,
        "status": "VectorStatus.CURRENT",
        "sweep_name": module,
    }
    wire = {name: serialised(value, flavour) for name, value in vector.items()}
    if flavour == "json":
        text = json.dumps(wire, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return str(vector.get("config_hash") or sha224(text.encode()).hexdigest())
    return sha224(str(wire).encode()).hexdigest()


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.dictionaries(st.text("ab"), inner),
    max_leaves=5,
)
names = st.sampled_from(["a", "zeta", "input_shape", "t", "vv", "quo'te", "Ünicode"])
reasons = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
verdicts = st.just(VALID) | st.tuples(st.just(True), reasons)


@st.composite
def suites(draw: st.DrawFn) -> Suite:
    declared: dict[str, list[Any]] = draw(st.dictionaries(names, st.lists(plain, max_size=3), max_size=3))
    if draw(st.booleans()):
        declared["xx,config_hash"] = draw(
            st.lists(st.tuples(plain, st.sampled_from(["", "c0ffee"])), min_size=1, max_size=3)
        )
    return suite_of(declared)


@given(suites(), st.sampled_from(FLAVOURS), st.data())
def test_ids_are_those_of_the_algorithm_written_out(suite: Suite, flavour: Flavour, data: st.DataObject) -> None:
    """One by one and all at once, for any names, values, zipped keys and verdicts."""
    given_verdicts = [data.draw(verdicts) for _ in range(suite.size)]
    expected = [
        written_out("eltwise.demo.demo", suite, at, verdict, flavour) for at, verdict in enumerate(given_verdicts)
    ]
    ids = ids_of(suite, flavour)
    assert list(ids.each(given_verdicts)) == expected
    assert [ids.of(at, verdict) for at, verdict in enumerate(given_verdicts)] == expected


def test_nothing_is_serialised_before_an_id_is_asked_for_and_each_value_once_then() -> None:
    """A hundred vectors ask each of their values once."""
    configs = [MemoryConfig(DRAM) for _ in range(10)]
    suite = suite_of({"a": configs, "b": list(range(10))})
    ids = ids_of(suite, "json")
    assert [config.asked for config in configs] == [0] * 10
    assert len(set(ids.each([VALID] * 100))) == 1 * 10
    assert ids.of(99, VALID)
    assert [config.asked for config in configs] == [1] * 10


def test_validity_and_reason_are_part_of_the_id() -> None:
    """As upstream has it: another reason is another vector."""
    ids = ids_of(suite_of({"a": [1]}), "dump-file")
    assert len({ids.of(0, verdict) for verdict in (VALID, (True, None), (True, "x"), (True, ""))}) == 4


@pytest.mark.parametrize("name", ["suite_name", "status", "validity"])
def test_a_parameter_that_upstream_overwrites_is_refused(name: str) -> None:
    """It would vanish from the vector."""
    with pytest.raises(SweepError, match=f"^demo.py: suite 'demo': '{name}' is a key that upstream overwrites"):
        ids_of(suite_of({name: [1]}), "json").of(0, VALID)


def test_a_value_that_cannot_be_written_is_named() -> None:
    """ttnn's to_json raises what it pleases."""

    class Broken:
        def to_json(self) -> str:
            msg = "no\ntext"
            raise RuntimeError(msg)

    with pytest.raises(SweepError, match=r"^demo\.py: suite 'demo': 'a': upstream can't write this Broken: no text$"):
        ids_of(suite_of({"a": [Broken()]}), "json").of(0, VALID)
    # A lone surrogate has no UTF-8.
    with pytest.raises(SweepError, match=r"^demo\.py: suite 'demo': 'a': upstream can't write this str"):
        ids_of(suite_of({"a": ["\ud800"]}), "json").of(0, VALID)


def test_memory_enums_are_named_at_any_depth_and_others_stay_numbers() -> None:
    """Numbers that upstream has no name for say so."""
    data = {"buffer_type": 1, "a": [{"memory_layout": 4}], "orientation": 1, "memory_layout": 77}
    assert with_names(data) == {
        "buffer_type": "L1",
        "a": [{"memory_layout": "BLOCK_SHARDED"}],
        "orientation": 1,
        "memory_layout": "UNKNOWN_MEMORY_LAYOUT_77",
    }


def test_json_keeps_what_json_has_and_prints_the_rest() -> None:
    """Tuples and enums are texts, also within lists; enums of texts are those."""

    class Mode(str, enum.Enum):
        FAST = "fast"

    wire = serialised([1, (1, 2), {"k": Printed("Layout.TILE")}, Mode.FAST], "json")
    assert json.dumps(wire) == '[1, "(1, 2)", {"k": "Layout.TILE"}, "fast"]'


def test_the_summary_of_a_suite_is_of_its_distinct_ids() -> None:
    """Order and repetition don't matter."""
    assert summary_hash(["b", "a", "b"]) == sha224(b"a\nb").hexdigest()
