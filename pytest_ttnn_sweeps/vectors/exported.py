"""Running vectors from upstream's files: the sweep module as it is, with the suites that its files hold.

A directory holds ``<module name>.json`` files, perhaps several a module with a ``.mesh_RxC`` or ``.hw_...`` suffix,
and perhaps ``generation_manifest.json``. Each maps suite to id to vector; a vector maps parameters, and upstream's own
keys, to serialised values. A file is trusted with nothing: only files directly in the directory are opened, and values
are built from a table (see ``wire``).
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.errors import SweepError
from pytest_ttnn_sweeps.vectors.codec import canonical_text
from pytest_ttnn_sweeps.vectors.display import folded
from pytest_ttnn_sweeps.vectors.json_stream import JsonStream, MalformedJson
from pytest_ttnn_sweeps.vectors.module import VALID, SweepDefinition, Verdict
from pytest_ttnn_sweeps.vectors.suite import Axis, Suite
from pytest_ttnn_sweeps.vectors.upstream import Flavour, json_text, serialised
from pytest_ttnn_sweeps.vectors.wire import UnreadableValue, read_value

MANIFEST = "generation_manifest.json"
HEADER = frozenset(
    {"suite_name", "sweep_name", "validity", "invalid_reason", "status", "timestamp", "input_hash", "vector_id", "tag"}
)
"""Upstream's keys of a vector that no ``run`` ever gets."""
TRACE_KEYS = frozenset({"traced_source", "traced_machine_info", "config_hash"})
"""Keys about a traced vector's origin: parameters where the module's own suite declares them."""

_SUFFIXES = re.compile(r"(?:\.hw_[^.]+_\d+c)?(?:(?:\.|__)mesh_\d+x\d+)?$")
_MAX_FILE = 1 << 30
_MAX_MANIFEST = 16 << 20
_MAX_VECTORS = 5_000_000
_MAX_VALUES = 32 << 20
"""Characters of a parameter's distinct values: what is parsed takes several times their memory."""


class VectorFileError(SweepError):
    """A vector file isn't what upstream's generator, or ``ttnn-sweeps vectors export``, writes."""


@dataclass(frozen=True)
class ExportedDefinition(SweepDefinition):
    """A sweep module whose suites come from files; validity too, so that ``invalidate_vector`` isn't asked."""

    verdicts: dict[str, list[Verdict]] = field(default_factory=dict)

    def verdict(self, suite: Suite, index: int) -> Verdict:
        return self.verdicts[suite.name][index]


def vector_files(directory: Path) -> dict[str, list[Path]]:
    """The vector files of ``directory`` by module name, in the order of their names.

    Where a manifest lists files of a module, its other files are left over from earlier generations and don't count.
    Raises ``VectorFileError`` for a directory that can't be read and for a listed file that isn't there.
    """
    try:
        names = sorted(name for name in os.listdir(directory) if name.endswith(".json") and name != MANIFEST)
    except OSError as error:
        msg = f"{directory}: {error.strerror or error}"
        raise VectorFileError(msg) from None
    listed = manifest_names(directory / MANIFEST)
    missing = sorted(listed - set(names))
    if missing:
        msg = f"{directory / MANIFEST}: lists {missing[0]!r}, which isn't in the directory"
        raise VectorFileError(msg)
    files: dict[str, list[str]] = {}
    for name in names:
        files.setdefault(_SUFFIXES.sub("", name.removesuffix(".json")), []).append(name)
    return {
        module: [directory / name for name in group if name in listed or not listed.intersection(group)]
        for module, group in files.items()
    }


def manifest_names(manifest: Path) -> set[str]:
    """The names of the files that the manifest at this path lists; none where there is no manifest."""
    if not manifest.exists():
        return set()
    try:
        with _opened(manifest, _MAX_MANIFEST) as file:
            names = json.load(file)["vector_files"]
        # Upstream may have written paths; what is opened is what lies in the directory.
        return {Path(name).name for name in names}
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        msg = f"{manifest}: is no manifest: {type(error).__name__}: {folded(error)[:100]}"
        raise VectorFileError(msg) from None


def with_vectors_of(files: Iterable[Path], module: SweepDefinition) -> ExportedDefinition:
    """``module`` with the suites that ``files`` hold, in their order. Raises ``VectorFileError``.

    A suite in several files is one suite. A value that the module declares for the same parameter is that value itself,
    whatever its text could mean besides.
    """
    suites: dict[str, _SuiteReader] = {}
    for path in files:
        for place, suite, vector in _vectors(path):
            if suite not in suites:
                suites[suite] = _SuiteReader(suite, module)
            if vector is not None:
                suites[suite].add(vector, place)
    return ExportedDefinition(
        **{attribute.name: getattr(module, attribute.name) for attribute in fields(SweepDefinition)}
        | {"suites": {name: reader.suite() for name, reader in suites.items()}},
        verdicts={name: reader.verdicts for name, reader in suites.items()},
    )


def _vectors(path: Path) -> Iterator[tuple[str, str, dict[str, Any] | None]]:
    """Place for errors, suite and vector of everything in the file; a suite comes once more, first, without vector."""
    place = str(path)
    count = 0
    try:
        with _opened(path, _MAX_FILE) as file:
            stream = JsonStream(file)
            for suite in stream.members():
                place = f"{path}: suite {suite[:200]!r}"
                yield place, suite, None
                for vector_id in stream.members():
                    place = f"{path}: suite {suite[:200]!r}: vector {vector_id[:56]!r}"
                    vector = stream.value()
                    count += 1
                    if not isinstance(vector, dict) or count > _MAX_VECTORS:
                        msg = "no JSON object" if count <= _MAX_VECTORS else f"more than {_MAX_VECTORS} vectors"
                        raise MalformedJson(msg)
                    yield place, suite, vector
            stream.end()
    except (MalformedJson, UnicodeDecodeError, OSError) as error:
        msg = f"{place}: {error}"
        raise VectorFileError(msg) from None


def _opened(path: Path, most: int) -> Any:
    """The text file, open; it must be an ordinary one in its own directory, of at most ``most`` bytes."""
    if path.resolve().parent != path.parent.resolve():
        msg = f"{path}: is a link out of its directory"
        raise VectorFileError(msg)
    # Not blocking: a pipe would wait for its other end.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size > most:
        os.close(descriptor)
        kind = f"has {status.st_size} bytes, at most {most} are read" if stat.S_ISREG(status.st_mode) else "is no file"
        msg = f"{path}: {kind}"
        raise VectorFileError(msg)
    return open(descriptor, encoding="utf-8")


class _SuiteReader:
    """Collects the vectors of one suite; equal values are held once."""

    def __init__(self, name: str, module: SweepDefinition) -> None:
        self.name = name
        self.verdicts: list[Verdict] = []
        self._module = module
        own = module.suites.get(name)
        self._own = own if isinstance(own, Suite) else None
        self._names: tuple[str, ...] | None = None
        self._rows: list[tuple[object, ...]] = []
        self._readers: dict[tuple[Flavour, str], _ValueReader] = {}
        self._columns: dict[tuple[str, ...], list[tuple[str, _ValueReader]]] = {}
        """The readers of vectors whose keys, after the flavour, are these."""
        self._shared_verdicts: dict[Verdict, Verdict] = {VALID: VALID}

    def suite(self) -> Suite:
        return Suite(self.name, (Axis(self._names or (), tuple(self._rows)),))

    def add(self, vector: dict[str, Any], place: str) -> None:
        """Take the vector of one file; ``place`` begins errors."""
        for key, expected in (("sweep_name", self._module.name), ("suite_name", self.name)):
            if vector.get(key, expected) != expected:
                msg = f"{place}: {key!r}: {str(vector[key])[:100]!r}, where {expected!r} is expected"
                raise VectorFileError(msg)
        flavour, verdict = _validity(vector, place)
        shape = (flavour, *vector)
        columns = self._columns.get(shape)
        if columns is None:
            columns = self._columns[shape] = self._readers_of(flavour, vector, place)
        row = []
        name = ""
        try:
            for name, reader in columns:
                row.append(reader.read(vector[name]))
        except UnreadableValue as error:
            msg = f"{place}: {name!r}: {error}"
            raise VectorFileError(msg) from None
        self._rows.append(tuple(row))
        self.verdicts.append(self._shared_verdicts.setdefault(verdict, verdict))

    def _readers_of(self, flavour: Flavour, vector: dict[str, Any], place: str) -> list[tuple[str, _ValueReader]]:
        """The parameters of a vector, in the order that the suite's first vector has them, with their readers."""
        parameters = [key for key in vector if self._is_parameter(key)]
        if self._names is None:
            self._names = tuple(parameters)
        if set(parameters) != set(self._names):
            key = sorted(set(parameters) ^ set(self._names))[0]
            msg = f"{place}: {key!r}: not a parameter of all vectors of the suite"
            raise VectorFileError(msg)
        for name in self._names:
            if (flavour, name) not in self._readers:
                self._readers[flavour, name] = _ValueReader(declared_values(self._own, name), flavour)
        return [(name, self._readers[flavour, name]) for name in self._names]

    def _is_parameter(self, key: str) -> bool:
        declared = self._own is not None and key in self._own.parameter_names
        return key not in HEADER and (key not in TRACE_KEYS or declared)


def _validity(vector: dict[str, Any], place: str) -> tuple[Flavour, Verdict]:
    """The era that the vector's spelling of its validity tells, and the verdict."""
    text = vector.get("validity", "VALID")
    flavour: Flavour = "dump-file" if str(text).startswith("VectorValidity.") else "json"
    validity = str(text).removeprefix("VectorValidity.")
    reason = vector.get("invalid_reason")
    if validity not in ("VALID", "INVALID") or not (reason is None or isinstance(reason, str)):
        msg = (
            f"{place}: 'validity' is {str(text)[:60]!r} for {str(reason)[:60]!r}; expected VALID or INVALID, and a text"
        )
        raise VectorFileError(msg)
    # 2025's files hold the text of Python's None.
    no_reason = reason in (None, "", "None") if flavour == "dump-file" else not reason
    return flavour, (VALID if validity == "VALID" else (True, None if no_reason else reason))


def declared_values(suite: Suite | None, name: str) -> list[object]:
    """The values that ``suite`` declares for the parameter ``name``."""
    if suite is None:
        return []
    return [row[axis.names.index(name)] for axis in suite.axes if name in axis.names for row in axis.values]


class _ValueReader:
    """Reads the values of one parameter: as one that is declared, where the texts are the same, else by the table."""

    def __init__(self, declared: list[object], flavour: Flavour) -> None:
        self._ambiguous, self._known = declared_by_text(declared, flavour)
        self._left = _MAX_VALUES

    def read(self, wire: Any) -> object:
        key = wire_key(wire)
        if key in self._ambiguous:
            msg = f"{key[:100]!r} is the text of {self._ambiguous[key]}; the file doesn't tell which it is"
            raise UnreadableValue(msg)
        if key not in self._known:
            self._left -= len(key)
            if self._left < 0:
                msg = f"the distinct values have more than {_MAX_VALUES} characters"
                raise UnreadableValue(msg)
            self._known[key] = read_value(wire)
        return self._known[key]


def wire_key(wire: Any) -> str:
    """One text for each serialised value; texts and other JSON never share one."""
    if isinstance(wire, str):
        return f'"{wire}'
    return json_text(wire) if isinstance(wire, (list, dict)) else repr(wire)


def declared_by_text(declared: list[object], flavour: Flavour) -> tuple[dict[str, str], dict[str, object]]:
    """Declared values by ``wire_key`` of their serialised form: those that share one with another value, and the rest.

    The shared ones are described. Values that can't be serialised, or have no canonical text, are in neither.
    """
    texts: dict[str, str] = {}
    values: dict[str, object] = {}
    ambiguous: dict[str, str] = {}
    seen: set[int] = set()
    for value in declared:
        if id(value) in seen:
            continue
        seen.add(id(value))
        try:
            key, text = wire_key(serialised(value, flavour)), canonical_text(value)
        except Exception:  # noqa: BLE001 - ttnn's to_json raises what it pleases
            continue
        if texts.setdefault(key, text) != text:
            ambiguous[key] = f"{type(values.get(key)).__name__} and of {type(value).__name__}"
        values.setdefault(key, value)
    return ambiguous, {key: value for key, value in values.items() if key not in ambiguous}
