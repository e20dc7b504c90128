"""All that one comparison can tell of an output's accuracy, beside a verdict on it.

A correlation alone hides most faults: it doesn't see a factor or an offset, and one wrong value among millions moves
it in the seventh digit. Each of these numbers is for a fault that the others pass over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from pytest_ttnn_sweeps.testing.accuracy import Array, Check, metrics_of, pair_of, values_at
from pytest_ttnn_sweeps.testing.comparison import Comparison, Place, compare
from pytest_ttnn_sweeps.testing.formats import StorageFormat, format_of

Number = bool | int | float | complex


@dataclass(frozen=True, slots=True)
class Element:
    """One position at which two tensors differ."""

    place: Place
    expected: Number
    actual: Number
    error: float

    def __str__(self) -> str:
        return f"{list(self.place)} expected {self.expected!r}, actual {self.actual!r}"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What `measure_accuracy` found."""

    #: By name. NaN is what has no value: every distance between tensors of which one has NaNs that the other has not.
    metrics: dict[str, float]
    #: The elements with the largest absolute errors, the largest first; equal elements aren't among them.
    worst_elements: tuple[Element, ...]
    #: The element of ``max_ulp``; None where nothing differs.
    worst_ulp: Element | None = None
    #: What `metrics` doesn't tell where a NaN or an infinity stands in one tensor only; else empty.
    nonfinite: str = ""


def measure_accuracy(
    expected: Array,
    actual: Array,
    *,
    threshold: float | None = None,
    output_format: StorageFormat | None = None,
    worst: int = 5,
) -> Accuracy:
    """Measure how far `actual` is from `expected`, two tensors of one shape, in one pass of bounded memory.

    `output_format` is what the output was stored in, by default `actual`'s dtype. The metrics:

    * ``pcc``, ``max_abs_error``, ``max_rel_error``, ``rms_error``, ``max_ulp`` and ``format_error_share`` as
      `comparison.compare` defines them, NaN where there are ``nonfinite_mismatches``;
    * ``nonfinite_mismatches``, the number of positions at which one tensor has a NaN, or an infinity of one sign, that
      the other has not;
    * ``pcc_margin``, which is ``pcc - threshold``, if there is a threshold.

    :raises TypeError: for anything but torch tensors and numpy arrays of numbers.
    :raises ValueError: where the shapes differ.
    """
    pair = pair_of(expected, actual)
    if isinstance(pair, Check):
        raise ValueError(pair.message)
    comparison = compare(*pair, output_format=output_format or format_of(pair[1].dtype.to_real()), worst=worst)
    metrics = metrics_of(comparison) | {"format_error_share": comparison.format_error_share}
    if threshold is not None:
        metrics["pcc_margin"] = comparison.pcc - threshold
    nonfinite = ""
    if comparison.first_unmatched is not None:
        nonfinite = _nonfinite(comparison, comparison.first_unmatched, pair)
        metrics = {name: value if name == "nonfinite_mismatches" else math.nan for name, value in metrics.items()}

    def element(place: Place, error: float | None = None) -> Element:
        e, a = (tensor[place].item() for tensor in pair)
        return Element(place, e, a, float(abs(a - e)) if error is None else error)

    return Accuracy(
        metrics,
        tuple(element(place, error) for place, error in comparison.worst),
        element(comparison.worst_ulp) if comparison.worst_ulp is not None else None,
        nonfinite,
    )


def _nonfinite(comparison: Comparison, first: Place, pair: tuple[torch.Tensor, torch.Tensor]) -> str:
    return (
        f"{comparison.unmatched} of {comparison.count} values are NaN or infinite in one tensor only, first "
        f"{values_at(first, pair)}; of the finite rest: PCC {comparison.pcc!r}, "
        f"max abs error {comparison.max_abs_error:.6g}, RMS error {comparison.rms_error:.6g}"
    )
