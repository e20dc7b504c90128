"""The numbers that a sweep reports beside its verdict: their names, their units, and which way is better."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Better = Literal["higher", "lower", "none"]


@dataclass(frozen=True, slots=True)
class Metric:
    """One measured number. `unit` is empty for pure numbers; `better` says which direction is an improvement.

    `samples` are the measurements that `value` sums up, in the order in which they were taken; empty for a number that
    was measured once.
    """

    name: str
    value: float
    unit: str = ""
    better: Better = "none"
    samples: tuple[float, ...] = ()


_KNOWN: dict[str, tuple[str, Better]] = {
    "pcc": ("", "higher"),
    "max_abs_error": ("", "lower"),
    "max_rel_error": ("", "lower"),
    "rms_error": ("", "lower"),
    "max_ulp": ("ulp", "lower"),
    "nonfinite_mismatches": ("", "lower"),
    "pcc_margin": ("", "higher"),
    # The more of the error storing alone would have made, the less the operation has added.
    "format_error_share": ("", "higher"),
    # Of the host's clocks: the time that the module returned, that of the whole call of `run`, and its processor time.
    "e2e_ms": ("ms", "lower"),
    "e2e_mad_ms": ("ms", "lower"),
    "e2e_low_ms": ("ms", "none"),
    "e2e_high_ms": ("ms", "none"),
    "e2e_bistable": ("", "lower"),
    "run_ms": ("ms", "lower"),
    "run_mad_ms": ("ms", "lower"),
    "run_low_ms": ("ms", "none"),
    "run_high_ms": ("ms", "none"),
    "run_bistable": ("", "lower"),
    "run_cpu_ms": ("ms", "lower"),
    "first_e2e_ms": ("ms", "lower"),
    "first_run_ms": ("ms", "lower"),
    # Of the device's clocks, summed over the call's operations.
    **{
        f"device_{part}_ns": ("ns", "lower")
        for part in ("fw", "kernel", "brisc", "ncrisc", "trisc0", "trisc1", "trisc2", "erisc")
    },
    "device_ops": ("", "none"),
    "device_cores": ("", "none"),
    "peak_l1_bytes": ("B", "lower"),
    "peak_l1_bytes_per_core": ("B", "lower"),
    "peak_cb_bytes_per_core": ("B", "lower"),
    "peak_l1_buffer_bytes_per_core": ("B", "lower"),
    "peak_dram_bytes": ("B", "lower"),
    "l1_share": ("", "lower"),
    "ideal_ns": ("ns", "none"),
    # What the roofline takes the board for: its matrix unit at LoFi, and its DRAM.
    "peak_tflops": ("Tflop/s", "none"),
    "peak_dram_gb_s": ("GB/s", "none"),
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


def known_names() -> frozenset[str]:
    """The names that have a unit and a direction, and that a requirement may be about."""
    return frozenset(_KNOWN)


def declare_metric(name: str, *, unit: str = "", better: Better = "none") -> None:
    """Make the metric of a conftest's or a plugin's own meter known, so that ``--sweep-require`` accepts its name.

    To be called while conftests and plugins are loaded. Raises ``ValueError`` for a name that is no word of letters,
    digits and underscores, and where the name has another unit or direction already.
    """
    if not re.fullmatch(r"\w+", name):
        msg = f"{name!r} is no name of a metric; expected letters, digits and underscores"
        raise ValueError(msg)
    if _KNOWN.setdefault(name, (unit, better)) != (unit, better):
        known_unit, known_better = _KNOWN[name]
        msg = f"the metric {name!r} is known already, with unit {known_unit!r} and better {known_better!r}"
        raise ValueError(msg)


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
