"""Where in a master file each operation stands, found in one pass that checks the JSON and keeps none of it.

Masters grow to 100 MB, of which a sweep module wants one operation. The pass takes less than half of ``json.load``'s
time, because what it parses is dropped at once; an operation is parsed again, alone, when it is asked for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from json import JSONDecodeError
from pathlib import Path
from typing import NoReturn

from pytest_ttnn_sweeps.traced.errors import MasterError

SCHEMA_VERSION = 3
"""Of the masters that are written; the files of other tracers have none."""
REMEDY = "restore it from version control or trace again"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SPACE = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes of one operation's entry, or of one record of a per-test file."""

    name: str
    """The operation as it is spelled there."""
    start: int
    end: int
    count: int
    """How many configurations it holds."""
    digest: str
    """Hexadecimal SHA-256 of the bytes."""

    def is_of(self, data: bytes) -> bool:
        """Whether ``data`` is the entry that was scanned."""
        return sha256(data).hexdigest() == self.digest


@dataclass(frozen=True, slots=True)
class Contents:
    """What a master holds and where."""

    schema_version: int | None
    spans: tuple[Span, ...]
    metadata: Mapping[str, object]
    rest: str
    """Hexadecimal SHA-256 of the bytes outside of the spans."""

    def describes(self, data: bytes) -> bool:
        """Whether ``data`` is the file that was scanned, byte for byte."""
        return rest_digest(data, self.spans) == self.rest and all(
            span.is_of(data[span.start : span.end]) for span in self.spans
        )


def rest_digest(data: bytes, spans: tuple[Span, ...]) -> str:
    """The digest of what lies outside of ``spans``, with its length."""
    digest = sha256(b"%d;" % len(data))
    end = 0
    for span in spans:
        digest.update(data[end : span.start])
        end = span.end
    digest.update(data[end:])
    return digest.hexdigest()


def scan(path: Path, data: bytes) -> Contents:
    """The contents of the master ``data`` that was read from ``path``.

    Raises ``MasterError``, one line with the path, the position and a remedy, where it isn't JSON, no master, or one of
    a newer version than this package knows.
    """
    base = len(_BYTE_ORDER_MARK) if data.startswith(_BYTE_ORDER_MARK) else 0
    try:
        text = str(memoryview(data)[base:], "utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, base + error.start) + 1
        trouble = f"{error.reason} in UTF-8 at line {line} (byte {base + error.start})"
        msg = f"{path}: the master is not valid JSON: {trouble}; {REMEDY}"
        raise MasterError(msg) from None
    walk = _Walk(path, text)
    entries = walk.file()
    places: Callable[[int], int] = _offsets(text, base)
    spans = []
    for name, start, end, count in entries:
        first, last = places(start), places(end)
        spans.append(Span(name, first, last, count, sha256(data[first:last]).hexdigest()))
    return Contents(walk.version(), tuple(spans), walk.metadata, rest_digest(data, tuple(spans)))


def _offsets(text: str, base: int) -> Callable[[int], int]:
    """From a character's place in ``text`` to its byte's, for places in ascending order."""
    if text.isascii():
        return lambda place: base + place
    passed = [0, base]

    def offset(place: int) -> int:
        passed[1] += len(text[passed[0] : place].encode())
        passed[0] = place
        return passed[1]

    return offset


_Entry = tuple[str, int, int, int]


class _Walk:
    """Walks the outer objects by hand and lets the C parser run over what is in them."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._text = text
        self._decode = json.JSONDecoder().raw_decode
        self._operations: list[_Entry] | None = None
        self._records: list[_Entry] | None = None
        self._recorded_version: object = None
        self.metadata: Mapping[str, object] = {}

    def file(self) -> list[_Entry]:
        """The entries, in the file's order. Raises ``MasterError``."""
        content: object = {}
        try:
            start = self._space(0)
            if self._text[start : start + 1] == "{":
                end = self._top(start)
            else:
                content, end = self._value(start)
            if self._space(end) != len(self._text):
                raise JSONDecodeError("Extra data", self._text, self._space(end))
        except JSONDecodeError as error:
            self._fail(f"the master is not valid JSON: {error}")
        if not isinstance(content, dict):
            self._fail(f"the master holds a JSON {type(content).__name__}, expected an object with 'operations'")
        found = self._records if self._operations is None else self._operations
        if found is None:
            self._fail("the master has neither 'operations' nor 'content'")
        return found

    def version(self) -> int | None:
        """The schema's version, None where the file has none. Raises ``MasterError`` for an unknown one."""
        recorded = self._recorded_version
        if recorded is None:
            return None
        if type(recorded) is not int or not 0 < recorded <= SCHEMA_VERSION:
            known = f"this package knows up to {SCHEMA_VERSION}"
            msg = f"{self._path}: the master has schema_version {recorded!r}, {known}; update pytest-ttnn-sweeps"
            raise MasterError(msg)
        return recorded

    def _fail(self, trouble: str) -> NoReturn:
        raise MasterError(f"{self._path}: {trouble}; {REMEDY}")

    def _top(self, start: int) -> int:
        end = start
        for name, at in self._members(start):
            opening = self._text[at : at + 1]
            if name == "operations" and opening == "{":
                end = self._operations_object(at)
            elif name == "content" and opening == "[":
                end = self._content(at)
            else:
                value, end = self._value(at)
                if name == "metadata" and isinstance(value, dict):
                    self.metadata = value
                elif name == "schema_version":
                    self._recorded_version = value
            self._after = end
        return self._after

    def _operations_object(self, start: int) -> int:
        entries = self._operations = self._operations or []
        for name, at in self._members(start):
            entries.append(self._operation(name, at))
        return self._after

    def _members(self, start: int) -> Iterator[tuple[str, int]]:
        """Names and places of the values of the object at ``start``; who takes one sets ``_after`` to its end."""
        at = self._space(start + 1)
        self._after = at + 1
        if self._text[at : at + 1] == "}":
            return
        while True:
            if self._text[at : at + 1] != '"':
                raise JSONDecodeError("Expecting property name enclosed in double quotes", self._text, at)
            name, at = self._decode(self._text, at)
            at = self._expect(":", at)
            yield name, self._space(at)
            at = self._space(self._after)
            if self._text[at : at + 1] == "}":
                self._after = at + 1
                return
            at = self._space(self._expect(",", at))

    def _operation(self, name: str, start: int) -> _Entry:
        entry, end = self._value(start)
        configurations = entry.get("configurations") if isinstance(entry, dict) else entry
        if not isinstance(configurations, list):
            self._fail(f"operation {name!r} has no list of 'configurations', {self._where(start)}")
        self._after = end
        return name, start, end, len(configurations)

    def _content(self, start: int) -> int:
        """The records of a per-test file; a call without a name was written as null."""
        records = self._records = self._records or []
        at = self._space(start + 1)
        if self._text[at : at + 1] == "]":
            return at + 1
        while True:
            record, end = self._value(at)
            if isinstance(record, dict) and isinstance(record.get("operation"), str):
                records.append((record["operation"], at, end, 1))
            at = self._space(end)
            if self._text[at : at + 1] == "]":
                return at + 1
            at = self._space(self._expect(",", at))

    def _value(self, start: int) -> tuple[object, int]:
        try:
            return self._decode(self._text, start)
        except JSONDecodeError:
            raise
        except RecursionError:
            self._fail(f"the master is not valid JSON: it is nested too deeply, {self._where(start)}")
        except ValueError as error:  # A number of too many digits.
            self._fail(f"the master is not valid JSON: {error}, {self._where(start)}")

    def _where(self, place: int) -> str:
        line = self._text.count("\n", 0, place) + 1
        return f"in the value at line {line} column {place - self._text.rfind(chr(10), 0, place)}"

    def _space(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _expect(self, mark: str, at: int) -> int:
        at = self._space(at)
        if self._text[at : at + 1] != mark:
            raise JSONDecodeError(f"Expecting {mark!r} delimiter", self._text, at)
        return at + 1
