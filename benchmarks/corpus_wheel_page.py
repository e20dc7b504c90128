"""The page of Markdown about a run of upstream's corpus on the ttnn wheel."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from corpus_comparison import AGREEMENTS, DIFFER, ONE_SIDED, WHEELS_OWN, Pair, label
from corpus_pages import Why, categories, table, verdicts
from corpus_reasons import CRASH, DRIFT, NO_GOLDEN, REFUSED, operation_of, signal_of
from corpus_reports import CRASHED, Module, Vector

PASSING = ("passed", "xpassed", "xfailed")
DIFFERS, UPSTREAM, OTHER = "differs", "upstream", "other"
COLUMNS = (*PASSING, NO_GOLDEN, REFUSED, DRIFT, DIFFERS, UPSTREAM, CRASH, OTHER)
UNEXPLAINED = "**unexplained**"
_ENUMERATOR = re.compile(r"\b(\w+Type)::\w+")
_LONGEST = 120


def wheel_page(
    modules: Iterable[Module], why: Why, pairs: Iterable[Pair], sample: int, device: str, version: str
) -> Iterator[str]:
    """The lines of the page; ``version`` is ttnn's."""
    modules, pairs = list(modules), list(pairs)
    vectors = [vector for module in modules for vector in module.vectors]
    yield from ("# The upstream corpus on the ttnn wheel", "")
    yield f"What `--sweep-sample {sample}` of every suite of an unmodified tt-metal checkout gives with ttnn {version}"
    yield f"itself, on its mock device (`--sweep-device {device}`): the checks are real, values are those of its golden"
    yield f"functions. Made by `python benchmarks/corpus.py CHECKOUT --device {device} > docs/corpus-wheel.md`, which"
    yield "runs the sample under the [emulation](corpus.md) too. What ttnn refuses is told in its own words; reasons of"
    yield "the rest, and of what comes out another way under the emulation, are from `benchmarks/corpus.toml`."
    yield ""
    yield from _figures(modules, vectors, why, pairs)
    yield from _legend()
    yield from _counts("By category", "category", categories(modules), why)
    yield from _beside(pairs)
    yield from _grouped("Refusals", "what ttnn says", _texts(vectors, why, REFUSED))
    yield from _grouped("API drift", "what the corpus uses", _texts(vectors, why, DRIFT))
    yield from _grouped("Without golden values", "operation and why", _texts(vectors, why, NO_GOLDEN))
    yield from _crashes(vectors, why)
    yield from _grouped("Everything else", "why", _texts(vectors, why, None))
    troubled = [(module.name, [module]) for module in modules if module.unlike or not module.vectors]
    yield from _counts("Modules with vectors that don't pass", "module", troubled, why)


def column_of(vector: Vector, why: Why) -> str:
    """The column of the tables in which a vector is counted."""
    if vector.status == CRASHED:
        return CRASH
    if vector.outcome in PASSING:
        return vector.outcome
    reason = why[vector]
    # Of a wheel that computes by torch, formats explain how the reference and the golden function come apart.
    kind = OTHER if reason is None else DIFFERS if reason.kind == "numeric" else reason.kind
    return kind if kind in COLUMNS else OTHER


def _figures(modules: list[Module], vectors: list[Vector], why: Why, pairs: list[Pair]) -> Iterator[str]:
    columns = Counter(column_of(vector, why) for vector in vectors)
    agree = Counter(pair.agreement for pair in pairs)
    alike = len(pairs) - agree[DIFFER] - agree[ONE_SIDED]
    shared = [pair for pair in pairs if pair.reason is None or pair.reason.kind not in WHEELS_OWN]
    judged = len(shared) - sum(pair.agreement in (DIFFER, ONE_SIDED) for pair in shared)
    yield verdicts(modules)
    yield f"- Vectors: {len(vectors):,}: " + ", ".join(f"{columns[name]:,} {name}" for name in COLUMNS) + "."
    yield f"- {alike:,} of {len(pairs):,} ({alike / max(len(pairs), 1):.1%}) come out as under the emulation;"
    share = f"{judged / max(len(shared), 1):.1%}"
    yield f"  {judged:,} of the {len(shared):,} ({share}) that neither drift, crash nor lack values do."
    yield ""


def _legend() -> Iterator[str]:
    yield "`no golden`: skipped, as ttnn's golden functions give no values to go on with. `refused`: by ttnn's checks,"
    yield "out of memory included. `drift`: what the corpus uses and this ttnn hasn't, or takes another way. `differs`:"
    yield "the module's torch reference and ttnn's golden function disagree. `upstream`: a defect of the module or its"
    yield "helper. `crashed`: the process died, which costs that vector alone. `other`: limits of torch and the host."
    yield "`xfailed` are failures that the suite declares, whatever made them fail."
    yield ""


def _counts(title: str, what: str, groups: Iterable[tuple[str, list[Module]]], why: Why) -> Iterator[str]:
    rows: list[list[object]] = []
    for name, members in groups:
        counts = Counter(column_of(vector, why) for module in members for vector in module.vectors)
        rows.append([name, counts.total(), *(counts[column] for column in COLUMNS)])
    yield from (f"## {title}", "")
    yield from table([what, "collected", *COLUMNS], rows)


def _beside(pairs: list[Pair]) -> Iterator[str]:
    counts = Counter(pair.agreement for pair in pairs)
    yield from ("## Beside the emulation", "")
    yield from ("Vector by vector, whatever the suite expects of it.", "")
    yield from table(["", "vectors"], [[agreement, counts[agreement]] for agreement in AGREEMENTS])
    groups: dict[tuple[str, str, str], list[str]] = {}
    for pair in pairs:
        if pair.agreement in (DIFFER, ONE_SIDED):
            groups.setdefault(_told(pair), []).append(pair.module)
    rows = [
        [*told, len(names), _some(names)]
        for told, names in sorted(groups.items(), key=lambda item: (item[0][0], -len(item[1])))
    ]
    yield from ("### Differences", "")
    columns = ["why", "on the wheel", "under the emulation", "vectors", "modules"]
    yield from table(columns, rows, texts=3, last_is_text=True)


def _told(pair: Pair) -> tuple[str, str, str]:
    emulated = _cut(label(pair.emulated))
    if pair.reason is not None and pair.reason.kind in WHEELS_OWN:
        # The reason has the words.
        return pair.reason.text, pair.reason.kind, emulated
    why = f"{pair.reason.kind}: {pair.reason.text}" if pair.reason is not None else UNEXPLAINED
    return why, _cut(label(pair.wheel)), emulated


def _texts(vectors: list[Vector], why: Why, kind: str | None) -> Iterator[tuple[str, Vector]]:
    """What is told of each vector whose reason is of ``kind``; None is every kind that has no table of its own."""
    for vector in vectors:
        if vector.passes or vector.status == CRASHED:
            continue
        reason = why[vector]
        own = reason.kind if reason is not None and reason.kind in (REFUSED, DRIFT, NO_GOLDEN) else None
        if own != kind:
            continue
        if reason is None:
            yield f"as declared: {vector.folded}" if vector.outcome == "xfailed" else UNEXPLAINED, vector
        elif kind == REFUSED:
            yield _ENUMERATOR.sub(r"\1::…", vector.folded), vector
        elif kind == NO_GOLDEN:
            yield f"`{operation_of(reason)}`: {reason.text}", vector
        else:
            yield reason.text if kind == DRIFT else f"{reason.kind}: {reason.text}", vector


def _grouped(title: str, what: str, texts: Iterable[tuple[str, Vector]]) -> Iterator[str]:
    """Vectors, those of ``xfail`` suites included, by what is told of them."""
    groups: dict[str, list[Vector]] = {}
    for text, vector in texts:
        groups.setdefault(text, []).append(vector)
    rows = []
    for text, group in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        declared = sum(vector.outcome == "xfailed" for vector in group)
        rows.append([text, len(group), declared, _some(vector.module for vector in group)])
    yield from (f"## {title}", "")
    if rows:
        yield from table([what, "vectors", "of them xfailed", "modules"], rows, last_is_text=True)
    else:
        yield from ("None.", "")


def _crashes(vectors: list[Vector], why: Why) -> Iterator[str]:
    yield from ("## Crashes", "")
    groups: Counter[tuple[str, str, str]] = Counter()
    for vector in vectors:
        if vector.status == CRASHED:
            reason = why[vector]
            groups[signal_of(vector), vector.module, reason.text if reason is not None else UNEXPLAINED] += 1
    if not groups:
        yield from ("None: no vector of the sample ends the wheel's process.", "")
        return
    rows = [[signal, module, count, text] for (signal, module, text), count in groups.items()]
    yield from table(["signal", "module", "vectors", "why"], rows, texts=2, last_is_text=True)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _some(names: Iterable[str]) -> str:
    """Up to three names, and how many more there are."""
    unique = sorted(set(names))
    return ", ".join(unique[:3]) + (f" and {len(unique) - 3} more" if len(unique) > 3 else "")
