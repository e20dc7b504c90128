"""Runs a traced configuration: makes inputs, calls the operation as the model did, compares with its golden function.

    from pytest_ttnn_sweeps.traced import traced_parameters, traced_run

    parameters = {"model_traced": traced_parameters("tanh")}
    run = traced_run("tanh")

is a sweep module. A master that is named on pytest's command line is tested by the same means.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import nullcontext
from functools import lru_cache
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced.calling import Made, call_of, make
from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import UnavailableConfiguration
from pytest_ttnn_sweeps.traced.goldens import at_places, golden_of, operation_called, own_reference, own_rows, refusal
from pytest_ttnn_sweeps.traced.inputs import Input, Inputs
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.native import NativeValues
from pytest_ttnn_sweeps.traced.output_shards import unused_shards
from pytest_ttnn_sweeps.traced.registry import find_configuration


def traced_run(operation_name: str, *, assume_defaults: Collection[str] = ()) -> Callable[..., list[Any]]:
    """The ``run`` of a sweep module whose suites come from ``traced_parameters(operation_name)``.

    ``assume_defaults`` is what ``traced_parameters`` is given. What a vector carries besides its ``traced_config_name``
    is for people and conditions; the call is that of the configuration. See ``run_configuration``.
    """
    operation, assumed = canonical_operation(operation_name), tuple(assume_defaults)

    def run(traced_config_name: str, *, device: Any, **shown: object) -> list[Any]:
        __tracebackhide__ = True
        configuration = _configuration(traced_config_name)
        if configuration.operation.rpartition(".")[2] != operation.rpartition(".")[2]:
            msg = f"{traced_config_name!r} is no configuration of {operation!r}, which traced_run() is given"
            raise SweepError(msg)
        return run_configuration(configuration, device, assume_defaults=assumed)

    return run


# A name holds the hash of what it means. Looking it up visits the operation's configurations one by one.
@lru_cache(maxsize=65536)
def _configuration(name: str) -> TracedConfiguration:
    return find_configuration(name)


def run_configuration(
    configuration: TracedConfiguration, device: Any, *, assume_defaults: Collection[str] = ()
) -> list[Any]:
    """Call the operation of ``configuration`` on ``device``: ``[check, nanoseconds]``, as sweep modules return them.

    Inputs have the recorded shape, dtype, layout, memory configuration and shards, with values from torch's generator.
    The golden function gets the same arguments, with torch tensors that hold the inputs as ttnn stores them, and
    computes in float32. Each tensor that it gives is compared with ttnn's by the dtype of the latter
    (``testing.check_with_dtype``); what ttnn gives beyond is not. The time is that of the call and of reading back.

    Whatever the operation raises passes through. Raises ``UnavailableConfiguration``, which skips a vector, where the
    call can't be made, where the operation makes no sense alone, where ttnn refuses a memory configuration that can't
    have been the output's when it was traced, and, after the operation has run, where there is nothing to compare with:
    no golden function, or one that doesn't take the arguments.
    """
    __tracebackhide__ = True
    name = configuration.operation
    reason = refusal(name)
    if reason is not None:
        raise UnavailableConfiguration(reason)
    operation = operation_called(name)
    native = NativeValues()
    call = make(call_of(configuration, assume_defaults), native, Inputs(configuration, native, device).make, device)

    from pytest_ttnn_sweeps.testing import start_measuring_time, stop_measuring_time

    # Before the call: it may change its inputs.
    expected = _Expected(name, operation, call)
    native_call = call.mapped(lambda value: value.native if isinstance(value, Input) else value)
    start = start_measuring_time()
    try:
        output = operation(*native_call.positional, **native_call.keywords)
    except RuntimeError as error:
        unused = expected.unused_shards(configuration)
        if unused is None:
            raise
        raise UnavailableConfiguration(f"ttnn.{name}: {unused}") from error
    actual = [(tensor, _as_torch(name, tensor)) for tensor in _tensors(output)]
    e2e_ns = stop_measuring_time(start)
    return [expected.check(actual), e2e_ns]


class _Expected:
    """What the golden function gives, or why it gives nothing."""

    def __init__(self, name: str, operation: Any, call: Made) -> None:
        self._name = name
        self._golden = golden_of(operation)
        self._call = call.mapped(lambda value: _reference_values(value) if isinstance(value, Input) else value)
        self._outputs: list[Any] = []
        self._problem: Exception | None = None
        if self._golden is None:
            return
        own = own_reference(name, self._call)
        if own is not None:
            self._outputs = [own]
            return
        from pytest_ttnn_sweeps.traced.golden_helpers import importable_helpers

        try:
            with importable_helpers() if "pool" in name else nullcontext():
                self._outputs = _tensors(self._golden(*self._call.positional, **self._call.keywords))
        except Exception as error:  # noqa: BLE001 - ttnn's references raise whatever torch raises for what they don't take
            self._problem = error

    def unused_shards(self, configuration: TracedConfiguration) -> str | None:
        """Why the memory configuration of a call that ttnn refuses was never its output's; None where it may be."""
        return unused_shards(configuration, self._outputs[0].shape) if self._outputs else None

    def check(self, actual: list[tuple[Any, Any]]) -> Any:
        """The first check that fails, else the first, of ttnn's tensors and their values.

        Raises ``UnavailableConfiguration`` where there is nothing to compare with.
        """
        from pytest_ttnn_sweeps.testing import Check

        name = self._name
        if self._golden is None:
            raise UnavailableConfiguration(f"ttnn.{name} ran; it has no golden function to compare its output with")
        if self._problem is not None:
            first_line = str(self._problem).strip().partition("\n")[0]
            raised = f"{type(self._problem).__name__}: {first_line}"
            raise UnavailableConfiguration(f"ttnn.{name} ran; its golden function can't take the call: {raised}")
        if not self._outputs:
            raise UnavailableConfiguration(f"ttnn.{name} ran; its golden function gives no tensor to compare with")
        if len(actual) < len(self._outputs):
            return Check(False, f"ttnn.{name} gives {len(actual)} tensors, its golden function {len(self._outputs)}")
        checks = [self._checked(values, found, tensor.dtype) for values, (tensor, found) in zip(self._outputs, actual)]
        return next((check for check in checks if not check.ok), checks[0])

    def _checked(self, expected: Any, actual: Any, dtype: object) -> Any:
        from pytest_ttnn_sweeps.testing import Check, check_equal, check_with_dtype

        if not actual.is_floating_point() and expected.shape == actual.shape:
            try:
                there = at_places(self._name, self._call, actual)
            except (RuntimeError, IndexError) as error:
                return Check(False, f"ttnn.{self._name} gives places that its input hasn't: {error}")
            if there is not None:
                return check_equal(at_places(self._name, self._call, expected), there)
        try:
            return check_with_dtype(expected, own_rows(self._name, expected, actual), dtype)
        except ValueError as error:
            raise UnavailableConfiguration(f"ttnn.{self._name} ran: {error}") from None


def _reference_values(tensor: Input) -> Any:
    """An own copy: references of operations in place change it."""
    values = tensor.values.clone()
    return values.float() if values.is_floating_point() else values


def _tensors(output: object) -> list[Any]:
    """The tensors, ttnn's or torch's, in what an operation returns, in order."""
    if isinstance(output, (list, tuple)):
        return [tensor for item in output for tensor in _tensors(item)]
    return [output] if hasattr(output, "shape") and hasattr(output, "dtype") else []


def _as_torch(name: str, tensor: Any) -> Any:
    import torch
    import ttnn

    if isinstance(tensor, torch.Tensor):
        return tensor
    if name == "pad" and tensor.storage_type() == ttnn.StorageType.HOST:
        # On the host only the padded shape grows, the tensor's own stays.
        return tensor.to_torch_with_padded_shape()
    return ttnn.to_torch(tensor)
