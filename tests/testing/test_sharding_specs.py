from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.testing import gen_sharded_spec_unary, invalidate_vector_sharding, parse_sharding_spec, sharding

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "upstream_sharding_specs.json").read_text())


@pytest.fixture
def ttnn(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The names of ttnn that a spec is parsed into."""
    module = ModuleType("ttnn")
    vars(module).update(
        CoreGrid=lambda *, y, x: [x, y],
        ShardStrategy=SimpleNamespace(BLOCK="BLOCK", WIDTH="WIDTH", HEIGHT="HEIGHT"),
        ShardOrientation=SimpleNamespace(ROW_MAJOR="ROW_MAJOR", COL_MAJOR="COL_MAJOR"),
        TILE_LAYOUT="TILE",
        ROW_MAJOR_LAYOUT="ROW_MAJOR",
    )
    monkeypatch.setitem(sys.modules, "ttnn", module)
    return module


def generated(case):
    random.seed(case["seed"])
    return gen_sharded_spec_unary(*case["args"], **case["kwargs"])


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"seed{case['seed']}")
def test_equal_upstreams(case):
    """For one seed the specs are upstream's, key order included, after the same number of draws."""
    specs = generated(case)

    assert [list(spec.values()) for spec in specs] == case["specs"]
    assert all(list(spec) == case["keys"] for spec in specs)
    assert random.random() == case["next_random"]


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"seed{case['seed']}")
def test_validity_equals_upstreams(case):
    """The same specs are invalid as upstream; each invalid one has a reason, and no valid one."""
    verdicts = [invalidate_vector_sharding(spec) for spec in generated(case)]

    assert [invalid for invalid, _ in verdicts] == case["invalid"]
    assert all((reason is not None) == invalid for invalid, reason in verdicts)


@pytest.mark.parametrize("case", [case for case in RECORDED if case["parsed"]], ids=lambda case: f"seed{case['seed']}")
@pytest.mark.usefixtures("ttnn")
def test_parsed_form_equals_upstreams(case):
    """Specs parse into the seven values that upstream's do, in their order."""
    assert [list(parse_sharding_spec(spec)) for spec in generated(case)] == case["parsed"]


@pytest.mark.usefixtures("ttnn")
def test_unknown_strategy():
    """A strategy that ttnn has not is an error, not a silent BLOCK."""
    spec = gen_sharded_spec_unary(1)[0] | {"sharding_strategy": "DIAGONAL"}

    with pytest.raises(AttributeError, match="DIAGONAL"):
        parse_sharding_spec(spec)


@given(st.integers(1, 400), st.integers(1, 4))
def test_shapes_of_a_volume(volume, rank):
    """Every shape of that volume comes once, ordered by last dimension, then the one before it."""
    shapes = sharding._shapes_of_volume(volume, rank)

    assert all(len(shape) == rank and math.prod(shape) == volume for shape in shapes)
    assert list(shapes) == sorted(set(shapes), key=lambda shape: shape[::-1])
    if rank == 2:
        assert len(shapes) == sum(volume % divisor == 0 for divisor in range(1, volume + 1))
