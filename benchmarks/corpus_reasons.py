"""Why vectors don't pass: what a report from the wheel tells by itself, else entries of ``corpus.toml``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import tomllib
from corpus_reports import CRASHED, Vector

EXPLANATIONS = Path(__file__).with_name("corpus.toml")
EMULATED = "emulated"
NO_GOLDEN, REFUSED, DRIFT, CRASH = "no golden", "refused", "drift", "crashed"
_NO_VALUE = re.compile(r"no golden value: (?P<why>.*)", re.DOTALL)
_OPERATION = re.compile(r"\bttnn\.[\w.]*\w")
_SIGNAL = re.compile(r"\bSIG[A-Z]+\b")


@dataclass(frozen=True)
class Reason:
    """Why one vector didn't pass."""

    kind: str
    text: str


@dataclass(frozen=True)
class Explanation:
    """Why vectors of modules that match ``modules`` and whose text matches ``message`` don't pass."""

    kind: str
    modules: tuple[str, ...]
    message: str
    reason: str
    devices: tuple[str, ...] = ("*",)
    """Of runs on them, as ``--device`` names them."""

    def explains(self, vector: Vector, device: str) -> bool:
        return (
            any(fnmatchcase(device, glob) for glob in self.devices)
            and any(fnmatchcase(vector.module, glob) for glob in self.modules)
            and re.search(self.message, vector.text) is not None
        )


@dataclass(frozen=True)
class Difference:
    """Why vectors come out one way under the emulation and another way on the wheel; ``emulated`` and ``wheel`` are
    regular expressions that are searched in what became of them there, ``passes`` or the words of what was wrong."""

    kind: str
    modules: tuple[str, ...]
    emulated: str
    wheel: str
    reason: str

    def explains(self, module: str, emulated: str, wheel: str) -> bool:
        return (
            any(fnmatchcase(module, glob) for glob in self.modules)
            and re.search(self.emulated, emulated) is not None
            and re.search(self.wheel, wheel) is not None
        )


def read_explanations(path: Path) -> tuple[list[Explanation], list[Difference]]:
    """The entries of a file like ``corpus.toml``."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    explanations = [Explanation(**_tuples(entry)) for entry in data.get("explanation", [])]
    return explanations, [Difference(**_tuples(entry)) for entry in data.get("difference", [])]


def _tuples(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}


def reason_of(vector: Vector, explanations: Iterable[Explanation], device: str) -> Reason | None:
    """Why a vector that doesn't pass doesn't; None where nothing says so.

    The emulation's word isn't proof of anything, so each of its refusals wants an entry. The wheel's own is.
    """
    absent = _NO_VALUE.match(vector.message) if vector.outcome == "skipped" and device != EMULATED else None
    if absent is not None:
        return Reason(NO_GOLDEN, absent["why"])
    for explanation in explanations:
        if explanation.explains(vector, device):
            return Reason(explanation.kind, explanation.reason)
    if device == EMULATED or vector.status == CRASHED or not vector.is_ttnns_refusal:
        return None
    return Reason(REFUSED, vector.folded)


def operation_of(reason: Reason) -> str:
    """The operation of ttnn's that a reason speaks of first."""
    found = _OPERATION.search(reason.text)
    return found[0] if found else "-"


def signal_of(vector: Vector) -> str:
    """The signal that ended a vector's process; `deadline` where it was ended for its time."""
    found = _SIGNAL.search(vector.message) or _SIGNAL.search(vector.text)
    return found[0] if found else "deadline"
