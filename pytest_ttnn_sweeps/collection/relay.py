"""What a vector leaves behind besides its device's work, as data: outcome, exception, log records, warnings.

The child makes the data, pytest's process makes the things themselves of it again. Nothing is unpickled: an exception
or a warning is an instance of the class of that name, made here, with the text of the other.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pytest_ttnn_sweeps import _compat
from pytest_ttnn_sweeps.devices.framing import Message
from pytest_ttnn_sweeps.results import Metric, Outcome

MOST_RECORDS = 10_000
"""Log records, and as many warnings, of one vector that come through."""

_PYTEST_OUTCOMES: dict[str, type[BaseException]] = {
    "skip": pytest.skip.Exception,
    "xfail": pytest.xfail.Exception,
    "fail": pytest.fail.Exception,
    "exit": pytest.exit.Exception,
}
_SHOWN = "ttnn_sweep_shown"


def outcome_data(outcome: Outcome) -> Message:
    """An outcome as JSON; what is None is left out."""
    data: Message = {"ok": outcome.ok, "message": outcome.message}
    if outcome.metrics:
        data["metrics"] = [
            [metric.name, metric.value, metric.unit, metric.better, list(metric.samples)] for metric in outcome.metrics
        ]
    if outcome.notes:
        data["notes"] = dict(outcome.notes)
    for name in ("e2e_ms", "exception_type", "exception_text", "traceback", "skip_reason", "fault"):
        value = getattr(outcome, name)
        if value is not None:
            data[name] = value
    return data


def outcome_from(data: Message) -> Outcome:
    """The outcome behind ``data``."""
    metrics = tuple(
        Metric(name, value, unit, better, tuple(samples))
        for name, value, unit, better, samples in data.pop("metrics", ())
    )
    return Outcome(**data, metrics=metrics)


def exception_data(error: BaseException, config: pytest.Config, report: pytest.TestReport) -> Message:
    """An exception as JSON, with what ``report`` shows of it: a place for a skip, else pytest's own representation."""
    data: Message = {"text": _text(error), "types": [[kind.__module__, kind.__qualname__] for kind in _kinds(error)]}
    for name, kind in _PYTEST_OUTCOMES.items():
        if isinstance(error, kind):
            data |= {"outcome": name, "text": str(getattr(error, "msg", "") or "")}
            data["returncode"] = getattr(error, "returncode", None)
            break
    if report.skipped:
        data["place"] = list(report.longrepr) if isinstance(report.longrepr, tuple) else None
    elif report.longrepr is not None:
        report.sections, report.keywords, report.user_properties = [], {}, []
        data["report"] = config.hook.pytest_report_to_serializable(config=config, report=report)
    return data


def exception_from(data: Message, config: pytest.Config) -> BaseException:
    """An exception that pytest treats and shows as it would the one behind ``data``."""
    name = data.get("outcome")
    error: BaseException
    if name == "exit":
        error = pytest.exit.Exception(data["text"], data.get("returncode"))
    elif name is not None:
        kind: Any = _PYTEST_OUTCOMES[name]
        error = kind(data["text"])
    else:
        error = _imitation(data["types"], data["text"])
    if data.get("place") is not None:
        setattr(error, _SHOWN, tuple(data["place"]))
    elif data.get("report") is not None:
        report = config.hook.pytest_report_from_serializable(config=config, data=data["report"])
        setattr(error, _SHOWN, report.longrepr)
    return error


def shown_of(error: BaseException | None) -> Any:
    """What a report shows of an exception that came from a child; None for any other."""
    return getattr(error, _SHOWN, None)


def _kinds(error: BaseException) -> list[type]:
    return [kind for kind in type(error).__mro__ if issubclass(kind, BaseException)]


def _text(error: BaseException) -> str:
    try:
        return str.__str__(str(error))
    except Exception:  # noqa: BLE001 - an exception's broken __str__ must not cost its vector
        return type(error).__qualname__


def _imitation(types: list[list[str]], text: str, base: type[BaseException] = Exception) -> BaseException:
    """An instance of the first of ``types`` that this process knows, which never sees its own constructor."""
    kind = next((found for module, name in types if (found := _known(module, name)) is not None), base)
    # A child that interrupted itself hasn't been interrupted by the user.
    if issubclass(kind, (KeyboardInterrupt, GeneratorExit)):
        kind = base
    names = {"__str__": lambda self: text, "__init__": lambda self, *args: None, "__qualname__": types[0][1]}
    names["__module__"] = types[0][0]
    made: Any = type(types[0][1].rpartition(".")[2], (kind,), names)
    try:
        error: BaseException = made.__new__(made, text)
    except Exception:  # noqa: BLE001 - a class with a constructor of its own kind
        error = made.__base__.__base__.__new__(made) if made.__base__ is not base else base(text)
    error.args = (text,)
    return error


def _known(module: str, qualname: str) -> type[BaseException] | None:
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = getattr(found, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


class Records(logging.Handler):
    """Keeps the log records of a vector as data, in place of pytest's handlers."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[Message] = []
        self._format = logging.Formatter().formatException

    @classmethod
    def instead_of_pytest(cls) -> Records:
        """Put a handler wherever pytest has its own; where it has none, the records go where they went."""
        records, root = cls(), logging.getLogger()
        # Newer versions of pytest have them at loggers that don't propagate, too, as many of torch's.
        known = (logger for logger in root.manager.loggerDict.values() if isinstance(logger, logging.Logger))
        for logger in (root, *known):
            own = _pytest_handlers(logger)
            for handler in own:
                logger.removeHandler(handler)
            if own:
                logger.addHandler(records)
        return records

    def emit(self, record: logging.LogRecord) -> None:
        if len(self.kept) >= MOST_RECORDS:
            return
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - as logging does it: a wrong format is a fault of the record
            self.handleError(record)
            return
        data: Message = {name: value for name, value in vars(record).items() if isinstance(value, (str, int, float))}
        data |= {"msg": message, "exc_text": record.exc_text, "stack_info": record.stack_info}
        if record.exc_info and record.exc_info[1] is not None and not record.exc_text:
            data["exc_text"] = self._format(record.exc_info)
        self.kept.append(data)

    def take(self) -> list[Message]:
        kept, self.kept = self.kept, []
        return kept


def log(records: list[Message]) -> None:
    """Give the records to pytest's handlers; others got them where they were made."""
    handlers = _pytest_handlers(logging.getLogger())
    for data in records:
        record = logging.makeLogRecord(data)
        for handler in handlers:
            if record.levelno >= handler.level:
                handler.handle(record)


def _pytest_handlers(logger: logging.Logger) -> list[logging.Handler]:
    return [handler for handler in logger.handlers if type(handler).__module__ == "_pytest.logging"]


@contextmanager
def warnings_as_data(item: pytest.Item) -> Iterator[list[Message]]:
    """Record a block's warnings, under the filters of ``item``, where pytest would; the list is filled at the end."""
    found: list[Message] = []
    with _compat.recorded_warnings(item) as caught:
        yield found
    for warning in caught[:MOST_RECORDS]:
        text = str(warning.message)
        types = [[kind.__module__, kind.__qualname__] for kind in warning.category.__mro__ if kind is not object]
        found.append({"text": text, "types": types, "file": warning.filename, "line": warning.lineno})


def warn(found: list[Message]) -> None:
    """Show the warnings in this process; whether to was decided where they arose."""
    for data in found:
        message: Any = _imitation(data["types"], data["text"], Warning)
        kind = _known(*data["types"][0]) or Warning
        category: Any = kind if issubclass(kind, Warning) else Warning
        warnings.showwarning(message, category, data["file"], data["line"])
