"""Draws the cases of the conformance suite and writes them down.

    python tests/ttnn/conformance/draw_cases.py [SEED] > tests/data/drawn_cases.jsonl

Run it after a change of the strategies. Another seed gives other cases, in which other disagreements may show.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Iterator

from differential.forms import Case
from differential.strategies import Strategy, families
from differential.strategies.values import DTYPES
from hypothesis import HealthCheck, Phase, given, seed, settings

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


def examples(subject: str, strategy: Strategy, count: int, first: int) -> list[Case]:
    """``count`` cases at most, those that ``first`` leads to."""
    found: dict[str, Case] = {}

    @seed(first + zlib.crc32(subject.encode()))
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


def lines(first: int) -> Iterator[str]:
    """The cases of all families, each as a line of JSON."""
    for family, subjects in families().items():
        for subject, strategy in subjects.items():
            for case in examples(subject, strategy, _MORE.get(subject, _EXAMPLES), first):
                yield json.dumps({"family": family, "subject": case.subject, "form": case.form})


if __name__ == "__main__":
    print("\n".join(lines(int(sys.argv[1]) if len(sys.argv) > 1 else 0)))
