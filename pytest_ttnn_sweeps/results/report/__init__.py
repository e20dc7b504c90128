"""A run as one HTML page that asks no network for anything: `write_report`.

The page is ``page.html`` with the style, the scripts and the records inside. The records are gzip in base64, whose
alphabet has no markup; the scripts put every text into the page as text; and a content security policy lets run only
the scripts that were put in here, by their hashes.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import os
from html import escape
from importlib.resources import files
from pathlib import Path

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.results.analysis.run_lines import ending
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.report.data import ReportData, run_facts

_SCRIPTS = (
    *("data.js", "filters.js", "overview.js"),
    *("charts.js", "times.js", "memory.js", "roofline.js"),
    *("vectors.js", "page.js"),
)
"""In the order in which they build on one another."""


class ReportError(SweepError):
    """A report that can't be written."""


def write_report(stored: StoredRun, path: Path) -> None:
    """Write the page of a run, whole or not at all. Raises ``SweepError``."""
    page = report_page(stored)
    # Not `with_name`, which knows no sibling of `.` or `/`.
    temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(page, encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            temporary.unlink()
        msg = f"{path}: the report can't be written: {error.strerror}"
        raise ReportError(msg) from None


def report_page(stored: StoredRun) -> str:
    """The page of a run. Raises ``RecordError`` where its records can't be read."""
    data = ReportData.of(stored)
    assets = files(__name__)
    style = assets.joinpath("page.css").read_text(encoding="utf-8")
    script = "\n".join(assets.joinpath(name).read_text(encoding="utf-8") for name in _SCRIPTS)
    run = stored.run
    parts = {
        "POLICY": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'",
        "TITLE": escape(f"Sweeps {run.run_id}"),
        "VERDICT": escape(f"{ending(run)}: {data.totals_line}"),
        "NOTES": "".join(f"<li>{escape(note)}</li>" for note in data.notes),
        "FACTS": "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in run_facts(run)),
        "STYLE": style,
        "SCRIPT": script,
        "DATA": _packed(data),
    }
    page = assets.joinpath("page.html").read_text(encoding="utf-8")
    # In one pass: what a text of the run looks like must not matter.
    pieces = page.split("@@")
    return "".join(parts[piece] if at % 2 else piece for at, piece in enumerate(pieces))


def _packed(data: ReportData) -> str:
    text = json.dumps(data.as_json(), separators=(",", ":"), allow_nan=False)
    # The same run gives the same page: no time in the header.
    return base64.b64encode(gzip.compress(text.encode("ascii"), compresslevel=6, mtime=0)).decode("ascii")


def _hash(source: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(source.encode('utf-8')).digest()).decode('ascii')}'"
