"""Operations on complex tensors: values, types, places and refusals."""

from __future__ import annotations

from typing import Any

from calls import DRAM, HEIGHT, L1, Made, T, call

_OPTIONAL = ("real", "imag", "is_real", "is_imag", "conj", "angle", "polar")  # memory_config may be left out


def _pair(real: T, imag: T | None = None) -> Made:
    return Made("complex_tensor", (real, imag or real))


def _call(operation: str, *args: Any, **kwargs: Any) -> None:
    given = {} if operation in _OPTIONAL else {"memory_config": DRAM}
    call(operation, *args, **{**given, **kwargs})


call("complex_tensor", T((2, 3, 4), "float32"), T((2, 3, 4), "float32"), golden=True)
call("complex_tensor", T((2, 3)), T((3, 2), "float32"))
call("complex_tensor", 1.0, 2.0)
for _name in (*_OPTIONAL, "abs", "reciprocal"):
    _call(_name, _pair(T((2, 3, 4), "float32", low=0.1)), golden=True)
    _call(_name, _pair(T((2, 3, 4), "float32", low=-3.0, high=-0.1)), golden=True)
    _call(_name, _pair(T((3, 32))))
    _call(_name, _pair(T((4, 32), "bfloat8_b")))
    _call(_name, _pair(T((3, 32), layout="ROW_MAJOR")))
    _call(_name, _pair(T((3, 32), memory="L1")))
    _call(_name, _pair(T((3, 32), memory="L1")), memory_config=L1)
    _call(_name, _pair(T((3, 32))), memory_config=L1)
    _call(_name, _pair(T((1, 1, 64, 64), memory=HEIGHT)))
    _call(_name, _pair(T((2, 32)), T((3, 32))))
    _call(_name, _pair(T((2, 32)), T((2, 32), "float32")))
    for _dtype in ("int32", "uint32", "uint16"):
        _call(_name, _pair(T((2, 32), _dtype)))
    call(_name, 1.0, memory_config=DRAM)
for _name in _OPTIONAL:
    call(_name, T((2, 32)))
call("abs", _pair(T((2, 32))))
call("reciprocal", _pair(T((2, 32))))
call("add", _pair(T((2, 32))), _pair(T((2, 32))))
