"""Frames between pytest's process and its child."""

from __future__ import annotations

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_ttnn_sweeps.devices.framing import MOST_BYTES, BrokenFrame, Frames, TooLong, frame

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=4) | st.dictionaries(st.text(), values, max_size=4),
    max_leaves=10,
)


@given(st.lists(st.dictionaries(st.text(), JSON, max_size=4), max_size=4), st.integers(min_value=1, max_value=7))
def test_messages_arrive_whole_however_the_stream_cuts_them(messages: list[dict[str, object]], piece: int) -> None:
    """Any messages, delivered in pieces of any size, come out as they went in."""
    stream = b"".join(map(frame, messages))
    frames = Frames()

    found = [message for at in range(0, len(stream), piece) for message in frames.feed(stream[at : at + piece])]

    assert found == messages


def test_broken_text_survives() -> None:
    """Lone surrogates, infinities and NUL, which texts of faulty operations hold, are no obstacle."""
    message = {"text": "\udcff\x00\u2028", "value": float("-inf")}

    assert list(Frames().feed(frame(message))) == [message]


@given(st.binary(min_size=1, max_size=64))
def test_other_bytes_are_refused_or_waited_for(garbage: bytes) -> None:
    """What isn't a message is refused, or the beginning of one; nothing but objects comes out."""
    data = struct.pack("!I", len(garbage)) + garbage
    found: list[object] = []
    with suppress(BrokenFrame):
        found += Frames().feed(data)

    assert all(isinstance(message, dict) for message in found)


def test_a_frame_is_bounded() -> None:
    """Neither side makes the other one hold what a frame may not have."""
    with pytest.raises(TooLong, match="are the most"):
        frame({"text": "x" * (MOST_BYTES + 1)})
    with pytest.raises(BrokenFrame, match="claims"):
        list(Frames().feed(struct.pack("!I", MOST_BYTES + 1)))
