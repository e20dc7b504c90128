"""What a child writes to its standard streams: passed on as it comes, or kept, its beginning and its end."""

from __future__ import annotations

import codecs
import os
from collections import deque
from collections.abc import Callable

KEPT_BYTES = 1 << 20
"""Of the beginning and of the end of what one vector writes to one stream; a vector may write gigabytes."""

TAIL_LINES = 50
_PIECE = 1 << 16


class Output:
    """One stream of a child, read from a pipe.

    With ``live``, text is handed to it at once and only the last lines are kept, for the reason of a crash.
    """

    def __init__(self, fd: int, live: Callable[[str], object] | None) -> None:
        self.fd = fd
        self._live = live
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._head = bytearray()
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._left_out = 0
        self._last = b""

    def read(self) -> bool:
        """Take what the pipe holds, a piece at most; False where it holds nothing more, or never will."""
        try:
            piece = os.read(self.fd, _PIECE)
        except BlockingIOError:
            return False
        if not piece:
            return False
        self._last = (self._last + piece)[-_PIECE:] if len(piece) < _PIECE else piece
        if self._live is not None:
            self._live(self._decoder.decode(piece))
        elif len(self._head) < KEPT_BYTES:
            self._head += piece
        else:
            self._keep_last(piece)
        return True

    def take(self) -> str:
        """What has been kept since the last call."""
        if not self._head:
            return ""
        parts = [bytes(self._head).decode("utf-8", "replace")]
        if self._left_out:
            parts.append(f"\n... {self._left_out} bytes left out ...\n")
        parts.append(b"".join(self._tail).decode("utf-8", "replace"))
        self._head.clear()
        self._tail.clear()
        self._tail_bytes = self._left_out = 0
        return "".join(parts)

    def last_lines(self) -> str:
        """The last lines of the present vector's output."""
        return "\n".join(self._last.decode("utf-8", "replace").splitlines()[-TAIL_LINES:])

    def begin(self) -> None:
        """A vector begins: earlier lines are none of its."""
        self._last = b""

    def _keep_last(self, piece: bytes) -> None:
        self._tail.append(piece)
        self._tail_bytes += len(piece)
        while self._tail_bytes - len(self._tail[0]) >= KEPT_BYTES:
            dropped = len(self._tail.popleft())
            self._tail_bytes -= dropped
            self._left_out += dropped
