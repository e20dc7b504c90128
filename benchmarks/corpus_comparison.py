"""The verdicts of two runs of one sample, vector by vector: on the wheel, and under the emulation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from corpus_reasons import CRASH, DRIFT, NO_GOLDEN, Difference, Reason
from corpus_reports import Module, Vector

PASSES = "passes"
BOTH_PASS = "both pass"
BOTH_REFUSE = "both refuse it, in the same words"
BOTH_FAIL = "both fail in the same way"
DIFFER = "differ"
ONE_SIDED = "in one run only"
AGREEMENTS = (BOTH_PASS, BOTH_REFUSE, BOTH_FAIL, DIFFER, ONE_SIDED)
WHEELS_OWN = frozenset((NO_GOLDEN, DRIFT, CRASH))
"""Kinds of reasons that only the wheel can have: they say all there is to a difference."""


@dataclass(frozen=True)
class Pair:
    """One vector in both runs. ``reason`` is that of a difference; None where nothing explains it, or it is none."""

    module: str
    wheel: Vector | None
    emulated: Vector | None
    agreement: str
    reason: Reason | None = None

    @property
    def is_unexplained(self) -> bool:
        return self.agreement in (DIFFER, ONE_SIDED) and self.reason is None


def label(vector: Vector | None) -> str:
    """What became of a vector, whatever its suite expects."""
    if vector is None:
        return "isn't among the vectors"
    if vector.passes:
        return PASSES
    return vector.folded or vector.outcome


def compared(
    wheel: Iterable[Module],
    emulated: Mapping[str, Module],
    why: Mapping[Vector, Reason | None],
    differences: list[Difference],
) -> Iterator[Pair]:
    """Each vector of the wheel's run beside the emulation's; ``why`` has the reasons of the wheel's."""
    for module in wheel:
        others = {_key(vector): vector for vector in emulated[module.name].vectors}
        uncollected = next((vector for vector in module.vectors if not vector.vector_id), None)
        for vector in module.vectors:
            other = others.pop(_key(vector), None)
            agreement = agreement_of(vector, other)
            reason = _reason(vector, other, why, differences) if agreement in (DIFFER, ONE_SIDED) else None
            yield Pair(module.name, vector, other, agreement, reason)
        for other in others.values():
            # For want of a module, for example.
            yield Pair(module.name, None, other, ONE_SIDED, _reason(uncollected, other, why, differences))


def agreement_of(wheel: Vector, emulated: Vector | None) -> str:
    """How far the two verdicts agree. Refusals do if their words do, numbers in them included."""
    if emulated is None:
        return ONE_SIDED
    if wheel.passes and emulated.passes:
        return BOTH_PASS
    if wheel.passes or emulated.passes:
        return DIFFER
    if wheel.is_ttnns_refusal:
        return BOTH_REFUSE if wheel.words == emulated.words else DIFFER
    return BOTH_FAIL if label(wheel) == label(emulated) else DIFFER


def _reason(
    wheel: Vector | None,
    emulated: Vector | None,
    why: Mapping[Vector, Reason | None],
    differences: list[Difference],
) -> Reason | None:
    module = next(vector.module for vector in (wheel, emulated) if vector is not None)
    for difference in differences:
        if difference.explains(module, label(emulated), label(wheel)):
            return Reason(difference.kind, difference.reason)
    own = why.get(wheel) if wheel is not None else None
    return own if own is not None and own.kind in WHEELS_OWN else None


def _key(vector: Vector) -> tuple[str, str]:
    # What couldn't be collected has no id, and is one test case of its module.
    return vector.suite, vector.vector_id
