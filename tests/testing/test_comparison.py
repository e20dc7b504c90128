"""What every comparison measures, whatever it compares: distances, equality, blocks."""

from __future__ import annotations

import math
import resource
import sys

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytest_ttnn_sweeps.testing import (
    assert_equal,
    assert_with_pcc,
    check_allclose,
    check_equal,
    check_with_pcc,
    comparison,
    measure_accuracy,
)
from pytest_ttnn_sweeps.testing.comparison import remembering
from pytest_ttnn_sweeps.testing.formats import format_of

NAN, INF = math.nan, math.inf


def tensors(*values: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype)


class TestUlp:
    @pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32, torch.float64])
    @pytest.mark.parametrize("value", [1.0, 1.5, -3.0, 2.0**-10, 1000.0])
    def test_neighbours_are_one_apart(self, dtype, value):
        """The next number of larger magnitude is one ulp away, whatever the dtype of the expectation."""
        expected = torch.tensor([value, 0.0], dtype=dtype)
        actual = expected.clone()
        actual[0] = torch.nextafter(expected[0], torch.tensor(math.copysign(INF, value), dtype=dtype))

        assert check_with_pcc(expected, actual).max_ulp == 1.0
        assert check_with_pcc(expected.double(), actual).max_ulp == 1.0

    @given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.floats(-1e6, 1e6, width=32))
    def test_formula(self, expected, actual):
        """The spacing is that of torch.nextafter above |expected| in actual's dtype, for float32 and bfloat16."""
        for dtype in (torch.float32, torch.bfloat16):
            magnitude = torch.tensor(expected).to(dtype).abs()
            if not magnitude < torch.finfo(dtype).max / 2:
                continue
            spacing = (torch.nextafter(magnitude, torch.tensor(INF, dtype=dtype)) - magnitude).double()
            rounded = torch.tensor([actual]).to(dtype)

            check = check_with_pcc(magnitude.reshape(1), rounded)

            distance = (rounded.double() - magnitude.double()).abs()
            assert check.max_ulp == pytest.approx((distance / spacing).item(), rel=1e-12)

    @pytest.mark.parametrize("name", ["float16", "float32", "float64", "bfloat16", "float8_e5m2"])
    @given(data=st.data())
    @settings(deadline=None)
    def test_spacing_is_numpys(self, name, data):
        """From 0 and the subnormal numbers to the largest, where the expectation is a number of the output's dtype."""
        dtype = np.dtype(getattr(ml_dtypes, name, name))
        largest = int(np.array(ml_dtypes.finfo(dtype).max, dtype).view(f"u{dtype.itemsize}"))
        edges = st.sampled_from([0, 1, largest // 2, largest - 1, largest])
        number = st.one_of(edges, st.integers(0, largest)).map(
            lambda bits: np.array([bits], f"u{dtype.itemsize}").view(dtype)
        )
        expected, actual = data.draw(number), data.draw(number)
        # Above the largest number comes infinity: there it is the distance from the number below.
        is_largest = expected[0] == ml_dtypes.finfo(dtype).max
        below = np.nextafter(expected, np.zeros(1, dtype)) if is_largest else expected
        spacing = float(np.spacing(below)[0])
        distance = abs(float(actual[0]) - float(expected[0]))

        found = check_with_pcc(
            *(torch.from_numpy(one.view(np.uint8)).view(getattr(torch, name)) for one in (expected, actual))
        )

        assert found.max_ulp == distance / spacing

    def test_next_to_zero_an_ulp_is_the_smallest_number(self):
        """As tt-metal's comp_ulp has it, a zero that is missed by anything is missed by astronomically many."""
        found = measure_accuracy(tensors(1.0, 0.0), tensors(1.0, 1e-9, dtype=torch.bfloat16))

        stored = float(torch.tensor(1e-9).bfloat16())
        assert found.metrics["max_ulp"] == stored / float(np.spacing(ml_dtypes.bfloat16(0)))
        assert str(found.worst_ulp) == f"[1] expected 0.0, actual {stored!r}"

    def test_integers_count_one(self):
        """An ulp of an integer is 1."""
        check = check_with_pcc(torch.tensor([10, 20, 30]), torch.tensor([10, 23, 30]))

        assert check.max_ulp == check.max_abs_error == 3.0

    def test_block_floats_in_bfloat16(self):
        """A block float that comes as float32 counts in bfloat16 ulps after a cast that loses nothing."""
        as_float32 = tensors(1.0, 1.0078125, 2.0)

        assert check_with_pcc(tensors(1.0, 1.0, 2.0), as_float32).max_ulp == 2**16
        assert check_with_pcc(tensors(1.0, 1.0, 2.0), as_float32.bfloat16()).max_ulp == 1.0


class TestEqualAndClose:
    def test_equal_reports_first_and_worst(self):
        """An inequality says how many values differ, the first of them and the worst."""
        expected, actual = torch.zeros(2, 3), torch.tensor([[0, 0, 1.0], [0, -5.0, 0]])

        check = check_equal(expected, actual)

        assert check.message == (
            "2 of 6 values differ, first at [0, 2]: expected 0.0, actual 1.0, "
            "max abs error 5 at [1, 1]: expected 0.0, actual -5.0"
        )
        assert check.max_relative_error == INF
        assert check_equal(tensors(0.0, NAN), tensors(-0.0, NAN)) == (True, "1.0")

    @given(hnp.arrays(np.float64, (2, 8), elements=st.floats(-10, 10)), st.floats(0, 2), st.floats(0, 2))
    def test_allclose_is_torchs(self, pair, rtol, atol):
        """The verdict is torch.allclose's."""
        expected, actual = torch.from_numpy(pair)

        assert check_allclose(expected, actual, rtol, atol).ok == torch.allclose(actual, expected, rtol, atol)

    def test_allclose_names_the_tolerance(self):
        """A failure says which tolerance was missed, how often and where first."""
        check = check_allclose(tensors(1, 2, 3), tensors(1, 2.5, 9), rtol=0.1, atol=0.2)

        assert check.message.startswith(
            "2 of 3 values differ by more than 0.2 + 0.1 * |expected|, first at [1]: expected 2.0, actual 2.5"
        )

    def test_assertions_raise_the_message(self):
        """assert_* raise what check_* say, and return the check that passed."""
        with pytest.raises(AssertionError, match=r"^PCC -0\.\d+ is below 0\.9, max abs error 3 at \[0\]"):
            assert_with_pcc(tensors(1, 2, 3), tensors(4, 2, 1), 0.9)
        with pytest.raises(AssertionError, match="1 of 3 values differ, first at"):
            assert_equal(tensors(1, 2, 3), tensors(1, 2, 4))
        assert assert_with_pcc(tensors(1, 2), tensors(1, 2)).pcc == 1.0
        assert assert_equal(tensors(1, 2), tensors(1, 2)) == (True, "1.0")


@st.composite
def arrays(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5))
    kinds = (
        hnp.floating_dtypes(sizes=(16, 32, 64))
        | hnp.integer_dtypes()
        | hnp.boolean_dtypes()
        | hnp.complex_number_dtypes(sizes=(64, 128))
    )
    return draw(hnp.arrays(draw(kinds), shape)), draw(hnp.arrays(draw(kinds), shape))


class TestAnyPair:
    @given(arrays(), st.integers(1, 7))
    @settings(deadline=None)
    def test_never_raises(self, pair, block):
        """Any two arrays of one shape give a verdict in one line, and float metrics, in blocks of any size."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "_BLOCK", block)
            for check in (check_with_pcc(*pair), check_equal(*pair), check_allclose(*pair)):
                assert type(check.ok) is bool
                assert "\n" not in check.message
                assert {type(value) for value in check.metrics.values()} <= {float}

    @given(arrays())
    @settings(deadline=None)
    def test_equals_itself(self, pair):
        """Whatever an array holds, it passes against itself with correlation 1 and no error."""
        for array in pair:
            check = check_with_pcc(array, array.copy(), 1.0)

            assert check.ok
            assert set(check.metrics.values()) <= {0.0, 1.0}

    @given(arrays(), st.integers(1, 7))
    @settings(deadline=None)
    def test_block_size_changes_nothing(self, pair, block):
        """What an equality check says but for the last bits is independent of how the tensors are cut."""
        whole = check_equal(*pair)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "_BLOCK", block)

            cut = check_equal(*pair)

        assert cut.ok == whole.ok
        assert cut.message.partition(" (PCC")[0] == whole.message.partition(" (PCC")[0]


class TestRemembering:
    @given(arrays(), st.booleans())
    @settings(deadline=None)
    def test_changes_no_verdict(self, pair, constant):
        """A check says word for word what it says by itself, after a measurement in another format's ulps."""
        expected, actual = pair
        if constant:
            actual = np.full_like(actual, actual.flat[0] if actual.size else 0)
        checks = (check_with_pcc, check_equal, check_allclose)
        alone = [check(expected, actual) for check in checks]

        with remembering():
            measure_accuracy(expected, actual, output_format=format_of(torch.float8_e5m2))

            assert [check(expected, actual) for check in checks] == alone

    def test_compares_once(self, monkeypatch):
        """The same two tensors with the same tolerance, whether torch's or numpy's; outside of the block each time."""
        passes = []
        blocks = comparison._blocks
        monkeypatch.setattr(comparison, "_blocks", lambda *args: passes.append(args) or blocks(*args))
        expected, actual = tensors(1, 2, 3), tensors(1, 2, 4)

        with remembering():
            measure_accuracy(expected, actual)
            check_with_pcc(expected, actual)
            check_with_pcc(expected.numpy(), actual, 0.5)
            check_equal(expected, actual)
            assert len(passes) == 1
            check_allclose(expected, actual, atol=5)
            check_with_pcc(actual, expected)
            check_with_pcc(expected[:2], actual[:2])
            check_with_pcc(expected, tensors(1, 2, 4))
            assert len(passes) == 5
        check_with_pcc(expected, actual)
        assert len(passes) == 6


class TestBlocks:
    @given(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=6), st.integers(1, 20))
    def test_cover_every_element_once_in_order(self, shape, size):
        """Blocks are no larger than asked for, and their elements in turn are the tensor's in row-major order."""
        tensor = torch.arange(math.prod(shape)).reshape(shape)
        seen = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "_BLOCK", size)
            for block in comparison._blocks(tensor.shape):
                values = tensor[block.index].reshape(-1).tolist()
                assert 0 < len(values) <= size
                assert values == [tensor[block.place(position)].item() for position in range(len(values))]
                seen += values

        assert seen == list(range(tensor.numel()))

    @pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux only")
    def test_memory_is_bounded(self):
        """Comparing 16 million elements takes a few megabytes beside the tensors, contiguous or not."""
        expected = torch.ones(1, 1, 4096).expand(64, 64, 4096)
        check_with_pcc(expected[0], expected[0])
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        check_with_pcc(expected, expected.transpose(0, 1))

        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 24 * 1024
