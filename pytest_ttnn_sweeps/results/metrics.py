"""The numbers that a sweep reports beside its verdict: their names, their units, and which way is better."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number. `unit` is empty for pure numbers; `better` says which direction is an improvement."""

    name: str
    value: float
    unit: str
    better: Better


_KNOWN: dict[str, tuple[str, Better]] = {
    "pcc": ("", "higher"),
    "max_abs_error": ("", "lower"),
    "max_rel_error": ("", "lower"),
    "rms_error": ("", "lower"),
    "max_ulp": ("ulp", "lower"),
    # tt-metal's roofline text: bytes over DRAM bandwidth, the sizes behind it, and what the device made of them.
    "roofline_ns": ("ns", "none"),
    "byte_count": ("B", "none"),
    "flop_count": ("flop", "none"),
    "roofline_ratio": ("", "higher"),
    "tflops": ("Tflop/s", "higher"),
}

_TEXT_NAMES = {
    "PCC": "pcc",
    "ROOFLINE": "roofline_ns",
    "BYTECOUNT": "byte_count",
    "FLOP_COUNT": "flop_count",
    "ROOFLINE%": "roofline_ratio",
    "TFLOPS": "tflops",
}

_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|nan|inf)"
_BARE_NUMBERS = re.compile(rf"{_NUMBER}(?:, {_NUMBER})*")
_PCC = re.compile(rf"(?:^|, )PCC:? ({_NUMBER})(?![\w%]|\.\d)")
_ROOFLINE_TEXT = re.compile(rf"PCC {_NUMBER}(?: (?:ROOFLINE%?|BYTECOUNT|FLOP_COUNT|TFLOPS) {_NUMBER})+")


def known_metric(name: str, value: float) -> Metric:
    """The metric of that name with its unit and direction; one that isn't in the table has neither."""
    unit, better = _KNOWN.get(name, ("", "none"))
    return Metric(name, value, unit, better)


def metrics_in(message: str) -> dict[str, float]:
    """The metrics, by name, that a sweep's message spells out; numbers in any other text are not metrics.

    * a bare number from -1 to 1 is the PCC, as are several joined by ``", "``, one for each output: the worst counts;
    * ``PCC <pcc> ROOFLINE <ns> BYTECOUNT <bytes>``, with ``FLOP_COUNT``, ``ROOFLINE%`` and ``TFLOPS`` where given;
    * ``PCC <pcc>`` or ``PCC: <pcc>`` at the start of the message or after ``", "``; again the worst counts.
    """
    if _BARE_NUMBERS.fullmatch(message):
        values = [float(number) for number in message.split(", ")]
        # A correlation computed in floating point may be a few roundings beyond 1.
        return {"pcc": _worst(values)} if all(not abs(value) > 1.000001 for value in values) else {}
    if "PCC" not in message:
        return {}
    if _ROOFLINE_TEXT.fullmatch(message):
        words = message.split()
        return {_TEXT_NAMES[name]: float(number) for name, number in zip(words[::2], words[1::2], strict=True)}
    found = [float(number) for number in _PCC.findall(message)]
    return {"pcc": _worst(found)} if found else {}


def _worst(correlations: Iterable[float]) -> float:
    """The smallest; NaN if any is NaN."""
    return min(correlations, key=lambda value: value if value == value else float("-inf"))
