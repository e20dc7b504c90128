"""What the documents promise holds."""

from __future__ import annotations

import re
from pathlib import Path

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
    """Relative links point at files of the repository."""
    for path in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
