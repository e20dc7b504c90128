"""Cases drawn, run on both sides and compared."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from .comparing import Comparison, compare
from .forms import Case
from .side import Side
from .strategies import Strategy, families
from .strategies.values import DTYPES
from .wheel import Wheel

CORPUS_CALLS = Path(__file__).parents[3] / "data" / "corpus_calls.jsonl"
_EXAMPLES = 10
"""Of a subject, unless it decides more."""
_MORE = {
    **dict.fromkeys(("matmul", "linear"), 80),
    **dict.fromkeys(["softmax", "scale_mask_softmax", "scale_mask_softmax_in_place", "layer_norm", "rms_norm"], 40),
    **dict.fromkeys(
        ["reshape", "permute", "concat", "slice", "pad", "to_memory_config", "from_torch", "to_layout", "embedding"], 40
    ),
    **dict.fromkeys(["interleaved_to_sharded", "reshard", "Tensor.__getitem__", "create_sharded_memory_config"], 40),
    **dict.fromkeys(["sum", "mean", "max", "min", "std", "var", "prod", "argmax", "topk", "cumsum", "sort"], 25),
    **dict.fromkeys(["add", "multiply", "subtract", "eq", "where", "pow", "typecast", "to_device"], 30),
    **dict.fromkeys(["conv2d", "max_pool2d", "avg_pool2d", "upsample", "group_norm", "batch_norm"], 25),
    **{f"{dtype} and back": 60 for dtype in DTYPES},
    **dict.fromkeys(("transformer.scaled_dot_product_attention", "relu", "exp", "gelu"), 30),
}


def examples(subject: str, strategy: Strategy, count: int) -> list[Case]:
    """``count`` cases at most, the same in every run of a version of hypothesis."""
    found: dict[str, Case] = {}

    @seed(zlib.crc32(subject.encode()))
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case: Case) -> None:
        found.setdefault(case.text, case)

    draw()
    return list(found.values())


def drawn_cases(family: str) -> Iterator[Case]:
    """The cases of a family, subject after subject."""
    for subject, strategy in families()[family].items():
        yield from examples(subject, strategy, _MORE.get(subject, _EXAMPLES))


def corpus_cases() -> Iterator[Case]:
    """The calls that upstream's sweep modules were seen to make; ``record_corpus_calls`` wrote them down."""
    for line in CORPUS_CALLS.read_text(encoding="utf-8").splitlines():
        form = json.loads(line)
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
