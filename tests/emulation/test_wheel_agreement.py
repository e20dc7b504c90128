"""Whether the emulation's core does what ttnn 0.81.1 was seen to do: texts, verdicts, numbers, errors.

The cases lie in ``wheel/``, which runs them on the real wheel, too, and writes what came of it into ``tests/data``.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from pytest_ttnn_sweeps import emulation

HERE = Path(__file__).parent
GROUPS = (
    "value_types",
    "memory_configs",
    "placement",
    "devices",
    "tensors",
    "relayouts",
    "creations",
    "meshes",
    "blackhole",
)


@cache
def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"wheel_{name}", HERE / "wheel" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def _recorded(group: str) -> dict[str, Any]:
    outcomes: dict[str, Any] = json.loads((HERE.parent / "data" / f"emulation_{group}.json").read_text())
    return outcomes


@pytest.fixture
def ttnn() -> Iterator[ModuleType]:
    """The emulation installed, on the n150 again afterwards."""
    yield emulation.install()
    emulation.use_board("n150")


@pytest.mark.parametrize(("group", "case"), [(group, case) for group in GROUPS for case in _module(group).CASES])
def test_the_case_comes_out_as_on_the_wheel(group: str, case: str, ttnn: ModuleType) -> None:
    """The case gives what it gave on ttnn 0.81.1, or raises the same type of exception with the same message."""
    cases = _module(group)
    emulation.use_board(cases.BOARD)

    assert json.loads(json.dumps(_module("record").run(cases, case, ttnn))) == _recorded(group)[case]


@pytest.mark.parametrize("group", GROUPS)
def test_recordings_have_a_case(group: str) -> None:
    """No recorded outcome is without its case, which would mean that it isn't compared."""
    assert _recorded(group).keys() == _module(group).CASES.keys()
