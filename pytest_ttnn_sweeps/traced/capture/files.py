"""Files of captured calls, of every tool and era, told by what is in them.

====================================  ====================================================================
``*.python_io.json``                  what Python passed, beside a report of ``end_graph_capture_to_file``
a report or a graph                   ``{"graph": [...]}`` or the list of ``end_graph_capture``
``3_ttnn_add_20260131_120000_0.json``  a call, as ``ttnn.operation_tracer`` writes it; a directory of them is a test
``*_filtered_ops_*.json``             ``{"content": [...]}``, what older tracers kept of a test
====================================  ====================================================================

Files are data of others: their size is bounded, their JSON is parsed and nothing in them is ever run.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pytest_ttnn_sweeps.traced.capture import graph, operation_files, python_io
from pytest_ttnn_sweeps.traced.capture.calls import Call, Capture, CaptureError
from pytest_ttnn_sweeps.traced.capture.forms import normalised
from pytest_ttnn_sweeps.traced.names import canonical_operation
from pytest_ttnn_sweeps.traced.schemas import read_configuration

MAX_BYTES = 128 * 1024 * 1024
"""Of one file. A call takes about 7 kB of ttnn 0.81.1's report; JSON of empty lists takes 28 times its size."""
MAX_FILES = 100_000
"""In one directory and those below; the operation tracer writes one for each call."""
_SIDECAR = ".python_io.json"
_STATUS, _METADATA = "_status.json", "_trace_metadata.json"
_CALL_FILE = re.compile(r"\d+_.*\.json")


def read_captures(path: str | os.PathLike[str]) -> list[Capture]:
    """The captures in a file, or in a directory and those below it: one for each test where the tool tells tests apart.

    What can be read of a file is read, and the rest told in ``Capture.troubles``. Raises ``CaptureError`` for a file
    that isn't JSON, with the position, for one that is no capture or too large, and where there is none at all.
    """
    place = Path(path)
    if not place.is_dir():
        return [_of_file(place)]
    captures = list(_of_directory(place))
    if not captures:
        msg = f"{place}: no file of captured calls is there or below; name a file, or trace a model with --ttnn-trace"
        raise CaptureError(msg)
    return captures


def _of_directory(directory: Path) -> Iterator[Capture]:
    seen = 0
    for name, below, files in os.walk(directory):
        below.sort()
        seen += len(files)
        if seen > MAX_FILES:
            msg = f"{directory}: there are more than {MAX_FILES} files; name the directory of one test"
            raise CaptureError(msg)
        here = Path(name)
        calls = sorted((file for file in files if _CALL_FILE.fullmatch(file)), key=_number)
        if calls:
            yield _of_calls(here, calls, files)
        for file in sorted(set(files) - set(calls)):
            is_sidecar = file.endswith(_SIDECAR) and f"{file.removesuffix(_SIDECAR)}.json" in files
            if file.endswith(".json") and not file.startswith("_") and not is_sidecar:
                yield _of_file(here / file)


def _number(file: str) -> tuple[int, str]:
    # Of so many digits that no counter has them, only the first count.
    return int(file.partition("_")[0][:18]), file


def _of_calls(directory: Path, calls: list[str], files: list[str]) -> Capture:
    data = {name: load(directory / name) for name in (_STATUS, _METADATA) if name in files}
    records = [(name, load(directory / name)) for name in calls]
    capture = operation_files.capture_of(records, data.get(_STATUS), data.get(_METADATA))
    return replace(capture, source=capture.source or str(directory))


def _of_file(path: Path) -> Capture:
    data = load(path)
    if isinstance(data, list) and data and all(isinstance(item, Mapping) for item in data):
        if all("node_type" in item for item in data):
            return graph.capture_of(data, None, str(path))
        if all("name" in item and "arguments" in item for item in data):
            return python_io.capture_of(data, str(path))
    if isinstance(data, Mapping):
        if isinstance(data.get("graph"), list):
            sidecar = path.with_name(f"{path.stem}{_SIDECAR}")
            records = load(sidecar) if sidecar.exists() else data.get("python_io")
            return graph.of_report(data, records, str(path))
        if "operation_name" in data:
            return operation_files.capture_of([(path.name, data)], None, None)
        if isinstance(data.get("content"), list):
            return _of_content(data["content"])
    msg = (
        f"{path}: this is no capture: expected python_io records, a graph or its report, calls of "
        "ttnn.operation_tracer, or a test's file of an older tracer; masters are merged: ttnn-sweeps ops merge"
    )
    raise CaptureError(msg)


def _of_content(content: list[object]) -> Capture:
    """``{"content": [{"operation": ..., "arguments": [...]}]}``, which has calls inside of operations as well."""
    calls: list[Call] = []
    skipped = 0
    for record in content:
        if not isinstance(record, Mapping) or not isinstance(record.get("operation"), str):
            skipped += record is not None
            continue
        operation = canonical_operation(record["operation"])
        configuration = read_configuration(operation, record.get("arguments"))
        keywords = {name: normalised(value) for name, value in configuration.keywords.items()}
        calls.append(Call.of(operation, map(normalised, configuration.positional), keywords))
    troubles = (f"{skipped} records without an operation were skipped",) if skipped else ()
    return Capture(
        tuple(calls),
        troubles=(*troubles, "this form doesn't tell the model's calls from those that operations make inside"),
    )


def load(path: Path) -> object:
    """The JSON in ``path``. Raises ``CaptureError``."""
    from pydantic_core import from_json

    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        msg = f"{path}: can't read the captured calls: {error.strerror}"
        raise CaptureError(msg) from None
    if len(data) > MAX_BYTES:
        msg = f"{path}: the file has more than {MAX_BYTES // 2**20} MiB; capture a shorter part of the model"
        raise CaptureError(msg)
    try:
        parsed: object = from_json(data)
    except ValueError as error:
        msg = f"{path}: the captured calls are no valid JSON: {error}; the tool that wrote it may have been killed"
        raise CaptureError(msg) from None
    return parsed
