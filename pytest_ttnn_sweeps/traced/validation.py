"""Whether a master is what it says: its schema, its hashes, its counts, and what sweeps can do with it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_ttnn_sweeps.traced.describe import counted
from pytest_ttnn_sweeps.traced.errors import MasterError
from pytest_ttnn_sweeps.traced.filtering import OperationFilter
from pytest_ttnn_sweeps.traced.master import Master, parse_entry
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.scan import SCHEMA_VERSION
from pytest_ttnn_sweeps.traced.schemas import read_configuration
from pytest_ttnn_sweeps.traced.selection import nested_values
from pytest_ttnn_sweeps.traced.values import UNPRINTED, Opaque


@dataclass(frozen=True)
class Finding:
    """One thing about a master; an error is one that the file must not have, anything else is worth knowing."""

    text: str
    is_error: bool = False


def validate(master: Master, lists: OperationFilter | None = None) -> Iterator[Finding]:
    """Everything worth knowing about ``master``: errors first by operation, then notes about the whole.

    Files of older schemas can't be wrong in what only the current one promises.
    """
    is_current = master.contents.schema_version == SCHEMA_VERSION
    data = master.data()
    if is_current:
        yield from _metadata(master)
    recorded = distinct = unseen = 0
    unprinted: Counter[str] = Counter()
    for span in master.contents.spans:
        entry = data[span.start : span.end]
        if is_current:
            from pytest_ttnn_sweeps.traced.master_schema import entry_troubles  # pydantic, for this command alone.

            for text in entry_troubles(span.name, entry):
                yield Finding(text, is_error=True)
        operation = canonical_operation(span.name)
        hashes = set()
        try:
            raws = parse_entry(master.path, span, entry)
        except MasterError as error:
            yield Finding(str(error), is_error=True)
            continue
        for place, raw in enumerate(raws):
            configuration = read_configuration(operation, raw)
            recorded += 1
            unseen += not configuration.executions
            known = raw.get("content_hash") if isinstance(raw, dict) else None
            where = f"{span.name}[{place}]"
            if is_current and known != configuration.content_hash:
                text = f"{where}: content_hash is {known!r}, its arguments' is {configuration.content_hash!r}"
                yield Finding(text, is_error=True)
            if is_current and configuration.content_hash in hashes:
                yield Finding(f"{where}: {configuration.name} occurs twice", is_error=True)
            hashes.add(configuration.content_hash)
            for value in nested_values(configuration):
                if isinstance(value, Opaque):
                    if value.reason == UNPRINTED:
                        unprinted[operation] += 1
                    else:
                        yield Finding(f"{configuration.name}: unreadable argument: {value.reason}")
        distinct += len(hashes)
    yield from _notes(master, lists or OperationFilter.load(), recorded, distinct, unseen, unprinted)


def _metadata(master: Master) -> Iterator[Finding]:
    from pytest_ttnn_sweeps.traced.master_schema import metadata_troubles

    for text in metadata_troubles(json.dumps(master.metadata).encode()):
        yield Finding(text, is_error=True)
    counts = {span.name: span.count for span in master.contents.spans}
    facts = {
        "unique_operations": len(counts),
        "total_configurations": sum(counts.values()),
        "operations_summary": counts,
    }
    for name, fact in facts.items():
        if master.metadata.get(name) != fact:
            yield Finding(f"metadata.{name} isn't what the operations are", is_error=True)


def _notes(
    master: Master, lists: OperationFilter, recorded: int, distinct: int, unseen: int, unprinted: Counter[str]
) -> Iterator[Finding]:
    if master.contents.schema_version != SCHEMA_VERSION:
        yield Finding("an older schema; `ttnn-sweeps ops migrate` rewrites it")
    if distinct != recorded:
        yield Finding(f"{counted(recorded, 'configuration')}, {distinct} distinct")
    if unseen:
        yield Finding(f"{counted(unseen, 'configuration')} without a source")
    for operation, count in unprinted.items():
        yield Finding(f"{operation}: {counted(count, 'argument')} that its tracer could not print")
    kinds = lists.sort(master.operations)
    if kinds.unknown:
        yield Finding(f"on no list of operations: {', '.join(kinds.unknown)}")
    if kinds.excluded:
        yield Finding(
            f"excluded from tracing: {', '.join(kinds.excluded)}; `ttnn-sweeps ops prune --excluded` drops them"
        )
