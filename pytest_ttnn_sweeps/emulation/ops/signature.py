"""Signatures of operations made from a row of a table: ttnn's keywords around a torch function's parameters."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence

from ..operation import TorchFunction

_ANYWHERE, _BY_KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY


def further_parameters(function: TorchFunction, operands: int) -> list[inspect.Parameter]:
    """What ``function`` takes after its operands; nothing for a builtin of torch, which has no signature."""
    try:
        return list(inspect.signature(function).parameters.values())[operands:]
    except ValueError:
        return []


def signature(
    operands: Mapping[str, str], further: Sequence[inspect.Parameter], modes: Sequence[str], keywords: Sequence[str]
) -> inspect.Signature:
    """``operands`` (name: annotation), ``further`` parameters and ``modes``; then ``keywords``, by keyword only.

    Modes and keywords default to None.
    """
    return inspect.Signature(
        [
            *(inspect.Parameter(name, _ANYWHERE, annotation=annotation) for name, annotation in operands.items()),
            *further,
            *(inspect.Parameter(name, _ANYWHERE, default=None) for name in modes),
            *map(_keyword, keywords),
        ]
    )


def _keyword(name: str) -> inspect.Parameter:
    annotation = "Tensor | None" if name == "output_tensor" or name.endswith("_grad") else inspect.Parameter.empty
    return inspect.Parameter(name, _BY_KEYWORD, default=None, annotation=annotation)
