"""The parser reads every notation of ttnn's texts, and nothing that is thrown at it breaks it."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_ttnn_sweeps.traced.errors import TracedTextError
from pytest_ttnn_sweeps.traced.text import (
    MAX_DEPTH,
    MAX_LENGTH,
    Coordinate,
    Node,
    QueueId,
    Range,
    Record,
    Unprinted,
    Word,
    parse_text,
)

DATA = Path(__file__).parents[1] / "data"

names = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: name not in ("nullopt", "None", "null", "True", "true", "False", "false", "inf", "nan")
)
words = st.lists(names, min_size=2, max_size=3).map("::".join)
sizes = st.integers(0, 10**6)
leaves: st.SearchStrategy[Node] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**12), 10**12),
    st.floats(allow_nan=False),
    st.text(max_size=8),
    words.map(Word),
    st.builds(Coordinate, sizes, sizes),
    names.map(lambda name: Unprinted(f"<{name}>")),
)
cores = st.one_of(
    st.builds(Coordinate, sizes, sizes),
    st.builds(lambda x, y: Record("", {"x": x, "y": y}), sizes, sizes),
)


def containers(inner: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    some = st.lists(inner, max_size=4)
    return st.one_of(
        some.map(tuple),
        st.builds(Range, cores, cores),
        st.builds(lambda name, items: Record(name, {}, tuple(items)), names | st.just(""), some),
        st.builds(Record, names | st.just(""), st.dictionaries(names, inner, min_size=1, max_size=4)),
    )


nodes = st.recursive(leaves, containers, max_leaves=20)


def printed(node: Node, styles: list[int]) -> str:
    """``node`` in ttnn's notation; ``styles`` picks among the spellings of the same thing."""
    style = styles.pop() if styles else 0
    space = " " * (style % 3)
    if node is None:
        return ("nullopt", "std::nullopt", "None", "null")[style % 4]
    if isinstance(node, bool):
        return str(node) if style % 2 else str(node).lower()
    if isinstance(node, (int, float)):
        return repr(node)
    if isinstance(node, str):
        quote = "\"'"[style % 2]
        return quote + node.replace("\\", "\\\\").replace(quote, f"\\{quote}") + quote
    if isinstance(node, (Word, Unprinted)):
        return node.text if style % 2 or isinstance(node, Unprinted) else node.text.replace("::", ".")
    if isinstance(node, Coordinate):
        return f"{node.x}-{node.y}"
    if isinstance(node, Range):
        return f"{printed(node.start, styles)} - {printed(node.end, styles)}"
    if isinstance(node, Record):
        opening, closing = ("()", "{}")[style % 2]
        entries = [
            f'"{key}":{space}{printed(value, styles)}' if style % 2 else f"{key}={printed(value, styles)}"
            for key, value in node.fields.items()
        ]
        entries += [printed(item, styles) for item in node.items]
        return f"{node.name}{opening}{f',{space}'.join(entries)}{closing}"
    assert isinstance(node, tuple)
    return f"[{f',{space}'.join(printed(item, styles) for item in node)}]"


def dotted(node: Node) -> Node:
    """``node`` with words spelled one way, because ``::`` and ``.`` mean the same."""
    if isinstance(node, Word):
        return Word(node.text.replace("::", "."))
    if isinstance(node, tuple):
        return tuple(dotted(item) for item in node)
    if isinstance(node, Record):
        return Record(node.name, {key: dotted(value) for key, value in node.fields.items()}, dotted(node.items))  # type: ignore[arg-type]
    return node


@settings(deadline=None)
@given(nodes, st.lists(st.integers(0, 11), min_size=40, max_size=40))
def test_what_is_printed_in_any_notation_reads_back(node: Node, styles: list[int]) -> None:
    """Parsing is the inverse of printing, whatever brackets, separators and spaces were chosen."""
    assert dotted(parse_text(printed(node, styles))) == dotted(node)


@settings(deadline=None)
@given(st.one_of(st.text(), st.text(alphabet="(){}[]<>,=:-\"'\\ .x19eE_N\x00\n")))
@example("[ unsupported type , a")
@example("1" * 5000)
@example("ShardSpec{grid=[{")
@example('{"start":1,"end":2')
@example("[ unsupported type ,[]")
def test_garbage_is_read_or_refused(text: str) -> None:
    """Nothing but the parser's own error comes out of any text."""
    with suppress(TracedTextError):
        parse_text(text)


@pytest.mark.parametrize(
    ("family", "smallest"),
    [
        ("[", 20_000),
        ("[ unsupported type ,", 20_000),
        ("[ unsupported type ,]", 5_000),
        ("<", 20_000),
        ('"\\', 20_000),
        ("a::", 20_000),
        ("1-", 20_000),
        (" ", 50_000),
        ("{a=", 10_000),
        ("[1],", 10_000),
    ],
)
def test_time_grows_with_the_length_only(family: str, smallest: int) -> None:
    """Ten times the hostile text takes no hundred times as long: nothing backtracks."""

    def seconds(count: int) -> float:
        best = 1.0
        for _ in range(3):
            start = time.process_time()
            with suppress(TracedTextError):
                parse_text("[" + family * count)
            best = min(best, time.process_time() - start)
        return best

    assert seconds(smallest) < 40 * max(seconds(smallest // 10), 1e-4)


def test_size_and_depth_are_bounded() -> None:
    """A text over the limits is refused in one line, not by Python's recursion limit."""
    with pytest.raises(TracedTextError, match="over the limit"):
        parse_text(" " * (MAX_LENGTH + 1))
    assert parse_text("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    with pytest.raises(TracedTextError, match="deeper than"):
        parse_text("[" * (MAX_DEPTH + 2) + "]" * (MAX_DEPTH + 2))


def test_an_error_says_what_was_expected_where() -> None:
    """The message names the expectation, the position and what stands there."""
    with pytest.raises(TracedTextError, match=r"expected ',' or '\]' at character 3, found '2\]'"):
        parse_text("[1 2]")
    with pytest.raises(TracedTextError, match="where the text ends"):
        parse_text("[1,")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("\x00", QueueId(0)),
        ("\x03", QueueId(3)),
        ("std::nullopt", None),
        ("0.0771517", 0.0771517),
        ("-2", -2),
        ("{32, 32}", Record("", {}, (32, 32))),
        ("Shape([1, 27])", Record("Shape", {}, ((1, 27),))),
        ("[any, empty]", Unprinted("[any, empty]")),
        ("Unable to parse", Unprinted("Unable to parse")),
        ("0x5646f7ce6e10", Unprinted("0x5646f7ce6e10")),
        ("8-7", Coordinate(8, 7)),
        ("ttnn.CoreGrid(x=8, y=7)", Record("ttnn.CoreGrid", {"x": 8, "y": 7})),
        (
            '[{"x":0,"y":0} - {"x":7,"y":6}]',
            (Range(Record("", {"x": 0, "y": 0}), Record("", {"x": 7, "y": 6})),),
        ),
        (
            "{[0-0 - 7-5], [0-6 - 0-6]}",
            Record(
                "",
                {},
                (
                    (Range(Coordinate(0, 0), Coordinate(7, 5)),),
                    (Range(Coordinate(0, 6), Coordinate(0, 6)),),
                ),
            ),
        ),
    ],
)
def test_the_notations_of_real_texts(text: str, node: Node) -> None:
    """Each form that a trace holds reads as what it means."""
    assert parse_text(text) == node


def test_a_core_range_may_lack_its_closing_brace() -> None:
    """ttnn 0.81.1 prints shard grids so, with one range or several."""
    one = parse_text('ShardSpec{grid=[{"start":{"x":0,"y":0},"end":{"x":1,"y":0}], shape=[32, 64]}')
    two = parse_text(
        'ShardSpec{grid=[{"start":{"x":0,"y":0},"end":{"x":7,"y":5}, {"start":{"x":0,"y":6},"end":{"x":0,"y":6}], '
        "shape=[64, 32]}"
    )

    assert isinstance(one, Record)
    assert isinstance(two, Record)
    assert len(one.fields["grid"]) == 1  # type: ignore[arg-type]
    assert [sorted(core_range.fields) for core_range in two.fields["grid"]] == [["end", "start"]] * 2  # type: ignore[union-attr]
    assert two.fields["shape"] == (64, 32)


def test_unsupported_types_keep_their_text() -> None:
    """A C++ type name with brackets of every kind is one value and ends where its bracket ends."""
    text = "[ unsupported type , std::reference_wrapper<std::array<std::pair<int, char [4]>, 2ul> const>]"

    assert parse_text(f"f({text}, 1)") == Record("f", {}, (Unprinted(text), 1))


def test_a_nameless_value_after_named_ones_is_refused() -> None:
    """``compute_grid=8,8`` can't be told from a second field, so the text is opaque rather than guessed."""
    with pytest.raises(TracedTextError, match="a field name"):
        parse_text("SDPAProgramConfig(compute_grid=8,8, q_chunk_size=256)")


def test_every_text_of_a_real_capture_parses() -> None:
    """All arguments of the ttnn 0.81.1 sample are in the grammar, but for the device, whose text is prose."""
    capture = json.loads((DATA / "graph_capture_sample.json").read_text())
    graph_texts = [text for mode in ("NORMAL", "NO_DISPATCH") for node in capture[mode] for text in node["arguments"]]
    python_texts = [
        text for record in capture["python_io"] for name, text in record["arguments"].items() if name != "device"
    ]

    for text in graph_texts + python_texts:
        parse_text(text)

    assert len(graph_texts) > 30
    assert len(python_texts) > 10
