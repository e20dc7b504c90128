"""The values that tensors on a mock device would have: a table beside the device's memory.

An entry belongs to a buffer, by the number that ttnn gives each buffer once. So whatever shares memory shares values: a
view, the parts of a mesh tensor, an output that was handed in. A tensor that nobody here has heard of has no entry,
even where its address was another's before.

ttnn's tensors can't be watched: they take no weak references and no attributes. What the device has freed is found by
asking the device which addresses it holds, whenever the table has doubled since it was asked last. So the table is at
most twice as large as what lives on the device, plus `SLACK_ENTRIES` and `SLACK_BYTES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch

SLACK_ENTRIES = 128
SLACK_BYTES = 64 << 20


@dataclass(frozen=True)
class Missing:
    """In place of values: why there are none."""

    reason: str


@dataclass(frozen=True)
class Prepared:
    """In place of values in an order that only the device knows: those that they were made from."""

    source: torch.Tensor
    what: str


Coordinate: TypeAlias = tuple[int, ...]
"""A device of a mesh."""
Value: TypeAlias = torch.Tensor | Missing | Prepared
Values: TypeAlias = Mapping[Coordinate, Value]
"""By device: values of the logical shape, in the dtype that ``to_torch`` gives."""


@dataclass
class _Entry:
    device: int
    place: tuple[str, int]
    """Kind of memory and address."""
    forms: dict[int, Values] = field(default_factory=dict)
    """By number of elements: a view may show a part of the buffer, or padding."""
    size: int = 0
    """In bytes."""


class Shadows:
    """The table. Tensors that it is given are on a device and allocated."""

    def __init__(self, buffers_of: Any) -> None:
        """``buffers_of([device])`` gives the allocated buffers; ttnn's own."""
        self._buffers_of = buffers_of
        self._entries: dict[int, _Entry] = {}
        self._numbers: dict[tuple[int, tuple[str, int]], int] = {}
        self._devices: dict[int, Any] = {}
        self.size = 0
        """In bytes."""
        self._next = (SLACK_ENTRIES, SLACK_BYTES)

    def __len__(self) -> int:
        return len(self._entries)

    def write(self, tensor: Any, values: Values) -> None:
        """The values of ``tensor`` from now on."""
        number, elements = tensor.buffer_unique_id(), tensor.logical_volume()
        entry = self._entries.get(number)
        if entry is None:
            device = tensor.device()
            place = (tensor.memory_config().buffer_type.name, tensor.buffer_address())
            entry = _Entry(device.id(), place)
            self._devices.setdefault(entry.device, device)
            # Whoever was there before has been freed. While a graph is captured without dispatch, all are at 0.
            if place[1]:
                self._drop(self._numbers.get((entry.device, place)))
            self._entries[number] = entry
            self._numbers[entry.device, place] = number
        elif elements in entry.forms:
            entry.forms.clear()
        entry.forms[elements] = values
        self.size -= entry.size
        entry.size = sum(_size(value) for form in entry.forms.values() for value in form.values())
        self.size += entry.size
        if len(self._entries) > self._next[0] or self.size > self._next[1]:
            self.forget_freed()

    def knows(self, tensor: Any) -> bool:
        """Whether anything, be it that its values are missing, is known of ``tensor``."""
        return tensor.buffer_unique_id() in self._entries

    def values(self, tensor: Any) -> Values:
        """The values of ``tensor`` on each device that it is on, in the mesh's order."""
        coordinates = [tuple(coordinate) for coordinate in tensor.device_coords()]
        entry = self._entries.get(tensor.buffer_unique_id())
        if entry is None:
            return dict.fromkeys(coordinates, Missing("nothing is known of what made it"))
        shape = tuple(tensor.shape)
        form = entry.forms.get(tensor.logical_volume())
        if form is None:
            known = next(iter(next(iter(entry.forms.values())).values()))
            if not isinstance(known, (Missing, Prepared)):
                known = Missing(f"it is a view of {tuple(known.shape)} as {shape}")
            return dict.fromkeys(coordinates, known)
        return {coordinate: _shaped(form.get(coordinate), shape) for coordinate in coordinates}

    def forget_freed(self) -> None:
        """Drop the values of what the devices have freed."""
        live: dict[int, set[tuple[str, int]]] = {}
        for number, device in list(self._devices.items()):
            try:
                live[number] = {(b.buffer_type.name, b.address) for b in self._buffers_of([device])}
            except RuntimeError:
                # It is closed.
                del self._devices[number]
        for number, entry in list(self._entries.items()):
            if entry.place not in live.get(entry.device, ()):
                self._drop(number)
        self._next = (2 * len(self._entries) + SLACK_ENTRIES, 2 * self.size + SLACK_BYTES)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._numbers.clear()
        self._devices.clear()
        self.size = 0

    def _drop(self, number: int | None) -> None:
        entry = self._entries.pop(number, None) if number is not None else None
        if entry is not None:
            self._numbers.pop((entry.device, entry.place), None)
            self.size -= entry.size


def _size(value: Value) -> int:
    if isinstance(value, Missing):
        return 0
    tensor = value.source if isinstance(value, Prepared) else value
    return tensor.numel() * tensor.element_size()


def _shaped(value: Value | None, shape: tuple[int, ...]) -> Value:
    if value is None:
        return Missing("another device of the mesh has it")
    if isinstance(value, (Missing, Prepared)) or tuple(value.shape) == shape:
        return value
    return value.reshape(shape)
