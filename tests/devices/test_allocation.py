"""The bound on what a sweep allocates with torch."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch

from pytest_ttnn_sweeps.devices.allocation import TooManyElements, bounded_allocation, restore_torch

BOUND = 1000


@pytest.fixture(autouse=True)
def own_functions():
    restore_torch()
    yield
    restore_torch()


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda: torch.zeros(40, 50), "[40, 50]"),
        (lambda: torch.rand((40, 50)), "[40, 50]"),
        (lambda: torch.empty(size=[2000]), "[2000]"),
        (lambda: torch.full((40, 50), 1.0), "[40, 50]"),
        (lambda: torch.randint(0, 5, (40, 50)), "[40, 50]"),
        (lambda: torch.randint(5, (40, 50)), "[40, 50]"),
        (lambda: torch.normal(0.0, 1.0, (40, 50)), "[40, 50]"),
        (lambda: torch.ones(2).new_zeros(40, 50), "[40, 50]"),
        (lambda: torch.ones(40, 1) @ torch.ones(1, 50), "[40, 50]"),
        (lambda: torch.ones(10).repeat(20, 20), "[20, 200]"),
        (lambda: torch.ones(10).repeat_interleave(200), "[2000]"),
        (lambda: torch.nn.functional.pad(torch.ones(10), (0, 1990)), "[2000]"),
        (lambda: torch.nn.functional.conv2d(torch.ones(1, 1, 9, 9), torch.ones(90, 1, 1, 1)), "[1, 90, 9, 9]"),
        (lambda: torch.einsum("i,j->ij", torch.ones(40), torch.ones(50)), "[40, 50]"),
    ],
)
def test_refuses_what_is_larger(call, shape):
    with bounded_allocation(BOUND), pytest.raises(TooManyElements) as refused:
        call()
    assert shape in str(refused.value)
    assert "elements, more than 1,000" in str(refused.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: torch.zeros(20, 50),
        lambda: torch.ones(0, 10**9),
        lambda: torch.ones(10).expand(10**6, 10),
        lambda: torch.ones(20, 5) @ torch.ones(5, 50),
        lambda: torch.normal(torch.zeros(10), 1.0),
    ],
)
def test_lets_by_what_is_not(call):
    with bounded_allocation(BOUND):
        assert call() is not None


def test_names_the_size_before_the_memory_is_asked_for():
    with bounded_allocation(2**28), pytest.raises(TooManyElements, match=r"9,000,000,000,000,000,000 elements"):
        torch.zeros(3 * 10**9, 3 * 10**9)


def test_leaves_what_torch_refuses_to_torch():
    with bounded_allocation(BOUND), pytest.raises(RuntimeError, match="non-negative"):
        torch.zeros(-1, 5)
    with bounded_allocation(BOUND), pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_ends_with_the_block():
    with bounded_allocation(BOUND):
        pass
    assert torch.zeros(2000).numel() == 2000


def test_is_not_swallowed_by_a_handler_for_exceptions():
    def careless():
        try:
            return torch.zeros(2000)
        except Exception:  # noqa: BLE001 - that is the point
            return None

    with bounded_allocation(BOUND), pytest.raises(TooManyElements):
        careless()


def test_torch_gets_its_own_functions_back():
    own = torch.zeros, torch.Tensor.repeat, torch.nn.functional.conv2d
    with bounded_allocation(BOUND):
        assert torch.zeros is not own[0]
    restore_torch()
    assert (torch.zeros, torch.Tensor.repeat, torch.nn.functional.conv2d) == own
    assert not any(name in vars(torch.Tensor) for name in ("repeat", "new_zeros", "__matmul__"))


def test_warnings_of_other_functions_name_the_line_that_calls_them():
    with bounded_allocation(BOUND), pytest.warns(UserWarning, match="degrees of freedom") as caught:
        torch.ones(1).var()
    assert caught[0].filename == __file__


def test_imports_no_torch():
    program = (
        "import sys\n"
        "from pytest_ttnn_sweeps.devices.allocation import bounded_allocation\n"
        "with bounded_allocation(1): pass\n"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
