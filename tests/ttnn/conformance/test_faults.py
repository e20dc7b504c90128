"""The suite finds what it is there to find: faults planted in the emulation show in its own comparison."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from differential.comparing import Comparison, Kind, difference_of_values
from differential.explanations import read_explanations, unexplained
from differential.forms import Case, call, make, name, tensor
from differential.running import compared
from differential.side import Side
from differential.wheel import Wheel

from pytest_ttnn_sweeps.emulation import storage_format, tensor_layout
from pytest_ttnn_sweeps.emulation.coordinates import CoreCoord
from pytest_ttnn_sweeps.emulation.enums import DataType
from pytest_ttnn_sweeps.emulation.errors import NotEmulated, fatal
from pytest_ttnn_sweeps.emulation.memory_config import DRAM_MEMORY_CONFIG
from pytest_ttnn_sweeps.emulation.operation import Operands
from pytest_ttnn_sweeps.emulation.ops import (
    arrangement,
    binary,
    binary_rows,
    broadcast,
    matmul,
    normalization,
    reduction,
    result,
    softmax,
    unary,
)

HEIGHT = {"scheme": "HEIGHT", "shard": [32, 64], "grid": [2, 1]}
Compare = Callable[[Case], Comparison]


@pytest.fixture
def comparing(wheel: Wheel, emulation: Side) -> Compare:
    def one(case: Case) -> Comparison:
        return next(compared([case], wheel, emulation))

    return one


def found(comparison: Comparison) -> bool:
    """Whether the suite fails for it: it is a disagreement that no explanation covers."""
    left, _ = unexplained([comparison], read_explanations())
    return left == [comparison]


def _pad_one_tile_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    true = tensor_layout._padded_to_tiles

    def too_wide(dimensions: tuple[int, ...], tile: Any) -> tuple[int, ...]:
        *others, width = true(dimensions, tile)
        return (*others, width + tile.tile_shape[1])

    monkeypatch.setattr(tensor_layout, "_padded_to_tiles", too_wide)


def _cut_instead_of_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(values: torch.Tensor) -> torch.Tensor:
        return (values.float().view(torch.int32) & -65536).view(torch.float32).to(torch.bfloat16)

    monkeypatch.setitem(storage_format._QUANTISERS, DataType.BFLOAT16, cut)


def _keep_a_sticky_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Block floats rounded through bfloat16, which they aren't from float32."""
    true = storage_format._QUANTISERS[DataType.BFLOAT8_B]
    monkeypatch.setitem(
        storage_format._QUANTISERS, DataType.BFLOAT8_B, lambda values: true(values.to(torch.bfloat16).float())
    )


def _take_any_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensor_layout, "_check_tile_multiple", lambda *args: None)


def _forget_the_sharding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "placement", lambda *args, **kwargs: DRAM_MEMORY_CONFIG)


def _make_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binary_rows.Row, "result_type", lambda self, a, b: DataType.FLOAT32)


def _take_any_type(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unary.Row, "check", lambda *args: None)


def _say_it_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    true = binary_rows.fatal
    monkeypatch.setattr(binary_rows, "fatal", lambda message, *rest: true(message.replace("Mixed", "Different"), *rest))


def _miscalculate(monkeypatch: pytest.MonkeyPatch) -> None:
    true = binary._calculated
    monkeypatch.setattr(binary, "_calculated", lambda *args: true(*args) * 1.02)


def _bits(dtype: str) -> Case:
    numbers = [0x3F800000 + 0x3FF1 * index for index in range(64)]
    form = {"pattern": numbers, "source": "float32", "dtype": dtype, "layout": "TILE", "shape": [4, 16]}
    return Case.of(f"{dtype} and back", {"bits": form})


_MIXED = call("maximum", tensor([32, 32]), tensor([32, 32], "float32"))
FAULTS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Case, Kind]] = {
    "tile padding": (_pad_one_tile_too_many, call("relu", tensor([33, 70])), Kind.SPEC),
    "rounding of bfloat16": (_cut_instead_of_round, _bits("bfloat16"), Kind.SPEC),
    "rounding of bfloat8_b": (_keep_a_sticky_bit, _bits("bfloat8_b"), Kind.SPEC),
    "shards that don't fit": (
        _take_any_shard,
        call("from_torch", {"torch": [64, 64], "dtype": "float32"}, dtype=name("bfloat16"), layout=name("Layout.TILE"),
             device=name("device"), memory_config={**HEIGHT, "shard": [16, 64], "grid": [4, 1]}),
        Kind.VERDICT,
    ),
    "sharding of the output": (_forget_the_sharding, call("relu", tensor([64, 64], memory=HEIGHT)), Kind.SPEC),
    "output dtype": (_make_float32, call("add", tensor([2, 3]), tensor([2, 3])), Kind.SPEC),
    "verdict on a dtype": (_take_any_type, call("sigmoid", tensor([2, 3], "uint32", low=0.0)), Kind.VERDICT),
    "words": (_say_it_otherwise, _MIXED, Kind.WORDS),
    "values": (_miscalculate, call("multiply", tensor([4, 40]), tensor([4, 40]), golden=True), Kind.VALUES),
}  # fmt: skip


def _words_of(module: Any, refuse: str = "fatal") -> Callable[[pytest.MonkeyPatch], None]:
    """Every refusal of a module's says something else."""

    def plant(monkeypatch: pytest.MonkeyPatch) -> None:
        true = getattr(module, refuse)
        monkeypatch.setattr(module, refuse, lambda message, *rest: true(f"Unsupported: {message}", *rest))

    return plant


def _look_at_types_first(monkeypatch: pytest.MonkeyPatch) -> None:
    true = softmax._check_softmax

    def otherwise(tensor: Any) -> None:
        softmax.check_float(tensor)
        true(tensor)

    monkeypatch.setattr(softmax, "_check_softmax", otherwise)


def _look_at_shapes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matmul, "_check_operands", lambda *args: None)


def _forget_who_is_deallocated(monkeypatch: pytest.MonkeyPatch) -> None:
    def check(self: Operands, tensors: Any) -> None:
        if not all(tensor.is_allocated() for tensor in tensors):
            raise fatal("Tensor is not allocated")

    monkeypatch.setattr(Operands, "check", check)


def _emulate_no_shardings(monkeypatch: pytest.MonkeyPatch) -> None:
    def placement(*args: Any, **kwargs: Any) -> Any:
        raise NotEmulated("an output of another shape than its sharded input, without memory_config=")

    monkeypatch.setattr(result, "placement", placement)


_LOW = {"scheme": "HEIGHT", "shard": [16, 64], "grid": [4, 1]}
_TWICE_WRONG = call("softmax", tensor([3, 1, 16], "int32", layout="ROW_MAJOR"), -1)
REFUSALS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], Case, Kind]] = {
    "words of softmax": (_words_of(softmax), call("softmax", tensor([1, 31, 65]), 3), Kind.WORDS),
    "words of norms": (_words_of(normalization), call("layer_norm", tensor([])), Kind.WORDS),
    "words of reductions": (_words_of(reduction), call("argmax", tensor([33]), dim=-2), Kind.WORDS),
    "words of products": (_words_of(matmul), call("matmul", tensor([32, 64]), tensor([32, 64])), Kind.WORDS),
    "words of joining": (_words_of(arrangement), call("concat", [tensor([8, 8]), tensor([8, 8])], 7), Kind.WORDS),
    "words of a gradient": (
        _words_of(broadcast, "throw"), call("abs_bw", tensor([65, 17]), tensor([65, 16])), Kind.WORDS,
    ),
    "words of a shard": (
        _words_of(tensor_layout), call("where", tensor([64, 64]), 2.0, 1.0, memory_config=_LOW), Kind.WORDS,
    ),
    "words of a freed operand": (
        _forget_who_is_deallocated, call("add", tensor([2, 3]), tensor([2, 3], state="deallocated")), Kind.WORDS,
    ),
    "order of checks of softmax": (_look_at_types_first, _TWICE_WRONG, Kind.WORDS),
    "order of checks of products": (
        _look_at_shapes_first, call("matmul", tensor([32, 64], layout="ROW_MAJOR"), tensor([32, 64])), Kind.WORDS,
    ),
    "verdict on a gradient's shard": (
        _take_any_shard, call("abs_bw", tensor([64, 64]), tensor([64, 64]), memory_config=_LOW), Kind.VERDICT,
    ),
    "sharding of a reduction": (
        _forget_the_sharding, call("sum", tensor([64, 64], memory=HEIGHT), -1, keepdim=True), Kind.SPEC,
    ),
    "sharding that is emulated": (_emulate_no_shardings, call("relu", tensor([64, 64], memory=HEIGHT)),
                                  Kind.NOT_EMULATED),
}  # fmt: skip
"""Of operations that ``conformance.toml`` has much to say of: it may excuse no other refusal of theirs."""


@pytest.mark.parametrize("fault", [*FAULTS, *REFUSALS])
def test_a_planted_fault_is_found(fault: str, comparing: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """The case agrees before the fault is planted, and differs in the expected way, unexplained, after."""
    plant, case, kind = {**FAULTS, **REFUSALS}[fault]
    before = comparing(case)

    with monkeypatch.context() as patched:
        plant(patched)
        after = comparing(case)

    assert before.kind.is_agreement, before
    assert after.kind is kind, after
    assert found(after)


def test_a_crash_of_the_wheel_costs_one_case(comparing: Compare, wheel: Wheel) -> None:
    """A segmentation fault is an answer, and the next case is answered by another process."""
    crashes = wheel.crashes

    crashed = comparing(call("relu", tensor([2, 3], on_host=True)))
    following = comparing(call("relu", tensor([2, 3])))

    assert (crashed.crashed, crashed.kind) == (True, Kind.REFUSED)
    assert following.kind is Kind.AGREES
    assert wheel.crashes == crashes + 1


def test_an_operation_that_is_gone_is_found(comparing: Compare, emulation: Side) -> None:
    """What the emulation has no more counts as not emulated."""
    held = emulation.ttnn.__dict__.pop("relu")
    try:
        comparison = comparing(call("relu", tensor([2, 3])))
    finally:
        emulation.ttnn.relu = held

    assert comparison.kind is Kind.NOT_EMULATED
    assert found(comparison)


def test_a_difference_of_types_is_found(comparing: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts and equality of types are compared, not only operations."""
    core = make("CoreCoord", 1, 2)
    monkeypatch.setattr(CoreCoord, "__repr__", lambda self: "(1, 2)")

    assert found(comparing(Case.of("CoreCoord", {"facts": core})))


@pytest.fixture
def numbers() -> torch.Tensor:
    return torch.linspace(-2, 2, 64, dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "close", "far"), [
    ("FLOAT32", 1e-6, 1e-3), ("BFLOAT16", 2e-3, 2e-2), ("BFLOAT8_B", 1e-2, 1e-1), ("INT32", 0.0, 1.0),
])  # fmt: skip
def test_values_are_held_to_their_format(dtype: str, close: float, far: float, numbers: torch.Tensor) -> None:
    """What a format rounds away is no difference; some times that is one."""
    expected = numbers.round() if dtype == "INT32" else numbers

    assert difference_of_values(expected, expected + close, dtype) == ""
    assert difference_of_values(expected, expected + far, dtype) != ""
    assert difference_of_values(expected, expected.clone().index_fill_(0, torch.tensor(5), float("nan")), dtype) != ""
