"""The stored form of texts."""

from __future__ import annotations

import json

import pytest
from hostile import TEXTS
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.results.stored_text import original_json, original_text, stored_json, stored_text

ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\0\u241b\ud800\udfff;0d8"))


@given(ANY_TEXT)
def test_every_text_has_a_stored_form_and_comes_back(text: str) -> None:
    """The stored form is UTF-8, has no NUL, and its original is the text; JSON doesn't change it."""
    stored = stored_text(text)

    assert "\0" not in stored
    stored.encode("utf-8")
    assert original_text(stored) == text
    assert json.loads(json.dumps(stored)) == stored


@given(ANY_TEXT, ANY_TEXT)
def test_different_texts_have_different_stored_forms(first: str, second: str) -> None:
    """Nothing is folded together."""
    assert (stored_text(first) == stored_text(second)) == (first == second)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_hostile_texts_come_back(text: str) -> None:
    """The texts that the destinations are tested with."""
    assert original_text(stored_text(text)) == text


def test_ordinary_text_is_stored_as_it_is() -> None:
    """Readers who know nothing of the form read it right."""
    for text in ("PCC 0.99", "Größe ≤ 3 µs 🧪", "\x1b[31m\n\t"):
        assert stored_text(text) == text


def test_json_is_converted_at_any_depth_keys_too() -> None:
    """Lists, objects, keys; numbers stay."""
    data = {"\0": [1, 2.5, None, True, {"a\ud800": "\u241b"}]}

    stored = stored_json(data)

    assert stored == {"\u241b0;": [1, 2.5, None, True, {"a\u241bd800;": "\u241b241b;"}]}
    assert original_json(stored) == data
