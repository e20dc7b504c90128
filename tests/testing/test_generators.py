from __future__ import annotations

import json
import math
import random
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps import testing

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "upstream_generators.json").read_text())


def decoded(value):
    """A recorded value as the object that it stands for."""
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict) and "tuple" in value:
        return tuple(decoded(item) for item in value["tuple"])
    if isinstance(value, dict):
        dtype = getattr(torch, value["dtype"])
        numbers = [float(number) if isinstance(number, str) else number for number in value["values"]]
        if dtype.is_complex:
            return torch.view_as_complex(torch.tensor(numbers).reshape(*value["shape"], 2))
        return torch.tensor(numbers, dtype=dtype).reshape(value["shape"])
    if isinstance(value, str) and value.startswith("torch."):
        return getattr(torch, value.removeprefix("torch."))
    return value


def block_float_ttnn(result: torch.Tensor) -> ModuleType:
    """A ttnn that converts to block floats on the host and back, with a known result."""

    def from_torch(x, *, dtype, layout, device):
        assert x.is_floating_point()
        assert (layout, device) == ("tile", None)
        return dtype

    def to_torch(converted):
        assert converted in ("DataType.BFLOAT8_B", "DataType.BFLOAT4_B")
        return result

    ttnn = ModuleType("ttnn")
    vars(ttnn).update(
        DataType=SimpleNamespace(BFLOAT8_B="DataType.BFLOAT8_B", BFLOAT4_B="DataType.BFLOAT4_B"),
        TILE_LAYOUT="tile",
        from_torch=from_torch,
        to_torch=to_torch,
    )
    return ttnn


def called(case):
    """Our function of the recorded name, applied to the recorded arguments."""
    function, arguments = getattr(testing, case["function"]), decoded(case["args"])
    if case["function"] != "gen_func_with_cast_tt":
        return function(*arguments, **{name: decoded(value) for name, value in case["kwargs"].items()})
    size, dtype, *kind = arguments
    uniform = partial(testing.torch_random, low=0, high=100, dtype=torch.float32)
    return function(complex_values if kind else uniform, f"DataType.{dtype}")(size)


def complex_values(size):
    parts = [testing.torch_random(size, -5, 5, torch.float32).bfloat16().float() for _ in range(2)]
    return torch.complex(*parts)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['function']}-{case['args']}-{case['seed']}"[:70])
def test_equals_upstream(case, monkeypatch):
    """For one seed every generator gives upstream's result, and leaves both random generators where upstream does."""
    expected = decoded(case["result"])
    if "BFLOAT8_B" in case["args"] or "BFLOAT4_B" in case["args"]:
        monkeypatch.setitem(sys.modules, "ttnn", block_float_ttnn(expected))
    random.seed(case["seed"])
    torch.manual_seed(case["seed"])

    result = called(case)

    if isinstance(expected, torch.Tensor):
        torch.testing.assert_close(result, expected, rtol=0, atol=0, equal_nan=True)
    else:
        assert repr(result) == repr(expected)
    assert random.random() == case["next_random"]
    assert torch.rand(1, dtype=torch.float64).item() == case["next_torch"]


class TestShapes:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (([1, 2], [3], [1, 1]), r"differ in rank: \[1, 2\], \[3\], \[1, 1\]"),
            (([1], [3], [0]), r"every interval has to be positive: \[0\]"),
            (([1], [3], [1], "some"), "num_samples is 'some'; expected a number or 'all'"),
        ],
    )
    def test_bad_arguments(self, arguments, message):
        """Arguments that fit no grid are refused with what is wrong."""
        with pytest.raises(ValueError, match=message):
            testing.gen_shapes(*arguments)

    @given(
        st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(1, 9)), max_size=4), st.integers(0, 9)
    )
    def test_samples_lie_on_the_grid(self, dimensions, number):
        """Random shapes are on the grid and not beyond its end; there are as many as asked for."""
        start = [low for low, _, _ in dimensions]
        end = [low + extent for low, extent, _ in dimensions]
        interval = [step for _, _, step in dimensions]

        shapes = testing.gen_shapes(start, end, interval, number)

        assert len(shapes) == number
        for shape in shapes:
            for size, low, high, step in zip(shape, start, end, interval, strict=True):
                assert low <= size <= high
                assert (size - low) % step == 0

    def test_sanitize_leaves_its_argument_alone(self):
        """The shape that is given stays as it is: it may belong to every vector of a suite."""
        shape = [3, 5]

        assert testing.sanitize_shape_rm(shape) == [3, 6]
        assert shape == [3, 5]
        assert testing.sanitize_shape_rm((3, 5)) == [3, 6]

    def test_sanitize_rank_0(self):
        """A shape without dimensions is refused."""
        with pytest.raises(ValueError, match="rank 0"):
            testing.sanitize_shape_rm([])


class TestInputs:
    def test_excluded_range(self):
        """No value is inside the excluded range, values outside stay upstream's, and the tensor is not constant."""
        torch.manual_seed(1)
        plain = testing.gen_rand_exclude_range([40, 50], None, -100, 100)
        torch.manual_seed(1)

        values = testing.gen_rand_exclude_range([40, 50], (-50, 50), -100, 100)

        outside = (plain <= -50) | (plain >= 50)
        assert torch.equal(values[outside], plain[outside])
        assert ((values <= -50) | (values >= 50)).all()
        assert values.unique().numel() > 1000
        assert (values.min() >= -100) & (values.max() <= 100)

    def test_excluded_range_without_values(self):
        """Where tensors have no values, none of them has to be looked at."""
        with torch.device("meta"):
            values = testing.gen_rand_exclude_range([40, 50], (-50, 50), -100, 100)

        assert values.is_meta
        assert list(values.shape) == [40, 50]

    @pytest.mark.parametrize("excluded", [(0, 50), (50, 100), (60, 40), (-1, 101)])
    def test_excluded_range_outside_of_the_range(self, excluded):
        """An excluded range that leaves nothing on one side is refused."""
        with pytest.raises(ValueError, match=r"has to lie strictly within 0\.\.100"):
            testing.gen_rand_exclude_range([4], excluded, 0, 100)

    @pytest.mark.parametrize("dtype", [torch.uint8, torch.bool, torch.int8])
    def test_random_small_integers(self, dtype):
        """Every integer dtype has random values below `high`."""
        values = testing.torch_random((100,), 0, 2, dtype)

        assert values.dtype == dtype
        assert set(values.tolist()) == {0, 1}

    def test_infinities_and_nans(self):
        """About a quarter each is inf, -inf and NaN; the rest is finite and in range."""
        torch.manual_seed(0)

        values = testing.gen_rand_inf([100, 100], -8, 8)

        counts = [
            (values == math.inf).sum(),
            (values == -math.inf).sum(),
            values.isnan().sum(),
            values.isfinite().sum(),
        ]
        assert all(abs(int(count) - 2500) < 200 for count in counts)
        assert values[values.isfinite()].min() >= 4
        assert values[values.isfinite()].max() <= 8

    def test_share_of_zeros(self):
        """As upstream has it, the share is that of the values that are not zero."""
        values = testing.gen_with_zeroes([10, 10], 0.3, 1, 2)

        assert values.dtype == torch.bfloat16
        assert int(values.count_nonzero()) == 30

    def test_no_torch_counterpart(self):
        """A dtype that no torch dtype stands for is refused, not passed over."""
        with pytest.raises(ValueError, match=r"no torch dtype stands for 'DataType\.FP8_E4M3'; expected"):
            testing.tensor_to_dtype(torch.zeros(2), "DataType.FP8_E4M3")

    def test_bools_become_numbers(self, monkeypatch):
        """A bool tensor converts to any dtype."""
        monkeypatch.setitem(sys.modules, "ttnn", block_float_ttnn(torch.ones(2)))
        bools = torch.tensor([True, False])

        assert testing.tensor_to_dtype(bools, "DataType.FLOAT32").tolist() == [1.0, 0.0]
        assert testing.tensor_to_dtype(bools, "DataType.BFLOAT8_B").tolist() == [1.0, 1.0]

    def test_ends_of_scalars_are_ordered(self):
        """The two scalars are ordered and in range for any seed."""
        for seed in range(50):
            torch.manual_seed(seed)
            low, high = testing.gen_low_high_scalars(-3, 5)

            assert -3 <= low <= high <= 5


def test_imports_neither_ttnn_nor_another_room():
    """The package of a sweep author's names loads torch, numpy and itself, nothing else of the project, no ttnn."""
    code = (
        "import sys; from pytest_ttnn_sweeps.testing import *; "
        "print([m for m in sys.modules if m.split('.')[0] in ('ttnn', 'pytest', 'pandas') or "
        "m.startswith('pytest_ttnn_sweeps.') and not m.startswith('pytest_ttnn_sweeps.testing')])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


def test_time_is_measured_in_nanoseconds(monkeypatch):
    """Elapsed time is the difference of a monotonic clock, in nanoseconds."""
    ticks = iter([5_000, 1_250_005_000])
    monkeypatch.setattr("time.perf_counter_ns", lambda: next(ticks))

    assert testing.stop_measuring_time(testing.start_measuring_time()) == 1_250_000_000
