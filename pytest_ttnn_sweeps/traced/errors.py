"""What can be wrong with traced configurations: one class per kind of trouble."""

from __future__ import annotations

from pytest_ttnn_sweeps.errors import SweepError


class TracedTextError(SweepError):
    """A text is not in ttnn's notation; says what was expected at which character."""


class MasterError(SweepError):
    """A master file is missing, unreadable, truncated or not a master at all."""


class OperationNameError(SweepError):
    """An operation's name fits several traced operations; the message names them."""


class TracedNameError(SweepError):
    """No traced configuration has the given name, or it is not of the kind that was asked for."""


class UnavailableConfiguration(SweepError):
    """A traced configuration, or a value of it, can't be rebuilt as ttnn objects; ``reason`` says why.

    Seeing this in a sweep means that the vector is skipped: nothing is ever put in the place of a value that the trace
    doesn't hold or that this ttnn doesn't have.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TracedConfigWarning(UserWarning):
    """A suite of traced configurations is empty or smaller than it looks; the text says why and what to do."""
