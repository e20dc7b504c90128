"""Write down what ttnn makes of the gradients in backward.py: run with ttnn 0.81.1 on a mock device.

    python tests/emulation/recorded_operations/record_backward.py > tests/data/emulation_backward.json

As record.py does, but for golden functions that differentiate: their tensors keep track of what becomes of them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import record
import torch
import ttnn
from calls import CASES, Case, N, plain

_OTHERS = len(CASES)  # which record.py's import has added

import backward  # noqa: E402

assert backward  # which has added its own

# What a golden function takes that the operation doesn't.
_GOLDEN_ONLY = {"acosh_bw": {"device": N("device")}}


def _tracked(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and (value.is_floating_point() or value.is_complex()):
        return value.detach().requires_grad_()
    return value


def golden(case: Case, device: Any) -> Any:
    """Some of the golden function's numbers."""
    builder = record.Builder(device, for_torch=True)
    arguments = [_tracked(builder.build(item)) for item in case.args]
    keywords = {name: builder.build(value) for name, value in case.kwargs.items()}
    more = {name: builder.build(value) for name, value in _GOLDEN_ONLY.get(case.operation, {}).items()}
    return record.values(ttnn.get_golden_function(getattr(ttnn, case.operation))(*arguments, **keywords, **more))


def main() -> None:
    device = ttnn.open_device(device_id=0, l1_small_size=24576)
    entries = {}
    for case in CASES[_OTHERS:]:
        entry = record.record(replace(case, golden=False), device)
        if case.golden:
            entry["golden"] = golden(case, device)
            if case.operation in _GOLDEN_ONLY:
                entry["golden_kwargs"] = plain(_GOLDEN_ONLY[case.operation])
        entries[case.name] = entry
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
    print(f"{{\n{lines}\n}}")


if __name__ == "__main__":
    main()
