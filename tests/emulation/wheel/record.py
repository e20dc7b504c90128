"""Write down what ttnn makes of the cases in this directory: run with ttnn 0.81.1 on a mock device.

    TT_METAL_MOCK_CLUSTER_DESC_PATH=<n150.yaml> python tests/emulation/wheel/record.py value_types memory_configs ...

Each group goes to ``tests/data/emulation_<group>.json``. Its ``BOARD`` is the card that it needs a description of.
"""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import torch

DATA = Path(__file__).parents[2] / "data"


def described(value: Any) -> Any:
    """A case's result in JSON: plain values as they are, torch tensors as dtype and lists, all else as its text."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return value if abs(value) < float("inf") else repr(value)
    if isinstance(value, dict):
        return {str(key): described(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(item) for item in value]
    if isinstance(value, torch.Tensor):
        return {"dtype": str(value.dtype), "values": described(value.tolist())}
    return repr(value)


def outcome(case: Any, *arguments: Any) -> Any:
    """What a case gives, or the type of the exception that it raises and the message within its text."""
    try:
        return {"gives": described(case(*arguments))}
    except (RuntimeError, TypeError, ValueError, IndexError, AttributeError) as error:
        text = str(error)
        if isinstance(error, (TypeError, AttributeError)):
            return {"raises": type(error).__name__}
        message = text.partition("info:\n")[2].partition("\nbacktrace:")[0] if "info:\n" in text else text
        return {"raises": type(error).__name__, "message": message}


def run(group: Any, case: str, ttnn: Any) -> Any:
    """The outcome of one case of ``group``, on a device of its own if the group needs one."""
    if not group.NEEDS_DEVICE:
        return outcome(group.CASES[case], ttnn)
    pair = group.BOARD == "n300"
    device = ttnn.open_mesh_device(ttnn.MeshShape(1, 2)) if pair else ttnn.open_device(device_id=0)
    try:
        return outcome(group.CASES[case], ttnn, device)
    finally:
        ttnn.close_device(device)


def main() -> None:
    """Record the groups named on the command line."""
    import ttnn  # type: ignore[import-not-found]

    for name in sys.argv[1:]:
        group = import_module(name)
        lines = [f"{json.dumps(case)}: {json.dumps(run(group, case, ttnn))}" for case in group.CASES]
        DATA.joinpath(f"emulation_{name}.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
