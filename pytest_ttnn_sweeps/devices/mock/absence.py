"""What is raised where a tensor on the mock device has no values."""

from __future__ import annotations


class NoGoldenValue(BaseException):
    """A value was asked for that ttnn's golden functions don't give; ``reason`` says which operation's, and why.

    Not an ``Exception``: it is no failure of ttnn's, and a sweep's own handlers must not make one of it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(f"no golden value: {reason}")
        self.reason = reason
