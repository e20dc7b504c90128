"""Faults that a correlation passes over, each found by the metric that is there for it.

Expected values come from numpy in double precision, from ml_dtypes or from closed forms.
"""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytest_ttnn_sweeps.testing import block_float, comparison, format_of, measure_accuracy

NAN, INF = math.nan, math.inf
THRESHOLD = 0.999  # of 436 of upstream's 477 checks


def upstreams_pcc(expected: torch.Tensor, actual: torch.Tensor) -> float:
    """The correlation as tt-metal takes it: NaNs and infinities are zeros, one of a constant is perfect."""
    pair = [np.nan_to_num(tensor.double().numpy().ravel(), nan=0, posinf=0, neginf=0) for tensor in (expected, actual)]
    centred = [values - values.mean() for values in pair]
    variances = [float(values @ values) for values in centred]
    return float(centred[0] @ centred[1]) / math.sqrt(math.prod(variances)) if all(variances) else 1.0


def normal(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


class TestPlantedFaults:
    def test_one_wrong_element_of_16_million(self):
        """64 standard deviations at one place: four nines of correlation, and one element that is named."""
        expected = normal(4096, 4096)
        actual = expected.clone()
        actual[1234, 567] += 64

        accuracy = measure_accuracy(expected, actual, threshold=THRESHOLD)

        assert upstreams_pcc(expected, actual) > THRESHOLD
        assert accuracy.metrics["pcc_margin"] > 0
        assert accuracy.metrics["max_abs_error"] == pytest.approx(64, rel=1e-6)
        assert accuracy.metrics["rms_error"] == pytest.approx(64 / 4096, rel=1e-6)
        (worst,) = accuracy.worst_elements
        assert worst.place == (1234, 567)
        assert (worst.expected, worst.actual) == (expected[1234, 567].item(), actual[1234, 567].item())

    def test_scale_error(self):
        """A factor of 1.01 leaves the correlation at 1; relative and RMS error are 1 %."""
        expected = normal(256, 256).double()

        metrics = measure_accuracy(expected, 1.01 * expected).metrics

        assert upstreams_pcc(expected, 1.01 * expected) > 1 - 1e-12
        assert metrics["max_rel_error"] == pytest.approx(0.01, rel=1e-9)
        assert metrics["rms_error"] == pytest.approx(0.01 * float(np.sqrt(np.mean(expected.numpy() ** 2))), rel=1e-9)

    def test_offset(self):
        """An offset leaves the correlation at 1 as well."""
        expected = normal(256, 256).double()

        assert upstreams_pcc(expected, expected + 0.5) > 1 - 1e-12
        assert measure_accuracy(expected, expected + 0.5).metrics["rms_error"] == pytest.approx(0.5, rel=1e-12)

    @pytest.mark.parametrize("wrong", [NAN, INF, -INF])
    def test_one_value_that_is_not_finite(self, wrong):
        """Upstream's correlation takes it for a zero; it is counted, and no distance has a value any more."""
        expected = normal(512, 512)
        actual = expected.clone()
        actual[3, 4] = wrong

        accuracy = measure_accuracy(expected, actual, threshold=THRESHOLD)

        assert upstreams_pcc(expected, actual) > THRESHOLD
        assert accuracy.metrics.pop("nonfinite_mismatches") == 1
        assert all(math.isnan(value) for value in accuracy.metrics.values())
        assert accuracy.nonfinite.startswith(
            "1 of 262144 values are NaN or infinite in one tensor only, first at [3, 4]"
        )
        assert "of the finite rest: PCC 1.0, max abs error 0, RMS error 0" in accuracy.nonfinite

    def test_constant_output(self):
        """Upstream's correlation of a constant is perfect; here it is 0, and the RMS error the signal's own."""
        expected = normal(256, 256).double()

        metrics = measure_accuracy(expected, torch.full_like(expected, 0.5), threshold=THRESHOLD).metrics

        assert upstreams_pcc(expected, torch.full_like(expected, 0.5)) == 1
        assert metrics["pcc_margin"] == -THRESHOLD
        assert metrics["rms_error"] == pytest.approx(float(np.sqrt(np.mean((expected.numpy() - 0.5) ** 2))), rel=1e-12)

    def test_shifted_rows(self):
        """Every row is its neighbour, of smooth values: hundreds of ulps, that a correlation doesn't see."""
        rows = torch.arange(1000, 1512).float()
        expected = rows[:, None] + torch.arange(512.0) / 512
        actual = expected[torch.arange(512).sub(1).clamp(min=0)]

        accuracy = measure_accuracy(expected, actual)

        assert upstreams_pcc(expected, actual) > THRESHOLD
        assert accuracy.metrics["max_abs_error"] == 1
        # Below 1024 a float32 has 14 bits behind the point.
        assert accuracy.metrics["max_ulp"] == 2**14
        assert [element.place for element in accuracy.worst_elements] == [(1, column) for column in range(5)]


class TestMetrics:
    @given(
        hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=9), elements=st.floats(-1e6, 1e6, width=32)),
        st.randoms(use_true_random=False),
        st.integers(1, 20),
    )
    def test_are_numpys(self, expected, random, block):
        """Largest and RMS errors and the worst places are what numpy finds in the whole arrays."""
        actual = expected + np.float32(random.choice([0, 1, 1000])) * np.float32(random.random())
        flat = np.abs(actual.astype(np.float64) - expected).ravel()
        order = [at for at in np.argsort(-flat, kind="stable")[:5] if flat[at]]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(comparison, "_BLOCK", block)

            accuracy = measure_accuracy(expected, actual)

        assert accuracy.metrics["max_abs_error"] == flat.max(initial=0)
        assert accuracy.metrics["rms_error"] == pytest.approx(float(np.sqrt(np.mean(flat**2))), rel=1e-12)
        assert accuracy.metrics["nonfinite_mismatches"] == 0
        assert [element.place for element in accuracy.worst_elements] == [
            tuple(map(int, np.unravel_index(at, expected.shape))) for at in order
        ]
        assert [element.error for element in accuracy.worst_elements] == flat[order].tolist()

    def test_worst_elements_of_complex_numbers_are_elements(self):
        """Both parts of a number may be far off: it is one of the worst all the same."""
        expected = torch.zeros(6, dtype=torch.complex64)
        actual = torch.tensor([0, 9 + 8j, 0, 7 + 6j, 5j, 0], dtype=torch.complex64)

        elements = measure_accuracy(expected, actual, worst=2).worst_elements

        assert [(element.place, element.actual, element.error) for element in elements] == [
            ((1,), 9 + 8j, 9.0),
            ((3,), 7 + 6j, 7.0),
        ]
        assert str(elements[0]) == "[1] expected 0j, actual (9+8j)"

    def test_nothing_differs(self):
        """Without an error there is no worst element, and the format explains all of it."""
        accuracy = measure_accuracy(normal(8), normal(8))

        assert accuracy.worst_elements == ()
        assert accuracy.metrics == {
            "pcc": 1.0,
            "max_abs_error": 0.0,
            "max_rel_error": 0.0,
            "rms_error": 0.0,
            "max_ulp": 0.0,
            "nonfinite_mismatches": 0.0,
            "format_error_share": 1.0,
        }

    def test_shapes_must_agree(self):
        """There is no accuracy of tensors that don't lie over each other."""
        with pytest.raises(ValueError, match=r"^shapes differ: expected \[2\], actual \[3\]$"):
            measure_accuracy(torch.zeros(2), torch.zeros(3))


class TestFormatShare:
    def test_rounding_to_bfloat16_explains_itself(self):
        """What ml_dtypes rounds to bfloat16 has the error of the format, whole, and at most half an ulp."""
        expected = normal(64, 1024)
        rounded = expected.numpy().astype(ml_dtypes.bfloat16)

        metrics = measure_accuracy(expected, torch.from_numpy(rounded.view(np.int16)).view(torch.bfloat16)).metrics

        assert metrics["format_error_share"] == 1.0
        spacing = np.spacing(np.abs(expected.numpy()).astype(ml_dtypes.bfloat16)).astype(np.float64)
        assert 0.49 < metrics["max_ulp"] <= 0.5
        assert metrics["max_abs_error"] <= spacing.max() / 2

    def test_share_of_an_operations_own_error(self):
        """Of an error that is three times the rounding's, a tenth is the format's: energies add up."""
        expected = normal(256, 1024).double()
        rounded = expected.numpy().astype(ml_dtypes.bfloat16).astype(np.float64)
        rounding = float(np.mean((rounded - expected.numpy()) ** 2))
        noise = normal(1, 256, 1024)[0].double().flip(0) * math.sqrt(9 * rounding)

        share = measure_accuracy(expected, expected + noise, output_format=format_of(torch.bfloat16)).metrics

        assert share["format_error_share"] == pytest.approx(1 / 9, rel=0.01)

    def test_an_exact_expectation_leaves_nothing_to_the_format(self):
        """Values that bfloat16 holds have no error from storing them."""
        expected = torch.arange(256.0)

        assert measure_accuracy(expected, (expected + 1).bfloat16()).metrics["format_error_share"] == 0.0

    def test_whole_numbers(self):
        """An integer's format rounds a fraction to the nearest even."""
        metrics = measure_accuracy(torch.tensor([0.5, 1.5, 2.25]), torch.tensor([0, 2, 3], dtype=torch.int32)).metrics

        assert metrics["format_error_share"] == pytest.approx((0.25 + 0.25 + 0.0625) / (0.25 + 0.25 + 0.5625))
        assert metrics["max_ulp"] == 0.75

    def test_what_the_format_stores_as_infinity_is_no_error_of_it(self):
        """A value beyond float16 would be one infinite energy that hides all others."""
        metrics = measure_accuracy(
            torch.tensor([1e6, 1.0002]), torch.tensor([1e6, 1.0]), output_format=format_of(torch.float16)
        ).metrics

        assert metrics["format_error_share"] == pytest.approx(1.0)


class TestBlockFloatSpacing:
    bfloat8_b = block_float("bfloat8_b", 7, lambda values: values)
    bfloat4_b = block_float("bfloat4_b", 3, lambda values: values)

    @pytest.mark.parametrize(("format_", "ulp"), [(bfloat8_b, 2.0**-6), (bfloat4_b, 2.0**-2)])
    def test_largest_neighbour_decides(self, format_, ulp):
        """16 neighbours have the spacing of the largest of them, other blocks their own."""
        expected = torch.zeros(3, 32)
        expected[1, 5], expected[1, 20] = 1.75, -256.0
        actual = expected.clone()
        actual[1, 15] += ulp

        assert measure_accuracy(expected, actual, output_format=format_).metrics["max_ulp"] == 1.0

        actual[1, 16] += ulp

        assert measure_accuracy(expected, actual, output_format=format_).metrics["max_ulp"] == 1.0

    def test_rest_of_a_row(self):
        """A block doesn't reach over a row's end, nor over the end of a comparison's block."""
        expected = torch.zeros(2, 17)
        expected[0, 16], expected[1, 0] = 4.0, 64.0
        actual = expected.clone()
        actual[0, 16] += 2.0**-4

        assert measure_accuracy(expected, actual, output_format=self.bfloat8_b).metrics["max_ulp"] == 1.0

    def test_infinities_and_nans_have_the_largest_exponent(self):
        """What shares a block with an infinity keeps nothing but multiples of 2 ** 122."""
        expected = torch.zeros(16)
        expected[3] = INF
        actual = expected.clone()
        actual[0] = 2.0**122

        assert measure_accuracy(expected, actual, output_format=self.bfloat8_b).metrics["max_ulp"] == 1.0

    def test_zeros_and_denormals(self):
        """The smallest exponent is that of the smallest normal number."""
        actual = torch.zeros(16)
        actual[0] = 2.0**-132

        assert measure_accuracy(torch.zeros(16), actual, output_format=self.bfloat8_b).metrics["max_ulp"] == 1.0
