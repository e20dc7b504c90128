"""Messages between pytest's process and its child: JSON objects in frames of a known, bounded length.

JSON because a child that has run a faulty operation is not to be trusted with anything that executes on reading.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError

Message = dict[str, Any]

MOST_BYTES = 16 << 20
"""Of one message. What a vector prints goes another way; this holds its texts, records of its log and warnings."""

_LENGTH = struct.Struct("!I")
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


class BrokenFrame(SweepError):
    """What arrived is no message."""


class TooLong(SweepError):
    """A message is longer than a frame may be."""


def frame(message: Message) -> bytes:
    """``message`` as bytes to send. Raises ``TooLong``; ``TypeError`` for what JSON has no form for."""
    # ASCII: lone surrogates, which broken texts hold, survive as escapes.
    payload = _encode(message).encode("ascii")
    if len(payload) > MOST_BYTES:
        msg = f"a message of {len(payload)} bytes; {MOST_BYTES} are the most"
        raise TooLong(msg)
    return _LENGTH.pack(len(payload)) + payload


class Frames:
    """Puts messages together from the pieces in which a stream delivers them."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, piece: bytes) -> Iterator[Message]:
        """The messages that ``piece`` completes. Raises ``BrokenFrame``."""
        self._bytes += piece
        while len(self._bytes) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._bytes)
            if length > MOST_BYTES:
                msg = f"a frame claims {length} bytes; {MOST_BYTES} are the most"
                raise BrokenFrame(msg)
            end = _LENGTH.size + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[_LENGTH.size : end])
            del self._bytes[:end]
            yield _decoded(payload)


def _decoded(payload: bytes) -> Message:
    try:
        message = json.loads(payload)
    except (ValueError, RecursionError) as error:
        msg = f"a frame isn't JSON: {error}"
        raise BrokenFrame(msg) from None
    if not isinstance(message, dict):
        msg = f"a frame holds a {type(message).__name__}, not an object"
        raise BrokenFrame(msg)
    return message
