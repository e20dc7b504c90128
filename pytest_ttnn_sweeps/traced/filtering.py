"""Which operations are traced: those of a list, without those of another; what neither knows is reported.

Names match in every spelling: ``ttnn::add``, ``ttnn.add`` and ``add``; ``ttnn::prim::binary`` and ``prim.binary``.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.traced.names import canonical_operation, near_operations


@dataclass(frozen=True)
class Sorted:
    """Names, each with how often it occurred, by what is done with them."""

    included: Mapping[str, int]
    excluded: Mapping[str, int]
    unknown: Mapping[str, int]
    """On neither list: not traced, and to be told to the user."""


@dataclass(frozen=True)
class OperationFilter:
    """The operations to trace, by canonical name. What is on both lists is excluded."""

    included: frozenset[str]
    excluded: frozenset[str]

    @classmethod
    def load(
        cls,
        *,
        listing: str | os.PathLike[str] | None = None,
        include: Iterable[str] = (),
        exclude: Iterable[str] = (),
    ) -> OperationFilter:
        """The packaged lists; ``listing`` is a file to use in place of the included one, the rest adds to them.

        An operation that is included by name is not excluded by the packaged list. A file has one name a line; ``#``
        begins a comment. Raises ``SweepError`` for a file that can't be read and a name that can't be an operation's.
        """
        packaged = files("pytest_ttnn_sweeps.traced") / "lists"
        names = (
            _names((packaged / "included_operations.txt").read_text(encoding="utf-8"), "the packaged list")
            if listing is None
            else _names(_read(Path(listing)), str(listing))
        )
        wanted = {_operation(name, "an operation to include") for name in include}
        default = _names((packaged / "excluded_operations.txt").read_text(encoding="utf-8"), "the packaged list")
        unwanted = {_operation(name, "an operation to exclude") for name in exclude}
        return cls(frozenset(names | wanted), frozenset((default - wanted) | unwanted))

    def includes(self, operation: str) -> bool:
        """Whether ``operation``, in any spelling, is to be traced."""
        name = canonical_operation(operation)
        return name in self.included and name not in self.excluded

    def sort(self, operations: Iterable[str]) -> Sorted:
        """Sort the names of calls, in any spelling."""
        kinds: tuple[dict[str, int], dict[str, int], dict[str, int]] = ({}, {}, {})
        for operation in operations:
            name = canonical_operation(operation)
            kind = kinds[1 if name in self.excluded else 0 if name in self.included else 2]
            kind[name] = kind.get(name, 0) + 1
        return Sorted(*kinds)

    def unknown_exclusions(self, exclude: Iterable[str], called: Collection[str]) -> dict[str, list[str]]:
        """Those of a user's exclusions that are on no list and were not ``called`` either, each with near names."""
        known = self.included | OperationFilter.load().excluded
        names = {canonical_operation(name) for name in exclude}
        return {name: list(near_operations(name, known)) for name in sorted(names - known - set(called))}


def _names(text: str, where: str) -> set[str]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {_operation(line, where) for line in lines if line}


def _operation(name: str, where: str) -> str:
    canonical = canonical_operation(name)
    if not all(part.isidentifier() for part in canonical.split(".")):
        msg = f"{name!r} ({where}) is no operation's name; write ttnn.add, ttnn::add or add, one a line"
        raise SweepError(msg)
    return canonical


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: can't read the list of operations to trace: {getattr(error, 'strerror', None) or error}"
        raise SweepError(msg) from None
