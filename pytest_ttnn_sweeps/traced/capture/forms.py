"""One form for what the captures spell differently and older readers keep as it is: devices, grids, kernel settings."""

from __future__ import annotations

import re

from pytest_ttnn_sweeps.traced.capture.calls import device_of
from pytest_ttnn_sweeps.traced.values import CoreRange, Opaque, Struct, TensorSpec, Value

_DEVICE = re.compile(r"MeshDevice\((\d{1,4}(?:x\d{1,4}){0,3}) grid, \d{1,6} devices\)", re.ASCII)
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]{1,32}")
_KERNEL_FIELDS = {"math_fidelity", "fp32_dest_acc_en"}
_KERNEL_CONFIG = "WormholeComputeKernelConfig"
"""The one class that ttnn has for the kernel settings of every architecture."""


def normalised(value: Value) -> Value:
    """``value``, and what is in it, as the tracer of a running process has it."""
    if isinstance(value, tuple):
        items = tuple([normalised(item) for item in value])
        # The text of a set of core ranges has each in brackets of its own.
        if items and all(isinstance(item, tuple) and len(item) == 1 for item in items):
            ranges = [item[0] for item in items if isinstance(item, tuple)]
            if all(isinstance(cores, CoreRange) for cores in ranges):
                return tuple(ranges)
        return items
    if isinstance(value, Opaque):
        device = _DEVICE.fullmatch(value.text)
        if device is not None:
            return device_of(tuple(map(int, device[1].split("x"))))
        # Another address in every process would make every run another configuration.
        text = _ADDRESS.sub("", value.text)
        return value if text == value.text else Opaque(text, value.reason)
    if isinstance(value, Struct):
        return _structure(value)
    if isinstance(value, TensorSpec) and value.placement is not None and value.placement.device_count < 2:
        return _alone(value)
    return value


def _alone(spec: TensorSpec) -> TensorSpec:
    """A tensor that lies on one device, which has no placement to speak of."""
    return TensorSpec(
        spec.shape, spec.dtype, spec.layout, spec.memory_config, spec.storage, spec.alignment, None, spec.padded_shape
    )


def _structure(struct: Struct) -> Value:
    fields = dict(struct.fields)
    if struct.name == "MeshDevice":
        shape = fields.get("shape")
        lengths = [length for length in shape if isinstance(length, int)] if isinstance(shape, tuple) else []
        return device_of(tuple(lengths)) if lengths else struct
    if struct.name == "torch.Tensor":
        known = tuple([(name, fields[name]) for name in ("shape", "dtype") if name in fields])
        return Struct(struct.name, known)
    name = _KERNEL_CONFIG if not struct.name and fields.keys() >= _KERNEL_FIELDS else struct.name
    items = tuple([normalised(item) for item in struct.items])
    return Struct(name, tuple([(key, normalised(item)) for key, item in struct.fields]), items)
