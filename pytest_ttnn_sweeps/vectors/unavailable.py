"""A value that a source of vectors could not represent, in the place where the value belongs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unavailable:
    """Stands for a value that can't be represented here; an item that holds one is skipped for ``reason``."""

    reason: str
