"""The settings of elementwise operations: one with its parameters, to be fused into another; how exactly to compute."""

from __future__ import annotations

import numpy as np

from .config_text import PrintedEnum, float_text
from .enums import UnaryOpType


class UnaryWithParam:
    """An elementwise operation and its parameters, for fusing into another operation."""

    __module__ = "ttnn._ttnn.activation"
    __slots__ = ("op_type", "params")

    def __init__(self, op_type: UnaryOpType | tuple[UnaryOpType, float], *params: float) -> None:
        if isinstance(op_type, tuple):
            op_type, *rest = op_type
            params = (*rest, *params)
        if not isinstance(op_type, UnaryOpType) or len(params) > 2:
            raise TypeError(
                f"UnaryWithParam takes a ttnn.UnaryOpType and at most two numbers, not {op_type!r}, {params}"
            )
        self.op_type = op_type
        # ttnn keeps them as C++ floats.
        self.params = [float(np.float32(param)) for param in params]

    @classmethod
    def of(cls, value: UnaryWithParam | UnaryOpType | None) -> UnaryWithParam | None:
        """``value`` with an operation type alone made whole, as ttnn converts it."""
        return cls(value) if isinstance(value, UnaryOpType) else value

    def __repr__(self) -> str:
        params = f", params=[{', '.join(map(float_text, self.params))}]" if self.params else ""
        return f"UnaryWithParam(op_type=UnaryOpType::{self.op_type.name}{params})"


class GeluVariant(PrintedEnum):
    """Which approximation of gelu; ``Tanh`` is another function, the others differ in accuracy only."""

    __module__ = "ttnn._ttnn.operations.unary"

    Accurate = 0
    FastLut = 1
    Tanh = 2


class SigmoidMode(PrintedEnum):
    """How accurately sigmoid is calculated; without effect here."""

    __module__ = "ttnn._ttnn.operations.unary"

    FastApproximate = 0
    AccurateWithFastExp = 1
    Accurate = 2
