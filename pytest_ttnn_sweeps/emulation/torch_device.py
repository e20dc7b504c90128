"""The torch device that the emulation's tensors live on, and that operations compute on: the host, unless told.

Torch tensors that a user passes in or reads back stay where torch has them, which is the host.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch

_HOST = torch.device("cpu")
_in_use = _HOST


def checked_torch_device(name: str) -> torch.device:
    """The device ``name``. Raises ``ValueError`` when torch has no such device here, or one that holds no values."""
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError) as error:  # torch has no one error for it
        raise ValueError(f"torch can't use it here: {str(error).splitlines()[0]}") from None
    return device


def use_torch_device(name: str) -> torch.device:
    """Make ``name`` (``cpu``, ``cuda``, ``cuda:1``, ...) the device of the tensors that are made from now on.

    Raises ``ValueError`` as ``checked_torch_device`` does.
    """
    global _in_use
    _in_use = checked_torch_device(name)
    return _in_use


def torch_device_in_use() -> torch.device:
    """The device that ``use_torch_device`` chose."""
    return _in_use


def computing_there() -> AbstractContextManager[object]:
    """A context in which the tensors that torch makes out of nothing are made on the device, too."""
    return nullcontext() if _in_use == _HOST else _in_use
