from __future__ import annotations

import copy
import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytest_ttnn_sweeps.results.metrics import metrics_in
from pytest_ttnn_sweeps.testing import (
    Check,
    check_allclose,
    check_equal,
    check_with_pcc,
    comparison,
)

NAN, INF = math.nan, math.inf


def tensors(*values: float, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype)


def pickled(check: Check) -> Check:
    return pickle.loads(pickle.dumps(check))  # noqa: S301 - its own bytes


class TestCheck:
    def test_unpacks_as_a_pair(self):
        """A check is upstream's pair for whoever unpacks, indexes or type-tests it."""
        check = check_with_pcc(tensors(1, 2, 3), tensors(1, 2, 3))

        ok, message = check

        assert (ok, message) == (True, "1.0") == check
        assert isinstance(check, tuple)
        assert type(ok) is bool

    def test_truth_is_the_verdict(self):
        """A failed check is false, though a pair of two values would be true."""
        assert not check_with_pcc(tensors(1, 2, 3), tensors(3, 2, 1))
        assert check_with_pcc(tensors(1, 2, 3), tensors(1, 2, 3))

    @pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy, pickled])
    def test_copies_keep_the_metrics(self, clone):
        """Copying and pickling keep verdict, message and metrics."""
        check = check_with_pcc(tensors(1, 2, 3), tensors(1, 2, 4))

        copied = clone(check)

        assert type(copied) is Check
        assert (copied, copied.metrics) == (check, check.metrics)

    def test_attributes_are_the_metrics(self):
        """Each attribute is the metric of its name, a plain float; all are there."""
        check = check_with_pcc(tensors(1, 2, 3, 4), tensors(1, 2, 3, 5), 0.9)

        assert check.metrics == {
            "pcc": check.pcc,
            "max_abs_error": check.max_abs_error,
            "max_rel_error": check.max_relative_error,
            "rms_error": check.rms_error,
            "max_ulp": check.max_ulp,
            "nonfinite_mismatches": 0.0,
        }
        assert {type(value) for value in check.metrics.values()} == {float}
        assert (check.max_abs_error, check.max_relative_error, check.rms_error) == (1.0, 0.25, 0.5)

    def test_without_metrics_attributes_are_nan(self):
        """Where nothing could be measured no metric is made up."""
        check = check_with_pcc(torch.zeros(2, 3), torch.zeros(3, 2))

        assert check.metrics == {}
        assert math.isnan(check.pcc)
        assert math.isnan(check.max_ulp)


class TestPcc:
    @given(
        hnp.arrays(np.float64, (2, 40), elements=st.floats(-1e6, 1e6)),
        st.floats(-1e4, 1e4),
    )
    def test_is_pearsons(self, pair, shift):
        """The correlation is numpy's where numpy's is well conditioned."""
        expected, actual = pair + shift
        if min(expected.std(), actual.std()) < 1e-3 * max(1.0, abs(shift)):
            return

        check = check_with_pcc(expected, actual)

        assert check.pcc == pytest.approx(np.corrcoef(expected, actual)[0, 1], abs=1e-9)

    def test_a_large_mean_cancels_nothing(self):
        """Deviations a billion times smaller than the mean still correlate, over many blocks."""
        noise = torch.randn(300_000, dtype=torch.float64, generator=torch.Generator().manual_seed(0))

        assert check_with_pcc(noise + 1e8, noise + 1e8 + 1e-7 * noise.flip(0)).pcc > 0.999999
        assert abs(check_with_pcc(noise + 1e8, noise.roll(1) + 1e8).pcc) < 0.01

    def test_threshold(self):
        """The verdict is whether the correlation reaches the threshold, whichever it is."""
        expected, actual = tensors(1, 2, 3, 4), tensors(1, 2, 3, 5)
        pcc = check_with_pcc(expected, actual).pcc

        assert 0.98 < pcc < 0.99
        assert check_with_pcc(expected, actual, pcc).ok
        assert not check_with_pcc(expected, actual, math.nextafter(pcc, 1)).ok

    def test_message_of_a_pass_is_the_number(self):
        """float(message) of a passed check is the correlation to the last bit."""
        check = check_with_pcc(tensors(1, 2, 3, 4), tensors(1, 2, 3, 4.001))

        assert check.ok
        assert float(check.message) == check.pcc < 1

    def test_message_of_a_failure(self):
        """A failure says correlation, threshold, largest error and its place; the PCC can be read back."""
        actual = torch.arange(12.0).reshape(1, 3, 4)
        actual[0, 1, 2] = -40

        check = check_with_pcc(torch.arange(12.0).reshape(1, 3, 4), actual)

        assert check.message == (
            f"PCC {check.pcc!r} is below 0.9999, max abs error 46 at [0, 1, 2]: expected 6.0, actual -40.0"
        )
        assert metrics_in(check.message) == {"pcc": check.pcc}

    def test_equal_is_exactly_one(self):
        """Equal tensors pass even the threshold 1.0."""
        x = torch.randn(1000, generator=torch.Generator().manual_seed(0))

        assert check_with_pcc(x, x.clone(), 1.0) == (True, "1.0")

    def test_same_on_any_number_of_threads(self):
        """Metrics are equal to the last bit whatever torch's number of threads."""
        generator = torch.Generator().manual_seed(0)
        expected, actual = torch.randn(2, 200_000, generator=generator)
        threads = torch.get_num_threads()
        results = []
        try:
            for number in (1, 2):
                torch.set_num_threads(number)
                results.append(check_with_pcc(expected, actual).metrics)
        finally:
            torch.set_num_threads(threads)

        assert results[0] == results[1]


class TestNonFinite:
    @pytest.mark.parametrize(
        ("expected", "actual"),
        [
            ((1, NAN, 3), (1, 2, 3)),
            ((1, 2, 3), (1, NAN, 3)),
            ((1, INF, 3), (1, 2, 3)),
            ((1, 2, 3), (1, -INF, 3)),
            ((1, INF, 3), (1, -INF, 3)),
            ((1, INF, 3), (1, NAN, 3)),
            ((1, 0, 3), (1, NAN, 3)),
        ],
    )
    def test_mismatch_fails(self, expected, actual):
        """A NaN or infinity in one tensor only, or of the other sign, fails and is located, however good the rest."""
        for check in (check_with_pcc, check_equal, check_allclose):
            result = check(tensors(*expected), tensors(*actual))

            assert not result.ok
            assert result.message.startswith("1 of 3 values are NaN or infinite in one tensor")
            assert f"at [1]: expected {float(expected[1])!r}, actual {float(actual[1])!r}" in result.message
            assert result.metrics == {"nonfinite_mismatches": 1.0}
            assert metrics_in(result.message) == {}

    def test_match_passes(self):
        """Matching NaNs and infinities neither fail a check nor take part in the numbers."""
        expected, actual = tensors(1, NAN, INF, -INF, 4, 7), tensors(1, NAN, INF, -INF, 4, 7.5)

        check = check_with_pcc(expected, actual, 0.99)

        assert check.ok
        assert check.max_abs_error == 0.5
        assert check.rms_error == pytest.approx(0.5 / math.sqrt(3))

    def test_first_of_many(self, monkeypatch):
        """The first mismatch is named, and all are counted, over several blocks."""
        monkeypatch.setattr(comparison, "_BLOCK", 4)
        actual = torch.zeros(4, 4)
        actual[1, 2] = actual[1, 3] = actual[3, 0] = NAN

        check = check_with_pcc(torch.zeros(4, 4), actual)

        assert check.message.startswith("3 of 16 values are NaN")
        assert "first at [1, 2]: expected 0.0, actual nan" in check.message

    def test_only_matching_ones(self):
        """Tensors of nothing but matching NaNs are equal."""
        assert check_with_pcc(tensors(NAN, NAN), tensors(NAN, NAN)) == (True, "1.0")

    def test_positions_after_a_mask(self):
        """The place of the largest error is right although NaNs stand before it."""
        expected = torch.zeros(2, 5)
        expected[0, 1] = expected[1, 0] = NAN
        actual = expected.clone()
        actual[1, 3] = 9

        assert "at [1, 3]: expected 0.0, actual 9.0" in check_with_pcc(expected, actual).message


class TestConstants:
    @pytest.mark.parametrize("shape", [(), (1,), (4, 8)])
    def test_wrong_constant_fails(self, shape):
        """A constant that is wrong by half fails: its correlation is undefined, its value is not."""
        check = check_with_pcc(torch.full(shape, 2.0), torch.full(shape, 3.0))

        assert not check.ok
        assert check.pcc == 0.875

    def test_rounded_constant_passes(self):
        """A constant rounded to bfloat16 passes."""
        expected = torch.full((4, 8), 0.1)

        assert check_with_pcc(expected, expected.bfloat16(), 0.99999).ok

    def test_zeros_expected(self):
        """Anything but zeros for zeros fails, zeros pass, a negative zero is zero."""
        zeros = torch.zeros(3)

        assert check_with_pcc(zeros, -zeros).ok
        assert check_with_pcc(zeros, tensors(0, 0, 1e-6)).pcc == 0.0

    def test_noise_around_a_constant(self):
        """Noise around a constant counts against the constant's size, not against its absent variance."""
        noise = torch.randn(1000, generator=torch.Generator().manual_seed(0)) * 1e-3

        assert check_with_pcc(torch.ones(1000), 1 + noise).ok
        assert not check_with_pcc(torch.full((1000,), 1e-3), 1e-3 + noise).ok

    def test_constant_result_of_a_varying_expectation(self):
        """A constant result carries nothing of what varies, even close by; what rounds to a constant may be one."""
        varying = torch.linspace(100, 101, 64)

        assert check_with_pcc(varying, torch.full((64,), 100.5), 0.5).pcc == 0.0
        assert check_with_pcc(1 + varying * 1e-5, torch.ones(64).bfloat16()).ok

    def test_constant_over_blocks(self, monkeypatch):
        """A tensor that is constant in each block but not as a whole varies."""
        monkeypatch.setattr(comparison, "_BLOCK", 4)
        steps = torch.arange(5.0).repeat_interleave(4)

        assert check_with_pcc(steps, steps * 3 + 1).pcc == pytest.approx(1.0)


class TestDtypesAndShapes:
    def test_shape_mismatch(self):
        """Different shapes fail with both of them, even where they would broadcast."""
        for check in (check_with_pcc, check_equal, check_allclose):
            assert check(torch.zeros(1, 4), torch.zeros(4)) == (
                False,
                "shapes differ: expected [1, 4], actual [4]",
            )

    @pytest.mark.parametrize("shape", [(0,), (3, 0, 2), (0, 5)])
    def test_empty(self, shape):
        """Empty tensors of one shape are equal."""
        assert check_with_pcc(torch.zeros(shape), torch.zeros(shape).bfloat16()) == (True, "1.0")

    def test_rank_0(self):
        """A scalar tensor has the empty index."""
        assert check_with_pcc(torch.tensor(2.0), torch.tensor(2.0)).ok
        assert "at []: expected 2.0, actual -2.0" in check_with_pcc(torch.tensor(2.0), torch.tensor(-2.0)).message

    @pytest.mark.parametrize(
        "dtype",
        [
            torch.float64,
            torch.float32,
            torch.float16,
            torch.bfloat16,
            torch.float8_e4m3fn,
            torch.int64,
            torch.int32,
            torch.int16,
            torch.int8,
            torch.uint8,
            torch.uint16,
            torch.uint32,
            torch.bool,
            torch.complex64,
        ],
    )
    def test_dtypes(self, dtype):
        """Every dtype compares by value with itself and with float32."""
        numbers = tensors(0, 1, 1, 0, 1)
        wrong = tensors(1, 0, 1, 0, 1)

        for expected in (numbers, numbers.to(dtype)):
            assert check_with_pcc(expected, numbers.to(dtype)) == (True, "1.0")
            assert not check_with_pcc(expected, wrong.to(dtype)).ok

    def test_bool_has_no_fault_to_hide(self):
        """One wrong bool of many is an error of 1 at its place."""
        expected = torch.zeros(8, 8, dtype=torch.bool)
        actual = expected.clone()
        actual[5, 6] = True

        check = check_equal(expected, actual)

        assert check.message == (
            "1 of 64 values differ, first at [5, 6]: expected False, actual True, "
            "max abs error 1 at [5, 6]: expected False, actual True"
        )

    def test_complex(self):
        """Complex tensors count both parts; the place is the complex element's."""
        expected = torch.tensor([[1 + 2j, 3 - 1j], [0 + 1j, 2 + 2j]])
        actual = expected.clone()
        actual[1, 0] = 0 - 8j

        check = check_with_pcc(expected, actual)

        assert not check.ok
        assert check.message.endswith("max abs error 9 at [1, 0]: expected 1j, actual -8j")
        assert check_with_pcc(expected.conj(), expected.conj().resolve_conj()) == (True, "1.0")
        assert check_with_pcc(expected.to(torch.complex128).conj(), expected.conj().resolve_conj()) == (True, "1.0")
        assert check_with_pcc(expected.imag.neg(), expected.to(torch.complex128).conj().imag) == (True, "1.0")
        assert not check_with_pcc(expected, expected.conj()).ok

    def test_64_bit_integers_are_exact(self):
        """Neighbours that a double can't tell apart differ."""
        expected = torch.tensor([2**60, 5])
        actual = torch.tensor([2**60 + 1, 5])

        check = check_equal(expected, actual)

        assert not check.ok
        assert check.max_abs_error == 1.0
        assert check_equal(expected, expected.clone()).ok

    def test_autograd_and_views(self):
        """Tensors that need gradients, transposed, expanded and flipped ones are read like any other."""
        x = torch.randn(6, 7, generator=torch.Generator().manual_seed(0), requires_grad=True)

        assert check_with_pcc(x.t(), x.t().contiguous()) == (True, "1.0")
        assert check_with_pcc(x[:1].expand(5, 7), x[:1].repeat(5, 1)) == (True, "1.0")
        assert check_with_pcc(x.flip(0), x.detach().numpy()[::-1]) == (True, "1.0")

    def test_numpy(self):
        """numpy arrays compare with tensors: read-only, big-endian, reversed or of rank 0."""
        numbers = np.arange(6.0).reshape(2, 3)
        frozen = numbers.copy()
        frozen.flags.writeable = False

        assert check_with_pcc(torch.from_numpy(numbers), frozen) == (True, "1.0")
        assert check_with_pcc(numbers, numbers.astype(">f4")) == (True, "1.0")
        assert check_with_pcc(numbers[::-1, ::-1], numbers[::-1, ::-1].copy()) == (True, "1.0")
        assert check_with_pcc(np.array(3.0), torch.tensor(3)) == (True, "1.0")

    @pytest.mark.parametrize(
        ("value", "name"),
        [
            ([1.0, 2.0], "a list"),
            (1.0, "a float"),
            (None, "a NoneType"),
            (np.array(["a"]), "an array of <U1"),
            (np.array([None]), "an array of object"),
            (SimpleNamespace(shape=(1,)), "a types.SimpleNamespace"),
        ],
    )
    def test_other_types_are_refused(self, value, name):
        """Anything but tensors and arrays of numbers is a TypeError that names argument, type and remedy."""
        with pytest.raises(TypeError, match=r"'actual' is .*; expected a torch tensor or a numpy array") as refused:
            check_with_pcc(torch.zeros(1), value)
        assert name in str(refused.value)
        with pytest.raises(TypeError, match="'expected' is"):
            check_equal(value, torch.zeros(1))
