"""The emulation gives what the wheel gives: the same outputs, refusals in the same words, and golden values.

A disagreement is either mended or listed with its reason in ``benchmarks/conformance.toml``.
"""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from differential.comparing import Comparison
from differential.explanations import read_explanations, unexplained
from differential.forms import Case
from differential.running import compared, corpus_cases, drawn_cases
from differential.side import Side
from differential.wheel import Wheel

from pytest_ttnn_sweeps.emulation.operation import OPERATIONS

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # of torch, for variances of one number
_SHOWN = 12


def check(cases: Iterable[Case], wheel: Wheel, emulation: Side) -> list[Comparison]:
    """Fail for disagreements without a reason, the shortest first; returns all comparisons."""
    comparisons = list(compared(cases, wheel, emulation))
    left, _ = unexplained(comparisons, read_explanations())
    if left:
        shown = "\n".join(str(comparison) for comparison in sorted(left, key=lambda one: len(one.case.text))[:_SHOWN])
        pytest.fail(f"{len(left)} of {len(comparisons)} cases differ without a reason:\n{shown}", pytrace=False)
    return comparisons


@pytest.mark.parametrize("family", drawn_cases())
def test_drawn_cases_come_out_as_on_the_wheel(family: str, wheel: Wheel, emulation: Side) -> None:
    """Configurations that nobody thought of: types, bits, operations with their operands, settings and mistakes."""
    comparisons = check(drawn_cases()[family], wheel, emulation)

    agreeing = sum(comparison.kind.is_agreement for comparison in comparisons)
    assert agreeing > 0.75 * len(comparisons), f"{agreeing} of {len(comparisons)} cases agree"


def test_calls_of_the_corpus_come_out_as_on_the_wheel(wheel: Wheel, emulation: Side) -> None:
    """Configurations that upstream's sweep modules use."""
    check(corpus_cases(), wheel, emulation)


def test_every_operation_has_cases(emulation: Side) -> None:
    """No operation of the emulation goes without some that were drawn."""
    assert emulation
    drawn = {f"ttnn.{case.subject}" for cases in drawn_cases().values() for case in cases}

    assert OPERATIONS.keys() - drawn == set()
