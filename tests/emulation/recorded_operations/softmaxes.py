"""The softmax family where there is nothing to weigh, with masks of fewer dimensions, and over sharded scores."""

from __future__ import annotations

from typing import Any

from calls import L1, Made, Sharded, T, call

_MASKED = ("scale_mask_softmax", "scale_mask_softmax_in_place", "scale_causal_mask_hw_dims_softmax_in_place")
for _shape in ((), (0,), (32,), (0, 32), (32, 0), (32, 32), (32, 32, 32), (0, 32, 32, 32), (1, 1, 32, 32)):
    call("softmax_in_place", T(_shape))
    call("softmax", T(_shape))
    for _name in _MASKED:
        call(_name, T(_shape), 2.0, T(_shape))
call("softmax", T((0, 32)), memory_config=L1)
call("softmax_in_place", T((0, 32), layout="ROW_MAJOR"))
call("softmax_in_place", T((0, 32), "int32"))
call("softmax", T(()), 1)
call("scale_mask_softmax_in_place", T((32, 64), layout="ROW_MAJOR"), 2.0, T((1, 1, 32, 64)))
call("scale_mask_softmax", T((32, 64), "float32"), 2.0, T((1, 1, 32, 64), "float32"))

for _shape in ((2, 3, 32, 64), (50, 96), (3, 50, 96), (1, 1, 50, 96)):
    for _mask in (_shape, (*_shape[:-3], *(1 for _ in _shape[-3:-2]), *_shape[-2:]), (1, 96), (1, 1, 32, _shape[-1])):
        for _name in ("attention_softmax", "attention_softmax_"):
            call(f"transformer.{_name}", T(_shape), head_size=8, attention_mask=T(_mask))
for _name in ("attention_softmax", "attention_softmax_"):
    for _head_size in (None, 8):
        call(f"transformer.{_name}", T((1, 2, 32, 64)), head_size=_head_size)

_SHARDS = Sharded("HEIGHT", (64, 64), (2, 1))
_SCORES = T((1, 2, 64, 64), memory=_SHARDS)
_MASK = T((1, 1, 64, 64))


def _program(block_h: int = 2, block_w: int = 2) -> Made:
    sizes = {"subblock_w": 1, "block_h": block_h, "block_w": block_w}
    grid = Made("CoreCoord", (2, 1))
    return Made("SoftmaxShardedMultiCoreProgramConfig", (), {"compute_with_storage_grid_size": grid, **sizes})


def _causal(*args: Any, program: Made | None = None, differs: str = "", golden: bool = False) -> None:
    keywords = {} if program is None else {"program_config": program}
    call("scale_causal_mask_hw_dims_softmax_in_place", *args, differs=differs, golden=golden, **keywords)


_causal(_SCORES, 2.0, _MASK, program=_program(), golden=True)
_causal(T((2, 1, 64, 64), memory=_SHARDS), 2.0, _MASK, program=_program())
_causal(_SCORES, 2.0, T((1, 1, 64, 32)), program=_program(), differs="skip")
_causal(_SCORES, 2.0, T((1, 1, 32, 64)), program=_program(), differs="skip")
_causal(_SCORES, 2.0, T((1, 2, 64, 64)), program=_program())
_causal(_SCORES, 2.0, T((1, 1, 64, 64), layout="ROW_MAJOR"), program=_program())
_causal(_SCORES, 2.0, T((1, 1, 128, 64), memory=_SHARDS), program=_program())
_causal(_SCORES, None, _MASK, program=_program())
_causal(_SCORES, 2.0, program=_program())
_causal(_SCORES, 2.0, _MASK, program=_program(block_h=1))
_causal(_SCORES, 2.0, _MASK, program=_program(block_w=1))
_causal(_SCORES, 2.0, _MASK)
_causal(T((1, 2, 64, 64)), 2.0, _MASK, program=_program())
_causal(T((1, 2, 64, 64), layout="ROW_MAJOR"), 2.0, _MASK, program=_program())
_causal(T((1, 2, 64, 64), "int32"), 2.0, _MASK, program=_program())
_causal(T((1, 2, 64, 64)))
_causal(T((2, 2, 64, 64)), 2.0, _MASK)
_causal(T((1, 2, 64, 64)), 2.0, T((1, 1, 64, 64), layout="ROW_MAJOR"))
