"""The message in which tt-metal's sweeps report bytes and floating point operations beside the PCC.

``PCC 0.9998 ROOFLINE 61440.0 BYTECOUNT 15728640 FLOP_COUNT 2147483648``: a passed check's correlation, the nanoseconds
that the bytes take at a DRAM bandwidth, the bytes, and, where the sweep knows them, the operations. It is made here as
upstream makes it and read by the package's results. ``--sweep-perf`` counts by itself, with the board's own figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any

from pytest_ttnn_sweeps.testing.accuracy import Array, Check, check_with_pcc

WH_DRAM_THROUGHPUT = 256
"""Bytes a nanosecond: what upstream reckons with on every board. Its datasheet gives a Wormhole 288."""

_BYTES_PER_ELEMENT = {
    "FLOAT32": 4,
    "INT32": 4,
    "UINT32": 4,
    "BFLOAT16": 2,
    "UINT16": 2,
    "UINT8": 1,
    "INT8": 1,
    "BFLOAT8_B": 1088 / 1024,
    "BFLOAT4_B": 576 / 1024,
}
_FIRMWARE_TIME = "DEVICE FW DURATION [ns]"


def get_byte_count(tensor: Any) -> float:
    """The bytes of a ttnn tensor's elements, those that fill up its tiles left out.

    :raises ValueError: for a dtype whose size isn't known.
    """
    size = _BYTES_PER_ELEMENT.get(tensor.dtype.name)
    if size is None:
        msg = f"the size of a {tensor.dtype.name} isn't known; expected one of {', '.join(_BYTES_PER_ELEMENT)}"
        raise ValueError(msg)
    return size * int(prod(tensor.shape))


def get_roofline_message(tensors: Iterable[Any], throughput: float = WH_DRAM_THROUGHPUT) -> str:
    """``ROOFLINE <ns> BYTECOUNT <bytes>`` of tensors that are read or written once.

    `throughput` is in bytes a nanosecond.
    """
    count = sum(get_byte_count(tensor) for tensor in tensors)
    return f"ROOFLINE {count / throughput} BYTECOUNT {count}"


get_rooofline_message = get_roofline_message
"""Upstream's spelling."""


def update_check_result(check_result: Sequence[Any], messages: Iterable[str]) -> Sequence[Any]:
    """A check's result with ``PCC`` before the message of one that passed and `messages` behind it.

    A failed one is given back as it is; a `Check` keeps its metrics.
    """
    ok, message = check_result
    if not ok:
        return check_result
    text = " ".join([f"PCC {message}", *messages])
    return Check(True, text, check_result.metrics) if isinstance(check_result, Check) else (ok, text)


def get_run_return(
    torch_output_tensor: Array,
    output_tensor: Array,
    expected_pcc: float,
    tensors: Iterable[Any],
    e2e_perf: int | None,
    flop_counts: Iterable[float] | None = None,
) -> list[Any]:
    """What ``run`` returns: ``[check, e2e_ns]``, where the check of the outputs' PCC has the roofline in its message.

    `tensors` are the ttnn tensors that the operation reads and writes; the product of `flop_counts` is the number of
    its floating point operations.
    """
    messages = [get_roofline_message(tensors)]
    factors = list(flop_counts or ())
    if factors:
        messages.append(f"FLOP_COUNT {prod(factors)}")
    return [update_check_result(check_with_pcc(torch_output_tensor, output_tensor, expected_pcc), messages), e2e_perf]


def get_updated_message(message: str, perf_result: Mapping[str, Any] | None) -> str:
    """`message` with ``ROOFLINE%`` and ``TFLOPS`` by the device's firmware time, where `perf_result` has it."""
    if perf_result is None or _FIRMWARE_TIME not in perf_result:
        return message
    time_ns = float(perf_result[_FIRMWARE_TIME])
    words = message.split()
    for name, number in pairwise(words):
        if name == "ROOFLINE":
            message += f" ROOFLINE% {float(number) / time_ns}"
        elif name == "FLOP_COUNT":
            message += f" TFLOPS {float(number) / 1e3 / time_ns}"
    return message
