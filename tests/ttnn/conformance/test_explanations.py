"""What an entry of ``conformance.toml`` excuses: what it says, and nothing beside it."""

from __future__ import annotations

from pathlib import Path

import pytest
from differential import explanations
from differential.comparing import Comparison, Kind
from differential.explanations import read_explanations, unexplained
from differential.forms import call, tensor

TOML = """
[[explanation]]
reason = "the other fault is named first"
differs = ["differing words"]

[[explanation.pairs]]
subjects = ["*_bw"]
wheel = "RuntimeError: got Shape(…) [1]"
emulation = "RuntimeError: rank …"

[[explanation]]
reason = "an older spelling"
differs = ["differing verdict"]

[[explanation.pairs]]
subjects = ["div"]
wheel = "TypeError: "
emulation = "accepts"
case = '"accurate_mode"'
"""
PAIR = "wheel: RuntimeError: got Shape([2, 3]) [1], emulation: RuntimeError: rank 3"
ACCEPTED = "wheel: TypeError: , emulation: accepts"


@pytest.fixture
def _toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "conformance.toml"
    path.write_text(TOML, encoding="utf-8")
    monkeypatch.setattr(explanations, "PATH", path)


@pytest.mark.usefixtures("_toml")
@pytest.mark.parametrize(
    ("operation", "kind", "detail", "settings", "excused"),
    [
        ("abs_bw", Kind.WORDS, PAIR, {}, True),
        ("abs", Kind.WORDS, PAIR, {}, False),
        ("abs_bw", Kind.VERDICT, PAIR, {}, False),
        ("abs_bw", Kind.WORDS, PAIR.replace("rank 3", "layout 3"), {}, False),
        ("abs_bw", Kind.WORDS, PAIR.replace("got", "not got"), {}, False),
        ("abs_bw", Kind.WORDS, PAIR.replace("[1]", "1"), {}, False),
        ("div", Kind.VERDICT, ACCEPTED, {"accurate_mode": True}, True),
        ("div", Kind.VERDICT, ACCEPTED, {"round_mode": "floor"}, False),
    ],
)
def test_nothing_but_what_is_listed_is_excused(
    operation: str, kind: Kind, detail: str, settings: dict[str, object], excused: bool
) -> None:
    comparison = Comparison(call(operation, tensor([2, 3]), **settings), kind, (detail,))

    left, used = unexplained([comparison], read_explanations())

    assert (left == []) is excused
    assert bool(used) is excused


def test_every_entry_names_ways_to_differ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "conformance.toml"
    path.write_text(TOML.replace("differing words", "differing wrods"), encoding="utf-8")
    monkeypatch.setattr(explanations, "PATH", path)

    with pytest.raises(ValueError, match="differing wrods"):
        read_explanations()
