"""Calls as sweep modules of older releases write them, which ttnn 0.81.1 has other words for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch

from pytest_ttnn_sweeps.emulation.install import install, uninstall


@pytest.fixture
def ttnn() -> Iterator[Any]:
    """The emulation's ``ttnn``."""
    yield install()
    uninstall()


Call = Callable[[Any, Any, Any], Any]


@pytest.mark.parametrize(
    ("older", "current"),
    [
        (lambda t, x, i: t.div(x, x, accurate_mode=True), lambda t, x, i: t.div(x, x)),
        (lambda t, x, i: t.div(x, 0.3, round_mode="floor"), lambda t, x, i: t.div(x, 0.3, rounding_mode="floor")),
        (lambda t, x, i: t.rsub(x, value=2.0), lambda t, x, i: t.rsub(x, 2.0)),
        (lambda t, x, i: t.tanh(x, accuracy=True), lambda t, x, i: t.tanh(x)),
        (lambda t, x, i: t.elu(x, 1.5), lambda t, x, i: t.elu(x, alpha=1.5)),
        (lambda t, x, i: t.hardtanh(x, -0.5, 0.5), lambda t, x, i: t.hardtanh(x, min_val=-0.5, max_val=0.5)),
        (lambda t, x, i: t.bitwise_left_shift(i, shift_bits=2), lambda t, x, i: t.bitwise_left_shift(i, 2)),
        (lambda t, x, i: t.bitwise_right_shift(i, shift_bits=2), lambda t, x, i: t.bitwise_right_shift(i, 2)),
        (lambda t, x, i: t.relu(x, queue_id=0), lambda t, x, i: t.relu(x)),
    ],
)
def test_both_spellings_give_the_same(ttnn: Any, older: Call, current: Call) -> None:
    """An older keyword or position means what today's does, or nothing where it chose how to compute."""
    device = ttnn.open_device(device_id=0)
    values = torch.linspace(-2, 2, 64 * 32).reshape(32, 64)
    x = ttnn.from_torch(values, dtype=ttnn.float32, layout=ttnn.TILE_LAYOUT, device=device)
    i = ttnn.from_torch((values * 50).int(), dtype=ttnn.int32, layout=ttnn.TILE_LAYOUT, device=device)

    torch.testing.assert_close(ttnn.to_torch(older(ttnn, x, i)), ttnn.to_torch(current(ttnn, x, i)), equal_nan=True)
    ttnn.close_device(device)


def test_enumerations_convert_to_their_numbers_and_back(ttnn: Any) -> None:
    """As upstream's lists of convolutions write data types and layouts."""
    assert ttnn.DataType(int(ttnn.bfloat8_b)) is ttnn.bfloat8_b
    assert ttnn.Layout(int(ttnn.TILE_LAYOUT)) is ttnn.TILE_LAYOUT
    assert ttnn.DataType(ttnn.bfloat16) is ttnn.bfloat16


def test_a_memory_configuration_takes_other_shards(ttnn: Any) -> None:
    """``with_shard_spec`` keeps layout and memory."""
    cores = ttnn.CoreRangeSet({ttnn.CoreRange(ttnn.CoreCoord(0, 0), ttnn.CoreCoord(1, 1))})
    spec = ttnn.ShardSpec(cores, [32, 64], ttnn.ShardOrientation.ROW_MAJOR)

    config = ttnn.L1_BLOCK_SHARDED_MEMORY_CONFIG.with_shard_spec(spec)

    assert config == ttnn.MemoryConfig(ttnn.TensorMemoryLayout.BLOCK_SHARDED, ttnn.BufferType.L1, spec)


def test_the_kernel_configuration_within_a_convolutions_has_no_effect(ttnn: Any) -> None:
    """Older releases' Conv2dConfig is today's, which prints as ttnn's does."""
    older = ttnn.Conv2dConfig(
        math_fidelity=ttnn.MathFidelity.HiFi4, fp32_dest_acc_enabled=True, packer_l1_accum_enabled=False
    )

    assert str(older) == str(ttnn.Conv2dConfig())


def test_halo_was_never_a_parameter_of_sharding(ttnn: Any) -> None:
    """Four modules of the corpus pass it, and fail for it with every release."""
    with pytest.raises(TypeError, match="halo"):
        ttnn.create_sharded_memory_config_(
            (32, 64), ttnn.CoreGrid(x=1, y=1), ttnn.ShardStrategy.HEIGHT, ttnn.ShardOrientation.ROW_MAJOR, halo=False
        )
