"""Records: the lines that are written by hand are what the models read, and the schema says."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import jsonschema
import pytest
from hostile import NUMBERS, TEXTS, alike
from hypothesis import given
from hypothesis import strategies as st
from records import body, hostile_bodies, original_parameters, original_texts, read_journal, samples, write_run

from pytest_ttnn_sweeps.results import Metric, Outcome, Status, lines
from pytest_ttnn_sweeps.results.journal import RecordError
from pytest_ttnn_sweeps.results.reading import open_run, write_bundle
from pytest_ttnn_sweeps.results.records import SCHEMA_VERSION, SweepResult, json_schema, read_result, read_run

DATA = Path(__file__).parents[1] / "data" / "results_1"


def test_a_line_is_the_record_that_it_was_made_of() -> None:
    """Every field that the plugin writes, read by the model."""
    outcome = Outcome(
        False,
        "bad",
        (Metric("pcc", 0.5, "", "higher"), Metric("time", 3.0, "ms", "lower", (2.5, 3.5))),
        e2e_ms=2.5,
        exception_type="RuntimeError",
        exception_text="bad\nworse",
        traceback="Traceback ...",
        fault="crash",
        notes={"why": "because", "other": ""},
    )
    written = body(7, status=Status.FAIL_CRASH_HANG, outcome=outcome, parameters={"x": [1, "two"], "y": None})

    record = read_result(lines.line(written["body"], attempt=3), where="test")

    assert record.identity == ("eltwise.unary.relu", "nightly", f"{7:032x}")
    assert (record.attempt, record.index, record.sweep_status, record.final) == (3, 7, Status.FAIL_CRASH_HANG, True)
    assert (record.message, record.exception_type, record.exception_text) == ("bad", "RuntimeError", "bad\nworse")
    assert (record.traceback, record.fault, record.card_type) == ("Traceback ...", "crash", "n150 (emulated)")
    assert record.parameters == {"x": [1, "two"], "y": None}
    assert record.values == {"pcc": 0.5, "time": 3.0, "e2e_ms": 2.5}
    assert [(metric.unit, metric.better) for metric in record.metrics] == [
        ("", "higher"),
        ("ms", "lower"),
        ("ms", "lower"),
    ]
    assert [metric.samples for metric in record.metrics] == [(), (2.5, 3.5), ()]
    assert record.notes == {"why": "because", "other": ""}
    assert record.started_at == datetime(2023, 11, 14, 22, 13, 27, tzinfo=timezone.utc)
    assert (record.duration_s, record.setup_s) == (0.5, 0.25)


def test_a_record_written_by_the_model_reads_the_same() -> None:
    """`to_json` and the hand-written line are two spellings of one record."""
    for written in (body(1), *hostile_bodies(TEXTS.values(), NUMBERS)):
        record = read_result(lines.line(written["body"], attempt=1), where="test")

        text = record.to_json()

        assert text.isascii()
        assert "\n" not in text
        assert alike(read_result(text, where="test"), record)


@given(st.text(st.characters(codec=None)), st.floats(), st.floats(0, 4e9))
def test_any_text_and_number_survives_a_line(text: str, number: float, time: float) -> None:
    """No text makes two lines of one or ends it early; NaN, infinities and -0.0 stay what they are."""
    outcome = Outcome(False, text, (Metric("m", number, "", "none"),), exception_text=text)
    written = body(status=Status.FAIL_ASSERT_EXCEPTION, outcome=outcome, parameters={"p": text})

    line = lines.line(written["body"], attempt=1)

    assert line.count("\n") == 1
    assert line.isascii()
    record = read_result(line, where="test")
    assert alike(record.values["m"], number)
    assert json.loads(line)["vector_id"] == record.vector_id
    assert lines.utc(time).endswith("Z")


def test_hostile_texts_are_in_every_field_and_come_back(tmp_path: Path) -> None:
    """All text fields of a record, through the journal and an exported run."""
    directory = write_run(tmp_path, hostile_bodies(TEXTS.values(), NUMBERS))
    exported = tmp_path / "exported.jsonl"
    write_bundle(open_run(directory), exported)

    for source in (directory.path, directory.journal, exported):
        records = list(open_run(source).records())
        assert len(records) == len(TEXTS)
        for record, text in zip(records, TEXTS.values()):
            assert set(original_texts(record)) == {text}
            assert set(original_parameters(record)) == {json.loads(json.dumps(text))}
            assert alike([metric.value for metric in record.metrics][: len(NUMBERS)], list(NUMBERS))
            assert alike(samples(record), list(NUMBERS))


def test_a_message_of_10_megabytes_is_stored_whole(tmp_path: Path) -> None:
    """Nothing is cut."""
    text = "0123456789é\n" * 900_000
    outcome = Outcome(False, text, exception_text=text)

    directory = write_run(tmp_path, [body(status=Status.FAIL_ASSERT_EXCEPTION, outcome=outcome), body(1)])

    first, second = read_journal(directory)
    assert first.message == first.exception_text == text
    assert second.index == 1


def test_lines_and_runs_match_the_exported_schema(tmp_path: Path) -> None:
    """What is written is valid by the JSON schema that `ttnn-sweeps runs schema` prints, checked by jsonschema."""
    schema = json_schema()
    directory = write_run(tmp_path, [body(0), *hostile_bodies(TEXTS.values(), NUMBERS)], git_sha="abc", git_dirty=True)
    result = jsonschema.Draft202012Validator(schema["result"])
    run = jsonschema.Draft202012Validator(schema["run"])
    # The schema describes whole records; the journal leaves out what has its default.
    required = {"vector_id", "module", "suite", "status", "started_at", "ended_at", "duration_s"}

    for line in directory.journal.read_bytes().splitlines():
        data = json.loads(line)
        assert required <= set(data)
        whole = json.loads(SweepResult.model_validate(data).model_dump_json())
        result.validate({**whole, **data})
    run.validate(json.loads(open_run(directory).run.to_json()))
    assert schema["version"] == SCHEMA_VERSION


def test_the_schema_refuses_what_is_no_record() -> None:
    """The exported schema is not a blank cheque."""
    validator = jsonschema.Draft202012Validator(json_schema()["result"])
    good = json.loads(read_result(lines.line(body()["body"], attempt=1), where="test").model_dump_json())
    validator.validate(good)

    for wrong in ({"status": "WELL"}, {"metrics": [{"name": "m", "value": "many"}]}, {"duration_s": "long"}):
        assert not validator.is_valid({**good, **wrong})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"{", "no result record"),
        (b"[]", "no result record"),
        (b'{"vector_id":"a"}', "module: Field required"),
        (lines.line(body()["body"], attempt=1).replace('"PASS"', '"FINE"').encode(), "status: Input should be"),
    ],
)
def test_what_is_no_record_is_one_line_of_complaint(line: bytes, complaint: str) -> None:
    """Where, and which field."""
    with pytest.raises(RecordError, match=complaint) as raised:
        read_result(line, where="journal.jsonl:3")

    assert str(raised.value).startswith("journal.jsonl:3: ")
    assert "\n" not in str(raised.value)


def test_a_newer_schema_is_refused_and_newer_fields_are_kept(tmp_path: Path) -> None:
    """A version that would be misread says so; a field more is carried along."""
    directory = write_run(tmp_path, [body()])
    facts = json.loads(directory.record.read_text())

    with pytest.raises(RecordError, match=f"schema {SCHEMA_VERSION + 1}.*update pytest-ttnn-sweeps"):
        read_run(json.dumps({**facts, "schema_version": SCHEMA_VERSION + 1}), where="run.json")
    line = lines.line(body()["body"] + ',"colour":"blue"', attempt=1)
    assert json.loads(read_result(line, where="test").to_json())["colour"] == "blue"


def test_runs_of_every_older_schema_are_readable() -> None:
    """A run as version 1 wrote it, kept in tests/data, with the facts that it had."""
    stored = open_run(DATA)

    records = list(stored.final_records())
    assert stored.run.schema_version == 1
    assert [record.status for record in records] == ["PASS", "FAIL_ASSERT_EXCEPTION", "NOT_RUN"]
    assert [record.attempt for record in records] == [2, 1, 1]
    assert len(list(stored.records())) == 4
    assert stored.run.counts == {"PASS": 1, "FAIL_ASSERT_EXCEPTION": 1, "NOT_RUN": 1}
