"""Writes reports in the form of the profiler's CSV files."""

from __future__ import annotations

from pathlib import Path

COLUMNS = [
    "OP CODE",
    "OP TYPE",
    "GLOBAL CALL COUNT",
    "DEVICE ID",
    "DEVICE ARCH",
    "ATTRIBUTES",
    "MATH FIDELITY",
    "CORE COUNT",
    "AVAILABLE WORKER CORE COUNT",
    "HOST START TS",
    "HOST DURATION [ns]",
    "DEVICE FW START CYCLE",
    "DEVICE FW END CYCLE",
    "OP TO OP LATENCY [ns]",
    "DEVICE FW DURATION [ns]",
    "DEVICE KERNEL DURATION [ns]",
    "DEVICE BRISC KERNEL DURATION [ns]",
    "DEVICE TRISC1 KERNEL DURATION [ns]",
    "DEVICE ERISC KERNEL DURATION [ns]",
    "INPUTS",
    "METAL TRACE ID",
    "METAL TRACE REPLAY SESSION ID",
    "PM IDEAL [ns]",
]


def row(**values: object) -> str:
    """A row; a column's spaces and signs are underscores here: ``DEVICE_FW_DURATION=5``."""
    names = {name.replace(" [ns]", "").replace(" ", "_"): name for name in COLUMNS}
    cells = {names[key]: str(value) for key, value in values.items()}
    return ",".join(cells.get(name, "") for name in COLUMNS)


def matmul(call: int, chip: int = 0, *, fw: object = 1000, kernel: object = 900, **more: object) -> str:
    """A matmul's row."""
    return row(
        OP_CODE="MatmulDeviceOperation",
        OP_TYPE="tt_dnn_device",
        GLOBAL_CALL_COUNT=call,
        DEVICE_ID=chip,
        CORE_COUNT=64,
        DEVICE_FW_DURATION=fw,
        DEVICE_KERNEL_DURATION=kernel,
        DEVICE_BRISC_KERNEL_DURATION=500,
        **more,
    )


def write(path: Path, *rows: str) -> Path:
    """Write a report."""
    path.write_text("\n".join([",".join(COLUMNS), *rows]) + "\n")
    return path
