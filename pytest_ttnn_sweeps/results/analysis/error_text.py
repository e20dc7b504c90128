"""One text for failures of one kind: what differs from vector to vector is folded away.

``Number of shards along height 27 must not exceed number of rows 2`` is the same trouble with 31 and 7.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from pytest_ttnn_sweeps.results.analysis.visible import visible_line
from pytest_ttnn_sweeps.results.records import SweepResult

_READ = 4000
"""Characters of a message that are looked at: the output of a crashed process may be megabytes."""
_MOST = 300

_PATH = re.compile(r"(?<![\w.~])(?:~|\.{1,2})?(?:/[^\s/:;,'\"()<>\[\]{}|]+)+/?")
_FOLDS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b0[xX][0-9a-fA-F]+\b"), "0x#"),
    # Hashes and UUIDs.
    (re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"), "#"),
    (re.compile(r"(?<![\w.])(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b"), "#"),
    # Numbers, also 1e-5, 1.2.3 and 32x64, but not those in names: bfloat16, L1, Conv2d.
    (re.compile(r"(?<![\w.])[-+]?\d+(?:\.\d+)*(?:[eE][-+]?\d+)?(?:x\d+)*(?!\d|x#)"), "#"),
    # Shapes of whatever rank.
    (re.compile(r"#(?:\s*,\s*#)+"), "#, …"),
)
_ONLY_NUMBERS = re.compile(r"#(?:, …)?,?")


@dataclass(frozen=True)
class ErrorGroup:
    """What failures of one kind have in common."""

    status: str
    exception_type: str | None
    text: str

    @cached_property
    def group_id(self) -> str:
        """Eight hexadecimal digits, the same in every run."""
        parts = "\0".join((self.status, self.exception_type or "", self.text))
        return hashlib.blake2b(parts.encode("utf-8"), digest_size=4).hexdigest()


def error_group(record: SweepResult) -> ErrorGroup:
    """The group of a record that failed, or that didn't run."""
    text = folded_error(record.message or record.skip_reason or "")
    if _ONLY_NUMBERS.fullmatch(text) and any(metric.name == "pcc" for metric in record.metrics):
        text = f"PCC {text}".rstrip(",")
    return ErrorGroup(record.status, record.exception_type, text or record.exception_type or "(no message)")


def folded_error(message: str) -> str:
    """``message`` on one line, with ``#`` for numbers, ``0x#`` for addresses and the names of files for paths."""
    text = _PATH.sub(_file_name, visible_line(message[:_READ]))
    for pattern, replacement in _FOLDS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def _file_name(found: re.Match[str]) -> str:
    name = found[0].rpartition("/")[2]
    return f"…/{name}" if "." in name else "…/"
