"""tt-metal's result files, checked by a schema written from its description alone."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from hostile import NUMBERS, TEXTS
from pydantic import BaseModel, ConfigDict, Field, model_validator
from records import body, hostile_bodies, write_run
from replaying import deliver

from pytest_ttnn_sweeps.results import Metric, Outcome, Status
from pytest_ttnn_sweeps.results.runs import RunDirectory


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=False)


class PerfMetric(Strict):
    metric_name: str
    metric_value: float = Field(allow_inf_nan=False)


class OpParam(Strict):
    param_name: str
    param_value_numeric: float | None
    param_value_text: str | None
    param_value_json: dict[str, Any] | list[Any] | None

    @model_validator(mode="after")
    def exactly_one(self) -> OpParam:
        values = (self.param_value_numeric, self.param_value_text, self.param_value_json)
        assert sum(value is not None for value in values) == 1
        return self


class OpTest(Strict):
    github_job_id: int | None
    full_test_name: str
    test_start_ts: datetime
    test_end_ts: datetime
    test_case_name: str | None
    filepath: str
    success: bool
    skipped: bool
    error_message: str | None
    error_hash: str | None
    config: dict[str, Any] | None
    frontend: Literal["ttnn.op"]
    model_name: str
    op_kind: str
    op_name: str
    framework_op_name: Literal["sweep"]
    inputs: None
    outputs: None
    op_params: None
    git_sha: str | None
    status: Literal[
        "pass", "fail_assert_exception", "fail_l1_out_of_mem", "fail_watcher", "fail_crash_hang",
        "fail_unsupported_device_perf", "skipped", "xfail", "xpass", "fail_non_deterministic",
    ]  # fmt: skip
    card_type: str | None
    backend: str | None
    data_source: Literal["ttnn op test"]
    input_hash: str
    message: str | None
    exception: str | None
    metrics: list[PerfMetric]
    op_params_set: list[OpParam]


class OpRun(Strict):
    initiated_by: str
    host: str
    card_type: str
    run_type: Literal["sweeps"]
    run_contents: str
    git_author: str
    git_branch_name: str
    git_sha: str
    github_pipeline_id: int | None
    run_start_ts: datetime
    run_end_ts: datetime
    status: Literal["passed", "fail", "did_not_finish", "exception"]
    tests: list[OpTest]


def export(directory: RunDirectory, to: Path) -> tuple[OpRun, dict[str, list[OpTest]]]:
    """The run's file and the modules' files, by name."""
    report = deliver(directory, f"files:{to}")
    assert report.complete, report.error
    (run,) = to.glob("oprun_*.json")
    modules = {
        path.name: [OpTest.model_validate(test) for test in json.loads(path.read_text(encoding="utf-8"))]
        for path in to.glob("*.json")
        if not path.name.startswith(("oprun_", "."))
    }
    return OpRun.model_validate_json(run.read_bytes()), modules


def test_files_are_named_as_tt_metal_names_them(tmp_path: Path) -> None:
    """Category, hash of the module's name, start; host, hash of what was asked for, start."""
    command = ("pytest", "--sweep-module=eltwise", "--sweep-suite", "nightly")
    bodies = [body(0), body(1, module="conv2d.short"), body(2, suite="xfail")]
    directory = write_run(tmp_path / "runs", bodies, host="a/b" + "c" * 40, command=command)
    to = tmp_path / "out"

    export(directory, to)

    digest = {text: hashlib.sha256(text.encode()).hexdigest()[:12] for text in ("eltwise.unary.relu", "conv2d.short")}
    asked = hashlib.sha256(b"eltwise, nightly").hexdigest()[:12]
    assert {path.name for path in to.glob("[!.]*")} == {
        f"eltwise_{digest['eltwise.unary.relu']}_20231114_221320.json",
        f"conv2d_{digest['conv2d.short']}_20231114_221321.json",
        f"oprun_a_b{'c' * 29}_{asked}_20231114_221320.json",
    }


def test_every_status_has_its_text_and_only_passes_succeed(tmp_path: Path) -> None:
    """Skips are skipped, expected failures are never errors, a pass has no error."""
    outcomes = {
        Status.PASS: Outcome(True, "0.99"),
        Status.NOT_RUN: Outcome(True, "why", skip_reason="why"),
    }
    bodies = [
        body(number, status=status, outcome=outcomes.get(status, Outcome(status is Status.XPASS, "bad")))
        for number, status in enumerate(Status)
    ]

    run, modules = export(write_run(tmp_path / "runs", bodies), tmp_path / "out")

    by_status = {test.status: test for test in run.tests}
    assert len(by_status) == len(Status)
    assert [test.status for test in run.tests if test.success] == ["pass"]
    assert [test.status for test in run.tests if test.skipped] == ["skipped"]
    assert by_status["pass"].error_message is by_status["pass"].error_hash is by_status["xpass"].exception is None
    assert by_status["fail_watcher"].error_hash == hashlib.sha256(b"bad").hexdigest()
    assert list(modules.values()) == [run.tests]


def test_a_test_says_what_the_record_says(tmp_path: Path) -> None:
    """Names, times, metrics under tt-metal's names, sorted, and the parameters, flattened."""
    outcome = Outcome(True, "PCC 0.9", (Metric("pcc", 0.9, "", "higher"), Metric("nan", float("nan"), "", "none")), 1.5)
    layout, buffer = {"enum": ["ttnn:TensorMemoryLayout", "INTERLEAVED"]}, {"enum": ["ttnn:BufferType", "L1"]}
    memory = {"ttnn": ["MemoryConfig", [layout, buffer, None]]}
    parameters: dict[str, object] = {
        "shape": [1, 32],
        "dtype": {"enum": ["ttnn:DataType", "BFLOAT16"]},
        "flag": True,
        "none": None,
        "pair": {"tuple": [1, {"enum": ["ttnn:Layout", "TILE"]}]},
        "memory": memory,
        "options": {"dict": [["inner", {"dict": [["x", 2]]}], ["text", "y"]]},
        "limit": {"float": "inf"},
        "traced_source": ["models/a.py", "models/b.py"],
    }
    directory = write_run(
        tmp_path / "runs",
        [body(3, outcome=outcome, parameters=parameters)],
        git_sha="0123456789abcdef",
        ci_pipeline_id="77",
        ci_job_id="8",
        ci_pipeline="nightly",
        user="me",
    )

    run, _ = export(directory, tmp_path / "out")

    (test,) = run.tests
    assert (run.initiated_by, run.github_pipeline_id, run.git_sha, run.status) == (
        "nightly",
        77,
        "0123456789",
        "passed",
    )
    assert (test.full_test_name, test.test_case_name, test.op_kind, test.op_name) == (
        *("eltwise.unary.relu", "nightly", "eltwise", "relu"),
    )
    assert (test.model_name, test.github_job_id, test.input_hash) == ("models/a.py, models/b.py", 8, f"{3:032x}")
    assert test.test_start_ts.timestamp() == 1_700_000_003.0
    assert [(metric.metric_name, metric.metric_value) for metric in test.metrics] == [
        ("e2e_perf_ms", 1.5),
        ("pcc", 0.9),
    ]
    params = {param.param_name: param for param in test.op_params_set}
    values = {
        name: next(v for v in (p.param_value_numeric, p.param_value_text, p.param_value_json) if v is not None)
        for name, p in params.items()
    }
    assert values == {
        "shape": [1, 32],
        "dtype": "DataType.BFLOAT16",
        "flag": 1.0,
        "none": "None",
        "pair": "(1, Layout.TILE)",
        "memory.type": "MemoryConfig",
        "memory.data.buffer_type": "L1",
        "memory.data.memory_layout": "INTERLEAVED",
        "options.inner.x": 2.0,
        "options.text": "y",
        "limit": "inf",
        "traced_source": ["models/a.py", "models/b.py"],
    }


def test_only_the_last_attempt_of_a_vector_is_written(tmp_path: Path) -> None:
    """As tt-metal has one record a vector."""
    failing = body(1, status=Status.FAIL_CRASH_HANG, outcome=Outcome(False, "hang"))

    run, _ = export(write_run(tmp_path / "runs", [failing, body(0), body(1)]), tmp_path / "out")

    assert sorted(test.status for test in run.tests) == ["pass", "pass"]


def test_a_second_delivery_replaces_and_another_run_of_the_second_keeps_out(tmp_path: Path) -> None:
    """Nothing is written twice, nothing of another run is overwritten, no temporary file stays."""
    first, second = (write_run(tmp_path / "runs", [body(number)]) for number in (0, 0))
    to = tmp_path / "out"
    for directory in (first, first, second, second, first):
        assert deliver(directory, f"files:{to}").complete

    assert len(list(to.glob("oprun_*.json"))) == 2
    assert len(list(to.glob("eltwise_*.json"))) == 2
    assert not [path for path in to.glob(".*") if not path.name.endswith(".files.json")]
    names = sorted(path.name for path in to.glob("oprun_*.json"))
    assert re.search(r"_221320\.json$", names[0])
    assert re.search(r"_221321\.json$", names[1])


def test_an_unfinished_run_says_so(tmp_path: Path) -> None:
    """A killed session that is replayed is no pass."""
    run, _ = export(write_run(tmp_path / "runs", [body()], sealed=False), tmp_path / "out")

    assert run.status == "did_not_finish"


def test_hostile_texts_are_valid_files(tmp_path: Path) -> None:
    """In every field, NaN and infinities too."""
    run, modules = export(write_run(tmp_path / "runs", hostile_bodies(TEXTS.values(), NUMBERS)), tmp_path / "out")

    assert len(run.tests) == len(TEXTS) == len(modules)
    assert {test.message for test in run.tests} >= {TEXTS["HTML"], TEXTS["CSV"], TEXTS["SQL"], TEXTS["ANSI"]}


def test_a_directory_that_is_none_is_told(tmp_path: Path) -> None:
    """And what is refused is delivered later."""
    (tmp_path / "file").write_text("")
    directory = write_run(tmp_path / "runs", [body()])

    report = deliver(directory, f"files:{tmp_path}/file")

    assert not report.complete
    assert "file" in (report.error or "")
    assert deliver(directory, f"files:{tmp_path}/out").complete


@pytest.mark.parametrize("scheme", ["file", "memory"])
def test_object_stores_get_the_run_as_one_object(tmp_path: Path, scheme: str) -> None:
    """Through fsspec; twice is once, and nothing temporary stays."""
    import fsspec

    from pytest_ttnn_sweeps.results.reading import open_run

    directory = write_run(tmp_path / "runs", [body(number) for number in range(10)])
    url = f"{scheme}://{tmp_path}/bucket/dir"
    for _ in range(2):
        report = deliver(directory, url)
        assert report.complete, report.error

    system, root = fsspec.core.url_to_fs(url)
    (name,) = system.ls(root, detail=False)
    copy = tmp_path / "copy.jsonl"
    system.get_file(name, str(copy))
    assert name.endswith(f"/{directory.run_id}.jsonl")
    assert list(open_run(copy).records()) == list(open_run(directory).records())
