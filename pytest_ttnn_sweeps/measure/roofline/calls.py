"""The calls of operations that one execution of ``run`` makes, with what goes in and what comes out of each.

They are heard through the package's tracer. Which of them a sweep times is told by its own calls of
``start_measuring_time`` and ``stop_measuring_time``, whichever module it has them from.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from pytest_ttnn_sweeps.measure.device_perf.region import START, STOP
from pytest_ttnn_sweeps.traced.capture.calls import Call
from pytest_ttnn_sweeps.traced.capture.live import value_of
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.operations import SIGNATURES
from pytest_ttnn_sweeps.traced.tracer import listening
from pytest_ttnn_sweeps.traced.values import Opaque, Struct, TensorSpec, Value

_OUTPUTS = ("output_tensor", "optional_output_tensor", "output", "out")
"""Keywords of tensors that an operation writes and doesn't read."""


@dataclass(frozen=True)
class OperationCall:
    """A call that has returned."""

    operation: str
    """Canonical name."""
    inputs: tuple[TensorSpec, ...]
    """Tensors that it reads, in the order in which they were passed."""
    outputs: tuple[TensorSpec, ...]
    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    is_timed: bool = False
    """Whether the sweep measured its time."""
    gives_back: bool = False
    """Whether its results are tensors that it was given."""
    unreadable: str = ""
    """Why the size of one of its tensors isn't known."""

    @property
    def family(self) -> str:
        """The operation, without the underscore of one that works in place."""
        return self.operation[:-1] if self.operation.endswith("_") and self.operation[-2:] != "__" else self.operation

    @property
    def is_on_device(self) -> bool:
        """Whether it has tensors on a device: only those take any of the device's time."""
        return any(spec.storage == "DEVICE" for spec in (*self.inputs, *self.outputs))

    def arguments(self) -> dict[str, Value]:
        """By the names of the package's signatures, defaults included; only the keywords of an operation without one.

        Raises ``UnavailableConfiguration`` where the arguments fit no known form.
        """
        signature = SIGNATURES.get(self.operation)
        if signature is None:
            return dict(self.keywords)
        return signature.bind(Call.of(self.operation, self.positional, self.keywords).configuration())

    def argument(self, name: str) -> Value:
        """One of them; None where it isn't there or the arguments can't be told apart."""
        if name in self.keywords:
            return self.keywords[name]
        try:
            return self.arguments().get(name)
        except UnavailableConfiguration:
            return None


@dataclass
class _Begun:
    call: Call
    inputs: list[tuple[object, TensorSpec]]
    """With the tensors' own ids, which tell an output that was passed in."""
    unreadable: str
    is_timed: bool
    fills: bool
    """Whether a keyword passes a tensor to write into."""


class CallRecorder:
    """Hears the calls of one execution; a listener of the tracer's."""

    ttnn_version: str | None = None

    def __init__(self) -> None:
        self.calls: list[OperationCall] = []
        self.has_timed_region = False
        self._is_timing = False

    def begin(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Begun:
        named = {keyword: value_of(value) for keyword, value in kwargs.items()}
        call = Call.of(operation, map(value_of, args), named)
        read = [*args, *(value for name, value in kwargs.items() if name not in _OUTPUTS)]
        fills = any(kwargs.get(name) is not None for name in _OUTPUTS)
        trouble = _unreadable([*call.positional, *named.values()])
        return _Begun(call, list(_tensors(read)), trouble, self._is_timing, fills)

    def end(self, begun: object, result: object) -> None:
        assert isinstance(begun, _Begun)
        results = list(_tensors([result]))
        written = {key for key, _ in results}
        name = begun.call.operation
        # In place it reads what it overwrites; otherwise one of several tensors that comes back was there to be filled.
        keeps = begun.fills or name.endswith("_") or len(begun.inputs) <= len(results)
        self.calls.append(
            OperationCall(
                operation=name,
                inputs=tuple(spec for key, spec in begun.inputs if keeps or key not in written),
                outputs=tuple(spec for _, spec in results),
                positional=begun.call.positional,
                keywords=dict(begun.call.keywords),
                is_timed=begun.is_timed,
                gives_back=bool(written) and not begun.fills and written <= {key for key, _ in begun.inputs},
                unreadable=begun.unreadable or _unreadable([value_of(result)]),
            )
        )

    def inside(self, operation: str) -> None:
        """A call inside of another is a part of it."""

    @property
    def timed_calls(self) -> list[OperationCall]:
        """Those whose time the sweep measured; all where it doesn't say."""
        return [call for call in self.calls if call.is_timed] if self.has_timed_region else self.calls

    def watch(self, frame: FrameType, event: str, argument: object) -> None:
        """A profile function: a sweep's clock runs from the return of the one to the call of the other."""
        name = frame.f_code.co_name
        if name == START and event == "return":
            self._is_timing = self.has_timed_region = True
        elif name == STOP and event == "call":
            self._is_timing = False


@contextlib.contextmanager
def recorded_calls() -> Iterator[CallRecorder]:
    """Record the calls of the block. It runs slower: nothing of it should be timed.

    Raises ``CaptureError`` for a ttnn that can't be traced.
    """
    recorder = CallRecorder()
    before = sys.getprofile()
    with listening(recorder):
        sys.setprofile(recorder.watch)
        try:
            yield recorder
        finally:
            sys.setprofile(before)


def _tensors(values: Iterable[Any]) -> Iterator[tuple[object, TensorSpec]]:
    """The tensors among arguments or results, with their ids."""
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _tensors(value)
            continue
        seen = value_of(value)
        if isinstance(seen, TensorSpec):
            yield getattr(value, "tensor_id", id(value)), seen
        elif isinstance(seen, Struct) and seen.name == "ComplexTensor":
            for _, part in seen.fields:
                if isinstance(part, TensorSpec):
                    yield object(), part


def _unreadable(values: Iterable[Value]) -> str:
    """Why a tensor among ``values`` can't be read, if one can't."""
    for value in values:
        if isinstance(value, tuple):
            reason = _unreadable(value)
            if reason:
                return reason
        elif isinstance(value, Opaque) and "Tensor" in value.text:
            return value.reason
    return ""
