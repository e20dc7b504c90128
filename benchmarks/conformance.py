"""Holds the emulation against the ttnn wheel and prints how far they agree as a page of Markdown.

    python benchmarks/conformance.py > docs/conformance.md

It needs the wheel, which runs on its mock device. The cases are those of tests/ttnn/conformance.
Every disagreement has to be explained by an entry of ``conformance.toml``: what isn't is named on stderr, and the exit
code is 1. What explains nothing any more is named there, too.
"""

from __future__ import annotations

import importlib.metadata
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "ttnn" / "conformance"))

from differential.comparing import Comparison, Kind
from differential.emulated import emulated_side
from differential.explanations import Explanation, read_explanations, unexplained
from differential.running import compared, corpus_cases, drawn_cases
from differential.wheel import Wheel

from pytest_ttnn_sweeps.errors import SweepError

CORPUS = "calls of the corpus"
_COLUMNS = tuple(Kind)


def main() -> int:
    warnings.simplefilter("ignore", UserWarning)  # torch's, of variances of a single number
    explanations = read_explanations()
    try:
        found = compared_families()
    except SweepError as error:
        print(error, file=sys.stderr)
        return 2
    everything = [comparison for comparisons in found.values() for comparison in comparisons]
    left, used = unexplained(everything, explanations)
    print("\n".join(page(found, explanations)).rstrip())
    for comparison in left:
        print(f"unexplained: {comparison}", file=sys.stderr)
    for explanation in explanations:
        for match in explanation.matches:
            if match not in used:
                print(f"occurs no longer: {match.subjects}: {match.message.pattern}", file=sys.stderr)
    return 1 if left else 0


def compared_families() -> dict[str, list[Comparison]]:
    """All comparisons, by family and, at the end, of the corpus."""
    emulation = emulated_side()
    with Wheel() as wheel:
        found = {family: list(compared(cases, wheel, emulation)) for family, cases in drawn_cases().items()}
        found[CORPUS] = list(compared(corpus_cases(), wheel, emulation))
    return found


def page(found: dict[str, list[Comparison]], explanations: list[Explanation]) -> Iterator[str]:
    everything = [comparison for comparisons in found.values() for comparison in comparisons]
    kinds = Counter(comparison.kind for comparison in everything)
    alike = kinds[Kind.AGREES] + kinds[Kind.REFUSED]
    yield from ("# Conformance of the emulation", "")
    yield f"The emulation against ttnn {importlib.metadata.version('ttnn')} on a mock n150, made by"
    yield "`python benchmarks/conformance.py > docs/conformance.md`. A case is a call made on both sides: what it gives"
    yield "(shapes, padded shapes, types, layouts, memory configurations, what becomes of its inputs), or the words in"
    yield "which it is refused. Values are compared with the golden functions, as a mock device computes none."
    yield "Cases are drawn by hypothesis, with mistakes among them on purpose, or are calls of upstream's sweeps."
    yield ""
    yield f"- {len(everything):,} cases; {alike:,} ({alike / len(everything):.1%}) come out alike,"
    yield f"  {kinds[Kind.REFUSED]:,} of them as refusals, {sum(one.with_values for one in everything):,} with values."
    yield f"- {sum(one.crashed for one in everything):,} cases kill the wheel's process; the emulation refuses them,"
    yield "  where it isn't said otherwise below."
    yield ""
    yield from table("family", found)
    yield from ("## Known disagreements", "", "From `benchmarks/conformance.toml`.", "")
    yield from ("| of | differs in | cases | why |", "|---|---|--:|---|")
    for explanation, count in explained(everything, explanations):
        subjects = ", ".join(f"`{glob}`" for glob in explanation.subjects)
        yield f"| {subjects} | {', '.join(explanation.differs)} | {count} | {explanation.reason} |"
    yield ""
    yield from ("## By operation and type", "")
    by_subject: dict[str, list[Comparison]] = {}
    for comparison in sorted(everything, key=lambda comparison: comparison.case.subject):
        by_subject.setdefault(comparison.case.subject, []).append(comparison)
    yield from table("operation or type", by_subject)


def table(title: str, rows: dict[str, list[Comparison]]) -> Iterator[str]:
    """Counts by kind of outcome."""
    yield f"| {title} | cases | {' | '.join(kind.value for kind in _COLUMNS)} |"
    yield "|---|--:" + "|--:" * len(_COLUMNS) + "|"
    for name, comparisons in rows.items():
        kinds = Counter(comparison.kind for comparison in comparisons)
        yield f"| {name} | {len(comparisons)} | {' | '.join(str(kinds[kind] or '') for kind in _COLUMNS)} |"
    yield ""


def explained(comparisons: Iterable[Comparison], explanations: list[Explanation]) -> Iterator[tuple[Explanation, int]]:
    """Each explanation with how many cases it is the first to explain something of."""
    counts: Counter[Explanation | None] = Counter()
    for comparison in comparisons:
        if not comparison.kind.is_agreement:
            whys = (
                next((e for e in explanations if e.match_of(comparison, text)), None) for text in comparison.details
            )
            counts.update({why for why in whys if why is not None})
    for explanation in explanations:
        yield explanation, counts[explanation]


if __name__ == "__main__":
    sys.exit(main())
