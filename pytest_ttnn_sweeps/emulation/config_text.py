"""Configuration objects as ttnn 0.81.1 shows them: the modules they say they are from, and their C++ texts.

As ttnn's, they have no equality but identity. The emulation validates with them; it doesn't compute differently because
of them.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import fields
from math import isfinite
from typing import ClassVar, TypeVar

import numpy as np

_Class = TypeVar("_Class")


def said_to_be_from(module: str) -> Callable[[type[_Class]], type[_Class]]:
    """Make a class say that it is from ``module``; after dataclass(), which looks annotations up in the true one."""

    def decorate(cls: type[_Class]) -> type[_Class]:
        cls.__module__ = module
        return cls

    return decorate


def float_text(number: float) -> str:
    """A float32 as C++'s fmt writes it: the fewest digits that round-trip, an exponent from 1e7 on; nan, inf, -inf."""
    if not isfinite(number):
        return str(float(number))
    digits, _, exponent = np.format_float_scientific(np.float32(number), trim="-").partition("e")
    if -4 <= int(exponent) < 7:
        return np.format_float_positional(np.float32(number), trim="-")
    return f"{digits}e{exponent}"


def _cpp_text(value: object, booleans: tuple[str, str]) -> str:
    """``value`` as the configurations' C++ texts have it."""
    if value is None:
        return "std::nullopt"
    if isinstance(value, bool):
        return booleans[value]
    if isinstance(value, enum.Enum):
        return f"{type(value).__name__}::{value.name}"
    return str(value)


class PrintedEnum(enum.Enum):
    """An enumeration whose text is ``Name.MEMBER``, as nanobind's are."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}.{self.name}"

    __str__ = __repr__


class Printed:
    """A configuration with a C++ text: ``Name(field=value,...)``."""

    _separator: ClassVar[str] = ","
    _booleans: ClassVar[tuple[str, str]] = ("0", "1")
    _unprinted: ClassVar[tuple[str, ...]] = ()

    def __repr__(self) -> str:
        shown = (field.name for field in fields(self) if field.name not in self._unprinted)  # type: ignore[arg-type]
        texts = (f"{name}={_cpp_text(getattr(self, name), self._booleans)}" for name in shown)
        return f"{type(self).__name__}({self._separator.join(texts)})"
