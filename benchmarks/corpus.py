"""Runs a sample of every sweep module of a tt-metal checkout and prints what came out as a page of Markdown.

    python benchmarks/corpus.py CHECKOUT > docs/corpus.md

Every failure and every skip has to be explained by an entry of ``corpus.toml``: what isn't is named on stderr, and the
exit code is 1. ``--report FILE.xml`` explains the JUnit report of a run that was made before.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

import tomllib

SWEEPS = Path("tests/sweep_framework/sweeps")
OUTCOMES = ("passed", "xpassed", "xfailed", "failed", "error", "skipped")
NOT_EMULATED = "not-emulated"


@dataclass(frozen=True)
class Explanation:
    """Why vectors of modules that match ``modules`` and whose text matches ``message`` don't pass."""

    kind: str
    modules: tuple[str, ...]
    message: str
    reason: str

    def explains(self, module: str, text: str) -> bool:
        return any(fnmatchcase(module, glob) for glob in self.modules) and re.search(self.message, text) is not None


@dataclass
class Module:
    """What came of one module's vectors; ``unlike`` holds the outcome and text of each that neither passed nor was
    expected to fail."""

    name: str
    outcomes: Counter[str] = field(default_factory=Counter)
    unlike: list[tuple[str, str]] = field(default_factory=list)
    reasons: Counter[Explanation | None] = field(default_factory=Counter)

    @cached_property
    def category(self) -> str:
        parts = self.name.split(".")
        return ".".join(parts[: min(2, len(parts) - 1)]) if parts[0] == "eltwise" else (parts[0] if parts[1:] else "-")

    @property
    def verdict(self) -> str:
        if not self.outcomes:
            return "no valid vector"
        if not self.unlike:
            return "passes"
        return "passes in part" if self.outcomes["passed"] or self.outcomes["xpassed"] else "doesn't pass"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="A tt-metal checkout")
    parser.add_argument("--report", type=Path, help="A JUnit XML report of the run, instead of running")
    parser.add_argument("--sample", type=int, default=5, help="Vectors of each suite (default: 5)")
    parser.add_argument("--device", default="emulated", help="As --sweep-device of pytest (default: emulated)")
    parser.add_argument("-n", dest="workers", default="2", help="xdist workers (default: 2)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        report = options.report or run(options, Path(directory) / "report.xml")
        modules = read(report, options.checkout)
    explanations = read_explanations()
    explain(modules.values(), explanations)
    print(page(modules.values(), explanations, options), end="")
    unexplained = [module for module in modules.values() if module.reasons[None]]
    for module in unexplained:
        for outcome, text in module.unlike:
            if not any(explanation.explains(module.name, text) for explanation in explanations):
                print(f"unexplained: {module.name}: {outcome}: {text[-300:]!r}", file=sys.stderr)
    return 1 if unexplained else 0


def run(options: argparse.Namespace, report: Path) -> Path:
    command = [sys.executable, "-m", "pytest", "-p", "ttnn_sweeps", "-p", "no:cacheprovider", str(SWEEPS), "-q"]
    command += [f"--sweep-sample={options.sample}", f"--sweep-device={options.device}", f"-n{options.workers}"]
    # Nothing shall be cut short: neither slow vectors nor the session after several modules whose device didn't open.
    command += ["--sweep-timeout=300", "--timeout=300", "--sweep-max-device-failures=0"]
    command += ["--tb=short", "-rN", f"--junitxml={report}", "-o", "junit_logging=no"]
    subprocess.run(command, cwd=options.checkout, stdout=sys.stderr, stdin=subprocess.DEVNULL, check=False)
    return report


def read(report: Path, checkout: Path) -> dict[str, Module]:
    """The modules of the checkout with what the report says of each."""
    sweeps = checkout / SWEEPS
    names = [".".join(path.relative_to(sweeps).with_suffix("").parts) for path in sorted(sweeps.rglob("*.py"))]
    modules = {name: Module(name) for name in names}
    prefix = ".".join(SWEEPS.parts) + "."
    for case in ElementTree.parse(report).iter("testcase"):
        words = f"{case.get('classname')}.{case.get('name')}".removeprefix(".").removeprefix(prefix).split(".")
        starts = (".".join(words[:length]) for length in range(len(words), 0, -1))
        module = modules[next(start for start in starts if start in modules)]
        outcome, text = result(case)
        module.outcomes[outcome] += 1
        if outcome in ("failed", "error", "skipped"):
            module.unlike.append((outcome, text))
    return modules


def result(case: ElementTree.Element) -> tuple[str, str]:
    """The outcome of a test case, and what explains it."""
    for tag, outcome in (("error", "error"), ("failure", "failed"), ("skipped", "skipped")):
        element = case.find(tag)
        if element is not None:
            is_xfail = outcome == "skipped" and element.get("type") == "pytest.xfail"
            return "xfailed" if is_xfail else outcome, f"{element.get('message')}\n{element.text}"
    status = {prop.get("name"): prop.get("value") for prop in case.iter("property")}.get("status")
    return ("xpassed" if status == "XPASS" else "passed"), ""


def read_explanations() -> list[Explanation]:
    data = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return [Explanation(**{**entry, "modules": tuple(entry["modules"])}) for entry in data.get("explanation", [])]


def explain(modules: Iterable[Module], explanations: list[Explanation]) -> None:
    for module in modules:
        for _, text in module.unlike:
            reason = next((entry for entry in explanations if entry.explains(module.name, text)), None)
            module.reasons[reason] += 1


def page(modules: Iterable[Module], explanations: list[Explanation], options: argparse.Namespace) -> str:
    modules = list(modules)
    return "\n".join([*head(modules, options), *by_category(modules), *by_module(modules), *kinds(modules)]) + "\n"


def head(modules: list[Module], options: argparse.Namespace) -> Iterator[str]:
    collected = [module for module in modules if not any(outcome == "error" for outcome, _ in module.unlike)]
    gaps = [module for module in modules if any(why and why.kind == NOT_EMULATED for why in module.reasons)]
    verdicts = Counter(module.verdict for module in modules)
    vectors = sum((module.outcomes for module in modules), Counter())
    yield from ("# The upstream corpus", "")
    yield f"What `--sweep-sample {options.sample}` of every suite gives with `--sweep-device {options.device}` on an"
    yield "unmodified tt-metal checkout. Made by `python benchmarks/corpus.py CHECKOUT > docs/corpus.md`; it finds the"
    yield "reason of every failure and skip in `benchmarks/corpus.toml`, or fails."
    yield ""
    emulated = len(modules) - len(gaps)
    yield f"- {len(modules)} modules; {len(collected)} have no error, {emulated} ({emulated / len(modules):.1%}) meet"
    yield "  nothing that isn't emulated."
    yield "- Modules: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.most_common()) + "."
    yield "- Vectors: " + ", ".join(f"{vectors[outcome]:,} {outcome}" for outcome in OUTCOMES) + "."
    yield ""


def by_category(modules: list[Module]) -> Iterator[str]:
    yield from ("## By category", "", f"| category | modules | {' | '.join(OUTCOMES)} |", "|---|--:" + "|--:" * 6 + "|")
    for category in sorted({module.category for module in modules}):
        members = [module for module in modules if module.category == category]
        counts = sum((module.outcomes for module in members), Counter())
        yield f"| {category} | {len(members)} | " + " | ".join(str(counts[outcome]) for outcome in OUTCOMES) + " |"
    yield ""


def by_module(modules: list[Module]) -> Iterator[str]:
    yield from ("## Modules with vectors that don't pass", "")
    yield "Of the sample; vectors of `xfail` suites that fail are as declared and aren't listed."
    yield ""
    yield from ("| module | of vectors | not passing | why |", "|---|--:|--:|---|")
    for module in modules:
        for explanation, count in module.reasons.items():
            kind = f"{explanation.kind}: {explanation.reason}" if explanation else "**unexplained**"
            yield f"| {module.name} | {module.outcomes.total()} | {count} | {kind} |"
        if not module.outcomes:
            yield f"| {module.name} | 0 | 0 | no valid vector |"
    yield ""


def kinds(modules: list[Module]) -> Iterator[str]:
    counts: Counter[str] = Counter()
    concerned: dict[str, set[str]] = {}
    for module in modules:
        for explanation, count in module.reasons.items():
            kind = explanation.kind if explanation else "unexplained"
            counts[kind] += count
            concerned.setdefault(kind, set()).add(module.name)
    yield from ("## By kind of reason", "", "| kind | vectors | modules |", "|---|--:|--:|")
    for kind, count in counts.most_common():
        yield f"| {kind} | {count} | {len(concerned[kind])} |"


if __name__ == "__main__":
    sys.exit(main())
