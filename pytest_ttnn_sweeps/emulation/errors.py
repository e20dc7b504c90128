"""The errors of the emulation: what it refuses because ttnn refuses it, and what it refuses because it hasn't got it.

ttnn raises ``RuntimeError`` for an invalid configuration. Its text has a header that names a C++ source line, the
message between ``info:`` and ``backtrace:``, and stack frames. The message is the contract; the emulation reproduces it
and says in the header and the frames that no C++ was involved.
"""

from __future__ import annotations

_BACKTRACE = "backtrace:\n --- raised by the emulation of ttnn"


class NotEmulated(AttributeError, NotImplementedError):
    """A name, an argument or a combination that ttnn has and the emulation hasn't; its text begins with what it is.

    It is an ``AttributeError`` so that ``hasattr(ttnn, name)`` and ``getattr(ttnn, name, default)`` behave as ever.
    """

    def __init__(self, what: str, why: str = "") -> None:
        super().__init__(f"{what} is not emulated{': ' + why if why else ''}")
        self.what = what


def fatal(message: str, condition: str = "false") -> RuntimeError:
    """The error of a failed check: ttnn's TT_FATAL with ``message`` as its info part. The caller raises it."""
    return RuntimeError(f"TT_FATAL @ emulation: {condition}\ninfo:\n{message}\n{_BACKTRACE}")


def throw(message: str) -> RuntimeError:
    """The error of an impossible request: ttnn's TT_THROW with ``message`` as its info part. The caller raises it."""
    return RuntimeError(f"TT_THROW @ emulation: tt::exception\ninfo:\n{message}\n{_BACKTRACE}")


def incompatible(function: str, *arguments: object) -> TypeError:
    """The error of arguments that fit no signature of ``function``. The caller raises it."""
    types = ", ".join(f"{type(argument).__module__}.{type(argument).__qualname__}" for argument in arguments)
    return TypeError(f"{function}(): incompatible function arguments.\n\nInvoked with types: {types}")
