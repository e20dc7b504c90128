"""Pages of Markdown about a run of upstream's corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from corpus_reasons import Reason
from corpus_reports import OUTCOMES, Module, Vector

NOT_EMULATED = "not-emulated"
Why = Mapping[Vector, "Reason | None"]


def emulated_page(modules: Iterable[Module], why: Why, sample: int, device: str) -> Iterator[str]:
    """The lines of the page about the emulation."""
    modules = list(modules)
    yield from _head(modules, why, sample, device)
    yield from _by_category(modules)
    yield from _by_module(modules, why)
    yield from _kinds(modules, why)


def table(
    columns: Iterable[str], rows: Iterable[Iterable[object]], *, texts: int = 1, last_is_text: bool = False
) -> Iterator[str]:
    """A table whose first columns, and maybe its last one, are text, and the others numbers."""
    columns = list(columns)
    rules = ["---"] * texts + ["--:"] * (len(columns) - texts)
    if last_is_text:
        rules[-1] = "---"
    yield f"| {' | '.join(columns)} |"
    yield f"|{'|'.join(rules)}|"
    for row in rows:
        yield "| " + " | ".join(_cell(value) for value in row) + " |"
    yield ""


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value).replace("|", "\\|")


def verdicts(modules: list[Module]) -> str:
    """How many modules pass, in a line."""
    counts = Counter(module.verdict for module in modules)
    return "- Modules: " + ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()) + "."


def total(modules: Iterable[Module]) -> Counter[str]:
    """The outcomes of all vectors of ``modules``."""
    return sum((module.outcomes for module in modules), Counter())


def categories(modules: list[Module]) -> Iterator[tuple[str, list[Module]]]:
    """The modules by category."""
    for category in sorted({module.category for module in modules}):
        yield category, [module for module in modules if module.category == category]


def _head(modules: list[Module], why: Why, sample: int, device: str) -> Iterator[str]:
    collected = [module for module in modules if not module.outcomes["error"]]
    gaps = [module for module in modules if any(_kind(why[vector]) == NOT_EMULATED for vector in module.unlike)]
    vectors = total(modules)
    yield from ("# The upstream corpus", "")
    yield f"What `--sweep-sample {sample}` of every suite gives with `--sweep-device {device}` on an"
    yield "unmodified tt-metal checkout. Made by `python benchmarks/corpus.py CHECKOUT > docs/corpus.md`; it finds the"
    yield "reason of every failure and skip in `benchmarks/corpus.toml`, or fails. The same on the real ttnn:"
    yield "[corpus-wheel.md](corpus-wheel.md)."
    yield ""
    emulated = len(modules) - len(gaps)
    yield f"- {len(modules)} modules; {len(collected)} have no error, {emulated} ({emulated / len(modules):.1%}) meet"
    yield "  nothing that isn't emulated."
    yield verdicts(modules)
    yield "- Vectors: " + ", ".join(f"{vectors[outcome]:,} {outcome}" for outcome in OUTCOMES) + "."
    yield ""


def _by_category(modules: list[Module]) -> Iterator[str]:
    yield from ("## By category", "")
    rows = []
    for category, members in categories(modules):
        counts = total(members)
        rows.append([category, len(members), *(counts[outcome] for outcome in OUTCOMES)])
    yield from table(["category", "modules", *OUTCOMES], rows)


def _by_module(modules: list[Module], why: Why) -> Iterator[str]:
    yield from ("## Modules with vectors that don't pass", "")
    yield "Of the sample; vectors of `xfail` suites that fail are as declared and aren't listed."
    yield ""
    rows: list[list[object]] = []
    for module in modules:
        for reason, count in Counter(why[vector] for vector in module.unlike).items():
            text = f"{reason.kind}: {reason.text}" if reason else "**unexplained**"
            rows.append([module.name, module.outcomes.total(), count, text])
        if not module.vectors:
            rows.append([module.name, 0, 0, "no valid vector"])
    yield from table(["module", "of vectors", "not passing", "why"], rows, last_is_text=True)


def _kinds(modules: list[Module], why: Why) -> Iterator[str]:
    counts: Counter[str] = Counter()
    concerned: dict[str, set[str]] = {}
    for module in modules:
        for vector in module.unlike:
            kind = _kind(why[vector])
            counts[kind] += 1
            concerned.setdefault(kind, set()).add(module.name)
    yield from ("## By kind of reason", "")
    yield from table(
        ["kind", "vectors", "modules"], [[kind, count, len(concerned[kind])] for kind, count in counts.most_common()]
    )


def _kind(reason: Reason | None) -> str:
    return reason.kind if reason is not None else "unexplained"
