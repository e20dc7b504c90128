"""Judging ``-k`` and ``-m`` expressions for a whole suite, before its items exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.vectors.identity import is_id_prefix

_MOST_UNKNOWN = 8

Verdict = Callable[[str], "bool | None"]
"""Whether an identifier matches every item of a suite (True), none of them (False) or can't be told (None)."""


def can_match(expression: str, verdict: Verdict) -> bool:
    """Whether ``expression`` could be true of an item: it is tried with every choice of the identifiers left open."""
    if not expression.strip():
        return True
    evaluate = _compat.compile_expression(expression)
    if evaluate is None:
        return True
    unknown: list[str] = []

    def note(name: str) -> bool:
        if verdict(name) is None and name not in unknown:
            unknown.append(name)
        return bool(verdict(name))

    # `and` and `or` stop early, so the identifiers are gathered over evaluations until no new one appears.
    gathered = -1
    while gathered < len(unknown) <= _MOST_UNKNOWN:
        gathered = len(unknown)
        for values in product((False, True), repeat=gathered):
            assumed = dict(zip(unknown[:gathered], values))
            if evaluate(lambda name: assumed[name] if name in assumed else note(name)):  # noqa: B023 - called at once
                return True
    return len(unknown) > _MOST_UNKNOWN


def keyword_verdict(known: Iterable[str], *, open_names: Iterable[str] = ()) -> Verdict:
    """How ``-k`` sees a suite: case-insensitive substrings of names, item names being hexadecimal digits.

    ``open_names`` are names that items may or may not carry: marks that hooks add later.
    """
    present = [name.casefold() for name in known]
    possible = [name.casefold() for name in open_names]

    def verdict(identifier: str) -> bool | None:
        identifier = identifier.casefold()
        if any(identifier in name for name in present):
            return True
        if is_id_prefix(identifier) or any(identifier in name for name in possible):
            return None
        return False

    return verdict


def mark_verdict(known: Iterable[str], *, open_names: Iterable[str] = ()) -> Verdict:
    """How ``-m`` sees a suite: whole mark names."""
    present, possible = set(known), set(open_names)
    return lambda identifier: True if identifier in present else None if identifier in possible else False
