"""Reading a large JSON file member by member, so that memory is that of one member and not of the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TextIO

_CHUNK = 1 << 16
_BLANK = " \t\r\n"


class MalformedJson(ValueError):
    """The text isn't the JSON that is expected at this place."""


class JsonStream:
    """Walks nested objects: ``members`` for an object's keys, in the loop either ``members`` again or ``value``."""

    def __init__(self, file: TextIO, *, longest: int = 4 << 20) -> None:
        """``longest`` is the number of characters that one ``value`` may have."""
        self._file = file
        self._longest = longest
        self._text = ""
        self._at = 0
        self._decoder = json.JSONDecoder()

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; each member must be consumed before the next is asked for."""
        self._take("{")
        if self._peek() == "}":
            self._at += 1
            return
        seen: set[str] = set()
        while True:
            key = self.value()
            if not isinstance(key, str) or key in seen:
                msg = f"the key {str(key)[:60]!r} is there twice" if isinstance(key, str) else "expected a text as key"
                raise MalformedJson(msg)
            seen.add(key)
            self._take(":")
            yield key
            if self._take(",}") == "}":
                return

    def value(self) -> Any:
        """The whole value that begins here, an object, a list or a text."""
        if self._peek() not in ('"', "{", "["):
            msg = f"expected an object or a text, not {self._peek() or 'the end of the file'!r}"
            raise MalformedJson(msg)
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._text, self._at)
            except RecursionError:
                msg = "nests too deeply"
                raise MalformedJson(msg) from None
            except ValueError as error:
                # Perhaps only because the rest isn't here yet. Reading as much again keeps the retries few.
                if len(self._text) - self._at > self._longest or not self._fill(len(self._text) - self._at):
                    detail = getattr(error, "msg", str(error))
                    msg = f"no JSON, or longer than {self._longest} characters: {detail}"
                    raise MalformedJson(msg) from None
            else:
                return value

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self._peek():
            msg = f"expected the end of the file, not {self._peek()!r}"
            raise MalformedJson(msg)

    def _take(self, expected: str) -> str:
        found = self._peek()
        if not found or found not in expected:
            msg = f"expected {' or '.join(expected)}, not {found or 'the end of the file'!r}"
            raise MalformedJson(msg)
        self._at += 1
        return found

    def _peek(self) -> str:
        """The next character that isn't blank; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _BLANK:
                    return self._text[self._at]
                self._at += 1
            if not self._fill(0):
                return ""

    def _fill(self, at_least: int) -> bool:
        more = self._file.read(max(_CHUNK, at_least))
        self._text = self._text[self._at :] + more
        self._at = 0
        return bool(more)
