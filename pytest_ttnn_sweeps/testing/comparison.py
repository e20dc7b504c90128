"""Measure how far one tensor is from another: one pass, in double precision, in bounded memory.

Tensors are read block by block, so that a comparison of billions of elements needs a few megabytes beside the tensors
themselves. Nothing is judged here: `accuracy` turns the numbers into verdicts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from pytest_ttnn_sweeps.testing.formats import Doubles, StorageFormat, format_of

# The intermediate results of one block, a quarter of a megabyte each, stay in a core's cache. torch starts no threads
# for that many elements and numpy none at all, so the numbers are the same to the last bit on any number of cores, and
# many test processes on one machine don't wait for each other's threads. Its reductions start them at 1 << 15. Whole
# blocks of 16, so that neighbours that share an exponent stay together.
_BLOCK = (1 << 15) - 16

_INTEGERS_OF_64_BITS = {torch.int64, torch.uint64}

Place = tuple[int, ...]
Positions = npt.NDArray[np.intp]


_remembered: ContextVar[list[_Remembered] | None] = ContextVar("_remembered", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Compare the same two tensors once in the block: a check of what was measured just before takes what was found.

    Nothing may change them meanwhile. What depends on a format is that of the first comparison; no verdict does, for
    those that would aren't remembered.
    """
    token = _remembered.set([])
    try:
        yield
    finally:
        _remembered.reset(token)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What one pass over two tensors of the same shape found.

    The errors and the correlation are over the *finite pairs*: the positions at which both tensors are finite. Where
    there is none (two empty tensors, or only matching NaNs and infinities), errors are 0 and the correlation is 1.
    """

    count: int
    #: Positions at which one tensor has a NaN, or an infinity of one sign, that the other has not.
    unmatched: int
    first_unmatched: Place | None
    #: Finite pairs with ``|actual - expected| > atol + rtol * |expected|``.
    outside: int
    first_outside: Place | None
    pcc: float
    max_abs_error: float
    #: The positions of the largest errors with the errors, largest first, of equal ones the earlier position first.
    worst: tuple[tuple[Place, float], ...]
    max_relative_error: float
    rms_error: float
    max_ulp: float
    #: Where ``max_ulp`` is; ``None`` where nothing differs.
    worst_ulp: Place | None
    format_error_share: float


def compare(
    expected: torch.Tensor,
    actual: torch.Tensor,
    *,
    rtol: float = 0.0,
    atol: float = 0.0,
    output_format: StorageFormat | None = None,
    worst: int = 1,
) -> Comparison:
    """Compare two CPU tensors of the same shape and of any dtype; complex numbers count as two reals.

    `output_format` is what `actual` was stored in, by default its own dtype; `worst` is how many of the largest errors
    to locate.

    * ``max_relative_error`` is the largest ``|actual - expected| / |expected|``; infinite where a zero is missed.
    * ``rms_error`` is the root of the mean of ``(actual - expected) ** 2``.
    * ``max_ulp`` is the largest ``|actual - expected| / ulp(expected)``, where ``ulp(x)`` is the spacing of the
      output's format at ``x`` (see `formats`), which at 0 is its smallest number: any miss of a zero is huge.
    * ``format_error_share`` is how much of the error storing alone would have made: the sum of ``(stored(expected) -
      expected) ** 2`` over the sum of ``(actual - expected) ** 2``, where ``stored`` rounds to the output's format. It
      is 1 where there is no error, and NaN without an `output_format`: no check needs it. Values that the format
      stores as infinities are left out of the first sum.
    * ``pcc`` is Pearson's correlation coefficient, accumulated with Chan, Golub and LeVeque's update of centred sums
      (1979), so that a large mean cancels nothing. As soon as one tensor is constant it is undefined; then the two are
      compared by value instead: ``1 - mean((actual - expected) ** 2) / (2 * mean(expected ** 2))``, which is what the
      same noise makes of the correlation of a zero-mean signal of that power. A constant `actual` that is more than one
      ulp off an `expected` that varies carries nothing of it and scores 0.

    Values whose squares leave a double's range (about 1e-160 to 1e150) have a correlation of NaN, unless all are equal.
    """
    remembered = _remembered.get()
    key = _Remembered(expected, actual, rtol, atol)
    if remembered and output_format is None and worst == 1:
        for known in remembered:
            if known.comparison is not None and known.is_of_same(key):
                return known.comparison
    parts = 2 if expected.is_complex() or actual.is_complex() else 1
    both_64_bit = {expected.dtype, actual.dtype} <= _INTEGERS_OF_64_BITS

    unmatched = 0
    first_unmatched: Place | None = None
    spacing = (output_format or format_of(actual.dtype.to_real())).spacing
    moments, errors = _Moments(), _Errors(spacing, rtol=rtol, atol=atol, number_of_worst=worst)
    format_energy = 0.0
    # Infinities and zeros are expected here: each formula below says what becomes of them.
    with np.errstate(all="ignore"):
        for block in _blocks(actual.shape, parts):
            expected_block, actual_block = expected[block.index], actual[block.index]
            e, a = _doubles(expected_block, parts), _doubles(actual_block, parts)
            difference = a - e
            if both_64_bit:
                # A double has 53 bits: neighbours above 2**53 look equal in it, and differ as integers.
                exact = _doubles(actual_block.to(torch.int64) - expected_block.to(torch.int64), parts)
                difference = np.where(difference == 0, exact, difference)
            # As rows, and before anything is left out: block floats share an exponent with their neighbours.
            rows = e.reshape(-1, (expected_block.shape[-1] if expected_block.dim() else 1) * parts)
            positions = None
            if not math.isfinite(difference.sum()):
                finite = np.isfinite(e) & np.isfinite(a)
                mismatch = ~(finite | (e == a) | (np.isnan(e) & np.isnan(a)))
                if first_unmatched is None and mismatch.any():
                    first_unmatched = block.place(int(mismatch.argmax()))
                unmatched += int(np.count_nonzero(mismatch))
                (positions,) = finite.nonzero()
                e, a, difference = e[positions], a[positions], difference[positions]
            if e.size:
                moments.add(e, a)
                errors.add(block, positions, e, difference, rows)
                if output_format is not None:
                    stored = _doubles(output_format.stored(_reals(expected_block, parts)), 1)
                    stored = stored if positions is None else stored[positions]
                    format_energy += _finite_energy(np.subtract(stored, e, out=difference))

    comparison = Comparison(
        count=actual.numel(),
        unmatched=unmatched,
        first_unmatched=first_unmatched,
        outside=errors.outside,
        first_outside=errors.first_outside,
        pcc=_correlation(moments, errors),
        max_abs_error=errors.max_absolute,
        worst=tuple(errors.worst),
        max_relative_error=errors.max_relative,
        rms_error=math.sqrt(errors.sum_of_squares / moments.count) if moments.count else 0.0,
        max_ulp=errors.max_ulp,
        worst_ulp=errors.worst_ulp,
        format_error_share=(
            math.nan
            if output_format is None
            else format_energy / errors.sum_of_squares
            if errors.sum_of_squares
            else 1.0
        ),
    )
    # The correlation of a constant output is the one thing beside `max_ulp` for which an ulp counts.
    if remembered is not None and not moments.constant_a:
        remembered.append(replace(key, comparison=comparison))
    return comparison


@dataclass(frozen=True, slots=True)
class _Remembered:
    """A comparison and what it was of; the tensors are kept, so that no other can come to lie where they do."""

    expected: torch.Tensor
    actual: torch.Tensor
    rtol: float
    atol: float
    comparison: Comparison | None = None

    def is_of_same(self, other: _Remembered) -> bool:
        return (self.rtol, self.atol) == (other.rtol, other.atol) and all(
            one.data_ptr() == another.data_ptr()
            and (one.dtype, one.shape, one.stride()) == (another.dtype, another.shape, another.stride())
            for one, another in ((self.expected, other.expected), (self.actual, other.actual))
        )


@dataclass(frozen=True, slots=True)
class _Block:
    """A box of at most `_BLOCK` elements; boxes come in row-major order."""

    index: tuple[int | slice, ...]
    origin: Place
    shape: Place
    parts: int  # doubles for each element

    def place(self, position: int) -> Place:
        """The whole tensor's index of the element to which a double of this block belongs."""
        position //= self.parts
        inside: list[int] = []
        for size in reversed(self.shape):
            position, offset = divmod(position, size)
            inside.append(offset)
        return tuple(start + offset for start, offset in zip(self.origin, reversed(inside), strict=True))


def _blocks(shape: torch.Size, parts: int = 1) -> Iterator[_Block]:
    """Cut along one axis: the first whose following axes hold no more than a block; axes before it one by one."""
    if 0 in shape:
        return
    axis = next((axis for axis in range(len(shape)) if math.prod(shape[axis + 1 :]) <= _BLOCK), None)
    if axis is None:
        yield _Block((), (), (), parts)
        return
    rest = tuple(shape[axis + 1 :])
    step = _BLOCK // math.prod(rest)
    for outer in itertools.product(*(range(size) for size in shape[:axis])):
        for start in range(0, shape[axis], step):
            stop = min(start + step, shape[axis])
            origin = (*outer, start, *(0 for _ in rest))
            yield _Block((*outer, slice(start, stop)), origin, (*(1 for _ in outer), stop - start, *rest), parts)


class _Moments:
    """Means and centred sums of the finite pairs, merged block by block."""

    def __init__(self) -> None:
        self.count = 0
        self.mean_e = self.mean_a = 0.0
        self.see = self.saa = self.sea = 0.0
        self.constant_e = self.constant_a = True
        self._first_e = self._first_a = math.nan

    def add(self, e: Doubles, a: Doubles) -> None:
        if self.count == 0:
            self._first_e, self._first_a = float(e[0]), float(a[0])
        # By value, not by variance: the mean of equal values need not be that value to the last bit.
        self.constant_e = self.constant_e and not (e != self._first_e).any()
        self.constant_a = self.constant_a and not (a != self._first_a).any()

        mean_e, mean_a = float(e.mean()), float(a.mean())
        centred_e, centred_a = e - mean_e, a - mean_a
        count = self.count + e.size
        shift_e, shift_a = mean_e - self.mean_e, mean_a - self.mean_a
        weight = self.count * e.size / count
        self.see += _dot(centred_e, centred_e) + shift_e * shift_e * weight
        self.saa += _dot(centred_a, centred_a) + shift_a * shift_a * weight
        self.sea += _dot(centred_e, centred_a) + shift_e * shift_a * weight
        self.mean_e += shift_e * e.size / count
        self.mean_a += shift_a * e.size / count
        self.count = count


class _Errors:
    """The largest errors of the finite pairs, where they are, and how many are outside the tolerance."""

    def __init__(
        self, spacing: Callable[[Doubles], Doubles | float], *, rtol: float, atol: float, number_of_worst: int
    ) -> None:
        self._spacing = spacing
        self._rtol, self._atol = rtol, atol
        self._number_of_worst = number_of_worst
        self.outside = 0
        self.first_outside: Place | None = None
        self.worst: list[tuple[Place, float]] = []
        self.worst_ulp: Place | None = None
        self.max_absolute = self.max_relative = self.max_ulp = self.sum_of_squares = 0.0

    def add(self, block: _Block, positions: Positions | None, e: Doubles, difference: Doubles, rows: Doubles) -> None:
        """`positions` are those of `e` and `difference` in `rows`, the whole block; ``None`` when they are all."""
        absolute = np.abs(difference)
        largest = float(absolute.max())
        if largest == 0:
            return

        def place(position: np.intp) -> Place:
            return block.place(int(position if positions is None else positions[position]))

        self.max_absolute = max(self.max_absolute, largest)
        if len(self.worst) < self._number_of_worst or largest > self.worst[-1][1]:
            self._keep_worst(absolute, place)
        magnitude = np.abs(e)
        outside = absolute > magnitude * self._rtol + self._atol
        number_outside = int(np.count_nonzero(outside))
        if number_outside and self.first_outside is None:
            self.first_outside = place(outside.argmax())
        self.outside += number_outside
        self.sum_of_squares += _dot(difference, difference)
        # 0/0 is no error, and fmax passes over its NaN; anything else over 0 is an infinite one.
        # Results go where operands were that nothing needs any more: a new array costs as much as a division.
        relative = np.divide(absolute, magnitude, out=magnitude)
        self.max_relative = max(self.max_relative, float(np.fmax.reduce(relative)))
        spacing = self._spacing(rows)
        if not isinstance(spacing, float):
            spacing = spacing.reshape(-1) if positions is None else spacing.reshape(-1)[positions]
        ulps = np.divide(absolute, spacing, out=absolute)
        most = float(ulps.max())
        if most > self.max_ulp:
            self.max_ulp, self.worst_ulp = most, place(ulps.argmax())

    def _keep_worst(self, absolute: Doubles, place: Callable[[np.intp], Place]) -> None:
        """Merge the block's largest errors into `worst`."""
        # One more than once: both parts of a complex number may be among the worst, and count as one element.
        number = 2 * self._number_of_worst
        # Of a tensor's blocks few have more than a handful that are worse than what was found before them.
        candidates = np.flatnonzero(absolute > (self.worst[-1][1] if len(self.worst) == self._number_of_worst else 0))
        if candidates.size > number:
            errors = absolute[candidates]
            candidates = candidates[errors >= np.partition(errors, errors.size - number)[errors.size - number]]
        order = candidates[np.argsort(-absolute[candidates], kind="stable")[:number]]
        found = dict(self.worst)
        for position in order:
            where = place(position)
            found[where] = max(found.get(where, 0.0), float(absolute[position]))
        self.worst = sorted(found.items(), key=lambda item: -item[1])[: self._number_of_worst]


def _doubles(block: torch.Tensor, parts: int) -> Doubles:
    return _reals(block, parts).to(torch.float64).reshape(-1).numpy()


def _reals(block: torch.Tensor, parts: int) -> torch.Tensor:
    return block if parts == 1 else torch.view_as_real(block.to(torch.complex128))


def _dot(x: Doubles, y: Doubles) -> float:
    # Not BLAS's: its sum depends on the number of threads.
    return float(np.einsum("i,i", x, y))


def _finite_energy(x: Doubles) -> float:
    energy = _dot(x, x)
    if math.isfinite(energy):
        return energy
    finite = x[np.isfinite(x)]
    return _dot(finite, finite)


def _correlation(moments: _Moments, errors: _Errors) -> float:
    if errors.max_absolute == 0:
        return 1.0
    if moments.constant_a and not moments.constant_e and errors.max_ulp > 1:
        return 0.0
    if moments.constant_e or moments.constant_a:
        power = moments.see / moments.count + moments.mean_e * moments.mean_e
        noise = errors.sum_of_squares / moments.count
        return max(0.0, 1.0 - noise / (2 * power)) if power else 0.0
    deviations = math.sqrt(moments.see) * math.sqrt(moments.saa)
    return min(1.0, max(-1.0, moments.sea / deviations)) if deviations else math.nan
