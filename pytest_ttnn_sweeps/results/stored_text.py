"""Text in the form in which records store it: any Python text, as text that every file and database takes.

JSON parsers, UTF-8, XML and PostgreSQL refuse lone surrogates or NUL, and messages of crashed native code have both.
Those two are written as ``␛<hex>;`` and so is ``␛`` (U+241B) itself, which makes the form exactly reversible; all other
text is stored as it is.
"""

from __future__ import annotations

import re
from typing import Any

_ESCAPE = "\u241b"
_UNSTORABLE = re.compile(f"[\x00\ud800-\udfff{_ESCAPE}]")
_ESCAPED = re.compile(f"{_ESCAPE}([0-9a-f]+);")


def stored_text(text: str) -> str:
    """``text`` in stored form: without NUL, lone surrogates and bare ``␛``."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(lambda found: f"{_ESCAPE}{ord(found[0]):x};", text)


def original_text(text: str) -> str:
    """The text whose stored form is ``text``."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if _ESCAPE in text else text


def stored_json(data: Any) -> Any:
    """JSON with every text in it, keys too, in stored form."""
    return _mapped(data, stored_text)


def original_json(data: Any) -> Any:
    """The JSON whose stored form is ``data``."""
    return _mapped(data, original_text)


def _mapped(data: Any, convert: Any) -> Any:
    if isinstance(data, str):
        return convert(data)
    if isinstance(data, list):
        return [_mapped(item, convert) for item in data]
    if isinstance(data, dict):
        return {convert(key): _mapped(item, convert) for key, item in data.items()}
    return data
