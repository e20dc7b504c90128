"""What torch gives without values: the shapes and dtypes of what it gives with them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from pytest_ttnn_sweeps.devices.mock.shapes_only import SMALL, ShapesOnly, ValuesNeeded  # noqa: E402

LARGE = [4, 64, 96]

CALLS: dict[str, Callable[[], Any]] = {
    "uniform numbers": lambda: torch.rand(LARGE) * 200 - 100,
    "sizes one by one": lambda: torch.randn(4, 64, 96, dtype=torch.bfloat16),
    "integers": lambda: torch.randint(-5, 5, LARGE, dtype=torch.int32),
    "a fill in place": lambda: torch.empty(LARGE).uniform_(-1, 1),
    "a keyword": lambda: torch.zeros(size=LARGE, device="cpu"),
    "a generator": lambda: torch.rand(LARGE, generator=torch.Generator().manual_seed(1)),
    "steps": lambda: torch.arange(10_000).reshape(100, 100),
    "like another": lambda: torch.ones_like(torch.rand(LARGE), dtype=torch.float64),
    "an activation": lambda: torch.nn.functional.gelu(torch.rand(LARGE)),
    "a product": lambda: torch.matmul(torch.rand(64, 128), torch.rand(128, 96)),
    "a product with a small tensor": lambda: torch.rand(LARGE) @ torch.rand(96, 2),
    "a constant tensor": lambda: torch.rand(LARGE) + torch.tensor([1.0]),
    "pairs of tensors": lambda: torch.rand(LARGE).max(dim=-1),
    "pieces": lambda: torch.split(torch.rand(LARGE), 16, dim=1),
    "a selection": lambda: torch.rand(LARGE)[:, 1:40:2, ..., None],
    "strides": lambda: torch.rand(LARGE).transpose(0, 2),
    "a move to the host": lambda: torch.rand(LARGE).to(torch.bfloat16).cpu().to("cpu").to(device="cpu"),
    "a convolution": lambda: torch.nn.functional.conv2d(torch.rand(2, 8, 32, 32), torch.rand(16, 8, 3, 3), padding=1),
    "a module": lambda: torch.nn.Linear(96, 128)(torch.rand(LARGE)),
    "small tensors joined to a large one": lambda: torch.cat([torch.rand(8, 64)] * 16),
    "a where": lambda: torch.where(torch.rand(LARGE) > 0.5, torch.rand(LARGE), torch.zeros(())),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("times", [1, 2], ids=["found out", "known"])
def test_shapes_and_dtypes_are_those_of_torch(name: str, times: int) -> None:
    def kinds(result: Any) -> Any:
        tensors = [result] if isinstance(result, torch.Tensor) else list(result)
        return [(list(tensor.shape), tensor.stride(), tensor.dtype) for tensor in tensors]

    shapes_only = ShapesOnly()
    for _ in range(times):
        with shapes_only:
            result = CALLS[name]()

    assert kinds(result) == kinds(CALLS[name]())


def test_a_large_tensor_takes_no_memory_and_a_small_one_has_its_values() -> None:
    with ShapesOnly():
        large, small = torch.full([1 << 40], 2.0), torch.full([SMALL], 2.0)

    assert large.is_meta
    assert small.sum().item() == 2 * SMALL


def test_random_numbers_are_those_of_the_seed() -> None:
    torch.manual_seed(3)
    first = torch.randint(0, 1000, (1,)).item(), torch.rand(4).tolist()
    torch.manual_seed(3)
    with ShapesOnly():
        second = torch.randint(0, 1000, (1,)).item(), torch.rand(4).tolist()

    assert second == first


@pytest.mark.parametrize(
    "read",
    [
        lambda tensor: tensor.sum().item(),
        lambda tensor: tensor.tolist(),
        lambda tensor: tensor.numpy(),
        lambda tensor: bool((tensor > 0).all()),
        lambda tensor: torch.allclose(tensor, tensor),
        lambda tensor: tensor[tensor > 0.5],
        lambda tensor: torch.unique(tensor),
        lambda tensor: float(tensor.max()),
    ],
    ids=["item", "list", "array", "truth", "comparison", "mask", "distinct values", "number"],
)
def test_asking_for_a_value_is_told(read: Callable[[Any], Any]) -> None:
    with pytest.raises(ValuesNeeded), ShapesOnly():
        read(torch.rand(LARGE))


@pytest.mark.parametrize("swallow", [suppress(BaseException), pytest.raises(ValuesNeeded)], ids=["all", "one"])
def test_asking_is_told_though_whoever_asked_keeps_it_to_himself(swallow: Any) -> None:
    with pytest.raises(ValuesNeeded, match="item"), ShapesOnly(), swallow:
        torch.rand(LARGE).sum().item()


def test_asking_is_told_though_another_exception_was_made_of_it() -> None:
    def ask() -> None:
        try:
            torch.rand(LARGE).tolist()
        except ValuesNeeded:
            raise TypeError("incompatible function arguments") from None

    shapes_only = ShapesOnly()
    with pytest.raises(ValuesNeeded, match="tolist"), shapes_only:
        ask()
    with shapes_only:
        torch.rand(LARGE)


def test_what_ends_the_session_passes() -> None:
    with pytest.raises(KeyboardInterrupt), ShapesOnly():
        with suppress(BaseException):
            torch.rand(LARGE).tolist()
        raise KeyboardInterrupt


def test_filling_gives_the_tensor_itself_also_where_it_is_known() -> None:
    with ShapesOnly():
        tensors = [torch.empty(LARGE) for _ in range(3)]
        filled = [tensor.uniform_(-1, 1) for tensor in tensors]

    assert all(one is other for one, other in zip(tensors, filled))


@pytest.mark.parametrize(
    "fill",
    [
        lambda: torch.empty(LARGE, dtype=torch.int32).uniform_(-1, 1),
        lambda: torch.empty(LARGE).uniform_(1, -1),
    ],
    ids=["dtype", "bounds"],
)
def test_a_fill_that_torch_refuses_is_refused_each_time(fill: Callable[[], Any]) -> None:
    shapes_only = ShapesOnly()
    for _ in range(2):
        with pytest.raises(ValuesNeeded), shapes_only:
            fill()


def test_what_torch_refuses_has_to_be_called_with_values_for_torchs_own_words() -> None:
    with pytest.raises(ValuesNeeded), ShapesOnly():
        torch.rand(LARGE) + torch.rand(4, 64, 95)


def test_gradients_have_the_shapes_of_their_tensors() -> None:
    with ShapesOnly():
        leaf = torch.rand(LARGE, requires_grad=True)
        torch.tanh(leaf).backward(torch.rand(LARGE))

    assert leaf.grad is not None
    assert list(leaf.grad.shape) == LARGE
