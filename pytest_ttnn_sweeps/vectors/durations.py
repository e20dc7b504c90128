"""How long vectors took: read from pytest-split's ``.test_durations``, other JSON, or a JUnit XML file."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from xml.etree import ElementTree

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.batches import Load


@dataclass
class _Mean:
    seconds: float = 0.0
    count: int = 0

    @property
    def value(self) -> float:
        return self.seconds / self.count if self.count else 0.0


@dataclass
class Durations:
    """Recorded seconds: of single vectors by the suite that they are in, and of whole suites and modules.

    Places are called as in node ids (``path``, ``path::suite``), by dotted module names, or as in JUnit's classnames.
    """

    source: str
    vectors: dict[str, _Mean] = field(default_factory=dict)
    wholes: dict[str, float] = field(default_factory=dict)

    def add(self, place: str, vector: str, seconds: float) -> None:
        """Note a vector of ``place``, or without a name the whole of it."""
        if vector:
            mean = self.vectors.setdefault(place, _Mean())
            mean.seconds += seconds
            mean.count += 1
        else:
            self.wholes[place] = self.wholes.get(place, 0.0) + seconds


def read_durations(path: Path) -> Durations:
    """The durations in ``path``: JSON of names to seconds, or of pairs of them, JUnit XML, or a directory of it.

    Raises ``SweepError`` for a file that can't be read or is neither, and for a directory without any.
    """
    durations = Durations(str(path))
    files = sorted(path.rglob("*.xml")) if path.is_dir() else [path]
    if not files:
        msg = f"--durations {path}: there is no .xml file in it"
        raise SweepError(msg)
    for file in files:
        durations.source = str(file)
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            msg = f"--durations {file}: {getattr(error, 'strerror', None) or error}"
            raise SweepError(msg) from None
        if text.lstrip().startswith("<"):
            _read_junit(text, durations)
        else:
            _read_json(text, durations)
    durations.source = str(path)
    return durations


def _read_json(text: str, durations: Durations) -> None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"--durations {durations.source}: neither JSON nor JUnit XML: {error}"
        raise SweepError(msg) from None
    pairs = list(content.items()) if isinstance(content, dict) else content
    if not isinstance(pairs, list) or any(not isinstance(pair, (list, tuple)) or len(pair) != 2 for pair in pairs):
        msg = f"--durations {durations.source}: expected an object of node ids or module names to seconds"
        raise SweepError(msg)
    for name, seconds in pairs:
        path, *parts = str(name).split("::")
        place = "::".join([path, *parts[:1]])
        durations.add(place, "::".join(parts[1:]), _seconds(seconds, str(name), durations.source))


def _read_junit(text: str, durations: Durations) -> None:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        msg = f"--durations {durations.source}: no JUnit XML: {error}"
        raise SweepError(msg) from None
    for case in root.iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        durations.add(
            case.get("classname", ""), case.get("name", ""), _seconds(case.get("time", "0"), name, durations.source)
        )


def _seconds(value: object, name: str, source: str) -> float:
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else math.nan
    except ValueError:
        seconds = math.nan
    if not math.isfinite(seconds) or seconds < 0:
        msg = f"--durations {source}: {name!r} took {value!r}; expected seconds"
        raise SweepError(msg)
    return seconds


def with_durations(loads: Iterable[Load], durations: Durations) -> list[Load]:
    """``loads`` weighed in seconds: by their own records, else their module's, else the mean of all vectors.

    Raises ``SweepError`` where no record is of any of them: the file is another project's, or has another rootdir.
    """
    loads = list(loads)
    sizes: dict[str, int] = {}
    for load in loads:
        sizes[load.path] = sizes.get(load.path, 0) + len(load.keys)
    known = [_recorded(load, durations, sizes[load.path]) for load in loads]
    if not any(each is not None for each in known) and any(load.keys for load in loads):
        msg = f"--durations {durations.source}: no entry names a module, suite or vector that is selected"
        raise SweepError(msg)
    overall, of_module = _Mean(), {load.path: _Mean() for load in loads}
    for load, each in zip(loads, known):
        for mean in (overall, of_module[load.path]) if each is not None else ():
            mean.seconds += (each or 0.0) * len(load.keys)
            mean.count += len(load.keys)
    weighed = []
    for load, each in zip(loads, known):
        mean = of_module[load.path] if of_module[load.path].count else overall
        weighed.append(replace(load, each=each if each is not None else mean.value))
    return weighed


def _recorded(load: Load, durations: Durations, in_module: int) -> float | None:
    if not load.keys:
        return None
    dotted = load.path.removesuffix(".py").replace("/", ".")
    for place in (f"{load.path}::{load.suite}", f"{dotted}.{load.suite}"):
        if place in durations.vectors:
            return durations.vectors[place].value
        if place in durations.wholes:
            return durations.wholes[place] / len(load.keys)
    for place in (load.path, load.module):
        if place in durations.wholes:
            return durations.wholes[place] / in_module
    return None
