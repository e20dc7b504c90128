"""Text that is shown: nothing hidden, nothing that steers a terminal."""

from __future__ import annotations

import pytest
from hostile import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results.analysis.visible import cut, visible, visible_line
from pytest_ttnn_sweeps.results.stored_text import stored_text


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_shown_can_be_encoded_and_steers_nothing(text: str) -> None:
    """Whatever the text: no control characters but newline and tab, no surrogates, no reordering of the line."""
    shown = visible(stored_text(text))

    shown.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\n\t" for c in shown)
    assert not set(shown) & set("\x7f\x9b\u202e\u2066\u200b\ufeff\u2028")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("größer ✓", "größer ✓"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\0b", "a\\x00b"),
        ("a\ud800b", "a\\ud800b"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\r\nb\rc", "a\nb\\rc"),
    ],
)
def test_what_cannot_be_seen_is_spelled_out(text: str, shown: str) -> None:
    """Colours alone are left out."""
    assert visible(stored_text(text)) == shown


def test_hostile_texts_are_one_line_where_one_is_asked_for() -> None:
    """Line ends of every kind."""
    for text in TEXTS.values():
        assert len(visible_line(stored_text(text)).splitlines()) <= 1


def test_a_cut_text_tells_how_long_it_was() -> None:
    """One that fits stays."""
    assert cut("abc", 3) == "abc"
    assert cut("abcd", 3) == "abc … (4 characters)"
