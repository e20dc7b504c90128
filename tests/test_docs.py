"""What the documents promise holds."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from pytest_ttnn_sweeps.cli import main
from pytest_ttnn_sweeps.options import OPTIONS, reference

ROOT = Path(__file__).parents[1]


def test_the_options_page_is_printed_from_the_table() -> None:
    """``docs/options.md`` is what ``python -m pytest_ttnn_sweeps.options`` prints."""
    assert (ROOT / "docs" / "options.md").read_text(encoding="utf-8") == reference()


def test_documents_name_only_options_that_exist() -> None:
    """Every ``--sweep-...`` that a document mentions is in the table."""
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]
    named = {flag for path in documents for flag in re.findall(r"--sweep-[a-z-]+", path.read_text(encoding="utf-8"))}

    assert named <= {option.flag for option in OPTIONS if option.on_command_line}


def test_links_between_documents_lead_somewhere() -> None:
    """Relative links point at files of the repository, and at headings in them."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target, heading in re.findall(r"\]\(([^)#:]*)#?([^):]*)\)", path.read_text(encoding="utf-8")):
            place = path.parent / target if target else path
            assert place.exists(), f"{path.name}: {target}"
            assert not heading or heading in headings(place), f"{path.name}: {target}#{heading}"


def headings(document: Path) -> set[str]:
    """The anchors of a document's headings, as GitHub makes them."""
    texts = re.findall(r"^#+ (.*)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def test_commands_in_documents_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every line that begins with ``ttnn-sweeps`` has a command, options and arguments that there are."""
    parse = argparse.ArgumentParser.parse_args

    def parse_alone(parser: argparse.ArgumentParser, arguments: list[str]) -> argparse.Namespace:
        options = parse(parser, arguments)
        options.run = lambda _: 0
        return options

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_alone)
    tried = 0
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for line in re.findall(r"^ttnn-sweeps (.*?)(?: > .*| \[.*)?$", path.read_text(encoding="utf-8"), re.MULTILINE):
            try:
                assert main(shlex.split(line, comments=True)) == 0
            except SystemExit as refused:
                pytest.fail(f"{path.name}: ttnn-sweeps {line}: {refused.__context__ or refused}")
            tried += 1
    assert tried >= 40
