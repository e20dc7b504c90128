"""Whether a vector gives the same bits each time: what it reads back from the device, hashed, run for run.

What is compared is every tensor that ``ttnn.to_torch`` gives inside ``run``, in its order. What goes in by
``ttnn.from_torch`` is hashed too: runs whose inputs differ say nothing about the device.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from pytest_ttnn_sweeps.devices.readings import readings_seen
from pytest_ttnn_sweeps.devices.stand_ins import StandIns, names_in

EXEMPT = "_NON_DETERMINISTIC_BY_DESIGN"
"""A module with this name bound to something true isn't checked; upstream's."""


@dataclass
class Traffic:
    """What one run of a vector has sent to the device and read back, as hashes with a description of each tensor."""

    sent: list[tuple[str, str]] = field(default_factory=list)
    read: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Verdict:
    """``deterministic``, ``differs``, ``inputs differ`` or ``nothing read back``; and what differs."""

    name: str
    difference: str = ""


def compare(first: Traffic, other: Traffic, number: int) -> Verdict:
    """The verdict on run ``number`` beside the first."""
    if first.sent != other.sent:
        return Verdict("inputs differ")
    if not first.read and not other.read:
        return Verdict("nothing read back")
    if len(first.read) != len(other.read):
        return Verdict("differs", f"run {number} read back {len(other.read)} tensors, run 1 {len(first.read)}")
    for call, (mine, theirs) in enumerate(zip(first.read, other.read), 1):
        if mine != theirs:
            shape = mine[0] if mine[0] == theirs[0] else f"{mine[0]}, then {theirs[0]}"
            return Verdict(
                "differs", f"tensor {call} of {len(first.read)} ({shape}) in run {number} isn't that of run 1"
            )
    return Verdict("deterministic")


@contextmanager
def recorded(module: ModuleType) -> Iterator[Traffic]:
    """Record what the block sends to the device and reads back, by ttnn's names and by those of ``module``."""
    traffic, ttnn = Traffic(), sys.modules.get("ttnn")
    if ttnn is None:
        yield traffic
        return

    def sending(function: Callable[..., Any]) -> Callable[..., Any]:
        def send(value: Any, *args: Any, **kwargs: Any) -> Any:
            traffic.sent.append(_digest(value))
            return function(value, *args, **kwargs)

        return send

    with StandIns() as stand_ins:
        original = getattr(ttnn, "from_torch", None)
        if original is not None:
            for owner, name in [(ttnn, "from_torch"), *((module, name) for name in names_in(module, original))]:
                stand_ins.put(owner, name, sending(original))
        stand_ins.enter_context(readings_seen(module, lambda tensor, result: traffic.read.append(_digest(result))))
        yield traffic


def _digest(value: Any) -> tuple[str, str]:
    """What ``value`` is, and a hash of its bits; of what is no tensor, its repr."""
    if not hasattr(value, "untyped_storage"):
        text = repr(value)
        return type(value).__name__, hashlib.blake2b(text.encode(errors="backslashreplace")).hexdigest()
    import torch

    flat = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
    return f"{list(value.shape)}, {value.dtype}", hashlib.blake2b(flat.data, digest_size=16).hexdigest()
