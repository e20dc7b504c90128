"""Values for the mock device: ttnn runs every operation, its golden functions say what it would have computed.

Every call of an operation of ttnn's passes through here. The operation runs on the mock device, where all that can be
refused is; then its golden function computes from the values of its inputs, and the result is kept beside the output,
rounded as its dtype stores it. Reading a tensor gives what is kept. Where that is missing, reading raises
``NoGoldenValue`` with the operation and the reason; a tensor that nobody reads misses nothing.

An operation in Python that calls others is one operation if it has a golden function; the calls inside aren't followed
then. Otherwise they are, and it needs none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from pytest_ttnn_sweeps.devices.mock import goldens
from pytest_ttnn_sweeps.devices.mock.absence import NoGoldenValue
from pytest_ttnn_sweeps.devices.mock.formats import on_host, stored
from pytest_ttnn_sweeps.devices.mock.shadows import Coordinate, Missing, Prepared, Shadows, Value, Values

_FREEING = frozenset(("ttnn.deallocate", "ttnn.manual_seed"))
"""What returns nothing and writes nothing."""
_ALSO_WRITING = frozenset(("ttnn.batch_norm",))
"""What changes inputs besides returning an output, as its golden function does."""
_ALWAYS_INSIDE = frozenset(("ttnn.as_tensor",))
"""Operations with a golden function whose calls of others say more."""
_BETWEEN_DEVICES = (
    "all_gather",
    "reduce_scatter",
    "all_reduce",
    "all_to_all",
    "broadcast",
    "point_to_point",
    "mesh_partition",
)

Handler = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class GoldenValues:
    """The function in the way, and what it keeps."""

    def __init__(self, ttnn: Any, run: Callable[..., Any]) -> None:
        """``run(operation, *args, **kwargs)`` is what ttnn does by itself."""
        self.ttnn = ttnn
        self.run = run
        self.shadows = Shadows(ttnn._ttnn.reports.get_buffers)
        self.handlers: dict[str, Handler] = {}
        """Operations that have no use for a golden function: creation, and reading."""
        self._inside = False
        self._followed = 0
        self._coordinate: Coordinate | None = None
        self._complex = ttnn._ttnn.operations.complex.ComplexTensor

    def __call__(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation, and follow what it does to values."""
        if self._inside:
            return self.run(operation, *args, **kwargs)
        self._followed += 1
        name = operation.python_fully_qualified_name
        handler = self.handlers.get(name)
        if handler is not None:
            return handler(operation, args, kwargs)
        missing = goldens.absence(operation)
        if (missing is not None and not operation.is_cpp_operation) or name in _ALWAYS_INSIDE:
            return self._follow_inside(operation, args, kwargs, missing)
        inputs = [tensor for _, tensor in self.tensors((args, kwargs))]
        on_device = [tensor for tensor in inputs if self.is_live(tensor)]
        if missing is None and len(self._coordinates(on_device)) > 1 and _is_between_devices(name):
            missing = Missing(f"{name} moves values between devices")
        if missing is not None:
            output = self.run_alone(operation, args, kwargs)
            self._mark(name, kwargs, output, on_device, missing)
            return output
        # Before the operation, which may free its inputs.
        calls = self._prepared(operation, args, kwargs, on_device)
        output = self.run_alone(operation, args, kwargs)
        return self._keep(operation, calls, output, kwargs, on_device)

    def run_alone(self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Run an operation without following the operations that it calls."""
        with self.unfollowed():
            return self.run(operation, *args, **kwargs)

    @property
    def is_inside(self) -> bool:
        """Whether an operation is running that isn't followed."""
        return self._inside

    @contextmanager
    def unfollowed(self) -> Iterator[None]:
        """Inside, operations run and nothing else happens."""
        before, self._inside = self._inside, True
        try:
            yield
        finally:
            self._inside = before

    # Reading.

    def is_live(self, tensor: Any) -> bool:
        """Whether ``tensor`` is on a device and holds memory there."""
        return bool(self.ttnn.is_tensor_storage_on_device(tensor) and tensor.is_allocated())

    def read(self, tensor: Any) -> list[Any]:
        """The values of ``tensor``, which lives, on each of its devices. Raises ``NoGoldenValue``."""
        return [self._present(value) for value in self.values_of(tensor).values()]

    def values_of(self, tensor: Any) -> Values:
        """What is known of ``tensor``, which lives, by device."""
        if tensor.logical_volume():
            return self.shadows.values(tensor)
        # There is nothing to know, and no buffer.
        empty = stored(self.ttnn, torch.zeros(tuple(tensor.shape)), tensor.dtype)
        return {tuple(coordinate): empty for coordinate in tensor.device_coords()}

    def hosted(self, tensor: Any) -> Any:
        """A tensor of ttnn's on the host with the values of ``tensor``, which lives. Raises ``NoGoldenValue``."""
        values = self.read(tensor)
        with self.unfollowed():
            return on_host(self.ttnn, tensor, values)

    def for_golden(self, tensor: Any) -> Any:
        """The values of an input on the device whose golden values are being computed. Raises ``NoGoldenValue``."""
        values = self.values_of(tensor)
        value = values.get(self._coordinate) if self._coordinate is not None else None
        value = next(iter(values.values())) if value is None else value
        return value.source if isinstance(value, Prepared) else self._present(value)

    def _present(self, value: Value) -> Any:
        if isinstance(value, Missing):
            raise NoGoldenValue(value.reason)
        if isinstance(value, Prepared):
            raise NoGoldenValue(f"{value.what} puts them in an order of its own")
        return value

    # Keeping.

    def tensors(self, structure: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """ttnn's tensors in arguments or outputs, each with its path."""
        if isinstance(structure, self.ttnn.Tensor):
            yield path, structure
        elif isinstance(structure, (list, tuple)):
            for index, element in enumerate(structure):
                yield from self.tensors(element, (*path, index))
        elif isinstance(structure, dict):
            for key, element in structure.items():
                yield from self.tensors(element, (*path, key))
        elif isinstance(structure, self._complex):
            yield (*path, "real"), structure.real
            yield (*path, "imag"), structure.imag

    def keep(self, tensor: Any, values: Values) -> None:
        """Keep ``values``, of any dtype and of the tensor's number of elements, for ``tensor`` if it lives."""
        if not self.is_live(tensor) or not tensor.logical_volume():
            return
        shape, dtype = tuple(tensor.shape), tensor.dtype
        with self.unfollowed():
            kept = {
                coordinate: value
                if isinstance(value, (Missing, Prepared))
                else stored(self.ttnn, value, dtype).reshape(shape)
                for coordinate, value in values.items()
            }
        self.shadows.write(tensor, kept)

    def keep_everywhere(self, tensor: Any, value: Value) -> None:
        """Keep the same value on every device that ``tensor`` is on, if it lives."""
        if self.is_live(tensor):
            self.keep(tensor, dict.fromkeys((tuple(coordinate) for coordinate in tensor.device_coords()), value))

    def _coordinates(self, tensors: list[Any]) -> list[Coordinate]:
        return list(dict.fromkeys(tuple(coordinate) for tensor in tensors for coordinate in tensor.device_coords()))

    def _prepared(
        self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], on_device: list[Any]
    ) -> dict[Coordinate | None, goldens.Call | Missing]:
        calls: dict[Coordinate | None, goldens.Call | Missing] = {}
        device = on_device[0].device() if on_device else None
        coordinates: list[Coordinate | None] = [*self._coordinates(on_device)]
        for coordinate in coordinates or [None]:
            self._coordinate = coordinate
            try:
                calls[coordinate] = goldens.prepare(self.ttnn, operation, args, kwargs, device)
            except NoGoldenValue as error:
                calls[coordinate] = Missing(error.reason)
            finally:
                self._coordinate = None
        return calls

    def _keep(
        self,
        operation: Any,
        calls: dict[Coordinate | None, goldens.Call | Missing],
        output: Any,
        kwargs: dict[str, Any],
        on_device: list[Any],
    ) -> Any:
        """Compute what the golden function gives for what the operation has returned, and keep it."""
        name = operation.python_fully_qualified_name
        outputs = list(self.tensors(output))
        by_tensor: list[dict[Coordinate | None, Value]] = [{} for _ in outputs]
        for coordinate, call in calls.items():
            result = self._computed(call)
            for (path, tensor), values in zip(outputs, by_tensor):
                shape = tuple(tensor.shape)
                missing = isinstance(result, Missing)
                values[coordinate] = result if missing else goldens.fitted(name, goldens.leaf(result, path), shape)
            if isinstance(call, goldens.Call) and (not outputs or name in _ALSO_WRITING):
                self._keep_written(call, coordinate)
            elif isinstance(call, Missing) and not outputs:
                self._mark_written(on_device, call)
        for (_, tensor), values in zip(outputs, by_tensor):
            self._keep_output(tensor, values)
        given = [tensor for key in operation.output_tensor_kwarg_names for _, tensor in self.tensors(kwargs.get(key))]
        if len(given) == len(outputs):
            for tensor, values in zip(given, by_tensor):
                self._keep_output(tensor, values)
        else:
            self._mark_written(given, Missing(f"{name} may have written to it"), but=[tensor for _, tensor in outputs])
        if not on_device:
            return output
        read = {path: values for (path, tensor), values in zip(outputs, by_tensor) if self._is_on_host(tensor)}
        return self._with_read(output, read) if read else output

    def _computed(self, call: goldens.Call | Missing) -> Any:
        if isinstance(call, Missing):
            return call
        try:
            return goldens.compute(call)
        except NoGoldenValue as error:
            return Missing(error.reason)

    def _keep_output(self, tensor: Any, values: dict[Coordinate | None, Value]) -> None:
        if None in values:
            self.keep_everywhere(tensor, values[None])
        else:
            self.keep(tensor, {coordinate: value for coordinate, value in values.items() if coordinate is not None})

    def _keep_written(self, call: goldens.Call, coordinate: Coordinate | None) -> None:
        """Keep what the golden function has made of its arguments, for an operation that changes its own."""
        for tensor, value, version in call.written:
            if value._version != version and self.is_live(tensor):
                before = self.values_of(tensor)
                self.keep(tensor, {**before, **dict.fromkeys(before if coordinate is None else [coordinate], value)})

    def _mark(self, name: str, kwargs: dict[str, Any], output: Any, on_device: list[Any], missing: Missing) -> None:
        """Keep that nothing is known of what an operation has made or changed."""
        outputs = [tensor for _, tensor in self.tensors(output)]
        for tensor in outputs:
            self.keep_everywhere(tensor, missing)
            if on_device and self._is_on_host(tensor):
                raise NoGoldenValue(missing.reason)
        if not outputs and name not in _FREEING:
            self._mark_written(on_device, Missing(f"{missing.reason}, and may have written to it"))
        given = [tensor for key, value in kwargs.items() if "out" in key for _, tensor in self.tensors(value)]
        self._mark_written(given, missing)

    def _mark_written(self, tensors: list[Any], missing: Missing, but: list[Any] | None = None) -> None:
        known = {tensor.buffer_unique_id() for tensor in but or ()}
        for tensor in tensors:
            if self.is_live(tensor) and tensor.buffer_unique_id() not in known:
                self.keep_everywhere(tensor, missing)

    def _follow_inside(
        self, operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any], missing: Missing | None
    ) -> Any:
        """Run an operation and follow those that it calls; what they leave open is the operation's own doing."""
        before = self._followed
        output = self.run(operation, *args, **kwargs)
        on_device = [tensor for _, tensor in self.tensors((args, kwargs)) if self.is_live(tensor)]
        if missing is not None and self._followed == before:
            self._mark(operation.python_fully_qualified_name, kwargs, output, on_device, missing)
        outputs = [tensor for _, tensor in self.tensors(output) if self.is_live(tensor)]
        unknown = [tensor for tensor in outputs if not self.shadows.knows(tensor)]
        if unknown and missing is None:
            # By other means, out of a file for example.
            return self._keep(operation, self._prepared(operation, args, kwargs, on_device), output, kwargs, on_device)
        for tensor in unknown:
            self.keep_everywhere(tensor, missing or Missing("nothing is known of what made it"))
        return output

    def _is_on_host(self, tensor: Any) -> bool:
        return not self.ttnn.is_tensor_storage_on_device(tensor)

    def _with_read(self, output: Any, read: dict[tuple[Any, ...], dict[Coordinate | None, Value]]) -> Any:
        """``output`` with what ttnn has read from the device, zeros, put right. Raises ``NoGoldenValue``."""

        def rebuilt(structure: Any, path: tuple[Any, ...]) -> Any:
            if path in read:
                values = [self._present(value) for value in read[path].values()]
                with self.unfollowed():
                    right = [stored(self.ttnn, value, structure.dtype) for value in values]
                    return on_host(self.ttnn, structure, right)
            if type(structure) in (list, tuple):
                return type(structure)(rebuilt(element, (*path, index)) for index, element in enumerate(structure))
            return structure

        return rebuilt(output, ())


def _is_between_devices(name: str) -> bool:
    return any(part in name for part in _BETWEEN_DEVICES)
