"""Tensors for traced calls: as recorded, but for their values, which no trace holds and which are drawn here.

Values come from torch's global generator, which a vector's id seeds. Which ones an operation can do with is told in a
table; importing this module imports neither torch nor ttnn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.rows import tensor_parts
from pytest_ttnn_sweeps.traced.values import TensorSpec, Value

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Span:
    """Where values are drawn from: ``low`` to ``high``, whole numbers including both ends."""

    low: float
    high: float
    is_whole: bool = False


_PLAIN = Span(-1, 1)
_SIGNED, _UNSIGNED = Span(-100, 100, is_whole=True), Span(0, 100, is_whole=True)
_FEW = Span(-2, 2, is_whole=True)
"""For operations that tell equal values, or zeros, from others: both have to occur."""


def _spans(operations: str, span: Span) -> dict[str, Span]:
    return dict.fromkeys(operations.split(), span)


_OF_OPERATION = {
    **_spans("log log2 log10 sqrt", Span(0.1, 10)),
    **_spans("acosh digamma lgamma multigammaln polygamma", Span(1.5, 10)),
    **_spans("acos asin atanh erfinv log1p", Span(-0.9, 0.9)),
    **_spans("logit", Span(0.1, 0.9)),
    # Close to zero, a quotient is what its divisor's rounding makes of it.
    **_spans("div div_no_nan divide fmod pow rdiv reciprocal remainder rsqrt xlogy", Span(0.5, 2)),
    # Each dtype holds these, and none rounds them in a way of its own.
    **_spans("typecast", _UNSIGNED),
    **_spans("eq eqz ge gez gt gtz le lez lt ltz ne nez", _FEW),
    **_spans("logical_and logical_not logical_or logical_xor sign", _FEW),
}
_OF_KEYWORD = {
    "predicate": Span(0, 1, is_whole=True),
    "running_var": Span(0.5, 2),
}
_FIRST = {"where": _OF_KEYWORD["predicate"]}
"""For the first tensor of an operation."""


@dataclass(frozen=True, slots=True)
class Input:
    """A tensor argument: ttnn's, and its values as stored, rounded to its dtype."""

    native: Any
    values: torch.Tensor


class Inputs:
    """Makes the tensors of one call on ``device``."""

    def __init__(self, configuration: TracedConfiguration, native: NativeValues, device: Any) -> None:
        self._native = native
        self._device = device
        self._operation = configuration.operation.rpartition(".")[2].rstrip("_")
        values = (*configuration.positional, *configuration.keywords.values())
        self._numbers = [spec for spec in tensor_specs(values) if _is_float(spec)]
        self._made = 0

    def make(self, spec: TensorSpec, keyword: str = "") -> Input:
        """The tensor that ``spec`` describes, passed as ``keyword`` where it is passed by name.

        Raises ``UnavailableConfiguration``, see ``tensor_parts``.
        """
        import ttnn

        from pytest_ttnn_sweeps.testing import tensor_to_dtype

        shape, dtype, layout, memory_config = (make() for make in tensor_parts(self._native, spec))
        drawn = self._drawn(shape, self._span(spec, keyword))
        self._made += 1
        try:
            values = tensor_to_dtype(drawn, dtype)
        except ValueError as error:
            raise UnavailableConfiguration(str(error)) from None
        on_device = spec.storage != "HOST"
        tensor = ttnn.from_torch(
            values,
            dtype=dtype,
            layout=layout,
            device=self._device if on_device else None,
            memory_config=memory_config if on_device else None,
        )
        return Input(tensor, values)

    def _span(self, spec: TensorSpec, keyword: str) -> Span:
        if keyword in _OF_KEYWORD:
            return _OF_KEYWORD[keyword]
        if self._made == 0 and self._operation in _FIRST:
            return _FIRST[self._operation]
        if not _is_float(spec) and self._numbers:
            return Span(0, self._last_index(), is_whole=True)
        if not _is_float(spec):
            plain = _UNSIGNED if spec.dtype.startswith("U") else _SIGNED
            return _FEW if self._operation in _OF_OPERATION and plain is _SIGNED else plain
        return _OF_OPERATION.get(self._operation, _PLAIN)

    def _last_index(self) -> int:
        """Integers beside other tensors are indices; this one is inside them whatever axis it counts."""
        if self._operation == "embedding":
            return self._numbers[0].shape[-2] - 1
        return max(0, min((length for spec in self._numbers for length in spec.shape), default=1) - 1)

    @staticmethod
    def _drawn(shape: list[int], span: Span) -> torch.Tensor:
        import torch

        from pytest_ttnn_sweeps.testing import torch_random

        if span.is_whole:
            return torch_random(shape, span.low, span.high + 1, torch.int32)
        return torch_random(shape, span.low, span.high, torch.float32)


def tensor_specs(values: tuple[Value, ...]) -> Iterator[TensorSpec]:
    """The tensors among ``values``, also those in lists."""
    for value in values:
        if isinstance(value, TensorSpec):
            yield value
        elif isinstance(value, tuple):
            yield from tensor_specs(value)


def _is_float(spec: TensorSpec) -> bool:
    return "FLOAT" in spec.dtype or spec.dtype.startswith("FP")
