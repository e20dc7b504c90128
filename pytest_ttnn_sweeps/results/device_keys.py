"""Names of device times: ours and those of tt-metal's profiler, which upstream's records have after ``device_``."""

from __future__ import annotations

import re

CORES = "CORE COUNT"

_KEY = re.compile(r"DEVICE (?:(FW)|(?:(?!TRACE )([A-Z]+\d*) )?KERNEL) DURATION \[ns\]")
_METRIC = re.compile(r"device_([a-z]+\d*)_ns")


def metric_of(key: str) -> str | None:
    """``device_fw_ns``, ``device_kernel_ns`` or ``device_<risc>_ns`` for a column or analysis of the profiler's.

    None for anything that isn't the duration of a program, or of one kind of RISC in it.
    """
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return f"device_{(match[1] or match[2] or 'kernel').lower()}_ns"


def upstream_name(metric: str) -> str:
    """The name in tt-metal's records: ``device_DEVICE FW DURATION [ns]`` of ``device_fw_ns``; others as they are."""
    if metric == "device_cores":
        return f"device_{CORES}"
    match = _METRIC.fullmatch(metric)
    if match is None:
        return metric
    part = {"fw": "FW", "kernel": "KERNEL"}.get(match[1], f"{match[1].upper()} KERNEL")
    return f"device_DEVICE {part} DURATION [ns]"
