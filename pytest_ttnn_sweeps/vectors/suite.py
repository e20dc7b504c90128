"""A suite as a product of axes that is never expanded: vectors are decoded from their index when they are needed.

Order is that of ``itertools.product`` over the declaration: the first parameter varies slowest, the last one fastest.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.display import one_line

Vector = dict[str, object]
Positions = Sequence[Sequence[int]]
"""For every axis, in order, the positions of it that are wanted."""


class SuiteError(SweepError):
    """A suite is not declared the way a sweep module declares one."""


@dataclass(frozen=True)
class Axis:
    """One key of a suite: a parameter, or several whose values are zipped (``"shape,dtype"``)."""

    names: tuple[str, ...]
    values: tuple[tuple[object, ...], ...]
    """At each position the values of ``names``, in the same order."""


@dataclass(frozen=True)
class Suite:
    """A named product of axes; ``len`` is its number of vectors, an index below that names one of them."""

    name: str
    axes: tuple[Axis, ...]

    @cached_property
    def size(self) -> int:
        return math.prod(len(axis.values) for axis in self.axes)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        return tuple(name for axis in self.axes for name in axis.names)

    @cached_property
    def strides(self) -> tuple[int, ...]:
        """How far one step on each axis moves the index."""
        strides: list[int] = []
        stride = 1
        for axis in reversed(self.axes):
            strides.append(stride)
            stride *= len(axis.values)
        return tuple(reversed(strides))

    def positions(self, index: int) -> list[int]:
        """The position on each axis of vector ``index``."""
        found = []
        for stride in self.strides:
            position, index = divmod(index, stride)
            found.append(position)
        return found

    def vector(self, index: int) -> Vector:
        """Vector ``index`` with its own copy of every list, dict, set and tuple; other values are the declared objects.

        Containers are copied because real modules change them in place, and other values aren't because ``deepcopy``
        fails on ttnn's objects.
        """
        if not 0 <= index < self.size:
            msg = f"suite {self.name!r} has {self.size} vectors, there is no vector {index}"
            raise IndexError(msg)
        vector: Vector = {}
        for axis, position in zip(self.axes, self.positions(index)):
            for name, value in zip(axis.names, axis.values[position]):
                vector[name] = own_copy(value)
        return vector

    def all_positions(self) -> list[range]:
        """Every position of every axis: the whole suite."""
        return [range(len(axis.values)) for axis in self.axes]

    def indexes(self, positions: Positions) -> Sequence[int]:
        """The indexes, ascending, of the product of ``positions``; a ``range`` where that is the whole suite."""
        if not all(positions):
            return range(0)
        if all(len(wanted) == len(axis.values) for axis, wanted in zip(self.axes, positions)):
            return range(self.size)
        indexes = [0]
        for stride, wanted in zip(self.strides, positions):
            steps = [position * stride for position in wanted]
            indexes = [index + step for index in indexes for step in steps]
        return indexes


def own_copy(value: object) -> object:
    """``value`` with every list, dict, set and tuple inside it copied, at any depth; leaves are shared."""
    kind = type(value)
    if kind is list:
        return [own_copy(item) for item in value]  # type: ignore[attr-defined]
    if kind is tuple:
        return tuple(own_copy(item) for item in value)  # type: ignore[attr-defined]
    if kind is dict:
        return {key: own_copy(item) for key, item in value.items()}  # type: ignore[attr-defined]
    if kind is set:
        return set(value)  # type: ignore[call-overload]
    return value


def read_suites(parameters: object, *, place: str) -> dict[str, Suite | SuiteError]:
    """The suites of a module's ``parameters``; iterators are read once, here, in declaration order.

    ``place`` begins every error (the sweep file). A suite that is declared wrongly is its own ``SuiteError`` in the
    result, so that it doesn't take the others down; raises ``SuiteError`` where ``parameters`` itself is no dict.
    """
    if not isinstance(parameters, Mapping):
        msg = f"{place}: 'parameters' is {_kind(parameters)}; expected a dict of suite name to parameters"
        raise SuiteError(msg)
    suites: dict[str, Suite | SuiteError] = {}
    for name, declaration in parameters.items():
        try:
            suites[str(name)] = read_suite(name, declaration, place=place)
        except SuiteError as error:
            suites[str(name)] = error
    return suites


def read_suite(name: object, declaration: object, *, place: str) -> Suite:
    """The suite ``name`` from its dict of parameter name to values. Raises ``SuiteError`` with place and remedy."""
    if not isinstance(name, str):
        msg = f"{place}: suite name {name!r} is {_kind(name)}; expected text"
        raise SuiteError(msg)
    where = f"{place}: suite {name!r}"
    if not isinstance(declaration, Mapping):
        msg = f"{where} is {_kind(declaration)}; expected a dict of parameter name to values"
        raise SuiteError(msg)
    axes: list[Axis] = []
    seen: set[str] = set()
    for key, values in declaration.items():
        axis = _read_axis(key, values, where)
        repeated = [parameter for parameter in axis.names if parameter in seen or axis.names.count(parameter) > 1]
        if repeated:
            msg = f"{where}: parameter {repeated[0]!r} is declared twice"
            raise SuiteError(msg)
        seen.update(axis.names)
        axes.append(axis)
    return Suite(name, tuple(axes))


def _read_axis(key: object, values: object, where: str) -> Axis:
    if not isinstance(key, str):
        msg = f"{where}: parameter name {key!r} is {_kind(key)}; expected text"
        raise SuiteError(msg)
    # A text would silently become its letters, a dict its keys, and a set has another order in each process.
    if isinstance(values, (str, bytes)):
        msg = f"{where}: {key!r} is {_kind(values)}; expected a list of values. Wrap it: [{one_line(values)}]"
        raise SuiteError(msg)
    if isinstance(values, (Mapping, set, frozenset)) or not isinstance(values, Iterable):
        msg = f"{where}: {key!r} is {_kind(values)}; expected a list of values"
        raise SuiteError(msg)
    if "," not in key:
        return Axis((key,), tuple((value,) for value in values))
    names = tuple(name.strip() for name in key.split(","))
    rows: list[tuple[object, ...]] = []
    for row, value in enumerate(values):
        unordered = isinstance(value, (str, bytes, Mapping, Set))
        if unordered or not isinstance(value, Collection) or len(value) != len(names):
            msg = f"{where}: row {row} of the zipped key {key!r} is {one_line(value)}; expected {len(names)} values"
            raise SuiteError(msg)
        rows.append(tuple(value))
    return Axis(names, tuple(rows))


def _kind(value: object) -> str:
    name = type(value).__name__
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
