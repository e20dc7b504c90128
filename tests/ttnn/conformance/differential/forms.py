"""The words in which a call and its arguments are said in JSON, for the wheel and the emulation alike.

They are those of ``tests/data/emulation_operations.json``: ``tensor`` (fixed, irregular numbers), ``name`` (something
of ttnn's), ``make`` (an object of ttnn's made by calling a name), ``scheme`` (a sharded memory configuration),
``tuple`` and ``slice``; and ``float`` for what JSON has no number for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import isfinite
from typing import Any

Form = Any
"""A JSON value: plain ones stand for themselves, an object with one of the keys above for what it says."""


@dataclass(frozen=True)
class Case:
    """What is done on both sides. ``subject`` is the operation or type under which it is counted; ``form`` is JSON:
    ``{"call": name, "args", "kwargs", "golden"}``, ``{"facts": value}``, ``{"equal": [a, b]}``, ``{"json": value}`` or
    ``{"bits": ...}``."""

    subject: str
    text: str

    @classmethod
    def of(cls, subject: str, form: Form) -> Case:
        return cls(subject, json.dumps(form, sort_keys=True))

    @property
    def form(self) -> Form:
        return json.loads(self.text)


def tensor(shape: Any, dtype: str = "bfloat16", **unusual: Form) -> Form:
    """A tensor in DRAM, tiled, of numbers between -2 and 2, save for what is said otherwise."""
    return {"tensor": list(shape), "dtype": dtype, **unusual}


def name(dotted: str) -> Form:
    return {"name": dotted}


def make(what: str, *args: Form, **kwargs: Form) -> Form:
    return {"make": what, "args": list(args), "kwargs": kwargs}


def a_tuple(items: Any) -> Form:
    return {"tuple": list(items)}


def number(value: float) -> Form:
    """A float that needn't be finite."""
    return value if isfinite(value) else {"float": str(value)}


def call(operation: str, *args: Form, golden: bool = False, **kwargs: Form) -> Case:
    """A call of ``ttnn.<operation>``, with its golden function if that is asked for."""
    form = {"call": operation, "args": list(args), "kwargs": kwargs}
    return Case.of(operation, {**form, "golden": True} if golden else form)
