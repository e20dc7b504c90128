"""Vector ids as tt-metal's sweep scripts compute them, for joins with the results that their dashboards hold.

Upstream writes a vector as a dict of its parameters and five bookkeeping keys, every value in a serialised form, and
takes the SHA-224 of that dict's text as the id. Three flavours of it exist:

=================  ==================================================================================================
``dump-file``      2025: Python's text of the dict; ``to_json`` objects parsed, memory enums by name; all else ``str``
``elasticsearch``  2025: the same with the raw ``to_json`` text
``json``           since December 2025: JSON with sorted keys; plain values, lists and dicts native, all else ``str``;
                   a true ``config_hash`` is the id itself
=================  ==================================================================================================

Validity and reason are part of the text, so an id needs the verdict of ``invalidate_vector``. Each value of an axis is
serialised once; a vector's text joins those fragments.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha224
from itertools import chain, product
from typing import Any, Literal, get_args

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.display import folded
from pytest_ttnn_sweeps.vectors.module import Verdict
from pytest_ttnn_sweeps.vectors.suite import Suite

Flavour = Literal["dump-file", "elasticsearch", "json"]
FLAVOURS: tuple[Flavour, ...] = get_args(Flavour)

BOOKKEEPING = ("suite_name", "validity", "invalid_reason", "status", "sweep_name")
"""The keys that upstream appends to every vector before it computes the id, in its order."""

BUFFER_TYPES = {0: "DRAM", 1: "L1", 2: "SYSTEM_MEMORY", 3: "L1_SMALL", 4: "TRACE"}
MEMORY_LAYOUTS = {
    0: "INTERLEAVED",
    1: "SINGLE_BANK",
    2: "HEIGHT_SHARDED",
    3: "WIDTH_SHARDED",
    4: "BLOCK_SHARDED",
    5: "ND_SHARDED",
}
_NAMED = {
    "buffer_type": (BUFFER_TYPES, "UNKNOWN_BUFFER_TYPE_"),
    "memory_layout": (MEMORY_LAYOUTS, "UNKNOWN_MEMORY_LAYOUT_"),
}
"""Keys of ttnn's JSON whose numbers upstream replaces by names."""


class UpstreamIds:
    """Upstream's ids of one suite's vectors; nothing is serialised before an id is asked for.

    ``module`` is the sweep module's dotted name; ``form`` gives the serialised form of a parameter's value, by default
    upstream's. Raises ``SweepError`` naming suite and key, when asked, for a value that can't be serialised.
    """

    def __init__(
        self,
        module: str,
        suite: Suite,
        flavour: Flavour = "dump-file",
        *,
        place: str,
        form: Callable[[str, object], Any] | None = None,
    ) -> None:
        self.suite = suite
        self._form = form or (lambda name, value: serialised(value, flavour))
        self._module = module
        self._flavour = flavour
        self._where = f"{place}: suite {suite.name!r}"
        self._tails: dict[Verdict, tuple[bytes, ...]] = {}

    def of(self, index: int, verdict: Verdict) -> str:
        """The id of vector ``index``, 56 lower-case hexadecimal digits, given what ``invalidate_vector`` said."""
        return self._id([rows[at] for rows, at in zip(self._fragments, self.suite.positions(index))], verdict)

    def each(self, verdicts: Iterable[Verdict]) -> Iterator[str]:
        """The ids of all vectors in suite order, given their verdicts in the same order; repeats included."""
        return map(self._id, product(*self._fragments), verdicts)

    def _id(self, rows: Sequence[tuple[bytes, ...]], verdict: Verdict) -> str:
        parts = (*chain.from_iterable(rows), *self._tail(verdict))
        if self._flavour == "json":
            if self._config_hash is not None and (known := _config_hash(parts[self._config_hash])):
                return known
            return sha224(b"{%b}" % b",".join([parts[at] for at in self._sorted])).hexdigest()
        return sha224(b"{%b}" % b", ".join(parts)).hexdigest()

    @cached_property
    def _fragments(self) -> list[list[tuple[bytes, ...]]]:
        """For every axis, at each position, the ``key: value`` texts of its parameters."""
        taken = [name for name in self.suite.parameter_names if name in BOOKKEEPING]
        if taken:
            msg = f"{self._where}: {taken[0]!r} is a key that upstream overwrites; give the parameter another name"
            raise SweepError(msg)
        shared: dict[bytes, bytes] = {}
        return [
            [
                tuple(shared.setdefault(part, part) for part in map(self._fragment, axis.names, row))
                for row in axis.values
            ]
            for axis in self.suite.axes
        ]

    def _fragment(self, name: str, value: object) -> bytes:
        try:
            return self._joined(name, self._form(name, value))
        except Exception as error:  # noqa: BLE001 - to_json and __str__ raise what they please
            msg = f"{self._where}: {name!r}: upstream can't write this {type(value).__name__}: {folded(error)}"
            raise SweepError(msg) from None

    def _joined(self, name: str, wire: object) -> bytes:
        if self._flavour == "json":
            return f"{json_text(name)}:{json_text(wire)}".encode()
        return f"{name!r}: {wire!r}".encode()

    def _tail(self, verdict: Verdict) -> tuple[bytes, ...]:
        """The texts of the bookkeeping keys."""
        tail = self._tails.get(verdict)
        if tail is None:
            values = bookkeeping(self._module, self.suite.name, verdict, self._flavour)
            tail = self._tails[verdict] = tuple(self._joined(name, value) for name, value in values.items())
        return tail

    @cached_property
    def _sorted(self) -> list[int]:
        """The places of the keys in the order of their names."""
        names = (*self.suite.parameter_names, *BOOKKEEPING)
        return sorted(range(len(names)), key=names.__getitem__)

    @cached_property
    def _config_hash(self) -> int | None:
        names = self.suite.parameter_names
        return names.index("config_hash") if "config_hash" in names else None


def _config_hash(fragment: bytes) -> str | None:
    value = json.loads(fragment.partition(b":")[2])
    return str(value) if value else None


def bookkeeping(module: str, suite: str, verdict: Verdict, flavour: Flavour) -> dict[str, object]:
    """The five keys that upstream appends to a vector, in their serialised form."""
    is_invalid, reason = verdict
    validity = "INVALID" if is_invalid else "VALID"
    return {
        "suite_name": suite,
        "validity": validity if flavour == "json" else f"VectorValidity.{validity}",
        "invalid_reason": serialised(reason, flavour),
        "status": "VectorStatus.CURRENT",
        "sweep_name": module,
    }


def serialised(value: object, flavour: Flavour) -> Any:
    """``value`` in the form that upstream writes: text or a dict of type and data; JSON for the ``json`` flavour."""
    to_json: Callable[[], str] | None = getattr(value, "to_json", None)
    if to_json is not None:
        kind = type(value)
        text = to_json()
        data = text if flavour == "elasticsearch" else with_names(json.loads(text))
        return {"type": f"{kind.__module__}.{kind.__qualname__}", "data": data}
    if flavour != "json":
        return str(value)
    if isinstance(value, list):
        return [serialised(item, flavour) for item in value]
    if isinstance(value, dict):
        return {str(key): serialised(item, flavour) for key, item in value.items()}
    if value is None or isinstance(value, (str, int, float)):
        return value
    return str(value)


def with_names(data: Any) -> Any:
    """ttnn's JSON with the numbers of ``buffer_type`` and ``memory_layout`` as names, at any depth."""
    if isinstance(data, list):
        return [with_names(item) for item in data]
    if isinstance(data, dict):
        return {key: _named(key, item) for key, item in data.items()}
    return data


def _named(key: str, value: Any) -> Any:
    if key in _NAMED and type(value) is int:
        names, unknown = _NAMED[key]
        return names.get(value, f"{unknown}{value}")
    return with_names(value)


# One for all: making an encoder takes as long as using it.
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def json_text(wire: object) -> str:
    """The canonical text of the ``json`` flavour; ``NaN`` and ``Infinity`` are written bare, as upstream does."""
    return _ENCODER.encode(wire)


def summary_hash(ids: Iterable[str]) -> str:
    """SHA-224 of the distinct ids, sorted, joined by newlines: one text by which to compare whole suites."""
    return sha224("\n".join(sorted(set(ids))).encode()).hexdigest()
