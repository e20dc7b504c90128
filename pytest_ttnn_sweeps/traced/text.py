"""A parser for the texts in which ttnn prints its arguments.

One grammar reads every form that a trace holds: C++ values (``Name(field=value,...)``, ``Name{...}``), what older
tracers rewrote them to (JSON with C++ remains in it), the Python and C++ texts of ttnn 0.81.1, and plain JSON::

    value   = primary [ "-" primary ]                        a core range: {"x":0,"y":0} - {"x":7,"y":6}
    primary = "[" [value {"," value}] "]"                    a list
            | [word] "{" entries "}" | [word] "(" entries ")"  a record
            | string | number | word                         DataType::BFLOAT16, nullopt, True, nearest
            | digits "-" digits                              a core: 7-6
            | "<" ... ">" | "0x" digits | "[ unsupported type , ... ]"   what ttnn could not print
    entries = [entry {"," entry}];  entry = [(word | string) ("=" | ":")] value

Type names are kept. Texts come from files, so they are treated as hostile: the length and the nesting are bounded, the
time is linear in the length, and nothing but ``TracedTextError`` is raised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Union

from pytest_ttnn_sweeps.traced.errors import TracedTextError

MAX_LENGTH = 1_000_000
"""Characters; the longest argument in the real masters has under 3,000."""
MAX_DEPTH = 50
"""Brackets inside brackets; real arguments need at most 10. A level costs two Python frames."""
MAX_DIGITS = 64


@dataclass(frozen=True)
class Word:
    """A bare identifier, qualified with ``::`` or ``.`` or not: an enumerator or a short text."""

    text: str


@dataclass(frozen=True)
class Coordinate:
    """A core printed as ``x-y``."""

    x: int
    y: int


@dataclass(frozen=True)
class Range:
    """Two cores joined by a dash, both included."""

    start: Node
    end: Node


@dataclass(frozen=True)
class Record:
    """``name(...)`` or ``name{...}``: named fields, or items without names; ``name`` is empty where there was none."""

    name: str
    fields: Mapping[str, Node] = field(default_factory=dict)
    items: tuple[Node, ...] = ()


@dataclass(frozen=True)
class Unprinted:
    """A value that ttnn had no text for; ``text`` is what stands in its place."""

    text: str


@dataclass(frozen=True)
class QueueId:
    """A command queue's number, which C++ prints as the character with that code."""

    number: int


Node = Union[None, bool, int, float, str, Word, Coordinate, Range, Record, Unprinted, QueueId, "tuple[Node, ...]"]

_UNSUPPORTED = "[ unsupported type ,"
_BRACKET = re.compile(r"[\[\]]")
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<unprinted>0x[0-9a-fA-F]+\b|<[^<>]*>)
    | (?P<coordinate>[0-9]+-[0-9]+(?![\w.]))
    | (?P<number>-?(?:[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|inf\b|nan\b)(?![\w.]))
    | (?P<word>[A-Za-z_]\w*(?:(?:::|\.)[A-Za-z_]\w*)*)
    | (?P<mark>[(){}\[\],=:-])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_CONSTANTS: dict[str, Node] = {
    "nullopt": None,
    "std::nullopt": None,
    "None": None,
    "null": None,
    "True": True,
    "true": True,
    "False": False,
    "false": False,
}
_CLOSING = {"(": ")", "{": "}", "[": "]"}
_RANGE_FIELDS = {"start", "end"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def parse_text(text: str) -> Node:
    """The value that ``text`` prints. Raises ``TracedTextError`` for anything outside the grammar and the bounds."""
    if len(text) > MAX_LENGTH:
        msg = f"a text of {len(text)} characters is over the limit of {MAX_LENGTH}"
        raise TracedTextError(msg)
    if len(text) == 1 and ord(text) < ord(" "):
        return QueueId(ord(text))
    if text in ("[any, empty]", "Unable to parse"):
        return Unprinted(text)
    parser = _Parser(text)
    value = parser.value(depth=0)
    parser.expect_end()
    return value


class _Parser:
    """Recursive descent over the tokens of one text; ``index`` is the next token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.kinds: list[str] = []
        self.tokens: list[str] = []
        self.starts: list[int] = []
        self.index = 0
        self._tokenise()

    def _tokenise(self) -> None:
        text, match = self.text, _TOKEN.match
        position, end = 0, len(self.text.rstrip())
        while position < end:
            found = match(text, position, end)
            if found is None:
                raise self._error("a value", position)
            kind = found.lastgroup or ""
            start, position = found.span(kind)
            if text[start] == "[" and text.startswith(_UNSUPPORTED, start):
                kind, position = "unprinted", self._end_of_list(start)
            self.kinds.append(kind)
            self.tokens.append(text[start:position])
            self.starts.append(start)
        # A sentinel, so that looking one token ahead needs no bounds check.
        self.kinds += ["end", "end"]
        self.tokens += ["", ""]
        self.starts += [end, end]

    def _end_of_list(self, start: int) -> int:
        """The position after the bracket that closes the one at ``start``: C++ type names hold brackets themselves."""
        depth = 0
        for bracket in _BRACKET.finditer(self.text, start):
            depth += 1 if bracket.group() == "[" else -1
            if depth == 0:
                return bracket.end()
        raise self._error("']'", len(self.text))

    def value(self, depth: int) -> Node:
        start = self._primary(depth)
        if self.tokens[self.index] != "-":
            return start
        self.index += 1
        return Range(start, self._primary(depth))

    def _primary(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            msg = f"brackets are nested deeper than {MAX_DEPTH} at character {self.starts[self.index]}"
            raise TracedTextError(msg)
        kind, token = self.kinds[self.index], self.tokens[self.index]
        if token == "[":
            return self._list(depth)
        if token in ("{", "("):
            return self._record("", depth)
        self.index += 1
        if kind == "word":
            if self.tokens[self.index] in ("{", "("):
                return self._record(token, depth)
            return _CONSTANTS[token] if token in _CONSTANTS else Word(token)
        if kind == "number":
            return self._number(token)
        if kind == "string":
            return _ESCAPE.sub(_unescape, token[1:-1]) if "\\" in token else token[1:-1]
        if kind == "coordinate":
            x, _, y = token.partition("-")
            return Coordinate(int(self._bounded(x)), int(self._bounded(y)))
        if kind == "unprinted":
            return Unprinted(token)
        self.index -= 1
        raise self._expected("a value")

    def _list(self, depth: int) -> tuple[Node, ...]:
        self.index += 1
        items: list[Node] = []
        while not self._closes("]", first=not items):
            items.append(self.value(depth + 1))
        return tuple(items)

    def _record(self, name: str, depth: int) -> Record:
        closing = _CLOSING[self.tokens[self.index]]
        self.index += 1
        fields: dict[str, Node] = {}
        items: list[Node] = []
        while not self._closes(closing, first=not fields and not items):
            if self.kinds[self.index] in ("word", "string") and self.tokens[self.index + 1] in ("=", ":"):
                key = self.tokens[self.index].strip("\"'")
                if key in fields or items:
                    raise self._expected("a new field name")
                self.index += 2
                fields[key] = self.value(depth + 1)
                if not name and fields.keys() == _RANGE_FIELDS and self._brace_was_left_out():
                    break
            elif fields:
                raise self._expected("a field name")
            else:
                items.append(self.value(depth + 1))
        return Record(name, fields, tuple(items))

    def _brace_was_left_out(self) -> bool:
        """Whether a core range lacks its closing brace, as in the ``ShardSpec`` text of ttnn 0.81.1."""
        token, following = self.tokens[self.index], self.tokens[self.index + 1]
        return token == "]" or (token == "," and following == "{")

    def _closes(self, closing: str, *, first: bool) -> bool:
        """Whether the bracket closes here; passes it, or the comma before the next entry."""
        if self.tokens[self.index] == closing:
            self.index += 1
            return True
        if not first:
            if self.tokens[self.index] != ",":
                raise self._expected(f"',' or {closing!r}")
            self.index += 1
        return False

    def _number(self, token: str) -> int | float:
        self._bounded(token)
        if token.lstrip("-").isdigit():
            return int(token)
        return float(token)

    def _bounded(self, digits: str) -> str:
        if len(digits) > MAX_DIGITS:
            msg = f"a number of {len(digits)} characters is over the limit of {MAX_DIGITS}"
            raise TracedTextError(msg)
        return digits

    def expect_end(self) -> None:
        if self.kinds[self.index] != "end":
            raise self._expected("the end")

    def _expected(self, what: str) -> TracedTextError:
        return self._error(what, self.starts[self.index])

    def _error(self, what: str, position: int) -> TracedTextError:
        found = self.text[position : position + 20]
        return TracedTextError(
            f"expected {what} at character {position}, found {found!r}"
            if found
            else f"expected {what} at character {position}, where the text ends"
        )


def _unescape(escape: re.Match[str]) -> str:
    return {"n": "\n", "t": "\t", "r": "\r"}.get(escape[1], escape[1])
