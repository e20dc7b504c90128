"""Elementwise operations of one tensor: values, types, parameters, and where their outputs go."""

from __future__ import annotations

from typing import Any

from calls import BLOCK, DRAM, HEIGHT, INTEGERS, L1, MATRIX, WIDTH, Made, N, T, call

_UNARY = """
abs acos acosh alt_complex_rotate90 asin asinh atan atanh bitwise_not cbrt ceil celu cos cosh deg2rad digamma
elu eqz erf erfc erfinv exp exp2 expm1 floor frac gelu gez gtz hardmish hardshrink hardsigmoid hardswish
hardtanh i0 i1 identity isfinite isinf isnan isneginf isposinf lez lgamma log log10 log1p log2 log_sigmoid
logical_not logit ltz mish multigammaln neg nez rad2deg reciprocal relu relu6 round rsqrt selu sigmoid
sigmoid_accurate sign signbit silu sin sinh softplus softshrink softsign sqrt square swish tan tanh
tanhshrink trunc xielu tril triu
""".split()  # noqa: SIM905  # a list of this length is read as text
_DOMAINS = {
    **dict.fromkeys(["acos", "asin", "atanh", "erfinv"], (-0.95, 0.95)),
    **dict.fromkeys(["acosh", "digamma", "lgamma", "log", "log10", "log2", "rsqrt", "sqrt"], (1.05, 6.0)),
    "multigammaln": (2.0, 6.0),
    "log1p": (-0.9, 3.0),
    "logit": (0.05, 0.95),
}
for _name in _UNARY:
    _low, _high = _DOMAINS.get(_name, (-4.0, 4.0))
    call(
        _name,
        T((2, 3, 4), "float32", low=_low, high=_high),
        golden=_name != "bitwise_not",
        differs="skip" if _name == "bitwise_not" else "",
    )
    call(
        _name,
        T((3, 32), low=_low, high=_high),
        golden=_name not in ("bitwise_not", "gelu", "tanh"),
        differs="skip" if _name == "bitwise_not" else "",
    )
    for _dtype in INTEGERS:
        call(_name, T((2, 8), _dtype, low=0, high=9), golden=_dtype in ("int32", "uint32"))
    if _name != "bitwise_not":
        call(_name, T((4, 32), "bfloat8_b", low=_low, high=_high))

_PARAMETERS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "leaky_relu": [((0.1,), {}), ((), {"negative_slope": 0.3})],
    "elu": [((), {"alpha": 0.5})],
    "celu": [((), {"alpha": 2.0})],
    "hardtanh": [((), {"min_val": -0.5, "max_val": 0.75})],
    "hardshrink": [((), {"lambd": 1.25})],
    "softshrink": [((), {"lambd": 0.25})],
    "softplus": [((), {"beta": 2.0, "threshold": 1.0})],
    "logit": [((), {"eps": 0.2}), ((), {"eps": 0.7})],
    "round": [((), {"decimals": 1})],
    "selu": [((), {"scale": 1.1, "alpha": 1.5})],
    "xielu": [((), {"alpha_p": 0.5, "alpha_n": 0.6})],
    "heaviside": [((0.5,), {})],
    "threshold": [((1.0, 5.0), {})],
    "relu_max": [((1.5,), {})],
    "relu_min": [((-0.5,), {})],
    "fill": [((2.5,), {})],
    "rdiv": [((2.0,), {}), ((2.0,), {"rounding_mode": "floor"})],
    "rpow": [((2.0,), {})],
    "pow": [((2,), {}), ((2.0,), {})],
    "polyval": [(([1.0, -2.0, 0.5],), {})],
    "clamp": [((-0.5, 0.5), {}), ((), {"min": 0.25}), ((), {"max": 0.25})],
    "clip": [((-0.5, 0.5), {})],
    "prelu": [((0.25,), {})],
    "tril": [((), {"diagonal": 1})],
    "triu": [((), {"diagonal": -1})],
    "bitwise_left_shift": [],
}
for _name, _forms in _PARAMETERS.items():
    for _args, _kwargs in _forms:
        call(_name, T((2, 3, 4), "float32"), *_args, golden=True, **_kwargs)
        call(_name, T((3, 32)), *_args, **_kwargs)
        for _dtype in ("int32", "uint32", "uint16"):
            call(_name, T((2, 8), _dtype, low=0, high=9), *_args, **_kwargs)
call("polygamma", T((2, 6), "float32", low=1.1, high=4.0), 2, golden=True)
call("polygamma", T((2, 6), low=1.1, high=4.0), 1)
call("pow", T((2, 6), "float32", low=0.1, high=3.0), 2.5, golden=True)
call("pow", T((2, 6), "int32"), 2.5)
call("pow", 2.0, T((2, 6), "float32"), golden=True)
call("pow", T((2, 6), "float32", low=0.5), T((2, 6), "float32"), golden=True)
call("pow", T((2, 6), "int32"), T((2, 6), "int32"))
call("rdiv", T((2, 6)), 2.0, rounding_mode="up")
call("clamp", T((2, 6)))
call("clamp", T((2, 6)), T((2, 6)), T((2, 6), low=2.0, high=3.0))
call("clamp", T((2, 6), "int32", low=-9, high=9), 0, 5)
call("clamp", T((2, 6), "int32", low=-9, high=9), 0.5, 5.5)
call("gelu", T((2, 6), "float32"), variant=N("GeluVariant.Tanh"), golden=True)
call("gelu", T((2, 6)), fast_and_approximate_mode=True)
call("sigmoid", T((2, 6)), vector_mode=4, mode=N("SigmoidMode.Accurate"))
call("sigmoid_accurate", T((2, 6)), True)
call("exp", T((2, 6)), fast_and_approximate_mode=True, memory_config=L1)
call(
    "unary_chain",
    T((2, 6), "float32"),
    [Made("UnaryWithParam", (N("UnaryOpType.RELU"),)), Made("UnaryWithParam", (N("UnaryOpType.EXP"),))],
    golden=True,
)
call("unary_chain", T((2, 6)), [])
call("logical_not_", T((2, 6)))
for _name in ("glu", "reglu", "geglu", "swiglu"):
    call(_name, T((1, 1, 2, 64), "float32"))
    call(_name, T((1, 1, 32, 64), "float32"), golden=True)
    call(_name, T((1, 1, 32, 128)), 3)
    call(_name, T((1, 1, 32, 128)), 2)
    call(_name, T((1, 1, 32, 96)))
    call(_name, T((1, 32, 64)))
for _name in ("normalize_hw", "normalize_global", "std_hw", "var_hw"):
    _exact = _name != "normalize_global"
    call(_name, T((2, 2, 3, 5), "float32"), golden=_exact, differs="" if _exact else "skip")
    call(_name, T((2, 2, 32, 32), "float32", memory="L1"), golden=True)
    call(_name, T((1, 1, 2, 8), "int32"))
call("normalize_global", T((32, 32)))


for _layout in ("TILE", "ROW_MAJOR"):
    call("relu", T((2, 30, 60), layout=_layout))
    call("relu", T((2, 30, 60), layout=_layout), memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
for _shape in ((), (5,), (1, 2, 3, 4, 5)):
    call("relu", T(_shape))
for _memory in ("L1", HEIGHT, BLOCK, WIDTH):
    call("relu", T(MATRIX, memory=_memory))
    call("relu", T(MATRIX, memory=_memory), memory_config=DRAM)
    call("relu", T(MATRIX), memory_config=_memory if _memory != "L1" else L1)
for _none in ("HEIGHT", "BLOCK", "WIDTH"):
    call("relu", T((2, 3, 96, 160)), memory_config=N(f"L1_{_none}_SHARDED_MEMORY_CONFIG"))
call("relu", T((1, 1, 2080, 32)), memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
call("relu", T(MATRIX, memory=HEIGHT), memory_config=N("L1_HEIGHT_SHARDED_MEMORY_CONFIG"))
call("relu", T(MATRIX, memory=HEIGHT), memory_config=N("L1_BLOCK_SHARDED_MEMORY_CONFIG"))
call("relu", T((2, 6)), output_tensor=T((2, 6), "float32"))
call("relu", T((2, 6)), output_tensor=T((2, 7)))
call("relu", T((2, 6)), output_tensor=T((2, 6), layout="ROW_MAJOR"))
call("relu", T((2, 6)), unknown=1)
call("relu")
call("relu", [1.0])
call("relu", T((2, 6)), queue_id=0)
call("normalize_hw", T((32, 32)))
call("std_hw", T((32, 32)))
call("alt_complex_rotate90", T((32, 33)), differs="skip")
for _dtype in ("bfloat4_b", "uint16", "uint8", "int32"):
    call("std_hw", T((1, 1, 64, 64), _dtype))
    call("reglu", T((1, 1, 64, 64), _dtype))
