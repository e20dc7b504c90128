"""Text of vectors and devices as a terminal or a page may show it: what can't be seen is spelled out.

Messages hold what native code wrote: colours, cursor movements, NUL, bidirectional overrides that reorder a line.
"""

from __future__ import annotations

import re

from pytest_ttnn_sweeps.results.stored_text import original_text

_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def visible(text: str) -> str:
    """A stored text without colours, and with every other character that isn't seen written as Python escapes it.

    Newlines and tabs stay. The result can be encoded as UTF-8.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _COLOUR.sub("", original_text(text).replace("\r\n", "\n"))
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def visible_line(text: str) -> str:
    """`visible` on one line."""
    return " ".join(visible(text).split())


def cut(text: str, most: int) -> str:
    """The beginning of ``text``; what is missing is told."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text)} characters)"
