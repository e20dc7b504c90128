"""Writing vectors to upstream's files, in the layout that its runner has read since December 2025.

A module's file is written vector by vector beside its place and then put there at once, so that memory is that of a
suite's ids and no reader sees half a file. The same vectors give the same bytes but for the time stamps; where nothing
else has changed the file that is there stays.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.codec import UnencodableValue
from pytest_ttnn_sweeps.vectors.exported import (
    HEADER,
    MANIFEST,
    declared_by_text,
    declared_values,
    manifest_names,
    wire_key,
)
from pytest_ttnn_sweeps.vectors.identity import VectorIds
from pytest_ttnn_sweeps.vectors.module import SweepDefinition, Verdict
from pytest_ttnn_sweeps.vectors.suite import Suite
from pytest_ttnn_sweeps.vectors.unavailable import Unavailable
from pytest_ttnn_sweeps.vectors.upstream import UpstreamIds, bookkeeping, serialised
from pytest_ttnn_sweeps.vectors.wire import own_form

_ADDRESS = re.compile(r"\bat 0x[0-9a-fA-F]+")
_TIMESTAMP = '      "timestamp": '


@dataclass(frozen=True)
class Stamp:
    """What upstream notes beside each vector: when, and for whom."""

    time: datetime
    tag: str

    @classmethod
    def now(cls, tag: str) -> Stamp:
        """The current time, or the one that ``SOURCE_DATE_EPOCH`` gives for files that can be made again."""
        epoch = os.environ.get("SOURCE_DATE_EPOCH")
        time = datetime.fromtimestamp(int(epoch), timezone.utc) if epoch else datetime.now().astimezone()
        return cls(time, tag)


@dataclass(frozen=True)
class Selected:
    """The vectors of a suite that are written, by index."""

    suite: Suite
    indexes: Sequence[int]


def export_module(
    module: SweepDefinition, selected: Sequence[Selected], directory: Path, *, stamp: Stamp, valid_only: bool = False
) -> tuple[Path | None, int]:
    """Write ``<module name>.json`` with these vectors, and no others; its path and the number of distinct vectors.

    The path is None where there is nothing to write. Raises ``SweepError`` naming suite and key for a value that has no
    form that could be read back, and then leaves what was there.
    """
    target = directory / f"{module.name}.json"
    writer = _Writer(module, stamp=stamp, valid_only=valid_only)
    if not _replace(target, partial(writer.write, selected), keep=lambda: not writer.count and not target.exists()):
        return None, 0
    return target, writer.count


def write_manifest(directory: Path, written: Sequence[Path], *, stamp: Stamp, modules: str, suites: str) -> None:
    """Write ``generation_manifest.json``: these files, and those that an earlier manifest lists and that are there."""
    path = directory / MANIFEST
    listed = {name for name in manifest_names(path) if (directory / name).is_file()}
    content = {
        "generated_at_utc": stamp.time.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "vector_grouping_mode": "mesh",
        "module_name": modules or None,
        "model_traced": None,
        "suite_name": suites or None,
        "vector_files": sorted(listed | {path.name for path in written}),
    }
    _replace(path, lambda file: file.write(json.dumps(content, indent=2) + "\n"))


class _Writer:
    def __init__(self, module: SweepDefinition, *, stamp: Stamp, valid_only: bool) -> None:
        self._module = module
        self._stamp = stamp
        self._valid_only = valid_only
        self._headers: dict[tuple[str, Verdict], list[str]] = {}
        self.count = 0

    def write(self, selected: Sequence[Selected], file: TextIO) -> None:
        """Write the whole file; a suite without vectors has no place in it."""
        written = 0
        file.write("{")
        for chosen in selected:
            if not chosen.indexes:
                continue
            vectors = 0
            for text in self._vectors(chosen):
                if not vectors:
                    file.write(f"{',' if written else ''}\n  {json.dumps(chosen.suite.name)}: {{\n")
                else:
                    file.write(",\n")
                file.write(text)
                vectors += 1
            if vectors:
                file.write("\n  }")
                written += 1
                self.count += vectors
        file.write("\n}\n" if written else "}\n")

    def _vectors(self, chosen: Selected) -> Iterator[str]:
        """The distinct vectors, as texts; one that occurs again adds nothing."""
        suite, module = chosen.suite, self._module
        forms = _Forms(suite)
        columns = self._columns(suite, forms)
        upstream = UpstreamIds(module.name, suite, "json", place=module.place, form=forms.of)
        own = VectorIds(suite, place=module.place)
        footer = [_member("tag", self._stamp.tag)]
        if "traced_source" not in suite.parameter_names:
            footer.append(_member("traced_source", []))
        seen: dict[str, str] = {}
        for index in chosen.indexes:
            verdict = module.verdict(suite, index)
            if self._valid_only and verdict[0]:
                continue
            key, vector_id = upstream.of(index, verdict), own.of(index)
            if seen.setdefault(key, vector_id) is not vector_id:
                if seen[key] != vector_id:
                    msg = f"{self._where(suite)}: two vectors would have the id {key}, by their 'config_hash'"
                    raise SweepError(msg)
                continue
            parts = [part for rows, at in zip(columns, suite.positions(index)) for part in rows[at]]
            parts += self._header(suite, verdict)
            parts.append(_member("input_hash", key))
            parts += footer
            yield f'    "{key}": {{\n' + ",\n".join(parts) + "\n    }"

    def _header(self, suite: Suite, verdict: Verdict) -> list[str]:
        """The lines of upstream's keys before the id, which few vectors have of their own."""
        known = self._headers.get((suite.name, verdict))
        if known is None:
            values = bookkeeping(self._module.name, suite.name, verdict, "json")
            values["timestamp"] = self._stamp.time.strftime("%Y-%m-%d_%H-%M-%S")
            known = self._headers[suite.name, verdict] = [_member(name, value) for name, value in values.items()]
        return known

    def _columns(self, suite: Suite, forms: _Forms) -> list[list[list[str]]]:
        """For every axis, at each position, the lines of its parameters."""
        for name in suite.parameter_names:
            if name in HEADER:
                msg = f"{self._where(suite)}: {name!r} is a key of upstream's own; give the parameter another name"
                raise SweepError(msg)
        return [
            [[self._line(suite, forms, name, value) for name, value in zip(axis.names, row)] for row in axis.values]
            for axis in suite.axes
        ]

    def _line(self, suite: Suite, forms: _Forms, name: str, value: object) -> str:
        try:
            return _member(name, forms.of(name, value))
        except UnencodableValue as error:
            msg = f"{self._where(suite)}: {name!r}: {error}"
            raise SweepError(msg) from None

    def _where(self, suite: Suite) -> str:
        return f"{self._module.place}: suite {suite.name!r}"


class _Forms:
    """How the values of a suite are written: as upstream does where a reader who knows the module finds them again."""

    def __init__(self, suite: Suite) -> None:
        self._known = {
            name: declared_by_text(declared_values(suite, name), "json")[1] for name in suite.parameter_names
        }

    def of(self, name: str, value: object) -> Any:
        """The JSON of a value of the parameter ``name``. Raises ``UnencodableValue``."""
        with contextlib.suppress(Exception):
            # ttnn's to_json raises what it pleases.
            form = serialised(value, "json")
            is_lasting = not isinstance(value, Unavailable) and not _ADDRESS.search(str(form))
            if is_lasting and wire_key(form) in self._known[name]:
                return form
        return own_form(value)


def _member(name: str, value: Any) -> str:
    """A member of a vector, indented as upstream indents it; line ends inside texts are escaped."""
    return f"      {json.dumps(name)}: " + json.dumps(value, indent=2).replace("\n", "\n      ")


def _replace(target: Path, write: Callable[[TextIO], object], *, keep: Callable[[], bool] = lambda: False) -> bool:
    """Write a file and put it in the place of ``target`` at once; False where ``keep`` says, after writing, not to.

    What is there stays where only time stamps would change.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if keep():
            return False
        if not _same_but_for_time(Path(name), target):
            # mkstemp's files are private; these are to be read like any other.
            os.chmod(name, 0o666 & ~_umask())
            os.replace(name, target)
        return True
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _same_but_for_time(one: Path, other: Path) -> bool:
    try:
        with one.open(encoding="utf-8") as new, other.open(encoding="utf-8") as old:
            for line in new:
                before = old.readline()
                if line != before and not (line.startswith(_TIMESTAMP) and before.startswith(_TIMESTAMP)):
                    return False
            return not old.read(1)
    except (FileNotFoundError, UnicodeDecodeError):
        return False


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
