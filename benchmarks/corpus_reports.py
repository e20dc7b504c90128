"""What the JUnit reports of a run say of each vector of a tt-metal checkout's sweep modules."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pytest_ttnn_sweeps.results import is_xfail_suite
from pytest_ttnn_sweeps.results.analysis.error_text import folded_error
from pytest_ttnn_sweeps.results.outcome import ttnn_error_message

SWEEPS = Path("tests/sweep_framework/sweeps")
OUTCOMES = ("passed", "xpassed", "xfailed", "failed", "error", "skipped")
CRASHED = "FAIL_CRASH_HANG"
_PASSING = frozenset(("passed", "xpassed"))
_ONLY_NUMBERS = re.compile(r"#(?:, …)?,?")
_BELOW = "a PCC below the module's bound"
_INVOKED = re.compile(r"incompatible function arguments.*Invoked with types: (?P<types>[^\n]+)", re.DOTALL)
_QUALIFIED = re.compile(r"\bttnn\._ttnn\.(?:\w+\.)*(\w+)")
_ABRIDGED = re.compile(r"\s*\[\+\d+ more lines; full report in element text\]\s*$")


@dataclass(frozen=True)
class Vector:
    """What came of one vector; of a whole suite or module that couldn't be collected where ``vector_id`` is empty."""

    module: str
    suite: str
    vector_id: str
    outcome: str
    """One of `OUTCOMES`. ``failed`` isn't that of a vector that was expected to."""
    status: str
    message: str = ""
    """The first lines of what was raised, returned or given as the reason of a skip."""
    text: str = ""
    """The whole report, message included."""

    @property
    def passes(self) -> bool:
        return self.outcome in _PASSING

    @property
    def is_unlike(self) -> bool:
        """Whether it neither passed nor failed as its suite declares."""
        return not self.passes and self.outcome != "xfailed"

    @cached_property
    def words(self) -> str:
        """What was wrong, in ttnn's own words where those are ttnn's; empty where nothing was."""
        invoked = _INVOKED.search(self.text)
        if invoked is not None:
            # The operation and the arguments, of which the first line says nothing.
            operation, _, given = _QUALIFIED.sub(r"\1", invoked["types"]).partition(", ")
            return f"TypeError: {operation.removesuffix('_t')}({given}): incompatible function arguments"
        return ttnn_error_message(self.message) or _ABRIDGED.sub("", self.message)

    @cached_property
    def folded(self) -> str:
        """The words on one line without what differs from vector to vector."""
        text = folded_error(self.words)
        return _BELOW if _ONLY_NUMBERS.fullmatch(text) else text

    @property
    def is_ttnns_refusal(self) -> bool:
        """Whether ttnn's checks raised it."""
        return "TT_FATAL" in self.text or "TT_THROW" in self.text


@dataclass
class Module:
    """One module's vectors."""

    name: str
    vectors: list[Vector] = field(default_factory=list)

    @property
    def category(self) -> str:
        parts = self.name.split(".")
        return ".".join(parts[: min(2, len(parts) - 1)]) if parts[0] == "eltwise" else (parts[0] if parts[1:] else "-")

    @cached_property
    def outcomes(self) -> Counter[str]:
        return Counter(vector.outcome for vector in self.vectors)

    @cached_property
    def unlike(self) -> list[Vector]:
        return [vector for vector in self.vectors if vector.is_unlike]

    @property
    def verdict(self) -> str:
        if not self.vectors:
            return "no valid vector"
        if not self.unlike:
            return "passes"
        return "passes in part" if self.outcomes["passed"] or self.outcomes["xpassed"] else "doesn't pass"


def read(reports: Iterable[Path], checkout: Path) -> dict[str, Module]:
    """The modules of the checkout with what the reports say of each."""
    sweeps = checkout / SWEEPS
    names = [".".join(path.relative_to(sweeps).with_suffix("").parts) for path in sorted(sweeps.rglob("*.py"))]
    modules = {name: Module(name) for name in names}
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            vector = vector_of(case, modules)
            modules[vector.module].vectors.append(vector)
    return modules


def vector_of(case: ElementTree.Element, modules: Iterable[str]) -> Vector:
    """A test case of a report. Raises `LookupError` where it belongs to none of ``modules``."""
    words = f"{case.get('classname')}.{case.get('name')}".removeprefix(".")
    words = words.removeprefix(".".join(SWEEPS.parts) + ".")
    known, parts = frozenset(modules), words.split(".")
    lengths = [length for length in range(len(parts), 0, -1) if ".".join(parts[:length]) in known]
    if not lengths:
        raise LookupError(f"no module of the checkout has the test case {words}")
    suite = ".".join(parts[lengths[0] : -1])
    properties = {prop.get("name"): prop.get("value") or "" for prop in case.iter("property")}
    outcome, message, text = _result(case)
    status = properties.get("status", "")
    # A crash is nothing that a suite can expect.
    if is_xfail_suite(suite) and status != CRASHED:
        outcome = {"passed": "xpassed", "failed": "xfailed"}.get(outcome, outcome)
    return Vector(".".join(parts[: lengths[0]]), suite, properties.get("vector_id", ""), outcome, status, message, text)


def _result(case: ElementTree.Element) -> tuple[str, str, str]:
    for tag, outcome in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        element = case.find(tag)
        if element is not None:
            # What pytest itself has taken for expected; runs with --runxfail have none.
            is_xfail = outcome == "skipped" and element.get("type") == "pytest.xfail"
            message = element.get("message") or ""
            if outcome == "error" and message == "collection failure":
                message = (element.text or "").strip()
            return "xfailed" if is_xfail else outcome, message, f"{message}\n{element.text or ''}"
    return "passed", "", ""
