"""What is stored of a vector (`SweepResult`) and of a run (`SweepRun`): the schema of journals, databases and exports.

Texts are in stored form (`stored_text`); times are UTC; NaN and infinities are the texts ``NaN``, ``Infinity`` and
``-Infinity`` in JSON, which has no such numbers. Fields of a newer minor schema are kept as they are, unread.

Imports pydantic: nothing that runs beside each vector imports this module (`lines` writes the same form by hand).
"""

from __future__ import annotations

from datetime import datetime, timezone
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, WithJsonSchema

from pytest_ttnn_sweeps.results.journal import RecordError
from pytest_ttnn_sweeps.results.status import Status

SCHEMA_VERSION = 1
"""Grows when a reader of this version could misread what a newer one writes; added fields don't count."""

_NOT_FINITE = {"type": "string", "enum": ["NaN", "Infinity", "-Infinity"]}
Number = Annotated[float, WithJsonSchema({"anyOf": [{"type": "number"}, _NOT_FINITE]})]
StatusName = Literal[
    "PASS",
    "FAIL_ASSERT_EXCEPTION",
    "FAIL_CRASH_HANG",
    "NOT_RUN",
    "FAIL_L1_OUT_OF_MEM",
    "FAIL_WATCHER",
    "FAIL_UNSUPPORTED_DEVICE_PERF",
    "XFAIL",
    "XPASS",
    "FAIL_NON_DETERMINISTIC",
]


def _utc_text(time: datetime) -> str:
    return time.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


Time = Annotated[datetime, PlainSerializer(_utc_text, return_type=str, when_used="json")]


class _Model(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="strings")


class MetricRecord(_Model):
    """One measured number."""

    name: str
    value: Number
    unit: str = ""
    better: Literal["higher", "lower", "none"] = "none"
    samples: tuple[Number, ...] = Field(default=(), description="the measurements that the value sums up, in order")


class SweepResult(_Model):
    """What became of one vector in one attempt; its identity is (module, suite, vector_id, attempt)."""

    vector_id: str = Field(description="content hash of the parameters, 32 hexadecimal digits")
    module: str = Field(description="dotted name below the sweeps root")
    suite: str
    attempt: int = Field(default=1, ge=1, description="1 for the first record of the vector in the run")
    index: int | None = Field(default=None, description="position in the suite's product")
    node_id: str = ""
    input_hash: str | None = Field(default=None, description="tt-metal's vector id since December 2025")
    input_hash_2025: str | None = Field(default=None, description="tt-metal's vector id before that")
    parameters: dict[str, Any] = Field(default_factory=dict, description="canonical encodings of the values")
    status: StatusName
    final: bool = Field(default=True, description="false where the machine kept the vector from being judged")
    message: str = ""
    exception_type: str | None = None
    exception_text: str | None = None
    traceback: str | None = None
    fault: str | None = Field(
        default=None, description="hang, crash, non_deterministic, watcher or no_device_perf, where one was seen"
    )
    skip_reason: str | None = None
    xfail_reason: str | None = None
    metrics: tuple[MetricRecord, ...] = ()
    notes: dict[str, str] = Field(default_factory=dict, description="facts in words beside the metrics, by name")
    started_at: Time
    ended_at: Time
    duration_s: float = Field(description="of the call, or of the set-up that failed")
    setup_s: float = 0.0
    worker: str = Field(default="main", description="the xdist worker that ran it, or main")
    retries: int = Field(default=0, description="how often the executor ran it again before this outcome")
    provider: str | None = None
    provider_version: str | None = None
    card_type: str | None = None
    device_session: str | None = None
    firmware: str | None = None
    driver: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.module, self.suite, self.vector_id

    @property
    def sweep_status(self) -> Status:
        return Status[self.status]

    @property
    def values(self) -> dict[str, float]:
        """The metrics' values by name."""
        return {metric.name: metric.value for metric in self.metrics}

    def to_json(self) -> str:
        """The record as one line of a journal, without its newline; ASCII alone."""
        return _ascii(self.model_dump_json(exclude_defaults=True))


class RunStatus(str, Enum):
    """How a run ended: tt-metal's names, with the meaning that they promise."""

    PASSED = "passed"
    FAIL = "fail"
    DID_NOT_FINISH = "did_not_finish"
    EXCEPTION = "exception"


class RunSession(_Model):
    """One pytest session of a run; a run that was resumed has several."""

    started_at: Time
    ended_at: Time | None = None
    command: tuple[str, ...] = Field(default=(), description="secrets masked")
    exit_code: int | None = None
    stop_reason: str | None = Field(default=None, description="why it stopped before everything had run")
    errors: tuple[str, ...] = Field(default=(), description="what failed that is no vector: collection, teardown")


class SuiteSelection(_Model):
    """How many vectors of one suite were to run."""

    module: str
    suite: str
    node: str = Field(default="", description="the suite's name in node ids")
    vectors: int


class SweepRun(_Model):
    """One run: where, by whom, of what, and how it ended."""

    schema_version: int = SCHEMA_VERSION
    run_id: str
    sessions: tuple[RunSession, ...]
    status: RunStatus = RunStatus.DID_NOT_FINISH
    sealed_at: Time | None = Field(default=None, description="when the journal was closed; none: it never was")
    records: int | None = Field(default=None, description="records in the sealed journal, earlier attempts included")
    counts: dict[str, int] = Field(default_factory=dict, description="vectors by status, their last attempts")
    selected: int | None = Field(default=None, description="vectors that were to run, those resumed included")
    selection: tuple[SuiteSelection, ...] = Field(
        default=(), description="the same by suite, told before the first vector runs; empty: not known"
    )
    invalid: dict[str, int] = Field(default_factory=dict, description="invalid vectors, not run, by reason")
    host: str = ""
    user: str = ""
    project: str = Field(default="", description="the project's root directory")
    git_sha: str | None = None
    git_branch: str | None = None
    git_author: str | None = None
    git_dirty: bool | None = None
    ci_provider: str | None = None
    ci_pipeline: str | None = Field(default=None, description="name of the workflow or pipeline")
    ci_pipeline_id: str | None = None
    ci_job: str | None = None
    ci_job_id: str | None = None
    ci_attempt: str | None = None
    ci_url: str | None = None
    ci_actor: str | None = None
    python: str = ""
    platform: str = ""
    packages: dict[str, str] = Field(default_factory=dict)
    provider: str | None = None
    provider_version: str | None = None
    card_type: str | None = None
    firmware: str | None = None
    driver: str | None = None
    master: str | None = Field(default=None, description="the file of traced configurations")
    master_sha256: str | None = None

    @property
    def started_at(self) -> datetime:
        return self.sessions[0].started_at

    @property
    def ended_at(self) -> datetime | None:
        return self.sessions[-1].ended_at

    @property
    def is_sealed(self) -> bool:
        return self.sealed_at is not None

    def to_json(self) -> str:
        """The run as one line of JSON."""
        return _ascii(self.model_dump_json())


def read_result(text: str | bytes, *, where: str) -> SweepResult:
    """The record that a line holds. Raises ``RecordError`` with ``where``."""
    try:
        return SweepResult.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(_complaint(where, "result record", error)) from None


def read_run(text: str | bytes, *, where: str) -> SweepRun:
    """The run that a text holds. Raises ``RecordError`` with ``where``, also for a newer schema than this package's."""
    try:
        run = SweepRun.model_validate_json(text)
    except ValidationError as error:
        raise RecordError(_complaint(where, "run record", error)) from None
    if run.schema_version > SCHEMA_VERSION:
        msg = (
            f"{where}: results of schema {run.schema_version}, and this package reads up to {SCHEMA_VERSION}; "
            "update pytest-ttnn-sweeps"
        )
        raise RecordError(msg)
    return run


def json_schema() -> dict[str, Any]:
    """The JSON schema of both kinds of records, for readers that aren't Python."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pytest-ttnn-sweeps results",
        "version": SCHEMA_VERSION,
        "result": SweepResult.model_json_schema(mode="serialization"),
        "run": SweepRun.model_json_schema(mode="serialization"),
    }


def _complaint(where: str, what: str, error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{where}: no {what}: {field + ': ' if field else ''}{first['msg']}"


def _ascii(text: str) -> str:
    # pydantic writes UTF-8; a file of ASCII alone can't be torn inside a character and passes every pipe.
    return text if text.isascii() else "".join(c if c < "\x7f" else _escaped(ord(c)) for c in text)


def _escaped(code: int) -> str:
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
