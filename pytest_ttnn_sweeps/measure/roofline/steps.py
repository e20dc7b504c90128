"""Work that goes through tensors element by element: eltwise operations, reductions, normalisations.

Two units do it. The matrix unit (FPU) adds, subtracts and multiplies 128 elements a cycle, of which the product is
repeated for each phase; the vector unit (SFPU) does everything else, and everything on float32 and integers, with 32
lanes. They work beside each other, so the time of an operation that uses both is at least the longer one's. A function
such as ``exp`` is counted as 1 operation an element and 1 cycle of a lane, which is less than any program takes.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.fidelity import phases
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted, elements
from pytest_ttnn_sweeps.measure.roofline.peaks import core_rate
from pytest_ttnn_sweeps.measure.roofline.workload import Workload
from pytest_ttnn_sweeps.traced.values import TensorSpec

_FPU_DTYPES = ("BFLOAT16", "BFLOAT8_B", "BFLOAT4_B")
_ADDED = ("add", "subtract", "rsub")
_MULTIPLIED = ("multiply",)
_VECTOR = (
    "abs acos acosh asin asinh atan atan2 atanh bitwise_and bitwise_not bitwise_or bitwise_xor cbrt ceil celu clamp "
    "clip cos cosh deg2rad digamma div divide elu eq eqz erf erfc erfinv exp exp2 expm1 floor fmod frac ge gelu gez gt "
    "gtz hardshrink hardsigmoid hardswish hardtanh heaviside i0 i1 isfinite isinf isnan isneginf isposinf "
    "ldexp le leaky_relu lerp lez lgamma log log10 log1p log2 log_sigmoid logaddexp logaddexp2 logical_and logical_not "
    "logical_or logical_xor lt ltz mac maximum minimum mish ne neg nez polygamma pow prelu rad2deg rdiv reciprocal "
    "relu relu6 relu_max relu_min remainder round rpow rsqrt selu sigmoid sigmoid_accurate sign signbit silu sin sinh "
    "softplus softshrink softsign sqrt square squared_difference swish tan tanh tanhshrink threshold trunc "
    "where xlogy addcmul addcdiv"
)


def added(call: OperationCall) -> Workload:
    """One addition an element of the result."""
    return _eltwise(call, core_rate("eltwise_add_sub_elements_per_cycle"), 1)


def multiplied(call: OperationCall) -> Workload:
    """One product an element of the result."""
    return _eltwise(call, core_rate("eltwise_mul_elements_per_cycle"), phases(call))


def vector(call: OperationCall) -> Workload:
    """One operation an element of the result, whatever the function."""
    result = _result(call)
    return Workload(float(prod(result.shape)), elements(result) / core_rate("sfpu_lanes"))


def summed(call: OperationCall) -> Workload:
    """One addition an element that goes in; the unit multiplies by a scale and adds, 2 floating point operations."""
    given = _given(call)
    cycles = 2 * elements(given) / core_rate("reduce_avg_sum_flop_per_cycle") * phases(call)
    return Workload(float(prod(given.shape)), cycles)


def extreme(call: OperationCall) -> Workload:
    """One comparison an element that goes in."""
    given = _given(call)
    return Workload(float(prod(given.shape)), elements(given) / core_rate("reduce_max_flop_per_cycle"))


def softmax(call: OperationCall) -> Workload:
    """exp, sum and product for each element; two more, maximum and difference, where it is numerically stable."""
    stable = call.argument("numeric_stable") is not False
    return _normalised(call, flop_per_element=5 if stable else 3, vector_steps=1)


def layer_norm(call: OperationCall) -> Workload:
    """Sum, difference, square, sum and product; one more for each of weight, bias and residual input."""
    return _normalised(call, flop_per_element=5 + _extras(call), vector_steps=0)


def rms_norm(call: OperationCall) -> Workload:
    """Square, sum and product; one more for each of weight, bias and residual input."""
    return _normalised(call, flop_per_element=3 + _extras(call), vector_steps=0)


def batch_norm(call: OperationCall) -> Workload:
    """In training as `layer_norm`, over a channel; else difference and product, for mean and variance are given."""
    own = 5 if call.argument("training") is True else 2
    return _normalised(call, flop_per_element=own + _extras(call), vector_steps=0)


def _extras(call: OperationCall) -> int:
    return sum(call.argument(name) is not None for name in ("weight", "bias", "residual_input_tensor"))


def _normalised(call: OperationCall, *, flop_per_element: int, vector_steps: int) -> Workload:
    """At least one product of every element is the matrix unit's, and ``vector_steps`` are the vector unit's."""
    given = _given(call)
    count = elements(given)
    matrix = count / core_rate("eltwise_mul_elements_per_cycle")
    return Workload(
        float(prod(given.shape) * flop_per_element), max(matrix, vector_steps * count / core_rate("sfpu_lanes"))
    )


def _eltwise(call: OperationCall, rate: float, phase_count: int) -> Workload:
    result = _result(call)
    operands = (*call.inputs, result)
    if any(spec.dtype not in _FPU_DTYPES or spec.layout != "TILE" for spec in operands):
        return vector(call)
    return Workload(float(prod(result.shape)), elements(result) / rate * phase_count)


def _result(call: OperationCall) -> TensorSpec:
    if len(call.outputs) != 1:
        raise Uncounted(f"it has {len(call.outputs)} results")
    return call.outputs[0]


def _given(call: OperationCall) -> TensorSpec:
    if not call.inputs:
        raise Uncounted("no tensor goes in")
    return call.inputs[0]


STEPS: dict[str, Callable[[OperationCall], Workload]] = {
    **dict.fromkeys(_VECTOR.split(), vector),
    **dict.fromkeys(_ADDED, added),
    **dict.fromkeys(_MULTIPLIED, multiplied),
    "sum": summed,
    "mean": summed,
    "max": extreme,
    "min": extreme,
    "softmax": softmax,
    "softmax_in_place": softmax,
    "layer_norm": layer_norm,
    "rms_norm": rms_norm,
    # The same steps, over groups of channels.
    "group_norm": layer_norm,
    "batch_norm": batch_norm,
}
"""By canonical name; an operation in place (``relu_``) has the rule of the other."""
