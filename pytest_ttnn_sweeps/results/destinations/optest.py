"""Records in the form of tt-metal's ``results_export`` files: OpTest for a vector, OpRun for a run.

Field names and values are those of its schema of 2026, so that what reads its files reads these. What that schema can't
hold isn't here: JSON has no NaN, and a metric that is one is left out (its text is in the message).
"""

from __future__ import annotations

import hashlib
import math
from datetime import datetime
from typing import Any

from pytest_ttnn_sweeps.results.device_keys import upstream_name
from pytest_ttnn_sweeps.results.records import RunStatus, SweepResult, SweepRun
from pytest_ttnn_sweeps.results.status import Status

_METRIC_NAMES = {
    "e2e_ms": "e2e_perf_ms",
    "peak_l1_bytes_per_core": "peak_l1_memory_per_core_bytes",
    "peak_cb_bytes_per_core": "peak_cb_per_core_bytes",
    "peak_l1_buffer_bytes_per_core": "peak_l1_buffers_per_core_bytes",
    "peak_l1_bytes": "peak_l1_memory_device_bytes",
}


def _metric_name(name: str) -> str:
    return _METRIC_NAMES.get(name) or upstream_name(name)


_LONGEST_HOST = 32


def op_test(record: SweepResult, run: SweepRun) -> dict[str, Any]:
    """The OpTest of a record."""
    status = record.sweep_status
    failed = status not in (Status.PASS, Status.NOT_RUN, Status.XPASS)
    reason = record.skip_reason if status is Status.NOT_RUN else None
    error = (record.exception_text or record.message or status.export_name) if failed else reason
    words = record.module.split(".")
    return {
        "github_job_id": _number(run.ci_job_id),
        "full_test_name": record.module,
        "test_start_ts": _time(record.started_at),
        "test_end_ts": _time(record.ended_at),
        "test_case_name": record.suite,
        "filepath": record.module,
        "success": status is Status.PASS,
        "skipped": status is Status.NOT_RUN,
        "error_message": error,
        "error_hash": None if error is None else hashlib.sha256(error.encode()).hexdigest(),
        "config": None,
        "frontend": "ttnn.op",
        "model_name": _model_name(record),
        "op_kind": words[0],
        "op_name": words[-1],
        "framework_op_name": "sweep",
        "inputs": None,
        "outputs": None,
        "op_params": None,
        "git_sha": run.git_sha[:10] if run.git_sha else None,
        "status": status.export_name,
        "card_type": record.card_type or "n/a",
        "backend": "n/a",
        "data_source": "ttnn op test",
        "input_hash": record.input_hash or record.vector_id,
        "message": record.message,
        "exception": error,
        "metrics": [
            {"metric_name": _metric_name(metric.name), "metric_value": metric.value}
            for metric in sorted(record.metrics, key=lambda metric: _metric_name(metric.name))
            if math.isfinite(metric.value)
        ],
        "op_params_set": [
            _param(name, value)
            for parameter, data in record.parameters.items()
            for name, value in _flattened(parameter, _plain(data))
        ],
    }


def op_run(run: SweepRun) -> dict[str, Any]:
    """The OpRun of a run, without its tests."""
    return {
        "initiated_by": run.ci_pipeline or run.ci_actor or run.user or "unknown",
        "host": run.host,
        "card_type": run.card_type or "n/a",
        "run_type": "sweeps",
        "run_contents": run_contents(run),
        "git_author": run.git_author or "Unknown",
        "git_branch_name": run.git_branch or "Unknown",
        "git_sha": run.git_sha[:10] if run.git_sha else "Couldn't get git hash!",
        "github_pipeline_id": _number(run.ci_pipeline_id),
        "run_start_ts": _time(run.started_at),
        "run_end_ts": _time(run.ended_at or run.started_at),
        "status": (run.status if run.is_sealed else RunStatus.DID_NOT_FINISH).value,
    }


def run_contents(run: SweepRun) -> str:
    """What was asked for: the module and suite selectors of the last command line, or ``all_sweeps``."""
    asked: dict[str, list[str]] = {"--sweep-module": [], "--sweep-suite": []}
    words = run.sessions[-1].command
    for at, word in enumerate(words):
        option, has_value, value = word.partition("=")
        if option in asked:
            asked[option].append(value if has_value else words[at + 1] if at + 1 < len(words) else "")
    return ", ".join(",".join(values) for values in asked.values() if values) or "all_sweeps"


def module_file(module: str, start: datetime) -> str:
    """The name of a module's file."""
    return f"{module.split('.')[0]}_{_digest(module)}_{_stamp(start)}.json"


def run_file(run: SweepRun, start: datetime) -> str:
    """The name of the run's file."""
    host = run.host.replace("/", "_")[:_LONGEST_HOST]
    return f"oprun_{host}_{_digest(run_contents(run))}_{_stamp(start)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _stamp(time: datetime) -> str:
    return f"{time:%Y%m%d_%H%M%S}"


def _time(time: datetime) -> str:
    return time.isoformat(timespec="microseconds").replace("+00:00", "Z")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None


def _model_name(record: SweepResult) -> str:
    source = _plain(record.parameters.get("traced_source"))
    if isinstance(source, list):
        return ", ".join(str(item) for item in source)
    return source if isinstance(source, str) else "n/a"


class _Shown(str):
    """The text of a value that tt-metal writes by ``str()``; inside other values it has no quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def _plain(data: Any) -> Any:
    """A canonical encoding as tt-metal's serialiser shows the value: JSON, type and data, or else its ``str()``."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    if not isinstance(data, dict):
        return data
    ((tag, content),) = data.items()
    if tag == "dict":
        return {str(_plain(key)): _plain(value) for key, value in content}
    if tag == "enum":
        return _Shown(f"{content[0].rpartition(':')[2].rpartition('.')[2]}.{content[1]}")
    if tag == "tuple":
        return _Shown(tuple(_plain(item) for item in content))
    if tag in ("set", "frozenset"):
        return _Shown(f"{{{', '.join(repr(_plain(item)) for item in content)}}}")
    if tag == "ttnn":
        return {"type": content[0], "data": _ttnn_data(*content)}
    if tag in ("float", "operation", "torch.dtype"):
        return _Shown(f"torch.{content}" if tag == "torch.dtype" else content)
    return data


def _ttnn_data(name: str, arguments: Any) -> Any:
    if isinstance(arguments, dict):
        return {keyword: _plain(item) for keyword, item in arguments.items()}
    values = [_plain(item) for item in arguments]
    if name == "MemoryConfig" and len(values) == 3:
        layout, buffer = (str(value).rpartition(".")[2] for value in values[:2])
        data = {"buffer_type": buffer, "memory_layout": layout}
        return data if values[2] is None else {**data, "shard_spec": values[2]["data"]}
    if name == "ShardSpec" and len(values) == 3:
        return {"grid": values[0]["data"], "shape": values[1], "orientation": values[2]}
    if name == "CoreRangeSet" and len(values) == 1:
        return [item["data"] for item in values[0]]
    if name == "CoreRange" and len(values) == 2:
        return {"start": values[0]["data"], "end": values[1]["data"]}
    if name == "CoreCoord" and len(values) == 2:
        return {"x": values[0], "y": values[1]}
    return values


def _flattened(name: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        return [pair for key, item in value.items() for pair in _flattened(f"{name}.{key}", item)]
    return [(name, value)]


def _param(name: str, value: Any) -> dict[str, Any]:
    """An OpParam: exactly one of its three values is there."""
    numeric, text, json = None, None, None
    if isinstance(value, (bool, int, float)) and abs(value) < 1e308:
        numeric = float(value)
    elif isinstance(value, (list, dict)):
        json = value
    else:
        text = str(value)
    return {
        "param_name": name,
        "param_value_numeric": numeric,
        "param_value_text": text,
        "param_value_json": json,
    }
