"""Gradients: of operations of one tensor, of several, and of those that move, multiply or look up elements."""

from __future__ import annotations

from typing import Any

from calls import DRAM, HEIGHT, L1, MATRIX, WIDTH, Made, N, T, call

_SHAPE = (2, 3, 3)
# Where a function is at its most interesting, beside the numbers from -2 to 2 and zero.
_DOMAINS = {
    "acosh": (1.1, 9.0),
    "digamma": (0.2, 6.0),
    "lgamma": (0.2, 6.0),
    "multigammaln": (1.6, 9.0),
    "polygamma": (0.2, 6.0),
    "gelu": (-30.0, 30.0),
    "tanh": (-30.0, 30.0),
    "softplus": (-30.0, 30.0),
    "hardswish": (-5.0, 5.0),
    "hardsigmoid": (-5.0, 5.0),
    "relu6": (-1.0, 9.0),
    "round": (-9.0, 9.0),
    "i0": (-9.0, 9.0),
    "logit": (0.01, 0.99),
}
# The arguments after the operands.
_NUMBERS: dict[str, tuple[Any, ...]] = {
    "rdiv": (2.5,),
    "pow": (3.0,),
    "rpow": (2.0,),
    "polygamma": (2,),
    "threshold": (0.3, 0.4),
    "clamp": (-0.5, 0.75),
    "clip": (-0.5, 0.75),
    "div_no_nan": (2.5,),
}
_ONE = (
    *(
        "abs",
        "acos",
        "acosh",
        "asin",
        "asinh",
        "atan",
        "atanh",
        "ceil",
        "celu",
        "clamp",
        "clip",
        "cos",
        "cosh",
        "deg2rad",
    ),
    *("digamma", "div_no_nan", "elu", "erf", "erfc", "erfinv", "exp", "exp2", "expm1", "fill", "fill_zero", "floor"),
    *("frac", "gelu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh", "i0", "leaky_relu", "lgamma", "log"),
    *("log10", "log1p", "log2", "log_sigmoid", "logit", "logiteps", "multigammaln", "neg", "polygamma", "pow"),
    *("rad2deg", "rdiv", "reciprocal", "relu", "relu6", "round", "rpow", "rsqrt", "selu", "sigmoid", "sign", "silu"),
    *("sin", "sinh", "softplus", "softshrink", "softsign", "sqrt", "square", "tan", "tanh", "tanhshrink"),
    *("threshold", "trunc"),
)
_TWO = (
    *("add", "sub", "mul", "div", "fmod", "remainder", "hypot", "ldexp", "logaddexp", "logaddexp2", "max", "min"),
    *("rsub", "squared_difference", "xlogy", "atan2", "addalpha", "subalpha", "assign", "bias_gelu"),
)
_THREE: dict[str, tuple[Any, ...]] = {"addcmul": (1.5,), "addcdiv": (1.5,), "lerp": (), "where": ()}


def _storage(operation: str, operands: int, numbers: tuple[Any, ...]) -> None:
    """Where gradients go and of what type they are, for tensors that are alike and tensors that differ."""
    count = operands + 1

    def of(*tensors: T, **keywords: Any) -> None:
        call(operation, *tensors, *numbers, **keywords)

    def one(odd: int, **settings: Any) -> tuple[T, ...]:
        return tuple(T(MATRIX, **(settings if position == odd else {})) for position in range(count))

    for position in range(count):
        of(*one(position, memory="L1"))
        of(*one(position, memory=HEIGHT))
        of(*one(position, dtype="float32"))
    of(*[T(MATRIX)] * count, memory_config=L1)
    of(*[T(MATRIX, "bfloat8_b")] * count)
    of(*[T((2, 30, 60), layout="ROW_MAJOR")] * count)


def _values(operation: str, operands: int, numbers: tuple[Any, ...]) -> None:
    """What gradients are: between -2 and 2, at zero, and in bfloat16."""
    grad = T(_SHAPE, "float32")
    call(operation, grad, *[T(_SHAPE, "float32")] * operands, *numbers, golden=True)
    call(operation, T((2, 4), "float32"), *[T((2, 4), "float32", low=0.0, high=0.0)] * operands, *numbers, golden=True)
    call(operation, T((2, 4)), *[T((2, 4), low=1.6)] * operands, *numbers, golden=True)


for _name in _ONE:
    _values(f"{_name}_bw", 1, _NUMBERS.get(_name, ()))
    _storage(f"{_name}_bw", 1, _NUMBERS.get(_name, ()))
for _name, (_low, _high) in _DOMAINS.items():
    _tensor = T((2, 12), "float32", low=_low, high=_high)
    call(f"{_name}_bw", T((2, 12), "float32"), _tensor, *_NUMBERS.get(_name, ()), golden=True)
for _name in ("gelu", "tanh"):
    call(f"{_name}_bw", T((2, 12)), T((2, 12), low=-6.0, high=6.0), golden=True)
for _name in _TWO:
    _values(f"{_name}_bw", 2, ())
    _storage(f"{_name}_bw", 2, ())
for _name in ("add", "sub", "mul", "div", "fmod", "remainder", "bias_gelu"):
    _values(f"{_name}_bw", 1, (1.5,))
    _storage(f"{_name}_bw", 1, (1.5,))
_values("assign_bw", 1, ())
_storage("assign_bw", 1, ())
for _name, _numbers in _THREE.items():
    _values(f"{_name}_bw", 3, _numbers)
    _storage(f"{_name}_bw", 3, _numbers)
_values("lerp_bw", 2, (0.25,))
_storage("lerp_bw", 2, (0.25,))

_TENSOR, _GRAD = T(_SHAPE, "float32"), T(_SHAPE, "float32")
for _mode in (None, "trunc", "floor"):
    call("div_bw", _GRAD, _TENSOR, _TENSOR, rounding_mode=_mode, golden=True)
    call("div_bw", _GRAD, _TENSOR, 1.5, _mode, golden=True)
    call("rdiv_bw", _GRAD, _TENSOR, 1.5, rounding_mode=_mode, golden=True)
for _name, _operands in (("div", (_TENSOR, _TENSOR)), ("div", (_TENSOR, 1.5)), ("rdiv", (_TENSOR, 1.5))):
    call(f"{_name}_bw", _GRAD, *_operands, rounding_mode="up")
for _exponent in (0.0, 0.5, 1.0, 2.0, -1.0):
    call("pow_bw", _GRAD, _TENSOR, _exponent, golden=_exponent >= 0)
    call("rpow_bw", _GRAD, _TENSOR, _exponent, golden=True)
call("div_no_nan_bw", _GRAD, _TENSOR, 0.0, golden=True)
for _order in (0, 1, 11):
    call("polygamma_bw", _GRAD, T(_SHAPE, "float32", low=0.5, high=4.0), _order, golden=_order < 11)
for _name in ("clamp", "clip"):
    call(f"{_name}_bw", _GRAD, _TENSOR, -0.5, None, golden=True)
    call(f"{_name}_bw", _GRAD, _TENSOR, None, 0.5, golden=True)
    call(f"{_name}_bw", _GRAD, _TENSOR)
    call(
        f"{_name}_bw",
        _GRAD,
        _TENSOR,
        T(_SHAPE, "float32", low=-1.0, high=0.0),
        T(_SHAPE, "float32", low=0.0),
        golden=True,
    )
    call(f"{_name}_bw", _GRAD, _TENSOR, min=-0.5)
    call(f"{_name}_bw", _GRAD, _TENSOR, max=T(_SHAPE, "float32"))
for _name, _keywords in (
    ("elu", {"alpha": 0.5}),
    ("celu", {"alpha": 0.5}),
    ("leaky_relu", {"negative_slope": 0.3}),
    ("hardshrink", {"lambd": 1.0}),
    ("softshrink", {"lambd": 1.0}),
    ("softplus", {"beta": 2.0, "threshold": 1.0}),
    ("hardtanh", {"min": -0.5, "max": 1.5}),
    ("logiteps", {"eps": 0.2}),
    ("gelu", {"variant": N("GeluVariant.Tanh")}),
    ("gelu", {"variant": N("GeluVariant.FastLut")}),
):
    call(f"{_name}_bw", _GRAD, _TENSOR, golden=True, **_keywords)
for _keywords in (
    {"approximate": "none"},
    {"approximate": "tanh"},
    {"variant": N("GeluVariant.Tanh")},
    {"variant": N("GeluVariant.Accurate")},
):
    call("bias_gelu_bw", _GRAD, _TENSOR, _TENSOR, golden=True, **_keywords)
    call("bias_gelu_bw", _GRAD, _TENSOR, 0.5, golden=True, **_keywords)
call("bias_gelu_bw", _GRAD, _TENSOR, _TENSOR, approximate="fast")
for _name, _operands in (("acos", 1), ("abs", 1), ("exp", 1), ("max", 2), ("addcdiv", 3)):
    _numbers = _THREE.get(_name, ())
    call(f"{_name}_bw", *[T(MATRIX, layout="ROW_MAJOR", memory=HEIGHT)] * (_operands + 1), *_numbers)
    call(f"{_name}_bw", T(MATRIX, memory=HEIGHT), *[T(MATRIX, memory=WIDTH)] * _operands, *_numbers)
    call(f"{_name}_bw", *[T(MATRIX, memory=HEIGHT)] * (_operands + 1), *_numbers, memory_config=DRAM)
for _name in ("addalpha", "subalpha"):
    call(f"{_name}_bw", _GRAD, _TENSOR, _TENSOR, 0.5, golden=True)
    call(f"{_name}_bw", _GRAD, _TENSOR, _TENSOR, alpha=2.0)
for _required in ([True, False], [False, True], [False, False], [True]):
    for _name in ("add", "sub", "mul", "div", "rsub", "subalpha"):
        call(f"{_name}_bw", T((2, 32)), T((2, 32)), T((2, 32)), are_required_outputs=_required)
    call("where_bw", T((2, 32)), T((2, 32)), T((2, 32)), T((2, 32)), are_required_outputs=_required)
    if len(_required) == 2:
        call("addalpha_bw", T((2, 32)), T((2, 32)), T((2, 32)), are_required_outputs=_required)
        call("assign_bw", T((2, 32)), T((2, 32)), T((2, 32)), are_required_outputs=_required)
for _name in ("exp", "fill", "gelu", "neg", "rsqrt", "silu", "sqrt", "tanh"):
    call(f"{_name}_bw", T((2, 32)), T((2, 32)), input_grad=T((2, 32), memory="L1"))
for _name in ("add", "sub", "mul", "div"):
    call(f"{_name}_bw", T((2, 32)), T((2, 32)), 1.5, input_grad=T((2, 32), memory="L1"))
    call(f"{_name}_bw", T((2, 32)), T((2, 32)), T((2, 32)), input_grad=T((2, 32), memory="L1"))
    call(f"{_name}_bw", T((2, 32)), T((2, 32)), T((2, 32)), other_grad=T((2, 32), memory="L1"))
for _name in ("addalpha", "assign"):
    call(f"{_name}_bw", T((2, 32)), T((2, 32)), T((2, 32)), input_b_grad=T((2, 32), memory="L1"))
call("pow_bw", T((2, 32)), T((2, 32)), 2.0, input_grad=T((2, 32), memory="L1"))
call("assign_bw", T((2, 32)), T((2, 32)), input_a_grad=T((2, 32), memory="L1"))
call("where_bw", T((2, 32)), T((2, 32)), T((2, 32)), T((2, 32)), input_a_grad=T((2, 32), memory="L1"))
call("exp_bw", T((2, 32)), T((2, 32)), input_grad=T((2, 64)))
for _name in ("relu", "abs", "log", "div_no_nan"):
    call(f"{_name}_bw", T((1, 1, 32, 64)), T((1, 1, 64, 64)), *_NUMBERS.get(_name, ()))
call("floor_bw", T((2, 32), "int32"), T((2, 32), "int32"), differs="skip")
call("mul_bw", T((2, 1, 32, 64)), T((2, 1, 32, 64)), T((1, 1, 32, 64)), differs="skip")
call("relu_bw", T((2, 32)), T((2, 32)), colour=1)
call("add_bw", T((2, 32)), T((2, 32)))
call("sqrt_bw", T((2, 32), layout="ROW_MAJOR"), T((2, 32)), differs="skip")
call("round_bw", T((2, 32), layout="ROW_MAJOR"), T((2, 32)))
call("round_bw", T((2, 32)), T((2, 32), layout="ROW_MAJOR"))
call("abs_bw", T((2, 32)), T((2, 32), layout="ROW_MAJOR"))

for _dim in (0, 1, 2, 3, -1):
    _joined = [2, 2, 32, 32]
    _joined[_dim] = 64 if _dim in (2, 3, -1) else 4
    call("concat_bw", T(tuple(_joined), "float32"), *[T((2, 2, 32, 32), "float32")] * 2, _dim, golden=True)
_LONG, _SHORT = (1, 1, 64, 32), (1, 1, 32, 32)
call("concat_bw", T((1, 1, 50, 32)), T((1, 1, 20, 32)), T((1, 1, 30, 32)), 2, golden=True)
call("concat_bw", T((2, 1, 32, 32)), T(_SHORT), T(_SHORT), golden=True)
for _height in (32, 40):
    for _dtype in ("bfloat8_b", "float32"):
        _grad = T((1, 1, _height + 32, 32))
        call("concat_bw", _grad, T((1, 1, _height, 32)), T(_SHORT, _dtype), 2)
for _position in range(3):
    for _settings in ({"memory": "L1"}, {"dtype": "float32"}, {"layout": "ROW_MAJOR"}):
        _shapes = (_LONG, _SHORT, _SHORT)
        call("concat_bw", *(T(s, **(_settings if i == _position else {})) for i, s in enumerate(_shapes)), 2)
call("concat_bw", *(T(shape, layout="ROW_MAJOR") for shape in (_LONG, _SHORT, _SHORT)), 2)
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), 2, memory_config=L1)
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), 2, are_required_outputs=[False, True])
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), 2, are_required_outputs=[False, False])
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), 2, input_a_grad=T(_SHORT, memory="L1"))
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), 4)
call("concat_bw", T(_LONG), T(_SHORT), T(_SHORT), -5)
call("concat_bw", T((2, 32, 32)), T((1, 32, 32)), T((1, 32, 32)), 0)
for _repeats, _shape in (((2, 1, 1, 1), (1, 3, 32, 64)), ((1, 4, 1, 1), (1, 1, 32, 64))):
    _repeated = tuple(size * times for size, times in zip(_shape, _repeats, strict=True))
    call("repeat_bw", T(_repeated), T(_shape), list(_repeats), golden=True)
_TWICE = Made("Shape", ([2, 1, 1, 1],))
call("repeat_bw", T((2, 1, 32, 64)), T((1, 1, 32, 64)), _TWICE, memory_config=L1)
call("repeat_bw", T((2, 1, 32, 64), memory="L1"), T((1, 1, 32, 64)), _TWICE)
call("repeat_bw", T((2, 1, 32, 64)), T((1, 1, 32, 64), memory="L1"), _TWICE)
call("repeat_bw", T((2, 1, 32, 64), "float32"), T((1, 1, 32, 64)), _TWICE)
call("repeat_bw", T((2, 1, 32, 64)), T((1, 1, 32, 64), "float32"), _TWICE)
call("repeat_bw", T((2, 1, 32, 64), layout="ROW_MAJOR"), T((1, 1, 32, 64), layout="ROW_MAJOR"), _TWICE)
call("repeat_bw", T((4, 1, 32, 64)), T((2, 1, 32, 64)), _TWICE)
call("repeat_bw", T((1, 4, 32, 64)), T((1, 2, 32, 64)), Made("Shape", ([1, 2, 1, 1],)), differs="skip")
call("repeat_bw", T((1, 1, 64, 64)), T((1, 1, 32, 64)), Made("Shape", ([1, 1, 2, 1],)))
call("repeat_bw", T((2, 1, 64, 64)), T((1, 1, 32, 64)), Made("Shape", ([2, 1, 2, 1],)))
for _dim in (0, 1, 2, 3, -1, -4):
    _reduced = [2, 3, 32, 64]
    _reduced[_dim] = 1
    for _dtype in ("float32", "bfloat16", "bfloat8_b"):
        _factors = T((2, 3, 32, 64), _dtype, low=0.9, high=1.1)
        call("prod_bw", T(tuple(_reduced), _dtype), _factors, dim=_dim, golden=_dtype == "float32")
for _shape, _dim in (((2, 3, 30, 50), 2), ((2, 3, 30, 50), 3), ((2, 3, 30, 64), 2), ((2, 3, 32, 50), 3)):
    _reduced = list(_shape)
    _reduced[_dim] = 1
    call("prod_bw", T(tuple(_reduced)), T(_shape), dim=_dim)
call("prod_bw", T((2, 1, 30, 50)), T((2, 3, 30, 50)), dim=1, differs="skip")
call("prod_bw", T((1, 1, 1, 64)), T(MATRIX), dim=4)
call("prod_bw", T((1, 1, 1, 64)), T(MATRIX), dim=[2])
call("prod_bw", T((2, 1, 64)), T((2, 32, 64)), dim=1)
call("prod_bw", T((1, 32, 64)), T((2, 32, 64)), dim=0)
call("prod_bw", T((1, 64)), T((32, 64)), dim=0)
call("prod_bw", T((1, 1, 1, 1)), T(MATRIX))
call("prod_bw", T((1, 1, 1)), T((2, 30, 50)))
call("prod_bw", T((1, 1, 1, 64), "int32"), T(MATRIX, "int32"), dim=2)
call("prod_bw", T((1, 1, 1, 64), layout="ROW_MAJOR"), T(MATRIX, layout="ROW_MAJOR"), dim=2)
call("prod_bw", T((1, 1, 1, 64)), T(MATRIX, memory="L1"), dim=2)
call("prod_bw", T((1, 1, 1, 64), "float32"), T(MATRIX), dim=2, memory_config=L1)
_INDICES = T((2, 32), "uint32", layout="ROW_MAJOR", low=0, high=50)
_WORDS, _ROWS = T((50, 64)), T((1, 1, 64, 64))
call("embedding_bw", _INDICES, _WORDS, _ROWS, golden=True)
call("embedding_bw", _INDICES, _WORDS, _ROWS, dtype=N("bfloat16"), memory_config=L1)
call("embedding_bw", _INDICES, _WORDS, T((1, 1, 64, 64), "bfloat8_b"))
call("embedding_bw", _INDICES, _WORDS, T((1, 1, 64, 64), memory="L1"))
call("embedding_bw", _INDICES, T((50, 64), layout="ROW_MAJOR", memory="L1"), _ROWS)
call("embedding_bw", _INDICES, _WORDS, _ROWS, dtype=N("float32"))
call("embedding_bw", _INDICES, _WORDS, T((1, 1, 64, 64), "float32"))
call("embedding_bw", _INDICES, _WORDS, T((1, 1, 64, 64), layout="ROW_MAJOR"))
call("embedding_bw", _INDICES, _WORDS, T((2, 1, 32, 64)))
call("embedding_bw", _INDICES, _WORDS, T((1, 1, 32, 64)))
call("embedding_bw", _INDICES, _WORDS, _ROWS, output_tensor=T((1, 1, 50, 64), memory="L1"))
call("embedding_bw", T((2, 32), "uint32", low=0, high=50), _WORDS, _ROWS)
call("embedding_bw", T((2, 32), "int32", layout="ROW_MAJOR", low=0, high=50), _WORDS, _ROWS)
call("embedding_bw", T((2, 32), layout="ROW_MAJOR", low=0, high=49), _WORDS, _ROWS)
call("embedding_bw", T((2, 30), "uint32", layout="ROW_MAJOR", low=0, high=50), _WORDS, T((1, 1, 60, 64)))


def _complex(*arguments: Any, **settings: Any) -> Made:
    tensor = T(*arguments, **settings)
    return Made("complex_tensor", (tensor, tensor))


_Z, _ZERO = _complex(_SHAPE, "float32"), _complex(_SHAPE, "float32", low=0.0, high=0.0)
_WHOLE = _complex(MATRIX)
for _name, _of_real in (
    ("angle", True),
    ("abs", True),
    ("real", True),
    ("imag", True),
    ("conj", False),
    ("polar", False),
    ("reciprocal", False),
):
    _make: Any = T if _of_real else _complex
    for _operand in (_Z, _ZERO):
        call(f"{_name}_bw", _make(_SHAPE, "float32"), _operand, memory_config=DRAM, golden=True)
    call(f"{_name}_bw", _make(MATRIX), _WHOLE)
    call(f"{_name}_bw", _make(MATRIX), _WHOLE, memory_config=L1)
    for _settings in ({"memory": "L1"}, {"layout": "ROW_MAJOR"}, {"dtype": "float32"}):
        call(f"{_name}_bw", _make(MATRIX, **_settings), _WHOLE, memory_config=DRAM)
        call(f"{_name}_bw", _make(MATRIX), _complex(MATRIX, **_settings), memory_config=DRAM)
for _name, _numbers in (("add", (0.5,)), ("sub", (0.5,)), ("mul", ()), ("div", ())):
    call(f"{_name}_bw", _Z, _Z, _Z, *_numbers, memory_config=DRAM, golden=True)
    call(f"{_name}_bw", _WHOLE, _WHOLE, _WHOLE, *_numbers)
    call(f"{_name}_bw", _WHOLE, _WHOLE, _WHOLE, *_numbers, memory_config=L1)
    for _position in range(3):
        for _settings in ({"memory": "L1"}, {"layout": "ROW_MAJOR"}, {"dtype": "float32"}):
            _tensors = [_complex(MATRIX, **(_settings if i == _position else {})) for i in range(3)]
            call(f"{_name}_bw", *_tensors, *_numbers, memory_config=DRAM)
