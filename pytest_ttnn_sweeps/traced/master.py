"""Master files: read once per process, and converted operation by operation when asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration
from pytest_ttnn_sweeps.traced.errors import MasterError
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.schemas import read_configuration

_REMEDY = "restore it from version control or trace again"


class Master:
    """The configurations of one master file, any schema.

    Operations have canonical names; several spellings of one (``ttnn::add``, ``ttnn.add``) are one operation. Reading
    a master parses its JSON only; the arguments of an operation are converted at the first call that asks for them.
    """

    def __init__(self, path: Path, operations: Mapping[str, list[object]], metadata: Mapping[str, object]) -> None:
        self.path = path
        self.metadata = metadata
        self._recorded = operations
        self._configurations: dict[str, tuple[TracedConfiguration, ...]] = {}

    @property
    def operations(self) -> Mapping[str, int]:
        """How many configurations are recorded for each operation, in the file's order; repeats count."""
        return {operation: len(recorded) for operation, recorded in self._recorded.items()}

    def raw_configurations(self, operation: str) -> list[object]:
        """The JSON of every configuration of ``operation`` (canonical name), as it is in the file."""
        return self._recorded.get(operation, [])

    def configurations(self, operation: str) -> tuple[TracedConfiguration, ...]:
        """The distinct configurations of ``operation`` (canonical name), first seen first; empty for an unknown one.

        What occurs more than once, in whatever spelling, is one configuration with the executions of all.
        """
        if operation not in self._configurations:
            distinct: dict[str, TracedConfiguration] = {}
            for raw in self._recorded.get(operation, ()):
                configuration = read_configuration(operation, raw)
                known = distinct.get(configuration.content_hash)
                distinct[configuration.content_hash] = known.also_seen_in(configuration) if known else configuration
            self._configurations[operation] = tuple(distinct.values())
        return self._configurations[operation]


_read: dict[Path, tuple[tuple[int, int], Master]] = {}


def read_master(path: str | os.PathLike[str]) -> Master:
    """The master at ``path``, parsed once per process for as long as the file's time and size stay.

    Raises ``MasterError``, one line with the path, the position and a remedy, where it is missing, truncated or holds
    something else. Parsing takes about as long as ``json.load`` and keeps the JSON in memory.
    """
    resolved = Path(path).resolve()
    try:
        status = resolved.stat()
        stamp = (status.st_mtime_ns, status.st_size)
        known = _read.get(resolved)
        if known is None or known[0] != stamp:
            known = _read[resolved] = (stamp, _parse(resolved, resolved.read_bytes()))
    except OSError as error:
        msg = f"{resolved}: can't read the master: {error.strerror}; name another one or trace a model to make it"
        raise MasterError(msg) from None
    return known[1]


def _parse(path: Path, data: bytes) -> Master:
    # It takes 0.6 of json.load's time (benchmarks/master_load.py). Imported here because most runs read no master.
    from pydantic_core import from_json

    try:
        content = from_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        msg = f"{path}: the master is not valid JSON: {error}; {_REMEDY}"
        raise MasterError(msg) from None
    if not isinstance(content, dict):
        msg = (
            f"{path}: the master holds a JSON {type(content).__name__}, expected an object with 'operations'; {_REMEDY}"
        )
        raise MasterError(msg)
    metadata = content.get("metadata")
    return Master(path, _operations(path, content), metadata if isinstance(metadata, dict) else {})


def _operations(path: Path, content: Mapping[str, object]) -> dict[str, list[object]]:
    grouped: dict[str, list[object]] = {}
    operations, records = content.get("operations"), content.get("content")
    if isinstance(operations, dict):
        for name, entry in operations.items():
            configurations = entry.get("configurations") if isinstance(entry, dict) else entry
            if not isinstance(configurations, list):
                msg = f"{path}: operation {name!r} has no list of 'configurations'; {_REMEDY}"
                raise MasterError(msg)
            grouped.setdefault(canonical_operation(name), []).extend(configurations)
    elif isinstance(records, list):
        # The per-test files of older tracers; a call without a name was written as null.
        for record in records:
            if isinstance(record, dict) and isinstance(record.get("operation"), str):
                grouped.setdefault(canonical_operation(record["operation"]), []).append(record)
    else:
        msg = f"{path}: the master has neither 'operations' nor 'content'; {_REMEDY}"
        raise MasterError(msg)
    return grouped
