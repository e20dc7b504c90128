"""The cases of the suite, run on both sides and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from .comparing import Comparison, compare
from .forms import Case
from .side import Side
from .wheel import Wheel

_DATA = Path(__file__).parents[3] / "data"
CORPUS_CALLS = _DATA / "corpus_calls.jsonl"
DRAWN_CASES = _DATA / "drawn_cases.jsonl"


@cache
def drawn_cases() -> dict[str, list[Case]]:
    """The cases that ``draw_cases`` wrote down, by family. What hypothesis draws depends on its version and on the
    modules that are loaded; a disagreement has to be the same one on every machine."""
    families: dict[str, list[Case]] = {}
    for line in _lines(DRAWN_CASES):
        families.setdefault(line["family"], []).append(Case.of(line["subject"], line["form"]))
    return families


def corpus_cases() -> Iterator[Case]:
    """The calls that upstream's sweep modules were seen to make; ``record_corpus_calls`` wrote them down."""
    for form in _lines(CORPUS_CALLS):
        del form["module"]
        yield Case.of(form["call"], form)


def compared(cases: Iterable[Case], wheel: Wheel, emulation: Side) -> Iterator[Comparison]:
    """Each case run on both sides at once, in order."""
    for case in cases:
        wheel.ask(case)
        outcome, values = emulation.run(case.form)
        emulation.is_clean()
        theirs, golden = wheel.answer()
        yield compare(case, theirs, outcome, golden, values)


def _lines(path: Path) -> Iterator[Any]:
    return map(json.loads, path.read_text(encoding="utf-8").splitlines())
