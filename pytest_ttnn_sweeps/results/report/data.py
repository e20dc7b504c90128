"""The records of a run as the page takes them: columns of numbers, and every text once.

100,000 vectors of eight parameters are some 3 MB packed, with twenty measured numbers each some 8 MB. Long
messages are cut, and tracebacks are there for the first failures of each error: ``ttnn-sweeps results show`` has
everything.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_ttnn_sweeps.results.analysis.error_text import ErrorGroup, error_group
from pytest_ttnn_sweeps.results.analysis.parameter_text import flat_parameters, spelled, traits
from pytest_ttnn_sweeps.results.analysis.performance import BOUND
from pytest_ttnn_sweeps.results.analysis.rerun import kept_options, quoted, rerun_command, words
from pytest_ttnn_sweeps.results.analysis.run_lines import device, not_reached_line, warnings
from pytest_ttnn_sweeps.results.analysis.summary import Totals, is_failure, not_reached
from pytest_ttnn_sweeps.results.analysis.visible import cut, visible, visible_line
from pytest_ttnn_sweeps.results.reading import StoredRun
from pytest_ttnn_sweeps.results.records import SweepResult, SweepRun
from pytest_ttnn_sweeps.results.report.columns import MetricColumns, NoteLists, plain
from pytest_ttnn_sweeps.results.status import Status

_LONGEST_MESSAGE = 500
_LONGEST_TRACEBACK = 6000
_EXAMPLES = 2
_GROUPS_WITH_EXAMPLES = 300

_COLUMNS = (
    *("suite", "id", "status", "group", "message", "pcc", "e2e", "seconds", "names", "node", "cut", "more"),
    *("bound", "notes"),
)


class ReportData:
    """Takes the last record of each vector."""

    def __init__(self, run: SweepRun) -> None:
        self._run = run
        self.totals = Totals()
        self._texts: dict[str, int] = {"": 0}
        self._suites: dict[tuple[str, str], int] = {}
        self._groups: dict[ErrorGroup, int] = {}
        self._examples: list[list[dict[str, object]]] = []
        self._names: dict[tuple[int, ...], int] = {}
        # By parameter value: the traits that it has, as indexes of texts.
        self._traits: dict[int, list[int]] = {}
        self._columns: dict[str, list[Any]] = {name: [] for name in _COLUMNS}
        self._values: list[int] = []
        self._metrics = MetricColumns()
        self._notes = NoteLists(self._text)
        # The options are the same for all: a command is them, and the quoted node.
        self._command = words(["pytest", *kept_options(run)])

    @classmethod
    def of(cls, stored: StoredRun) -> ReportData:
        """The data of a run. Raises ``RecordError``."""
        data = cls(stored.run)
        for record in stored.final_records():
            data.add(record)
        recorded = Counter(data._columns["suite"])
        counts = {place: recorded[at] for place, at in data._suites.items()}
        data.totals.not_reached = sum(not_reached(stored.run, counts).values())
        return data

    @property
    def totals_line(self) -> str:
        """What became of the vectors, in words."""
        totals = self.totals
        parts = [f"{totals.vectors} vectors", f"{totals.passed} passed", f"{totals.failed} failed"]
        others = {status: count for status, count in totals.statuses.items() if status in ("XFAIL", "XPASS")}
        parts += [f"{count} {status}" for status, count in sorted(others.items())]
        parts += [f"{totals.skipped} skipped"] if totals.skipped else []
        parts += [f"{totals.not_judged} kept from running by the machine"] if totals.not_judged else []
        parts += [f"{totals.not_reached} not reached"] if totals.not_reached else []
        return ", ".join(parts)

    @property
    def notes(self) -> list[str]:
        """What a reader must know first."""
        left = self.totals.not_reached
        notes = [*warnings(self._run), *([not_reached_line(self._run, left)] if left else [])]
        return list(map(visible_line, notes))

    def add(self, record: SweepResult) -> None:
        self.totals.add(record)
        columns = self._columns
        measured = {metric.name: metric for metric in record.metrics}
        columns["suite"].append(self._suites.setdefault((record.module, record.suite), len(self._suites)))
        columns["id"].append(visible_line(record.vector_id))
        columns["status"].append(record.sweep_status.value)
        columns["group"].append(self._group(record) if _has_reason(record) else -1)
        # A message that is the PCC says nothing more.
        message = "" if record.status == "PASS" and "pcc" in measured else record.message or record.skip_reason or ""
        columns["message"].append(self._text(_beginning(message)))
        columns["cut"].append(int(len(message) > _LONGEST_MESSAGE))
        columns["pcc"].append(_number(measured["pcc"].value if "pcc" in measured else None))
        columns["e2e"].append(_number(measured["e2e_ms"].value if "e2e_ms" in measured else None))
        columns["seconds"].append(_number(record.duration_s if record.status != "NOT_RUN" else None))
        columns["node"].append(self._node(record))
        columns["names"].append(self._parameters(record))
        row = len(columns["id"]) - 1
        more = [
            f"{visible_line(metric.name)} {metric.value:.6g} {visible_line(metric.unit)}".rstrip()
            for metric in record.metrics
            if metric.name not in ("pcc", "e2e_ms") and not self._metrics.add(row, metric)
        ]
        more += [f"attempt {record.attempt}"] if record.attempt > 1 else []
        more += [f"on worker {visible_line(record.worker)}"] if record.worker != "main" else []
        columns["more"].append(self._text(", ".join(more)))
        columns["bound"].append(self._text(visible_line(record.notes.get(BOUND, ""))))
        columns["notes"].append(self._notes.add(record.notes))

    def as_json(self) -> dict[str, object]:
        """Everything, without NaN."""
        return {
            "run": visible_line(self._run.run_id),
            "command": self._command,
            "statuses": [status.name for status in sorted(Status, key=lambda status: status.value)],
            "texts": list(self._texts),
            "suites": [[visible_line(module), visible_line(suite)] for module, suite in self._suites],
            "groups": [
                [group.group_id, group.status, visible_line(group.exception_type or ""), group.text, examples]
                for group, examples in zip(self._groups, self._examples)
            ],
            "names": list(self._names),
            "traits": [item for item in self._traits.items() if item[1]],
            "columns": self._columns,
            "values": self._values,
            "metrics": self._metrics.as_json(),
            "notes": self._notes.as_json(),
            "provider": self._run.provider,
        }

    def _text(self, text: str) -> int:
        return self._texts.setdefault(text, len(self._texts))

    def _group(self, record: SweepResult) -> int:
        error = error_group(record)
        at = self._groups.setdefault(error, len(self._groups))
        if at == len(self._examples):
            self._examples.append([])
        if at < _GROUPS_WITH_EXAMPLES and len(self._examples[at]) < _EXAMPLES:
            trace = record.traceback or record.exception_text or ""
            missing = len(trace) - _LONGEST_TRACEBACK
            trace = visible(trace[-_LONGEST_TRACEBACK:])
            trace = f"({missing} characters before this)\n{trace}" if missing > 0 else trace
            self._examples[at].append({"row": len(self._columns["suite"]) - 1, "trace": trace})
        return at

    def _node(self, record: SweepResult) -> list[int]:
        """The node id up to the vector, and how many characters of the vector id follow; or the quoted whole, and 0."""
        place, _, name = record.node_id.rpartition("::")
        is_plain = bool(name) and quoted(record.node_id) == record.node_id and not record.node_id.startswith("-")
        if is_plain and record.vector_id.startswith(name):
            return [self._text(f"{place}::"), len(name)]
        command = rerun_command(record, self._run)
        return [self._text(command.removeprefix(self._command).lstrip()), 0]

    def _parameters(self, record: SweepResult) -> int:
        names = []
        for name, encoded in flat_parameters(record.parameters):
            value = self._text(spelled(encoded))
            names.append(self._text(name))
            self._values.append(value)
            if value not in self._traits:
                self._traits[value] = [self._text(" ".join(trait)) for trait in sorted(traits({name: encoded}))]
        return self._names.setdefault(tuple(names), len(self._names))


def run_facts(run: SweepRun) -> list[tuple[str, str]]:
    """Labels and texts, without those that are unknown."""
    git = f"{(run.git_sha or '')[:12]} {run.git_branch or ''}{' (uncommitted changes)' if run.git_dirty else ''}"
    ended = run.ended_at or run.sealed_at
    first, last = run.sessions[0], run.sessions[-1]
    packages = ", ".join(f"{name} {version}" for name, version in run.packages.items())
    pipeline = " ".join(part for part in (run.ci_provider, run.ci_pipeline, run.ci_pipeline_id, run.ci_url) if part)
    facts = [
        ("run", run.run_id),
        ("device", device(run)),
        ("firmware", run.firmware or ""),
        ("driver", run.driver or ""),
        ("host", run.host),
        ("user", run.user),
        ("started", f"{first.started_at:%Y-%m-%d %H:%M:%S} UTC"),
        ("ended", f"{ended:%Y-%m-%d %H:%M:%S} UTC" if ended else ""),
        ("sessions", str(len(run.sessions)) if len(run.sessions) > 1 else ""),
        ("git", git.strip()),
        ("CI", pipeline),
        ("command", words(last.command)),
        ("project", run.project),
        ("traced master", run.master or ""),
        ("invalid vectors", _invalid(run)),
        ("versions", f"Python {run.python}, {packages}".strip(", ") if run.python else packages),
        ("platform", run.platform),
    ]
    return [(name, visible_line(value)) for name, value in facts if value]


def _invalid(run: SweepRun) -> str:
    if not run.invalid:
        return ""
    reasons = sorted(run.invalid.items(), key=lambda item: -item[1])
    shown = "; ".join(f"{count}x {cut(reason, 120)}" for reason, count in reasons[:5])
    return f"{sum(run.invalid.values())}: {shown}" + ("; ..." if len(reasons) > 5 else "")


def _has_reason(record: SweepResult) -> bool:
    return is_failure(record.status) or record.status == "NOT_RUN"


def _beginning(message: str) -> str:
    """What is shown of a message, which may be megabytes: only that much of it is looked at."""
    shown = visible(message[:_LONGEST_MESSAGE])
    return shown if len(message) <= _LONGEST_MESSAGE else f"{shown} … ({len(message)} characters)"


def _number(value: float | None) -> float | str | None:
    """Six digits are what is shown."""
    return None if value is None else plain(value, 6)
