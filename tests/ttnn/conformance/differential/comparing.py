"""What two outcomes of a case have in common, and where they differ."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import torch

from .forms import Case
from .side import Outcome

_LONGEST = 2000


class Kind(enum.Enum):
    """How the emulation's outcome stands to the wheel's. All but the first two want an explanation."""

    AGREES = "agree"
    REFUSED = "refused alike"
    NOT_EMULATED = "not emulated"
    VERDICT = "differing verdict"
    SPEC = "differing spec"
    WORDS = "differing words"
    VALUES = "differing values"

    @property
    def is_agreement(self) -> bool:
        return self in (Kind.AGREES, Kind.REFUSED)


@dataclass(frozen=True)
class Comparison:
    """A case, how it came out, and what says so: each of the ``details`` wants an explanation."""

    case: Case
    kind: Kind
    details: tuple[str, ...] = ()
    crashed: bool = False
    """The wheel's process died of the case, so that any refusal agrees with it."""
    with_values: bool = False
    """Numbers were compared."""

    def __str__(self) -> str:
        return f"{self.kind.value}: {self.case.subject}: {self.detail}\n    {self.case.text}"

    @property
    def detail(self) -> str:
        """All details in one text."""
        return "; ".join(self.details)


def compare(
    case: Case,
    wheel: Outcome,
    emulated: Outcome,
    golden: list[torch.Tensor] | None = None,
    values: list[torch.Tensor] | None = None,
) -> Comparison:
    """Compare two outcomes; ``golden`` are the wheel's numbers, ``values`` the emulation's."""
    if "not_emulated" in emulated:
        return Comparison(case, Kind.NOT_EMULATED, (emulated["not_emulated"],))
    if "crashed" in wheel:
        if "raises" in emulated:
            return Comparison(case, Kind.REFUSED, crashed=True)
        text = f"wheel: crashed by {wheel['crashed']}, emulation: accepts"
        return Comparison(case, Kind.VERDICT, (text,), crashed=True)
    if "raises" in wheel or "raises" in emulated:
        return _refusals(case, wheel, emulated)
    differences = [*_differences("", _plain(wheel), _plain(emulated))]
    if differences:
        return Comparison(case, Kind.SPEC, tuple(text[:_LONGEST] for text in differences))
    if golden is None or values is None:
        return Comparison(case, Kind.AGREES)
    dtypes = [*_dtypes(wheel["gives"])]
    golden = _fitting(golden, values)
    if golden is None or len(dtypes) != len(values):
        return Comparison(case, Kind.AGREES)
    apart = [text for text in map(difference_of_values, golden, values, dtypes) if text]
    kind = Kind.VALUES if apart else Kind.AGREES
    return Comparison(case, kind, tuple(apart), with_values=True)


def _refusals(case: Case, wheel: Outcome, emulated: Outcome) -> Comparison:
    texts = [
        f"{outcome['raises']}: {outcome['message']}" if "raises" in outcome else "accepts"
        for outcome in (wheel, emulated)
    ]
    detail = (f"wheel: {texts[0][:_LONGEST]}, emulation: {texts[1][:_LONGEST]}",)
    if ("raises" in wheel) != ("raises" in emulated):
        return Comparison(case, Kind.VERDICT, detail)
    return Comparison(case, Kind.REFUSED) if texts[0] == texts[1] else Comparison(case, Kind.WORDS, detail)


def _plain(outcome: Outcome) -> Any:
    return {key: outcome.get(key) for key in ("gives", "inputs")}


def _differences(path: str, one: Any, other: Any) -> Any:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in dict.fromkeys((*one, *other)):
            if key not in one or key not in other:
                yield f"{path}/{key}: only on the {'wheel' if key in one else 'emulation'}"
            else:
                yield from _differences(f"{path}/{key}", one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, pair in enumerate(zip(one, other)):
            yield from _differences(f"{path}/{index}", *pair)
    elif one != other or type(one) is not type(other):
        yield f"{path}: wheel: {one}, emulation: {other}"


def _dtypes(described: Any) -> Any:
    """The data types of the tensors in a described result, in order."""
    if isinstance(described, dict) and "dtype" in described:
        yield described["dtype"]
    elif isinstance(described, dict):
        for item in described.get("items", ()):
            yield from _dtypes(item)


def _fitting(golden: list[torch.Tensor], values: list[torch.Tensor]) -> list[torch.Tensor] | None:
    """The golden numbers in the outputs' shapes: golden functions leave out dimensions of 1, or keep them."""
    if len(golden) != len(values) or any(a.numel() != b.numel() for a, b in zip(golden, values)):
        return None
    return [a.reshape(b.shape) for a, b in zip(golden, values)]


_RELATIVE = {"BFLOAT16": 2.0**-7, "FLOAT32": 1e-4}
_OF_LARGEST = {"BFLOAT16": 2.0**-8, "FLOAT32": 1e-5, "BFLOAT8_B": 2.0**-5, "BFLOAT4_B": 2.0**-1}


def difference_of_values(golden: torch.Tensor, values: torch.Tensor, dtype: str) -> str:
    """How far ``values``, stored as ``dtype``, are from ``golden``; nothing if it is what the format explains.

    A format has a relative error of its own, and operations add some of that of their largest numbers. Block floats
    have nothing but the latter, as their numbers share exponents. Integers are exact.
    """
    wide, expected = values.double(), golden.double()
    if dtype in _OF_LARGEST:
        finite = expected[expected.isfinite()]
        largest = float(finite.abs().max()) if finite.numel() else 0.0
        limits = {"rtol": _RELATIVE.get(dtype, 0.0), "atol": _OF_LARGEST[dtype] * largest + 1e-6}
    else:
        limits = {"rtol": 0.0, "atol": 0.0}
    close = torch.isclose(wide, expected, equal_nan=True, **limits)
    if close.all():
        return ""
    index = int((~close).flatten().nonzero()[0])
    pair = f"golden: {expected.flatten()[index]:.7g}, emulation: {wide.flatten()[index]:.7g}"
    return f"{int((~close).sum())} of {close.numel()} {dtype} values, number {index}: {pair}"
