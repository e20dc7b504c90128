"""Names: one for an operation, however it is spelled (``ttnn::add``, ``ttnn.add``, ``add``), and those of its
configurations: ``add_traced_05f9895a5062``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from pytest_ttnn_sweeps.traced.errors import OperationNameError

SEPARATOR = "_traced_"
"""Between an operation and the id of its configuration."""
ID_DIGITS = 12
"""Hexadecimal digits of an id: one pair among 16 million configurations of an operation shares one by chance."""


def canonical_operation(name: str) -> str:
    """``name`` with dots and without ``ttnn``: ``ttnn::transformer::x`` gives ``transformer.x``."""
    return name.strip().replace("::", ".").removeprefix("ttnn.")


def find_operation(name: str, known: Collection[str]) -> str | None:
    """The operation among the canonical names ``known`` that ``name`` means, or None.

    A name without its namespace finds the operation where only one namespace has it. Raises ``OperationNameError``
    where several do.
    """
    wanted = canonical_operation(name)
    if wanted in known:
        return wanted
    candidates = sorted(operation for operation in known if operation.endswith(f".{wanted}"))
    if len(candidates) > 1:
        msg = f"operation {name!r} is ambiguous: {', '.join(candidates)} are traced; give its namespace too"
        raise OperationNameError(msg)
    return candidates[0] if candidates else None


def near_operations(name: str, known: Collection[str]) -> Sequence[str]:
    """Up to five of the canonical names ``known`` that a user may have meant by ``name``, best first."""
    from difflib import get_close_matches  # Only a mistake needs it.

    wanted = canonical_operation(name)
    last = wanted.rpartition(".")[2].rstrip("_")
    holding = [operation for operation in sorted(known) if last and last in operation]
    close = get_close_matches(wanted, sorted(known), n=5, cutoff=0.5)
    return list(dict.fromkeys([*close, *holding]))[:5]
