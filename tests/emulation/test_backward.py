"""Backward operations beyond their recorded outcomes: what gradients are, and what becomes of the operands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.emulation import ops
from pytest_ttnn_sweeps.emulation.device import MeshDevice, close_device, open_device
from pytest_ttnn_sweeps.emulation.enums import DataType, Layout
from pytest_ttnn_sweeps.emulation.errors import NotEmulated
from pytest_ttnn_sweeps.emulation.operation import get_golden_function, operation_named
from pytest_ttnn_sweeps.emulation.tensor import Tensor

assert ops  # whose import fills the table

_SMOOTH = ("atan", "cos", "erf", "exp", "expm1", "log_sigmoid", "sigmoid", "silu", "sinh", "softplus", "square")
_NUMBER = st.floats(-3.0, 3.0)


@pytest.fixture(scope="module")
def device() -> Iterator[MeshDevice]:
    """The emulated device that the module's tests share."""
    opened = open_device(device_id=0)
    yield opened
    close_device(opened)


def _tensor(values: Any, device: MeshDevice, dtype: DataType = DataType.FLOAT32) -> Tensor:
    return Tensor.create(torch.as_tensor(values), dtype=dtype, layout=Layout.TILE, device=device)


@settings(deadline=None)
@given(st.sampled_from(_SMOOTH), st.lists(_NUMBER, min_size=2, max_size=2), _NUMBER)
def test_gradients_are_slopes_of_the_forward_operation(name: str, point: list[float], grad: float) -> None:
    """A backward reference gives the slope of the forward reference, times the incoming gradient."""
    forward = get_golden_function(operation_named(name))
    x, step = torch.tensor(point, dtype=torch.float64), 1e-5
    slope = (forward(x + step) - forward(x - step)) / (2 * step)

    (gradient,) = get_golden_function(operation_named(f"{name}_bw"))(torch.full_like(x, grad), x)

    torch.testing.assert_close(gradient, grad * slope, rtol=1e-5, atol=1e-7)


@settings(deadline=None)
@given(
    st.sampled_from(["add", "sub", "mul", "squared_difference", "logaddexp"]), st.lists(_NUMBER, min_size=2, max_size=2)
)
def test_gradients_of_two_operands_are_partial_slopes(name: str, point: list[float]) -> None:
    """Each operand's gradient is the slope along it alone, in the operands' order."""
    forward = get_golden_function(
        operation_named("subtract" if name == "sub" else "multiply" if name == "mul" else name)
    )
    a, b = (torch.tensor([number], dtype=torch.float64) for number in point)
    step = 1e-5
    slopes = [
        (forward(a + step, b) - forward(a - step, b)) / (2 * step),
        (forward(a, b + step) - forward(a, b - step)) / (2 * step),
    ]

    gradients = get_golden_function(operation_named(f"{name}_bw"))(torch.ones_like(a), a, b)

    torch.testing.assert_close(gradients, slopes, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("tracked", [True, False])
def test_a_reference_leaves_its_operands_as_they_were(tracked: bool) -> None:
    """Operands keep track of gradients before and after a call, or neither, and gather none from it."""
    grad, a, b = (torch.ones(2, 2, requires_grad=tracked) for _ in range(3))

    results = get_golden_function(operation_named("mul_bw"))(grad, a, b)

    assert [item.requires_grad for item in (grad, a, b, *results)] == [tracked] * 3 + [False] * 2
    assert [item.grad for item in (grad, a, b)] == [None] * 3


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_numbers_too_small_for_the_vector_unit_are_zero(name: str) -> None:
    """A bfloat16 gradient that isn't normal is zero for the references that follow the chip; a float32 one isn't."""
    golden = get_golden_function(operation_named(f"{name}_bw"))
    x = torch.tensor([1.0, 2.0])

    (flushed,) = golden(torch.full((2,), 1e-39, dtype=torch.bfloat16), x.bfloat16())
    (kept,) = golden(torch.full((2,), 1e-39), x)

    assert flushed.tolist() == [0.0, 0.0]
    assert all(number != 0.0 for number in kept.tolist())


@pytest.mark.parametrize(("infinite", "slope"), [(float("inf"), 1.0), (float("-inf"), 0.0)])
def test_gelu_has_a_slope_at_infinity(infinite: float, slope: float, device: MeshDevice) -> None:
    """Where torch's own derivative is not a number."""
    (gradient,) = operation_named("gelu_bw")(_tensor([3.0], device), _tensor([infinite], device))

    assert gradient.values.tolist() == [3.0 * slope]


def test_what_is_no_finite_slope_of_acosh_is_a_number_of_the_vector_units(device: MeshDevice) -> None:
    """The operation writes what its reference has for infinity and for not a number."""
    (gradient,) = operation_named("acosh_bw")(_tensor([1.0, -1.0, 1.0], device), _tensor([0.5, 1.0, 1.0], device))

    expected = torch.tensor([device.sfpu_nan(), -device.sfpu_inf(), device.sfpu_inf()])
    torch.testing.assert_close(gradient.values, expected)


@pytest.mark.parametrize("mode", ["None", "floor", "trunc"])
def test_the_older_spelling_of_a_rounding_mode_is_taken(mode: str, device: MeshDevice) -> None:
    """``round_mode``, which was a word even where it was none."""
    a, b = _tensor([6.0], device), _tensor([2.0], device)

    gradients = operation_named("div_bw")(_tensor([1.0], device), a, b, round_mode=mode)

    assert [item.values.item() for item in gradients] == ([0.5, -1.5] if mode == "None" else [0.0, 0.0])


def test_gradients_of_equal_indices_add_up(device: MeshDevice) -> None:
    """A word's gradient is the sum over the places where it stands; a word that stands nowhere has none."""
    indices = Tensor.create(
        torch.tensor([[0] * 30 + [2] * 2]), dtype=DataType.UINT32, layout=Layout.ROW_MAJOR, device=device
    )
    grad = _tensor(torch.ones(1, 1, 32, 32), device, DataType.BFLOAT16)

    gradient = operation_named("embedding_bw")(indices, _tensor(torch.zeros(3, 32), device, DataType.BFLOAT16), grad)

    assert gradient.values[0, 0, :, 0].tolist() == [30.0, 0.0, 2.0]


def test_an_index_beyond_the_words_is_not_guessed_about(device: MeshDevice) -> None:
    """The emulation says what it doesn't know instead of failing in torch."""
    indices = Tensor.create(torch.full((1, 32), 3), dtype=DataType.UINT32, layout=Layout.ROW_MAJOR, device=device)
    words, grad = (_tensor(torch.ones(shape), device, DataType.BFLOAT16) for shape in ((3, 32), (1, 1, 32, 32)))

    with pytest.raises(NotEmulated, match="indices beyond its words"):
        operation_named("embedding_bw")(indices, words, grad)


def test_a_gelu_reference_takes_the_approximation_under_three_names() -> None:
    """Upstream's modules say ``value``, ttnn's callers ``approximate`` or ``variant``."""
    golden = get_golden_function(operation_named("bias_gelu_bw"))
    x = torch.linspace(-2.0, 2.0, 5)

    (tanh,), (named,), (exact,) = (
        golden(torch.ones(5), x, 0.5, **{keyword: name})
        for keyword, name in (("value", "tanh"), ("approximate", "tanh"), ("variant", "none"))
    )

    assert torch.equal(tanh, named)
    assert not torch.equal(tanh, exact)
