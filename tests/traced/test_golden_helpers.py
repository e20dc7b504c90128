"""What golden functions of pools import from tt-metal's tests, where those aren't there."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import torch

from pytest_ttnn_sweeps.traced.golden_helpers import (
    importable_helpers,
    pool_output_to_flat_nhwc,
    prepare_torch_pool_input,
)

NAME = "tests.sweep_framework.sweep_utils.pool2d_common"


@pytest.mark.parametrize("padding", [(1, 2), (1, 1, 2, 2), (0, 1, 2, 1)])
def test_an_input_is_laid_out_for_torch(padding: tuple[int, ...]) -> None:
    """Whatever torch pads and whatever is padded before, a maximum over windows comes out."""
    images = torch.randn(2, 6, 7, 5)
    flat = torch.nn.functional.pad(images.reshape(1, 1, 2 * 6 * 7, 5), (0, 3))

    values, rest = prepare_torch_pool_input(flat, 2, 6, 7, 5, padding, float("-inf"))

    top, bottom, left, right = padding if len(padding) == 4 else (padding[0],) * 2 + (padding[1],) * 2
    padded = torch.nn.functional.pad(images.permute(0, 3, 1, 2), (left, right, top, bottom), value=float("-inf"))
    pooled = torch.nn.functional.max_pool2d(values, 4, 1, rest)
    assert pooled.equal(torch.nn.functional.max_pool2d(padded, 4, 1))


def test_an_output_is_flattened() -> None:
    images = torch.randn(2, 3, 4, 5)
    assert pool_output_to_flat_nhwc(images.permute(0, 3, 1, 2)).equal(images.reshape(1, 1, 24, 5))


def test_the_helpers_are_there_for_a_golden_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "tests", raising=False)
    with importable_helpers():
        assert importlib.import_module(NAME).pool_output_to_flat_nhwc is pool_output_to_flat_nhwc
    assert NAME not in sys.modules


def test_those_of_a_checkout_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    package = tmp_path.joinpath(*NAME.split(".")[:-1])
    package.mkdir(parents=True)
    (package / "pool2d_common.py").write_text("mine = 1")
    before = set(sys.modules)
    monkeypatch.delitem(sys.modules, "tests", raising=False)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    with importable_helpers():
        assert importlib.import_module(NAME).mine == 1
    for name in sys.modules.keys() - before:
        del sys.modules[name]
