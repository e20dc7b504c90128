"""Runs and records to store."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pytest_ttnn_sweeps.results import Metric, Outcome, Status, lines
from pytest_ttnn_sweeps.results.records import SweepResult, read_result
from pytest_ttnn_sweeps.results.runs import RunDirectory, RunWriter
from pytest_ttnn_sweeps.results.stored_text import original_json, original_text

T0 = 1_700_000_000.0


def body(
    number: int = 0,
    *,
    module: str = "eltwise.unary.relu",
    suite: str = "nightly",
    status: Status = Status.PASS,
    outcome: Outcome | None = None,
    parameters: dict[str, object] | None = None,
    node_id: str | None = None,
    circumstances: dict[str, str] | None = None,
    xfail_reason: str | None = None,
) -> dict[str, Any]:
    """What `RunWriter.append` takes for vector ``number``."""
    vector_id = f"{number:032x}"
    outcome = outcome or Outcome(status is Status.PASS, f"PCC 0.99{number}", (Metric("pcc", 0.99, "", "higher"),), 1.25)
    shown = {"a": number} if parameters is None else parameters
    text = lines.body(
        vector_id=vector_id,
        index=number,
        node_id=f"sweeps/relu.py::{suite}::{vector_id[-12:]}" if node_id is None else node_id,
        place=lines.fields(module=module, suite=suite),
        parameters=[lines.parameter(name, json.dumps(value)) for name, value in shown.items()],
        status=status,
        outcome=outcome,
        xfail_reason=xfail_reason,
        started=T0 + number,
        ended=T0 + number + 0.5,
        duration_s=0.5,
        setup_s=0.25,
        circumstances=lines.fields(**(circumstances or {"worker": "main", "card_type": "n150 (emulated)"})),
    )
    final = status is not Status.NOT_RUN or outcome.skip_reason is not None
    identity = {"module": module, "suite": suite, "vector_id": vector_id}
    return {"body": text, "status": status.name, "final": final, **identity}


def hostile_bodies(texts: Iterable[str], numbers: Iterable[float]) -> Iterator[dict[str, Any]]:
    """One record for each text, with it in every field that takes text.

    The numbers are each one's metrics, and the samples of one more.
    """
    numbers = tuple(numbers)
    # Canonical encodings are JSON, in which two surrogates in a row are the one character that they spell.
    spelled = {text: json.loads(json.dumps(text)) for text in texts}
    metrics = tuple(Metric(f"m{at}", value, "", "none") for at, value in enumerate(numbers))
    for number, text in enumerate(spelled):
        shown = spelled[text]
        yield body(
            number,
            module=f"m{number}.{text}",
            suite=text,
            status=Status.FAIL_ASSERT_EXCEPTION,
            outcome=Outcome(
                False,
                text,
                (*metrics, Metric(f"name {text[:100]}", 1.0, text[:200], "lower", numbers)),
                exception_type=text,
                exception_text=text,
                traceback=text,
                notes={f"name {text}": text, "other": "note"},
            ),
            parameters={"text": shown, f"key {shown}": [shown, {"dict": [[shown, shown]]}]},
            node_id=text,
            xfail_reason=text,
            circumstances={"worker": text, "device_session": text, "firmware": text, "driver": text},
        )


def original_texts(record: SweepResult) -> list[str]:
    """The texts that `hostile_bodies` put into a record's fields, as they were."""
    stored = [record.suite, record.message, record.exception_type, record.exception_text, record.traceback]
    stored += [record.node_id, record.xfail_reason, record.worker, record.device_session, record.firmware]
    found = [original_text(text or "") for text in stored]
    found += [original_text(record.module).partition(".")[2], original_text(record.driver or "")]
    ((name, note),) = [pair for pair in record.notes.items() if pair != ("other", "note")]
    return [*found, original_text(name)[5:], original_text(note)]


def samples(record: SweepResult) -> list[float]:
    """The samples that `hostile_bodies` gave a record."""
    (found,) = [metric.samples for metric in record.metrics if metric.samples]
    return list(found)


def original_parameters(record: SweepResult) -> list[str]:
    """The texts that `hostile_bodies` put into a record's parameters, as they were."""
    parameters = original_json(record.parameters)
    (key,) = [name for name in parameters if name.startswith("key ")]
    return [parameters["text"], key[4:], parameters[key][0], *parameters[key][1]["dict"][0]]


def write_run(root: Path, bodies: Iterable[dict[str, Any]], *, sealed: bool = True, **facts: object) -> RunDirectory:
    """A run below ``root`` with these records."""
    writer = RunWriter.create(root, {"started_at": lines.utc(T0), "command": ("pytest",), "host": "box", **facts})
    for record in bodies:
        writer.append(**record)
    if sealed:
        writer.seal({"exit_code": 0}, {"status": "passed"})
    else:
        writer.abandon()
    return writer.directory


def read_journal(directory: RunDirectory) -> list[SweepResult]:
    """The journal's records, read line by line."""
    return [read_result(line, where="journal") for line in directory.journal.read_bytes().splitlines()]
