"""Calls of elementwise operations: of one tensor, of two, of three, and their gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

from ..forms import Case, Form, a_tuple, call, make, name
from .tensors import (
    ANY,
    FLOATS,
    INTEGERS,
    Draw,
    Strategy,
    a_tensor,
    dtype_keyword,
    in_dtype,
    memory_config,
    often,
    output_tensor,
    rare,
    shape,
    some,
)

_PLAIN = """
abs acos acosh alt_complex_rotate90 asin asinh atan atanh bitwise_not cbrt ceil celu cos cosh deg2rad digamma elu eqz
erf erfc erfinv exp exp2 expm1 floor frac gelu gez gtz hardmish hardshrink hardsigmoid hardswish hardtanh i0 i1 identity
isfinite isinf isnan isneginf isposinf leaky_relu lez lgamma log log10 log1p log2 log_sigmoid logical_not logit ltz mish
multigammaln neg nez rad2deg reciprocal relu relu6 round rsqrt selu sigmoid sigmoid_accurate sign signbit silu sin sinh
softplus softshrink softsign sqrt square swish tan tanh tanhshrink trunc xielu
""".split()  # noqa: SIM905  # a list of this length is read as text
_DOMAINS = {
    **dict.fromkeys(["acos", "asin", "atanh", "erfinv"], (-0.95, 0.95)),
    **dict.fromkeys(["acosh", "digamma", "lgamma", "log", "log10", "log2", "rsqrt", "sqrt", "reciprocal"], (1.05, 6.0)),
    **dict.fromkeys(["multigammaln"], (2.0, 6.0)),
    **dict.fromkeys(["polygamma", "rdiv"], (1.1, 5.0)),
    "log1p": (-0.9, 3.0),
    "logit": (0.05, 0.95),
}
_Settings = Sequence[tuple[tuple[Form, ...], dict[str, Form]]]
_SETTINGS: dict[str, _Settings] = {
    "leaky_relu": [((), {}), ((0.1,), {}), ((), {"negative_slope": 0.3})],
    "elu": [((), {}), ((), {"alpha": 0.5})],
    "celu": [((), {}), ((), {"alpha": 2.0})],
    "hardtanh": [((), {}), ((), {"min_val": -0.5, "max_val": 0.75})],
    "hardshrink": [((), {}), ((), {"lambd": 1.25})],
    "softshrink": [((), {}), ((), {"lambd": 0.25})],
    "softplus": [((), {}), ((), {"beta": 2.0, "threshold": 1.0})],
    "logit": [((), {}), ((), {"eps": 0.2}), ((), {"eps": 0.7})],
    "round": [((), {}), ((), {"decimals": 1})],
    "selu": [((), {}), ((), {"scale": 1.1, "alpha": 1.5})],
    "xielu": [((), {}), ((), {"alpha_p": 0.5, "alpha_n": 0.6})],
    "gelu": [((), {}), ((), {"fast_and_approximate_mode": True}), ((), {"variant": name("GeluVariant.Tanh")})],
    "heaviside": [((0.5,), {})],
    "threshold": [((1.0, 5.0), {})],
    "relu_max": [((1.5,), {})],
    "relu_min": [((-0.5,), {})],
    "fill": [((2.5,), {}), ((3,), {})],
    "rdiv": [((2.0,), {}), ((2.0,), {"rounding_mode": "floor"}), ((2.0,), {"rounding_mode": "up"})],
    "rpow": [((2.0,), {}), ((3,), {})],
    "polygamma": [((1,), {}), ((2,), {})],
    "pow": [((2,), {}), ((2.0,), {}), ((2.5,), {})],
    "polyval": [(([1.0, -2.0, 0.5],), {}), (([3.0],), {})],
    "clamp": [((-0.5, 0.5), {}), ((), {"min": 0.25}), ((), {"max": 0.25}), ((), {}), ((0, 3), {})],
    "clip": [((-0.5, 0.5), {}), ((), {"min": 0.25})],
    "prelu": [((0.25,), {})],
    "tril": [((), {}), ((), {"diagonal": 1})],
    "triu": [((), {}), ((), {"diagonal": -1})],
    "logical_not_": [((), {})],
    "unary_chain": [(([make("UnaryWithParam", name("UnaryOpType.RELU"))],), {}), (([],), {})],
    **{kind: [((), {}), ((-1,), {}), ((2,), {})] for kind in ("glu", "reglu", "geglu", "swiglu")},
    **{kind: [((), {})] for kind in ("std_hw", "var_hw", "normalize_hw", "normalize_global")},
}
_WITHOUT_OUTPUT = frozenset(
    [
        "polyval",
        "prelu",
        "tril",
        "triu",
        "logical_not_",
        "glu",
        "reglu",
        "geglu",
        "swiglu",
        "std_hw",
        "var_hw",
        "normalize_hw",
        "normalize_global",
    ]
)
_RANDOM_ELSEWHERE = ("normalize_global",)
UNARY = tuple(dict.fromkeys((*_PLAIN, *_SETTINGS)))


@st.composite
def unary(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    low, high = _DOMAINS.get(operation, (-4.0, 4.0))
    dtype = draw(st.sampled_from(ANY))
    args, kwargs = draw(st.sampled_from(_SETTINGS.get(operation, [((), {})])))
    operand = a_tensor(draw, dims, [dtype], **in_dtype(dtype, low, high))
    kwargs = {**kwargs, **memory_config(draw, dims, operand["layout"])}
    if operation not in _WITHOUT_OUTPUT:
        kwargs |= output_tensor(draw, dims, dtype)
    return call(operation, operand, *args, golden=operation not in _RANDOM_ELSEWHERE, **kwargs)


_ARITHMETIC = ["add", "subtract", "multiply", "rsub", "div", "divide", "bias_gelu"]
_COMPARING = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor"]
_OTHERS = ["maximum", "minimum", "squared_difference", "ldexp", "logaddexp", "logaddexp2", "xlogy", "remainder"]
_PLACED = ["atan2", "hypot", "nextafter", "isclose", "fmod", "floor_div", "div_no_nan"]
_BITS = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_left_shift",
    "logical_left_shift",
    "bitwise_right_shift",
    "logical_right_shift",
]
_IN_PLACE = [
    "add_",
    "subtract_",
    "multiply_",
    "divide_",
    "rsub_",
    "eq_",
    "ne_",
    "lt_",
    "le_",
    "gt_",
    "ge_",
    "logical_and_",
    "logical_or_",
    "logical_xor_",
    "squared_difference_",
    "ldexp_",
    "logaddexp_",
    "logaddexp2_",
    "bias_gelu_",
]
_ALIASES = ["mul", "mul_", "sub", "sub_", "div_"]
_EXACT = ["gcd", "lcm"]
BINARY = (*_ARITHMETIC, *_COMPARING, *_OTHERS, *_PLACED, *_BITS, *_IN_PLACE, *_ALIASES, *_EXACT)


def broadcast(draw: Draw, dims: list[int]) -> list[int]:
    """Another operand's shape: the same, one that is stretched, one of another rank, or one that doesn't fit."""
    kind = draw(st.sampled_from(("same",) * 5 + ("ones", "ones", "shorter", "longer", "wrong")))
    if kind == "ones":
        return [draw(st.sampled_from((side, 1))) for side in dims]
    if kind == "shorter":
        return dims[draw(st.integers(0, max(len(dims) - 1, 0))) :]
    if kind == "longer":
        return [draw(st.sampled_from((1, 2))), *dims]
    return [*dims[:-1], dims[-1] + 1] if kind == "wrong" and dims else list(dims)


@st.composite
def binary(draw: Draw, operation: str) -> Case:
    integer = operation in (*_BITS, *_EXACT)
    usual = ("int32", "int32", "int32", "uint32", "uint16", "bfloat16") if integer else ANY
    dims, dtype = shape(draw), draw(st.sampled_from(usual))
    second = often(draw, dtype, *usual, of=4)
    a = a_tensor(draw, dims, [dtype], **in_dtype(dtype, -4.0 if dtype in FLOATS else -20.0, 20.0))
    b: Any = draw(st.sampled_from(("tensor",) * 4 + (2, 0.5, -1.5, 3.0)))
    if b == "tensor":
        b = a_tensor(draw, broadcast(draw, dims), [second], **in_dtype(second, 0.5, 6.0))
    kwargs: dict[str, Form] = {}
    if operation in ("div", "divide_", "divide"):
        kwargs |= some(draw, {}, {}, {"rounding_mode": "floor"}, {"rounding_mode": "trunc"})
    if operation == "isclose":
        kwargs |= some(draw, {"rtol": 0.1}, {"equal_nan": True})
    if not operation.endswith("_"):
        kwargs |= memory_config(draw, dims, a["layout"])
    if operation in (*_ARITHMETIC, *_COMPARING, *_OTHERS):
        kwargs |= dtype_keyword(draw, of=8)
    if operation in (*_ARITHMETIC, *_COMPARING, *_OTHERS, *_BITS):
        kwargs |= output_tensor(draw, dims, dtype)
        if rare(draw, 10):
            where = draw(st.sampled_from(("activations", "input_tensor_a_activations", "input_tensor_b_activations")))
            kwargs[where] = [make("UnaryWithParam", name(f"UnaryOpType.{draw(st.sampled_from(('RELU', 'SQUARE')))}"))]
    return call(operation, a, b, golden=True, **kwargs)


TERNARY = ["where", "addcmul", "addcdiv", "lerp", "mac", "snake_beta"]


@st.composite
def ternary(draw: Draw, operation: str) -> Case:
    dims, dtype = shape(draw), draw(st.sampled_from((*FLOATS, *FLOATS, "int32", "uint32")))
    ranges = in_dtype(dtype, 0.5, 4.0)
    operands: list[Form] = [a_tensor(draw, dims, [dtype], **in_dtype(dtype, -2.0, 2.0))]
    for _ in range(2):
        kind = draw(st.sampled_from(("same",) * 4 + ("broadcast", "number", "other")))
        if kind == "number":
            operands.append(draw(st.sampled_from((0.5, 2.0, 3))))
        else:
            other = broadcast(draw, dims) if kind == "broadcast" else dims
            dtypes = ("bfloat16", "float32", "int32") if kind == "other" else (dtype,)
            operands.append(a_tensor(draw, other, dtypes, **ranges))
    kwargs = memory_config(draw, dims)
    if operation.startswith("addc"):
        kwargs |= some(draw, {"value": 0.5}, {"value": 2})
    return call(operation, *operands, golden=True, **(kwargs | output_tensor(draw, dims, dtype)))


@st.composite
def alpha(draw: Draw, operation: str) -> Case:
    """addalpha and subalpha; the losses, which have a reduction instead; outer."""
    dims, dtype = shape(draw), draw(st.sampled_from(FLOATS))
    if operation == "outer":
        dims = [1, 1, 1, draw(st.sampled_from((1, 5, 32, 40)))]
        other = [1, 1, 1, draw(st.sampled_from((1, 7, 64)))]
        return call(operation, a_tensor(draw, dims, [dtype]), a_tensor(draw, other, [dtype]), golden=True)
    operands = [a_tensor(draw, dims, [dtype]), a_tensor(draw, broadcast(draw, dims), [dtype])]
    if operation.endswith("_loss"):
        reduction = draw(st.sampled_from(("NONE", "SUM", "MEAN")))
        kwargs = {"reduction": name(f"LossReductionMode.{reduction}")}
        return call(operation, *operands, **kwargs, **memory_config(draw, dims))
    return call(operation, *operands, draw(st.sampled_from((0.5, 2))), golden=True, **memory_config(draw, dims))


ALPHA = ["addalpha", "subalpha", "mse_loss", "l1_loss", "outer"]

_NUMBER_BW: dict[str, _Settings] = {
    "celu_bw": [((), {}), ((), {"alpha": 0.5})],
    "elu_bw": [((), {}), ((), {"alpha": 0.5})],
    "hardshrink_bw": [((), {}), ((), {"lambd": 1.0})],
    "softshrink_bw": [((), {}), ((), {"lambd": 1.0})],
    "hardtanh_bw": [((), {}), ((), {"min": -0.5, "max": 0.5})],
    "leaky_relu_bw": [((), {}), ((), {"negative_slope": 0.2})],
    "logiteps_bw": [((), {}), ((), {"eps": 0.2})],
    "softplus_bw": [((), {}), ((), {"beta": 2.0, "threshold": 10.0})],
    "polygamma_bw": [((1,), {}), ((2,), {})],
    "pow_bw": [((2.0,), {}), ((3.0,), {}), ((0.0,), {}), ((-1.0,), {})],
    "rpow_bw": [((2.0,), {}), ((0.0,), {})],
    "rdiv_bw": [((2.0,), {}), ((2.0,), {"rounding_mode": "floor"})],
    "div_no_nan_bw": [((2.0,), {}), ((0.0,), {})],
    "threshold_bw": [((0.5, 2.0), {})],
    "clamp_bw": [((-0.5, 0.5), {}), ((), {"min": 0.0}), ((), {"max": 0.5}), ((), {})],
    "clip_bw": [((-0.5, 0.5), {}), ((), {"min": 0.0})],
    "gelu_bw": [((), {}), ((), {"variant": name("GeluVariant.Tanh")})],
    "repeat_bw": [((), {"shape": [2, 1, 1, 1]}), ((), {"shape": [1, 3, 1, 1]})],
}
_BINARY_BW = [
    "add_bw",
    "sub_bw",
    "mul_bw",
    "div_bw",
    "rsub_bw",
    "addalpha_bw",
    "subalpha_bw",
    "assign_bw",
    "fmod_bw",
    "remainder_bw",
    "hypot_bw",
    "atan2_bw",
    "ldexp_bw",
    "logaddexp_bw",
    "logaddexp2_bw",
    "squared_difference_bw",
    "xlogy_bw",
    "max_bw",
    "min_bw",
    "bias_gelu_bw",
    "concat_bw",
]
_TERNARY_BW = ["addcmul_bw", "addcdiv_bw", "lerp_bw", "where_bw"]
COMPLEX_BW = ["angle_bw", "conj_bw", "polar_bw", "real_bw", "imag_bw"]


@st.composite
def backward(draw: Draw, operation: str) -> Case:
    """A gradient: of the output, and the operation's inputs, which are positive."""
    dims, dtype = shape(draw, ranks=(4, 4, 4, 2, 3)), draw(st.sampled_from((*FLOATS, *FLOATS, *FLOATS, "int32")))
    rank_wrong = rare(draw, 25)
    # ttnn composes gradients of many operations; what it makes of operands of several kinds is accidental.
    alike = {"layout": often(draw, "TILE", "ROW_MAJOR", of=10) if dtype[-1] != "b" else "TILE", "healthy": True}
    ranges = in_dtype(dtype, 0.1, 0.9)
    grad = a_tensor(draw, [*dims[:-1], dims[-1] + 1] if rank_wrong else dims, [dtype], **alike)
    operands = 2 if operation in _BINARY_BW else 3 if operation in _TERNARY_BW else 1
    inputs: list[Form] = [a_tensor(draw, dims, [dtype], **alike, **ranges) for _ in range(operands)]
    args, kwargs = draw(st.sampled_from(_NUMBER_BW.get(operation, [((), {})])))
    if operands == 2 and operation in ("add_bw", "sub_bw", "mul_bw", "div_bw", "fmod_bw", "remainder_bw", "assign_bw"):
        kind = draw(st.sampled_from(("tensor", "tensor", "number")))
        if kind == "number":
            inputs[1:] = [] if operation == "assign_bw" else [2.0]
    if operation == "addalpha_bw" or operation == "subalpha_bw":
        args = draw(st.sampled_from(((), (0.5,))))
    if operation in ("addcmul_bw", "addcdiv_bw"):
        args = draw(st.sampled_from(((), (0.5,), (2.0,))))
    if operation == "concat_bw":
        dim = draw(st.sampled_from((0, 2, 3)))
        dims4 = [1, 1, 32, 32]
        doubled = [2 * side if i == dim else side for i, side in enumerate(dims4)]
        inputs = [a_tensor(draw, dims4, [dtype], **alike) for _ in range(2)]
        return call(operation, a_tensor(draw, doubled, [dtype], **alike), *inputs, dim, **memory_config(draw, dims4))
    if operation in ("repeat_bw", "prod_bw"):
        dims = [1, 1, *dims[-2:]] if len(dims) > 1 else [1, 1, 1, *dims]
        inputs = [a_tensor(draw, dims, [dtype], **alike, **ranges)]
        if operation == "repeat_bw":
            times = draw(st.sampled_from(([2, 1, 1, 1], [1, 3, 1, 1])))
            grad = a_tensor(draw, [a * b for a, b in zip(dims, times)], [dtype], **alike)
            return call(operation, grad, *inputs, times, **memory_config(draw, dims))
        dim = draw(st.sampled_from((None, 0, 1, 2, 3, -1)))
        grad = a_tensor(
            draw, [1 if dim is None or i == dim % 4 else side for i, side in enumerate(dims)], [dtype], **alike
        )
        return call(operation, grad, *inputs, **({} if dim is None else {"dim": dim}), **memory_config(draw, dims))
    return call(operation, grad, *inputs, *args, **kwargs, **memory_config(draw, dims))


@st.composite
def embedding_bw(draw: Draw) -> Case:
    batch, length = draw(st.sampled_from((1, 2))), draw(st.sampled_from((32, 64, 31)))
    rows, width = draw(st.sampled_from((32, 64))), draw(st.sampled_from((32, 64, 33)))
    dtype = draw(st.sampled_from(("uint32", "uint32", "bfloat16")))
    index = a_tensor(draw, [batch, length], [dtype], layout="ROW_MAJOR", place="DRAM", low=0, high=rows)
    table = a_tensor(draw, [rows, width], ["bfloat16"], place="DRAM")
    grad = a_tensor(draw, [1, 1, batch * length, width], ["bfloat16", "bfloat8_b", "float32"], place="DRAM")
    return call("embedding_bw", index, table, grad, **dtype_keyword(draw), **memory_config(draw, [1, 1, rows, width]))


@st.composite
def of_complex(draw: Draw, operation: str) -> Case:
    """An operation of complex numbers, or its gradient."""
    dims = shape(draw, ranks=(4,))
    dtype = draw(st.sampled_from(("bfloat16", "float32", "bfloat8_b")))
    parts = [a_tensor(draw, dims, [dtype], layout="TILE", low=0.5, high=2.0) for _ in range(4)]
    value, grad = (make("complex_tensor", a_tuple(parts[start : start + 2])) for start in (0, 2))
    where = {"memory_config": name(draw(st.sampled_from(("DRAM_MEMORY_CONFIG", "L1_MEMORY_CONFIG"))))}
    if operation == "complex_tensor":
        return call(operation, a_tuple(parts[:2]))
    if operation.endswith("_bw"):
        first = parts[2] if operation in ("angle_bw", "real_bw", "imag_bw") else grad
        return call(operation, first, value, **where)
    return call(operation, value, golden=True, **where)


COMPLEX = (*["complex_tensor", "real", "imag", "is_real", "is_imag", "conj", "angle", "polar"], *COMPLEX_BW)


@st.composite
def cast(draw: Draw, operation: str) -> Case:
    dims = shape(draw)
    if operation == "plus_one":
        return call(operation, a_tensor(draw, dims, INTEGERS, layout=draw(st.sampled_from(("TILE", "ROW_MAJOR")))))
    operand = a_tensor(draw, dims, ANY, low=0.0, high=5.0)
    kwargs = memory_config(draw, dims, operand["layout"])
    target = name(draw(st.sampled_from(("bfloat16", "float32", "bfloat8_b", "bfloat4_b", *INTEGERS))))
    return call(operation, operand, target, golden=operation == "typecast", **kwargs)


CAST = ["typecast", "experimental.typecast", "bitcast", "plus_one"]


@st.composite
def bcast(draw: Draw) -> Case:
    dims = shape(draw, ranks=(4,))
    dim = draw(st.sampled_from(["H", "W", "HW"]))
    other = [1, 1, 1 if "H" in dim else dims[2], 1 if "W" in dim else dims[3]]
    dtypes = ("bfloat16", "bfloat8_b", "float32")
    operands = a_tensor(draw, dims, dtypes), a_tensor(draw, often(draw, other, dims, of=6), dtypes)
    op = name(f"BcastOpMath.{draw(st.sampled_from(('ADD', 'SUB', 'MUL')))}")
    return call("bcast", *operands, op, name(f"BcastOpDim.{dim}"), **memory_config(draw, dims))


def strategies(backward_names: Sequence[str]) -> dict[str, Strategy]:
    """By operation; ``backward_names`` are those of all gradients."""
    special = {"embedding_bw", *COMPLEX_BW}
    return {
        **{operation: unary(operation) for operation in UNARY},
        **{operation: binary(operation) for operation in BINARY},
        **{operation: ternary(operation) for operation in TERNARY},
        **{operation: alpha(operation) for operation in ALPHA},
        **{operation: of_complex(operation) for operation in COMPLEX},
        **{operation: cast(operation) for operation in CAST},
        **{operation: backward(operation) for operation in backward_names if operation not in special},
        "embedding_bw": embedding_bw(),
        "bcast": bcast(),
    }
