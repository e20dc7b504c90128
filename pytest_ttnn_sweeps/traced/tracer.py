"""Tracing a running process: every call of an operation is seen where all of them pass, and told to who listens.

ttnn's operations are objects of one or two classes, the wheel's as well as the emulation's. While somebody traces, the
``__call__`` of these classes notes what it is given. A call that an operation makes while it runs is seen too, and
counted as its own, not as the model's.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timezone
from functools import wraps
from types import ModuleType
from typing import Any, Protocol, TypeVar

from pytest_ttnn_sweeps.traced.capture.calls import Call, CaptureError
from pytest_ttnn_sweeps.traced.capture.live import forget_types, value_of
from pytest_ttnn_sweeps.traced.capture.machine import machine_of
from pytest_ttnn_sweeps.traced.configuration import Machine, TracedConfiguration
from pytest_ttnn_sweeps.traced.filtering import OperationFilter
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.store import Added, TraceContext, record
from pytest_ttnn_sweeps.traced.summary import Findings

_Call = Callable[..., Any]


class Listener(Protocol):
    """What hears the calls of operations: a `Trace`, or whoever else wants to know of them."""

    ttnn_version: str | None

    def begin(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Before a call of ``operation``, its qualified name; None to hear no more of it, else what `end` gets."""

    def end(self, begun: Any, result: object) -> None:
        """After a call that has returned ``result``; a call that raises has no end."""

    def inside(self, operation: str) -> None:
        """Before a call that another operation makes, by canonical name."""


_Heard = TypeVar("_Heard", bound=Listener)


class Trace:
    """The calls of one test or of a ``with`` block, each distinct one once with how often it was made."""

    def __init__(self, operations: OperationFilter) -> None:
        self.operations = operations
        self.calls: Counter[Call] = Counter()
        """Of operations that are traced, made by the model; those that raised aren't in it."""
        self.excluded: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        """Of operations on neither list, by canonical name."""
        self.nested: Counter[str] = Counter()
        """Made by operations inside of others."""
        self.machine: Machine | None = None
        self.ttnn_version: str | None = None
        self.timestamp = datetime.now(timezone.utc).isoformat(timespec="seconds")

    def context(self, source: str, trace: str | None = None) -> TraceContext:
        """What its calls have in common, for ``record``."""
        return TraceContext(source, self.machine, self.ttnn_version, self.timestamp, trace)

    def configurations(self, source: str | None = None, trace: str | None = None) -> tuple[TracedConfiguration, ...]:
        """The distinct calls as configurations, executed in ``source`` as often as they were made."""
        context = self.context(source, trace) if source is not None else None
        return tuple(
            call.configuration((context.execution(count),) if context is not None else ())
            for call, count in self.calls.items()
        )

    def findings(self, source: str | None = None, trace: str | None = None) -> Findings:
        """Everything, as it is summed up over tests."""
        return Findings.of(
            self.configurations(source or "", trace),
            excluded=self.excluded,
            unknown=self.unknown,
            nested=self.nested,
            host=sum(count for call, count in self.calls.items() if call.is_on_host),
        )

    def save(self, master: str | os.PathLike[str], source: str) -> Added:
        """Add the calls to a master, as ``record`` does. Raises ``MasterError``."""
        return record(master, self.configurations(source))

    def __str__(self) -> str:
        return "\n".join(self.findings().lines())

    # The rest is told by the operations.

    def begin(self, operation: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call | None:
        """Note a call of the model's; what ``end`` wants where it is traced."""
        name = canonical_operation(operation)
        if name in self.operations.excluded:
            self.excluded[name] += 1
        elif name not in self.operations.included:
            self.unknown[name] += 1
        else:
            if self.machine is None:
                self.machine = machine_of((*args, *kwargs.values()), self.ttnn_version)
            # Before the operation runs: it may free its inputs.
            named = {keyword: value_of(value) for keyword, value in kwargs.items()}
            return Call.of(name, map(value_of, args), named)
        return None

    def end(self, call: Call, result: object) -> None:
        """Note that a call that ``begin`` gave has returned."""
        with _lock:
            self.calls[call] += 1

    def inside(self, operation: str) -> None:
        """Note a call that another operation makes."""
        self.nested[operation] += 1


_listening: list[Listener] = []
_depth = threading.local()
_lock = threading.Lock()
"""Models call operations from several threads, too."""
_originals: dict[type, _Call] = {}


@contextlib.contextmanager
def listening(trace: _Heard, ttnn: ModuleType | None = None) -> Iterator[_Heard]:
    """Let ``trace`` hear every call in this process while the block runs; several may listen at once.

    Raises ``CaptureError`` where ``ttnn`` (by default what ``import ttnn`` gives) has no operations to listen to.
    """
    _watch(operation_classes(ttnn or import_ttnn()))
    trace.ttnn_version = ttnn_version()
    _listening.append(trace)
    try:
        yield trace
    finally:
        _listening[:] = [other for other in _listening if other is not trace]
        if not _listening:
            _unwatch()


def _watch(kinds: Iterable[type]) -> None:
    """Have the classes tell of calls."""
    for kind in kinds:
        if kind not in _originals:
            _originals[kind] = kind.__call__
            setattr(kind, "__call__", _telling(_originals[kind]))  # noqa: B010  # mypy takes it for a method of type


def _unwatch() -> None:
    """Give the classes their own ``__call__`` back."""
    for kind, original in _originals.items():
        setattr(kind, "__call__", original)  # noqa: B010
    _originals.clear()
    forget_types()


@contextlib.contextmanager
def trace_operations(
    master: str | os.PathLike[str] | None = None,
    *,
    source: str | None = None,
    operations: OperationFilter | None = None,
) -> Iterator[Trace]:
    """Trace the operations that a block of a script or notebook calls::

        with trace_operations() as trace:
            model(inputs)
        print(trace)
        trace.save("traced_operations/ttnn_operations_master.json", source="demo.py")

    With ``master`` that is done at the end of the block, unless it raises; ``source`` is the running script by default,
    or ``interactive``. ``operations`` says which are traced: by default the packaged lists do. Raises ``CaptureError``
    for a ttnn that can't be traced and ``MasterError`` for a master that can't be written.
    """
    with listening(Trace(operations or OperationFilter.load())) as trace:
        yield trace
    if master is not None:
        trace.save(master, source or _running_script())


def _running_script() -> str:
    """What Python runs; ``interactive`` for prompts and notebooks, whose ``argv`` names what serves them."""
    name = next(iter(sys.argv), "")
    is_interactive = hasattr(sys, "ps1") or "ipykernel" in sys.modules or name in ("", "-c")
    return "interactive" if is_interactive else name


def import_ttnn() -> ModuleType:
    """What ``import ttnn`` gives. Raises ``CaptureError`` where that is nothing."""
    try:
        import ttnn
    except ImportError as error:
        msg = (
            f"there is no ttnn to trace: {error}; install the wheel, or say --sweep-device emulated in a pytest run, "
            "or run a script by ttnn-sweeps trace --script"
        )
        raise CaptureError(msg) from None
    return ttnn  # type: ignore[no-any-return]


def operation_classes(ttnn: ModuleType) -> list[type]:
    """The classes of ``ttnn``'s operations. Raises ``CaptureError`` where it has none that can be listened to.

    The wheel has a fast and a slow class, whose objects may use one another; the emulation has one.
    """
    decorators = getattr(ttnn, "decorators", None) if hasattr(ttnn, "decorators") else None
    kinds = [getattr(decorators, name, None) for name in ("FastOperation", "Operation")]
    found = [kind for kind in kinds if isinstance(kind, type)]
    if not found and hasattr(type(getattr(ttnn, "add", None)), "python_fully_qualified_name"):
        found = [type(ttnn.add)]
    if not found:
        msg = (
            f"ttnn at {getattr(ttnn, '__file__', 'an unknown place')} has no operations that can be traced as they are "
            "called; capture its graph and read that: ttnn-sweeps trace --load FILE"
        )
        raise CaptureError(msg)
    return found


def _telling(original: _Call) -> _Call:
    @wraps(original)
    def call(operation: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        depth = getattr(_depth, "value", 0)
        noted: list[tuple[Listener, Any]] = []
        if depth:
            name = canonical_operation(operation.python_fully_qualified_name)
            # The fast class hands calls to the slow one at times: that is one call.
            if name != _depth.name:
                for trace in _listening:
                    trace.inside(name)
        else:
            for trace in _listening:
                begun = trace.begin(operation.python_fully_qualified_name, args, kwargs)
                if begun is not None:
                    noted.append((trace, begun))
            _depth.name = canonical_operation(operation.python_fully_qualified_name)
        _depth.value = depth + 1
        try:
            result = original(operation, *args, **kwargs)
        finally:
            _depth.value = depth
        for trace, begun in noted:
            trace.end(begun, result)
        return result

    return call


def ttnn_version() -> str | None:
    """The version of the ttnn that is imported; ``+emulated`` tells the emulation."""
    version = getattr(sys.modules.get("ttnn"), "__version__", None)
    if isinstance(version, str):
        return version
    try:
        return importlib.metadata.version("ttnn")
    except importlib.metadata.PackageNotFoundError:
        return None
