"""Vector ids: what a vector *is*, whatever its place, its suite's other values or the process that asks.

A vector id is 128 bits: the sum, modulo 2**128, of one BLAKE2b digest per parameter over the format version, the
parameter's name and the canonical encoding of its value. Being a sum it doesn't depend on the order of parameters, and
the ids of a product are sums of a few digests per axis: about 0.1 us a vector, and the index behind one id is found
without visiting the others. Sums of digests resist accidents, not adversaries, which is all that a test's name needs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.codec import UnencodableValue, canonical_text
from pytest_ttnn_sweeps.vectors.suite import Axis, Positions, Suite

FORMAT = "ttnn-sweeps vector 1"
"""Version of the id and of the canonical encoding beneath it; another version gives other ids for everything."""

ID_DIGITS = 32
NAME_DIGITS = 12
"""How much of the id an item's name shows; longer only where two vectors of a suite would share that much."""

_BITS = 4 * ID_DIGITS
_MASK = (1 << _BITS) - 1
_EMPTY = int.from_bytes(blake2b(FORMAT.encode(), digest_size=_BITS // 8).digest(), "big")


class VectorIds:
    """The ids of one suite's vectors. Raises ``SweepError`` naming suite and key for a value that has no encoding."""

    def __init__(self, suite: Suite, *, place: str) -> None:
        self.suite = suite
        self._digests = [_axis_digests(axis, f"{place}: suite {suite.name!r}") for axis in suite.axes]

    def of(self, index: int) -> str:
        """The id of vector ``index``: 32 lower-case hexadecimal digits."""
        total = sum(digests[position] for digests, position in zip(self._digests, self.suite.positions(index)))
        return _hex(_EMPTY + total)

    def numbers(self, positions: Positions) -> list[int]:
        """The ids, as integers, of the product of ``positions``, in the order of ``Suite.indexes(positions)``."""
        sums = [_EMPTY] if all(positions) else []
        for digests, wanted in zip(self._digests, positions):
            steps = [digests[position] for position in wanted]
            sums = [total + step for total in sums for step in steps]
        return [total & _MASK for total in sums]

    def find(self, prefix: str) -> list[int]:
        """The indexes, ascending, of all vectors whose id begins with ``prefix``; no vector is visited for it.

        The axes are parted into two halves of about equal size. For each sum of the one half the sums of the other
        that complete the prefix lie in one interval, which bisection finds: O(sqrt(size) * log(size)).
        """
        if not is_id_prefix(prefix):
            return []
        shift = _BITS - 4 * len(prefix)
        low, high = int(prefix, 16) << shift, ((int(prefix, 16) + 1) << shift) - 1
        outer, (inner, inner_indexes) = self._halves
        found: list[int] = []
        for total, base in outer:
            start, end = (low - total) & _MASK, (high - total) & _MASK
            spans = [(start, end)] if start <= end else [(start, _MASK), (0, end)]
            for first, last in spans:
                at = bisect_left(inner, first)
                while at < len(inner) and inner[at] <= last:
                    found.append(base + inner_indexes[at])
                    at += 1
        return sorted(found)

    @cached_property
    def _halves(self) -> tuple[list[tuple[int, int]], tuple[list[int], list[int]]]:
        """(sum, index) of every choice on the outer axes; the sums, sorted, and indexes of the inner axes.

        The longest axis is an inner one: bisection alone searches a suite of one long axis of zipped parameters.
        """
        axes = [
            [(digest, position * stride) for position, digest in enumerate(digests)]
            for digests, stride in zip(self._digests, self.suite.strides)
        ]
        inner, outer = [(0, 0)], [(_EMPTY, 0)]
        for axis in sorted(axes, key=len, reverse=True):
            if len(inner) == 1 or len(inner) * len(axis) <= self.suite.size**0.5:
                inner = [(total + step, index + offset) for total, index in inner for step, offset in axis]
            else:
                outer = [(total + step, index + offset) for total, index in outer for step, offset in axis]
        ordered = sorted((total & _MASK, index) for total, index in inner)
        return outer, ([total for total, _ in ordered], [index for _, index in ordered])


class GivenIds(VectorIds):
    """Ids that the vectors have already: ``ids``, 32 hexadecimal digits each, for a suite of one axis."""

    def __init__(self, suite: Suite, ids: Sequence[str]) -> None:
        self.suite = suite
        self._digests = [[int(text, 16) - _EMPTY for text in ids]]


def item_names(ids: list[int]) -> list[str]:
    """For distinct ids, names that tell them apart: their first 12 digits, or more where those coincide."""
    names = [_hex(number)[:NAME_DIGITS] for number in ids]
    digits = NAME_DIGITS
    while len(set(names)) < len(names):
        digits += 4
        shared = _repeated(names)
        names = [_hex(number)[:digits] if name in shared else name for number, name in zip(ids, names)]
    return names


def is_id_prefix(text: str) -> bool:
    """Whether ``text`` could begin a vector id: 1 to 32 lower-case hexadecimal digits."""
    return 0 < len(text) <= ID_DIGITS and all(character in "0123456789abcdef" for character in text)


def _axis_digests(axis: Axis, where: str) -> list[int]:
    return [sum(_digest(name, value, where) for name, value in zip(axis.names, row)) for row in axis.values]


def _digest(name: str, value: object, where: str) -> int:
    try:
        text = canonical_text(value)
    except UnencodableValue as error:
        msg = f"{where}: {name!r}: {error}"
        raise SweepError(msg) from None
    return int.from_bytes(
        blake2b(f"{FORMAT}\0{name}\0{text}".encode("utf-8", "surrogatepass"), digest_size=_BITS // 8).digest(), "big"
    )


def _repeated(names: list[str]) -> set[str]:
    seen: set[str] = set()
    return {name for name in names if name in seen or seen.add(name)}  # type: ignore[func-returns-value]


def _hex(number: int) -> str:
    return f"{number & _MASK:0{ID_DIGITS}x}"
