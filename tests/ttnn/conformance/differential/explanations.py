"""Why the emulation disagrees with the wheel where it is known to: ``benchmarks/conformance.toml``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .comparing import Comparison, Kind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest has it with it

PATH = Path(__file__).parents[4] / "benchmarks" / "conformance.toml"


_ANYTHING = "…"


@dataclass(frozen=True)
class Match:
    """A detail of a case: the operations or types as globs, what is found in the detail, and in the case's JSON."""

    subjects: tuple[str, ...]
    message: re.Pattern[str]
    case: re.Pattern[str]

    def matches(self, comparison: Comparison, detail: str) -> bool:
        return (
            any(fnmatchcase(comparison.case.subject, glob) for glob in self.subjects)
            and self.message.search(detail) is not None
            and self.case.search(comparison.case.text) is not None
        )


@dataclass(frozen=True)
class Explanation:
    """Why details that one of ``matches`` fits differ in one of the ways ``differs``."""

    reason: str
    differs: tuple[str, ...]
    matches: tuple[Match, ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The globs of all matches, each once."""
        return tuple(dict.fromkeys(glob for match in self.matches for glob in match.subjects))

    def match_of(self, comparison: Comparison, detail: str) -> Match | None:
        """The first of the matches that the detail fits."""
        if comparison.kind.value not in self.differs:
            return None
        return next((match for match in self.matches if match.matches(comparison, detail)), None)


def read_explanations() -> list[Explanation]:
    """The explanations. Raises ``ValueError`` for one of a way to differ that there isn't."""
    known = {kind.value for kind in Kind if not kind.is_agreement}
    entries = tomllib.loads(PATH.read_text(encoding="utf-8")).get("explanation", [])
    for entry in entries:
        if not known.issuperset(entry["differs"]):
            raise ValueError(f"{PATH.name}: differs = {entry['differs']}: there are {sorted(known)}")
    return [
        Explanation(entry["reason"], tuple(entry["differs"]), tuple(map(_match, entry.get("pairs", [entry]))))
        for entry in entries
    ]


def _match(entry: dict[str, Any]) -> Match:
    """``message`` is a regular expression; ``wheel`` and ``emulation`` are words from the first to the last."""
    if "wheel" in entry:
        pair = f"wheel: {entry['wheel']}, emulation: {entry['emulation']}"
        message = f"^{re.escape(pair).replace(re.escape(_ANYTHING), '.*')}$"
    else:
        message = entry["message"]
    return Match(tuple(entry["subjects"]), re.compile(message, re.DOTALL), re.compile(entry.get("case", "")))


def unexplained(
    comparisons: Iterable[Comparison], explanations: Iterable[Explanation]
) -> tuple[list[Comparison], set[Match]]:
    """The disagreements with a detail that nothing explains, and the matches that explained something.

    The first match of a detail explains it.
    """
    explanations, left, used = list(explanations), [], set()
    for comparison in comparisons:
        if comparison.kind.is_agreement:
            continue
        why = [
            next(filter(None, (one.match_of(comparison, text) for one in explanations)), None)
            for text in comparison.details
        ]
        used.update(match for match in why if match is not None)
        if None in why:
            left.append(comparison)
    return left, used
