"""Make every call of a master again, on the emulation: ``python replayed_calls.py MASTER``.

Tensors are made as they are recorded, of random values; what can't be made or is refused is printed.
"""

from __future__ import annotations

import sys
from functools import reduce
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.provider import choose, provide
from pytest_ttnn_sweeps.traced import read_master
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.values import Struct, TensorSpec, Value


def main(path: str) -> int:
    provide(choose("emulated"))
    import ttnn

    master, native = read_master(path), NativeValues()
    device = ttnn.open_device(device_id=0, l1_small_size=24576)

    def made(value: Value) -> Any:
        if isinstance(value, TensorSpec):
            on_device = value.storage != "HOST"
            return ttnn.from_torch(
                torch.rand(value.shape),
                dtype=native.dtype(value.dtype),
                layout=native.layout(value.layout),
                device=device if on_device else None,
                memory_config=native.tensor_memory_config(value),
            )
        if isinstance(value, Struct) and value.name == "MeshDevice":
            return device
        if isinstance(value, tuple):
            return [made(item) for item in value]
        return native.value(value)

    calls = good = 0
    for operation in master.operations:
        function = reduce(getattr, operation.split("."), ttnn)
        for entry in master.configurations(operation):
            calls += 1
            try:
                function(*map(made, entry.positional), **{name: made(value) for name, value in entry.keywords.items()})
            except Exception as error:  # noqa: BLE001 - each is told, and the end fails
                print(f"{entry.name}: {type(error).__name__}: {str(error)[:300]}")
            else:
                good += 1
    print(f"{good} of {calls}")
    return int(good < calls)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
