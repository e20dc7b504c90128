"""A master that is being changed: entries by content hash, operations that no one touches as the bytes they are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from pytest_ttnn_sweeps.traced.configuration import TracedConfiguration, merged_executions
from pytest_ttnn_sweeps.traced.encoding import encode_configuration, encode_execution
from pytest_ttnn_sweeps.traced.master import Master, parse_entry
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.references import former_hashes
from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION, Contents, Span
from pytest_ttnn_sweeps.traced.schemas import read_configuration, read_executions

Entries = dict[str, dict[str, Any]]
"""An operation's entries of the current schema, by content hash."""


@dataclass(frozen=True)
class Added:
    """What a change brought into a master."""

    configurations: int = 0
    """New ones."""
    known: int = 0
    """Distinct ones that were there before."""
    executions: int = 0
    """New pairs of a known configuration with a source, machine or ttnn version."""
    by_operation: Mapping[str, int] = field(default_factory=dict)
    """New configurations by canonical name of the operation, for those that have some."""
    operations: int = 0
    """Operations that the master didn't have."""
    former: str | None = None
    """Where the file was kept as it was, if it had an older schema."""

    def plus(self, later: Added) -> Added:
        """The sum of two changes of one master."""
        by_operation = dict(self.by_operation)
        for operation, count in later.by_operation.items():
            by_operation[operation] = by_operation.get(operation, 0) + count
        return Added(
            self.configurations + later.configurations,
            self.known + later.known,
            self.executions + later.executions,
            by_operation,
            self.operations + later.operations,
            self.former or later.former,
        )


class Draft:
    """The master ``master``, or an empty one, with changes. ``data`` is the file's bytes."""

    def __init__(self, master: Master | None, data: bytes) -> None:
        self._data = data
        self._path = None if master is None else master.path
        self._spans: dict[str, list[Span]] = {}
        self._touched: dict[str, Entries] = {}
        self.metadata: dict[str, Any] = {}
        self.is_current = True
        """Whether the file has the current schema throughout."""
        self._new: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str]] = set()
        self._executions = 0
        self.is_changed = False
        """Whether anything was added or dropped; an older schema alone is no change."""
        if master is not None:
            self.metadata = dict(master.metadata)
            self.is_current = master.contents.schema_version == SCHEMA_VERSION
            for span in master.contents.spans:
                self._spans.setdefault(canonical_operation(span.name), []).append(span)
        self._operations_before = set(self._spans)

    @property
    def operations(self) -> list[str]:
        """Canonical names, the file's first."""
        return list(dict.fromkeys([*self._spans, *self._touched]))

    def entries(self, operation: str) -> Entries:
        """The entries of ``operation`` (canonical name), to be looked at or changed."""
        if operation not in self._touched:
            entries = self._touched[operation] = {}
            for span in self._spans.get(operation, ()):
                assert self._path is not None
                for raw in parse_entry(self._path, span, self._data[span.start : span.end]):
                    self._insert(entries, operation, raw)
        return self._touched[operation]

    def _insert(self, entries: Entries, operation: str, raw: object) -> None:
        # In a file of the current schema the hash is taken as it is: `ops validate` compares it.
        if self.is_current and isinstance(raw, dict) and isinstance(raw.get("content_hash"), str):
            key = raw["content_hash"]
            if key not in entries:
                entries[key] = raw
                return
        configuration = read_configuration(operation, raw)
        recorded = () if isinstance(raw, dict) and "content_hash" in raw else former_hashes(raw)
        former = tuple(dict.fromkeys(configuration.former_hashes + recorded))
        self._add(entries, replace(configuration, former_hashes=former))

    def add(self, configuration: TracedConfiguration) -> None:
        """Add a configuration, or its executions and former hashes to the one that is there."""
        known = self.entries(configuration.operation)
        identity = (configuration.operation, configuration.content_hash)
        before = known.get(configuration.content_hash)
        if before is None:
            self._new.add(identity)
        elif identity not in self._new:
            self._known.add(identity)
            executions = set(_places(before))
            self._executions += len({_place(seen) for seen in configuration.executions} - executions)
        if self._add(known, configuration):
            self.is_changed = True

    def _add(self, entries: Entries, configuration: TracedConfiguration) -> bool:
        """Whether that changed anything."""
        before = entries.get(configuration.content_hash)
        if before is None:
            merged = replace(configuration, executions=merged_executions(configuration.executions))
            entries[configuration.content_hash] = encode_configuration(merged)
            return True
        recorded = tuple(read_executions(before))
        executions = merged_executions(recorded + configuration.executions)
        former = {*before.get("former_hashes", ()), *configuration.former_hashes}
        extra = json.loads(configuration.extra) if configuration.extra else {}
        changed = {**extra, **before}
        is_new = (
            set(executions) != set(recorded)
            or former != set(before.get("former_hashes", ()))
            or changed.keys() != before.keys()
        )
        if is_new:
            if executions:
                encoded = [encode_execution(execution) for execution in executions]
                changed["executions"] = sorted(encoded, key=lambda execution: json.dumps(execution, sort_keys=True))
            if former:
                changed["former_hashes"] = sorted(former)
            entries[configuration.content_hash] = changed
        return is_new

    def keep(self, operation: str, wanted: Callable[[str, dict[str, Any]], dict[str, Any] | None]) -> int:
        """Replace each entry of ``operation`` by what ``wanted`` returns for hash and entry; how many were dropped.

        None drops the entry; an operation without entries goes.
        """
        before = self.entries(operation)
        after = {key: entry for key, raw in before.items() if (entry := wanted(key, raw)) is not None}
        if after != before:
            self.is_changed = True
        self._touched[operation] = after
        if not after:
            self._spans.pop(operation, None)
            del self._touched[operation]
        return len(before) - len(after)

    def added(self) -> Added:
        """The sum of all calls of ``add``."""
        counts: dict[str, int] = {}
        for operation, _ in sorted(self._new):
            counts[operation] = counts.get(operation, 0) + 1
        return Added(
            len(self._new),
            len(self._known),
            self._executions,
            counts,
            len(counts.keys() - self._operations_before),
        )

    def pieces(self, now: str) -> Iterator[bytes]:
        """The file of the current schema, in pieces; ``contents`` are known after the last one."""
        writer = _Writer(self.metadata)
        if not self.is_current:
            for operation in self.operations:
                self.entries(operation)
        yield from writer.opening()
        for operation in self.operations:
            if operation in self._touched:
                yield from writer.entry(operation, list(self._touched[operation].values()))
            else:
                spans = self._spans[operation]
                if len(spans) == 1 and spans[0].name == _recorded_name(operation):
                    yield from writer.copy(spans[0], self._data[spans[0].start : spans[0].end])
                else:
                    yield from writer.entry(operation, list(self.entries(operation).values()))
        yield from writer.closing(now)
        self.contents: Contents = writer.contents()


def _recorded_name(operation: str) -> str:
    return f"ttnn.{operation}"


def _place(execution: Any) -> tuple[object, ...]:
    return execution.source, execution.machine, execution.ttnn_version


def _places(entry: Mapping[str, Any]) -> Iterator[tuple[object, ...]]:
    return (_place(execution) for execution in read_executions(entry))


class _Writer:
    """One configuration a line, so that versions of a master compare line by line."""

    def __init__(self, metadata: dict[str, Any]) -> None:
        self._metadata = metadata
        self._spans: list[Span] = []
        self._rest: list[bytes] = []
        self._at = 0

    def _glue(self, text: str) -> bytes:
        data = text.encode("ascii")
        self._rest.append(data)
        self._at += len(data)
        return data

    def opening(self) -> Iterator[bytes]:
        yield self._glue(f'{{\n"schema_version": {SCHEMA_VERSION},\n"operations": {{')

    def entry(self, operation: str, entries: list[dict[str, Any]]) -> Iterator[bytes]:
        lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in entries)
        data = f'{{"configurations": [\n{lines}\n]}}'.encode("ascii")
        name = _recorded_name(operation)
        yield from self.copy(Span(name, 0, 0, len(entries), sha256(data).hexdigest()), data)

    def copy(self, span: Span, data: bytes) -> Iterator[bytes]:
        comma = "," if self._spans else ""
        yield self._glue(f"{comma}\n{json.dumps(span.name)}: ")
        self._spans.append(replace(span, start=self._at, end=self._at + len(data)))
        self._at += len(data)
        yield data

    def closing(self, now: str) -> Iterator[bytes]:
        counts = {span.name: span.count for span in self._spans}
        self._metadata.pop("operation_types", None)
        self._metadata |= {
            "unique_operations": len(counts),
            "total_configurations": sum(counts.values()),
            "operations_summary": dict(sorted(counts.items())),
            "last_updated": now,
        }
        text = json.dumps(self._metadata, indent=1)
        yield self._glue(f'\n}},\n"metadata": {text}\n}}\n')

    def contents(self) -> Contents:
        spans = tuple(self._spans)
        digest = sha256(b"%d;" % self._at)
        for piece in self._rest:
            digest.update(piece)
        return Contents(SCHEMA_VERSION, spans, self._metadata, digest.hexdigest())
