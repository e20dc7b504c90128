"""Choosing vectors of a suite before any of them exists: conditions on parameters, and reproducible samples."""

from __future__ import annotations

import ast
import operator
import random
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from numbers import Real

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.display import spellings
from pytest_ttnn_sweeps.vectors.suite import Axis, Suite

_CONDITION = re.compile(r"\s*(?P<name>\w+)\s*(?P<operator>==|!=|<=|>=|=|<|>)\s*(?P<value>.*\S)\s*")
_ORDERINGS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True)
class Condition:
    """One ``NAME OPERATOR VALUE``, such as ``dtype=bfloat16``, ``rank>=3`` or ``shape!=[1, 32]``."""

    name: str
    operator: str
    value: str

    def holds(self, value: object) -> bool:
        """Whether a parameter's value meets the condition; text compares without case, in any common spelling."""
        if self.operator in _ORDERINGS:
            wanted = _number(_literal(self.value))
            actual = _number(value)
            return actual is not None and wanted is not None and _ORDERINGS[self.operator](actual, wanted)
        same = self.value.casefold() in spellings(value) or _same_literal(_literal(self.value), value)
        return same is (self.operator != "!=")


def parse_condition(text: str) -> Condition:
    """The condition that ``text`` states. Raises ``SweepError`` with the grammar."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        msg = f"--sweep-where {text!r}: expected NAME=VALUE (or !=, <, <=, >, >=), for example dtype=bfloat16"
        raise SweepError(msg)
    symbol = match["operator"]
    if symbol in _ORDERINGS and _number(_literal(match["value"])) is None:
        msg = f"--sweep-where {text!r}: {match['value']!r} is no number, and {symbol} compares numbers"
        raise SweepError(msg)
    return Condition(match["name"], "=" if symbol == "==" else symbol, match["value"])


def positions_where(suite: Suite, conditions: Iterable[Condition]) -> list[list[int]]:
    """For each axis the positions that meet every condition; nothing of a suite that lacks a named parameter."""
    conditions = list(conditions)
    known = all(condition.name in suite.parameter_names for condition in conditions)
    return [_axis_positions(axis, conditions) if known else [] for axis in suite.axes] or ([] if known else [[]])


def _axis_positions(axis: Axis, conditions: list[Condition]) -> list[int]:
    tests = [(axis.names.index(c.name), c) for c in conditions if c.name in axis.names]
    return [at for at, row in enumerate(axis.values) if all(c.holds(row[column]) for column, c in tests)]


def draw(size: int, *, seed: str) -> Iterator[int]:
    """All of ``range(size)`` in an order that depends on ``seed`` and ``size`` alone; a draw costs O(1) memory.

    A Fisher-Yates shuffle that keeps only the places it has touched, so that ten draws of a billion are ten draws.
    """
    generator = random.Random(seed)
    moved: dict[int, int] = {}
    for place in range(size):
        other = generator.randrange(place, size)
        yield moved.get(other, other)
        moved[other] = moved.pop(place, place)


def _literal(text: str) -> object:
    try:
        value: object = ast.literal_eval(text)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return text
    return value


def _number(value: object) -> float | None:
    if isinstance(value, (int, float)):
        return value
    return float(value) if isinstance(value, Real) else None


def _same_literal(wanted: object, value: object) -> bool:
    """Equal as a person sees it: 1 is 1.0 but not True, a tuple is a list."""
    if isinstance(wanted, (list, tuple)) and isinstance(value, (list, tuple)):
        return len(wanted) == len(value) and all(_same_literal(one, other) for one, other in zip(wanted, value))
    if isinstance(wanted, bool) or isinstance(value, bool) or not isinstance(wanted, (int, float)):
        return type(wanted) is type(value) and wanted == value
    return isinstance(value, (int, float)) and wanted == value
