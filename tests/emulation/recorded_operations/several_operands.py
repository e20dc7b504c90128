"""Elementwise operations of two and three operands: values, types, broadcasting, places, refusals."""

from __future__ import annotations

from calls import BLOCK, HEIGHT, INTEGERS, MATRIX, WIDTH, Made, N, Sharded, T, call

_IN_PLACE = """
add_ subtract_ multiply_ divide_ rsub_ eq_ ne_ lt_ le_
gt_ ge_ logical_and_ logical_or_ logical_xor_ squared_difference_ ldexp_ logaddexp_ logaddexp2_ bias_gelu_
""".split()  # noqa: SIM905  # a list of this length is read as text
_BINARY = """
add subtract multiply div divide eq ne lt le gt ge logical_and logical_or logical_xor maximum minimum
squared_difference ldexp logaddexp logaddexp2 bias_gelu xlogy remainder fmod floor_div div_no_nan atan2 hypot
nextafter isclose rsub gcd lcm bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
logical_left_shift logical_right_shift
""".split()  # noqa: SIM905  # a list of this length is read as text
_POSITIVE = {"xlogy": (0.1, 3.0), "remainder": (0.5, 4.0), "fmod": (0.5, 4.0), "floor_div": (0.5, 4.0)}
_INTEGER_ONLY = {
    "gcd",
    "lcm",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "logical_left_shift",
    "logical_right_shift",
}
for _name in _BINARY:
    _low, _high = _POSITIVE.get(_name, (-3.0, 3.0))
    call(
        _name,
        T((2, 3, 4), "float32", low=_low, high=_high),
        T((2, 3, 4), "float32", low=_low, high=_high),
        golden=_name not in _INTEGER_ONLY,
    )
    call(_name, T((2, 40), low=_low, high=_high), T((2, 40), low=_low, high=_high))
    for _dtype in INTEGERS:
        call(
            _name,
            T((2, 8), _dtype, low=0, high=9),
            T((2, 8), _dtype, low=1, high=7),
            golden=_dtype in ("int32", "uint32")
            and _name not in ("ldexp", "atan2", "hypot", "nextafter", "logaddexp", "logaddexp2", "bias_gelu", "xlogy"),
        )
    for _a, _b in (
        ("bfloat16", "float32"),
        ("bfloat8_b", "bfloat16"),
        ("bfloat16", "int32"),
        ("int32", "float32"),
        ("uint32", "int32"),
        ("uint32", "float32"),
        ("int32", "bfloat8_b"),
    ):
        call(_name, T((2, 8), _a, low=1, high=9), T((2, 8), _b, low=1, high=7))
    for _scalar in (2, 2.5):
        if _name not in ("atan2", "hypot", "nextafter", "isclose", "gcd", "lcm"):
            call(_name, T((2, 8), low=1, high=9), _scalar)
            if not (
                _name in ("ldexp", "logaddexp", "logaddexp2", "xlogy", "bias_gelu", "floor_div", "div_no_nan")
                or (_name in ("remainder", "fmod") and _scalar == 2.5)
            ):
                call(_name, T((2, 8), "int32", low=1, high=9), _scalar)
for _name in ("add", "subtract", "multiply", "div"):
    call(_name, 2.5, T((2, 8), "float32", low=1, high=5), golden=True)
    call(_name, T((2, 8), "float32", low=1, high=5), 2.5, golden=True)
for _name in _IN_PLACE:
    call(_name, T((2, 8)), T((2, 8)))
    call(_name, T((1, 8)), T((2, 8)))
for _mode in ("floor", "trunc", "up"):
    call(
        "div",
        T((2, 8), "float32", low=1, high=9),
        T((2, 8), "float32", low=1, high=5),
        rounding_mode=_mode,
        golden=_mode != "up",
    )
for _a, _b in (
    ((1, 1, 32, 64), (1, 1, 1, 64)),
    ((1, 1, 32, 64), (1, 1, 32, 1)),
    ((1, 1, 32, 64), (1,)),
    ((2, 3, 32, 64), (1, 3, 1, 64)),
    ((1, 64), (32, 1)),
    ((), (3, 4)),
    ((), ()),
    ((1, 2, 3, 4, 5, 6), (6,)),
    ((2, 3, 4), (5,)),
    ((1, 1, 32, 64), (1, 1, 2, 64)),
    ((3, 4), (3, 5)),
    ((5, 3, 4), (2, 3, 4)),
    ((3, 4), (5,)),
    ((2, 3, 4), (1, 5)),
    ((4,), (5,)),
    ((2, 3, 4), (3, 4, 4)),
    ((2, 1, 3, 4), (3, 1, 3, 4)),
    ((0, 4), (1, 4)),
):
    call("add", T(_a), T(_b))
for _a, _b in (
    (HEIGHT, HEIGHT),
    (HEIGHT, "DRAM"),
    ("DRAM", HEIGHT),
    ("L1", HEIGHT),
    (HEIGHT, BLOCK),
    (BLOCK, HEIGHT),
    (WIDTH, HEIGHT),
    (HEIGHT, WIDTH),
    ("L1", "DRAM"),
    ("DRAM", "L1"),
    (HEIGHT, "L1"),
    (Sharded("HEIGHT", (64, 64), (1, 1)), HEIGHT),
):
    call("add", T(MATRIX, memory=_a), T(MATRIX, memory=_b))
call("add", T(MATRIX, memory=HEIGHT), T((1, 1, 1, 64)))
call("add", T(MATRIX), T(MATRIX), memory_config=N("L1_BLOCK_SHARDED_MEMORY_CONFIG"))
call("add", T(MATRIX, memory=HEIGHT), 1.0)
for _dtype in ("float32", "bfloat8_b", "int32", "uint16"):
    call("add", T((2, 40), low=1, high=9), T((2, 40), low=1, high=9), dtype=N(_dtype))
    call("eq", T((2, 40), low=1, high=3), T((2, 40), low=1, high=3), dtype=N(_dtype))
call("add", T((2, 40), layout="ROW_MAJOR"), T((2, 40), layout="ROW_MAJOR"))
call("add", T((2, 40), layout="ROW_MAJOR"), T((2, 40), layout="ROW_MAJOR"), dtype=N("bfloat8_b"))
call("add", T((2, 40)), T((2, 40), layout="ROW_MAJOR"))
call("add", T((2, 6)), T((2, 6)), output_tensor=T((2, 6), "float32"))
call("add", T((2, 6)), T((2, 6)), output_tensor=T((2, 7)))
call("add", T((2, 6)), T((2, 6)), output_tensor=T((2, 6), "float32"), dtype=N("bfloat16"))
call("add", T((2, 6)), T((2, 6)), activations=[N("UnaryOpType.RELU")])
call(
    "multiply",
    T((2, 6), "float32"),
    T((2, 6), "float32"),
    input_tensor_a_activations=[Made("UnaryWithParam", (N("UnaryOpType.SILU"),))],
)
call("add", T((2, 6)), T((2, 6), on_host=True))
call("add", T((2, 6), on_host=True), T((2, 6)))
call("add", T((2, 6)), T((2, 6), state="deallocated"))
call("add", T((2, 6), state="deallocated"), T((2, 6)))
call("add", T((2, 6)), "x")
call("add", T((2, 6)))
call("add", T((2, 6)), T((2, 6)), use_legacy=True)
for _scalar in (3e9, -1.0, 1.23456789):
    call("add", T((2, 6), "uint32", low=0, high=9), _scalar)
    call("add", T((2, 6), "int32", low=0, high=9), _scalar)
call("isclose", T((2, 6), "float32"), T((2, 6), "float32"), rtol=0.5, atol=0.5, equal_nan=True, golden=True)
for _name in ("addalpha", "subalpha"):
    call(_name, T((2, 6), "float32"), T((2, 6), "float32"), 2.5, golden=True)
    call(_name, T((2, 6)), T((1, 6)), alpha=2.0)
call("outer", T((3,), "float32"), T((4,), "float32"), golden=True)
call("outer", T((2, 3)), T((3, 4)))
call("outer", T((2, 3)), T((2, 4), "float32"))
call("outer", T((2, 3), "uint16"), T((2, 4), "uint16"))
for _operation in ("ADD", "SUB", "MUL"):
    call(
        "bcast",
        T((1, 1, 32, 64), "float32"),
        T((1, 1, 1, 64), "float32"),
        N(f"BcastOpMath.{_operation}"),
        N("BcastOpDim.H"),
    )
_ADD = N("BcastOpMath.ADD")
for _dim in ("H", "W", "HW"):
    for _other in ((2, 3, 32, 96), (2, 3, 1, 96), (1, 1, 1, 96), (1, 3, 1, 96), (2, 3, 64, 32), (1, 1, 64, 1), (1, 1)):
        call("bcast", T((2, 3, 64, 96)), T(_other), _ADD, N(f"BcastOpDim.{_dim}"))
        call("bcast", T((64, 96), "float32"), T(_other, "float32"), _ADD, N(f"BcastOpDim.{_dim}"))
    call("bcast", T((2, 3, 64, 96), layout="ROW_MAJOR"), T((1, 1)), _ADD, N(f"BcastOpDim.{_dim}"))
    for _memory in (HEIGHT, WIDTH):
        call("bcast", T(MATRIX, memory=_memory), T((1, 1, 1, 64)), _ADD, N(f"BcastOpDim.{_dim}"))
call("bcast", T((2, 32), "int32"), T((1, 32), "int32"), _ADD, N("BcastOpDim.H"))
call("bcast", T((2, 32), on_host=True), T((1, 32)), _ADD, N("BcastOpDim.H"))
call("bcast", T((2, 30)), T((1, 1)), _ADD, N("BcastOpDim.H"), differs="skip")
for _name in ("mse_loss", "l1_loss"):
    for _reduction in ("NONE", "MEAN", "SUM"):
        call(
            _name,
            T((2, 6), "float32"),
            T((2, 6), "float32"),
            reduction=N(f"LossReductionMode.{_reduction}"),
            golden=True,
        )


call("where", T((2, 6), "float32"), T((2, 6), "float32"), T((2, 6), "float32"), golden=True)
call("where", T((2, 6), "float32"), 1.5, 0.5)
call("where", T((2, 6)), T((2, 6)), 0.5)
call("where", T((2, 6)), 1.5, T((2, 6)))
call("where", T((1, 6)), T((2, 6)), T((2, 6)))
call("where", T((2, 6)), T((2, 6), "float32"), T((2, 6)))
call("where", T((2, 6), "int32"), 1, 0)
call("where", T((2, 6), "uint16"), 1, 0)
call("where", T((2, 6), "int32"), T((2, 6)), T((2, 6)))
call("where", T((2, 32), layout="ROW_MAJOR"), T((2, 32), layout="ROW_MAJOR"), T((2, 32), layout="ROW_MAJOR"))
call("where", T((1, 1, 32, 64)), T((1, 1, 32, 32)), T((1, 1, 32, 64)))
for _first in ("bfloat16", "float32", "bfloat8_b"):
    for _second in ("bfloat16", "float32", "bfloat8_b"):
        for _third in ("bfloat16", "bfloat8_b"):
            call("addcdiv", *(T((2, 30), _dtype, low=0.5) for _dtype in (_first, _second, _third)))
for _name in ("addcmul", "addcdiv"):
    call(_name, T((2, 6), "float32"), T((2, 6), "float32"), T((2, 6), "float32", low=1), value=2.5, golden=True)
    call(_name, T((2, 6)), T((1, 6)), T((2, 1), low=1))
    call(_name, T((2, 6)), T((2, 6)), T((2, 6), "float32"))
    call(_name, *[T((2, 6), "int32", low=1, high=9)] * 3, value=2)
    call(_name, *[T((32, 32), layout="ROW_MAJOR")] * 3)
call("addcmul", T((1, 1, 32, 64)), T((1, 1, 32, 32)), T((1, 1, 32, 64)))
call("lerp", T((2, 6), "float32"), T((2, 6), "float32"), T((2, 6), "float32"), golden=True)
call("lerp", T((2, 6), "float32"), T((2, 6), "float32"), 0.25, golden=True)
call("mac", T((2, 6), "float32"), T((2, 6), "float32"), T((2, 6), "float32"), golden=True)
call("mac", T((2, 6), "float32"), 2.0, 3.0)
call("snake_beta", T((2, 6), "float32"), T((2, 6), "float32"), T((2, 6), "float32", low=1), golden=True)
call("prelu", T((2, 6)), [0.5])
call("prelu", T((2, 4, 3, 3), "float32"), T((4,), "float32"), golden=True)
call("prelu", T((2, 4, 32, 32)), T((1,)))
call("div", T((2, 6), "int32"), T((2, 6), "int32", low=0, high=0), rounding_mode="floor", differs="skip")
for _dtype in ("int32", "uint32"):
    for _number in (float("nan"), float("inf"), -float("inf"), 1e20, 2**33, -(2**40)):
        call("add", T((2, 6), _dtype), _number)
for _dtype in ("bfloat16", "int32", "uint32", "uint16", "uint8"):
    for _name in (
        "remainder",
        "fmod",
        "maximum",
        "minimum",
        "bitwise_and",
        "bitwise_left_shift",
        "ldexp",
        "pow",
        "gcd",
    ):
        for _number in (2, 2.0, 2.5, -3):
            call(_name, T((2, 6), _dtype, low=1, high=9), _number)
    call("pow", 2.0, T((2, 6), _dtype, low=1, high=9))
    call("pow", T((2, 6), _dtype, low=1, high=9), T((2, 6), low=1, high=9))
for _name in ("add", "subtract", "multiply", "divide", "rsub", "eq", "maximum", "remainder", "atan2", "isclose"):
    call(_name, 2, T((2, 6), low=1, high=9))
for _name in ("floor_div", "div_no_nan"):
    call(_name, T((2, 6), "uint32", low=0, high=9), 2)
call("isclose", T((2, 6), "int32"), T((2, 6)))
call("isclose", T((2, 6)), T((2, 6), "int32"))
call("outer", T((1, 32), memory="L1"), T((1, 32), memory="L1"))
for _a, _b in ((HEIGHT, HEIGHT), (HEIGHT, "DRAM"), ("DRAM", HEIGHT), ("DRAM", "DRAM")):
    call("add", T(MATRIX, memory=_a), T(MATRIX, memory=_b), memory_config=N("L1_BLOCK_SHARDED_MEMORY_CONFIG"))
