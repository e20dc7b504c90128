"""Work of the matrix unit: products, convolutions, attention."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from pytest_ttnn_sweeps.measure.roofline.calls import OperationCall
from pytest_ttnn_sweeps.measure.roofline.decoding import DECODING, decoding
from pytest_ttnn_sweeps.measure.roofline.fidelity import phases
from pytest_ttnn_sweeps.measure.roofline.operands import TILE, Uncounted, tiles_along
from pytest_ttnn_sweeps.measure.roofline.peaks import flop_per_cycle
from pytest_ttnn_sweeps.measure.roofline.workload import Workload
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.values import Value

_ATTENTION = "transformer.scaled_dot_product_attention"


def product(m: int, k: int, n: int, phase_count: int, batch: int = 1) -> Workload:
    """``batch`` products of an m by k and a k by n matrix.

    2·m·k·n floating point operations; of tiles, ceil(m/32)·ceil(k/32)·ceil(n/32), each of which takes the unit
    2·32³/4096 = 16 cycles a phase (``tech_reports/GEMM_FLOPS``).
    """
    tiles = tiles_along(m) * tiles_along(k) * tiles_along(n)
    return Workload(2.0 * batch * m * k * n, float(batch * tiles * tile_cycles() * phase_count))


def tile_cycles() -> float:
    """The cycles that the product of two tiles takes one core in one phase."""
    return 2 * TILE**3 / flop_per_cycle()


def matmul(call: OperationCall) -> Workload:
    """A stack of products: ``linear``'s bias is left out, being 1 operation in 2·k."""
    if len(call.inputs) < 2:
        raise Uncounted("it has no two tensors")
    left, right = (spec.shape for spec in call.inputs[:2])
    if call.argument("transpose_a") is True:
        left = _transposed(left)
    if call.argument("transpose_b") is True:
        right = _transposed(right)
    # A vector is a row on the left and a column on the right.
    left = (1, *left) if len(left) == 1 else left
    right = (*right, 1) if len(right) == 1 else right
    if len(left) < 2 or len(right) < 2 or left[-1] != right[-2]:
        raise Uncounted(f"{list(left)} and {list(right)} are no product")
    batch = _broadcast(left[:-2], right[:-2])
    return product(left[-2], left[-1], right[-1], phases(call), batch)


def conv2d(call: OperationCall) -> Workload:
    """A product of the image's patches with the kernels: m is the number of patches, k the size of one, n the kernels.

    A group has its own channels. ttnn fills the zeros between groups in, and computes with them; they aren't counted.
    """
    try:
        arguments = call.arguments()
    except UnavailableConfiguration as error:
        raise Uncounted(str(error)) from None
    names = ("batch_size", "input_height", "input_width", "in_channels", "out_channels", "groups")
    batch, height, width, channels, kernels, groups = (integer_of(arguments.get(name), name) for name in names)
    window = pair_of(arguments.get("kernel_size"), "kernel_size")
    stride = pair_of(arguments.get("stride"), "stride")
    dilation = pair_of(arguments.get("dilation"), "dilation")
    padding = map(sum, padding_of(arguments.get("padding")))
    sizes = zip((height, width), window, stride, dilation, padding)
    patches = [(size + pad - step * (length - 1) - 1) // jump + 1 for size, length, jump, step, pad in sizes]
    if min(patches) < 1 or groups < 1:
        raise Uncounted("its output has no elements")
    return product(batch * prod(patches), channels // groups * prod(window), kernels, phases(call))


def attention(call: OperationCall) -> Workload:
    """Queries by keys and weights by values: 2 products of 2·b·h·q·k·d. A causal mask leaves the pairs below it.

    Softmax in between is the vector unit's, which works beside the matrix unit. Pairs are counted by element: programs
    skip whole blocks that the mask hides.
    """
    if len(call.inputs) < 3:
        raise Uncounted("it has no three tensors")
    query, key, value = (spec.shape for spec in call.inputs[:3])
    if len(query) != 4 or len(key) != 4 or len(value) != 4:
        raise Uncounted("its tensors have not four dimensions")
    if call.argument("sliding_window_size") is not None:
        raise Uncounted("a sliding window's pairs aren't counted")
    batch, heads, queries, width = query
    keys, value_width = key[-2], value[-1]
    pairs = queries * keys
    if call.argument("is_causal") is not False:
        # The last query sees every key.
        pairs = sum(max(0, keys - queries + row + 1) for row in range(queries))
    flop = 2.0 * batch * heads * pairs * (width + value_width)
    return Workload(flop, flop / flop_per_cycle() * phases(call))


PRODUCTS: dict[str, Callable[[OperationCall], Workload]] = {
    "matmul": matmul,
    "linear": matmul,
    "conv2d": conv2d,
    _ATTENTION: attention,
    DECODING: decoding,
}


def _transposed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-2], shape[-1], shape[-2]) if len(shape) > 1 else shape


def _broadcast(left: tuple[int, ...], right: tuple[int, ...]) -> int:
    longer = max(len(left), len(right))
    sizes = zip((1,) * (longer - len(left)) + left, (1,) * (longer - len(right)) + right)
    return prod(max(pair) if min(pair) else 0 for pair in sizes)


def integer_of(value: Value, name: str) -> int:
    if not isinstance(value, int):
        raise Uncounted(f"{name} isn't known")
    return value


def pair_of(value: Value, name: str) -> tuple[int, int]:
    if isinstance(value, int):
        return value, value
    if isinstance(value, tuple) and len(value) == 2:
        return integer_of(value[0], name), integer_of(value[1], name)
    raise Uncounted(f"{name} isn't known")


def padding_of(value: Value) -> tuple[tuple[int, int], tuple[int, int]]:
    """What is added above and below, left and right: from (height, width), or (top, bottom, left, right)."""
    if isinstance(value, tuple) and len(value) == 4:
        top, bottom, left, right = (integer_of(side, "padding") for side in value)
        return (top, bottom), (left, right)
    height, width = pair_of(value, "padding")
    return (height, height), (width, width)
