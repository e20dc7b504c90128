"""What all operations have in common: how they are called, what they refuse, and where each call passes."""

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
from pytest_ttnn_sweeps.emulation.operation import (
    OPERATIONS,
    Form,
    Operation,
    get_golden_function,
    operation_named,
    reference,
)
from pytest_ttnn_sweeps.emulation.ops.broadcast import broadcast_shape
from pytest_ttnn_sweeps.emulation.tensor import Tensor

assert ops  # whose import fills the table


@pytest.fixture(scope="module")
def device() -> Iterator[MeshDevice]:
    """The emulated device that the module's tests share."""
    opened = open_device(device_id=0)
    yield opened
    close_device(opened)


def _tensor(values: Any, device: MeshDevice | None, dtype: DataType = DataType.FLOAT32) -> Tensor:
    return Tensor.create(torch.as_tensor(values), dtype=dtype, layout=Layout.TILE, device=device)


def test_an_unknown_keyword_is_refused_in_one_line_that_names_the_known_ones(device: MeshDevice) -> None:
    """The line has the operation, the keyword and what the operation takes."""
    with pytest.raises(TypeError) as refused:
        operation_named("relu")(_tensor([1.0], device), colour="red")

    text = str(refused.value)
    assert text.startswith("ttnn.relu(): incompatible function arguments: got an unexpected keyword argument 'colour'")
    assert "memory_config=None" in text
    assert "\n" not in text


@pytest.mark.parametrize("wrong", [[1.0], "x", None, torch.ones(1)])
def test_what_is_no_tensor_is_refused_where_a_tensor_is_due(wrong: object) -> None:
    """Not even a torch tensor will do for a ttnn tensor."""
    with pytest.raises(TypeError, match=r"'input_tensor' is a .*, not a ttnn\.Tensor"):
        operation_named("relu")(wrong)


def test_a_torch_number_passes_for_a_number(device: MeshDevice) -> None:
    """A torch tensor of one element stands for its element beside a tensor, as on the wheel."""
    total = operation_named("add")(_tensor([1.0, 2.0], device), torch.tensor(0.5))

    assert total.values.tolist() == [1.5, 2.5]


@pytest.mark.parametrize(
    ("name", "args", "older"),
    [
        ("div", (2.0,), {"accurate_mode": True}),
        ("bitwise_left_shift", (), {"shift_bits": 2}),
        ("rsub", (), {"value": 2.0}),
        ("tanh", (), {"accuracy": "accurate"}),
        ("elu", (0.5,), {}),
        ("hardtanh", (-0.5, 0.5), {}),
    ],
)
def test_spellings_of_older_releases_are_taken(
    name: str, args: tuple[Any, ...], older: dict[str, Any], device: MeshDevice
) -> None:
    """Arguments that 0.81.1 renamed, dropped or made keyword-only work as their authors meant them."""
    dtype = DataType.INT32 if name.startswith("bitwise") else DataType.FLOAT32

    result = operation_named(name)(_tensor([1, 2], device, dtype), *args, **older)

    assert list(result.shape) == [2]


def test_a_queue_is_accepted_everywhere_and_ignored(device: MeshDevice) -> None:
    """ttnn's operations all take a command queue's number."""
    assert operation_named("exp")(_tensor([0.0], device), queue_id=0).values.tolist() == [1.0]


def test_host_and_deallocated_tensors_are_refused(device: MeshDevice) -> None:
    """What kills a process on the wheel is an exception here."""
    gone = _tensor([1.0], device)
    gone.deallocate()

    with pytest.raises(RuntimeError, match="must be on device, got storage type: StorageType::HOST"):
        operation_named("relu")(_tensor([1.0], None))
    with pytest.raises(RuntimeError, match="Tensor is not allocated"):
        operation_named("relu")(gone)


def test_an_operation_in_place_returns_its_first_operand(device: MeshDevice) -> None:
    """The result of an underscore operation is the tensor that was given, with new values."""
    a, b = _tensor([1.0, 2.0], device), _tensor([3.0, 4.0], device)

    result = operation_named("add_")(a, b)

    assert result is a
    assert a.values.tolist() == [4.0, 6.0]


@pytest.mark.parametrize(
    ("alias", "target"),
    [("mul", "multiply"), ("sub", "subtract"), ("mul_", "multiply_"), ("sub_", "subtract_"), ("divide", "div")],
)
def test_aliases_are_the_same_object(alias: str, target: str) -> None:
    """Names that are one operation in ttnn are one here."""
    assert operation_named(alias) is operation_named(target)
    assert OPERATIONS[f"ttnn.{alias}"] is operation_named(f"ttnn.{target}")


def test_swish_and_silu_are_two_operations() -> None:
    """Names that are two operations in ttnn are two here, whatever they compute."""
    assert operation_named("swish") is not operation_named("silu")


def test_every_call_passes_the_one_seam(monkeypatch: pytest.MonkeyPatch, device: MeshDevice) -> None:
    """Whoever wraps ``Operation.__call__`` sees what the user called, and nothing that operations do inside."""
    seen: list[str] = []
    original = Operation.__call__

    def watching(operation: Operation, *args: Any, **kwargs: Any) -> Any:
        seen.append(operation.name)
        return original(operation, *args, **kwargs)

    monkeypatch.setattr(Operation, "__call__", watching)
    a = _tensor(torch.ones(1, 1, 32, 64), device)
    operation_named("glu")(a)
    operation_named("linear")(a, _tensor(torch.ones(64, 32), device), activation="relu")
    a + 1.0

    assert seen == ["ttnn.glu", "ttnn.linear", "ttnn.add"]


def test_what_is_missing_is_reported_under_the_operations_name(device: MeshDevice) -> None:
    """A gap that lies deep in the emulation comes out with the name of the operation that ran into it."""

    def incomplete(input_tensor: Tensor) -> Tensor:
        raise NotEmulated("the finer point")

    operation = Operation("ttnn.example", [Form(incomplete)], None)

    with pytest.raises(NotEmulated, match=r"^ttnn\.example: the finer point is not emulated$"):
        operation(_tensor([1.0], device))


def test_an_operation_without_a_reference_says_so() -> None:
    """Asking for a golden function that doesn't exist raises, as on the wheel."""
    with pytest.raises(RuntimeError, match="does not have a golden function"):
        get_golden_function(operation_named("conv1d"))


def test_a_reference_ignores_what_only_a_device_has_a_use_for() -> None:
    """Golden functions take an operation's keywords and are deaf to those that don't change numbers."""
    golden = get_golden_function(operation_named("softmax"))

    result = golden(torch.zeros(2, 2), dim=0, memory_config=None, compute_kernel_config=None)

    assert result.tolist() == [[0.5, 0.5], [0.5, 0.5]]


@settings(deadline=None)
@given(
    st.sampled_from([(torch.uint16, 16), (torch.uint32, 32)]),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
)
def test_unsigned_references_wrap_around(kind: tuple[torch.dtype, int], a: int, b: int) -> None:
    """On types that torch can't calculate with, references are exact modulo 2**bits and keep the type."""
    dtype, bits = kind
    modulus = 2**bits
    left, right = (torch.tensor([number % modulus], dtype=dtype) for number in (a, b))

    for function, exact in ((torch.add, a + b), (torch.sub, a - b)):
        result = reference(function)(left, right)
        assert result.dtype is dtype
        assert result.item() == exact % modulus


@settings(deadline=None)
@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=2), st.sampled_from(["add", "multiply"]))
def test_int32_arithmetic_wraps_around(numbers: list[int], name: str) -> None:
    """An integer result that is too large is what the chip's 32 bits keep of it."""
    device = open_device(device_id=0)
    a, b = (_tensor(torch.tensor([number]), device, DataType.INT32) for number in numbers)

    result = operation_named(name)(a, b).values.item()

    exact = numbers[0] + numbers[1] if name == "add" else numbers[0] * numbers[1]
    assert result == (exact + 2**31) % 2**32 - 2**31
    close_device(device)


_shapes = st.lists(st.sampled_from([1, 1, 2, 3, 5]), max_size=5).map(tuple)


@settings(deadline=None)  # the first call has torch import what it needs for it
@given(_shapes, _shapes)
def test_broadcasting_gives_torchs_shape_or_refuses_what_torch_refuses(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    """ttnn's rule for shapes accepts nothing that torch refuses, and gives the same shape where it accepts."""
    try:
        shape = broadcast_shape(a, b)
    except RuntimeError:
        with pytest.raises(RuntimeError):
            torch.broadcast_shapes(a, b)
    else:
        assert shape == torch.broadcast_shapes(a, b)


@settings(deadline=None)
@given(_shapes, st.data())
def test_permuting_and_permuting_back_changes_nothing(shape: tuple[int, ...], data: st.DataObject) -> None:
    """Two permutations that undo each other give the tensor back."""
    order = data.draw(st.permutations(range(len(shape))))
    back = [order.index(dim) for dim in range(len(shape))]
    device = open_device(device_id=0)
    tensor = _tensor(torch.arange(float(torch.Size(shape).numel())).reshape(shape), device)

    result = operation_named("permute")(operation_named("permute")(tensor, order), back)

    assert torch.equal(result.values, tensor.values)
    close_device(device)
