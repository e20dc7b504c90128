"""Reductions, running sums, and what goes by order."""

from __future__ import annotations

from calls import DRAM, N, T, call

for _name in ("sum", "mean", "max", "min", "std", "var"):
    for _dim in (None, -1, -2, 0, 1, [2, 3], [0, 3], [], 7, [1, 1]):
        for _keep in (False, True):
            call(_name, T((2, 3, 4, 5), "float32"), dim=_dim, keepdim=_keep, golden=_dim not in (7, [1, 1], []))
    for _dtype in ("bfloat16", "bfloat8_b", "int32", "uint32", "uint16", "uint8"):
        call(_name, T((32, 32), _dtype, low=0, high=9), dim=-1)
    for _shape in ((), (5,), (3, 4, 5)):
        call(_name, T(_shape, "float32", low=1))
    call(_name, T((2, 3, 30, 60), layout="ROW_MAJOR"), dim=-1)
    call(_name, T((2, 3, 30, 60), layout="ROW_MAJOR"), dim=1)
    call(_name, T((2, 3, 30, 60), memory="L1"), dim=1, memory_config=DRAM)
    call(_name, T((2, 3, 30, 60), memory="L1"), dim=1)
    call(_name, T((2, 6), "float32"), dim=1, scalar=2.5, golden=True)
call("max", T((0, 4)), dim=0)
call("sum", T((32, 32), on_host=True), dim=-1)
call("sum", T((32, 32), state="deallocated"), dim=-1)
for _dim in (None, 0, -1, 7):
    call("prod", T((2, 3, 4), "float32", low=0.5), _dim, golden=_dim != 7)
    call("prod", T((2, 3, 4), low=0.5), _dim, keepdim=True)
call("prod", T((2, 4), "int32"), 1)
call("prod", T((2, 4)), dim=[0, 1])
for _name in ("cumsum", "cumprod"):
    call(_name, T((2, 3, 4), "float32"), 1, golden=True)
    call(_name, T((2, 3, 4), "float32"), dim=-1, reverse_order=True, golden=True)
    call(_name, T((2, 4)), 0, dtype=N("float32"))
    call(_name, T((2, 4)), 5)
    call(_name, T((2, 4), layout="ROW_MAJOR"), 0)
for _layout in ("TILE", "ROW_MAJOR"):
    for _dim in (None, 0, -1, 5):
        for _keep in (False, True):
            call(
                "argmax",
                T((3, 8), "float32", layout=_layout),
                dim=_dim,
                keepdim=_keep,
                golden=_dim not in (5,) and not (_dim is None and _keep),
            )
call("argmax", T((3, 8), "bfloat8_b"), dim=-1)
call("argmax", T((3, 8), "int32", layout="ROW_MAJOR", low=-9, high=9), dim=-1)
call("topk", T((1, 1, 4, 64), "float32"), 5, golden=True)
call("topk", T((1, 1, 4, 64), "float32"), k=3, dim=-1, largest=False, golden=True)
call("topk", T((1, 1, 32, 64)), 32)
call("topk", T((1, 1, 32, 64)), 100)
call("topk", T((1, 1, 32, 64)), 4, dim=6)
call("topk", T((1, 1, 32, 64), layout="ROW_MAJOR"), 32)
call("topk", T((1, 1, 32, 64), "int32"), 32)
call("sort", T((2, 32), "float32"), golden=True)
call("sort", T((2, 32)), dim=0, descending=True)
call("sort", T((2, 32), "int32"))
call("sort", T((2, 32)), dim=4)
for _shape in ((), (0,), (0, 32), (32, 0), (32, 0, 8)):
    for _layout in ("TILE", "ROW_MAJOR"):
        for _keywords in ({}, {"dim": -1}, {"dim": 0, "keepdim": True}, {"keepdim": True}):
            call("argmax", T(_shape, layout=_layout), **_keywords)
_FOUND, _WHERE = T((1, 1, 32, 8)), T((1, 1, 32, 8), "uint16", low=0, high=9)
for _pair in (
    (_FOUND, _WHERE),
    (_FOUND, T((1, 1, 32, 8), "uint32", low=0, high=9)),
    (T((1, 1, 32, 64)), _WHERE),
    (_FOUND, T((1, 1, 32, 64), "uint16", low=0, high=9)),
    (T((1, 1, 32, 8), "float32"), _WHERE),
    (T((1, 1, 32, 8), layout="ROW_MAJOR"), _WHERE),
):
    call("topk", T((1, 1, 32, 64)), 8, output_tensor=_pair)
