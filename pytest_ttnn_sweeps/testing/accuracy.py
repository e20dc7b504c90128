"""Verdicts on what an operation returned: is it close enough to what was expected?

Every check takes the expected tensor first, never raises for what the tensors hold, and gives a `Check`: tt-metal's
pair ``(ok, message)`` to whoever unpacks it, and the measured numbers to whoever asks. The message of a passed check is
the bare correlation, such as ``0.9999873``: tt-metal's sweeps and dashboards read it with ``float(message)``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch

from pytest_ttnn_sweeps.testing.comparison import Comparison, Place, compare

Array = torch.Tensor | npt.NDArray[np.generic]


class Check(tuple[bool, str]):
    """The verdict of one check, a pair ``(ok, message)``; its truth value is that of `ok`.

    ``metrics`` holds what was measured, by name: ``pcc``, ``max_abs_error``, ``max_rel_error``, ``rms_error`` and
    ``max_ulp``, each defined by `comparison.compare`, and ``nonfinite_mismatches``, the number of places at which a NaN
    or an infinity stands in one tensor only. Where there is such a place the others aren't measured, where shapes
    differ nothing is; the attributes are NaN then. `measurement.measure_accuracy` measures more.
    """

    metrics: dict[str, float]

    def __new__(cls, ok: bool, message: str, metrics: Mapping[str, float] | None = None) -> Check:
        self = super().__new__(cls, (ok, message))
        self.metrics = dict(metrics or {})
        return self

    def __getnewargs__(self) -> tuple[bool, str, dict[str, float]]:
        return self.ok, self.message, self.metrics

    def __bool__(self) -> bool:
        # A pair is always true: `assert check_with_pcc(...)` would pass whatever the tensors hold.
        return self.ok

    @property
    def ok(self) -> bool:
        return self[0]

    @property
    def message(self) -> str:
        """One line: the correlation of a passed check, else what is wrong and where."""
        return self[1]

    @property
    def pcc(self) -> float:
        return self.metrics.get("pcc", math.nan)

    @property
    def max_abs_error(self) -> float:
        return self.metrics.get("max_abs_error", math.nan)

    @property
    def max_relative_error(self) -> float:
        return self.metrics.get("max_rel_error", math.nan)

    @property
    def rms_error(self) -> float:
        return self.metrics.get("rms_error", math.nan)

    @property
    def max_ulp(self) -> float:
        return self.metrics.get("max_ulp", math.nan)


def check_with_pcc(expected: Array, actual: Array, pcc: float = 0.9999) -> Check:
    """Pass when Pearson's correlation coefficient of two tensors of one shape is at least `pcc`.

    NaNs and infinities have to stand at the same positions, with the same sign; the rest is correlated. Equal tensors
    have 1.0, empty ones too. The correlation of a constant tensor is undefined: it is compared by value, so that a
    wrong constant fails (see `comparison.compare`). dtypes may differ: bool, integer, floating and complex values are
    compared as numbers.

    ``max_ulp`` counts in units of *actual's* dtype. ttnn hands block floats (bfloat8_b, bfloat4_b) back as float32, and
    float32 ulps of them say little: pass ``actual.bfloat16()``, which holds every block float exactly, to count in
    bfloat16 ulps.

    A tensor is read in blocks: beside the tensors it takes a few megabytes, whatever their size.

    :raises TypeError: for anything but torch tensors and numpy arrays of numbers.
    """
    pair = pair_of(expected, actual)
    if isinstance(pair, Check):
        return pair
    comparison = compare(*pair)
    if comparison.first_unmatched is not None:
        return _mismatch(comparison, comparison.first_unmatched, pair)
    if comparison.pcc >= pcc:
        return _passed(comparison)
    return _failed(comparison, pair, f"PCC {comparison.pcc!r} is below {pcc!r}")


def check_equal(expected: Array, actual: Array) -> Check:
    """Pass when two tensors of one shape hold the same numbers, whatever their dtypes; NaN equals NaN, 0 equals -0.

    :raises TypeError: for anything but torch tensors and numpy arrays of numbers.
    """
    return check_allclose(expected, actual, rtol=0.0, atol=0.0)


def check_allclose(expected: Array, actual: Array, rtol: float = 1e-05, atol: float = 1e-08) -> Check:
    """Pass when ``|actual - expected| <= atol + rtol * |expected|`` everywhere and NaNs and infinities coincide.

    :raises TypeError: for anything but torch tensors and numpy arrays of numbers.
    """
    pair = pair_of(expected, actual)
    if isinstance(pair, Check):
        return pair
    comparison = compare(*pair, rtol=rtol, atol=atol)
    if comparison.first_unmatched is not None:
        return _mismatch(comparison, comparison.first_unmatched, pair)
    if comparison.first_outside is None:
        return _passed(comparison)
    tolerance = f"differ by more than {atol!r} + {rtol!r} * |expected|" if rtol or atol else "differ"
    first = values_at(comparison.first_outside, pair)
    what = f"{comparison.outside} of {comparison.count} values {tolerance}, first {first}"
    return _failed(comparison, pair, what)


def assert_with_pcc(expected: Array, actual: Array, pcc: float = 0.9999) -> Check:
    """`check_with_pcc` that raises AssertionError with the check's message when it fails."""
    return _asserted(check_with_pcc(expected, actual, pcc))


def assert_equal(expected: Array, actual: Array) -> Check:
    """`check_equal` that raises AssertionError with the check's message when it fails."""
    return _asserted(check_equal(expected, actual))


def _asserted(check: Check) -> Check:
    if not check.ok:
        raise AssertionError(check.message)
    return check


def pair_of(expected: Array, actual: Array) -> tuple[torch.Tensor, torch.Tensor] | Check:
    pair = _tensor(expected, "expected"), _tensor(actual, "actual")
    shapes = [list(tensor.shape) for tensor in pair]
    if shapes[0] != shapes[1]:
        return Check(False, f"shapes differ: expected {shapes[0]}, actual {shapes[1]}")
    return pair


def _tensor(value: Array, name: str) -> torch.Tensor:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().resolve_conj().resolve_neg()
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        array = np.asarray(value, dtype=value.dtype.newbyteorder("="), order="C")
        return torch.from_numpy(array if array.flags.writeable else array.copy())
    found = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else f"a {_type_name(value)}"
    msg = f"'{name}' is {found}; expected a torch tensor or a numpy array of numbers (ttnn.to_torch gives one)"
    raise TypeError(msg)


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _passed(comparison: Comparison) -> Check:
    return Check(True, repr(comparison.pcc), metrics_of(comparison))


def _failed(comparison: Comparison, pair: tuple[torch.Tensor, torch.Tensor], what: str) -> Check:
    if comparison.worst:
        what += f", max abs error {comparison.max_abs_error:.6g} {values_at(comparison.worst[0][0], pair)}"
    return Check(False, what, metrics_of(comparison))


def _mismatch(comparison: Comparison, first: Place, pair: tuple[torch.Tensor, torch.Tensor]) -> Check:
    return Check(
        False,
        f"{comparison.unmatched} of {comparison.count} values are NaN or infinite in one tensor and something else in "
        f"the other, first {values_at(first, pair)} (PCC of the finite rest: {comparison.pcc!r})",
        {"nonfinite_mismatches": float(comparison.unmatched)},
    )


def values_at(place: Place, pair: tuple[torch.Tensor, torch.Tensor]) -> str:
    expected, actual = (tensor[place].item() for tensor in pair)
    return f"at {list(place)}: expected {expected!r}, actual {actual!r}"


def metrics_of(comparison: Comparison) -> dict[str, float]:
    return {
        "pcc": comparison.pcc,
        "max_abs_error": comparison.max_abs_error,
        "max_rel_error": comparison.max_relative_error,
        "rms_error": comparison.rms_error,
        "max_ulp": comparison.max_ulp,
        "nonfinite_mismatches": float(comparison.unmatched),
    }
