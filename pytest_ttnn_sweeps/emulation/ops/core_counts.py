"""How many cores convolutions and pools share their work among, as ttnn 0.81.1 counts them."""

from __future__ import annotations

from math import ceil


def without_idle(units: int, most: int) -> int:
    """The most cores, of ``most``, that ``units`` can be shared among so that none goes without."""
    return next(count for count in range(most, 0, -1) if ceil(units / ceil(units / count)) == count)
