"""The root of every mistake that a user of the package can make.

A ``SweepError`` is reported in one line, without a traceback: its text says what is wrong, where (file, suite, vector,
key) and what to do about it. Anything else that escapes the package is the package's own bug and keeps its traceback.
"""

from __future__ import annotations


class SweepError(Exception):
    """A mistake in a sweep module, a master file, an option or the set-up; its text is one line for the user."""
