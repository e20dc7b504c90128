"""Work of pools: what a window covers of the image, which of its edges is less than a window."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.fidelity import phases
from pytest_ttnn_sweeps.measure.roofline.operands import Uncounted
from pytest_ttnn_sweeps.measure.roofline.peaks import core_rate
from pytest_ttnn_sweeps.measure.roofline.products import integer_of, padding_of, pair_of
from pytest_ttnn_sweeps.measure.roofline.workload import Workload
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration


def max_pool(call: OperationCall) -> Workload:
    """One comparison for each element of each window."""
    count = _covered(call)
    return Workload(float(count), count / core_rate("reduce_max_flop_per_cycle"))


def avg_pool(call: OperationCall) -> Workload:
    """One addition for each element of each window; elements of the padding are zeros, which add nothing."""
    return _averaged(call, _covered(call))


def global_avg_pool(call: OperationCall) -> Workload:
    """One addition an element: the window is the image."""
    if not call.inputs:
        raise Uncounted("no tensor goes in")
    return _averaged(call, prod(call.inputs[0].shape))


def _averaged(call: OperationCall, count: int) -> Workload:
    # What ttnn takes by default is published nowhere: one phase is the least.
    phase_count = phases(call) if call.argument("compute_kernel_config") is not None else 1
    return Workload(float(count), 2 * count / core_rate("reduce_avg_sum_flop_per_cycle") * phase_count)


def _covered(call: OperationCall) -> int:
    """Elements of the image in all windows together: along height times along width, for each channel and image."""
    try:
        arguments = call.arguments()
    except UnavailableConfiguration as error:
        raise Uncounted(str(error)) from None
    names = ("batch_size", "input_h", "input_w", "channels")
    batch, height, width, channels = (integer_of(arguments.get(name), name) for name in names)
    windows, strides = (pair_of(arguments.get(name), name) for name in ("kernel_size", "stride"))
    dilations = pair_of(arguments.get("dilation", 1), "dilation")
    paddings = padding_of(arguments.get("padding"))
    ceil_mode = arguments.get("ceil_mode", False)
    if not isinstance(ceil_mode, bool):
        raise Uncounted("ceil_mode isn't known")
    axes = zip((height, width), windows, strides, dilations, paddings)
    return batch * channels * prod(_covered_along(*axis, ceil_mode=ceil_mode) for axis in axes)


def _covered_along(
    size: int, window: int, stride: int, dilation: int, padding: tuple[int, int], *, ceil_mode: bool
) -> int:
    """Positions of an axis that its windows cover, each as often as it is covered.

    With ``ceil_mode`` a last window may begin in the image, or the padding before it, and end beyond (torch's rule).
    """
    before, after = padding
    room = size + before + after - dilation * (window - 1) - 1
    if min(size, window, stride, dilation) < 1 or room < 0:
        raise Uncounted("its output has no elements")
    outputs = (-(-room // stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (outputs - 1) * stride >= size + before:
        outputs -= 1
    starts = (number * stride - before for number in range(outputs))
    return sum(0 <= start + step * dilation < size for start in starts for step in range(window))


POOLS: dict[str, Callable[[OperationCall], Workload]] = {
    "max_pool2d": max_pool,
    "avg_pool2d": avg_pool,
    "global_avg_pool2d": global_avg_pool,
}
