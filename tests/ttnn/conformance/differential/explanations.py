"""Why the emulation disagrees with the wheel where it is known to: ``benchmarks/conformance.toml``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from .comparing import Comparison, Kind

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # pytest has it with it

PATH = Path(__file__).parents[4] / "benchmarks" / "conformance.toml"


@dataclass(frozen=True)
class Explanation:
    """Why details in which ``message`` is found, of subjects that match ``subjects``, differ in one of the ways
    ``differs``."""

    reason: str
    differs: tuple[str, ...]
    subjects: tuple[str, ...]
    message: str

    def explains(self, comparison: Comparison, detail: str) -> bool:
        return (
            comparison.kind.value in self.differs
            and any(fnmatchcase(comparison.case.subject, glob) for glob in self.subjects)
            and re.search(self.message, detail) is not None
        )


def read_explanations() -> list[Explanation]:
    """The explanations. Raises ``ValueError`` for one of a way to differ that there isn't."""
    known = {kind.value for kind in Kind if not kind.is_agreement}
    entries = tomllib.loads(PATH.read_text(encoding="utf-8")).get("explanation", [])
    for entry in entries:
        if not known.issuperset(entry["differs"]):
            raise ValueError(f"{PATH.name}: differs = {entry['differs']}: there are {sorted(known)}")
    return [
        Explanation(**{**entry, "differs": tuple(entry["differs"]), "subjects": tuple(entry["subjects"])})
        for entry in entries
    ]


def unexplained(
    comparisons: Iterable[Comparison], explanations: Iterable[Explanation]
) -> tuple[list[Comparison], set[Explanation]]:
    """The disagreements with a detail that nothing explains, and the explanations that explained something.

    The first explanation of a detail explains it.
    """
    explanations, left, used = list(explanations), [], set()
    for comparison in comparisons:
        if comparison.kind.is_agreement:
            continue
        why = [next((e for e in explanations if e.explains(comparison, text)), None) for text in comparison.details]
        used.update(explanation for explanation in why if explanation is not None)
        if None in why:
            left.append(comparison)
    return left, used
