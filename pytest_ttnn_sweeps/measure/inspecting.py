"""The execution that meters share which look at what a vector does and not at how long it takes."""

from __future__ import annotations

INSPECTION = "operations and memory"
"""The purpose for which they request it: one execution, without timing, serves all of them."""


def cut_short(error: BaseException | None) -> str:
    """Why an inspected execution says nothing of the operations that it didn't come to; empty if it came to its end.

    Values mean nothing where operations aren't dispatched: a sweep that compares them by an assertion came to its end.
    """
    if error is None or isinstance(error, AssertionError):
        return ""
    text = str(error).strip().partition("\n")[0]
    return f"the execution that was inspected raised {type(error).__name__}{f': {text}' if text else ''}"
